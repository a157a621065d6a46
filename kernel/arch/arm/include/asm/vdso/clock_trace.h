/* SPDX-License-Identifier: GPL-2.0 */
#ifndef __ASM_VDSO_CLOCK_TRACE_H
#define __ASM_VDSO_CLOCK_TRACE_H

#ifndef __ASSEMBLER__

#include <linux/types.h>

#ifdef CONFIG_ARM_ARCH_TIMER

#include <asm/barrier.h>
#include <asm/vdso/cp15.h>

/**
 * arch_clock_trace_counter - read the virtual counter, before what follows
 *
 * What is before it may be executed later.
 *
 * Return: ticks.
 */
static __always_inline u64 arch_clock_trace_counter(void)
{
	u64 value = read_sysreg(CNTVCT);

	isb();
	return value;
}

/**
 * arch_clock_trace_counter_ordered - read the virtual counter after all earlier branches
 *
 * The counter is so read after each load that a branch before it depends on.
 *
 * Return: ticks.
 */
static __always_inline u64 arch_clock_trace_counter_ordered(void)
{
	isb();
	return arch_clock_trace_counter();
}

#else

/* The vDSO has no counter to read, and never learns of an epoch */
static __always_inline u64 arch_clock_trace_counter(void)
{
	return 0;
}

static __always_inline u64 arch_clock_trace_counter_ordered(void)
{
	return 0;
}

#endif /* CONFIG_ARM_ARCH_TIMER */

#endif /* !__ASSEMBLER__ */

#endif /* __ASM_VDSO_CLOCK_TRACE_H */
