// SPDX-License-Identifier: GPL-2.0
/*
 * The sync check of the trace clock: all CPUs, and when
 *
 * The counter that drives the clock, or is about to, is checked
 *
 *  - before it drives the clock: all online CPUs;
 *  - when a CPU comes online, be it on request or on resume: that CPU, before a user
 *    task can run on it;
 *  - after resume: all online CPUs, because not every kind of suspend takes CPUs
 *    offline;
 *  - on request: all online CPUs;
 *  - every clock_trace.check_interval seconds: housekeeping CPUs, which are those
 *    that neither isolcpus=, nohz_full= nor a cpuset has isolated.
 *
 * One CPU is the reference of all others. It has the most to do, so each check takes
 * the next one. Two virtual CPUs that share a real one may be unable to meet. Then
 * one that has passed already takes the place of the reference.
 *
 * A check that fails takes the trust away from the counter. One that is incomplete,
 * because a CPU could not be met in time, proves nothing, and is repeated.
 *
 * Lock order: clock_trace_mutex (clock_trace.c), cpus_read_lock(),
 * clock_trace_check_mutex.
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
#include <linux/spinlock.h>
#include <linux/suspend.h>
#include <linux/time64.h>
#include <linux/timekeeping.h>
#include <linux/workqueue.h>

#define CREATE_TRACE_POINTS
#include <trace/events/clock_trace_check.h>

#include "clock_trace_check.h"
#include "clock_trace_internal.h"

#undef MODULE_PARAM_PREFIX
#define MODULE_PARAM_PREFIX "clock_trace."

#define CLOCK_TRACE_MAX_INTERVAL	3600
/* How soon an incomplete check is repeated, at first, and at last before all CPUs have passed */
#define CLOCK_TRACE_MIN_RETRY_MS	100
#define CLOCK_TRACE_MAX_RETRY_MS	10000
/* How often a check tries the CPUs that are left, and how many stand in for the reference */
#define CLOCK_TRACE_ROUNDS		3
#define CLOCK_TRACE_DEPUTIES		3
/* When a check tries no other CPU any more: CPU hotplug has to wait for it */
#define CLOCK_TRACE_CHECK_MS		500

/* Serializes checks. Held with cpus_read_lock() or in a hotplug callback while CPUs meet */
static DEFINE_MUTEX(clock_trace_check_mutex);

/* Serialized by clock_trace_check_mutex, but for lockless reads */
static struct {
	/* What is checked */
	struct clock_trace_source	*source;
	/* All CPUs that were online have passed since the source was enabled */
	bool				passed;
	/* The next check takes all online CPUs, not only the housekeeping ones */
	bool				all_cpus;
	/* The reference of the last check */
	unsigned int			reference;
	/* Those that it has still to measure */
	struct cpumask			left;
	/* Those that it has measured, and their reference */
	struct cpumask			done;
	/* Jiffies when it gives up */
	unsigned long			deadline;
	/* It was incomplete, and goes on with those when it is repeated */
	bool				unfinished;
} clock_trace_monitor;

/* Results, which can be read while a check is made */
static DEFINE_SPINLOCK(clock_trace_results_lock);
static struct clock_trace_check_stats clock_trace_check_stats;
static DEFINE_PER_CPU(struct clock_trace_measurement, clock_trace_measurement);

static unsigned int clock_trace_check_interval = 60;

static BLOCKING_NOTIFIER_HEAD(clock_trace_check_notifiers);

static void clock_trace_monitor_work_fn(struct work_struct *work);
static DECLARE_DELAYED_WORK(clock_trace_monitor_work, clock_trace_monitor_work_fn);

static void clock_trace_check_notify_fn(struct work_struct *work);
static DECLARE_WORK(clock_trace_check_notify_work, clock_trace_check_notify_fn);

static void clock_trace_monitor_run_in(unsigned long delay)
{
	/* Freezable: CPUs that are suspended one by one are better left alone */
	mod_delayed_work(system_freezable_wq, &clock_trace_monitor_work, delay);
}

