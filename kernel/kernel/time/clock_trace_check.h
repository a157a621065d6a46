/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _KERNEL_TIME_CLOCK_TRACE_CHECK_H
#define _KERNEL_TIME_CLOCK_TRACE_CHECK_H

#include <linux/clock_trace.h>
#include <linux/cpumask.h>
#include <linux/kernel.h>
#include <linux/limits.h>
#include <linux/minmax.h>
#include <linux/types.h>

struct notifier_block;

/**
 * enum clock_trace_check_result - what a check has found, the graver the greater
 * @CLOCK_TRACE_CHECK_NONE:		nothing was measured
 * @CLOCK_TRACE_CHECK_PASSED:		no two counters were found to differ
 * @CLOCK_TRACE_CHECK_INCOMPLETE:	a CPU could not be met in time, which says
 *					nothing about its counter
 * @CLOCK_TRACE_CHECK_FAILED:		two counters are not synchronized
 */
enum clock_trace_check_result {
	CLOCK_TRACE_CHECK_NONE,
	CLOCK_TRACE_CHECK_PASSED,
	CLOCK_TRACE_CHECK_INCOMPLETE,
	CLOCK_TRACE_CHECK_FAILED,
};

/**
 * struct clock_trace_bounds - limits of the offset of two counters, from hand-overs
 * @min:	the one counter is at least this many ticks ahead of the other
 * @max:	and at most this many
 * @round_trip:	ticks of the fastest hand-over there and back
 *
 * The reference reads its counter, hands over to the other CPU, which reads its
 * own and hands back, and the reference reads again. When the other CPU read, the
 * counter of the reference was between its two readings. Every round trip bounds
 * the offset so from both sides, however long it took; all bounds hold together.
 *
 * All differences are modulo 2^64 and taken as signed: counters may wrap, and begin
 * anywhere.
 */
struct clock_trace_bounds {
	s64	min;
	s64	max;
	u64	round_trip;
};

#define CLOCK_TRACE_BOUNDS_INIT	{ .min = S64_MIN, .max = S64_MAX, .round_trip = U64_MAX }

/**
 * clock_trace_bounds_add - narrow the bounds by a round trip
 * @bounds:	the bounds
 * @before:	read by the reference before it handed over
 * @there:	read by the other CPU
 * @after:	read by the reference after it got control back
 */
static inline void clock_trace_bounds_add(struct clock_trace_bounds *bounds,
					  u64 before, u64 there, u64 after)
{
	bounds->min = max(bounds->min, (s64)(there - after));
	bounds->max = min(bounds->max, (s64)(there - before));
	bounds->round_trip = min(bounds->round_trip, after - before);
}

/**
 * clock_trace_bounds_differ - do the bounds prove that two counters differ?
 * @bounds:	the bounds
 *
 * There is no tolerance: counters that show one time line never give such bounds.
 * Bounds that contradict each other prove it as well, one of them excludes 0.
 *
 * Return: true if the offset cannot be 0.
 */
static inline bool clock_trace_bounds_differ(const struct clock_trace_bounds *bounds)
{
	return bounds->min > 0 || bounds->max < 0;
}

/**
 * clock_trace_step_back - how far a reading is behind one that was made before
 * @now:	the reading
 * @last:	the one before
 *
 * Return: ticks, 0 if @now is not behind.
 */
static inline u64 clock_trace_step_back(u64 now, u64 last)
{
	return (s64)(now - last) < 0 ? last - now : 0;
}

/**
 * clock_trace_counters_differ - does a measurement prove that two counters differ?
 * @warp:	ticks of the largest step back that was seen, 0 for none
 * @bounds:	limits of the offset, from hand-overs
 *
 * Either is proof enough. Both have about the same resolution, half a hand-over, so a
 * missing one would go unnoticed at run time; KUnit covers each.
 *
 * Return: true if it does.
 */
static inline bool clock_trace_counters_differ(u64 warp, const struct clock_trace_bounds *bounds)
{
	return warp || clock_trace_bounds_differ(bounds);
}

/**
 * clock_trace_describe_failure - say in words why two counters do not agree
 * @m:		a failed measurement
 * @buf:	where the words go
 * @size:	size of @buf
 */
