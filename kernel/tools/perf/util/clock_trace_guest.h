/* SPDX-License-Identifier: GPL-2.0 */
#ifndef __PERF_CLOCK_TRACE_GUEST_H
#define __PERF_CLOCK_TRACE_GUEST_H

#include <stdbool.h>
#include <linux/types.h>

struct clock_trace_guest;

#ifdef HAVE_LIBTRACEEVENT
struct clock_trace_guest *clock_trace_guest__new(const char *spec);
void clock_trace_guest__delete(struct clock_trace_guest *guest);
u64 clock_trace_guest__ns(struct clock_trace_guest *guest, u32 cpu, u64 ticks, bool count);
int clock_trace_guest__report(const struct clock_trace_guest *guest);
#else
static inline u64 clock_trace_guest__ns(struct clock_trace_guest *guest __maybe_unused,
					u32 cpu __maybe_unused, u64 ticks __maybe_unused,
					bool count __maybe_unused)
{
	return 0;
}
#endif

#endif /* __PERF_CLOCK_TRACE_GUEST_H */
