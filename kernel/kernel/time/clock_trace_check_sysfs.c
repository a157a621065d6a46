// SPDX-License-Identifier: GPL-2.0
/*
 * The sync check of the trace clock in /sys/kernel/clock_trace/
 *
 * Described in Documentation/ABI/testing/sysfs-kernel-clock_trace.
 */

#include <linux/init.h>
#include <linux/kobject.h>
#include <linux/kstrtox.h>
#include <linux/notifier.h>
#include <linux/sysfs.h>

#include "clock_trace_check.h"
#include "clock_trace_internal.h"

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
	enum clock_trace_check_result result;
	bool check;
	int err;

	if (kstrtobool(buf, &check) || !check)
		return -EINVAL;

	err = clock_trace_check_all(&result);
	if (err)
		return err;

	switch (result) {
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

static ssize_t check_cpus_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	return clock_trace_print_check_cpus(buf);
}

static ssize_t check_cpus_store(struct kobject *kobj, struct kobj_attribute *attr,
				const char *buf, size_t count)
{
	return clock_trace_set_check_cpus(buf) ?: count;
}

static struct kobj_attribute check_attr = __ATTR_RW(check);
static struct kobj_attribute check_interval_attr = __ATTR_RW(check_interval);
static struct kobj_attribute check_cpus_attr = __ATTR_RW(check_cpus);

#define STAT_RO(_name, _value)						\
static ssize_t _name##_show(struct kobject *kobj, struct kobj_attribute *attr,		\
			    char *buf)							\
{											\
	struct clock_trace_check_stats stats;						\
											\
	clock_trace_get_check_stats(&stats);						\
	return sysfs_emit(buf, "%llu\n", _value);						\
}											\
static struct kobj_attribute _name##_attr = __ATTR_RO(_name)

STAT_RO(checks, stats.checks);
STAT_RO(failures, stats.failures);
STAT_RO(incomplete, stats.incomplete);

static const struct attribute *check_attrs[] = {
	&check_attr.attr,
	&check_interval_attr.attr,
	&check_cpus_attr.attr,
	&checks_attr.attr,
	&failures_attr.attr,
	&incomplete_attr.attr,
	NULL
};

/* Wakes up poll() */
static int check_notify(struct notifier_block *nb, unsigned long result, void *unused)
{
	sysfs_notify(clock_trace_kobj, NULL, "check");
	return NOTIFY_OK;
}

static struct notifier_block check_nb = {
	.notifier_call	= check_notify,
};

static int __init clock_trace_check_sysfs_init(void)
{
	int err;

	if (!clock_trace_kobj)
		return -ENOMEM;

	err = sysfs_create_files(clock_trace_kobj, check_attrs);
	if (err)
		return err;
	return clock_trace_register_check_notifier(&check_nb);
}
subsys_initcall_sync(clock_trace_check_sysfs_init);
