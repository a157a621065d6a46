// SPDX-License-Identifier: GPL-2.0
/*
 * The sync check of the trace clock: when, which CPUs, and what it means
 *
 * The counter that drives the clock, or is about to, is checked
 *
 *  - before it drives the clock, and whenever an online CPU has not been measured, as
 *    after resume: those CPUs;
 *  - when a CPU comes online: that CPU, before a user task can run on it;
 *  - on request: all online CPUs;
 *  - while somebody uses the clock, every clock_trace.check_interval seconds: the CPUs
 *    that may be disturbed. Those are the ones in clock_trace.check_cpus that neither
 *    isolcpus=, nohz_full= nor a cpuset has isolated.
 *
 * Each check is a sweep, see clock_trace_sweep.c. One work item makes all of them: each
 * run does a step, with CPU hotplug blocked for at most 50 ms, and queues the next. The
 * timer of the periodic check does not wake an idle CPU.
 *
 * A check that fails takes the trust away from the counter. One that is incomplete,
 * because a CPU could not be met in time, proves nothing, and is repeated. The core
 * withholds the epoch while an online CPU has not been measured.
 *
 * Lock order: clock_trace_mutex (of the core), cpus_read_lock(), check_mutex.
 */

#define pr_fmt(fmt) "clock_trace: " fmt

#include <linux/clock_trace.h>
#include <linux/cpu.h>
#include <linux/cpuhotplug.h>
#include <linux/cpumask.h>
#include <linux/init.h>
#include <linux/jiffies.h>
#include <linux/kstrtox.h>
#include <linux/moduleparam.h>
#include <linux/mutex.h>
#include <linux/notifier.h>
#include <linux/percpu.h>
#include <linux/rcupdate.h>
#include <linux/sched/isolation.h>
#include <linux/smp.h>
#include <linux/spinlock.h>
#include <linux/suspend.h>
#include <linux/sysfs.h>
#include <linux/time64.h>
#include <linux/timekeeping.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#define CREATE_TRACE_POINTS
#include <trace/events/clock_trace_check.h>

#include "clock_trace_check.h"
#include "clock_trace_internal.h"

#undef MODULE_PARAM_PREFIX
#define MODULE_PARAM_PREFIX "clock_trace."

/* Seconds */
#define MAX_INTERVAL	3600
/* Longest time until an incomplete check is repeated while the clock waits for it */
#define MAX_RETRY_MS	10000

/* What the CPUs are measured for */
enum sweep_kind {
	/* Nothing: no sweep is under way */
	SWEEP_NONE,
	/* Periodic: those that may be disturbed */
	SWEEP_PERIODIC,
	/* The epoch is withheld because of them */
	SWEEP_UNMEASURED,
	/* On request: all that are online */
	SWEEP_ALL,
};

/* Serializes steps. Held with cpus_read_lock() or in a hotplug callback while CPUs meet */
static DEFINE_MUTEX(check_mutex);

/* Serialized by check_mutex, but for lockless reads */
static struct {
	/* What is checked */
	struct clock_trace_source	*source;
	/* All CPUs that were online have passed since the source was enabled */
	bool				passed;
	/* Somebody uses the clock */
	bool				used;
	/* A periodic check is due */
	bool				periodic;
	/* Requests so far, of these the ones that the sweep serves, and those served */
	unsigned long			requested;
	unsigned long			serving;
	unsigned long			served;
	enum clock_trace_check_result	request_result;
	enum sweep_kind			kind;
	struct clock_trace_sweep	sweep;
	/* How often incomplete checks have been repeated in a row */
	unsigned int			retries;
	/* The last sweep could not meet a CPU that has not been measured */
	bool				missed;
	/* Jiffies at the end of the last check that passed */
	unsigned long			last_passed;
	/* How often a check was wanted at once, and of these how many are through */
	unsigned long			wanted;
	unsigned long			done;
	/* clock_trace_generation() when the sweep began */
	unsigned int			generation;
	/* The same before the reference of the current measurements was looked up */
	unsigned int			measuring_in;
} monitor;