/* Have the next check, which the caller schedules, begin anew with all online CPUs */
static void clock_trace_want_all_cpus(void)
{
	lockdep_assert_held(&clock_trace_check_mutex);

	clock_trace_monitor.all_cpus = true;
	clock_trace_monitor.unfinished = false;
}

static void clock_trace_record(const struct clock_trace_measurement *m)
{
	guard(spinlock)(&clock_trace_results_lock);
	per_cpu(clock_trace_measurement, m->cpu) = *m;
}

/* Check a CPU against this one, to which the task is bound */
static enum clock_trace_check_result clock_trace_check_cpu(struct clock_trace_source *source,
							   unsigned int cpu, bool patient)
{
	char reason[CLOCK_TRACE_REASON_SIZE];
	struct clock_trace_measurement m;
	enum clock_trace_check_result result;

	result = clock_trace_measure(source, cpu, patient, &m);
	if (result == CLOCK_TRACE_CHECK_INCOMPLETE)
		return result;

	/* At once: what is only told may wait */
	if (result == CLOCK_TRACE_CHECK_FAILED) {
		clock_trace_describe_failure(&m, reason, sizeof(reason));
		clock_trace_source_condemned(source, reason);
	} else {
		clock_trace_cpu_passed(cpu);
	}
	clock_trace_record(&m);
	trace_clock_trace_check(&m);
	return result;
}

static bool clock_trace_can_check(const struct clock_trace_source *source)
{
	return source && READ_ONCE(source->trust) == CLOCK_TRACE_TRUSTED;
}

/* Measures all that are left from the CPU that it runs on; returns the gravest result */
static long clock_trace_check_left(void *data)
{
	enum clock_trace_check_result one, result = CLOCK_TRACE_CHECK_PASSED;
	struct cpumask *left = &clock_trace_monitor.left;
	bool *patient = data;
	unsigned int cpu;

	for_each_cpu(cpu, left) {
		if (time_after(jiffies, clock_trace_monitor.deadline))
			return max(result, CLOCK_TRACE_CHECK_INCOMPLETE);
		one = clock_trace_check_cpu(clock_trace_monitor.source, cpu, *patient);
		if (one != CLOCK_TRACE_CHECK_INCOMPLETE) {
			cpumask_clear_cpu(cpu, left);
			cpumask_set_cpu(cpu, &clock_trace_monitor.done);
		}
		result = max(result, one);
	}
	return result;
}

/* From the reference, and if that does not do from others that were measured */
static enum clock_trace_check_result clock_trace_check_round(bool patient)
{
	unsigned int cpu, reference = clock_trace_monitor.reference;
	enum clock_trace_check_result result;
	int deputies = patient ? 0 : CLOCK_TRACE_DEPUTIES;

	result = work_on_cpu(reference, clock_trace_check_left, &patient);
	for_each_cpu_wrap(cpu, &clock_trace_monitor.done, reference) {
		if (result != CLOCK_TRACE_CHECK_INCOMPLETE || !deputies)
			break;
		if (cpu == reference)
			continue;
		result = work_on_cpu(cpu, clock_trace_check_left, &patient);
		deputies--;
	}
	return result;
}

/* Runs on the reference */
static long clock_trace_check_new_cpu(void *data)
{
	return clock_trace_check_cpu(clock_trace_monitor.source, *(unsigned int *)data, true);
}

static void clock_trace_count(enum clock_trace_check_result result)
{
	guard(spinlock)(&clock_trace_results_lock);
	clock_trace_check_stats.result = result;
	if (result == CLOCK_TRACE_CHECK_INCOMPLETE) {
		clock_trace_check_stats.incomplete++;
		return;
	}
	clock_trace_check_stats.checks++;
	if (result == CLOCK_TRACE_CHECK_FAILED)
		clock_trace_check_stats.failures++;
}

