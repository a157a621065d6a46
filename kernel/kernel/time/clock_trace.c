// SPDX-License-Identifier: GPL-2.0
/*
 * The trace clock: one cycle counter for the kernel and for user space
 *
 * While a counter is trusted, readers in the kernel and in the vDSO read it
 * directly: they look at the epoch, read the counter, and look at the epoch
 * again. Epoch 0 means that the counter must not be read; every change of the
 * time line goes through 0, and no epoch of a counter comes back. Nothing else is
 * written while the clock runs, so that readers neither wait nor share a cache
 * line with a writer.
 *
 * Without a counter the clock is CLOCK_MONOTONIC in nanoseconds. When a counter
 * loses its trust, the clock goes on with CLOCK_MONOTONIC too, but in ticks of
 * the counter, and from the highest value on that anyone can have read:
 *
 *  1. clock_trace_source_lost(), in whatever context, takes the epoch away. From
 *     then on readers take the slow path, which reads the counter but never
 *     returns less than it has returned before. User space enters the kernel.
 *
 *  2. clock_trace_finish_loss(), in process context, interrupts every CPU and
 *     has it read its counter. An interrupt comes between two instructions: a
 *     reader that it interrupts has either read its counter before, and so got
 *     no more than the interrupt handler gets, or will find the epoch gone. The
 *     highest of these values is where CLOCK_MONOTONIC takes over.
 *
 * A system call does step 2 itself if it comes first, so no program gets the
 * distrusted counter more than once after step 1. A CPU that goes offline, and the
 * last CPU of a system that suspends, leave the value of their counter behind:
 * nobody could ask them later.
 *
 * A counter does not drive the clock before clock_trace_monitor.c has found it
 * synchronized. Until then it is enabled, and CLOCK_MONOTONIC drives the clock.
 *
 * Lock order: clock_trace_mutex, cpus_read_lock(), clock_trace_lock.
 */

#define pr_fmt(fmt) "clock_trace: " fmt

#include <linux/atomic.h>
#include <linux/cache.h>
#include <linux/clock_trace.h>
#include <linux/cpu.h>
#include <linux/cpuhotplug.h>
#include <linux/export.h>
#include <linux/init.h>
#include <linux/irq_work.h>
#include <linux/mutex.h>
#include <linux/notifier.h>
#include <linux/preempt.h>
#include <linux/printk.h>
#include <linux/rcupdate.h>
#include <linux/smp.h>
#include <linux/spinlock.h>
#include <linux/static_call.h>
#include <linux/string.h>
#include <linux/timekeeping.h>
#include <linux/workqueue.h>

#include <vdso/clock_trace.h>
#include <vdso/datapage.h>

#include "clock_trace_internal.h"

#define CREATE_TRACE_POINTS
#include <trace/events/clock_trace.h>

/* On a cache line of its own, because readers write it */
struct clock_trace_highest {
	atomic64_t	value;
} ____cacheline_aligned;

/**
 * struct clock_trace_line - a time line
 * @highest:	the highest value returned by a reader that found no epoch. The
 *		counter may be distrusted then, and CLOCK_MONOTONIC, which is read
 *		without its lock, a few nanoseconds behind.
 * @frequency:	ticks per second
 * @epoch:	the epoch of this line
 * @base_ticks:	with CLOCK_MONOTONIC: value at @base_ns
 * @base_ns:	with CLOCK_MONOTONIC: nanoseconds where this line begins
 */
struct clock_trace_line {
	struct clock_trace_highest	*highest;
	u64				frequency;
	u32				epoch;
	u64				base_ticks;
	u64				base_ns;
};

/* The clock without a counter. It is the same line whenever it comes back */
static struct clock_trace_highest monotonic_highest;
static struct clock_trace_line monotonic_line = {
	.highest	= &monotonic_highest,
	.frequency	= NSEC_PER_SEC,
	.epoch		= 1,
};