/* CPUs that the periodic check may disturb, as far as they are not isolated */
static struct cpumask check_cpus = { CPU_BITS_ALL };
static unsigned int check_interval = 60;

/* Results, which can be read while a check is made */
static DEFINE_SPINLOCK(results_lock);
static struct clock_trace_check_stats check_stats;
static DEFINE_PER_CPU(struct clock_trace_measurement, last_measurement);

static BLOCKING_NOTIFIER_HEAD(check_notifiers);
static DECLARE_WAIT_QUEUE_HEAD(check_wait);

static struct workqueue_struct *check_wq;

static void step_work_fn(struct work_struct *work);
static DECLARE_DELAYED_WORK(step_work, step_work_fn);

static void periodic_work_fn(struct work_struct *work);
static DECLARE_DEFERRABLE_WORK(periodic_work, periodic_work_fn);

static void notify_work_fn(struct work_struct *work);
static DECLARE_WORK(notify_work, notify_work_fn);

/* Any context but NMI */
static void step_now(void)
{
	if (check_wq)
		mod_delayed_work(check_wq, &step_work, 0);
}

/* ... unless a step is due sooner */
static void step_in(unsigned int ms)
{
	queue_delayed_work(check_wq, &step_work, msecs_to_jiffies(ms));
}

static void record(const struct clock_trace_measurement *m)
{
	guard(spinlock)(&results_lock);
	per_cpu(last_measurement, m->cpu) = *m;
}

static void count(enum clock_trace_check_result result)
{
	guard(spinlock)(&results_lock);
	check_stats.result = result;
	if (result == CLOCK_TRACE_CHECK_INCOMPLETE) {
		check_stats.incomplete++;
		return;
	}
	check_stats.checks++;
	if (result == CLOCK_TRACE_CHECK_FAILED)
		check_stats.failures++;
}

static bool has_counter(void)
{
	return monitor.source && READ_ONCE(monitor.source->trust) == CLOCK_TRACE_TRUSTED;
}

/* Nobody measures in a suspend: tasks may be frozen, and firmware may change counters */
static bool can_check(void)
{
	return has_counter() && !clock_trace_is_barred();
}

/* --- which CPUs --- */

/* Online CPUs that may be disturbed */
static void get_preferred(struct cpumask *cpus)
{
	lockdep_assert_cpus_held();
	lockdep_assert_held(&check_mutex);

	cpumask_and(cpus, cpu_online_mask, &check_cpus);
	guard(rcu)();
	cpumask_and(cpus, cpus, housekeeping_cpumask(HK_TYPE_DOMAIN));
	cpumask_and(cpus, cpus, housekeeping_cpumask(HK_TYPE_KERNEL_NOISE));
}

/* Online CPUs that have been measured, or that have not */
static void get_measured(struct cpumask *cpus, bool measured)
{
	unsigned int cpu;

	lockdep_assert_cpus_held();

	cpumask_clear(cpus);
	for_each_online_cpu(cpu) {
		if (clock_trace_cpu_has_passed(cpu) == measured)
			cpumask_set_cpu(cpu, cpus);
	}
}

static bool all_measured(void)
{
	static struct cpumask cpus;

	lockdep_assert_held(&check_mutex);

	get_measured(&cpus, false);
	return cpumask_empty(&cpus);
}

/* --- one measurement --- */

/* Measure a CPU against this one, to which the task is bound */
static enum clock_trace_check_result check_cpu(unsigned int cpu, bool patient)
{
	char reason[CLOCK_TRACE_REASON_SIZE];
	enum clock_trace_check_result result;
	struct clock_trace_measurement m;

	result = clock_trace_measure(monitor.source, cpu, patient, &m);
	if (result == CLOCK_TRACE_CHECK_NONE || result == CLOCK_TRACE_CHECK_INCOMPLETE)
		return result;

