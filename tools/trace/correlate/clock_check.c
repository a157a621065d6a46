// SPDX-License-Identifier: GPL-2.0
/*
 * Is a trace of a clock whose times can be placed? Only one that a guest and its host both
 * have, and that no one steers, is.
 */
#include <string.h>

#include "common/message.h"
#include "correlate/clock_check.h"

static char *wrong_clock_of_lttng(const char *path, const char *name)
{
	return text_of("%s was recorded with the clock \"%s\", whose times cannot be placed to the tick: before \"lttng create\", run\n"
		       "    eval \"$(clocktrace-lttng setup)\"",
		       path, name);
}

static char *wrong_clock(const struct reader *reader)
{
	const char *name = reader->clock ? reader->clock : "unknown";

	if (reader->class == &trace_cmd_reader)
		return text_of("%s was recorded with the clock \"%s\", whose times cannot be placed to the tick: record with\n"
			       "    trace-cmd record -C clock_trace -e kvm_guest_counter -e kvm_entry -e kvm_exit ...",
			       reader->path, name);
	if (reader->class == &perf_reader)
		return text_of("%s was recorded with the clock \"%s\", whose times cannot be placed to the tick: record with\n"
			       "    perf record -a -k CLOCK_TRACE -e kvm:kvm_guest_counter,kvm:kvm_entry,kvm:kvm_exit ...",
			       reader->path, name);
	return wrong_clock_of_lttng(reader->path, name);
}

char *clock_check_name(const char *path, const char *clock, bool *assumed)
{
	if (!strcmp(clock, "x86-tsc"))
		*assumed = true;
	else if (strcmp(clock, "clock_trace"))
		return wrong_clock_of_lttng(path, clock);
	return NULL;
}

char *clock_check(const struct machine *machine, bool *assumed)
{
	size_t i;

	for (i = 0; i < machine->nr_readers; i++) {
		const struct reader *reader = machine->readers[i];

		if (reader->clock && !strcmp(reader->clock, "clock_trace"))
			continue;
		/* A trace without any stream names no clock, and has no time. */
		if (!reader->clock && !reader->nr_streams)
			continue;
		if (reader->clock && !strcmp(reader->clock, "x86-tsc")) {
			*assumed = true;
			continue;
		}
		return wrong_clock(reader);
	}
	return NULL;
}