/* The counter's lines: the current one, and one to prepare the next in */
static struct clock_trace_highest counter_highest[2];
static struct clock_trace_line counter_lines[2] = {
	{ .highest = &counter_highest[0] },
	{ .highest = &counter_highest[1] },
};

/*
 * CLOCK_MONOTONIC after the counter lost trust. Written once, then published; goes
 * on with the highest value of the counter's line.
 */
static struct clock_trace_line fallback_line;

/*
 * What readers need to know, on a cache line that is written only when the epoch
 * changes.
 */
static struct {
	/* The current epoch while the counter may be read freely, else 0 */
	u32			epoch;
	/* Ticks per second in that epoch */
	u64			frequency;
	/* The counter's line, which readers that find no epoch are held to */
	struct clock_trace_line	*counter_line;
	/* The line that CLOCK_MONOTONIC drives, NULL while the counter does */
	struct clock_trace_line	*line;
} ____cacheline_aligned clock_trace_live = {
	.counter_line	= &counter_lines[0],
	.line		= &monotonic_line,
};

/*
 * Serializes all changes that are made in process context: the sources, the
 * users, the line.
 */
static DEFINE_MUTEX(clock_trace_mutex);
static LIST_HEAD(clock_trace_sources);
/* Drives the clock, or is enabled and waits for the check that lets it */
static struct clock_trace_source *current_source;
static unsigned int clock_trace_users;
static bool clock_trace_user_space;

/*
 * Serializes what is published to readers. Interrupts are off while it is held,
 * so that the resume path, which cannot sleep, finds all of it consistent.
 */
static DEFINE_RAW_SPINLOCK(clock_trace_lock);
static u32 last_epoch = 1;

/* Why no counter drives the clock while it is on the monotonic line */
static char clock_trace_idle_reason[CLOCK_TRACE_REASON_SIZE] = "no counter is registered";

/* The last source that was lost, for those who tell why it is not in use */
static struct clock_trace_source *lost_source;

static BLOCKING_NOTIFIER_HEAD(clock_trace_notifiers);

static u64 notrace clock_trace_no_counter(void)
{
	return 0;
}

DEFINE_STATIC_CALL(clock_trace_counter, clock_trace_no_counter);

static u64 notrace clock_trace_line_value(struct clock_trace_line *line, u64 ns)
{
	u64 ticks = 0;

	/* A lockless reading may be a little older than the line itself */
	if (likely((s64)(ns - line->base_ns) > 0))
		ticks = clock_trace_ns_to_ticks(ns - line->base_ns, line->frequency);

	return clock_trace_never_back(&line->highest->value, line->base_ticks + ticks);
}

/* Have it known how far this CPU's counter is */
static u64 notrace clock_trace_note_counter(struct clock_trace_line *line)
{
	return clock_trace_never_back(&line->highest->value, static_call(clock_trace_counter)());
}

/*
 * The way of every reader that finds no epoch. @monotonic returns CLOCK_MONOTONIC
 * in nanoseconds, in a way that suits the context.
 */
static __always_inline void clock_trace_read_slow(struct clock_trace_sample *sample,
						  u64 (*monotonic)(void))
{
	struct clock_trace_line *line;

	/* Pairs with the release in clock_trace_set_line() */
	line = smp_load_acquire(&clock_trace_live.line);
	if (!line) {
		/* The counter is losing trust, or is about to be reset */
		line = READ_ONCE(clock_trace_live.counter_line);
		sample->value = clock_trace_note_counter(line);
		sample->frequency = line->frequency;
		sample->epoch = line->epoch;

		/* If the loss has ended meanwhile, the value is not of this line */
		line = smp_load_acquire(&clock_trace_live.line);
		if (!line)
			return;
	}

	sample->value = clock_trace_line_value(line, monotonic());
	sample->frequency = line->frequency;
	sample->epoch = line->epoch;
}

