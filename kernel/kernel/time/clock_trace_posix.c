// SPDX-License-Identifier: GPL-2.0
/*
 * The trace clock as POSIX clocks: the system call side
 */

#include <linux/clock_trace.h>
#include <linux/posix-timers.h>
#include <linux/time.h>

#include "clock_trace_internal.h"
#include "posix-timers.h"

static int get_resolution(const clockid_t which_clock, struct timespec64 *tp)
{
	struct clock_trace_sample sample;

	clock_trace_read_for_user(&sample);
	/* The frequency is at least 1 Hz, so this is a second at most */
	tp->tv_sec = 0;
	tp->tv_nsec = clock_trace_resolution(sample.frequency);
	if (tp->tv_nsec == NSEC_PER_SEC) {
		tp->tv_sec = 1;
		tp->tv_nsec = 0;
	}
	return 0;
}

/* Without the other operations, the clock cannot be set, adjusted, slept on or armed */
const struct k_clock clock_trace = {
	.clock_getres		= get_resolution,
	.clock_get_timespec	= clock_trace_get_timespec,
};

/* For an old timespec: its 8 bytes hold the number itself, there is no room for its epoch */
const struct k_clock clock_trace32 = {
	.clock_get_timespec	= clock_trace_get_timespec32,
};
