/* SPDX-License-Identifier: GPL-2.0 */
#undef LTTNG_UST_TRACEPOINT_PROVIDER
#define LTTNG_UST_TRACEPOINT_PROVIDER clock_trace_test

#undef LTTNG_UST_TRACEPOINT_INCLUDE
#define LTTNG_UST_TRACEPOINT_INCLUDE "./bracket_tp.h"

#if !defined(BRACKET_TP_H) || defined(LTTNG_UST_TRACEPOINT_HEADER_MULTI_READ)
#define BRACKET_TP_H

#include <stdint.h>

#include <lttng/tracepoint.h>

LTTNG_UST_TRACEPOINT_EVENT(clock_trace_test, bracketed,
	LTTNG_UST_TP_ARGS(int, tid, uint32_t, number),
	LTTNG_UST_TP_FIELDS(
		lttng_ust_field_integer(int, tid, tid)
		lttng_ust_field_integer(uint32_t, number, number)
	)
)

#endif

#include <lttng/tracepoint-event.h>
