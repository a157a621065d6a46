// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests of how the trace clock's sync check goes through the CPUs
 */

#include <kunit/test.h>
#include <linux/cpumask.h>

#include "clock_trace_check.h"

/* CPUs that the tests use, none of which is really measured */
#define CPUS	4
#define NONE	UINT_MAX

/* Bit 0 for CPU 0, and so on */
static void set_mask(struct cpumask *mask, unsigned int bits)
{
	unsigned int cpu;

	cpumask_clear(mask);
	for (cpu = 0; cpu < CPUS; cpu++) {
		if (bits & BIT(cpu))
			cpumask_set_cpu(cpu, mask);
	}
}

static int four_cpus(struct kunit *test)
{
	if (nr_cpu_ids < CPUS)
		kunit_skip(test, "the kernel has no room for %u CPUs", CPUS);
	return 0;
}

/* Returns the CPU that is chosen, or NONE. @cpu may be NONE, too */
static unsigned int choose(unsigned int candidates, unsigned int preferred, unsigned int last,
			   unsigned int cpu)
{
	static struct cpumask candidate_mask, preferred_mask;
	unsigned int chosen;

	set_mask(&candidate_mask, candidates);
	set_mask(&preferred_mask, preferred);
	chosen = clock_trace_choose_reference(&candidate_mask, &preferred_mask, last,
					      cpu == NONE ? nr_cpu_ids : cpu);
	return chosen < nr_cpu_ids ? chosen : NONE;
}

static void reference_is_chosen(struct kunit *test)
{
	static const struct {
		unsigned int candidates, preferred, last, cpu, chosen;
	} cases[] = {
		/* Candidates take turns */
		{ 0xf, 0xf, 3, NONE, 0 }, { 0xf, 0xf, 0, NONE, 1 }, { 0xf, 0xf, 2, NONE, 3 },
		{ 0x5, 0xf, 0, NONE, 2 }, { 0x5, 0xf, 2, NONE, 0 },
		/* Nobody is measured against itself */
		{ 0xf, 0xf, 3, 0, 1 }, { 0xf, 0xf, 1, 2, 3 }, { 0x4, 0xf, 0, 2, NONE },
		/* An isolated CPU is the last resort */
		{ 0xf, 0x8, 3, NONE, 3 }, { 0xf, 0x8, 0, NONE, 3 }, { 0xf, 0x8, 0, 3, 1 },
		{ 0x7, 0x8, 0, NONE, 1 }, { 0xf, 0x0, 1, 2, 3 },
		/* The last one alone is chosen again; nobody is no reference */
		{ 0x2, 0xf, 1, NONE, 1 }, { 0x0, 0xf, 1, NONE, NONE },
	};
	int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++)
		KUNIT_EXPECT_EQ_MSG(test, choose(cases[i].candidates, cases[i].preferred,
						 cases[i].last, cases[i].cpu),
				    cases[i].chosen, "case %d", i);
}

/* A machine of four CPUs */
static struct {
	struct clock_trace_sweep	sweep;
	struct cpumask			online;
	/* Bits of the CPUs that each CPU can meet, in an interrupt and patiently */
	unsigned int			meets[CPUS];
	unsigned int			meets_patiently[CPUS];
	/* Bits of the CPUs whose counter is wrong */
	unsigned int			wrong;
	/* Meetings, and the bits of the CPUs that each has measured */
	unsigned int			meetings;
	unsigned int			measured_by[CPUS];
	unsigned int			busy;
	unsigned int			goes_offline;
} machine;

static enum clock_trace_check_result measure(unsigned int cpu, bool patient)
{
	unsigned int reference = machine.sweep.reference;

