// SPDX-License-Identifier: GPL-2.0
/*
 * Announces the epochs of the trace clock: to the log, to traces, and to notifiers
 */

#define pr_fmt(fmt) "clock_trace: " fmt

#include <linux/atomic.h>
#include <linux/clock_trace.h>
#include <linux/export.h>
#include <linux/irq_work.h>
#include <linux/jiffies.h>
#include <linux/minmax.h>
#include <linux/mutex.h>
#include <linux/notifier.h>
#include <linux/printk.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/workqueue.h>

#include "clock_trace_internal.h"
#include "clock_trace_line.h"

#define CREATE_TRACE_POINTS
#include <trace/events/clock_trace.h>

static BLOCKING_NOTIFIER_HEAD(notifiers);

/**
 * clock_trace_get_info - describe the trace clock
 * @info:	where the description is stored; its parts agree with each other
 *
 * Process context.
 */
void clock_trace_get_info(struct clock_trace_info *info)
{
	guard(mutex)(&clock_trace_mutex);
	scoped_guard(raw_spinlock_irqsave, &clock_trace_lock) {
		clock_trace_read_sample(&info->sample);
		info->state = clock_trace_live.line->state;
	}
	clock_trace_describe_source(info);
}
EXPORT_SYMBOL_GPL(clock_trace_get_info);

static void notify_work_fn(struct work_struct *work)
{
	struct clock_trace_info info;

	clock_trace_get_info(&info);
	blocking_notifier_call_chain(&notifiers, info.sample.epoch, &info);
}

static DECLARE_WORK(notify_work, notify_work_fn);

static void notify_irq(struct irq_work *work)
{
	schedule_work(&notify_work);
}

static DEFINE_IRQ_WORK(notify_irq_work, notify_irq);

/**
 * clock_trace_announce - the clock has begun a new epoch
 * @state:	what drives it
 * @source:	the name of that
 * @reason:	why no counter does, or ""
 *
 * Writes to the log and to traces now. Notifiers may sleep, and follow in a work item. Any
 * context but NMI, without clock_trace_lock.
 */
void clock_trace_announce(enum clock_trace_state state, const char *source, const char *reason)
{
	struct clock_trace_info info = {
		.state	= state,
		.source	= source,
	};

	clock_trace_read_any(&info.sample);
	strscpy(info.reason, reason);
	trace_clock_trace_epoch(&info);
	pr_info("epoch %u: %s, %llu Hz%s%s\n", info.sample.epoch, source,
		info.sample.frequency, *reason ? ": " : "", reason);
	/* Timekeeping may not have resumed yet, but the scheduler reads it to wake a task */
	irq_work_queue(&notify_irq_work);
}

/*
 * A trace without a change of the epoch shall name its frequency and its time line, too.
 * While the tracepoint has probes, the current epoch is traced again and again: at first
 * soon, as a tracer may enable its events before its buffers, then once a second, for a
 * tracer that comes later, or whose old events are overwritten.
 */
#define TRACE_FIRST_MS	50
#define TRACE_LAST_MS	1000

static unsigned int trace_pause_ms;

static void trace_work_fn(struct work_struct *work);
static DECLARE_DEFERRABLE_WORK(trace_work, trace_work_fn);

static void trace_work_fn(struct work_struct *work)
{
	unsigned int pause_ms = READ_ONCE(trace_pause_ms);
	struct clock_trace_info info;

	/* The last probe has gone, or the first one has not come yet */
	if (!pause_ms)
		return;
	if (trace_clock_trace_epoch_enabled()) {
		clock_trace_get_info(&info);
		trace_clock_trace_epoch(&info);
	}
	schedule_delayed_work(&trace_work, msecs_to_jiffies(pause_ms));
	cmpxchg(&trace_pause_ms, pause_ms, min(2 * pause_ms, TRACE_LAST_MS));
}

/**
 * clock_trace_epoch_reg - the tracepoint clock_trace_epoch gets its first probe
 *
 * Return: 0.
 */
int clock_trace_epoch_reg(void)
{
	WRITE_ONCE(trace_pause_ms, TRACE_FIRST_MS);
	/* Events of the kernel's command line are enabled again when there are timers */
	if (system_state > SYSTEM_BOOTING)
		mod_delayed_work(system_percpu_wq, &trace_work, 1);
	return 0;
}

/**
 * clock_trace_epoch_unreg - the tracepoint clock_trace_epoch has no probe any more
 */
void clock_trace_epoch_unreg(void)
{
	WRITE_ONCE(trace_pause_ms, 0);
}

/**
 * clock_trace_register_notifier - have a function called for new epochs
 * @nb:		called in process context after each change, with the epoch and a
 *		pointer to a struct clock_trace_info
 *
 * Changes that follow each other quickly may result in one call.
 *
 * Return: 0.
 */
int clock_trace_register_notifier(struct notifier_block *nb)
{
	return blocking_notifier_chain_register(&notifiers, nb);
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
	return blocking_notifier_chain_unregister(&notifiers, nb);
}
EXPORT_SYMBOL_GPL(clock_trace_unregister_notifier);
