/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a host's trace tells of its guests: the kvm_guest_counter events, and when each
 * vCPU was in the guest.
 */
#ifndef TRACE_VERIFY_TRACE_H
#define TRACE_VERIFY_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "readers/event.h"

#define REASONS (CLOCKTRACE_DESTROYED + 1)

/**
 * struct stay - a stay of a vCPU in the guest, from kvm_entry to kvm_exit
 * @entry: the kvm_entry
 * @exit: the kvm_exit
 * @thread: the host's thread that ran the vCPU
 * @process: its process, or %PROCESS_UNKNOWN
 * @vcpu_id: the vCPU within its VM
 * @vm_id: the VM, 0 if the trace does not tell whose thread it is
 * @samples: number of samples in it
 */
struct stay {
	struct clocktrace_position entry;
	struct clocktrace_position exit;
	int thread;
	int process;
	uint32_t vcpu_id;
	uint64_t vm_id;
	size_t samples;
};

/**
 * struct tsc_event - a kvm_guest_counter event, and who emitted it
 * @event: the event
 * @thread: the host's thread
 */
struct tsc_event {
	struct clocktrace_guest_event event;
	int thread;
};

/**
 * struct gap - a place of the trace where events were lost
 * @from: the last event of that CPU before, {0, 0} if there is none
 * @to: the first one after
 */
struct gap {
	struct clocktrace_position from;
	struct clocktrace_position to;
};

/**
 * struct host_trace - a host's trace
 * @tsc_events: the kvm_guest_counter events in the order of the trace
 * @nr_tsc_events: their number
 * @stays: the stays, sorted by VM, vCPU and entry after trace_finish()
 * @nr_stays: their number
 * @gaps: where events were lost
 * @nr_gaps: their number
 * @first: the first event
 * @last: the last event
 * @whole_from: from here on, events of all CPUs are there; but for gaps that
 *	begin later
 */
struct host_trace {
	struct tsc_event *tsc_events;
	size_t nr_tsc_events;
	struct stay *stays;
	size_t nr_stays;
	struct gap *gaps;
	size_t nr_gaps;
	struct clocktrace_position first;
	struct clocktrace_position last;
	struct clocktrace_position whole_from;
};

/**
 * trace_read() - read a host's trace
 * @path: a file of trace-cmd, or a directory with traces of LTTng
 * @trust_clock: it is of CLOCK_TRACE, whatever it says
 * @trace: filled; free it with trace_free()
 *
 * Ends the program if the trace cannot be used.
 */
void trace_read(const char *path, bool trust_clock, struct host_trace *trace);

/**
 * trace_check_epoch() - end the program unless a trace's events are of one time line
 * @epoch: its epoch, 0 until one is known; the tracer may repeat the event that tells it
 * @path: the trace
 * @event: an event %EVENT_EPOCH of it
 */
void trace_check_epoch(uint32_t *epoch, const char *path, const struct event *event);

/**
 * trace_finish() - find out whose stays they are, and sort them
 * @trace: a trace with all of its events
 *
 * A thread runs the vCPU whose values it emitted, in an event before the stay or,
 * if none is there, after it. Stays of %VCPU_UNKNOWN get their vCPU from there too. A
 * thread that emitted none runs the only vCPU of that number in its process, or in the
 * whole trace where the process is unknown.
 */
void trace_finish(struct host_trace *trace);

/**
 * trace_stays() - the stays of a vCPU
 * @trace: the trace, finished
 * @vm_id: the VM
 * @vcpu_id: the vCPU within its VM
 * @count: set to their number
 *
 * Return: the first one, or NULL if there are none.
 */
struct stay *trace_stays(const struct host_trace *trace, uint64_t vm_id,
			 uint32_t vcpu_id, size_t *count);

/**
 * trace_free() - free what a trace consists of
 * @trace: the trace
 */
void trace_free(struct host_trace *trace);

#endif
