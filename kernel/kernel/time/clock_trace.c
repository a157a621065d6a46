// SPDX-License-Identifier: GPL-2.0
/*
 * The trace clock: one cycle counter for the kernel and for user space
 *
 * While a counter is trusted, readers in the kernel and in the vDSO read it
 * directly: they look at the epoch, read the counter, and look at the epoch
 * again. Epoch 0 means that the counter must not be read; every change of the
 * time line goes through 0, and no epoch comes back. Nothing else is written
 * while the clock runs, so that readers neither wait nor share a cache line with
 * a writer.
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
 * distrusted counter more than once after step 1.
 */

#define pr_fmt(fmt) "clock_trace: " fmt

#include <linux/atomic.h>
#include <linux/cache.h>
#include <linux/clock_trace.h>
#include <linux/cpu.h>
#include <linux/export.h>
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

/**
 * struct clock_trace_line - a time line that CLOCK_MONOTONIC drives
 * @frequency:	ticks per second
 * @base_ticks:	value at @base_ns
 * @base_ns:	CLOCK_MONOTONIC in nanoseconds where this line begins
 * @highest:	the highest value returned so far: CLOCK_MONOTONIC is read without
 *		its lock, and may then be a few nanoseconds behind
 * @epoch:	the epoch of this line
 */
struct clock_trace_line {
	u64		frequency;
	u64		base_ticks;
	u64		base_ns;
	atomic64_t	highest;
	u32		epoch;
};

/* The clock without a counter. It is the same line whenever it comes back */
static struct clock_trace_line monotonic_line = {
	.frequency	= NSEC_PER_SEC,
	.epoch		= 1,
};

/*
 * The clock after its counter lost trust. @highest is in use from the moment of
 * the loss, the rest is written once, before the line is published.
 */
static struct clock_trace_line fallback_line;

/*
 * What readers need to know of the counter, on a cache line that is written only
 * when the epoch changes.
 */
static struct {
	/* The current epoch while the counter may be read, else 0 */
	u32			epoch;
	/* The epoch of the counter's time line, also while @epoch is 0 */
	u32			line_epoch;
	/* Ticks per second */
	u64			frequency;
	/* The line that drives the clock, NULL while the counter does */
	struct clock_trace_line	*line;
} counter ____cacheline_aligned = {
	.line	= &monotonic_line,
};

/*
 * Serializes all changes that are made in process context: the sources, the
 * users, the line. Taken outside cpus_read_lock().
 */
static DEFINE_MUTEX(clock_trace_mutex);
static LIST_HEAD(clock_trace_sources);
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

	return clock_trace_never_back(&line->highest, line->base_ticks + ticks);
}

/*
 * The way of every reader that finds no epoch. @monotonic returns CLOCK_MONOTONIC
 * in nanoseconds, in a way that suits the context.
 */
