// SPDX-License-Identifier: GPL-2.0
/* Calls the kernel's sync check, see measure.h. */
#include <math.h>
#include <stdlib.h>

#include "clock_trace_check.h"
#include "cpus.h"
#include "measure.h"
#include "util.h"

/* Offsets beyond a second are no question of hand-overs any more */
#define MAX_OFFSET_S	1

/* What is seen of a CPU's counter: ticks that are added to what it reads */
static volatile unsigned int skewed_cpu;
static volatile s64 skew_ticks;

u64 clock_trace_inject_fault(u64 value)
{
	return this_cpu == skewed_cpu ? value + skew_ticks : value;
}

static u64 read_ordered(void)
{
	u32 low, high;

	asm volatile("lfence; rdtsc" : "=a" (low), "=d" (high) :: "memory");
	return (u64)high << 32 | low;
}

static struct clock_trace_source tsc = {
	.name	= "tsc",
	.read	= read_ordered,
};

void samples_add(struct samples *samples, double value)
{
	if (samples->nr == samples->room) {
		samples->room = samples->room ? 2 * samples->room : 64;
		samples->values = realloc(samples->values, samples->room * sizeof(value));
		if (!samples->values)
			fatal("out of memory");
	}
	samples->values[samples->nr++] = value;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

void samples_sort(struct samples *samples)
{
	if (samples->nr)
		qsort(samples->values, samples->nr, sizeof(*samples->values), compare);
}

double samples_quantile(const struct samples *samples, double part)
{
	return samples->nr ? samples->values[lround(part * (samples->nr - 1))] : NAN;
}

/* One check of all CPUs. @cost is what it takes from each of them in us */
static enum clock_trace_check_result check_all(struct measured *measured, unsigned int reference,
					       double *cost)
{
	enum clock_trace_check_result one, result = CLOCK_TRACE_CHECK_PASSED;
	struct clock_trace_measurement m;
	unsigned int i;

	for (i = 0; i < measured->nr_cpus; i++)
		cost[i] = clock_trace_check_cost(measured->cpus[i]);

	cpus_become(measured->cpus[reference]);
	for (i = 0; i < measured->nr_cpus; i++) {
		if (i == reference)
			continue;
		clock_trace_measure_finish();
		one = clock_trace_measure(&tsc, measured->cpus[i], false, &m);
		result = max(result, one);
		if (one == CLOCK_TRACE_CHECK_FAILED)
			clock_trace_describe_failure(&m, measured->failure,
						     sizeof(measured->failure));
		if (one != CLOCK_TRACE_CHECK_INCOMPLETE)
			samples_add(&measured->round_trip, m.round_trip);
	}

	for (i = 0; i < measured->nr_cpus; i++) {
		cost[i] = (clock_trace_check_cost(measured->cpus[i]) - cost[i]) / 1e3;
		measured->cost[i] += cost[i];
	}
	return result;
}

void measure_checks(struct measured *measured, unsigned int checks, int64_t skew)
{
	double *cost = allocate(measured->nr_cpus * sizeof(*cost));
	unsigned int i, reference;

	tsc.frequency = measured->tsc_hz;
	measured->cost = allocate(measured->nr_cpus * sizeof(*measured->cost));
	skewed_cpu = measured->cpus[measured->nr_cpus - 1];
	skew_ticks = skew;

	while (measured->checks < checks) {
		reference = measured->checks++ % measured->nr_cpus;
		switch (check_all(measured, reference, cost)) {
		case CLOCK_TRACE_CHECK_INCOMPLETE:
			measured->incomplete++;
			continue;
		case CLOCK_TRACE_CHECK_FAILED:
			measured->failed++;
			break;
		default:
			break;
		}
		for (i = 0; i < measured->nr_cpus; i++)
			samples_add(i == reference ? &measured->reference : &measured->other,
				    cost[i]);
	}
	free(cost);
	samples_sort(&measured->reference);
	samples_sort(&measured->other);
	samples_sort(&measured->round_trip);
}

static void detect(const struct measured *measured, struct detection *detection,
		   unsigned int tries)
{
	struct clock_trace_measurement m;
	unsigned int i, found;
	uint64_t offset;

	for (offset = 1; offset < MAX_OFFSET_S * measured->tsc_hz; offset += offset / 16 + 1) {
		skew_ticks = detection->direction * (s64)offset;
		for (i = found = 0; i < tries; i++) {
			clock_trace_measure_finish();
			found += clock_trace_measure(&tsc, measured->cpus[1], false, &m) ==
				 CLOCK_TRACE_CHECK_FAILED;
		}
		if (found && !detection->smallest)
			detection->smallest = offset;
		if (found == tries) {
			detection->always = offset;
			return;
		}
	}
}

void measure_detection(struct measured *measured, unsigned int tries)
{
	unsigned int i;

	tsc.frequency = measured->tsc_hz;
	skewed_cpu = measured->cpus[1];
	cpus_become(measured->cpus[0]);
	for (i = 0; i < ARRAY_SIZE(measured->detection); i++) {
		measured->detection[i].direction = i ? -1 : 1;
		detect(measured, &measured->detection[i], tries);
	}
	skew_ticks = 0;
}
