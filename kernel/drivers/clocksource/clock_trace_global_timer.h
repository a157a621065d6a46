/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _CLOCK_TRACE_GLOBAL_TIMER_H
#define _CLOCK_TRACE_GLOBAL_TIMER_H

#include <linux/types.h>

#ifdef CONFIG_CLOCK_TRACE
/* Is the timer left to the trace clock? */
bool clock_trace_has_global_timer(void);
#else
static inline bool clock_trace_has_global_timer(void) { return false; }
#endif

#endif /* _CLOCK_TRACE_GLOBAL_TIMER_H */
