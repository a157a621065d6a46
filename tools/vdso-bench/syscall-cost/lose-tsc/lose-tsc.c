// SPDX-License-Identifier: GPL-2.0
/*
 * Takes the kernel's trust in the TSC away when it is loaded, for good: then the
 * cost of the trace clock's fallback can be measured. For guests.
 */
#include <linux/module.h>

#include <asm/tsc.h>

static int __init lose_tsc_init(void)
{
	mark_tsc_unstable("a measurement wants it");
	return 0;
}
module_init(lose_tsc_init);

/* What it did cannot be undone, so it stays. */

MODULE_DESCRIPTION("Mark the TSC unstable");
MODULE_LICENSE("GPL");
