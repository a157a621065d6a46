// SPDX-License-Identifier: GPL-2.0
/*
 * The sync check of the trace clock in /sys/kernel/clock_trace/
 *
 * Described in Documentation/ABI/testing/sysfs-kernel-clock_trace.
 */

#include <linux/container_of.h>
#include <linux/cpumask.h>
#include <linux/init.h>
#include <linux/kobject.h>
#include <linux/kstrtox.h>
#include <linux/mutex.h>
#include <linux/notifier.h>
#include <linux/slab.h>
#include <linux/sysfs.h>

#include "clock_trace_check.h"
#include "clock_trace_internal.h"

/* A directory for a CPU, which stays once it is there */
struct clock_trace_cpu {
	struct kobject	kobj;
	unsigned int	cpu;
};

static ssize_t check_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	static const char * const names[] = {
		[CLOCK_TRACE_CHECK_NONE]	= "none",
		[CLOCK_TRACE_CHECK_PASSED]	= "passed",
		[CLOCK_TRACE_CHECK_INCOMPLETE]	= "incomplete",
		[CLOCK_TRACE_CHECK_FAILED]	= "failed",
	};
	struct clock_trace_check_stats stats;

	clock_trace_get_check_stats(&stats);
	return sysfs_emit(buf, "%s\n", names[stats.result]);
}

static ssize_t check_store(struct kobject *kobj, struct kobj_attribute *attr,
			   const char *buf, size_t count)
{
	bool check;

	if (kstrtobool(buf, &check) || !check)
		return -EINVAL;

	switch (clock_trace_check_all()) {
	case CLOCK_TRACE_CHECK_NONE:
		return -ENODEV;
	case CLOCK_TRACE_CHECK_INCOMPLETE:
		return -EAGAIN;
	default:
		return count;
	}
}

static ssize_t check_interval_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%u\n", clock_trace_get_check_interval());
}

static ssize_t check_interval_store(struct kobject *kobj, struct kobj_attribute *attr,
				    const char *buf, size_t count)
{
	return clock_trace_set_check_interval(buf) ?: count;
}

static struct kobj_attribute check_attr = __ATTR_RW(check);
static struct kobj_attribute check_interval_attr = __ATTR_RW(check_interval);

#define CLOCK_TRACE_STAT_RO(_name, _value)						\
static ssize_t _name##_show(struct kobject *kobj, struct kobj_attribute *attr,		\
			    char *buf)							\
{											\
	struct clock_trace_check_stats stats;						\
											\
	clock_trace_get_check_stats(&stats);						\
	return sysfs_emit(buf, "%llu\n", _value);						\
}											\
static struct kobj_attribute _name##_attr = __ATTR_RO(_name)

CLOCK_TRACE_STAT_RO(checks, stats.checks);
CLOCK_TRACE_STAT_RO(failures, stats.failures);
CLOCK_TRACE_STAT_RO(incomplete, stats.incomplete);

static const struct attribute *clock_trace_check_attrs[] = {
	&check_attr.attr,
	&check_interval_attr.attr,
	&checks_attr.attr,
	&failures_attr.attr,
	&incomplete_attr.attr,
	NULL
};

static unsigned int clock_trace_cpu_of(struct kobject *kobj)
{
	return container_of(kobj, struct clock_trace_cpu, kobj)->cpu;
}

#define CLOCK_TRACE_CPU_RO(_name, _format, _value)					\
static ssize_t _name##_show(struct kobject *kobj, struct kobj_attribute *attr,		\
			    char *buf)							\
{											\
	struct clock_trace_measurement m;						\
											\
	clock_trace_get_measurement(clock_trace_cpu_of(kobj), &m);			\
	return sysfs_emit(buf, _format "\n", _value);					\
}											\
static struct kobj_attribute _name##_attr = __ATTR_RO(_name)

CLOCK_TRACE_CPU_RO(reference, "%u", m.reference);
CLOCK_TRACE_CPU_RO(warp, "%llu", m.warp);
CLOCK_TRACE_CPU_RO(offset_min, "%lld", m.offset_min);
CLOCK_TRACE_CPU_RO(offset_max, "%lld", m.offset_max);
CLOCK_TRACE_CPU_RO(round_trip, "%llu", m.round_trip);
CLOCK_TRACE_CPU_RO(time, "%llu", m.time);
CLOCK_TRACE_CPU_RO(result, "%s", m.failed ? "failed" : "passed");

static ssize_t cost_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%llu\n", clock_trace_check_cost(clock_trace_cpu_of(kobj)));
}

static struct kobj_attribute cost_attr = __ATTR_RO(cost);

static struct attribute *clock_trace_cpu_attrs[] = {
	&reference_attr.attr,
	&warp_attr.attr,
	&offset_min_attr.attr,
	&offset_max_attr.attr,
	&round_trip_attr.attr,
	&time_attr.attr,
	&result_attr.attr,
	&cost_attr.attr,
	NULL
};

ATTRIBUTE_GROUPS(clock_trace_cpu);

static void clock_trace_cpu_release(struct kobject *kobj)
{
	kfree(container_of(kobj, struct clock_trace_cpu, kobj));
}

static const struct kobj_type clock_trace_cpu_type = {
	.release	= clock_trace_cpu_release,
	.sysfs_ops	= &kobj_sysfs_ops,
	.default_groups	= clock_trace_cpu_groups,
};

static DEFINE_MUTEX(clock_trace_cpus_mutex);
static struct cpumask clock_trace_cpus;

static int clock_trace_add_cpu(unsigned int cpu)
{
	struct clock_trace_cpu *dir;
	int err;

	lockdep_assert_held(&clock_trace_cpus_mutex);

	dir = kzalloc_obj(*dir);
	if (!dir)
		return -ENOMEM;

	dir->cpu = cpu;
	err = kobject_init_and_add(&dir->kobj, &clock_trace_cpu_type, clock_trace_kobj,
				   "cpu%u", cpu);
	if (err) {
		kobject_put(&dir->kobj);
		return err;
	}
	cpumask_set_cpu(cpu, &clock_trace_cpus);
	return 0;
}

/* Directories for CPUs that were measured for the first time; wakes who polls */
static int clock_trace_check_notify(struct notifier_block *nb, unsigned long result, void *unused)
{
	struct clock_trace_measurement m;
	unsigned int cpu;

	scoped_guard(mutex, &clock_trace_cpus_mutex) {
		for_each_possible_cpu(cpu) {
			if (cpumask_test_cpu(cpu, &clock_trace_cpus) ||
			    !clock_trace_get_measurement(cpu, &m))
				continue;
			/* Out of memory: the next check comes by here again */
			if (clock_trace_add_cpu(cpu))
				break;
		}
	}
	sysfs_notify(clock_trace_kobj, NULL, "check");
	return NOTIFY_OK;
}

static struct notifier_block clock_trace_check_nb = {
	.notifier_call	= clock_trace_check_notify,
};

static int __init clock_trace_check_sysfs_init(void)
{
	int err;

	if (!clock_trace_kobj)
		return -ENOMEM;

	err = sysfs_create_files(clock_trace_kobj, clock_trace_check_attrs);
	if (err)
		return err;
	return clock_trace_register_check_notifier(&clock_trace_check_nb);
}
subsys_initcall_sync(clock_trace_check_sysfs_init);
