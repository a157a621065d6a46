// SPDX-License-Identifier: GPL-2.0
/*
 * The trace clock: one cycle counter for the kernel and for user space
 *
 * This file is how the clock is read. The others:
 *
 *  clock_trace_line.c    time lines and epochs, and when the counter may be read
 *  clock_trace_source.c  counters, and their users
 *  clock_trace_loss.c    how CLOCK_MONOTONIC takes over when a counter loses trust
 *  clock_trace_epoch.c   announces new epochs
 *
 * While a counter is trusted, readers in the kernel and in the vDSO read it directly:
 * they look at the epoch, read the counter, and look at the epoch again. Epoch 0 means
 * that the counter must not be read that way. Nothing else is written while the clock
 * runs, so that readers neither wait nor share a cache line with a writer.
 *
 * A reader that finds no epoch takes the slow path, with the current time line. What
 * drives that is
 *
 *  - the counter, while the epoch is withheld or the counter is losing trust. No reader
 *    gets less than another has got on this path, and the counter of a CPU that has not
 *    been measured is not read.
 *  - CLOCK_MONOTONIC otherwise, in ticks of the line's frequency.
 *
 * CLOCK_MONOTONIC does not go back, as long as nobody reads it while timekeeping updates
 * it. A reader that cannot wait for the update to end, as it may have interrupted it,
 * gets a time that can be a little ahead. It raises the line's highest value to that,
 * which all readers look at. So the cache line with the highest value is written by those
 * few readers only, and reading scales.
 *
 * No reader takes a lock, sleeps, or waits for anything but an update of timekeeping, and
 * for that only clock_trace_read_sample() does.
 */

#include <linux/atomic.h>
#include <linux/clock_trace.h>
#include <linux/export.h>
#include <linux/preempt.h>
#include <linux/string.h>
#include <linux/time32.h>
#include <linux/timekeeping.h>

#include "clock_trace_internal.h"
#include "clock_trace_line.h"

/* What CLOCK_MONOTONIC makes of a line */
static __always_inline u64 monotonic_value(const struct clock_trace_line *line, u64 ns)
{
	u64 ticks = 0;

	/* A reading without the lock of timekeeping may be older than the line */
	if (likely((s64)(ns - line->base_ns) > 0))
		ticks = clock_trace_ns_to_ticks(ns - line->base_ns, &line->rate);

	return line->base_ticks + ticks;
}

/* @any_context: the caller may have interrupted an update of timekeeping */
static __always_inline u64 read_monotonic(struct clock_trace_line *line, bool any_context)
{
	bool raise = line->clamped;
	u64 value, ns;

	if (!any_context) {
		ns = ktime_get_ns();
	} else if (unlikely(!ktime_try_get_ns(&ns))) {
		ns = ktime_get_mono_fast_ns();
		raise = true;
	}

	value = monotonic_value(line, ns);
	if (unlikely(raise))
		return clock_trace_never_back(line->highest, value);

	/*
	 * A reader that communicated its value has raised the highest before. Both
	 * functions that did not raise it here end with a read barrier.
	 */
	return max_t(u64, value, atomic64_read(line->highest));
}

static __always_inline void read_slow(struct clock_trace_sample *sample, bool any_context)
{
	struct clock_trace_line *line;

	do {
		/* Pairs with the release in clock_trace_set_line() */
		line = smp_load_acquire(&clock_trace_live.line);
		/* Likewise */
		sample->epoch = smp_load_acquire(&line->epoch);
		sample->frequency = line->frequency;
		if (line->state == CLOCK_TRACE_COUNTER)
			sample->value = clock_trace_note_counter(line);
		else
			sample->value = read_monotonic(line, any_context);
		/*
		 * If the line has ended meanwhile, the value may be of none. Pairs with
		 * the barriers in clock_trace_begin_line() and clock_trace_set_line().
		 */
		smp_rmb();
	} while (unlikely(!sample->epoch || READ_ONCE(clock_trace_live.line) != line ||
			  READ_ONCE(line->epoch) != sample->epoch));
}