	/* Handle a failure first; recording it can wait */
	if (result == CLOCK_TRACE_CHECK_FAILED) {
		clock_trace_describe_failure(&m, reason, sizeof(reason));
		clock_trace_source_condemned(monitor.source, reason);
	} else {
		/* The first two that agree are on the time line by definition */
		clock_trace_cpu_passed(raw_smp_processor_id(), monitor.measuring_in);
		clock_trace_cpu_passed(cpu, monitor.measuring_in);
	}
	record(&m);
	trace_clock_trace_check(&m);
	return result;
}

/* Runs on the reference */
static long sweep_measure_fn(void *unused)
{
	clock_trace_sweep_measure(&monitor.sweep, check_cpu);
	/* There may be a CPU that cannot be met for long */
	clock_trace_keep_up();
	return 0;
}

/* Runs on the reference */
static long check_new_cpu_fn(void *data)
{
	return check_cpu(*(unsigned int *)data, false);
}

/* --- a sweep --- */

/* No online CPU is left whose counter is known to be on the time line: begin another */
static void begin_time_line_fn(void *source)
{
	clock_trace_source_reset(source);
}

/*
 * The CPUs of @among that a new sweep may measure others against. They have been measured
 * themselves, unless no CPU has been.
 */
static void get_candidates(struct cpumask *candidates, const struct cpumask *among)
{
	get_measured(candidates, true);
	cpumask_and(candidates, candidates, among);
	if (cpumask_empty(candidates) && monitor.kind != SWEEP_PERIODIC)
		cpumask_copy(candidates, cpu_online_mask);
}

static void record_reference(unsigned int cpu)
{
	struct clock_trace_measurement self = {
		.cpu		= cpu,
		.reference	= cpu,
		.warp_cpu	= cpu,
		.time		= ktime_get_ns(),
	};

	record(&self);
}

static void periodic_in(unsigned int sec)
{
	if (check_wq && monitor.used && check_interval && has_counter())
		mod_delayed_work(check_wq, &periodic_work, secs_to_jiffies(sec));
}

/* Decide what to measure next, if anything. Sets monitor.kind */
static void begin_sweep(void)
{
	static struct cpumask cpus, candidates, preferred, measured;
	unsigned int reference;

	/* The marks of the measured CPUs, which decide all that follows, may be cleared any time */
	monitor.generation = clock_trace_generation();
	if (monitor.requested != monitor.served) {
		monitor.kind = SWEEP_ALL;
		monitor.serving = monitor.requested;
		cpumask_copy(&cpus, cpu_online_mask);
	} else if (!monitor.passed || (!all_measured() && !(monitor.periodic && monitor.missed))) {
		monitor.kind = SWEEP_UNMEASURED;
		get_measured(&cpus, false);
	} else if (monitor.periodic) {
		monitor.kind = SWEEP_PERIODIC;
		get_preferred(&cpus);
		get_measured(&measured, true);
		cpumask_and(&cpus, &cpus, &measured);
	} else {
		return;
	}

	/* With fewer than two CPUs that may be disturbed there is nothing to measure */
	if (monitor.kind == SWEEP_PERIODIC && cpumask_weight(&cpus) < 2) {
		monitor.kind = SWEEP_NONE;
		monitor.periodic = false;
		periodic_in(check_interval);
		/* It was the turn of those that are measured, and there are none */
		if (monitor.missed)
			step_now();
		monitor.missed = false;
		return;
	}

	get_preferred(&preferred);
	get_candidates(&candidates, monitor.kind == SWEEP_PERIODIC ? &cpus : cpu_online_mask);
	reference = clock_trace_choose_reference(&candidates, &preferred,
						 monitor.sweep.reference, nr_cpu_ids);
	/* All were measured a moment ago */
	if (reference >= nr_cpu_ids) {
		monitor.kind = SWEEP_NONE;
		step_now();
		return;
	}
	/* Once this has marked the CPU as measured, the next step begins a new sweep */
	if (monitor.passed && !clock_trace_cpu_has_passed(reference))
		smp_call_function_single(reference, begin_time_line_fn, monitor.source, true);
	clock_trace_sweep_begin(&monitor.sweep, &cpus, &candidates, reference);
}

