/* SPDX-License-Identifier: GPL-2.0 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM clock_trace

/* The system has more events than this file: clock_trace.h */
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE clock_trace_check

#if !defined(_TRACE_CLOCK_TRACE_CHECK_H) || defined(TRACE_HEADER_MULTI_READ)
#define _TRACE_CLOCK_TRACE_CHECK_H

#include <linux/clock_trace.h>
#include <linux/tracepoint.h>

/**
 * clock_trace_check - the sync check has measured a CPU
 * @measurement: the counter of @cpu against the one of @reference
 *
 * One event for each CPU but the reference. A CPU that could not be met in time is
 * not measured, and has no event.
 */
TRACE_EVENT(clock_trace_check,
	    TP_PROTO(const struct clock_trace_measurement *measurement),
	    TP_ARGS(measurement),
	    TP_STRUCT__entry(__field(u32, cpu)
			     __field(u32, reference)
			     __field(u64, warp)
			     __field(s64, offset_min)
			     __field(s64, offset_max)
			     __field(u64, round_trip)
			     __field(bool, failed)),
	    TP_fast_assign(__entry->cpu = measurement->cpu;
			   __entry->reference = measurement->reference;
			   __entry->warp = measurement->warp;
			   __entry->offset_min = measurement->offset_min;
			   __entry->offset_max = measurement->offset_max;
			   __entry->round_trip = measurement->round_trip;
			   __entry->failed = measurement->failed;),
	    TP_printk("cpu=%u reference=%u warp=%llu offset_min=%lld offset_max=%lld round_trip=%llu failed=%d",
		      __entry->cpu, __entry->reference, __entry->warp,
		      __entry->offset_min, __entry->offset_max,
		      __entry->round_trip, __entry->failed)
);

#endif /* _TRACE_CLOCK_TRACE_CHECK_H */

#include <trace/define_trace.h>
