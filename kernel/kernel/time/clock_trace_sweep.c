// SPDX-License-Identifier: GPL-2.0
/*
 * The sync check of the trace clock: many CPUs, step by step
 *
 * A sweep measures CPUs one after the other against a single CPU, the reference. It
 * advances in steps:
 *
 *  1. clock_trace_sweep_prepare() drops CPUs that have gone offline, and the reference if
 *     that has: then another CPU that passed takes over.
 *  2. clock_trace_sweep_measure(), on the reference, measures pending CPUs for STEP_NS,
 *     or until it fails to meet one.
 *
 * CPU hotplug is blocked during a step and free between two. A CPU that comes online in
 * between is none of the sweep's business: hotplug measures it.
 *
 * A CPU that cannot be met stays pending. When all pending CPUs have been tried, the next
 * pass tries them again, from the next reference: two virtual CPUs that share a real one
 * hardly ever meet in an interrupt, but both may meet others.
 *
 * Offsets compose by addition: CPU C, measured against B, that was measured against A,
 * differs from A by less than a hand-over between A and B and one between B and C can
 * hide. So what a sweep can miss between two CPUs is the sum of the hand-overs on the way
 * from one to the other: two where all are measured against one reference, and one more
 * for each time that a reference has been replaced. On CPUs that can be met, it is never
 * replaced unless it goes offline.
 *
 * sync-bench, in the tools, runs this file in virtual time.
 */

#include <kunit/visibility.h>
#include <linux/cpumask.h>
#include <linux/minmax.h>
#include <linux/time64.h>
#include <linux/timekeeping.h>

#include "clock_trace_check.h"

/*
 * A step ends when this has passed, after the first CPU that could not be met, or with
 * the pass. With one measurement of 45 ms at most, a step takes at most 50 ms.
 */
#define STEP_NS			(5 * NSEC_PER_MSEC)

/* Passes, and which of them are patient, see clock_trace_measure() */
#define PASSES			14
#define FIRST_PATIENT_PASS	4
#define LAST_PATIENT_PASS	9

/* So that a hypervisor gets around to run the CPUs that could not be met */
#define PAUSE_MS		5

/*
 * A reference that has met no CPU makes room for another candidate once it has failed to
 * meet so many in a row: it may be the one that cannot be met.
 */
#define MAX_MISSED		8

/* How many steps may find that the last meeting is not over */
#define MAX_BUSY		200

/* An incomplete check is repeated after this, then after twice as much, and so on */
#define MIN_RETRY_MS		100U

/* The next CPU of @cpus after @last, in a circle, but not @but */
static unsigned int next_cpu(const struct cpumask *cpus, const struct cpumask *among,
			     unsigned int last, unsigned int but)
{
	unsigned int cpu;

	for_each_cpu_wrap(cpu, cpus, last + 1) {
		if (cpu != but && cpumask_test_cpu(cpu, among))
			return cpu;
	}
	return nr_cpu_ids;
}

/**
 * clock_trace_choose_reference - choose the CPU that others are measured against
 * @candidates:	online CPUs whose counter may be relied on
 * @preferred:	CPUs that may be disturbed
 * @last:	the CPU that was chosen last time
 * @cpu:	the CPU that is to be measured, nr_cpu_ids if there are several
 *
 * The reference has the most to do, so candidates take turns. One that is not among the
 * preferred ones is taken only if there is no other.
 *
 * Return: a candidate other than @cpu, or nr_cpu_ids if there is none.
 */
unsigned int clock_trace_choose_reference(const struct cpumask *candidates,
					  const struct cpumask *preferred,
					  unsigned int last, unsigned int cpu)
{
	unsigned int reference = next_cpu(candidates, preferred, last, cpu);

	return reference < nr_cpu_ids ? reference : next_cpu(candidates, candidates, last, cpu);
}
EXPORT_SYMBOL_IF_KUNIT(clock_trace_choose_reference);

/**
 * clock_trace_sweep_begin - begin to measure CPUs
 * @sweep:	the sweep
 * @cpus:	the CPUs
 * @candidates:	CPUs that may become the reference before any CPU has been met
 * @reference:	the candidate that they are measured against at first
 */
void clock_trace_sweep_begin(struct clock_trace_sweep *sweep, const struct cpumask *cpus,
			     const struct cpumask *candidates, unsigned int reference)
{
	cpumask_copy(&sweep->pending, cpus);
	cpumask_copy(&sweep->candidates, candidates);
	cpumask_clear_cpu(reference, &sweep->pending);
	cpumask_copy(&sweep->measured, cpumask_of(reference));
	sweep->reference = reference;
	sweep->last = -1;
	sweep->pass = 0;
	sweep->missed = 0;
	sweep->busy = 0;
	sweep->result = CLOCK_TRACE_CHECK_PASSED;
	sweep->pause_ms = 0;
}
EXPORT_SYMBOL_IF_KUNIT(clock_trace_sweep_begin);

static void next_pass(struct clock_trace_sweep *sweep)
{
	sweep->pass++;
	sweep->last = -1;
	sweep->missed = 0;
	sweep->pause_ms = PAUSE_MS;
}

