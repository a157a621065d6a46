// SPDX-License-Identifier: GPL-2.0
/*
 * The trace clock in /sys/kernel/clock_trace/
 *
 * Described in Documentation/ABI/testing/sysfs-kernel-clock_trace.
 */

#include <linux/clock_trace.h>
#include <linux/init.h>
#include <linux/kobject.h>
#include <linux/notifier.h>
#include <linux/sysfs.h>
#include <linux/uuid.h>

#include "clock_trace_internal.h"

/* Where the sync check adds its files */
struct kobject *clock_trace_kobj;

static ssize_t source_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	struct clock_trace_info info;

	clock_trace_get_info(&info);
	return sysfs_emit(buf, "%s\n", info.source);
}

static ssize_t frequency_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	struct clock_trace_info info;

	clock_trace_get_info(&info);
	return sysfs_emit(buf, "%llu\n", info.sample.frequency);
}

static ssize_t epoch_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	struct clock_trace_info info;

	clock_trace_get_info(&info);
	return sysfs_emit(buf, "%u\n", info.sample.epoch);
}

static ssize_t state_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	static const char * const names[] = {
		[CLOCK_TRACE_MONOTONIC]	= "monotonic",
		[CLOCK_TRACE_COUNTER]	= "counter",
		[CLOCK_TRACE_FALLBACK]	= "fallback",
	};
	struct clock_trace_info info;

	clock_trace_get_info(&info);
	return sysfs_emit(buf, "%s\n", names[info.state]);
}

static ssize_t reason_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	struct clock_trace_info info;

	clock_trace_get_info(&info);
	return sysfs_emit(buf, "%s\n", info.reason);
}

static ssize_t uuid_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	uuid_t uuid;

	clock_trace_get_uuid(&uuid);
	return sysfs_emit(buf, "%pUb\n", &uuid);
}

static struct kobj_attribute source_attr = __ATTR_RO(source);
static struct kobj_attribute frequency_attr = __ATTR_RO(frequency);
static struct kobj_attribute epoch_attr = __ATTR_RO(epoch);
static struct kobj_attribute state_attr = __ATTR_RO(state);
static struct kobj_attribute reason_attr = __ATTR_RO(reason);
static struct kobj_attribute uuid_attr = __ATTR_RO(uuid);

static struct attribute *clock_trace_attrs[] = {
	&source_attr.attr,
	&frequency_attr.attr,
	&epoch_attr.attr,
	&state_attr.attr,
	&reason_attr.attr,
	&uuid_attr.attr,
	NULL
};

static const struct attribute_group clock_trace_group = {
	.attrs = clock_trace_attrs,
};

/* Wakes programs that poll the files that change with the epoch */
static int clock_trace_sysfs_notify(struct notifier_block *nb, unsigned long epoch, void *info)
{
	sysfs_notify(clock_trace_kobj, NULL, "epoch");
	sysfs_notify(clock_trace_kobj, NULL, "state");
	return NOTIFY_OK;
}

static struct notifier_block clock_trace_sysfs_nb = {
	.notifier_call	= clock_trace_sysfs_notify,
};

static int __init clock_trace_sysfs_init(void)
{
	int err;

	clock_trace_kobj = kobject_create_and_add("clock_trace", kernel_kobj);
	if (!clock_trace_kobj)
		return -ENOMEM;

	err = sysfs_create_group(clock_trace_kobj, &clock_trace_group);
	if (err) {
		kobject_put(clock_trace_kobj);
		clock_trace_kobj = NULL;
		return err;
	}
	return clock_trace_register_notifier(&clock_trace_sysfs_nb);
}
subsys_initcall(clock_trace_sysfs_init);