/* Online CPUs, all of them or those that nobody has isolated */
static void clock_trace_choose_cpus(struct cpumask *cpus, bool all)
{
	lockdep_assert_cpus_held();

	cpumask_copy(cpus, cpu_online_mask);
	if (all)
		return;

	guard(rcu)();
	cpumask_and(cpus, cpus, housekeeping_cpumask(HK_TYPE_DOMAIN));
	cpumask_and(cpus, cpus, housekeeping_cpumask(HK_TYPE_KERNEL_NOISE));
}

/* Set up a new check, or an incomplete one to go on. Returns false if there is no CPU */
static bool clock_trace_prepare_check(bool anew, bool all)
{
	struct cpumask *left = &clock_trace_monitor.left, *done = &clock_trace_monitor.done;
	unsigned int reference = clock_trace_monitor.reference;
	struct clock_trace_measurement self = { };

	if (!anew && clock_trace_monitor.unfinished && cpu_online(reference)) {
		cpumask_and(left, left, cpu_online_mask);
		cpumask_and(done, done, cpu_online_mask);
		return true;
	}

	clock_trace_choose_cpus(left, all);
	if (cpumask_empty(left))
		return false;
	reference = cpumask_next_wrap(reference, left);
	clock_trace_monitor.reference = reference;
	cpumask_clear_cpu(reference, left);
	cpumask_copy(done, cpumask_of(reference));

	self.cpu = reference;
	self.reference = reference;
	self.warp_cpu = reference;
	self.time = ktime_get_ns();
	clock_trace_record(&self);
	clock_trace_cpu_passed(reference);
	return true;
}

static enum clock_trace_check_result __clock_trace_check_cpus(bool on_request)
{
	bool all = on_request || clock_trace_monitor.all_cpus;
	enum clock_trace_check_result result;
	int round;

	lockdep_assert_cpus_held();
	lockdep_assert_held(&clock_trace_check_mutex);

	if (!clock_trace_can_check(clock_trace_monitor.source) ||
	    !clock_trace_prepare_check(on_request, all))
		return CLOCK_TRACE_CHECK_NONE;

	clock_trace_monitor.deadline = jiffies + msecs_to_jiffies(CLOCK_TRACE_CHECK_MS);
	for (round = 0; round < CLOCK_TRACE_ROUNDS; round++) {
		result = clock_trace_check_round(round % 2);
		if (result != CLOCK_TRACE_CHECK_INCOMPLETE)
			break;
	}
	clock_trace_monitor.unfinished = !on_request && result == CLOCK_TRACE_CHECK_INCOMPLETE;
	if (all && result != CLOCK_TRACE_CHECK_INCOMPLETE) {
		clock_trace_monitor.all_cpus = false;
		WRITE_ONCE(clock_trace_monitor.passed, result == CLOCK_TRACE_CHECK_PASSED);
	}
	clock_trace_count(result);
	clock_trace_restore();
	return result;
}

static enum clock_trace_check_result clock_trace_check_cpus(bool on_request)
{
	enum clock_trace_check_result result;

	scoped_guard(cpus_read_lock) {
		guard(mutex)(&clock_trace_check_mutex);
		result = __clock_trace_check_cpus(on_request);
	}
	if (result == CLOCK_TRACE_CHECK_NONE)
		return result;

	clock_trace_source_checked();
	blocking_notifier_call_chain(&clock_trace_check_notifiers, result, NULL);
	return result;
}

/**
 * clock_trace_check_all - check all online CPUs now
 *
 * Process context, but not in CPU hotplug callbacks or with cpus_read_lock() held.
 *
 * Return: the result. CLOCK_TRACE_CHECK_NONE if there is no counter to check, or it has
 * lost its trust already.
 */
enum clock_trace_check_result clock_trace_check_all(void)
{
	return clock_trace_check_cpus(true);
}

/*
 * How long an incomplete check may wait until it is repeated. Where virtual CPUs can
 * hardly ever meet, trying more often than the interval says would only cost more.
 */