static __always_inline void __clock_trace_read_sample(struct clock_trace_sample *sample,
						      u64 (*monotonic)(void))
{
	u32 epoch;

	/*
	 * Keeps the counter powered until it is read: clock_trace_disable_source()
	 * waits for this.
	 */
	preempt_disable_notrace();
	while ((epoch = READ_ONCE(clock_trace_live.epoch))) {
		/* Pairs with the barriers in clock_trace_publish() */
		smp_rmb();
		sample->value = static_call(clock_trace_counter)();
		sample->frequency = READ_ONCE(clock_trace_live.frequency);
		/* Likewise */
		smp_rmb();
		if (likely(READ_ONCE(clock_trace_live.epoch) == epoch)) {
			sample->epoch = epoch;
			goto out;
		}
	}
	clock_trace_read_slow(sample, monotonic);
out:
	preempt_enable_notrace();
}

/**
 * clock_trace_read - read the trace clock
 *
 * The counter is read after all earlier loads: values may be compared between
 * CPUs, and with those that user space gets from CLOCK_TRACE. Any context,
 * including NMI; during early boot it is CLOCK_MONOTONIC.
 *
 * Return: ticks of clock_trace_freq(); as long as clock_trace_epoch() does not
 * change, never less than any earlier reading.
 */
u64 notrace clock_trace_read(void)
{
	struct clock_trace_sample sample;

	__clock_trace_read_sample(&sample, ktime_get_mono_fast_ns);
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

	__clock_trace_read_sample(&sample, ktime_get_mono_fast_ns);
	return sample.frequency;
}
EXPORT_SYMBOL_GPL(clock_trace_freq);

/**
 * clock_trace_epoch - current epoch of the trace clock
 *
 * Any context, including NMI.
 *
 * Return: a number from 1 to 999999999. It changes whenever the relation between
 * the clock's value and time changes: another counter, a counter that was reset,
 * or CLOCK_MONOTONIC in place of a counter.
 */
u32 notrace clock_trace_epoch(void)
{
	struct clock_trace_sample sample;

	__clock_trace_read_sample(&sample, ktime_get_mono_fast_ns);
	return sample.epoch;
}
EXPORT_SYMBOL_GPL(clock_trace_epoch);

/**
 * clock_trace_read_sample - value, frequency and epoch that belong together
 * @sample:	where they are stored
 *
 * Task context only; clock_trace_read() is for all others.
 */
void clock_trace_read_sample(struct clock_trace_sample *sample)
{
	__clock_trace_read_sample(sample, ktime_get_ns);
}
EXPORT_SYMBOL_GPL(clock_trace_read_sample);

static u32 clock_trace_new_epoch(void)
{
	lockdep_assert_held(&clock_trace_lock);

	last_epoch = last_epoch < CLOCK_TRACE_EPOCH_MAX ? last_epoch + 1 : 2;
	return last_epoch;
}

/* Let programs read the counter in the current epoch, or with 0 no longer */
static void clock_trace_publish_vdso(u32 epoch, const struct clock_trace_source *source)
{
	struct vdso_clock_trace *vct = vdso_k_clock_trace_data;

	/* What put() can switch off is theirs only once they have asked for it */
	if (epoch && (!source->vdso || (source->enable && !clock_trace_user_space)))
		return;

	/*
	 * The frequency may have been written by another CPU, before user space became
	 * a user. Pairs with the first barrier in vdso_clock_trace_read().
	 */
	smp_store_release(&vct->epoch, epoch);
}

/* Take the epoch away, before anything that it vouches for is changed */
static void clock_trace_unpublish(void)
{
	lockdep_assert_held(&clock_trace_lock);

	WRITE_ONCE(clock_trace_live.epoch, 0);
	clock_trace_publish_vdso(0, NULL);
}

