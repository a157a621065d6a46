// SPDX-License-Identifier: GPL-2.0
/*
 * The kernel's code that chooses the CPUs and schedules the steps of a check, in virtual
 * time. What a meeting takes is given; all else follows from the kernel's code.
 */
#include <stdio.h>
#include <stdlib.h>

#include "clock_trace_check.h"
#include "simulate.h"
#include "util.h"

/* As long as clock_trace_measure() tries at most, in an interrupt or patiently */
#define UNMET_NS		(25 * NSEC_PER_MSEC)
#define UNMET_PATIENT_NS	(45 * NSEC_PER_MSEC)
/* From the end of a step to the beginning of the next, and until a task runs elsewhere */
#define SCHEDULING_NS		20000
#define RANDOM_RANGE		(UINT64_C(1) << 32)

static struct {
	struct simulation *simulation;
	struct clock_trace_sweep sweep;
	struct cpumask online;
	struct cpumask unmet;
	/* In virtual time: now, and when a CPU goes offline or comes online next */
	u64 now;
	u64 next_change;
	u64 random;
	/* ns that the check has taken from each CPU */
	u64 cost[NR_CPUS];
	u64 cost_before[NR_CPUS];
} state;

/* xorshift64* */
static u64 next_random(void)
{
	state.random ^= state.random >> 12;
	state.random ^= state.random << 25;
	state.random ^= state.random >> 27;
	return state.random * UINT64_C(2685821657736338717) >> 32;
}

static unsigned int random_below(unsigned int limit)
{
	return next_random() * limit / RANDOM_RANGE;
}

static void longest(double *most, u64 ns, double unit)
{
	*most = max(*most, ns / unit);
}

/* A meeting, or the time until the reference gives up. The reference calls it */
static enum clock_trace_check_result meet(unsigned int reference, unsigned int cpu, bool patient)
{
	u64 ns = state.simulation->meeting_us * 1000ULL;

	if (cpumask_test_cpu(cpu, &state.unmet) || cpumask_test_cpu(reference, &state.unmet)) {
		ns = patient ? UNMET_PATIENT_NS : UNMET_NS;
		state.now += ns;
		state.cost[reference] += ns;
		return CLOCK_TRACE_CHECK_INCOMPLETE;
	}
	state.now += ns;
	state.cost[reference] += ns;
	state.cost[cpu] += ns;
	longest(&state.simulation->busy_us, ns, 1e3);
	return CLOCK_TRACE_CHECK_PASSED;
}

static enum clock_trace_check_result measure(unsigned int cpu, bool patient)
{
	return meet(state.sweep.reference, cpu, patient);
}

static void schedule_change(void)
{
	/* Evenly spread from 0 to twice the mean */
	state.next_change = state.simulation->changes ?
		state.now + NSEC_PER_SEC / state.simulation->changes *
			    (1 + next_random() * 2 * 1000 / RANDOM_RANGE) / 1000 : U64_MAX;
}

/* A CPU goes offline, or one that is offline comes online and is measured by hotplug */
static void change_cpu(void)
{
	unsigned int cpu = random_below(state.simulation->nr_cpus), reference;
	u64 start = state.now;

	if (cpumask_test_cpu(cpu, &state.online)) {
		if (cpumask_weight(&state.online) == 2)
			return;
		state.simulation->references_lost += cpu == state.sweep.reference;
		cpumask_clear_cpu(cpu, &state.online);
		return;
	}
	reference = clock_trace_choose_reference(&state.online, &state.online,
						 state.sweep.reference, cpu);
	cpumask_set_cpu(cpu, &state.online);
	state.simulation->took_online += meet(reference, cpu, false) == CLOCK_TRACE_CHECK_PASSED;
	longest(&state.simulation->hold_ms, state.now - start, NSEC_PER_MSEC);
}

/* What waits for CPU hotplug gets its turn between two steps */
static void between_steps(u64 ns)
{
	u64 end = state.now + ns;

	while (state.next_change <= end) {
		state.now = max(state.now, state.next_change);
		change_cpu();
		schedule_change();
	}
	state.now = max(state.now, end);
}

static void check_all(void)
{
	struct simulation *s = state.simulation;
	unsigned int reference, cpu;
	u64 start = state.now, step;

	memcpy(state.cost_before, state.cost, sizeof(state.cost));
	reference = clock_trace_choose_reference(&state.online, &state.online,
						 state.sweep.reference, nr_cpu_ids);
	clock_trace_sweep_begin(&state.sweep, &state.online, &state.online, reference);
	for (;;) {
		step = state.now;
		if (!clock_trace_sweep_prepare(&state.sweep, &state.online, &state.online,
					       &state.online))
			break;
		state.now += SCHEDULING_NS;
		clock_trace_sweep_measure(&state.sweep, measure);
		longest(&s->hold_ms, state.now - step, NSEC_PER_MSEC);
		between_steps(SCHEDULING_NS + state.sweep.pause_ms * NSEC_PER_MSEC);
	}

	if (clock_trace_sweep_end(&state.sweep) == CLOCK_TRACE_CHECK_PASSED)
		s->passed++;
	else
		s->incomplete++;
	longest(&s->check_s, state.now - start, NSEC_PER_SEC);
	for (cpu = 0; cpu < s->nr_cpus; cpu++)
		longest(&s->reference_ms, state.cost[cpu] - state.cost_before[cpu],
			NSEC_PER_MSEC);
}

void simulate(struct simulation *s, double interval)
{
	unsigned int cpu, i;
	double total = 0;

	memset(&state, 0, sizeof(state));
	state.simulation = s;
	state.random = s->seed;
	state.sweep.reference = s->nr_cpus - 1;
	nr_cpu_ids = s->nr_cpus;
	virtual_ns = &state.now;
	for (cpu = 0; cpu < s->nr_cpus; cpu++)
		cpumask_set_cpu(cpu, &state.online);
	for (i = 0; i < s->unmet;) {
		cpu = random_below(s->nr_cpus);
		if (cpumask_test_cpu(cpu, &state.unmet))
			continue;
		cpumask_set_cpu(cpu, &state.unmet);
		i++;
	}
	schedule_change();

	for (i = 0; i < s->checks; i++) {
		check_all();
		between_steps(interval * NSEC_PER_SEC);
	}

	for (cpu = 0; cpu < s->nr_cpus; cpu++) {
		longest(&s->share_percent, state.cost[cpu], state.now / 100.0);
		total += state.cost[cpu];
	}
	s->mean_percent = total / s->nr_cpus / state.now * 100;
	virtual_ns = NULL;
}
