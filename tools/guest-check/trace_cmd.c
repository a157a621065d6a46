// SPDX-License-Identifier: GPL-2.0
/*
 * Read a file of trace-cmd: the events of its first buffer that has some.
 */
#include <stdlib.h>

#include <trace-cmd.h>

#include "builder.h"
#include "message.h"
#include "trace_cmd.h"

/* An event type and the fields of it that are read */
struct fields {
	struct tep_event *event;
	struct tep_format_field *vm_id, *vm_pid, *vcpu_id, *offset, *ratio;
	struct tep_format_field *frac_bits, *flags, *reason;
};

struct reader {
	struct builder *builder;
	struct tep_handle *tep;
	struct fields entry, exit, guest_tsc;
	size_t events;
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
	struct fields *guest_tsc = &reader->guest_tsc;

	reader->entry.event = find_event(reader->tep, "kvm_entry");
	reader->entry.vcpu_id = find_field(reader->entry.event, "vcpu_id");
	reader->exit.event = find_event(reader->tep, "kvm_exit");
	reader->exit.vcpu_id = find_field(reader->exit.event, "vcpu_id");
	guest_tsc->event = find_event(reader->tep, "kvm_guest_tsc");
	guest_tsc->vm_id = find_field(guest_tsc->event, "vm_id");
	guest_tsc->vm_pid = find_field(guest_tsc->event, "vm_pid");
	guest_tsc->vcpu_id = find_field(guest_tsc->event, "vcpu_id");
	guest_tsc->offset = find_field(guest_tsc->event, "offset");
	guest_tsc->ratio = find_field(guest_tsc->event, "ratio");
	guest_tsc->frac_bits = find_field(guest_tsc->event, "frac_bits");
	guest_tsc->flags = find_field(guest_tsc->event, "flags");
	guest_tsc->reason = find_field(guest_tsc->event, "reason");
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

static struct clocktrace_guest_event tsc_event(const struct fields *fields,
					  const struct tep_record *record)
{
	return (struct clocktrace_guest_event){
		.vm_id = number(fields->vm_id, record),
		.vm_pid = (int32_t)number(fields->vm_pid, record),
		.vcpu_id = (uint32_t)number(fields->vcpu_id, record),
		.tsc = {
			.offset = (int64_t)number(fields->offset, record),
			.ratio = number(fields->ratio, record),
			.frac_bits = (uint32_t)number(fields->frac_bits, record),
		},
		.flags = (uint32_t)number(fields->flags, record),
		.reason = builder_reason(number(fields->reason, record)),
	};
}

static int add_record(struct tracecmd_input *handle, struct tep_record *record,
		      int cpu, void *data)
{
	struct reader *reader = data;
	struct host_event event = {
		.cpu = (unsigned int)cpu,
		.thread = tep_data_pid(reader->tep, record),
		.process = PROCESS_UNKNOWN,
		.lost_before = record->missed_events,
		.host_time = record->ts,
	};
	int type = tep_data_type(reader->tep, record);

	(void)handle;
	if (type == reader->entry.event->id) {
		event.type = HOST_ENTRY;
		event.vcpu_id = (uint32_t)number(reader->entry.vcpu_id, record);
	} else if (type == reader->exit.event->id) {
		event.type = HOST_EXIT;
		event.vcpu_id = (uint32_t)number(reader->exit.vcpu_id, record);
	} else if (type == reader->guest_tsc.event->id) {
		event.type = HOST_TSC_EVENT;
		event.guest_tsc = tsc_event(&reader->guest_tsc, record);
	}
	builder_add(reader->builder, &event);
	reader->events++;
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
	return reader->events;
}

void trace_cmd_read(const char *path, struct builder *builder)
{
	struct reader reader = { .builder = builder };
	struct tracecmd_input *handle;
	bool found;
	int i;

	handle = tracecmd_open(path, TRACECMD_FL_LOAD_NO_PLUGINS);
	if (!handle)
		die("%s is not a file of trace-cmd that can be read", path);
	found = read_buffer(&reader, handle, path);
	for (i = 0; !found && i < tracecmd_buffer_instances(handle); i++) {
		struct tracecmd_input *buffer = tracecmd_buffer_instance_handle(handle, i);

		if (!buffer)
			die("%s cannot be read", path);
		found = read_buffer(&reader, buffer, path);
		tracecmd_close(buffer);
	}
	tracecmd_close(handle);
}