/* Begin a new line of the counter. The caller looks for a loss afterwards */
static void clock_trace_publish(const struct clock_trace_source *source)
{
	struct vdso_clock_trace *vct = vdso_k_clock_trace_data;
	struct clock_trace_line *line = &counter_lines[0];

	lockdep_assert_held(&clock_trace_lock);

	clock_trace_unpublish();

	/* Pairs with the barriers of the readers, here and in the vDSO */
	smp_wmb();
	if (clock_trace_live.counter_line == line)
		line = &counter_lines[1];
	line->epoch = clock_trace_new_epoch();
	line->frequency = source->frequency;
	atomic64_set(&line->highest->value, 0);
	/* Pairs with the address dependency in clock_trace_read_slow() */
	smp_store_release(&clock_trace_live.counter_line, line);
	WRITE_ONCE(clock_trace_live.frequency, source->frequency);
	WRITE_ONCE(vct->frequency, source->frequency);
	/* Likewise */
	smp_wmb();
	WRITE_ONCE(clock_trace_live.epoch, line->epoch);
	clock_trace_publish_vdso(line->epoch, source);
}

static void clock_trace_set_line(struct clock_trace_line *line)
{
	lockdep_assert_held(&clock_trace_lock);

	/* Pairs with the acquire in clock_trace_read_slow() */
	smp_store_release(&clock_trace_live.line, line);
}

/* True once source->lost_reason can be read as well */
static bool clock_trace_is_lost(struct clock_trace_source *source)
{
	/* Pairs with the release in clock_trace_source_lost() */
	return smp_load_acquire(&source->trust) == CLOCK_TRACE_LOST;
}

static void clock_trace_notify(struct work_struct *work);
static DECLARE_WORK(clock_trace_notify_work, clock_trace_notify);

/* Tell the log and the trace now, everybody else as soon as it can sleep */
static void clock_trace_announce(enum clock_trace_state state, const char *source,
				 const char *reason)
{
	struct clock_trace_info info = {
		.state	= state,
		.source	= source,
	};

	__clock_trace_read_sample(&info.sample, ktime_get_mono_fast_ns);
	strscpy(info.reason, reason);
	trace_clock_trace_epoch(&info);
	pr_info("epoch %u: %s, %llu Hz%s%s\n", info.sample.epoch, source,
		info.sample.frequency, *reason ? ": " : "", reason);
	schedule_work(&clock_trace_notify_work);
}

/* Switch off a counter that readers are no longer led to */
static void clock_trace_stop_source(struct clock_trace_source *source)
{
	lockdep_assert_held(&clock_trace_mutex);

	if (!source->enable)
		return;

	clock_trace_monitor_stop();
	/* Readers that have seen the epoch read the counter with preemption off */
	synchronize_rcu();
	static_call_update(clock_trace_counter, clock_trace_no_counter);
	if (source->disable)
		source->disable(source);
}

/**
 * struct clock_trace_takeover - where CLOCK_MONOTONIC takes over
 * @line:	the counter's line, whose highest value is raised
 * @earliest_ns: CLOCK_MONOTONIC: it may depend on the same counter, and so be
 *		ahead on a CPU whose counter is ahead
 */
struct clock_trace_takeover {
	struct clock_trace_line	*line;
	atomic64_t		earliest_ns;
};

/* Runs on every CPU, with interrupts disabled */
static void clock_trace_take_over(void *data)
{
	struct clock_trace_takeover *takeover = data;
	s64 earliest = atomic64_read(&takeover->earliest_ns);
	s64 ns = ktime_get_mono_fast_ns();

	clock_trace_note_counter(takeover->line);
	while (ns < earliest &&
	       !atomic64_try_cmpxchg(&takeover->earliest_ns, &earliest, ns))
		;
}

