/* SPDX-License-Identifier: GPL-2.0 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM clock_trace

#if !defined(_TRACE_CLOCK_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define _TRACE_CLOCK_TRACE_H

#include <linux/clock_trace.h>
#include <linux/tracepoint.h>

TRACE_DEFINE_ENUM(CLOCK_TRACE_MONOTONIC);
TRACE_DEFINE_ENUM(CLOCK_TRACE_COUNTER);
TRACE_DEFINE_ENUM(CLOCK_TRACE_FALLBACK);

/**
 * clock_trace_epoch - the trace clock begins a new epoch
 * @info: the clock right after the change: its sample is on the new time line
 *
 * Values that were read before the event may be on the old time line, values
 * with this epoch are on the new one.
 */
TRACE_EVENT(clock_trace_epoch,
	    TP_PROTO(const struct clock_trace_info *info),
	    TP_ARGS(info),
	    TP_STRUCT__entry(__field(u32, epoch)
			     __field(u32, state)
			     __field(u64, frequency)
			     __field(u64, value)
			     __string(source, info->source)
			     __string(reason, info->reason)),
	    TP_fast_assign(__entry->epoch = info->sample.epoch;
			   __entry->state = info->state;
			   __entry->frequency = info->sample.frequency;
			   __entry->value = info->sample.value;
			   __assign_str(source);
			   __assign_str(reason);),
	    TP_printk("epoch=%u state=%s source=%s frequency=%llu value=%llu reason=\"%s\"",
		      __entry->epoch,
		      __print_symbolic(__entry->state,
				       { CLOCK_TRACE_MONOTONIC, "monotonic" },
				       { CLOCK_TRACE_COUNTER, "counter" },
				       { CLOCK_TRACE_FALLBACK, "fallback" }),
		      __get_str(source), __entry->frequency, __entry->value,
		      __get_str(reason))
);

#ifdef CONFIG_CLOCK_TRACE_CHECK

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

#endif /* CONFIG_CLOCK_TRACE_CHECK */

#endif /* _TRACE_CLOCK_TRACE_H */

#include <trace/define_trace.h>
