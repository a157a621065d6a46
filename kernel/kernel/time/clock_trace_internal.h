/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _KERNEL_TIME_CLOCK_TRACE_INTERNAL_H
#define _KERNEL_TIME_CLOCK_TRACE_INTERNAL_H

#include <linux/atomic.h>
#include <linux/clock_trace.h>
#include <linux/math64.h>
#include <linux/time64.h>
#include <linux/types.h>

struct kobject;

/*
 * Epochs stay valid as nanoseconds, so that nobody who checks a timespec finds
 * fault with one. They are never used up: each is a reboot-scale event.
 */
#define CLOCK_TRACE_EPOCH_MAX	(NSEC_PER_SEC - 1)

/**
 * clock_trace_ns_to_ticks - convert a time span to ticks
 * @ns:		nanoseconds, any value
 * @frequency:	ticks per second, any value
 *
 * Seconds and the rest are converted apart, on both sides, so that no product exceeds
 * 64 bits. A 128-bit division would be shorter, but is a function that can be traced
 * where the CPU has none, and a tracer may read the clock.
 *
 * Return: the ticks in @ns, rounded down, modulo 2^64.
 */
static __always_inline u64 clock_trace_ns_to_ticks(u64 ns, u64 frequency)
{
	u32 ns_rest, frequency_rest;
	u64 sec = div_u64_rem(ns, NSEC_PER_SEC, &ns_rest);
	u64 giga = div_u64_rem(frequency, NSEC_PER_SEC, &frequency_rest);

	return sec * frequency + ns_rest * giga +
	       div_u64((u64)ns_rest * frequency_rest, NSEC_PER_SEC);
}

/**
 * clock_trace_resolution - length of a tick
 * @frequency:	ticks per second, at least 1
 *
 * Return: nanoseconds, rounded up.
 */
static inline u32 clock_trace_resolution(u64 frequency)
{
	return div64_u64(NSEC_PER_SEC - 1, frequency) + 1;
}

/**
 * clock_trace_never_back - keep a series of values from going back
 * @highest:	the highest value of the series so far
 * @value:	the next value
 *
 * Safe in any context: whoever is interrupted here finds a higher value and
 * either raises it further or returns it.
 *
 * Return: @value, or the highest value so far if @value is behind it.
 */
static __always_inline u64 clock_trace_never_back(atomic64_t *highest, u64 value)
{
	s64 old = atomic64_read(highest);

	do {
		if ((u64)old >= value)
			return old;
	} while (!atomic64_try_cmpxchg(highest, &old, value));

	return value;
}

extern struct kobject *clock_trace_kobj;

void clock_trace_read_for_user(struct clock_trace_sample *sample);
void clock_trace_source_checked(void);

#ifdef CONFIG_CLOCK_TRACE_CHECK

void clock_trace_monitor_start(struct clock_trace_source *source);
void clock_trace_monitor_stop(void);
void clock_trace_monitor_flush(void);
bool clock_trace_monitor_passed(void);

#else

/* A single CPU has a single time line */
static inline void clock_trace_monitor_start(struct clock_trace_source *source) { }
static inline void clock_trace_monitor_stop(void) { }
static inline void clock_trace_monitor_flush(void) { }

static inline bool clock_trace_monitor_passed(void)
{
	return true;
}

#endif /* CONFIG_CLOCK_TRACE_CHECK */

#endif /* _KERNEL_TIME_CLOCK_TRACE_INTERNAL_H */