/* Begin anew if measurements have become void, or if more CPUs are wanted now */
static void drop_stale_sweep(void)
{
	if (monitor.generation != clock_trace_generation() ||
	    (monitor.kind != SWEEP_ALL && monitor.requested != monitor.served))
		monitor.kind = SWEEP_NONE;
}

static unsigned int longest_retry_ms(void)
{
	if (!check_interval || !all_measured())
		return MAX_RETRY_MS;
	return check_interval * MSEC_PER_SEC;
}

/* Evaluate a sweep that has ended, and queue the next step or check */
static void end_sweep(enum clock_trace_check_result result)
{
	/* A few that had not been measured say nothing of the others */
	bool of_all = monitor.kind != SWEEP_UNMEASURED || !monitor.passed;

	if (result == CLOCK_TRACE_CHECK_PASSED && of_all)
		monitor.last_passed = jiffies;
	if (can_check() && all_measured()) {
		WRITE_ONCE(monitor.passed, true);
		clock_trace_restore();
	}
	if (monitor.kind == SWEEP_ALL)
		monitor.request_result = result;
	/* The others are checked before it is tried again */
	monitor.missed = monitor.kind == SWEEP_UNMEASURED && result == CLOCK_TRACE_CHECK_INCOMPLETE;

	if (result == CLOCK_TRACE_CHECK_INCOMPLETE) {
		if (monitor.periodic || !all_measured())
			step_in(clock_trace_retry_ms(monitor.retries++, longest_retry_ms()));
	} else {
		monitor.retries = 0;
		if (of_all) {
			monitor.periodic = false;
			periodic_in(check_interval);
		}
		/* A CPU that came online meanwhile could not be met */
		if (can_check() && (monitor.periodic || !all_measured()))
			step_now();
	}
	count(result);
	monitor.kind = SWEEP_NONE;
}

/*
 * Do a step. Returns the result of a sweep that has ended; CLOCK_TRACE_CHECK_NONE if none
 * has. Afterwards monitor.kind says whether a sweep is under way.
 */
static enum clock_trace_check_result do_step(void)
{
	static struct cpumask preferred;
	enum clock_trace_check_result result;
	const struct cpumask *wanted;
	bool more;

	lockdep_assert_cpus_held();
	lockdep_assert_held(&check_mutex);

	drop_stale_sweep();
	if (!can_check()) {
		monitor.kind = SWEEP_NONE;
		if (monitor.requested != monitor.served)
			monitor.request_result = has_counter() ? CLOCK_TRACE_CHECK_INCOMPLETE :
								 CLOCK_TRACE_CHECK_NONE;
		monitor.serving = monitor.requested;
		return CLOCK_TRACE_CHECK_NONE;
	}
	if (monitor.kind == SWEEP_NONE) {
		/* All CPUs may have been set back, which a comparison of them cannot find */
		clock_trace_look_for_reset();
		begin_sweep();
	}
	if (monitor.kind == SWEEP_NONE)
		return CLOCK_TRACE_CHECK_NONE;

	get_preferred(&preferred);
	wanted = monitor.kind == SWEEP_PERIODIC ? &preferred : cpu_online_mask;
	more = clock_trace_sweep_prepare(&monitor.sweep, wanted, cpu_online_mask, &preferred);
	/* Nothing has been measured against it yet */
	if (cpumask_weight(&monitor.sweep.measured) == 1)
		record_reference(monitor.sweep.reference);
	if (more) {
		monitor.measuring_in = monitor.generation;
		work_on_cpu(monitor.sweep.reference, sweep_measure_fn, NULL);
		if (can_check() && !cpumask_empty(&monitor.sweep.pending)) {
			step_in(monitor.sweep.pause_ms);
			return CLOCK_TRACE_CHECK_NONE;
		}
	}
	/* A single CPU has a single time line */
	if (num_online_cpus() == 1)
		clock_trace_cpu_passed(cpumask_first(cpu_online_mask), clock_trace_generation());
	result = clock_trace_sweep_end(&monitor.sweep);
	end_sweep(result);
	return result;
}

