/* SPDX-License-Identifier: GPL-2.0 */
#ifndef __PERF_CLOCK_TRACE_H
#define __PERF_CLOCK_TRACE_H

#include <stdbool.h>
#include <linux/time64.h>
#include <linux/types.h>

/* As in <linux/clock_trace.h>, which the machine that builds perf need not have */
#ifndef CLOCK_TRACE
#define CLOCK_TRACE_UNORDERED	13
#define CLOCK_TRACE_FREQ	14
#define CLOCK_TRACE		15
#endif

#define CLOCK_TRACE_EPOCH_EVENT	"clock_trace:clock_trace_epoch"
#define CLOCK_TRACE_EPOCH_MAX	999999999
/* With more Hz, ticks of less than a second times 10^9 would not fit in 64 bits. */
#define CLOCK_TRACE_FREQUENCY_MAX	(UINT64_MAX / NSEC_PER_SEC)
#define CLOCK_TRACE_LINES_MAX	256
/* 36 characters, NUL, and padding in the file */
#define CLOCK_TRACE_UUID_SIZE	40

struct clock_trace_guest;

/**
 * enum clock_trace_state - what drives the clock, as in /sys/kernel/clock_trace/state
 * @CLOCK_TRACE_STATE_UNKNOWN: the recorder could not read it
 * @CLOCK_TRACE_STATE_COUNTER: a counter, on x86 the TSC
 * @CLOCK_TRACE_STATE_OTHER: CLOCK_MONOTONIC, or what replaces a counter that lost trust
 */
enum clock_trace_state {
	CLOCK_TRACE_STATE_UNKNOWN,
	CLOCK_TRACE_STATE_COUNTER,
	CLOCK_TRACE_STATE_OTHER,
};

/**
 * struct clock_trace_pairing - CLOCK_TRACE and CLOCK_REALTIME at the same moment
 * @ticks: value of CLOCK_TRACE
 * @tod_ns: CLOCK_REALTIME in nanoseconds
 * @error_ns: nanoseconds that the two are at most apart
 */
struct clock_trace_pairing {
	u64 ticks;
	u64 tod_ns;
	u64 error_ns;
};

/**
 * struct clock_trace_line - a time line: the clock within an epoch
 * @epoch: number of the epoch
 * @frequency: ticks per second
 * @first: the first reading while recording
 * @last: the last one
 * @uuid: the UUID of the kernel's clock, empty if not known
 * @state: what drives the clock
 * @start: the first value that is on this line, as far as known
 * @end: the last one, as far as known
 * @base_ticks: value at @base_ns
 * @base_ns: where @base_ticks is on the line that a report has for all epochs
 */
struct clock_trace_line {
	u32 epoch;
	u64 frequency;
	struct clock_trace_pairing first;
	struct clock_trace_pairing last;
	char uuid[CLOCK_TRACE_UUID_SIZE];
	enum clock_trace_state state;
	u64 start;
	u64 end;
	u64 base_ticks;
	u64 base_ns;
};

/**
 * struct clock_trace - the trace clock in a recording
 * @lines: its time lines, in the order of time
 * @nr: number of @lines, 0 if the recording does not have them
 * @tod_set: CLOCK_REALTIME was set while recording
 * @ambiguous: values do not tell which line they are on
 * @guest: if not NULL, perf shows times on the time line of this guest's host
 */
struct clock_trace {
	struct clock_trace_line *lines;
	unsigned int nr;
	bool tod_set;
	bool ambiguous;
	struct clock_trace_guest *guest;
};

/* For the recorder */
int clock_trace__note(struct clock_trace *clock);
int clock_trace__watch(struct clock_trace *clock);
void clock_trace__restart(struct clock_trace *clock);

/* For the tools that read a recording */
int clock_trace__add_line(struct clock_trace *clock, const struct clock_trace_line *line);
int clock_trace__add_event(struct clock_trace *clock, u32 epoch, u64 frequency, u64 value);
int clock_trace__prepare(struct clock_trace *clock);
const struct clock_trace_line *clock_trace__line(const struct clock_trace *clock, u64 ticks);
u64 clock_trace__ns(const struct clock_trace *clock, u64 ticks);
u64 clock_trace__tod_ns(const struct clock_trace *clock, u64 ticks);
bool clock_trace__is_counter(const struct clock_trace *clock);
const char *clock_trace__state_name(const struct clock_trace_line *line);
void clock_trace__exit(struct clock_trace *clock);

#endif /* __PERF_CLOCK_TRACE_H */