/* Step 2 of a loss, see the top of this file */
static void clock_trace_finish_loss(void)
{
	struct clock_trace_source *source = current_source;
	struct clock_trace_line *line = &fallback_line;
	struct clock_trace_takeover takeover = {
		.line		= clock_trace_live.counter_line,
		.earliest_ns	= ATOMIC64_INIT(S64_MAX),
	};

	lockdep_assert_held(&clock_trace_mutex);

	if (clock_trace_live.line || !clock_trace_is_lost(source))
		return;

	/* Whoever began the loss may not have come this far yet */
	scoped_guard(raw_spinlock_irqsave, &clock_trace_lock)
		clock_trace_unpublish();

	/* A CPU that is on its way up may read the counter, but takes no call */
	scoped_guard(cpus_read_lock) {
		on_each_cpu(clock_trace_take_over, &takeover, true);

		guard(raw_spinlock_irqsave)(&clock_trace_lock);
		line->highest = takeover.line->highest;
		line->frequency = takeover.line->frequency;
		line->base_ns = atomic64_read(&takeover.earliest_ns);
		line->base_ticks = atomic64_read(&line->highest->value);
		line->epoch = clock_trace_new_epoch();
		clock_trace_set_line(line);
	}

	clock_trace_announce(CLOCK_TRACE_FALLBACK, "monotonic", source->lost_reason);
	clock_trace_stop_source(source);
}

static void clock_trace_loss_work_fn(struct work_struct *work)
{
	clock_trace_source_checked();
}

static DECLARE_WORK(clock_trace_loss_work, clock_trace_loss_work_fn);

static void clock_trace_loss_irq(struct irq_work *work)
{
	schedule_work(&clock_trace_loss_work);
}

static DEFINE_IRQ_WORK(clock_trace_loss_irq_work, clock_trace_loss_irq);

/*
 * Step 1 of a loss, see the top of this file. @epoch was read before the source was
 * found to be the current one: if another source has begun an epoch since, that one
 * is left alone.
 */
static void clock_trace_begin_loss(u32 epoch)
{
	struct vdso_clock_trace *vct = vdso_k_clock_trace_data;

	cmpxchg(&clock_trace_live.epoch, epoch, 0);
	cmpxchg(&vct->epoch, epoch, 0);
	irq_work_queue(&clock_trace_loss_irq_work);
}

/**
 * clock_trace_get_info - describe the trace clock
 * @info:	where the description is stored; its parts agree with each other
 *
 * Process context, but not in CPU hotplug callbacks or with cpus_read_lock() held.
 */
void clock_trace_get_info(struct clock_trace_info *info)
{
	struct clock_trace_source *lost;

	guard(mutex)(&clock_trace_mutex);
	clock_trace_finish_loss();

	clock_trace_read_sample(&info->sample);
	info->reason[0] = '\0';
	if (info->sample.epoch == monotonic_line.epoch)
		info->state = CLOCK_TRACE_MONOTONIC;
	else if (info->sample.epoch == fallback_line.epoch)
		info->state = CLOCK_TRACE_FALLBACK;
	else
		info->state = CLOCK_TRACE_COUNTER;

	if (info->state == CLOCK_TRACE_COUNTER) {
		info->source = current_source->name;
		return;
	}
	info->source = "monotonic";
	lost = info->state == CLOCK_TRACE_FALLBACK ? current_source : READ_ONCE(lost_source);
	if (lost && clock_trace_is_lost(lost))
		strscpy(info->reason, lost->lost_reason);
	else
		strscpy(info->reason, clock_trace_idle_reason);
}
EXPORT_SYMBOL_GPL(clock_trace_get_info);

static void clock_trace_notify(struct work_struct *work)
{
	struct clock_trace_info info;

	clock_trace_get_info(&info);
	blocking_notifier_call_chain(&clock_trace_notifiers, info.sample.epoch, &info);
}

/**
 * clock_trace_register_notifier - be told of new epochs
 * @nb:		called in process context after each change, with the epoch and a
 *		pointer to a struct clock_trace_info
 *
 * Changes that follow each other quickly may be told as one.
 *
 * Return: 0.
 */
int clock_trace_register_notifier(struct notifier_block *nb)
{
	return blocking_notifier_chain_register(&clock_trace_notifiers, nb);
}
EXPORT_SYMBOL_GPL(clock_trace_register_notifier);

/**
 * clock_trace_unregister_notifier - undo clock_trace_register_notifier()
 * @nb:		is not called any more when this returns
 *
 * Return: 0, or -ENOENT if @nb is not registered.
 */