	if (machine.busy && machine.busy--)
		return CLOCK_TRACE_CHECK_NONE;
	machine.meetings++;
	if (!((patient ? machine.meets_patiently : machine.meets)[reference] & BIT(cpu)))
		return CLOCK_TRACE_CHECK_INCOMPLETE;
	machine.measured_by[reference] |= BIT(cpu);
	return (machine.wrong >> cpu ^ machine.wrong >> reference) & 1 ?
	       CLOCK_TRACE_CHECK_FAILED : CLOCK_TRACE_CHECK_PASSED;
}

static void boot_machine(void)
{
	unsigned int cpu;

	memset(&machine, 0, sizeof(machine));
	set_mask(&machine.online, 0xf);
	for (cpu = 0; cpu < CPUS; cpu++) {
		machine.meets[cpu] = 0xf;
		machine.meets_patiently[cpu] = 0xf;
	}
	machine.goes_offline = NONE;
}

/* From CPU 0; machine.goes_offline goes after the first step */
static enum clock_trace_check_result run_sweep(struct kunit *test)
{
	unsigned int steps = 0;

	clock_trace_sweep_begin(&machine.sweep, &machine.online, &machine.online, 0);
	while (clock_trace_sweep_prepare(&machine.sweep, &machine.online, &machine.online,
					 &machine.online)) {
		clock_trace_sweep_measure(&machine.sweep, measure);
		if (machine.goes_offline != NONE)
			cpumask_clear_cpu(machine.goes_offline, &machine.online);
		machine.goes_offline = NONE;
		if (++steps > 100000) {
			KUNIT_FAIL(test, "the sweep does not end");
			break;
		}
	}
	return clock_trace_sweep_end(&machine.sweep);
}

static void all_are_measured_once(struct kunit *test)
{
	boot_machine();
	KUNIT_EXPECT_EQ(test, run_sweep(test), CLOCK_TRACE_CHECK_PASSED);
	KUNIT_EXPECT_EQ(test, machine.meetings, 3);
	KUNIT_EXPECT_EQ(test, machine.measured_by[0], 0xe);
}

static void failure_outweighs(struct kunit *test)
{
	boot_machine();
	machine.wrong = BIT(2);
	machine.meets[0] &= ~BIT(3);
	machine.meets_patiently[0] &= ~BIT(3);
	KUNIT_EXPECT_EQ(test, run_sweep(test), CLOCK_TRACE_CHECK_FAILED);
}

/* A CPU that nobody meets keeps the check from passing, and is tried patiently, too */
static void unmet_cpu(struct kunit *test)
{
	unsigned int cpu;

	boot_machine();
	for (cpu = 0; cpu < CPUS; cpu++)
		machine.meets[cpu] &= ~BIT(2);
	KUNIT_EXPECT_EQ(test, run_sweep(test), CLOCK_TRACE_CHECK_PASSED);
	KUNIT_EXPECT_GT(test, machine.meetings, 4);

	for (cpu = 0; cpu < CPUS; cpu++)
		machine.meets_patiently[cpu] &= ~BIT(2);
	KUNIT_EXPECT_EQ(test, run_sweep(test), CLOCK_TRACE_CHECK_INCOMPLETE);
}

/* CPUs that the reference cannot meet are met by others that passed */
static void another_reference(struct kunit *test)
{
	boot_machine();
	machine.meets[0] = BIT(1);
	machine.meets_patiently[0] = BIT(1);
	KUNIT_EXPECT_EQ(test, run_sweep(test), CLOCK_TRACE_CHECK_PASSED);
	KUNIT_EXPECT_EQ(test, machine.measured_by[0], BIT(1));
	KUNIT_EXPECT_EQ(test, machine.measured_by[1], BIT(2) | BIT(3));
}

/*
 * A CPU is never measured against one that has not passed. CPU 0 meets CPU 1 and goes when it
 * has not met CPU 2; CPU 1 takes over behind that, and in the next pass it is CPU 3's turn.
 */
