/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Make a host's trace out of events, whoever has read them.
 */
#ifndef TRACE_VERIFY_BUILDER_H
#define TRACE_VERIFY_BUILDER_H

#include "verify/trace.h"

#define CPUS_MAX 4096

/**
 * enum host_event_type - what an event of the host tells
 * @HOST_OTHER: no more than that its CPU's events are there
 * @HOST_ENTRY: a vCPU enters the guest
 * @HOST_EXIT: a vCPU has left it
 * @HOST_TSC_EVENT: a kvm_guest_counter
 */
enum host_event_type {
	HOST_OTHER,
	HOST_ENTRY,
	HOST_EXIT,
	HOST_TSC_EVENT,
};

/**
 * struct host_event - an event of the host
 * @type: what it tells
 * @cpu: the host's CPU, less than %CPUS_MAX
 * @thread: the host's thread
 * @process: its process, or %PROCESS_UNKNOWN
 * @lost_before: the CPU has lost events right before
 * @host_time: when it was, not before the event before
 * @vcpu_id: of an entry or exit: the vCPU, or %VCPU_UNKNOWN
 * @guest_counter: of a kvm_guest_counter: all but the position
 */
struct host_event {
	enum host_event_type type;
	unsigned int cpu;
	int thread;
	int process;
	bool lost_before;
	uint64_t host_time;
	uint32_t vcpu_id;
	struct clocktrace_guest_event guest_counter;
};

struct builder;

/**
 * builder_new() - begin a trace
 * @trace: what is made
 *
 * Return: what the functions below take. Ends the program if there is no memory.
 */
struct builder *builder_new(struct host_trace *trace);

/**
 * builder_reason() - the reason of a kvm_guest_counter
 * @value: as the trace has it, of any width
 *
 * Ends the program if there is no such reason.
 */
enum clocktrace_reason builder_reason(uint64_t value);

/**
 * builder_add() - add an event
 * @builder: what builder_new() gave
 * @event: the event
 *
 * Ends the program if the event cannot be.
 */
void builder_add(struct builder *builder, const struct host_event *event);

/**
 * builder_finish() - end a trace
 * @builder: what builder_new() gave, which is freed
 *
 * Return: false if there were no events.
 */
bool builder_finish(struct builder *builder);

#endif
