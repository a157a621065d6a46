/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _KERNEL_TIME_CLOCK_TRACE_INTERNAL_H
#define _KERNEL_TIME_CLOCK_TRACE_INTERNAL_H

#include <linux/atomic.h>
#include <linux/clock_trace.h>
#include <linux/math64.h>
#include <linux/time64.h>
#include <linux/types.h>

struct cpumask;
struct kobject;

/*
 * Epochs are valid as nanoseconds: a program that checks each timespec accepts them.
 */
#define CLOCK_TRACE_EPOCH_MAX	(NSEC_PER_SEC - 1)

/**
 * struct clock_trace_rate - ticks in a nanosecond
 * @ticks:	whole ticks
 * @fraction:	the rest, in units of 2^-64
 */
struct clock_trace_rate {
	u64	ticks;
	u64	fraction;
};

/**
 * clock_trace_make_rate - ticks in a nanosecond, from a frequency
 * @frequency:	ticks per second, any value
 *
 * Return: the rate, its fraction rounded up: whole seconds then have whole ticks.
 */
static inline struct clock_trace_rate clock_trace_make_rate(u64 frequency)
{
	struct clock_trace_rate rate;
	u32 rest;

	rate.ticks = div_u64_rem(frequency, NSEC_PER_SEC, &rest);
	rate.fraction = div_u64_rem((u64)rest << 32, NSEC_PER_SEC, &rest) << 32;
	rate.fraction += div_u64_rem((u64)rest << 32, NSEC_PER_SEC, &rest);
	if (rest)
		rate.fraction++;
	return rate;
}

/**
 * clock_trace_ns_to_ticks - convert a time span to ticks
 * @ns:		nanoseconds, any value
 * @rate:	ticks in a nanosecond
 *
 * No division: a system call without a counter is to be as fast as one that reads
 * CLOCK_MONOTONIC.
 *
 * Return: the ticks in @ns, modulo 2^64: rounded down, or one more. Never less for more
 * nanoseconds, and exact for whole seconds.
 */