/* Returns false if the counter may not be read. With preemption disabled, see below */
static __always_inline bool read_counter(struct clock_trace_sample *sample)
{
	u32 epoch = READ_ONCE(clock_trace_live.epoch);

	if (unlikely(!epoch))
		return false;

	/* Pairs with the barriers in clock_trace_restore_locked() */
	smp_rmb();
	sample->value = static_call(clock_trace_counter)();
	sample->frequency = READ_ONCE(clock_trace_live.frequency);
	sample->epoch = epoch;
	/* Pairs with the barrier in clock_trace_begin_line() */
	smp_rmb();
	return likely(READ_ONCE(clock_trace_live.epoch) == epoch);
}

static __always_inline void read_sample(struct clock_trace_sample *sample, bool any_context)
{
	/*
	 * Keeps the counter powered until it is read: clock_trace_stop_source() waits
	 * for this.
	 */
	preempt_disable_notrace();
	if (!read_counter(sample))
		read_slow(sample, any_context);
	preempt_enable_notrace();
}

/**
 * clock_trace_read - read the trace clock
 *
 * The counter is read after all earlier loads and before all later stores: values may be
 * compared between CPUs, and with those that user space gets from CLOCK_TRACE. Any context,
 * including NMI; during early boot it is CLOCK_MONOTONIC.
 *
 * Return: ticks of clock_trace_freq(); as long as clock_trace_epoch() does not
 * change, never less than any earlier reading.
 */
u64 notrace clock_trace_read(void)
{
	struct clock_trace_sample sample;

	read_sample(&sample, true);
	return sample.value;
}
EXPORT_SYMBOL_GPL(clock_trace_read);

/**
 * clock_trace_freq - frequency of the trace clock
 *
 * Any context, including NMI. Use clock_trace_get_info() or the notifier where
 * frequency and epoch have to agree.
 *
 * Return: ticks per second.
 */
u64 notrace clock_trace_freq(void)
{
	struct clock_trace_sample sample;

	read_sample(&sample, true);
	return sample.frequency;
}
EXPORT_SYMBOL_GPL(clock_trace_freq);

/**
 * clock_trace_epoch - current epoch of the trace clock
 *
 * Any context, including NMI.
 *
 * Return: a number from 1 to 999999999. It changes whenever the relation between
 * the clock's value and time changes: another counter, a counter that was reset, a
 * virtual machine that was restored, or CLOCK_MONOTONIC in place of a counter.
 */
u32 notrace clock_trace_epoch(void)
{
	struct clock_trace_sample sample;

	read_sample(&sample, true);
	return sample.epoch;
}
EXPORT_SYMBOL_GPL(clock_trace_epoch);

/**
 * clock_trace_read_any - value, frequency and epoch that belong together
 * @sample:	where they are stored
 *
 * Any context, including NMI.
 */
void notrace clock_trace_read_any(struct clock_trace_sample *sample)
{
	read_sample(sample, true);
}

/**
 * clock_trace_read_sample - value, frequency and epoch that belong together
 * @sample:	where they are stored
 *
 * Task context only; clock_trace_read() is for all others.
 */
void clock_trace_read_sample(struct clock_trace_sample *sample)
{
	read_sample(sample, false);
}
EXPORT_SYMBOL_GPL(clock_trace_read_sample);

/**
 * clock_trace_read_for_user - what a system call returns
 * @sample:	value, frequency and epoch, which belong together
 *
 * As clock_trace_read_sample(), but the first call makes user space a user of the clock.
 */
void clock_trace_read_for_user(struct clock_trace_sample *sample)
{
	if (unlikely(!READ_ONCE(clock_trace_user_space)))
		clock_trace_begin_user_space();

	read_sample(sample, false);
}