static inline void clock_trace_describe_failure(const struct clock_trace_measurement *m,
						char *buf, size_t size)
{
	if (m->offset_min > 0)
		scnprintf(buf, size, "CPU %u is %lld to %lld ticks ahead of CPU %u",
			  m->cpu, m->offset_min, m->offset_max, m->reference);
	else if (m->offset_max < 0)
		/* Unsigned, because -S64_MIN is not an s64 */
		scnprintf(buf, size, "CPU %u is %llu to %llu ticks behind CPU %u",
			  m->cpu, 0 - (u64)m->offset_max, 0 - (u64)m->offset_min,
			  m->reference);
	else
		scnprintf(buf, size, "CPU %u read %llu ticks less than CPU %u had read before",
			  m->warp_cpu, m->warp,
			  m->warp_cpu == m->cpu ? m->reference : m->cpu);
}

/* clock_trace_check.c: one CPU against another */
enum clock_trace_check_result clock_trace_measure(const struct clock_trace_source *source,
						  unsigned int cpu, bool patient,
						  struct clock_trace_measurement *m);
void clock_trace_measure_finish(void);
u64 clock_trace_check_cost(unsigned int cpu);

/* clock_trace_sweep.c: many CPUs, step by step */

/**
 * struct clock_trace_sweep - a check of many CPUs under way
 * @pending:	CPUs that are still to be measured
 * @measured:	CPUs that passed in this sweep, and its first reference
 * @candidates:	CPUs that may become the reference before any CPU has been met
 * @reference:	the CPU that the pending ones are measured against
 * @last:	the last CPU that was tried in this pass
 * @pass:	how often the pending CPUs have been tried
 * @missed:	CPUs in a row that could not be met
 * @busy:	steps in a row that found the last meeting not yet over
 * @result:	the gravest so far of those that were measured
 * @pause_ms:	milliseconds to wait before the next step
 */
struct clock_trace_sweep {
	struct cpumask			pending;
	struct cpumask			measured;
	struct cpumask			candidates;
	unsigned int			reference;
	int				last;
	unsigned int			pass;
	unsigned int			missed;
	unsigned int			busy;
	enum clock_trace_check_result	result;
	unsigned int			pause_ms;
};

/**
 * clock_trace_measure_fn - measures a CPU against the current one
 * @cpu:	the CPU to measure
 * @patient:	see clock_trace_measure()
 *
 * Return: the result; CLOCK_TRACE_CHECK_NONE if no meeting can begin now, because the
 * last one is not over.
 */
typedef enum clock_trace_check_result clock_trace_measure_fn(unsigned int cpu, bool patient);

unsigned int clock_trace_choose_reference(const struct cpumask *candidates,
					  const struct cpumask *preferred,
					  unsigned int last, unsigned int cpu);
void clock_trace_sweep_begin(struct clock_trace_sweep *sweep, const struct cpumask *cpus,
			     const struct cpumask *candidates, unsigned int reference);
bool clock_trace_sweep_prepare(struct clock_trace_sweep *sweep, const struct cpumask *wanted,
			       const struct cpumask *online, const struct cpumask *preferred);
void clock_trace_sweep_measure(struct clock_trace_sweep *sweep, clock_trace_measure_fn *measure);
enum clock_trace_check_result clock_trace_sweep_end(const struct clock_trace_sweep *sweep);
unsigned int clock_trace_retry_ms(unsigned int retry, unsigned int max_ms);

/* clock_trace_monitor.c: when, which CPUs, and what it means */

/**
 * struct clock_trace_check_stats - what the checks since boot have found
 * @result:	of the last check
 * @checks:	complete checks
 * @failures:	how many of @checks have failed
 * @incomplete:	checks in which a CPU could not be met in time
 */
struct clock_trace_check_stats {
	enum clock_trace_check_result	result;
	u64				checks;
	u64				failures;
	u64				incomplete;
};

int clock_trace_check_all(enum clock_trace_check_result *result);
void clock_trace_get_check_stats(struct clock_trace_check_stats *stats);
bool clock_trace_get_measurement(unsigned int cpu, struct clock_trace_measurement *m);
unsigned int clock_trace_get_check_interval(void);
int clock_trace_set_check_interval(const char *buf);
ssize_t clock_trace_print_check_cpus(char *buf);
int clock_trace_set_check_cpus(const char *buf);
int clock_trace_register_check_notifier(struct notifier_block *nb);

/* clock_trace_fault.c: what the check sees of a counter */
#ifdef CONFIG_CLOCK_TRACE_FAULT_INJECTION
u64 clock_trace_inject_fault(u64 value);
#else
static inline u64 clock_trace_inject_fault(u64 value)
{
	return value;
}
#endif

static __always_inline u64 clock_trace_check_read(const struct clock_trace_source *source)
{
	return clock_trace_inject_fault(source->read());
}

#endif /* _KERNEL_TIME_CLOCK_TRACE_CHECK_H */