static void notify(enum clock_trace_check_result result)
{
	blocking_notifier_call_chain(&check_notifiers, result, NULL);
}

static void step_work_fn(struct work_struct *work)
{
	enum clock_trace_check_result result;
	unsigned long served, done;
	bool under_way;

	scoped_guard(cpus_read_lock) {
		guard(mutex)(&check_mutex);
		result = do_step();
		under_way = monitor.kind != SWEEP_NONE;
		served = monitor.serving;
		done = monitor.wanted;
	}
	if (under_way)
		return;

	if (result != CLOCK_TRACE_CHECK_NONE) {
		clock_trace_source_checked();
		notify(result);
	}
	scoped_guard(mutex, &check_mutex) {
		WRITE_ONCE(monitor.served, served);
		WRITE_ONCE(monitor.done, done);
		/* Asked for while a sweep was under way that had begun before */
		if (monitor.requested != served)
			step_now();
	}
	wake_up_all(&check_wait);
}

static void periodic_work_fn(struct work_struct *work)
{
	guard(mutex)(&check_mutex);
	if (!has_counter() || !monitor.used || !check_interval)
		return;
	monitor.periodic = true;
	step_now();
}

/**
 * clock_trace_check_all - check all online CPUs now
 * @result:	the result is stored here. CLOCK_TRACE_CHECK_NONE if there is no counter to
 *		check, or it has lost its trust already; CLOCK_TRACE_CHECK_INCOMPLETE in a suspend.
 *
 * Waits for a check that begins after the call, and that others may have asked for, too.
 * Process context, but not in CPU hotplug callbacks or with cpus_read_lock() held.
 *
 * Return: 0, or -ERESTARTSYS if a signal came; the check goes on then.
 */
int clock_trace_check_all(enum clock_trace_check_result *result)
{
	unsigned long request;

	scoped_guard(mutex, &check_mutex) {
		*result = has_counter() ? CLOCK_TRACE_CHECK_INCOMPLETE : CLOCK_TRACE_CHECK_NONE;
		if (!can_check())
			return 0;
		request = ++monitor.requested;
		step_now();
	}
	if (wait_event_interruptible(check_wait,
				     (long)(READ_ONCE(monitor.served) - request) >= 0))
		return -ERESTARTSYS;

	guard(mutex)(&check_mutex);
	*result = monitor.request_result;
	return 0;
}

/* --- for the core --- */

/**
 * clock_trace_monitor_start - check a counter from now on
 * @source:	the counter, which is enabled
 *
 * In place of the one that was checked before. The first check begins at once, and
 * calls clock_trace_source_checked() when it is complete.
 *
 * Process context, with clock_trace_mutex held.
 */
void clock_trace_monitor_start(struct clock_trace_source *source)
{
	guard(mutex)(&check_mutex);
	/* Here, so that no CPU is marked after it that the old counter was measured on */
	clock_trace_forget_measured();
	monitor.source = source;
	monitor.kind = SWEEP_NONE;
	monitor.retries = 0;
	WRITE_ONCE(monitor.passed, false);
	monitor.wanted++;
	step_now();
}

/**
 * clock_trace_monitor_stop - check no counter any more
 *
 * When it returns, the check does not read the counter any more.
 *
 * Process context, with clock_trace_mutex held.
 */
void clock_trace_monitor_stop(void)
{
	guard(mutex)(&check_mutex);
	monitor.source = NULL;
	monitor.kind = SWEEP_NONE;
	monitor.periodic = false;
	WRITE_ONCE(monitor.passed, false);
	clock_trace_measure_finish();
	/* For those that wait for a request */
	step_now();
}

/**
 * clock_trace_monitor_flush - wait for the check that is under way
 *
 * Process context, without any lock of the trace clock or of CPU hotplug.
 */
void clock_trace_monitor_flush(void)
{
	unsigned long wanted;

	scoped_guard(mutex, &check_mutex)
		wanted = monitor.wanted;
	wait_event(check_wait, (long)(READ_ONCE(monitor.done) - wanted) >= 0);
}