/*
 * While CLOCK_MONOTONIC drives the clock, a system call is as cheap as reading that: no
 * counter is read, so the task may be preempted.
 */
static __always_inline bool read_direct(struct clock_trace_sample *sample)
{
	/* Pairs with the release in clock_trace_set_line() */
	const struct clock_trace_line *line = smp_load_acquire(&clock_trace_live.line);
	u64 value;

	/* Pairs with the release in clock_trace_update_direct() */
	sample->epoch = smp_load_acquire(&line->direct_epoch);
	if (!sample->epoch)
		return false;

	value = monotonic_value(line, ktime_get_ns());
	sample->value = max_t(u64, value, atomic64_read(line->highest));
	sample->frequency = line->frequency;
	/*
	 * If the task was preempted for long, the structure may be in use for another line,
	 * or the one where @highest is. Pairs with the barriers in clock_trace_begin_line().
	 */
	smp_rmb();
	return likely(READ_ONCE(line->direct_epoch) == sample->epoch &&
		      READ_ONCE(clock_trace_live.line) == line);
}

static __always_inline bool read_counter_for_user(struct clock_trace_sample *sample)
{
	bool done;

	if (unlikely(!READ_ONCE(clock_trace_user_space)))
		return false;

	preempt_disable_notrace();
	done = read_counter(sample);
	preempt_enable_notrace();
	return done;
}

static __always_inline int put_sample(const struct clock_trace_sample *sample,
				      clockid_t which_clock, struct timespec64 *tp)
{
	tp->tv_sec = which_clock == CLOCK_TRACE_FREQ ? sample->frequency : sample->value;
	tp->tv_nsec = sample->epoch;
	return 0;
}

/* The 8 bytes of an old timespec hold the number itself, there is no room for its epoch */
static __always_inline int put_halves(struct timespec64 *tp, u64 value)
{
	struct old_timespec32 halves;

	memcpy(&halves, &value, sizeof(halves));
	tp->tv_sec = halves.tv_sec;
	tp->tv_nsec = halves.tv_nsec;
	return 0;
}

static noinline int get_timespec_slow(clockid_t which_clock, struct timespec64 *tp)
{
	struct clock_trace_sample sample;

	clock_trace_read_for_user(&sample);
	return put_sample(&sample, which_clock, tp);
}

/**
 * clock_trace_get_timespec - clock_gettime() as a system call
 * @which_clock: CLOCK_TRACE, CLOCK_TRACE_UNORDERED or CLOCK_TRACE_FREQ
 * @tp:		where the number, in tv_sec, and its epoch, in tv_nsec, are stored
 *
 * As clock_trace_read_for_user(), without a structure in memory on the usual paths.
 *
 * Return: 0
 */
int clock_trace_get_timespec(const clockid_t which_clock, struct timespec64 *tp)
{
	/* One of the functions writes all of it: save the time to zero it first */
	struct clock_trace_sample sample __uninitialized;

	if (read_direct(&sample) || read_counter_for_user(&sample))
		return put_sample(&sample, which_clock, tp);

	return get_timespec_slow(which_clock, tp);
}

/**
 * clock_trace_get_timespec32 - clock_gettime() with an old timespec
 * @which_clock: CLOCK_TRACE, CLOCK_TRACE_UNORDERED or CLOCK_TRACE_FREQ
 * @tp:		where the halves of the number are stored, in the order of its bytes
 *
 * As clock_trace_get_timespec().
 *
 * Return: 0
 */
int clock_trace_get_timespec32(const clockid_t which_clock, struct timespec64 *tp)
{
	struct clock_trace_sample sample __uninitialized;

	if (!read_direct(&sample) && !read_counter_for_user(&sample)) {
		get_timespec_slow(which_clock, tp);
		return put_halves(tp, tp->tv_sec);
	}

	return put_halves(tp, which_clock == CLOCK_TRACE_FREQ ? sample.frequency : sample.value);
}
