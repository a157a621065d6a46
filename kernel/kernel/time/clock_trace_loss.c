// SPDX-License-Identifier: GPL-2.0
/*
 * How CLOCK_MONOTONIC takes over when a counter of the trace clock loses its trust
 *
 * The clock goes on in ticks of the counter, from the highest value on that anyone can
 * have read:
 *
 *  1. clock_trace_source_lost(), in whatever context, takes the epoch away and records
 *     how far this CPU's counter is: its caller may be about to set it back. From then on
 *     readers take the slow path, which reads the counter of a measured CPU but never
 *     returns less than it has returned before. User space enters the kernel.
 *
 *  2. A work item lets timekeeping know, if the sync check has proven the counters to
 *     differ, and waits until timekeeping does not depend on the counter any more:
 *     CLOCK_MONOTONIC would go back otherwise. If there is no other clocksource, it does
 *     not wait for ever, and readers of the fallback never get less than another has.
 *
 *  3. The work item interrupts every CPU and has it record its counter. An interrupt comes
 *     between two instructions: a reader that it interrupts has either read its counter
 *     before, and so got no more than the interrupt handler gets, or will find the epoch
 *     gone. The highest of these values is where CLOCK_MONOTONIC takes over.
 *
 * Readers do not wait for any of this. A CPU that goes offline, and the last CPU of a
 * system that suspends, record their counters while they can: see clock_trace_line.c.
 */

#include <linux/atomic.h>
#include <linux/clock_trace.h>
#include <linux/cpu.h>
#include <linux/irq_work.h>
#include <linux/jiffies.h>
#include <linux/mutex.h>
#include <linux/preempt.h>
#include <linux/sprintf.h>
#include <linux/timekeeping.h>
#include <linux/workqueue.h>

#include "clock_trace_internal.h"
#include "clock_trace_line.h"

/* How long to wait for timekeeping to use another clocksource, and how often to look */
#define LEAVE_MS	1000
#define LOOK_MS		2

static void loss_work_fn(struct work_struct *work);
static DECLARE_DELAYED_WORK(loss_work, loss_work_fn);

static void loss_irq(struct irq_work *work)
{
	mod_delayed_work(system_percpu_wq, &loss_work, 0);
}

static DEFINE_IRQ_WORK(loss_irq_work, loss_irq);

/* The sync check has proven it wrong, and timekeeping does not know yet */
static struct clock_trace_source *condemned_source;

/**
 * clock_trace_is_lost - has a counter lost its trust?
 * @source:	the counter
 *
 * Return: true once the reason can be read as well.
 */
bool clock_trace_is_lost(const struct clock_trace_source *source)
{
	/* Pairs with the release in clock_trace_source_lost() */
	return smp_load_acquire(&source->trust) == CLOCK_TRACE_LOST;
}

/**
 * clock_trace_begin_loss - step 1 of a loss
 * @source:	the counter
 * @epoch:	the epoch of a line that it has driven. If another line has begun since,
 *		that one keeps its epoch.
 *
 * Any context, including NMI.
 */
void clock_trace_begin_loss(struct clock_trace_source *source, u32 epoch)
{
	struct clock_trace_line *line;

	cmpxchg(&clock_trace_live.epoch, epoch, 0);
	cmpxchg(&clock_trace_vdso_data()->epoch, epoch, 0);

	preempt_disable_notrace();
	/* Pairs with the release in clock_trace_set_line() */
	line = smp_load_acquire(&clock_trace_live.line);
	if (line->source == source)
		clock_trace_note_counter(line);
	preempt_enable_notrace();

	irq_work_queue(&loss_irq_work);
}

/*
 * An epoch that is just being published may be found by readers until
 * clock_trace_look_for_loss() takes it away: let that be over before the caller sets this
 * CPU's counter back. What follows finds that the counter is not trusted any more.
 */
static void await_publication(void)
{
	/* An NMI may have interrupted the holder of the lock. No NMI handler sets a counter back */
	if (in_nmi())
		return;

	guard(raw_spinlock_irqsave)(&clock_trace_lock);
}

/**
 * clock_trace_source_lost - a counter is not to be trusted any more
 * @source:	the counter, registered or not
 * @reason:	the reason, which is copied
 *
 * Permanent until reboot. If @source drives the clock, CLOCK_MONOTONIC goes on in
 * its place, without a step back. A caller that is about to set back this CPU's counter
 * calls this first, and not in NMI. Any other caller: any context, including NMI, but not
 * with clock_trace_lock.
 */
