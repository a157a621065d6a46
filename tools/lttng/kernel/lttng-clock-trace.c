// SPDX-License-Identifier: GPL-2.0
/*
 * LTTng clock plugin: have the kernel's events stamped with CLOCK_TRACE
 *
 * For user space there is a plugin that reads the same clock, and says the same of
 * it. While its tracer is loaded, which is as long as lttng-sessiond runs, LTTng
 * neither takes another clock nor lets this module go.
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/clock_trace.h>
#include <linux/init.h>
#include <linux/module.h>
#include <linux/printk.h>
#include <linux/string.h>
#include <linux/uuid.h>

#include <lttng/clock.h>
#include <wrapper/random.h>

#include "lttng_clock_trace.h"

/* Also where the kernel's header does not have it */
void clock_trace_get_uuid(uuid_t *uuid);

/* For a kernel that gives its clock no identity. It does not change. */
static char boot_uuid[LTTNG_CLOCK_TRACE_UUID_SIZE];

/* Asked again for each session: a clone of this machine has another one. */
static int uuid(char *to)
{
	void (*get_uuid)(uuid_t *uuid) = symbol_get(clock_trace_get_uuid);
	uuid_t uuid;

	if (!get_uuid) {
		strscpy(to, boot_uuid, LTTNG_MODULES_UUID_STR_LEN);
		return 0;
	}
	get_uuid(&uuid);
	symbol_put(clock_trace_get_uuid);
	snprintf(to, LTTNG_MODULES_UUID_STR_LEN, "%pUb", &uuid);
	return 0;
}

static const char *name(void)
{
	return LTTNG_CLOCK_TRACE_NAME;
}

static const char *description(void)
{
	return LTTNG_CLOCK_TRACE_DESCRIPTION;
}

static struct lttng_trace_clock plugin = {
	.read64		= clock_trace_read,
	.freq		= clock_trace_freq,
	.uuid		= uuid,
	.name		= name,
	.description	= description,
};

static int __init lttng_clock_trace_init(void)
{
	char boot_id[BOOT_ID_LEN];
	int ret;

	ret = wrapper_get_bootid(boot_id);
	if (!ret && lttng_clock_trace_uuid(boot_id, boot_uuid))
		ret = -EINVAL;
	if (ret) {
		pr_err("the boot id, which may identify the clock, cannot be read: %d\n", ret);
		return ret;
	}

	/* Before the tracer can read the clock */
	clock_trace_get();
	ret = lttng_clock_register_plugin(&plugin, THIS_MODULE);
	if (ret) {
		clock_trace_put();
		if (ret == -EBUSY)
			pr_err("LTTng's clock cannot be changed while its tracer is loaded: stop lttng-sessiond first\n");
		else if (ret == -EEXIST)
			pr_err("LTTng has another clock plugin: remove that module first\n");
		else
			pr_err("LTTng does not take the clock: %d\n", ret);
		return ret;
	}
	pr_info("LTTng uses CLOCK_TRACE, at %llu Hz\n", clock_trace_freq());
	return 0;
}
module_init(lttng_clock_trace_init);

static void __exit lttng_clock_trace_exit(void)
{
	lttng_clock_unregister_plugin(&plugin, THIS_MODULE);
	clock_trace_put();
}
module_exit(lttng_clock_trace_exit);

MODULE_DESCRIPTION("LTTng clock plugin for CLOCK_TRACE");
MODULE_LICENSE("GPL");