int clock_trace_unregister_notifier(struct notifier_block *nb)
{
	return blocking_notifier_chain_unregister(&clock_trace_notifiers, nb);
}
EXPORT_SYMBOL_GPL(clock_trace_unregister_notifier);

static struct clock_trace_source *clock_trace_best_source(void)
{
	struct clock_trace_source *source, *best = NULL;

	list_for_each_entry(source, &clock_trace_sources, list) {
		if (READ_ONCE(source->trust) != CLOCK_TRACE_TRUSTED)
			continue;
		if (source->enable && !clock_trace_users && !clock_trace_user_space)
			continue;
		if (!best || source->rating > best->rating)
			best = source;
	}
	return best;
}

static void clock_trace_look_for_loss(struct clock_trace_source *source)
{
	/*
	 * Pairs with the barrier in clock_trace_source_lost(): a loss either finds
	 * what was published before, or is found here.
	 */
	smp_mb();
	if (READ_ONCE(source->trust) != CLOCK_TRACE_TRUSTED)
		clock_trace_begin_loss(clock_trace_live.counter_line->epoch);
}

/* Enable the best source, and have it checked */
static void clock_trace_begin_source(void)
{
	struct clock_trace_source *source;
	int err;

	lockdep_assert_held(&clock_trace_mutex);

	while ((source = clock_trace_best_source())) {
		err = source->enable ? source->enable(source) : 0;
		if (!err)
			break;
		pr_err("%s cannot be enabled: error %d\n", source->name, err);
		clock_trace_source_lost(source, "cannot be enabled");
	}
	if (!source)
		return;

	static_call_update(clock_trace_counter, source->read);
	WRITE_ONCE(current_source, source);
	scnprintf(clock_trace_idle_reason, sizeof(clock_trace_idle_reason),
		  "%s: not yet checked", source->name);
	clock_trace_monitor_start(source);
}

/* A source that lost its trust before it drove the clock makes room for others */
static void clock_trace_drop_lost_source(void)
{
	struct clock_trace_source *source = current_source;

	lockdep_assert_held(&clock_trace_mutex);

	if (!source || !clock_trace_is_lost(source))
		return;

	pr_warn("not used: %s\n", source->lost_reason);
	WRITE_ONCE(current_source, NULL);
	clock_trace_stop_source(source);
}

/* Let the best source drive the clock if none does, and if it passed the check */
static void clock_trace_select_source(void)
{
	struct clock_trace_source *source;

	lockdep_assert_held(&clock_trace_mutex);

	if (clock_trace_live.line != &monotonic_line)
		return;

	clock_trace_drop_lost_source();
	if (!current_source)
		clock_trace_begin_source();
	source = current_source;
	if (!source || !clock_trace_monitor_passed())
		return;

	scoped_guard(raw_spinlock_irqsave, &clock_trace_lock) {
		clock_trace_publish(source);
		clock_trace_set_line(NULL);
	}
	/* At once: what is only told may wait */
	clock_trace_look_for_loss(source);
	clock_trace_announce(CLOCK_TRACE_COUNTER, source->name, "");
}

/**
 * clock_trace_source_checked - a check of the counter, or a loss, may be complete
 *
 * Lets a counter that passed the check drive the clock, and brings a loss of trust
 * to its end.
 *
 * Process context, but not in CPU hotplug callbacks or with cpus_read_lock() held.
 */
void clock_trace_source_checked(void)
{
	guard(mutex)(&clock_trace_mutex);
	clock_trace_finish_loss();
	clock_trace_select_source();
}

