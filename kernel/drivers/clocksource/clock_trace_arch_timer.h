/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _CLOCK_TRACE_ARCH_TIMER_H
#define _CLOCK_TRACE_ARCH_TIMER_H

#include <linux/types.h>

/* arm_arch_timer.c */
bool arch_timer_vdso_has_counter(void);
bool arch_timer_stops_in_suspend(void);
bool arch_timer_virtual_counter_works(void);

#ifdef CONFIG_CLOCK_TRACE
void clock_trace_arch_timer_suspend(void);
void clock_trace_arch_timer_resume(void);
#else
static inline void clock_trace_arch_timer_suspend(void) { }
static inline void clock_trace_arch_timer_resume(void) { }
#endif

#endif /* _CLOCK_TRACE_ARCH_TIMER_H */