static __always_inline void clock_trace_read_slow(struct clock_trace_sample *sample,
						  u64 (*monotonic)(void))
{
	struct clock_trace_line *line;
	u64 value;

	/* Pairs with the release in clock_trace_set_line() */
	line = smp_load_acquire(&counter.line);
	if (!line) {
		/* A loss has begun. Its end may come while the counter is read. */
		value = static_call(clock_trace_counter)();
		/* Pairs with the release in clock_trace_set_line() */
		line = smp_load_acquire(&counter.line);
		if (!line) {
			sample->value = clock_trace_never_back(&fallback_line.highest, value);
			sample->frequency = counter.frequency;
			sample->epoch = counter.line_epoch;
			return;
		}
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
	while ((epoch = READ_ONCE(counter.epoch))) {
		/* Pairs with the barriers in clock_trace_publish() */
		smp_rmb();
		sample->value = static_call(clock_trace_counter)();
		sample->frequency = counter.frequency;
		/* Likewise */
		smp_rmb();
		if (likely(READ_ONCE(counter.epoch) == epoch)) {
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
 * CPUs, and with those that user space gets from CLOCK_TRACE. May be called in
 * any context, including NMI, and from the first instruction of the kernel on.
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

/*
 * Publish that the counter is read in @epoch, or with 0 that it is not. The
 * epoch is taken away before anything that it vouches for is changed.
 */
static void clock_trace_publish(u32 epoch, const struct clock_trace_source *source)
{
	struct vdso_clock_trace *vct = vdso_k_clock_trace_data;

	lockdep_assert_held(&clock_trace_lock);

	WRITE_ONCE(counter.epoch, 0);
	WRITE_ONCE(vct->epoch, 0);
	if (!epoch)
		return;

	/* Pairs with the barriers of the readers, here and in the vDSO */
	smp_wmb();
	counter.line_epoch = epoch;
	counter.frequency = source->frequency;
	vct->frequency = source->frequency;
	/* Likewise */
	smp_wmb();
	WRITE_ONCE(counter.epoch, epoch);
	if (source->vdso)
		WRITE_ONCE(vct->epoch, epoch);
}

static u32 clock_trace_new_epoch(void)
{
	lockdep_assert_held(&clock_trace_lock);

	last_epoch = last_epoch < CLOCK_TRACE_EPOCH_MAX ? last_epoch + 1 : 2;
	return last_epoch;
}

static void clock_trace_set_line(struct clock_trace_line *line)
{
	lockdep_assert_held(&clock_trace_lock);

	/* Pairs with the acquire in clock_trace_read_slow() */
	smp_store_release(&counter.line, line);
}

/**
 * clock_trace_get_info - describe the trace clock
 * @info:	where the description is stored; its parts agree with each other
 *
 * Process context.
 */
void clock_trace_get_info(struct clock_trace_info *info)
{
	guard(mutex)(&clock_trace_mutex);

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
	if (info->state == CLOCK_TRACE_FALLBACK)
		strscpy(info->reason, current_source->lost_reason);
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

/* True once source->lost_reason can be read as well */
static bool clock_trace_is_lost(struct clock_trace_source *source)
{
	/* Pairs with the release in clock_trace_source_lost() */
	return smp_load_acquire(&source->lost) == CLOCK_TRACE_LOST;
}

static void clock_trace_collect(void *highest)
{
	clock_trace_never_back(highest, static_call(clock_trace_counter)());
}

/* Step 2 of a loss, see the top of this file */
static void clock_trace_finish_loss(void)
{
	struct clock_trace_line *line = &fallback_line;

	lockdep_assert_held(&clock_trace_mutex);

	if (counter.line || !clock_trace_is_lost(current_source))
		return;

	/* A CPU that is on its way up may read the counter, but takes no call */
	guard(cpus_read_lock)();

	/* An activation may have published an epoch after the loss took it away */
	scoped_guard(raw_spinlock_irqsave, &clock_trace_lock)
		clock_trace_publish(0, NULL);

	on_each_cpu(clock_trace_collect, &line->highest, true);

	scoped_guard(raw_spinlock_irqsave, &clock_trace_lock) {
		line->frequency = counter.frequency;
		line->base_ns = ktime_get_mono_fast_ns();
		line->base_ticks = atomic64_read(&line->highest);
		line->epoch = clock_trace_new_epoch();
		clock_trace_set_line(line);
	}

	clock_trace_announce(CLOCK_TRACE_FALLBACK, "monotonic", current_source->lost_reason);
}

static void clock_trace_finish_loss_work(struct work_struct *work)
{
	struct clock_trace_source *source;

	guard(mutex)(&clock_trace_mutex);
	clock_trace_finish_loss();

	source = READ_ONCE(lost_source);
	if (counter.line == &monotonic_line && clock_trace_is_lost(source))
		strscpy(clock_trace_idle_reason, source->lost_reason);
}

static DECLARE_WORK(clock_trace_loss_work, clock_trace_finish_loss_work);

static void clock_trace_loss_irq(struct irq_work *work)
{
	schedule_work(&clock_trace_loss_work);
}

static DEFINE_IRQ_WORK(clock_trace_loss_irq_work, clock_trace_loss_irq);

/* Step 1 of a loss, see the top of this file */
static void clock_trace_begin_loss(void)
{
	struct vdso_clock_trace *vct = vdso_k_clock_trace_data;

	WRITE_ONCE(counter.epoch, 0);
	WRITE_ONCE(vct->epoch, 0);
	irq_work_queue(&clock_trace_loss_irq_work);
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
	if (cmpxchg(&source->lost, CLOCK_TRACE_TRUSTED, CLOCK_TRACE_LOSING) !=
	    CLOCK_TRACE_TRUSTED)
		return;

	scnprintf(source->lost_reason, sizeof(source->lost_reason), "%s: %s",
		  source->name, reason);
	/* Pairs with the acquire in clock_trace_is_lost() */
	smp_store_release(&source->lost, CLOCK_TRACE_LOST);
	WRITE_ONCE(lost_source, source);

	/* Pairs with the barrier in clock_trace_select_source() */
	smp_mb();
	if (READ_ONCE(current_source) == source)
		clock_trace_begin_loss();
	else
		irq_work_queue(&clock_trace_loss_irq_work);
}

static struct clock_trace_source *clock_trace_best_source(void)
{
	struct clock_trace_source *source, *best = NULL;

	list_for_each_entry(source, &clock_trace_sources, list) {
		if (READ_ONCE(source->lost) != CLOCK_TRACE_TRUSTED)
			continue;
		if (source->enable && !clock_trace_users && !clock_trace_user_space)
			continue;
		if (!best || source->rating > best->rating)
			best = source;
	}
	return best;
}

/* Let the best source drive the clock if none does */
static void clock_trace_select_source(void)
{
	struct clock_trace_source *source;
	int err;

	lockdep_assert_held(&clock_trace_mutex);

	if (counter.line != &monotonic_line)
		return;

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
	scoped_guard(raw_spinlock_irqsave, &clock_trace_lock) {
		atomic64_set(&fallback_line.highest, 0);
		clock_trace_publish(clock_trace_new_epoch(), source);
		clock_trace_set_line(NULL);
	}
	clock_trace_announce(CLOCK_TRACE_COUNTER, source->name, "");

	/*
	 * Pairs with the barrier in clock_trace_source_lost(): a loss either finds
	 * the source in use, or is found here.
	 */
	smp_mb();
	if (READ_ONCE(source->lost) != CLOCK_TRACE_TRUSTED)
		clock_trace_begin_loss();
}

/* Stop a counter that nobody uses any more, and that can be stopped */
static void clock_trace_disable_source(void)
{
	struct clock_trace_source *source = current_source;

	lockdep_assert_held(&clock_trace_mutex);

	if (counter.line || !source->enable)
		return;

	scoped_guard(raw_spinlock_irqsave, &clock_trace_lock) {
		clock_trace_publish(0, NULL);
		clock_trace_set_line(&monotonic_line);
	}
	strscpy(clock_trace_idle_reason, "the counter is not in use");
	WRITE_ONCE(current_source, NULL);

	/* Readers that have seen the epoch read the counter with preemption off */
	synchronize_rcu();
	static_call_update(clock_trace_counter, clock_trace_no_counter);
	if (source->disable)
		source->disable(source);
	clock_trace_announce(CLOCK_TRACE_MONOTONIC, "monotonic", clock_trace_idle_reason);
}

/**
 * clock_trace_get - keep the trace clock's counter enabled
 *
 * For users in the kernel, who call it before their first clock_trace_read().
 * The clock can be read without it, but is CLOCK_MONOTONIC then if its counter
 * has to be enabled. A counter that cannot be enabled is no error: CLOCK_MONOTONIC
 * drives the clock then, too. Process context.
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
 * Process context.
 */
void clock_trace_put(void)
{
	guard(mutex)(&clock_trace_mutex);
	if (WARN_ON_ONCE(!clock_trace_users))
		return;
	if (!--clock_trace_users && !clock_trace_user_space)
		clock_trace_disable_source();
}
EXPORT_SYMBOL_GPL(clock_trace_put);

/**
 * clock_trace_use - prepare for a system call that reads the clock
 *
 * Enables the counter on the first use by user space, which then uses it until
 * reboot: nobody tells when a program has read the clock for the last time. Ends
 * a loss of trust that is under way.
 */
void clock_trace_use(void)
{
	if (likely(READ_ONCE(clock_trace_user_space)) &&
	    (READ_ONCE(counter.epoch) || READ_ONCE(counter.line)))
		return;

	guard(mutex)(&clock_trace_mutex);
	WRITE_ONCE(clock_trace_user_space, true);
	clock_trace_finish_loss();
	clock_trace_select_source();
}

/**
 * clock_trace_register_source - offer a counter to the trace clock
 * @source:	the counter; it stays registered until reboot
 *
 * A counter that drives the clock is not exchanged for a better rated one. A
 * source that was declared lost before is accepted, and not used.
 *
 * Process context.
 *
 * Return: 0, or -EINVAL if @source lacks a name, a frequency or read().
 */
int clock_trace_register_source(struct clock_trace_source *source)
{
	if (!source->name || !source->read || !source->frequency)
		return -EINVAL;

	guard(mutex)(&clock_trace_mutex);
	list_add_tail(&source->list, &clock_trace_sources);
	clock_trace_select_source();
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
	if (counter.line != &monotonic_line)
		return;
	scnprintf(clock_trace_idle_reason, sizeof(clock_trace_idle_reason), "%s: %s",
		  source->name, reason);
}

/**
 * clock_trace_source_reset - a counter has been reset
 * @source:	the counter
 *
 * For counters that begin anew when the system resumes. What is read from now on
 * is on another time line than before. To be called on the only CPU that runs,
 * with interrupts disabled.
 */
void clock_trace_source_reset(struct clock_trace_source *source)
{
	lockdep_assert_irqs_disabled();

	scoped_guard(raw_spinlock, &clock_trace_lock) {
		if (current_source != source || !counter.epoch)
			return;
		atomic64_set(&fallback_line.highest, 0);
		clock_trace_publish(clock_trace_new_epoch(), source);
	}
	clock_trace_announce(CLOCK_TRACE_COUNTER, source->name, "");
}