/* Stop a counter that nobody uses any more, and that can be stopped */
static void clock_trace_release_source(void)
{
	struct clock_trace_source *source = current_source;
	bool published;

	lockdep_assert_held(&clock_trace_mutex);

	clock_trace_finish_loss();
	if (!source || !source->enable || clock_trace_live.line == &fallback_line)
		return;

	published = !clock_trace_live.line;
	scoped_guard(raw_spinlock_irqsave, &clock_trace_lock) {
		clock_trace_unpublish();
		clock_trace_set_line(&monotonic_line);
	}
	strscpy(clock_trace_idle_reason, "the counter is not in use");
	WRITE_ONCE(current_source, NULL);
	clock_trace_stop_source(source);
	if (!published)
		return;
	clock_trace_announce(CLOCK_TRACE_MONOTONIC, "monotonic", clock_trace_idle_reason);
}

/**
 * clock_trace_get - keep the trace clock's counter enabled
 *
 * For users in the kernel, who call it before their first clock_trace_read().
 * The clock can be read without it, but is CLOCK_MONOTONIC then if its counter
 * has to be enabled. A counter that cannot be enabled is no error: CLOCK_MONOTONIC
 * drives the clock then, too.
 *
 * Process context, but not in CPU hotplug callbacks or with cpus_read_lock() held.
 */
void clock_trace_get(void)
{
	guard(mutex)(&clock_trace_mutex);
	clock_trace_users++;
	clock_trace_finish_loss();
	clock_trace_select_source();
}
EXPORT_SYMBOL_GPL(clock_trace_get);

/**
 * clock_trace_put - undo clock_trace_get()
 *
 * Process context, but not in CPU hotplug callbacks or with cpus_read_lock() held.
 */
void clock_trace_put(void)
{
	guard(mutex)(&clock_trace_mutex);
	if (WARN_ON_ONCE(!clock_trace_users))
		return;
	if (!--clock_trace_users && !clock_trace_user_space)
		clock_trace_release_source();
}
EXPORT_SYMBOL_GPL(clock_trace_put);

static void clock_trace_begin_user_space(void)
{
	if (clock_trace_user_space)
		return;

	WRITE_ONCE(clock_trace_user_space, true);
	clock_trace_select_source();
	if (clock_trace_live.line)
		return;

	/* A user in the kernel has enabled the counter before */
	scoped_guard(raw_spinlock_irqsave, &clock_trace_lock)
		clock_trace_publish_vdso(READ_ONCE(clock_trace_live.epoch), current_source);
	clock_trace_look_for_loss(current_source);
}

/*
 * Enables the counter on the first use by user space, which then uses it until
 * reboot: nobody tells when a program has read the clock for the last time. Ends a
 * loss of trust that is under way.
 */
static noinline void clock_trace_prepare_for_user(void)
{
	guard(mutex)(&clock_trace_mutex);
	clock_trace_finish_loss();
	clock_trace_begin_user_space();
}

/**
 * clock_trace_read_for_user - what a system call returns
 * @sample:	value, frequency and epoch, which belong together
 *
 * As clock_trace_read_sample(), but makes user space a user of the clock. A sample
 * that is read after a loss of trust is on the new time line.
 */
void clock_trace_read_for_user(struct clock_trace_sample *sample)
{
	if (unlikely(!READ_ONCE(clock_trace_user_space)) ||
	    (unlikely(!READ_ONCE(clock_trace_live.epoch)) && !READ_ONCE(clock_trace_live.line)))
		clock_trace_prepare_for_user();

	__clock_trace_read_sample(sample, ktime_get_ns);
}

/**
 * clock_trace_register_source - offer a counter to the trace clock
 * @source:	the counter; it stays registered until reboot
 *
 * A counter that drives the clock is not exchanged for a better rated one. A
 * source that was declared lost before is accepted, and not used. A counter that
 * always runs has been checked when this returns, if all CPUs could be met.
 *
 * Process context, but not in CPU hotplug callbacks or with cpus_read_lock() held.
 *
 * Return: 0, or -EINVAL if @source lacks a name, a frequency or read().
 */
int clock_trace_register_source(struct clock_trace_source *source)
{
	if (!source->name || !source->read || !source->frequency)
		return -EINVAL;

	scoped_guard(mutex, &clock_trace_mutex) {
		list_add_tail(&source->list, &clock_trace_sources);
		if (!current_source)
			strscpy(clock_trace_idle_reason, "the counter is not in use");
		clock_trace_select_source();
	}
	clock_trace_monitor_flush();
	return 0;
}

