/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a host's trace tells of its guests: the history of each vCPU's TSC, and when each
 * vCPU was in the guest.
 */
#ifndef TRACE_HOST_H
#define TRACE_HOST_H

#include "model/stays.h"
#include "readers/event.h"

/**
 * struct era - a part of a vCPU's life in which its TSC follows one formula
 * @vcpu: index of the vCPU
 * @tsc: the formula
 * @begin: where it begins in the host's trace
 * @end: where it ends
 */
struct era {
	size_t vcpu;
	struct clocktrace_guest_counter tsc;
	struct clocktrace_position begin;
	struct clocktrace_position end;
};

/**
 * struct vcpu - a vCPU
 * @vm_id: number of its VM
 * @vm_pid: process that created the VM
 * @vcpu_id: the vCPU within its VM
 * @stays: its stays in the guest
 * @in_guest: ticks of all of them
 * @first_entry: host time of the first entry
 * @last_exit: host time of the last exit
 * @history: what the library knows of its TSC, after host_finish()
 * @contradictions: changes that the events prove and do not tell, though the trace has
 *	lost none there
 * @last_tsc: the last values that were told
 * @is_protected: the guest's TSC is protected, and the host cannot know it
 */
struct vcpu {
	uint64_t vm_id;
	int32_t vm_pid;
	uint32_t vcpu_id;
	struct stay_list *stays;
	uint64_t in_guest;
	uint64_t first_entry;
	uint64_t last_exit;
	const struct clocktrace_vcpu *history;
	size_t contradictions;
	struct clocktrace_guest_counter last_tsc;
	bool is_protected;
};

/**
 * struct gap - host times around which events were lost
 * @from: the last event before
 * @to: the first event after
 */
struct gap {
	struct clocktrace_position from;
	struct clocktrace_position to;
};

/**
 * struct host - a host
 * @vcpus: all vCPUs that its trace tells of
 * @nr_vcpus: their number
 * @eras: the eras of all vCPUs, by vCPU and then by time, after host_finish()
 * @nr_eras: their number
 * @gaps: where events were lost; disjoint and sorted after host_finish()
 * @nr_gaps: their number
 * @lost: number of places where events were lost
 * @first: the first event
 * @last: the last event
 * @whole_from: from here on, events of all CPUs are there
 * @ownerless: number of stays of which no event tells whose they are
 * @resolution: a time of the trace may be up to so many ticks too early; to be set before the
 *	first event is added. Then the exits of stays are so much later than those of the trace.
 * @keeps_told: collect the kvm_guest_counter events in @told, for host_keep()
 * @told: these events
 * @nr_told: their number
 */
struct host {
	struct vcpu *vcpus;
	size_t nr_vcpus;
	struct era *eras;
	size_t nr_eras;
	struct gap *gaps;
	size_t nr_gaps;
	size_t lost;
	struct clocktrace_position first;
	struct clocktrace_position last;
	struct clocktrace_position whole_from;
	uint64_t ownerless;
	uint64_t resolution;
	bool keeps_told;
	struct clocktrace_guest_event *told;
	size_t nr_told;
	/* private: readings of before the first event, and changes whose vCPU is not yet known */
	struct event *early;
	size_t nr_early;
	struct written_offset *written;
	size_t nr_written;
	bool has_readings;
	/* public: */
	/* private: */
	struct clocktrace_guests *history;
	struct stay_file *file;
	struct host_cpu *cpus;
	size_t nr_cpus;
	struct lane *lanes;
	size_t nr_lanes;
	size_t *lane_table;
	size_t lane_table_size;
};

/**
 * enum stay_answer - is there a stay?
 * @STAY_FOUND: there is
 * @STAY_NOT_COVERED: no host time of the era and of the trace gives the guest time
 * @STAY_NONE: there is a host time, and the vCPU was not in the guest then
 */
enum stay_answer {
	STAY_FOUND,
	STAY_NOT_COVERED,
	STAY_NONE,
};

/**
 * host_new() - begin a host
 * @error: set to a text, to be freed, if that fails
 *
 * Return: the host, or NULL.
 */
struct host *host_new(char **error);

/**
 * host_add() - add the next event
 * @host: the host
 * @event: the event, in the order of the merged trace
 *
 * Return: NULL, or what is wrong with it, to be freed.
 */
char *host_add(struct host *host, const struct event *event);

/**
 * host_lose_end() - all events were added, but the last ones of a CPU may be missing
 * @host: the host
 * @cpu: the CPU; %CPU_NONE if it is not known, and nothing of it may be there
 */
void host_lose_end(struct host *host, unsigned int cpu);

/**
 * host_finish() - all events were added
 * @host: the host
 *
 * Return: NULL, or what is wrong with the whole, to be freed.
 */
char *host_finish(struct host *host);

/**
 * host_file_error() - could the temporary file be used?
 * @host: the host
 *
 * What could not be written is in no list of stays, and host_finish() fails for that. What
 * cannot be read later is not found: to be asked again when all stays were looked for.
 *
 * Return: NULL, or what is wrong with it, to be freed.
 */
char *host_file_error(const struct host *host);

/**
 * host_owner() - the vCPU that a thread runs
 * @host: the host
 * @thread: the host's thread
 * @vcpu_id: what the event names, or %VCPU_UNKNOWN
 *
 * Return: the vCPU, NULL if no event tells it.
 */
const struct vcpu *host_owner(const struct host *host, int thread, uint32_t vcpu_id);

/**
 * same_tsc() - is it the same formula?
 * @a: from the host's counter to a guest's
 * @b: likewise
 */
bool same_tsc(const struct clocktrace_guest_counter *a, const struct clocktrace_guest_counter *b);

/**
 * host_gap_until() - the last gap that begins at or before a host time
 * @host: the host, finished
 * @time: the host time
 *
 * Return: NULL if there is none.
 */
const struct gap *host_gap_until(const struct host *host, uint64_t time);

/**
 * host_whole_from() - after this host time, events of all CPUs are there
 * @host: the host
 */
uint64_t host_whole_from(const struct host *host);

/**
 * host_gap_end() - the last host time at which an event may be missing
 * @host: the host
 * @gap: the gap
 */
uint64_t host_gap_end(const struct host *host, const struct gap *gap);

/**
 * host_in_gap() - may events be missing at a host time?
 * @host: the host, finished
 * @time: the host time
 */
bool host_in_gap(const struct host *host, uint64_t time);

/**
 * era_to_host() - the host times that give a guest time
 * @host: the host
 * @era: the era in which the guest read it
 * @guest: what the guest read
 * @ticks: set to the host times
 *
 * Return: false if there are none in the era.
 */
bool era_to_host(const struct host *host, const struct era *era, uint64_t guest,
		 struct clocktrace_ticks *ticks);

/**
 * era_find_stay() - the stay in which a guest time was read
 * @host: the host
 * @era: the era in which the guest read it
 * @cursor: a cursor of the stays of the era's vCPU
 * @guest: what the guest read
 * @resolution: it may have read up to so many ticks more
 * @ticks: set to the host times in the stay; or, if there is no stay, to all in the era
 *
 * Where several host times give the guest time, they may reach into another stay as well:
 * then they are not cut at the end of the first one.
 *
 * Return: %STAY_FOUND with @cursor->found set, or why there is none.
 */
enum stay_answer era_find_stay(const struct host *host, const struct era *era,
			       struct stay_cursor *cursor, uint64_t guest, uint64_t resolution,
			       struct clocktrace_ticks *ticks);

/**
 * host_free() - free a host
 * @host: the host, or NULL
 */
void host_free(struct host *host);

#endif
