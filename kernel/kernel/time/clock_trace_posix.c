// SPDX-License-Identifier: GPL-2.0
/*
 * The trace clock as POSIX clocks: the system call side
 */

#include <linux/clock_trace.h>
#include <linux/compat.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/posix-timers.h>
#include <linux/time.h>
#include <linux/uaccess.h>

#include "clock_trace_internal.h"
#include "posix-timers.h"

static int clock_trace_getres(const clockid_t which_clock, struct timespec64 *tp)
{
	struct clock_trace_sample sample;

	clock_trace_read_for_user(&sample);
	/* A second at the most: the frequency is at least 1 Hz */
	tp->tv_sec = 0;
	tp->tv_nsec = clock_trace_resolution(sample.frequency);
	if (tp->tv_nsec == NSEC_PER_SEC) {
		tp->tv_sec = 1;
		tp->tv_nsec = 0;
	}
	return 0;
}

static int clock_trace_get_timespec(const clockid_t which_clock, struct timespec64 *tp)
{
	/* All of it is written: do not spend time on zeroing it first */
	struct clock_trace_sample sample __uninitialized;

	clock_trace_read_for_user(&sample);
	tp->tv_sec = which_clock == CLOCK_TRACE_FREQ ? sample.frequency : sample.value;
	tp->tv_nsec = sample.epoch;
	return 0;
}

/**
 * clock_trace_fault_in - see that all of a result can be stored, or nothing
 * @to:		where user space wants it
 * @size:	of the result, less than a page
 *
 * copy_to_user() may have written what lies on the first page when it finds that
 * the second cannot be written. Half a value looks like a value, so rule that out.
 *
 * Return: 0, or -EFAULT if the second of two pages cannot be written.
 */
int clock_trace_fault_in(void __user *to, size_t size)
{
	if (likely(offset_in_page(to) <= PAGE_SIZE - size))
		return 0;

	/*
	 * A stack that ends in between grows by an ordinary access, as it does for
	 * copy_to_user(). If this one fails the next one tells.
	 */
	fault_in_readable(to, size);
	return fault_in_safe_writeable(to, size) ? -EFAULT : 0;
}

static int clock_trace_copy_out(void __user *to, const void *from, size_t size)
{
	if (clock_trace_fault_in(to, size))
		return -EFAULT;

	return copy_to_user(to, from, size) ? -EFAULT : 0;
}

/**
 * clock_trace_put_timespec64 - store a reading of a trace clock id
 * @ts:		the reading
 * @uts:	where user space wants it
 *
 * Return: 0, or -EFAULT with nothing written.
 */
int clock_trace_put_timespec64(const struct timespec64 *ts,
			       struct __kernel_timespec __user *uts)
{
	struct __kernel_timespec kts = {
		.tv_sec		= ts->tv_sec,
		.tv_nsec	= ts->tv_nsec,
	};

	return clock_trace_copy_out(uts, &kts, sizeof(kts));
}

/**
 * clock_trace_put_timespec32 - store a reading in an old 32-bit timespec
 * @ts:		the reading
 * @uts:	where user space wants it: 8 bytes, which get the 64-bit number in
 *		native byte order
 *
 * Return: 0, or -EFAULT with nothing written.
 */
int clock_trace_put_timespec32(const struct timespec64 *ts, void __user *uts)
{
	u64 value = ts->tv_sec;

	/* Handles the x32 ABI as put_old_timespec32() does */
	if (COMPAT_USE_64BIT_TIME)
		return clock_trace_put_timespec64(ts, uts);

	return clock_trace_copy_out(uts, &value, sizeof(value));
}

/* Cannot be set, adjusted, slept on or armed: all other operations are absent */
const struct k_clock clock_trace = {
	.clock_getres		= clock_trace_getres,
	.clock_get_timespec	= clock_trace_get_timespec,
};
