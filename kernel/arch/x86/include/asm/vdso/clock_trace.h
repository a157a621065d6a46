/* SPDX-License-Identifier: GPL-2.0 */
#ifndef __ASM_VDSO_CLOCK_TRACE_H
#define __ASM_VDSO_CLOCK_TRACE_H

#ifndef __ASSEMBLER__

#include <asm/tsc.h>

/* In 64-bit code the other clocks save registers first, which this one does not need */
#ifndef BUILD_VDSO32
#define VDSO_CLOCK_TRACE_FIRST	1
#endif

/**
 * arch_clock_trace_counter - read the TSC without ordering
 *
 * Return: TSC ticks.
 */
static __always_inline u64 arch_clock_trace_counter(void)
{
	return rdtsc();
}

/**
 * arch_clock_trace_counter_ordered - read the TSC after all earlier loads
 *
 * Return: TSC ticks.
 */
static __always_inline u64 arch_clock_trace_counter_ordered(void)
{
	return rdtsc_ordered();
}

#endif /* !__ASSEMBLER__ */

#endif /* __ASM_VDSO_CLOCK_TRACE_H */