/**
 * clock_trace_monitor_passed - has the counter been found synchronized?
 *
 * Any context; it stays as it is while clock_trace_mutex is held.
 *
 * Return: true if all online CPUs have passed since clock_trace_monitor_start().
 */
bool clock_trace_monitor_passed(void)
{
	return READ_ONCE(monitor.passed);
}

/**
 * clock_trace_monitor_set_used - say whether anybody uses the clock
 * @used:	make periodic checks; the first one at once if the last check that passed is
 *		older than the interval
 *
 * Process context, with clock_trace_mutex held.
 */
void clock_trace_monitor_set_used(bool used)
{
	unsigned long age;

	guard(mutex)(&check_mutex);
	if (monitor.used == used)
		return;
	monitor.used = used;
	if (!used) {
		cancel_delayed_work(&periodic_work);
		monitor.periodic = false;
		return;
	}
	age = (jiffies - monitor.last_passed) / HZ;
	periodic_in(age < check_interval ? check_interval - age : 0);
}

/**
 * clock_trace_monitor_recheck - all that was measured is void
 *
 * Schedules a check of the CPUs that have not been measured since.
 *
 * Any context but NMI.
 */
void clock_trace_monitor_recheck(void)
{
	step_now();
}

/* --- CPU hotplug and suspend --- */

/*
 * Runs on a CPU that comes online, which no user task can use yet. If that CPU cannot be
 * met, the epoch stays withheld, and a sweep tries it again.
 */
static int cpu_online_fn(unsigned int cpu)
{
	enum clock_trace_check_result result = CLOCK_TRACE_CHECK_INCOMPLETE;
	static struct cpumask preferred, measured;
	unsigned int reference;

	guard(mutex)(&check_mutex);
	if (!can_check())
		return 0;

	monitor.measuring_in = clock_trace_generation();
	get_preferred(&preferred);
	get_measured(&measured, true);
	reference = clock_trace_choose_reference(&measured, &preferred, monitor.sweep.reference,
						 cpu);
	if (reference < nr_cpu_ids)
		result = work_on_cpu(reference, check_new_cpu_fn, &cpu);

	switch (result) {
	case CLOCK_TRACE_CHECK_PASSED:
		clock_trace_restore();
		break;
	case CLOCK_TRACE_CHECK_FAILED:
		count(result);
		break;
	default:
		step_now();
	}
	/* Notifiers take their own locks; call them from a work item */
	schedule_work(&notify_work);
	return 0;
}

static void notify_work_fn(struct work_struct *work)
{
	struct clock_trace_check_stats stats;

	/* The first check may have waited for this CPU */
	clock_trace_source_checked();
	clock_trace_get_check_stats(&stats);
	notify(stats.result);
}

/*
 * Suspend-to-idle may leave timekeeping, and so the epoch, alone, and yet let firmware
 * power CPUs down.
 */
static int pm_notify_fn(struct notifier_block *nb, unsigned long event, void *unused)
{
	static struct cpumask preferred;

	guard(cpus_read_lock)();
	guard(mutex)(&check_mutex);
	switch (event) {
	case PM_SUSPEND_PREPARE:
	case PM_HIBERNATION_PREPARE:
	case PM_RESTORE_PREPARE:
		get_preferred(&preferred);
		clock_trace_bar(&preferred);
		return NOTIFY_OK;
	case PM_POST_SUSPEND:
	case PM_POST_HIBERNATION:
	case PM_POST_RESTORE:
		clock_trace_unbar();
		clock_trace_monitor_recheck();
		return NOTIFY_OK;
	default:
		return NOTIFY_DONE;
	}
}

static struct notifier_block pm_nb = {
	.notifier_call	= pm_notify_fn,
};

/* --- results and settings --- */

/**
 * clock_trace_get_check_stats - what the checks have found
 * @stats:	where it is stored
 */
void clock_trace_get_check_stats(struct clock_trace_check_stats *stats)
{
	guard(spinlock)(&results_lock);
	*stats = check_stats;
}

/**
 * clock_trace_get_measurement - the last measurement of a CPU
 * @cpu:	the CPU
 * @m:		where it is stored
 *
 * Return: false if @cpu was never measured.
 */
