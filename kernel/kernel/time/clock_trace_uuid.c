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
#include <linux/random.h>
#include <linux/spinlock.h>
#include <linux/timex.h>
#include <linux/types.h>
#include <linux/uuid.h>

#include "clock_trace_internal.h"

/* The bytes of a UUID before the one that tells the version */
#define MIXED_BYTES	6

/* Null until somebody asks; the random number generator may not be ready before */
static uuid_t clock_uuid;
static DEFINE_SPINLOCK(uuid_lock);

/*
 * A clone has the state of its source's random number generator, unless the hypervisor has
 * vmgenid, for which the generator is seeded anew. Clones of one snapshot may start with the
 * same value of the counter as well: with vmclock alone, only the time that each of them took
 * until here makes a difference.
 */
static void draw_uuid(void)
{
	u64 entropy = random_get_entropy();
	unsigned int i;

	generate_random_uuid(clock_uuid.b);
	for (i = 0; i < MIXED_BYTES; i++, entropy >>= 8)
		clock_uuid.b[i] ^= entropy;
}

/**
 * clock_trace_get_uuid - identify the trace clock of the running kernel
 * @uuid:	filled in with a random UUID, which is another one after each boot, and after
 *		the hypervisor has announced that the machine was restored, cloned or migrated
 *
 * Any other new epoch is no new clock. Not in NMI or hard interrupt context.
 */
void clock_trace_get_uuid(uuid_t *uuid)
{
	guard(spinlock_irqsave)(&uuid_lock);
	if (uuid_is_null(&clock_uuid))
		draw_uuid();
	uuid_copy(uuid, &clock_uuid);
}
EXPORT_SYMBOL_GPL(clock_trace_get_uuid);

/**
 * clock_trace_forget_uuid - the next clock_trace_get_uuid() is of another clock
 *
 * The machine may be a clone, or go on elsewhere. Process context.
 */
void clock_trace_forget_uuid(void)
{
	guard(spinlock_irqsave)(&uuid_lock);
	uuid_copy(&clock_uuid, &uuid_null);
}