/**
 * clock_trace_source_unusable - tell why a counter is not registered
 * @source:	the counter
 * @reason:	the reason, for those who wonder why there is no counter
 *
 * Process context.
 */
void clock_trace_source_unusable(struct clock_trace_source *source, const char *reason)
{
	guard(mutex)(&clock_trace_mutex);
	scnprintf(clock_trace_idle_reason, sizeof(clock_trace_idle_reason), "%s: %s",
		  source->name, reason);
}

/**
 * clock_trace_source_lost - a counter is not to be trusted any more
 * @source:	the counter, registered or not
 * @reason:	the reason, which is copied
 *
 * Permanent until reboot. If @source drives the clock, CLOCK_MONOTONIC goes on in
 * its place, without a step back. Any context, including NMI.
 */
void clock_trace_source_lost(struct clock_trace_source *source, const char *reason)
{
	u32 epoch;

	if (cmpxchg(&source->trust, CLOCK_TRACE_TRUSTED, CLOCK_TRACE_LOSING) !=
	    CLOCK_TRACE_TRUSTED)
		return;

	scnprintf(source->lost_reason, sizeof(source->lost_reason), "%s: %s",
		  source->name, reason);
	/* Pairs with the acquire in clock_trace_is_lost() */
	smp_store_release(&source->trust, CLOCK_TRACE_LOST);
	WRITE_ONCE(lost_source, source);

	/* Pairs with the barrier in clock_trace_look_for_loss() */
	smp_mb();
	epoch = READ_ONCE(clock_trace_live.epoch);
	/* The epoch first: only then is it known to be this source's */
	smp_rmb();
	if (READ_ONCE(current_source) == source)
		clock_trace_begin_loss(epoch);
}

/**
 * clock_trace_source_suspend - a counter may be reset soon
 * @source:	the counter
 *
 * Until clock_trace_source_reset() readers get no value below what the counter has
 * now. To be called on the last CPU that runs, with interrupts disabled.
 */
void clock_trace_source_suspend(struct clock_trace_source *source)
{
	lockdep_assert_irqs_disabled();

	guard(raw_spinlock)(&clock_trace_lock);
	if (current_source != source || clock_trace_live.line)
		return;
	clock_trace_unpublish();
	clock_trace_note_counter(clock_trace_live.counter_line);
}

/**
 * clock_trace_source_reset - a counter may have been reset
 * @source:	the counter
 *
 * Undoes clock_trace_source_suspend(): what is read from now on is on a new time
 * line. To be called on the first CPU that runs, with interrupts disabled.
 */
void clock_trace_source_reset(struct clock_trace_source *source)
{
	lockdep_assert_irqs_disabled();

	scoped_guard(raw_spinlock, &clock_trace_lock) {
		if (current_source != source || clock_trace_live.line ||
		    READ_ONCE(source->trust) != CLOCK_TRACE_TRUSTED)
			return;
		clock_trace_publish(source);
	}
	/* At once: what is only told may wait */
	clock_trace_look_for_loss(source);
	clock_trace_announce(CLOCK_TRACE_COUNTER, source->name, "");
}

/*
 * What was read on this CPU counts, and it cannot be asked when it is offline. After a
 * loss the counter does not count any more, and its line's highest value is in use.
 */
static int clock_trace_cpu_dying(unsigned int cpu)
{
	if (!READ_ONCE(clock_trace_live.line))
		clock_trace_note_counter(READ_ONCE(clock_trace_live.counter_line));
	return 0;
}

static int __init clock_trace_init(void)
{
	return cpuhp_setup_state_nocalls(CPUHP_AP_CLOCK_TRACE_DYING, "clock_trace:dying",
					 NULL, clock_trace_cpu_dying);
}
core_initcall(clock_trace_init);
