// SPDX-License-Identifier: GPL-2.0
/*
 * The events of a host as LTTng names them.
 */
#include <string.h>

#include "builder.h"
#include "ctf.h"
#include "lttng_host.h"
#include "message.h"

static uint64_t number(const struct ctf_event *event, const char *name)
{
	uint64_t value;

	if (!ctf_number(event->payload, name, &value))
		die("the event %s has no field %s", event->name, name);
	return value;
}

static int thread_of(const struct ctf_event *event)
{
	uint64_t thread;

	if (!ctf_number(event->context, "tid", &thread))
		die("the event %s does not tell its thread: record with \"lttng add-context -k -t tid\"",
		    event->name);
	return (int)thread;
}

/* Its context "pid" is what other tracers call a thread group. */
static int process_of(const struct ctf_event *event)
{
	uint64_t process;

	return ctf_number(event->context, "pid", &process) ? (int)process : PROCESS_UNKNOWN;
}

static struct clocktrace_guest_event tsc_event(const struct ctf_event *event)
{
	return (struct clocktrace_guest_event){
		.vm_id = number(event, "vm_id"),
		.vm_pid = (int32_t)number(event, "vm_pid"),
		.vcpu_id = (uint32_t)number(event, "vcpu_id"),
		.tsc = {
			.offset = (int64_t)number(event, "offset"),
			.ratio = number(event, "ratio"),
			.frac_bits = (uint32_t)number(event, "frac_bits"),
		},
		.flags = (uint32_t)number(event, "flags"),
		.reason = builder_reason(number(event, "reason")),
	};
}

static void add_event(void *data, const struct ctf_event *event)
{
	struct host_event host = {
		.cpu = event->cpu < CPUS_MAX ? (unsigned int)event->cpu : CPUS_MAX,
		.process = process_of(event),
		.lost_before = event->lost_before,
		.host_time = event->time,
		.vcpu_id = VCPU_UNKNOWN,
	};

	if (!strcmp(event->name, "kvm_x86_entry")) {
		host.type = HOST_ENTRY;
		host.thread = thread_of(event);
	} else if (!strcmp(event->name, "kvm_x86_exit")) {
		host.type = HOST_EXIT;
		host.thread = thread_of(event);
	} else if (!strcmp(event->name, "kvm_x86_guest_tsc")) {
		host.type = HOST_TSC_EVENT;
		host.thread = thread_of(event);
		host.guest_tsc = tsc_event(event);
	} else {
		return;
	}
	builder_add(data, &host);
}

void lttng_host_read(const char *path, struct builder *builder)
{
	ctf_read(path, add_event, builder);
}
