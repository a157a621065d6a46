// SPDX-License-Identifier: GPL-2.0
#include <string.h>

#include "clock_trace.h"
#include "clocks.h"

const struct clock_name clocks[] = {
	{ "CLOCK_REALTIME", CLOCK_REALTIME, "realtime" },
	{ "CLOCK_MONOTONIC", CLOCK_MONOTONIC, "monotonic" },
	{ "CLOCK_MONOTONIC_RAW", CLOCK_MONOTONIC_RAW, "monotonic-raw" },
	{ "CLOCK_BOOTTIME", CLOCK_BOOTTIME, "boottime" },
	{ "CLOCK_TAI", CLOCK_TAI, "tai" },
	{ "CLOCK_REALTIME_COARSE", CLOCK_REALTIME_COARSE, NULL },
	{ "CLOCK_MONOTONIC_COARSE", CLOCK_MONOTONIC_COARSE, NULL },
	{ "CLOCK_TRACE", CLOCK_TRACE, NULL },
	{ "CLOCK_TRACE_UNORDERED", CLOCK_TRACE_UNORDERED, NULL },
};

const size_t nr_clocks = sizeof(clocks) / sizeof(clocks[0]);

const struct clock_name *clock_by_option(const char *option)
{
	size_t i;

	for (i = 0; i < nr_clocks; i++)
		if (clocks[i].option && !strcmp(clocks[i].option, option))
			return &clocks[i];
	return NULL;
}
