/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Whether each sample of a guest, converted to the host's time, lies in a stay of its
 * vCPU in the guest.
 */
#ifndef TRACE_VERIFY_CHECK_H
#define TRACE_VERIFY_CHECK_H

#include <stddef.h>
#include <stdint.h>

#include "verify/samples.h"
#include "verify/trace.h"

/**
 * enum identity - how it is known which vCPU the samples are of
 * @IDENTITY_TOLD: each sample names it
 * @IDENTITY_NAMED: the user has named it
 * @IDENTITY_FOUND: the samples of that CPU fit this vCPU, and those of all CPUs of the guest
 *	fit vCPUs in this way alone
 * @IDENTITY_AMBIGUOUS: they fit @rival as well
 * @IDENTITY_CHANCE: they fit, but would as well by chance, for the vCPU is in the guest
 *	nearly all the time, or they are few
 * @IDENTITY_NONE: they fit no vCPU that is left for them
 */
enum identity {
	IDENTITY_TOLD,
	IDENTITY_NAMED,
	IDENTITY_FOUND,
	IDENTITY_AMBIGUOUS,
	IDENTITY_CHANCE,
	IDENTITY_NONE,
};

/**
 * struct cpu_name - which vCPU a CPU of a guest is, as the user names it
 * @pid: the process that created the guest's first VM
 * @cpu: the CPU as the guest's kernel numbers it
 * @vcpu_id: the vCPU
 */
struct cpu_name {
	int32_t pid;
	uint32_t cpu;
	uint32_t vcpu_id;
};

/**
 * struct vcpu_result - what became of a vCPU's samples
 * @pid: the process that created the VM, the first one if the guest has moved
 * @vm_id: number of the VM, of the last one if the guest has moved; 0 if the trace has
 *	no VM of that process
 * @vcpu_id: the vCPU within its VM
 * @identity: how that is known
 * @cpu: the guest's CPU, unless @identity is %IDENTITY_TOLD
 * @rival: another vCPU, if @identity is %IDENTITY_AMBIGUOUS
 * @samples: number of samples
 * @inside: those in a stay
 * @outside: those that are not, though the trace holds their time
 * @before: those at the beginning that are of before the trace
 * @after: those at the end that are of after the trace
 * @carried: those inside that were taken before the guest's state was saved, and
 *	arrived after it was loaded
 * @stays: number of stays
 * @stays_used: number of stays with a sample inside
 * @in_guest: ticks of all stays
 * @span: ticks from the first entry to the last exit
 * @margin_entry: smallest distance of a sample from the entry, in ticks
 * @margin_exit: smallest distance of a sample from the exit, in ticks
 * @events: number of kvm_guest_counter events by reason
 * @contradictions: number of changes that the events prove and do not tell, though
 *	the trace has lost none there
 */
struct vcpu_result {
	int32_t pid;
	uint64_t vm_id;
	uint32_t vcpu_id;
	enum identity identity;
	uint32_t cpu;
	uint32_t rival;
	size_t samples;
	size_t inside;
	size_t outside;
	size_t before;
	size_t after;
	size_t carried;
	size_t stays;
	size_t stays_used;
	uint64_t in_guest;
	uint64_t span;
	uint64_t margin_entry;
	uint64_t margin_exit;
	size_t events[REASONS];
	size_t contradictions;
};

/**
 * struct check_result - what became of all samples
 * @vcpus: the vCPUs
 * @nr_vcpus: their number
 * @silent: number of guests without any sample
 * @total: sums over all vCPUs, the smallest margins
 * @used_shortest: ticks of the shortest stay with a sample inside
 * @used_median: ticks of the median
 * @used_longest: ticks of the longest
 */
struct check_result {
	struct vcpu_result *vcpus;
	size_t nr_vcpus;
	size_t silent;
	struct vcpu_result total;
	uint64_t used_shortest;
	uint64_t used_median;
	uint64_t used_longest;
};

/**
 * check_names() - find the VMs that are named in the trace
 * @trace: the host's trace
 * @guests: the samples of each guest
 * @nr_guests: number of guests
 *
 * Ends the program if one is not there, or if its process has several and none is named.
 */
void check_names(const struct host_trace *trace, const struct guest_samples *guests,
		 size_t nr_guests);

/**
 * check() - place all samples
 * @trace: the host's trace; counts the samples of each stay
 * @guests: the samples of each guest
 * @nr_guests: number of guests
 * @names: which vCPUs CPUs of guests are, where the user has named them
 * @nr_names: number of these
 * @shift: ticks by which every offset is made wrong, modulo 2^64
 * @result: filled; free @result->vcpus
 *
 * Which vCPU each CPU of a traced guest is, is found by fit, without the shift.
 *
 * Ends the program if the events contradict each other so that no history comes of
 * them.
 */
void check(struct host_trace *trace, const struct guest_samples *guests,
	   size_t nr_guests, const struct cpu_name *names, size_t nr_names, uint64_t shift,
	   struct check_result *result);

/**
 * check_passed() - every sample that the trace can tell of is inside
 * @result: what check() gave
 *
 * Return: false if one is outside, if a vCPU has none inside, if a guest has none at all,
 * if it is not known which vCPU one is of, or if events that were not lost are missing.
 */
bool check_passed(const struct check_result *result);

#endif
