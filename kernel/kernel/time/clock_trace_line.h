/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _KERNEL_TIME_CLOCK_TRACE_LINE_H
#define _KERNEL_TIME_CLOCK_TRACE_LINE_H

/*
 * The time lines of the trace clock, as the files of its core share them.
 *
 * Lock order: clock_trace_mutex, cpus_read_lock(), clock_trace_lock.
 */

#include <linux/atomic.h>
#include <linux/cache.h>
#include <linux/clock_trace.h>
#include <linux/cpumask.h>
#include <linux/mutex.h>
#include <linux/seqlock.h>
#include <linux/smp.h>
#include <linux/spinlock.h>
#include <linux/static_call.h>
#include <linux/types.h>

#include <vdso/clock_trace.h>
#include <vdso/datapage.h>

#include "clock_trace_internal.h"

/**
 * struct clock_trace_held - how far a counter was while its epoch is taken away
 * @ticks:	what it had reached at least
 * @jiffies:	the jiffies then, at least
 */
struct clock_trace_held {
	u64			ticks;
	unsigned long		jiffies;
};

/**
 * struct clock_trace_line - a time line
 * @epoch:	its epoch; 0 while the structure is prepared for another line. Never the same
 *		for two uses of the structure while a reader can be in between.
 * @direct_epoch: @epoch while a system call needs nothing but CLOCK_MONOTONIC, else 0: that
 *		drives the line, is not @clamped, and the program is not the first one to
 *		read the clock
 * @state:	what drives it
 * @clamped:	CLOCK_MONOTONIC may go back, because it still depends on a condemned
 *		counter: no reader gets less than another has got
 * @frequency:	ticks per second
 * @rate:	@frequency as ticks in a nanosecond
 * @source:	the counter, with CLOCK_TRACE_COUNTER
 * @base_ticks:	with CLOCK_MONOTONIC: value at @base_ns
 * @base_ns:	with CLOCK_MONOTONIC: nanoseconds where this line begins
 * @held_seq:	says which of the two to read: an NMI may read while they are written
 * @held:	with a counter whose epoch is taken away: how far it was, not long ago
 * @highest:	no reader that finds no epoch returns less than this. Such readers raise
 *		it when they read the counter, or CLOCK_MONOTONIC while that is being
 *		updated. All others only read it.
 * @own_highest: where @highest points to, unless the line continues another one's
 */
struct clock_trace_line {
	u32				epoch;
	u32				direct_epoch;
	enum clock_trace_state		state;
	bool				clamped;
	u64				frequency;
	struct clock_trace_rate		rate;
	struct clock_trace_source	*source;
	u64				base_ticks;
	u64				base_ns;
	seqcount_latch_t		held_seq;
	struct clock_trace_held		held[2];
	atomic64_t			*highest;
	atomic64_t			own_highest ____cacheline_aligned;
};

/**
 * struct clock_trace_live - what readers need to know
 * @epoch:	the current epoch while the counter may be read directly, else 0
 * @frequency:	ticks per second in that epoch
 * @line:	the current time line
 *
 * On a cache line that is written only when the epoch changes.
 */
struct clock_trace_live {
	u32			epoch;
	u64			frequency;
	struct clock_trace_line	*line;
};

extern struct clock_trace_live clock_trace_live;

/* The CPUs whose counter may be read: those that the sync check has measured */
extern struct cpumask clock_trace_measured;

/* Serializes what sleeps: the sources, the users, what drives the clock */
extern struct mutex clock_trace_mutex;

/*
 * Serializes what is published to readers. Interrupts are off while it is held, so
 * that hotplug and resume, which cannot sleep, find all of it consistent.
 */
extern raw_spinlock_t clock_trace_lock;

/* A program has read the clock. Protected by clock_trace_lock, never reset */
extern bool clock_trace_user_space;

u64 clock_trace_no_counter(void);
DECLARE_STATIC_CALL(clock_trace_counter, clock_trace_no_counter);

u64 clock_trace_from_jiffies(const struct clock_trace_line *line);

/**
 * clock_trace_note_counter - raise the highest value of a line to this CPU's counter
 * @line:	a counter's line
 *
 * With preemption disabled. The counter of a CPU that is not measured is not read: jiffies
 * take its place, so that the clock does not stand still there.
 *
 * Return: the highest value of @line so far, which is this CPU's counter unless another
 * CPU has read more.
 */
static __always_inline u64 clock_trace_note_counter(struct clock_trace_line *line)
{
	if (unlikely(!cpumask_test_cpu(raw_smp_processor_id(), &clock_trace_measured)))
		return clock_trace_never_back(line->highest, clock_trace_from_jiffies(line));

	return clock_trace_never_back(line->highest, static_call(clock_trace_counter)());
}

/* What programs read. The only place that knows where it is */
static inline struct vdso_clock_trace *clock_trace_vdso_data(void)
{
	return &vdso_k_arch_data->clock_trace;
}

/* clock_trace_line.c */
void clock_trace_withhold_locked(void);
void clock_trace_note_everywhere(struct clock_trace_line *line);
bool clock_trace_restore_locked(void);
void clock_trace_publish_vdso(void);
void clock_trace_look_for_loss(struct clock_trace_source *source);
struct clock_trace_line *clock_trace_begin_line(enum clock_trace_state state, u64 frequency);
void clock_trace_set_line(struct clock_trace_line *line);
void clock_trace_update_direct(void);
void clock_trace_begin_counter_line(struct clock_trace_source *source);
void clock_trace_begin_monotonic_line(void);

/* clock_trace_source.c */
void clock_trace_begin_user_space(void);
struct clock_trace_source *clock_trace_get_source(void);
void clock_trace_select_source(void);
void clock_trace_stop_source(struct clock_trace_source *source);
void clock_trace_drop_source(struct clock_trace_source *source);
void clock_trace_describe_source(struct clock_trace_info *info);

/* clock_trace_loss.c */
bool clock_trace_is_lost(const struct clock_trace_source *source);
void clock_trace_begin_loss(struct clock_trace_source *source, u32 epoch);

/* clock_trace_epoch.c */
void clock_trace_announce(enum clock_trace_state state, const char *source,
			  const char *reason);

#endif /* _KERNEL_TIME_CLOCK_TRACE_LINE_H */
