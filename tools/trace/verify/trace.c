// SPDX-License-Identifier: GPL-2.0
/*
 * Read a host's trace, of whichever tracer.
 */
#include <stdlib.h>

#include "common/message.h"
#include "correlate/clock_check.h"
#include "readers/machine.h"
#include "verify/builder.h"

void trace_check_epoch(uint32_t *epoch, const char *path, const struct event *event)
{
	if (*epoch && *epoch != event->epoch)
		die("%s: the clock began a new epoch at %llu, so that not all times are of one time line",
		    path, (unsigned long long)event->time);
	if (event->state != CLOCK_STATE_COUNTER)
		die("%s: the clock was not driven by the counter at %llu, so that not all times are of one time line",
		    path, (unsigned long long)event->time);
	*epoch = event->epoch;
}

static void add_event(struct builder *builder, const char *path, const struct event *event,
		      uint32_t *epoch)
{
	struct host_event host = {
		.cpu = event->cpu,
		.thread = event->thread,
		.process = event->process,
		.lost_before = event->lost_before,
		.host_time = event->time,
		.vcpu_id = event->vcpu_id,
	};

	if (event->kind == EVENT_EPOCH)
		trace_check_epoch(epoch, path, event);
	if (event->kind == EVENT_ENTRY)
		host.type = HOST_ENTRY;
	else if (event->kind == EVENT_EXIT)
		host.type = HOST_EXIT;
	else if (event->kind == EVENT_GUEST_COUNTER)
		host.type = HOST_TSC_EVENT;
	if (host.type != HOST_OTHER && event->thread == THREAD_NONE)
		die("%s: the event %s does not tell its thread: record with \"lttng add-context -k -t tid\"",
		    path, event->name);
	if (host.type == HOST_TSC_EVENT) {
		host.guest_counter = event->tsc;
		host.guest_counter.reason = builder_reason(event->tsc.reason);
	}
	builder_add(builder, &host);
}

void trace_read(const char *path, bool trust_clock, struct host_trace *trace)
{
	struct builder *builder = builder_new(trace);
	struct machine *machine;
	struct stream *stream;
	uint32_t epoch = 0;
	bool assumed;
	char *error;

	machine = machine_open(path, &error);
	if (machine && !trust_clock)
		error = clock_check(machine, &assumed);
	if (error)
		die("%s", error);
	while ((stream = machine_next(machine)))
		add_event(builder, path, &stream->event, &epoch);
	machine_close(machine);
	if (!builder_finish(builder))
		die("%s holds no events", path);
}