static void reference_goes_offline(struct kunit *test)
{
	boot_machine();
	machine.meets[0] = BIT(1);
	machine.goes_offline = 0;
	KUNIT_EXPECT_EQ(test, run_sweep(test), CLOCK_TRACE_CHECK_PASSED);
	KUNIT_EXPECT_EQ(test, machine.measured_by[0], BIT(1));
	KUNIT_EXPECT_EQ(test, machine.measured_by[1], BIT(3));
	KUNIT_EXPECT_EQ(test, machine.measured_by[3], BIT(2));
	KUNIT_EXPECT_EQ(test, machine.measured_by[2], 0);
}

/* With the only one that passed, all is lost that the pending ones could be compared with */
static void only_reference_goes_offline(struct kunit *test)
{
	boot_machine();
	machine.meets[0] = 0;
	machine.goes_offline = 0;
	KUNIT_EXPECT_EQ(test, run_sweep(test), CLOCK_TRACE_CHECK_INCOMPLETE);
	KUNIT_EXPECT_EQ(test, machine.measured_by[0] | machine.measured_by[1], 0);
}

static void pending_cpu_goes_offline(struct kunit *test)
{
	boot_machine();
	machine.meets[0] = 0;
	machine.goes_offline = 3;
	KUNIT_EXPECT_EQ(test, run_sweep(test), CLOCK_TRACE_CHECK_PASSED);
	KUNIT_EXPECT_EQ(test, machine.measured_by[0] & BIT(3), 0);
}

/* A meeting that is not over costs no attempt, but not for ever */
static void last_meeting_is_not_over(struct kunit *test)
{
	boot_machine();
	machine.busy = 10;
	KUNIT_EXPECT_EQ(test, run_sweep(test), CLOCK_TRACE_CHECK_PASSED);
	KUNIT_EXPECT_EQ(test, machine.meetings, 3);

	boot_machine();
	machine.busy = UINT_MAX;
	KUNIT_EXPECT_EQ(test, run_sweep(test), CLOCK_TRACE_CHECK_INCOMPLETE);
}

static void single_cpu(struct kunit *test)
{
	boot_machine();
	set_mask(&machine.online, BIT(0));
	KUNIT_EXPECT_EQ(test, run_sweep(test), CLOCK_TRACE_CHECK_PASSED);
	KUNIT_EXPECT_EQ(test, machine.meetings, 0);
}

static void retries_back_off(struct kunit *test)
{
	unsigned int retry, ms, last = 0;

	for (retry = 0; retry < 100; retry++) {
		ms = clock_trace_retry_ms(retry, 10000);
		KUNIT_EXPECT_GE(test, ms, 100);
		KUNIT_EXPECT_LE(test, ms, 10000);
		KUNIT_EXPECT_GE(test, ms, last);
		last = ms;
	}
	KUNIT_EXPECT_EQ(test, last, 10000);
}

static struct kunit_case clock_trace_sweep_test_cases[] = {
	KUNIT_CASE(reference_is_chosen),
	KUNIT_CASE(all_are_measured_once),
	KUNIT_CASE(failure_outweighs),
	KUNIT_CASE(unmet_cpu),
	KUNIT_CASE(another_reference),
	KUNIT_CASE(reference_goes_offline),
	KUNIT_CASE(only_reference_goes_offline),
	KUNIT_CASE(pending_cpu_goes_offline),
	KUNIT_CASE(last_meeting_is_not_over),
	KUNIT_CASE(single_cpu),
	KUNIT_CASE(retries_back_off),
	{}
};

static struct kunit_suite clock_trace_sweep_test_suite = {
	.name		= "clock_trace_sweep",
	.init		= four_cpus,
	.test_cases	= clock_trace_sweep_test_cases,
};

kunit_test_suites(&clock_trace_sweep_test_suite);

MODULE_DESCRIPTION("KUnit tests of how the trace clock's sync check goes through the CPUs");
MODULE_IMPORT_NS("EXPORTED_FOR_KUNIT_TESTING");
MODULE_LICENSE("GPL");