void clock_trace_source_lost(struct clock_trace_source *source, const char *reason)
{
	struct clock_trace_line *line;

	if (cmpxchg(&source->trust, CLOCK_TRACE_TRUSTED, CLOCK_TRACE_LOSING) !=
	    CLOCK_TRACE_TRUSTED) {
		/* This CPU's counter may be about to be set back, as that of the first one */
		await_publication();
		/* Pairs with the release in clock_trace_set_line() */
		line = smp_load_acquire(&clock_trace_live.line);
		if (line->source == source)
			clock_trace_begin_loss(source, READ_ONCE(line->epoch));
		return;
	}

	scnprintf(source->lost_reason, sizeof(source->lost_reason), "%s: %s",
		  source->name, reason);
	/* Pairs with the acquire in clock_trace_is_lost() */
	smp_store_release(&source->trust, CLOCK_TRACE_LOST);

	/* Pairs with the barrier in clock_trace_look_for_loss() */
	smp_mb();
	await_publication();
	/* Pairs with the release in clock_trace_set_line() */
	line = smp_load_acquire(&clock_trace_live.line);
	if (line->source == source || clock_trace_get_source() == source)
		clock_trace_begin_loss(source, READ_ONCE(line->epoch));
	else
		clock_trace_drop_source(source);
}

void clock_trace_source_condemned(struct clock_trace_source *source, const char *reason)
{
	WRITE_ONCE(condemned_source, source);
	clock_trace_source_lost(source, reason);
	/* The counter may have been lost before, for a reason that proves less */
	irq_work_queue(&loss_irq_work);
}

/* Step 3 of a loss, see the top of this file */
static void take_over(struct clock_trace_source *source, bool clamped)
{
	struct clock_trace_line *old = READ_ONCE(clock_trace_live.line), *line;

	lockdep_assert_held(&clock_trace_mutex);

	scoped_guard(cpus_read_lock) {
		/* clock_trace_begin_loss() may not have taken the epoch away yet */
		scoped_guard(raw_spinlock_irqsave, &clock_trace_lock)
			clock_trace_withhold_locked();
		clock_trace_note_everywhere(old);

		guard(raw_spinlock_irqsave)(&clock_trace_lock);
		line = clock_trace_begin_line(CLOCK_TRACE_FALLBACK, old->frequency);
		line->clamped = clamped;
		/* A reader that is late may still raise it */
		line->highest = old->highest;
		line->base_ns = ktime_get_ns();
		line->base_ticks = atomic64_read(line->highest);
		clock_trace_set_line(line);
	}
	clock_trace_announce(CLOCK_TRACE_FALLBACK, "monotonic", source->lost_reason);
	clock_trace_stop_source(source);
}

/* Step 2. Returns true when it is over, and whether CLOCK_MONOTONIC can go back then */
static bool timekeeping_has_left(struct clock_trace_source *source, bool *clamped)
{
	static unsigned long deadline;

	*clamped = source->keeps_time && source->keeps_time(source);
	/* Timekeeping may go on with a counter that we do not trust any more */
	if (!*clamped || !source->is_leaving || !source->is_leaving(source))
		return true;
	if (!deadline)
		deadline = jiffies + msecs_to_jiffies(LEAVE_MS) ?: 1;
	return time_after(jiffies, deadline);
}

/*
 * Let timekeeping know. The counter may be the current one no more: one that fails its first
 * check makes room for others at once.
 */
static void condemn_source(void)
{
	struct clock_trace_source *source = READ_ONCE(condemned_source);

	/* Whoever is recording the reason queues the work again */
	if (!source || !clock_trace_is_lost(source))
		return;
	cmpxchg(&condemned_source, source, NULL);
	if (source->condemn)
		source->condemn(source, source->lost_reason);
}

static void loss_work_fn(struct work_struct *work)
{
	struct clock_trace_source *source;
	bool clamped;

	condemn_source();
	source = clock_trace_get_source();
	if (!source)
		return;

	guard(mutex)(&clock_trace_mutex);
	if (READ_ONCE(clock_trace_live.line)->source == source && clock_trace_is_lost(source)) {
		if (!timekeeping_has_left(source, &clamped)) {
			schedule_delayed_work(&loss_work, msecs_to_jiffies(LOOK_MS));
			return;
		}
		take_over(source, clamped);
	}
	/* One that was lost before it drove the clock makes room for another */
	clock_trace_select_source();
}
