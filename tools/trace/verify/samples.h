/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a guest has sampled.
 */
#ifndef TRACE_VERIFY_SAMPLES_H
#define TRACE_VERIFY_SAMPLES_H

#include <stddef.h>
#include <stdint.h>

#include "readers/samples/sample.h"

/*
 * In @flags of a sample: it is an event of a trace, and @vcpu is the CPU as the guest's
 * kernel numbers it. Which vCPU that is has to be found out.
 */
#define SAMPLE_OF_TRACE 0x80000000u

/**
 * struct vm_name - how a VM is named
 * @pid: the process that created it
 * @vm_id: its number, 0 where it is the only one of that process
 */
struct vm_name {
	int32_t pid;
	uint64_t vm_id;
};

/**
 * struct guest_samples - the samples of a guest
 * @argument: what named them
 * @pid: the process that created its first VM
 * @items: the samples in the order in which they arrived
 * @names: for each, its VM
 * @count: their number
 * @boots: number of boots that they are from
 * @rewinds: how often a vCPU went back in its own sequence of samples, as when a
 *	snapshot is loaded
 */
struct guest_samples {
	const char *argument;
	int32_t pid;
	struct guest_sample *items;
	struct vm_name *names;
	size_t count;
	size_t boots;
	size_t rewinds;
};

/**
 * samples_read() - read a guest's samples
 * @argument: "PID:FILE", and ",PID:FILE" for each VM that the guest has moved to; "PID/VM"
 *	names one of several VMs of a process; kept. FILE is of clocktrace-guest-sampler, or a directory with traces of LTTng
 * @samples: filled; free it with samples_free()
 *
 * A sample that is cut at the end of the file, by the guest's sudden death, does not
 * count. Ends the program if a file cannot be used.
 */
void samples_read(const char *argument, struct guest_samples *samples);

/**
 * samples_check_same() - refuse the same samples of two guests
 * @guests: the samples of each guest
 * @nr_guests: number of guests
 *
 * Ends the program if they are: nothing would be proved twice.
 */
void samples_check_same(const struct guest_samples *guests, size_t nr_guests);

/**
 * samples_free() - free what samples_read() has made
 * @samples: the samples
 */
void samples_free(struct guest_samples *samples);

#endif
