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

int clock_trace_epoch_reg(void);
void clock_trace_epoch_unreg(void);

/*
 * clock_trace_epoch - the trace clock begins a new epoch
 * @info: the clock right after the change: its sample is on the new time line
 *
 * Values that were read before the event may be on the old time line, values
 * with this epoch are on the new one. While the event is enabled it is emitted for the
 * current epoch as well, once a second.
 */
TRACE_EVENT_FN(clock_trace_epoch,
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
	       TP_printk("epoch=%u state=%s source=%s frequency=%llu value=%llu reason='%s'",
			 __entry->epoch,
			 __print_symbolic(__entry->state,
					  { CLOCK_TRACE_MONOTONIC, "monotonic" },
					  { CLOCK_TRACE_COUNTER, "counter" },
					  { CLOCK_TRACE_FALLBACK, "fallback" }),
			 __get_str(source), __entry->frequency, __entry->value,
			 __get_str(reason)),
	       clock_trace_epoch_reg, clock_trace_epoch_unreg
);

#endif /* _TRACE_CLOCK_TRACE_H */

#include <trace/define_trace.h>
