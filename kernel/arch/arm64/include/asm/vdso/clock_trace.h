/* SPDX-License-Identifier: GPL-2.0 */
#ifndef __ASM_VDSO_CLOCK_TRACE_H
#define __ASM_VDSO_CLOCK_TRACE_H

#ifndef __ASSEMBLER__

#include <linux/types.h>

#ifdef __aarch64__

#include <asm/arch_timer.h>

/**
 * arch_clock_trace_counter - read the virtual counter without ordering
 *
 * Only the barriers that follow order it, before later loads.
 *
 * Return: ticks.
 */
static __always_inline u64 arch_clock_trace_counter(void)
{
	u64 value = read_sysreg(cntvct_el0);

	arch_counter_enforce_ordering(value);
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
	return __arch_counter_get_cntvct();
}

#else /* !__aarch64__: the vDSO of 32-bit programs */

/*
 * On CPUs with erratum 1418040 the instruction traps, and the kernel emulates it: right, if
 * not faster than a system call.
 */
static __always_inline u64 arch_clock_trace_counter(void)
{
	u64 value;

	asm volatile("mrrc p15, 1, %Q0, %R0, c14" : "=r" (value));
	return value;
}

/* Between two ISBs, as CLOCK_MONOTONIC is read */
static __always_inline u64 arch_clock_trace_counter_ordered(void)
{
	u64 value;

	isb();
	value = arch_clock_trace_counter();
	isb();
	return value;
}

#endif /* __aarch64__ */

#endif /* !__ASSEMBLER__ */

#endif /* __ASM_VDSO_CLOCK_TRACE_H */
