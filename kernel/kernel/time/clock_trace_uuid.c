// SPDX-License-Identifier: GPL-2.0
/*
 * The identity of the trace clock
 *
 * A trace names its clock, so that a reader knows which traces are of one. The boot ID does
 * not tell: a container may show another one, and clones of a virtual machine share it.
 */

#include <linux/cleanup.h>
#include <linux/clock_trace.h>
#include <linux/export.h>
#include <linux/init.h>
#include <linux/notifier.h>
#include <linux/random.h>
#include <linux/spinlock.h>
#include <linux/uuid.h>

/* Null until somebody asks; the random number generator may not be ready before */
static uuid_t clock_uuid;
static DEFINE_SPINLOCK(uuid_lock);

/**
 * clock_trace_get_uuid - identify the trace clock of the running kernel
 * @uuid:	filled in with a random UUID, which is another one after each boot and in each
 *		clone of a virtual machine
 *
 * A new epoch is no new clock. Not in NMI or hard interrupt context.
 */
void clock_trace_get_uuid(uuid_t *uuid)
{
	guard(spinlock_irqsave)(&uuid_lock);
	if (uuid_is_null(&clock_uuid))
		generate_random_uuid(clock_uuid.b);
	uuid_copy(uuid, &clock_uuid);
}
EXPORT_SYMBOL_GPL(clock_trace_get_uuid);

/* The random number generator of the clone has been reseeded before */
static int vmfork_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	guard(spinlock_irqsave)(&uuid_lock);
	uuid_copy(&clock_uuid, &uuid_null);
	return NOTIFY_OK;
}

static struct notifier_block vmfork_nb = {
	.notifier_call	= vmfork_notify,
};

static int __init clock_trace_uuid_init(void)
{
	return register_random_vmfork_notifier(&vmfork_nb);
}
core_initcall(clock_trace_uuid_init);