/* Have another candidate measure all CPUs, and the reference as well */
static void replace_reference(struct clock_trace_sweep *sweep, const struct cpumask *preferred)
{
	unsigned int reference = clock_trace_choose_reference(&sweep->candidates, preferred,
							      sweep->reference,
							      sweep->reference);

	if (reference >= nr_cpu_ids)
		return;

	cpumask_set_cpu(sweep->reference, &sweep->pending);
	cpumask_clear_cpu(reference, &sweep->pending);
	cpumask_copy(&sweep->measured, cpumask_of(reference));
	sweep->reference = reference;
	next_pass(sweep);
}

/**
 * clock_trace_sweep_prepare - begin a step
 * @sweep:	the sweep
 * @wanted:	CPUs that may be measured
 * @online:	online CPUs
 * @preferred:	see clock_trace_choose_reference()
 *
 * Return: true if clock_trace_sweep_measure() has to be called on the reference, false if
 * the sweep has ended.
 */
bool clock_trace_sweep_prepare(struct clock_trace_sweep *sweep, const struct cpumask *wanted,
			       const struct cpumask *online, const struct cpumask *preferred)
{
	cpumask_and(&sweep->pending, &sweep->pending, wanted);
	cpumask_and(&sweep->pending, &sweep->pending, online);
	cpumask_and(&sweep->measured, &sweep->measured, online);
	cpumask_and(&sweep->candidates, &sweep->candidates, online);

	if (sweep->missed >= MAX_MISSED && cpumask_test_cpu(sweep->reference, &sweep->measured) &&
	    cpumask_weight(&sweep->measured) == 1)
		replace_reference(sweep, preferred);
	if (cpumask_empty(&sweep->pending) || sweep->pass >= PASSES)
		return false;
	/* At the beginning of a pass, or because the reference has gone */
	if ((sweep->pass && sweep->last < 0) ||
	    !cpumask_test_cpu(sweep->reference, &sweep->measured))
		sweep->reference = clock_trace_choose_reference(&sweep->measured, preferred,
								sweep->reference, nr_cpu_ids);
	/* Without any, what is pending has nothing to be measured against */
	return sweep->reference < nr_cpu_ids;
}
EXPORT_SYMBOL_IF_KUNIT(clock_trace_sweep_prepare);

static bool patient_pass(const struct clock_trace_sweep *sweep)
{
	return sweep->pass >= FIRST_PATIENT_PASS && sweep->pass <= LAST_PATIENT_PASS;
}

/* Returns false if the step has to end */
static bool measure_next(struct clock_trace_sweep *sweep, clock_trace_measure_fn *measure)
{
	unsigned int cpu = cpumask_next(sweep->last, &sweep->pending);
	enum clock_trace_check_result result;

	if (cpu >= nr_cpu_ids) {
		next_pass(sweep);
		return false;
	}

	result = measure(cpu, patient_pass(sweep));
	if (result == CLOCK_TRACE_CHECK_NONE && sweep->busy++ < MAX_BUSY) {
		sweep->pause_ms = PAUSE_MS;
		return false;
	}
	sweep->busy = 0;
	sweep->last = cpu;
	if (result == CLOCK_TRACE_CHECK_NONE || result == CLOCK_TRACE_CHECK_INCOMPLETE) {
		sweep->missed++;
		return false;
	}
	sweep->missed = 0;

	cpumask_clear_cpu(cpu, &sweep->pending);
	if (result == CLOCK_TRACE_CHECK_PASSED)
		cpumask_set_cpu(cpu, &sweep->measured);
	sweep->result = max(sweep->result, result);
	return !cpumask_empty(&sweep->pending);
}

/**
 * clock_trace_sweep_measure - measure some of the pending CPUs
 * @sweep:	the sweep
 * @measure:	measures one
 *
 * On the reference, in a task that is bound to it, with CPU hotplug blocked. Sets
 * @sweep->pause_ms.
 */
void clock_trace_sweep_measure(struct clock_trace_sweep *sweep, clock_trace_measure_fn *measure)
{
	u64 start = ktime_get_ns();

	sweep->pause_ms = 0;
	while (measure_next(sweep, measure) && ktime_get_ns() - start < STEP_NS)
		;
}
EXPORT_SYMBOL_IF_KUNIT(clock_trace_sweep_measure);

/**
 * clock_trace_sweep_end - the result of a sweep
 * @sweep:	the sweep, for which clock_trace_sweep_prepare() has returned false
 *
 * Return: CLOCK_TRACE_CHECK_PASSED, CLOCK_TRACE_CHECK_FAILED, or
 * CLOCK_TRACE_CHECK_INCOMPLETE if a CPU could not be met.
 */
enum clock_trace_check_result clock_trace_sweep_end(const struct clock_trace_sweep *sweep)
{
	enum clock_trace_check_result result = CLOCK_TRACE_CHECK_INCOMPLETE;

	return cpumask_empty(&sweep->pending) ? sweep->result : max(sweep->result, result);
}
EXPORT_SYMBOL_IF_KUNIT(clock_trace_sweep_end);

/**
 * clock_trace_retry_ms - how long an incomplete check waits until it is repeated
 * @retry:	how often it has been repeated already
 * @max_ms:	the longest wait
 *
 * Where virtual CPUs can hardly ever meet, trying often would only cost more.
 *
 * Return: milliseconds.
 */
unsigned int clock_trace_retry_ms(unsigned int retry, unsigned int max_ms)
{
	return min(MIN_RETRY_MS << min(retry, 16U), max_ms);
}
EXPORT_SYMBOL_IF_KUNIT(clock_trace_retry_ms);