bool clock_trace_get_measurement(unsigned int cpu, struct clock_trace_measurement *m)
{
	guard(spinlock)(&results_lock);
	*m = per_cpu(last_measurement, cpu);
	return m->time;
}

/**
 * clock_trace_register_check_notifier - have a function called after each check
 * @nb:		called in process context; a call may stand for several results that follow
 *		each other quickly
 *
 * Return: 0.
 */
int clock_trace_register_check_notifier(struct notifier_block *nb)
{
	return blocking_notifier_chain_register(&check_notifiers, nb);
}

/**
 * clock_trace_get_check_interval - how often the CPUs are checked
 *
 * Return: seconds, 0 for never.
 */
unsigned int clock_trace_get_check_interval(void)
{
	return READ_ONCE(check_interval);
}

/**
 * clock_trace_set_check_interval - set how often the CPUs are checked
 * @buf:	seconds in decimal, 0 to 3600; 0 for never
 *
 * The new interval begins now.
 *
 * Return: 0, or -EINVAL for anything else.
 */
int clock_trace_set_check_interval(const char *buf)
{
	unsigned int interval;

	if (kstrtouint(buf, 10, &interval) || interval > MAX_INTERVAL)
		return -EINVAL;

	guard(mutex)(&check_mutex);
	WRITE_ONCE(check_interval, interval);
	if (!interval && check_wq) {
		cancel_delayed_work(&periodic_work);
		monitor.periodic = false;
	}
	periodic_in(interval);
	return 0;
}

/**
 * clock_trace_print_check_cpus - the CPUs that the periodic check may disturb
 * @buf:	a page, where they are stored as a list, without regard to isolation
 *
 * Return: the length.
 */
ssize_t clock_trace_print_check_cpus(char *buf)
{
	guard(mutex)(&check_mutex);
	return sysfs_emit(buf, "%*pbl\n", cpumask_pr_args(&check_cpus));
}

/**
 * clock_trace_set_check_cpus - set the CPUs that the periodic check may disturb
 * @buf:	a list of CPUs
 *
 * Return: 0, or a negative error if @buf is no such list.
 */
int clock_trace_set_check_cpus(const char *buf)
{
	static struct cpumask cpus;
	int err;

	guard(mutex)(&check_mutex);
	err = cpulist_parse(buf, &cpus);
	if (!err)
		cpumask_copy(&check_cpus, &cpus);
	return err;
}

static int param_set_interval(const char *val, const struct kernel_param *kp)
{
	return clock_trace_set_check_interval(val);
}

static int param_set_cpus(const char *val, const struct kernel_param *kp)
{
	return clock_trace_set_check_cpus(val);
}

static int param_get_cpus(char *buf, const struct kernel_param *kp)
{
	return clock_trace_print_check_cpus(buf);
}

static const struct kernel_param_ops interval_ops = {
	.set	= param_set_interval,
	.get	= param_get_uint,
};

static const struct kernel_param_ops cpus_ops = {
	.set	= param_set_cpus,
	.get	= param_get_cpus,
};

/* Described in Documentation/admin-guide/kernel-parameters.txt */
module_param_cb(check_interval, &interval_ops, &check_interval, 0644);
module_param_cb(check_cpus, &cpus_ops, NULL, 0644);

static int __init clock_trace_monitor_init(void)
{
	int err;

	check_wq = alloc_workqueue("clock_trace", WQ_UNBOUND | WQ_FREEZABLE, 0);
	/* No counter drives the clock without a check, and callers wait for one */
	if (!check_wq)
		check_wq = system_freezable_wq;

	/* So that the first reference is the first CPU */
	monitor.sweep.reference = nr_cpu_ids - 1;
	err = cpuhp_setup_state_nocalls(CPUHP_AP_ONLINE_DYN, "clock_trace:online",
					cpu_online_fn, NULL);
	if (err < 0)
		return err;
	return register_pm_notifier(&pm_nb);
}
core_initcall(clock_trace_monitor_init);
