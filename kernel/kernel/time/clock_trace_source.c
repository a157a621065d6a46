// SPDX-License-Identifier: GPL-2.0
/*
 * The counters that can drive the trace clock, and its users
 *
 * A counter does not drive the clock before clock_trace_monitor.c has found it
 * synchronized. Until then it is enabled, and CLOCK_MONOTONIC drives the clock.
 *
 * One that can be switched off is enabled as long as there is a user: clock_trace_get() in
 * the kernel, or user space after the first system call that read the clock.
 */

#define pr_fmt(fmt) "clock_trace: " fmt

#include <linux/clock_trace.h>
#include <linux/cpu.h>
#include <linux/cpumask.h>
#include <linux/export.h>
#include <linux/mutex.h>
#include <linux/notifier.h>
#include <linux/printk.h>
#include <linux/rcupdate.h>
#include <linux/spinlock.h>
#include <linux/static_call.h>
#include <linux/string.h>
#include <linux/workqueue.h>

#include "clock_trace_internal.h"
#include "clock_trace_line.h"

/* Protected by clock_trace_mutex, but for lockless reads of current_source */
static LIST_HEAD(sources);
/* Drives the clock, or is enabled and waits for the check that lets it */
static struct clock_trace_source *current_source;
static unsigned int kernel_users;
static bool used;
static BLOCKING_NOTIFIER_HEAD(use_notifiers);

/* Why no counter drives the clock while it is on the monotonic line */
static char idle_reason[CLOCK_TRACE_REASON_SIZE] = "no counter is registered";

/* The last source that was lost before it drove the clock, registered or not */
static struct clock_trace_source *dropped_source;

/**
 * clock_trace_drop_source - note that a counter is lost which does not drive the clock
 * @source:	the counter, which is the reason from now on why none does
 *
 * Any context, including NMI.
 */
void clock_trace_drop_source(struct clock_trace_source *source)
{
	WRITE_ONCE(dropped_source, source);
}

static bool has_user(void)
{
	lockdep_assert_held(&clock_trace_mutex);

	return kernel_users || READ_ONCE(clock_trace_user_space);
}

static struct clock_trace_source *best_source(void)
{
	struct clock_trace_source *source, *best = NULL;

	list_for_each_entry(source, &sources, list) {
		if (READ_ONCE(source->trust) != CLOCK_TRACE_TRUSTED)
			continue;
		if (source->enable && !has_user())
			continue;
		if (!best || source->rating > best->rating)
			best = source;
	}
	return best;
}