static __always_inline u64 clock_trace_ns_to_ticks(u64 ns, const struct clock_trace_rate *rate)
{
	return ns * rate->ticks + mul_u64_u64_shr(ns, rate->fraction, 64);
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

/* clock_trace_uuid.c */
void clock_trace_forget_uuid(void);

void clock_trace_read_any(struct clock_trace_sample *sample);
void clock_trace_read_for_user(struct clock_trace_sample *sample);
int clock_trace_get_timespec(const clockid_t which_clock, struct timespec64 *tp);
int clock_trace_get_timespec32(const clockid_t which_clock, struct timespec64 *tp);

/*
 * Functions for the sync check. The core keeps the set of CPUs whose counter may be read
 * ("measured"), and takes the epoch away whenever an online CPU may be outside of it:
 * the core's own hotplug callbacks withhold the epoch before a CPU starts and while one
 * goes, and a resume or a restored virtual machine begins a new epoch, withheld, with
 * the current CPU as the only measured one. The check measures the rest, reports each
 * CPU that passed, and asks for the epoch when it is through.
 */

/**
 * clock_trace_withhold - have nobody read the counter directly for now
 *
 * Takes the epoch away from the kernel's readers and from the vDSO. Until
 * clock_trace_restore() readers take the slow path, which never goes back: a measured
 * CPU reads its counter, any other returns the highest value that was read so far, or
 * what jiffies say that the counter has reached. May be called again while the epoch is
 * withheld.
 *
 * Any context but NMI.
 */
void clock_trace_withhold(void);

/**
 * clock_trace_keep_up - let CPUs that are not measured follow this CPU's counter
 *
 * While the epoch is withheld, what such CPUs read from jiffies falls behind the counter.
 * To be called now and then on a CPU that is measured. Does nothing while there is an epoch.
 *
 * Any context but NMI.
 */
void clock_trace_keep_up(void);

/**
 * clock_trace_look_for_reset - begin a new epoch if the counter has been set back
 *
 * A hypervisor may set it back without a notification. Looks at this CPU's counter, if it is
 * measured: it must not be behind what it had at the last call, or at the beginning of the
 * time line, plus three quarters of the time since by CLOCK_MONOTONIC. If it is, a new time
 * line begins, as with clock_trace_source_reset().
 *
 * Process context.
 *
 * Return: true if a new epoch has begun.
 */
bool clock_trace_look_for_reset(void);

/**
 * clock_trace_bar - have nobody read the counter directly, whatever is measured
 * @preferred:	online CPUs, one of which should be the one that stays measured
 *
 * Withholds the epoch; clock_trace_restore() and clock_trace_cpu_passed() do nothing until
 * clock_trace_unbar(). For a suspend, in which firmware may change counters, and yet no new
 * epoch begins: only one CPU counts as measured from now on, so that the counter of no
 * other one is read. Interrupts every CPU to note how far its counter is.
 *
 * Process context, with cpus_read_lock() held.
 */
void clock_trace_bar(const struct cpumask *preferred);

/**
 * clock_trace_is_barred - is it between clock_trace_bar() and clock_trace_unbar()?
 *
 * Any context.
 *
 * Return: true while it is no use to measure CPUs.
 */
bool clock_trace_is_barred(void);

/**
 * clock_trace_unbar - end of a suspend
 *
 * The time line goes on if no other one has begun. CPUs can be measured again, against the
 * one that clock_trace_bar() has left.
 *
 * With cpus_read_lock() held.
 */
void clock_trace_unbar(void);

/**
 * clock_trace_restore - let readers read the counter again
 *
 * Undoes all earlier clock_trace_withhold(): readers get the epoch back that they had,
 * as the time line is the same. Does nothing while an online CPU is not measured, or
 * after a loss of trust. If the counter is behind what a reader has got meanwhile, a work
 * item does it later.
 *
 * With cpus_read_lock() held or in a CPU hotplug callback, so that no CPU is on its way
 * up. Does not sleep.
 *
 * Return: true if the counter may be read directly now.
 */
bool clock_trace_restore(void);

/**
 * clock_trace_generation - what a measurement that begins now is good for
 *
 * Any context but NMI.
 *
 * Return: a number that changes when all measurements so far become void.
 */
unsigned int clock_trace_generation(void);

/**
 * clock_trace_cpu_passed - the sync check has measured a CPU
 * @cpu:	its counter may be read from now on. It has been measured against a CPU
 *		that has passed itself; the first one, the reference, need not have been.
 * @measured_in: clock_trace_generation() before the measurement began. If that is another
 *		one now, the measurement may have been made on an earlier time line, and
 *		does not count.
 *
 * Any context but NMI.
 */
void clock_trace_cpu_passed(unsigned int cpu, unsigned int measured_in);

/**
 * clock_trace_cpu_has_passed - may the counter of a CPU be read?
 * @cpu:	the CPU
 *
 * Any context.
 *
 * Return: false if @cpu has not been measured since it came online, since the machine
 * resumed or was restored, or since clock_trace_monitor_start().
 */
bool clock_trace_cpu_has_passed(unsigned int cpu);

/**
 * clock_trace_forget_measured - the check begins to measure another counter
 *
 * All measurements so far are void, those that are under way as well.
 *
 * Any context but NMI.
 */
void clock_trace_forget_measured(void);

/**
 * clock_trace_source_condemned - the sync check has proven two counters to differ
 * @source:	the counter
 * @reason:	the reason, which is copied
 *
 * As clock_trace_source_lost(), and lets timekeeping know, in process context, as the
 * fallback would run on the condemned counter otherwise.
 *
 * Any context but NMI.
 */
void clock_trace_source_condemned(struct clock_trace_source *source, const char *reason);

/**
 * clock_trace_source_checked - a check of all CPUs is complete
 *
 * Lets a counter that passed its first check drive the clock.
 *
 * Process context, but not in CPU hotplug callbacks or with cpus_read_lock() held.
 */
void clock_trace_source_checked(void);

/*
 * Functions of the sync check, for the core.
 *
 * clock_trace_monitor_start(), _stop() and _set_used() are called in process context
 * with clock_trace_mutex held, from which cpus_read_lock() may be taken.
 * clock_trace_monitor_recheck() is called with interrupts disabled as well, and only
 * schedules.
 */
#ifdef CONFIG_CLOCK_TRACE_CHECK

/* clock_trace_monitor.c */
void clock_trace_monitor_start(struct clock_trace_source *source);
void clock_trace_monitor_stop(void);
void clock_trace_monitor_flush(void);
bool clock_trace_monitor_passed(void);
void clock_trace_monitor_set_used(bool used);
void clock_trace_monitor_recheck(void);

#else

/* clock_trace_unchecked.c */
void clock_trace_monitor_start(struct clock_trace_source *source);
void clock_trace_monitor_recheck(void);

static inline void clock_trace_monitor_stop(void) { }
static inline void clock_trace_monitor_flush(void) { }
static inline void clock_trace_monitor_set_used(bool used) { }

static inline bool clock_trace_monitor_passed(void)
{
	return true;
}

#endif /* CONFIG_CLOCK_TRACE_CHECK */

#endif /* _KERNEL_TIME_CLOCK_TRACE_INTERNAL_H */
