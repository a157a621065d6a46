/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _ASM_X86_CLOCK_TRACE_H
#define _ASM_X86_CLOCK_TRACE_H

#ifdef CONFIG_CLOCK_TRACE
void clock_trace_tsc_register(unsigned int khz);
void clock_trace_tsc_lost(const char *reason);
void clock_trace_tsc_suspend(void);
void clock_trace_tsc_resume(void);
#else
static inline void clock_trace_tsc_register(unsigned int khz) { }
static inline void clock_trace_tsc_lost(const char *reason) { }
static inline void clock_trace_tsc_suspend(void) { }
static inline void clock_trace_tsc_resume(void) { }
#endif

#ifdef CONFIG_CLOCK_TRACE_FAULT_INJECTION
void clock_trace_tsc_object(void);
#endif

#endif /* _ASM_X86_CLOCK_TRACE_H */