/* Enable the best source, and have it checked */
static void begin_source(void)
{
	struct clock_trace_source *source;
	int err;

	while ((source = best_source())) {
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
	/* Pairs with the barrier in clock_trace_source_lost(): it finds that, or is found here */
	clock_trace_look_for_loss(source);
	scnprintf(idle_reason, sizeof(idle_reason), "%s: not yet checked", source->name);
	clock_trace_monitor_start(source);
}

/*
 * Readers that have seen the epoch, or the line, read the counter with preemption disabled.
 * Where the function tracer sees the idle loop, they may do so while RCU is not watching:
 * only the second call waits for these. It does nothing where idle cannot be traced.
 */
static void wait_for_readers(void)
{
	synchronize_rcu();
#ifdef CONFIG_TASKS_RUDE_RCU
	synchronize_rcu_tasks_rude();
#endif
}

/**
 * clock_trace_stop_source - switch off a counter that readers are no longer led to
 * @source:	the counter
 *
 * With clock_trace_mutex held, after the line of the counter has ended.
 */
void clock_trace_stop_source(struct clock_trace_source *source)
{
	lockdep_assert_held(&clock_trace_mutex);

	if (!source->enable)
		return;

	clock_trace_monitor_stop();
	/* Whoever reads 0 from now on finds that the line has ended, and begins anew */
	smp_wmb();
	static_call_update(clock_trace_counter, clock_trace_no_counter);
	wait_for_readers();
	if (source->disable)
		source->disable(source);
}

/* A source that lost its trust before it drove the clock makes room for others */
static void drop_lost_source(void)
{
	struct clock_trace_source *source = current_source;

	if (!source || !clock_trace_is_lost(source))
		return;

	pr_warn("not used: %s\n", source->lost_reason);
	clock_trace_drop_source(source);
	WRITE_ONCE(current_source, NULL);
	clock_trace_stop_source(source);
}

/* A counter that passed the check drives the clock from now on. Returns false if it cannot */
static bool begin_counter(struct clock_trace_source *source)
{
	/* No CPU is on its way up or down, for which the epoch would be withheld */
	guard(cpus_read_lock)();
	guard(raw_spinlock_irqsave)(&clock_trace_lock);
	if (READ_ONCE(source->trust) != CLOCK_TRACE_TRUSTED ||
	    !cpumask_subset(cpu_online_mask, &clock_trace_measured))
		return false;
	clock_trace_begin_counter_line(source);
	clock_trace_restore_locked();
	return true;
}

static void set_used(bool is_used)
{
	used = is_used;
	clock_trace_monitor_set_used(used);
	blocking_notifier_call_chain(&use_notifiers, used, NULL);
}

/**
 * clock_trace_select_source - let the best source drive the clock if none does
 *
 * And if it passed the check. With clock_trace_mutex held.
 */
void clock_trace_select_source(void)
{
	struct clock_trace_source *source;

	lockdep_assert_held(&clock_trace_mutex);

	if (used != has_user())
		set_used(!used);
	if (READ_ONCE(clock_trace_live.line)->state != CLOCK_TRACE_MONOTONIC)
		return;

	drop_lost_source();
	if (!current_source)
		begin_source();
	source = current_source;
	if (!source || !clock_trace_monitor_passed() || !begin_counter(source))
		return;

	clock_trace_announce(CLOCK_TRACE_COUNTER, source->name, "");
}

void clock_trace_source_checked(void)
{
	guard(mutex)(&clock_trace_mutex);
	clock_trace_select_source();
}

/**
 * clock_trace_get_source - the counter that drives the clock or is being checked
 *
 * Any context.
 *
 * Return: the counter, or NULL.
 */
struct clock_trace_source *clock_trace_get_source(void)
{
	return READ_ONCE(current_source);
}

/**
 * clock_trace_describe_source - what drives the clock, and why
 * @info:	its state is given; source and reason are filled in
 *
 * With clock_trace_mutex held.
 */
void clock_trace_describe_source(struct clock_trace_info *info)
{
	struct clock_trace_source *lost;

	lockdep_assert_held(&clock_trace_mutex);

	info->reason[0] = '\0';
	if (info->state == CLOCK_TRACE_COUNTER) {
		info->source = current_source->name;
		return;
	}
	info->source = "monotonic";
	lost = info->state == CLOCK_TRACE_FALLBACK ? current_source : READ_ONCE(dropped_source);
	strscpy(info->reason, lost ? lost->lost_reason : idle_reason);
}

/* Stop a counter that nobody uses any more, and that can be stopped */
static void release_source(void)
{
	struct clock_trace_source *source = current_source;
	bool published;

	if (!source || !source->enable)
		return;

	scoped_guard(raw_spinlock_irqsave, &clock_trace_lock) {
		/* A loss that is under way ends on its own */
		if (clock_trace_live.line->state == CLOCK_TRACE_FALLBACK ||
		    READ_ONCE(source->trust) != CLOCK_TRACE_TRUSTED)
			return;
		published = clock_trace_live.line->state == CLOCK_TRACE_COUNTER;
		if (published)
			clock_trace_begin_monotonic_line();
	}
	strscpy(idle_reason, "the counter is not in use");
	WRITE_ONCE(current_source, NULL);
	clock_trace_stop_source(source);
	if (published)
		clock_trace_announce(CLOCK_TRACE_MONOTONIC, "monotonic", idle_reason);
}

/**
 * clock_trace_get - keep the trace clock's counter enabled and checked
 *
 * For users in the kernel, which call it before their first clock_trace_read().
 * The clock can be read without it, but is CLOCK_MONOTONIC then if its counter
 * has to be enabled, and no periodic check finds a counter that drifts. A counter that
 * cannot be enabled is no error: CLOCK_MONOTONIC drives the clock then, too.
 *
 * Process context, but not in CPU hotplug callbacks or with cpus_read_lock() held.
 */
void clock_trace_get(void)
{
	guard(mutex)(&clock_trace_mutex);
	kernel_users++;
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
	if (WARN_ON_ONCE(!kernel_users))
		return;
	kernel_users--;
	if (has_user())
		return;
	release_source();
	set_used(false);
}
EXPORT_SYMBOL_GPL(clock_trace_put);

static void use_work_fn(struct work_struct *work)
{
	guard(mutex)(&clock_trace_mutex);
	clock_trace_select_source();
}

static DECLARE_WORK(use_work, use_work_fn);

/**
 * clock_trace_begin_user_space - a program reads the clock for the first time
 *
 * User space then uses the clock until reboot: the kernel does not see when a program
 * reads it for the last time. A counter that always runs can be read in the vDSO when
 * this returns. A work item enables one that does not.
 *
 * Any context but NMI.
 */
void clock_trace_begin_user_space(void)
{
	scoped_guard(raw_spinlock_irqsave, &clock_trace_lock) {
		if (clock_trace_user_space)
			return;
		WRITE_ONCE(clock_trace_user_space, true);
		clock_trace_update_direct();
		if (READ_ONCE(clock_trace_live.epoch)) {
			clock_trace_publish_vdso();
			clock_trace_look_for_loss(clock_trace_live.line->source);
		}
	}
	schedule_work(&use_work);
}

/**
 * clock_trace_register_use_notifier - have a function called when the clock is used
 * @nb:		called with 1 when somebody begins to use the clock, and at once if somebody
 *		does; with 0 when nobody does any more
 *
 * For what costs something that only users need, such as polling. It is called in process
 * context, with a lock of the trace clock held: it may call clock_trace_disrupted(), but
 * not clock_trace_get() or this function.
 *
 * Process context.
 *
 * Return: 0.
 */
int clock_trace_register_use_notifier(struct notifier_block *nb)
{
	int err;

	guard(mutex)(&clock_trace_mutex);
	err = blocking_notifier_chain_register(&use_notifiers, nb);
	if (!err && used)
		nb->notifier_call(nb, 1, NULL);
	return err;
}
EXPORT_SYMBOL_GPL(clock_trace_register_use_notifier);

/**
 * clock_trace_unregister_use_notifier - undo clock_trace_register_use_notifier()
 * @nb:		not called any more when this returns
 *
 * Process context.
 *
 * Return: 0, or -ENOENT if @nb is not registered.
 */
int clock_trace_unregister_use_notifier(struct notifier_block *nb)
{
	guard(mutex)(&clock_trace_mutex);
	return blocking_notifier_chain_unregister(&use_notifiers, nb);
}
EXPORT_SYMBOL_GPL(clock_trace_unregister_use_notifier);

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
		list_add_tail(&source->list, &sources);
		if (!current_source)
			strscpy(idle_reason, "the counter is not in use");
		clock_trace_select_source();
	}
	clock_trace_monitor_flush();
	return 0;
}

/**
 * clock_trace_source_unusable - tell why a counter is not registered
 * @source:	the counter
 * @reason:	the reason, for users who find no counter
 *
 * Process context.
 */
void clock_trace_source_unusable(struct clock_trace_source *source, const char *reason)
{
	guard(mutex)(&clock_trace_mutex);
	scnprintf(idle_reason, sizeof(idle_reason), "%s: %s", source->name, reason);
}
