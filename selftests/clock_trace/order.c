// SPDX-License-Identifier: GPL-2.0
/*
 * Claim: CLOCK_TRACE never steps back. In one thread this holds for the ordered
 * and the unordered clock, also where the thread moves between CPUs. Between
 * CPUs it holds for the ordered one: a thread that has seen another CPU's value reads
 * one that is not smaller.
 *
 * CLOCK_TRACE_HANDOVERS in the environment says how many values are handed over
 * between the CPUs, where that is not one of the numbers below.
 */
#include "clock_trace_handover.h"

#define DEFAULT_HANDOVERS	10000000UL
/* Without a counter the vDSO has to make a system call for each of them. */
#define SLOW_HANDOVERS		1000000UL
/* System calls are slower: so much less of them. */
#define SYSCALL_SHARE		20
#define THREAD_READS		1000000UL
#define MOVES			2000

FIXTURE(order) {
	struct reader_group group;
	int cpu[MAX_READERS];
	unsigned long wanted;
};

FIXTURE_SETUP(order)
{
	const char *why = abi_missing(&abi_vdso);
	const char *text = getenv("CLOCK_TRACE_HANDOVERS");
	char *end;

	if (why)
		SKIP(return, "%s", why);

	self->wanted = no_counter() ? SLOW_HANDOVERS : DEFAULT_HANDOVERS;
	if (text) {
		errno = 0;
		self->wanted = strtoul(text, &end, 10);
		ASSERT_FALSE(errno || end == text || *end || !self->wanted)
			TH_LOG("CLOCK_TRACE_HANDOVERS must be a number above 0");
	}
	self->group.readers = usable_cpus(self->cpu, MAX_READERS);
	ASSERT_LE(1, self->group.readers);
}

FIXTURE_TEARDOWN(order)
{
}

static void hand_over(struct __test_metadata *_metadata,
		      struct reader_group *group, const int *cpu,
		      unsigned long wanted)
{
	unsigned long sum = 0, shown = 0;

	ASSERT_EQ(0, readers_start(group, cpu));
	while (sum < wanted && !readers_stopped(group)) {
		usleep(100000);
		sum = readers_handed_over(group);
		if (sum >= shown + wanted / 5) {
			TH_LOG("%lu of %lu handed-over reads", sum, wanted);
			shown = sum;
		}
	}
	readers_stop(_metadata, group);

	sum = readers_handed_over(group);
	EXPECT_LE(wanted, sum);
	TH_LOG("%lu handed-over reads on %d CPUs", sum, group->readers);
}

TEST_F_TIMEOUT(order, between_cpus, LONG_TIMEOUT)
{
	if (self->group.readers < 2)
		SKIP(return, "needs 2 CPUs");
	hand_over(_metadata, &self->group, self->cpu, self->wanted);
}

/* The vDSO and the kernel order their reads each in their own way. */
TEST_F_TIMEOUT(order, between_cpus_vdso_and_syscall, LONG_TIMEOUT)
{
	if (self->group.readers < 2)
		SKIP(return, "needs 2 CPUs");
	self->group.syscall_every = 2;
	hand_over(_metadata, &self->group, self->cpu,
		  self->wanted / SYSCALL_SHARE);
}

static void expect_never_back(struct __test_metadata *_metadata, clockid_t id)
{
	__u64 last = 0, now;
	unsigned long i;

	for (i = 0; i < THREAD_READS; i++) {
		now = trace_read(id);
		ASSERT_LE(last, now);
		last = now;
	}
	EXPECT_NE(0U, last);
}

TEST_F_TIMEOUT(order, in_a_thread, LONG_TIMEOUT)
{
	expect_never_back(_metadata, CLOCK_TRACE);
}

TEST_F_TIMEOUT(order, in_a_thread_unordered, LONG_TIMEOUT)
{
	expect_never_back(_metadata, CLOCK_TRACE_UNORDERED);
}

TEST_F_TIMEOUT(order, in_a_thread_that_moves, LONG_TIMEOUT)
{
	__u64 last = 0, now;
	int i, j;

	if (self->group.readers < 2)
		SKIP(return, "needs 2 CPUs");

	for (i = 0; i < MOVES; i++) {
		ASSERT_EQ(0, pin_to_cpu(self->cpu[i % self->group.readers]));
		for (j = 0; j < 20; j++) {
			now = trace_read(j % 2 ? CLOCK_TRACE :
					 CLOCK_TRACE_UNORDERED);
			ASSERT_LE(last, now);
			last = now;
		}
	}
}

int main(int argc, char **argv)
{
	skip_without_clock();
	return test_harness_run(argc, argv);
}