static unsigned int clock_trace_max_retry_ms(void)
{
	unsigned int interval = READ_ONCE(clock_trace_check_interval);

	if (!interval || !clock_trace_monitor_passed())
		return CLOCK_TRACE_MAX_RETRY_MS;
	return interval * MSEC_PER_SEC;
}

static void clock_trace_monitor_work_fn(struct work_struct *work)
{
	static unsigned int retry_ms = CLOCK_TRACE_MIN_RETRY_MS;
	unsigned int interval;

	switch (clock_trace_check_cpus(false)) {
	case CLOCK_TRACE_CHECK_INCOMPLETE:
		retry_ms = min(retry_ms, clock_trace_max_retry_ms());
		clock_trace_monitor_run_in(msecs_to_jiffies(retry_ms));
		retry_ms *= 2;
		break;
	case CLOCK_TRACE_CHECK_PASSED:
		retry_ms = CLOCK_TRACE_MIN_RETRY_MS;
		interval = READ_ONCE(clock_trace_check_interval);
		if (interval)
			clock_trace_monitor_run_in(secs_to_jiffies(interval));
		break;
	case CLOCK_TRACE_CHECK_FAILED:
	case CLOCK_TRACE_CHECK_NONE:
		break;
	}
}

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
	guard(mutex)(&clock_trace_check_mutex);
	clock_trace_monitor.source = source;
	clock_trace_want_all_cpus();
	WRITE_ONCE(clock_trace_monitor.passed, false);
	clock_trace_monitor_run_in(0);
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
	guard(mutex)(&clock_trace_check_mutex);
	clock_trace_monitor.source = NULL;
	WRITE_ONCE(clock_trace_monitor.passed, false);
}

/**
 * clock_trace_monitor_flush - wait for the check that is under way
 *
 * Process context, without any lock of the trace clock or of CPU hotplug.
 */
void clock_trace_monitor_flush(void)
{
	flush_delayed_work(&clock_trace_monitor_work);
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
	return READ_ONCE(clock_trace_monitor.passed);
}

/* An active CPU to measure @cpu from, if possible one that nobody has isolated */
static unsigned int clock_trace_reference_for(unsigned int cpu)
{
	static struct cpumask cpus;
	unsigned int reference;

	lockdep_assert_held(&clock_trace_check_mutex);

	clock_trace_choose_cpus(&cpus, false);
	reference = cpumask_any_but(&cpus, cpu);
	if (reference >= nr_cpu_ids)
		reference = cpumask_any_but(cpu_online_mask, cpu);
	return reference;
}

/*
 * Runs on a CPU that comes online, which no user task can use yet. A loss that
 * begins here ends when the CPU is there: until then readers get the counter, but
 * nothing that goes back.
 */
static int clock_trace_cpu_online(unsigned int cpu)
{
	enum clock_trace_check_result result;
	unsigned int reference;

	guard(mutex)(&clock_trace_check_mutex);
	if (!clock_trace_can_check(clock_trace_monitor.source))
		return 0;
	reference = clock_trace_reference_for(cpu);
	if (reference >= nr_cpu_ids)
		return 0;

	result = work_on_cpu(reference, clock_trace_check_new_cpu, &cpu);
	if (result == CLOCK_TRACE_CHECK_INCOMPLETE) {
		clock_trace_want_all_cpus();
		clock_trace_monitor_run_in(msecs_to_jiffies(CLOCK_TRACE_MIN_RETRY_MS));
	} else if (result == CLOCK_TRACE_CHECK_FAILED) {
		clock_trace_count(result);
	}
	clock_trace_restore();
	/* Who is told takes locks of his own: not in here */
	schedule_work(&clock_trace_check_notify_work);
	return 0;
}

static void clock_trace_check_notify_fn(struct work_struct *work)
{
	struct clock_trace_check_stats stats;

	clock_trace_get_check_stats(&stats);
	blocking_notifier_call_chain(&clock_trace_check_notifiers, stats.result, NULL);
}

