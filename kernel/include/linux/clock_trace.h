/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _LINUX_CLOCK_TRACE_H
#define _LINUX_CLOCK_TRACE_H

#include <linux/errno.h>
#include <linux/list.h>
#include <linux/time64.h>
#include <linux/types.h>
#include <linux/uuid.h>

#include <uapi/linux/clock_trace.h>

struct notifier_block;

#define CLOCK_TRACE_REASON_SIZE		96

/**
 * enum clock_trace_trust - whether a counter is trusted; it goes one way
 * @CLOCK_TRACE_TRUSTED:	nothing speaks against the counter
 * @CLOCK_TRACE_LOSING:		it is not trusted, and the reason is being recorded
 * @CLOCK_TRACE_LOST:		it is not trusted, until reboot
 */
enum clock_trace_trust {
	CLOCK_TRACE_TRUSTED,
	CLOCK_TRACE_LOSING,
	CLOCK_TRACE_LOST,
};

/**
 * struct clock_trace_source - a cycle counter that can drive the trace clock
 * @name:	name of the counter in sysfs, in traces and in the log
 * @frequency:	ticks per second, at least 1; constant as long as the source
 *		is registered, or after @enable, which may set it, until @disable
 * @rating:	the best rated source is taken when the clock needs a counter
 * @vdso:	the counter is the one that asm/vdso/clock_trace.h reads
 * @read:	returns the counter as it is after all earlier loads and before all later
 *		stores; on every CPU, in any context including NMI; has to be notrace
 * @enable:	optional: powers the counter. Called in process context when the
 *		clock is used for the first time. Returns 0 or a negative errno.
 *		Without it the counter always runs, and drives the clock as soon as
 *		it is registered and checked.
 * @disable:	optional: undoes @enable after the last clock_trace_put()
 * @condemn:	optional: lets timekeeping know that the sync check has proven the
 *		counters of two CPUs to differ. Called in process context, without a
 *		lock of the trace clock.
 * @keeps_time:	optional: returns true as long as timekeeping depends on the counter
 * @is_leaving:	optional: returns true if timekeeping is about to use another one
 *		although that is known to be unstable. The fallback waits until it does
 *		not any more.
 * @list:	private
 * @trust:	private: whether the counter is trusted
 * @lost_reason: private: why trust was lost, for CLOCK_TRACE_LOST
 *
 * All CPUs must read the same time line from a source. The clock trusts one that
 * the sync check has found synchronized, until clock_trace_source_lost().
 */
struct clock_trace_source {
	const char		*name;
	u64			frequency;
	int			rating;
	bool			vdso;
	u64			(*read)(void);
	int			(*enable)(struct clock_trace_source *source);
	void			(*disable)(struct clock_trace_source *source);
	void			(*condemn)(struct clock_trace_source *source, const char *reason);
	bool			(*keeps_time)(struct clock_trace_source *source);
	bool			(*is_leaving)(struct clock_trace_source *source);
	struct list_head	list;
	enum clock_trace_trust	trust;
	char			lost_reason[CLOCK_TRACE_REASON_SIZE];
};

/**
 * struct clock_trace_sample - one reading of the trace clock
 * @value:	ticks
 * @frequency:	ticks per second in @epoch
 * @epoch:	the time line that @value is on, 1 to 999999999
 */
struct clock_trace_sample {
	u64	value;
	u64	frequency;
	u32	epoch;
};

/**
 * enum clock_trace_state - what drives the trace clock
 * @CLOCK_TRACE_MONOTONIC:	CLOCK_MONOTONIC in nanoseconds: there is no usable
 *				counter, or it is not in use
 * @CLOCK_TRACE_COUNTER:	a counter that is trusted and read directly
 * @CLOCK_TRACE_FALLBACK:	CLOCK_MONOTONIC in ticks of the counter that
 *				lost its trust, until reboot
 */
enum clock_trace_state {
	CLOCK_TRACE_MONOTONIC,
	CLOCK_TRACE_COUNTER,
	CLOCK_TRACE_FALLBACK,
};

/**
 * struct clock_trace_info - the trace clock in words
 * @sample:	a reading
 * @state:	what drives the clock
 * @source:	name of the counter, "monotonic" without one
 * @reason:	why no counter drives the clock, empty while one does
 */
struct clock_trace_info {
	struct clock_trace_sample	sample;
	enum clock_trace_state		state;
	const char			*source;
	char				reason[CLOCK_TRACE_REASON_SIZE];
};

/**
 * struct clock_trace_measurement - one CPU's counter measured against another's
 * @cpu:	the CPU that was measured
 * @reference:	the CPU that it was measured against
 * @warp_cpu:	the one of the two that saw @warp
 * @warp:	ticks that @warp_cpu read less than the other had read before, the
 *		largest such step; 0 if there was none
 * @offset_min:	ticks that the counter of @cpu is at least ahead of the one of
 *		@reference
 * @offset_max:	ticks that it is at most ahead
 * @round_trip:	ticks of the fastest hand-over from @reference to @cpu and back, which
 *		limits how close the two bounds can be
 * @time:	when it was measured: CLOCK_MONOTONIC in ns
 * @failed:	the two counters are not synchronized
 */
struct clock_trace_measurement {
	unsigned int	cpu;
	unsigned int	reference;
	unsigned int	warp_cpu;
	u64		warp;
	s64		offset_min;
	s64		offset_max;
	u64		round_trip;
	u64		time;
	bool		failed;
};

static inline bool clock_trace_is_clockid(clockid_t id)
{
	return IS_ENABLED(CONFIG_CLOCK_TRACE) &&
	       id >= CLOCK_TRACE_UNORDERED && id <= CLOCK_TRACE;
}

#ifdef CONFIG_CLOCK_TRACE

u64 clock_trace_read(void);
u64 clock_trace_freq(void);
u32 clock_trace_epoch(void);
void clock_trace_read_sample(struct clock_trace_sample *sample);

void clock_trace_get(void);
void clock_trace_put(void);
void clock_trace_get_info(struct clock_trace_info *info);
void clock_trace_get_uuid(uuid_t *uuid);
int clock_trace_register_notifier(struct notifier_block *nb);
int clock_trace_unregister_notifier(struct notifier_block *nb);
int clock_trace_register_use_notifier(struct notifier_block *nb);
int clock_trace_unregister_use_notifier(struct notifier_block *nb);

int clock_trace_register_source(struct clock_trace_source *source);
void clock_trace_source_unusable(struct clock_trace_source *source, const char *reason);
void clock_trace_source_lost(struct clock_trace_source *source, const char *reason);
void clock_trace_source_suspend(struct clock_trace_source *source);
void clock_trace_source_reset(struct clock_trace_source *source);
void clock_trace_disrupted(void);

#else

static inline int clock_trace_register_use_notifier(struct notifier_block *nb) { return 0; }
static inline int clock_trace_unregister_use_notifier(struct notifier_block *nb) { return 0; }
static inline void clock_trace_disrupted(void) { }

#endif /* CONFIG_CLOCK_TRACE */

#endif /* _LINUX_CLOCK_TRACE_H */
