// SPDX-License-Identifier: GPL-2.0
/*
 * Uses all of clock_trace.h, in C as well as in C++, for compile.sh to compile in many ways. Two
 * such files make a program, as a header may be included in more than one.
 */
#include "clock_trace.h"

#ifndef PART
#define PART main
#endif

int PART(void);

int PART(void)
{
	struct clock_trace_reading reading;
	struct clock_trace_sample sample;
	struct clock_trace_pairing pairing;
	uint64_t value;
	int64_t ns;
	size_t size;

	if (clock_trace_vdso(&size) &&
	    !clock_trace_vdso_symbol(clock_trace_vdso(&size), size, "none", "LINUX_2.6"))
		size = 0;
	if (!clock_trace_available())
		return clock_trace_sample_or_monotonic(&sample) != clock_trace_or_monotonic() ||
		       clock_trace_read_or_monotonic(&value) != CLOCK_MONOTONIC;
	return clock_trace_read(&value) || clock_trace_read_unordered(&value) ||
	       clock_trace_read_epoch(&reading) || clock_trace_read_unordered_epoch(&reading) ||
	       clock_trace_read_syscall(CLOCK_TRACE_UNORDERED, &reading) ||
	       clock_trace_frequency(&value) || clock_trace_frequency_epoch(&reading) ||
	       clock_trace_read_sample(&sample) || clock_trace_resolution(&value) ||
	       clock_trace_ticks_to_ns(1, sample.frequency, &value) ||
	       clock_trace_ns_to_ticks(1, sample.frequency, &value) ||
	       clock_trace_pair(CLOCK_REALTIME, 1, &pairing) ||
	       clock_trace_pairing_to_ns(&pairing, pairing.value, &ns);
}