static int clock_trace_pm_notify(struct notifier_block *nb, unsigned long event, void *unused)
{
	if (event != PM_POST_SUSPEND && event != PM_POST_HIBERNATION && event != PM_POST_RESTORE)
		return NOTIFY_DONE;

	guard(mutex)(&clock_trace_check_mutex);
	if (!clock_trace_can_check(clock_trace_monitor.source))
		return NOTIFY_DONE;
	clock_trace_want_all_cpus();
	clock_trace_monitor_run_in(0);
	return NOTIFY_OK;
}

void clock_trace_monitor_set_used(bool used)
{
}

void clock_trace_monitor_recheck(void)
{
	clock_trace_monitor.all_cpus = true;
	clock_trace_monitor_run_in(0);
}

/**
 * clock_trace_get_check_stats - what the checks have found
 * @stats:	where it is stored
 */
void clock_trace_get_check_stats(struct clock_trace_check_stats *stats)
{
	guard(spinlock)(&clock_trace_results_lock);
	*stats = clock_trace_check_stats;
}

/**
 * clock_trace_get_measurement - what a CPU was measured at last
 * @cpu:	the CPU
 * @m:		where it is stored
 *
 * Return: false if @cpu was never measured.
 */
bool clock_trace_get_measurement(unsigned int cpu, struct clock_trace_measurement *m)
{
	guard(spinlock)(&clock_trace_results_lock);
	*m = per_cpu(clock_trace_measurement, cpu);
	return m->time;
}

/**
 * clock_trace_register_check_notifier - be told of new results
 * @nb:		called in process context after each check; results that follow each
 *		other quickly may be told as one
 *
 * Return: 0.
 */
int clock_trace_register_check_notifier(struct notifier_block *nb)
{
	return blocking_notifier_chain_register(&clock_trace_check_notifiers, nb);
}

/**
 * clock_trace_get_check_interval - how often the CPUs are checked
 *
 * Return: seconds, 0 for never.
 */
unsigned int clock_trace_get_check_interval(void)
{
	return READ_ONCE(clock_trace_check_interval);
}

/**
 * clock_trace_set_check_interval - say how often the CPUs are to be checked
 * @buf:	seconds in decimal, 0 to 3600; 0 for never
 *
 * The new interval begins now.
 *
 * Return: 0, or -EINVAL for anything else.
 */
int clock_trace_set_check_interval(const char *buf)
{
	unsigned int interval;

	if (kstrtouint(buf, 10, &interval) || interval > CLOCK_TRACE_MAX_INTERVAL)
		return -EINVAL;

	guard(mutex)(&clock_trace_check_mutex);
	WRITE_ONCE(clock_trace_check_interval, interval);
	/* A check of all CPUs that is due does not depend on the interval */
	if (!clock_trace_can_check(clock_trace_monitor.source) || clock_trace_monitor.all_cpus)
		return 0;
	if (interval)
		clock_trace_monitor_run_in(secs_to_jiffies(interval));
	else
		cancel_delayed_work(&clock_trace_monitor_work);
	return 0;
}

static int clock_trace_param_set_interval(const char *val, const struct kernel_param *kp)
{
	return clock_trace_set_check_interval(val);
}

static const struct kernel_param_ops clock_trace_interval_ops = {
	.set	= clock_trace_param_set_interval,
	.get	= param_get_uint,
};

/* Described in Documentation/admin-guide/kernel-parameters.txt */
module_param_cb(check_interval, &clock_trace_interval_ops, &clock_trace_check_interval, 0644);

static struct notifier_block clock_trace_pm_nb = {
	.notifier_call	= clock_trace_pm_notify,
};

static int __init clock_trace_monitor_init(void)
{
	int err;

	/* So that the first reference is the first CPU */
	clock_trace_monitor.reference = nr_cpu_ids - 1;
	err = cpuhp_setup_state_nocalls(CPUHP_AP_ONLINE_DYN, "clock_trace:online",
					clock_trace_cpu_online, NULL);
	if (err < 0)
		return err;
	return register_pm_notifier(&clock_trace_pm_nb);
}
core_initcall(clock_trace_monitor_init);
