// SPDX-License-Identifier: GPL-2.0
/* The rows of the benchmark, see clocks.h. */
#include <string.h>
#include <time.h>

#include "clocks.h"
#include "util.h"

/* The first clock for user space's auxiliary timekeepers, new in Linux 6.17 */
#ifndef CLOCK_AUX
#define CLOCK_AUX	16
#endif

#define CLOCK(clock)		{ .name = #clock, .id = clock }
#define COUNTED(clock)		{ .name = #clock, .id = clock, .is_counted_only = true }
#define TRACE(clock)		{ .name = #clock, .id = JOB_##clock, .is_trace = true }
#define INLINE(text, code)	{ .name = text, .id = code, .is_inline = true }

const struct clock_info clock_infos[] = {
	INLINE("rdtsc", INLINE_RDTSC),
	INLINE("lfence rdtsc", INLINE_LFENCE_RDTSC),
	INLINE("rdtscp", INLINE_RDTSCP),
	INLINE("called rdtsc", CALLED_RDTSC),
	INLINE("called lfence rdtsc", CALLED_LFENCE_RDTSC),
	INLINE("called rdtscp", CALLED_RDTSCP),
	CLOCK(CLOCK_REALTIME),
	CLOCK(CLOCK_MONOTONIC),
	CLOCK(CLOCK_MONOTONIC_RAW),
	CLOCK(CLOCK_BOOTTIME),
	CLOCK(CLOCK_MONOTONIC_COARSE),
	TRACE(CLOCK_TRACE),
	TRACE(CLOCK_TRACE_UNORDERED),
	COUNTED(CLOCK_REALTIME_COARSE),
	COUNTED(CLOCK_TAI),
	COUNTED(CLOCK_PROCESS_CPUTIME_ID),
	COUNTED(CLOCK_AUX),
	{ .name = "CLOCK_TRACE_FREQ", .id = JOB_CLOCK_TRACE_FREQ, .is_trace = true,
	  .is_counted_only = true },
};

const size_t nr_clock_infos = ARRAY_SIZE(clock_infos);

const struct clock_info *find_clock(const char *name)
{
	size_t i;

	for (i = 0; i < nr_clock_infos; i++) {
		if (!strcmp(clock_infos[i].name, name))
			return &clock_infos[i];
	}
	return NULL;
}
