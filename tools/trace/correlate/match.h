/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Which VM is a guest's trace of, and which vCPU is each of its CPUs? The proof is that
 * all of its events, placed on the host's time line, lie in stays of that vCPU, and not in
 * those of another one.
 */
#ifndef TRACE_MATCH_H
#define TRACE_MATCH_H

#include "model/host.h"

/**
 * enum verdict - what is known of a section of a guest's trace
 * @VERDICT_PROVED: all events that the host's trace can tell of are in stays; that this proves
 *	which VM it is, unless by_chance is set
 * @VERDICT_CONTRADICTED: it fits one VM best, but some events are outside
 * @VERDICT_AMBIGUOUS: it fits more than one VM, or vCPU, as well
 * @VERDICT_NONE: it fits no VM
 * @VERDICT_EMPTY: it has no events
 */
enum verdict {
	VERDICT_PROVED,
	VERDICT_CONTRADICTED,
	VERDICT_AMBIGUOUS,
	VERDICT_NONE,
	VERDICT_EMPTY,
};

/**
 * struct fit - how the events of a guest's CPU fit a vCPU
 * @inside: events in stays
 * @first: guest time of the first of them
 * @last: guest time of the last of them
 * @before: events that are not, of before the first one that is
 * @within: of between
 * @after: of after the last one that is
 * @stays: how many stays hold them
 * @last_stay: order of the entry of the last one of these
 */
struct fit {
	uint64_t inside;
	uint64_t first;
	uint64_t last;
	uint64_t before;
	uint64_t within;
	uint64_t after;
	uint64_t stays;
	uint64_t last_stay;
};

/* How the events of a guest's CPU fit an era: for match.c */
struct era_fit {
	uint64_t inside;
	uint64_t first;
	/* The last event that another era of the vCPU holds, and this one does not */
	uint64_t last_out;
	bool out;
	bool hit;
};

/**
 * struct unit - a CPU of a section of a guest's trace
 * @section: the section
 * @cpu: the CPU
 * @events: number of its events
 * @vcpus: the vCPUs that it is, more than one if the guest has moved
 * @nr_vcpus: their number
 * @eras: the eras to place its events with, the latest first
 * @from: the guest time from which each of them counts
 * @nr_eras: their number
 * @is_choice: another vCPU fits as well, and gives the same times
 */
struct unit {
	unsigned int section;
	unsigned int cpu;
	uint64_t events;
	size_t *vcpus;
	size_t nr_vcpus;
	size_t *eras;
	uint64_t *from;
	size_t nr_eras;
	bool is_choice;
	/* private: */
	struct fit *fits;
	struct era_fit *era_fits;
	struct stay_cursor *cursors;
};

/**
 * struct section - a boot of a guest, or a part of it
 * @verdict: what is known of it
 * @vms: the VMs that it ran in, in the order of time
 * @nr_vms: their number
 * @events: number of its events
 * @inside: those of them in stays of the VMs
 * @rival: another VM that fits as well, if @verdict is %VERDICT_AMBIGUOUS
 * @rival_cpu: a CPU that fits two vCPUs of the same VM as well, where that gives other times
 * @rival_vcpus: those two as the VM numbers them, different ones in that case alone
 * @by_chance: what fits is so little, or of so busy a VM, that it may do so by chance
 */
struct section {
	enum verdict verdict;
	uint64_t *vms;
	size_t nr_vms;
	uint64_t events;
	uint64_t inside;
	uint64_t rival;
	uint32_t rival_cpu;
	uint32_t rival_vcpus[2];
	bool by_chance;
};

/**
 * struct match - what is known of a guest's trace
 * @units: its CPUs, by section
 * @nr_units: their number
 * @sections: its sections
 * @nr_sections: their number
 * @nr_hosts: number of hosts that the guest is tried with; what fits by chance is more likely
 *	with more of them
 */
struct match {
	const struct host *host;
	struct unit *units;
	size_t nr_units;
	struct section *sections;
	size_t nr_sections;
	size_t nr_hosts;
	/* private: */
	size_t last_unit;
};

/**
 * match_new() - begin a guest
 * @host: the host, finished
 */
struct match *match_new(const struct host *host);

/**
 * match_add() - add an event of the guest
 * @match: the guest
 * @section: the event's section
 * @event: the event, in the order of time within its section and CPU
 * @resolution: its time may be up to so many ticks too early
 */
void match_add(struct match *match, unsigned int section, const struct event *event,
	       uint64_t resolution);

/**
 * match_finish() - decide
 * @match: the guest
 * @vm_id: the VM if the user has named it, otherwise 0
 */
void match_finish(struct match *match, uint64_t vm_id);

/**
 * match_unit() - a CPU of the guest
 * @match: the guest
 * @section: the section
 * @cpu: the CPU
 *
 * Return: the unit, NULL if no event was of it.
 */
const struct unit *match_unit(const struct match *match, unsigned int section,
			      unsigned int cpu);

/**
 * match_free() - free a guest
 * @match: the guest, or NULL
 */
void match_free(struct match *match);

#endif
