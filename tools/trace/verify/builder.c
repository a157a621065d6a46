// SPDX-License-Identifier: GPL-2.0
/*
 * Make a host's trace out of events: pair the entries and exits of each CPU, and note
 * where events are missing.
 */
#include <stdlib.h>

#include "common/array.h"
#include "verify/builder.h"
#include "common/message.h"

/*
 * What was last seen of a CPU of the host. A stay in the guest begins and ends on the
 * same CPU.
 */
struct cpu {
	/* An order of 0 is none, for orders begin at 1 */
	struct clocktrace_position last;
	/* The kvm_entry whose kvm_exit has not come; likewise */
	struct clocktrace_position entry;
	int thread;
	int process;
	uint32_t vcpu_id;
};

struct builder {
	struct host_trace *trace;
	struct cpu cpus[CPUS_MAX];
	uint64_t order;
};

static void enter(struct cpu *cpu, const struct host_event *event,
		  struct clocktrace_position position)
{
	/* An entry that is still open has not come to pass. */
	cpu->entry = position;
	cpu->thread = event->thread;
	cpu->process = event->process;
	cpu->vcpu_id = event->vcpu_id;
}

static void leave(struct host_trace *trace, struct cpu *cpu,
		  const struct host_event *event, struct clocktrace_position position)
{
	if (cpu->entry.order && cpu->thread == event->thread &&
	    cpu->vcpu_id == event->vcpu_id) {
		trace->stays = array_room(trace->stays, trace->nr_stays,
					  sizeof(*trace->stays));
		trace->stays[trace->nr_stays++] = (struct stay){
			.entry = cpu->entry,
			.exit = position,
			.thread = event->thread,
			.process = cpu->process,
			.vcpu_id = event->vcpu_id,
		};
	}
	cpu->entry = (struct clocktrace_position){ 0 };
}

static void add_tsc_event(struct host_trace *trace, const struct host_event *event,
		     struct clocktrace_position position)
{
	struct tsc_event *tsc_event;

	trace->tsc_events = array_room(trace->tsc_events, trace->nr_tsc_events, sizeof(*trace->tsc_events));
	tsc_event = &trace->tsc_events[trace->nr_tsc_events++];
	tsc_event->event = event->guest_counter;
	tsc_event->event.position = position;
	tsc_event->thread = event->thread;
}

static void add_gap(struct host_trace *trace, struct cpu *cpu,
		    struct clocktrace_position to)
{
	trace->gaps = array_room(trace->gaps, trace->nr_gaps, sizeof(*trace->gaps));
	trace->gaps[trace->nr_gaps++] = (struct gap){ cpu->last, to };
	if (!cpu->last.order)
		trace->whole_from = to;
	/* The exit that follows may be another entry's. */
	cpu->entry = (struct clocktrace_position){ 0 };
}

enum clocktrace_reason builder_reason(uint64_t value)
{
	if (value >= REASONS)
		die("a kvm_guest_counter event has the unknown reason %llu",
		    (unsigned long long)value);
	return (enum clocktrace_reason)value;
}

struct builder *builder_new(struct host_trace *trace)
{
	struct builder *builder = calloc(1, sizeof(*builder));

	if (!builder)
		die("out of memory");
	*trace = (struct host_trace){ 0 };
	builder->trace = trace;
	return builder;
}

void builder_add(struct builder *builder, const struct host_event *event)
{
	struct clocktrace_position position = { event->host_time, ++builder->order };
	struct host_trace *trace = builder->trace;
	struct cpu *cpu;
	bool first;

	if (event->cpu >= CPUS_MAX)
		die("the trace has a CPU %u", event->cpu);
	cpu = &builder->cpus[event->cpu];
	if (position.host_time < trace->last.host_time)
		die("the trace goes back in time at event %llu",
		    (unsigned long long)position.order);
	if (position.order == 1)
		trace->first = trace->whole_from = position;
	trace->last = position;
	first = !cpu->last.order;
	if (event->lost_before)
		add_gap(trace, cpu, position);
	cpu->last = position;

	if (event->type == HOST_ENTRY)
		enter(cpu, event, position);
	else if (event->type == HOST_EXIT && first)
		/* The CPU was in the guest when the trace began. */
		trace->whole_from = position;
	else if (event->type == HOST_EXIT)
		leave(trace, cpu, event, position);
	else if (event->type == HOST_TSC_EVENT)
		add_tsc_event(trace, event, position);
}

bool builder_finish(struct builder *builder)
{
	bool found = builder->order;

	if (found)
		trace_finish(builder->trace);
	free(builder);
	return found;
}
