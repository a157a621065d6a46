// SPDX-License-Identifier: GPL-2.0
/*
 * Read a file of trace-cmd: the events of its first buffer that has some.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <trace-cmd.h>

#include "array.h"
#include "message.h"
#include "trace.h"

#define CPUS_MAX 4096

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
	uint32_t vcpu_id;
};

/* An event type and the fields of it that are read */
struct fields {
	struct tep_event *event;
	struct tep_format_field *vm_id, *vm_pid, *vcpu_id, *offset, *ratio;
	struct tep_format_field *frac_bits, *flags, *reason;
};

struct reader {
	struct host_trace *trace;
	struct tep_handle *tep;
	struct fields entry, exit, guest_tsc;
	struct cpu cpus[CPUS_MAX];
	uint64_t order;
};

static struct tep_format_field *find_field(struct tep_event *event, const char *name)
{
	struct tep_format_field *field = tep_find_field(event, name);

	if (!field)
		die("the event %s has no field %s", event->name, name);
	return field;
}

static struct tep_event *find_event(struct tep_handle *tep, const char *name)
{
	struct tep_event *event = tep_find_event_by_name(tep, "kvm", name);

	if (!event)
		die("the trace does not know the event kvm:%s", name);
	return event;
}

static void find_fields(struct reader *reader)
{
	struct fields *told = &reader->guest_tsc;

	reader->entry.event = find_event(reader->tep, "kvm_entry");
	reader->entry.vcpu_id = find_field(reader->entry.event, "vcpu_id");
	reader->exit.event = find_event(reader->tep, "kvm_exit");
	reader->exit.vcpu_id = find_field(reader->exit.event, "vcpu_id");
	told->event = find_event(reader->tep, "kvm_guest_tsc");
	told->vm_id = find_field(told->event, "vm_id");
	told->vm_pid = find_field(told->event, "vm_pid");
	told->vcpu_id = find_field(told->event, "vcpu_id");
	told->offset = find_field(told->event, "offset");
	told->ratio = find_field(told->event, "ratio");
	told->frac_bits = find_field(told->event, "frac_bits");
	told->flags = find_field(told->event, "flags");
	told->reason = find_field(told->event, "reason");
}

static unsigned long long number(struct tep_format_field *field,
				 const struct tep_record *record)
{
	unsigned long long value;

	if (field->offset < 0 || field->size < 0 ||
	    field->offset + field->size > record->size ||
	    tep_read_number_field(field, record->data, &value))
		die("an event is too short for its field %s", field->name);
	return value;
}

static void enter(struct cpu *cpu, int thread, uint32_t vcpu_id,
		  struct clocktrace_position position)
{
	/* An entry that is still open has not come to pass. */
	cpu->entry = position;
	cpu->thread = thread;
	cpu->vcpu_id = vcpu_id;
}

static void leave(struct host_trace *trace, struct cpu *cpu, int thread,
		  uint32_t vcpu_id, struct clocktrace_position position)
{
	if (cpu->entry.order && cpu->thread == thread && cpu->vcpu_id == vcpu_id) {
		trace->stays = array_room(trace->stays, trace->nr_stays,
					  sizeof(*trace->stays));
		trace->stays[trace->nr_stays++] = (struct stay){
			.entry = cpu->entry,
			.exit = position,
			.thread = thread,
			.vcpu_id = vcpu_id,
		};
	}
	cpu->entry = (struct clocktrace_position){ 0 };
}

static void add_told(struct reader *reader, int thread,
		     const struct tep_record *record,
		     struct clocktrace_position position)
{
	const struct fields *fields = &reader->guest_tsc;
	struct host_trace *trace = reader->trace;
	uint64_t reason = number(fields->reason, record);

	if (reason >= REASONS)
		die("a kvm_guest_tsc event has the unknown reason %llu",
		    (unsigned long long)reason);
	trace->told = array_room(trace->told, trace->nr_told,
				 sizeof(*trace->told));
	trace->told[trace->nr_told++] = (struct told){
		.event = {
			.position = position,
			.vm_id = number(fields->vm_id, record),
			.vm_pid = (int32_t)number(fields->vm_pid, record),
			.vcpu_id = (uint32_t)number(fields->vcpu_id, record),
			.tsc = {
				.offset = (int64_t)number(fields->offset, record),
				.ratio = number(fields->ratio, record),
				.frac_bits = (uint32_t)number(fields->frac_bits, record),
			},
			.flags = (uint32_t)number(fields->flags, record),
			.reason = (enum clocktrace_reason)reason,
		},
		.thread = thread,
	};
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

static int add_record(struct tracecmd_input *handle, struct tep_record *record,
		      int cpu_number, void *data)
{
	struct reader *reader = data;
	struct host_trace *trace = reader->trace;
	struct clocktrace_position position = { record->ts, ++reader->order };
	int type = tep_data_type(reader->tep, record);
	int thread = tep_data_pid(reader->tep, record);
	struct cpu *cpu;
	bool first;

	(void)handle;
	if (cpu_number < 0 || cpu_number >= CPUS_MAX)
		die("the trace has a CPU %d", cpu_number);
	cpu = &reader->cpus[cpu_number];
	if (position.host_time < trace->last.host_time)
		die("the trace goes back in time at event %llu",
		    (unsigned long long)position.order);
	if (position.order == 1)
		trace->first = trace->whole_from = position;
	trace->last = position;
	first = !cpu->last.order;
	if (record->missed_events)
		add_gap(trace, cpu, position);
	cpu->last = position;

	if (type == reader->entry.event->id)
		enter(cpu, thread, (uint32_t)number(reader->entry.vcpu_id, record),
		      position);
	else if (type == reader->exit.event->id && first)
		/* The CPU was in the guest when the trace began. */
		trace->whole_from = position;
	else if (type == reader->exit.event->id)
		leave(trace, cpu, thread,
		      (uint32_t)number(reader->exit.vcpu_id, record), position);
	else if (type == reader->guest_tsc.event->id)
		add_told(reader, thread, record, position);
	return 0;
}

/* False if the buffer is empty. To look first would lose what was missed. */
static bool read_buffer(struct reader *reader, struct tracecmd_input *buffer,
			const char *path)
{
	reader->tep = tracecmd_get_tep(buffer);
	find_fields(reader);
	if (tracecmd_iterate_events(buffer, NULL, 0, add_record, reader))
		die("%s cannot be read to its end", path);
	return reader->order;
}

void trace_read(const char *path, struct host_trace *trace)
{
	struct reader *reader = calloc(1, sizeof(*reader));
	struct tracecmd_input *handle;
	bool found;
	int i;

	if (!reader)
		die("out of memory");
	handle = tracecmd_open(path, TRACECMD_FL_LOAD_NO_PLUGINS);
	if (!handle)
		die("%s is not a file of trace-cmd that can be read", path);
	*trace = (struct host_trace){ 0 };
	reader->trace = trace;
	found = read_buffer(reader, handle, path);
	for (i = 0; !found && i < tracecmd_buffer_instances(handle); i++) {
		struct tracecmd_input *buffer = tracecmd_buffer_instance_handle(handle, i);

		if (!buffer)
			die("%s cannot be read", path);
		found = read_buffer(reader, buffer, path);
		tracecmd_close(buffer);
	}
	if (!found)
		die("%s holds no events", path);
	tracecmd_close(handle);
	free(reader);
	trace_finish(trace);
}
