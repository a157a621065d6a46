// SPDX-License-Identifier: GPL-2.0
/*
 * Claim: an x32 program reads the same clock by its own vDSO and by its own
 * system calls: each between two readings by the other, with the same epoch,
 * frequency and resolution.
 *
 * Built with nolibc, as hardly any machine has a C library for x32. What the
 * system calls of x32 do apart from this is tested from 64-bit programs too.
 */
#include <sys/auxv.h>

#include "../vDSO/parse_vdso.h"
#include "kselftest_harness.h"

#ifndef CLOCK_TRACE
#define CLOCK_TRACE_UNORDERED	13
#define CLOCK_TRACE_FREQ	14
#define CLOCK_TRACE		15
#endif

#define ROUNDS 2000

struct reading {
	__u64 value;
	__u64 epoch;
};

typedef int (*read_fn)(int id, struct reading *r);

static const int trace_clocks[] = {
	CLOCK_TRACE_UNORDERED, CLOCK_TRACE_FREQ, CLOCK_TRACE,
};

static int sys_gettime(int id, struct reading *r)
{
	return _syscall(__NR_clock_gettime, id, r);
}

static int sys_getres(int id, struct reading *r)
{
	return _syscall(__NR_clock_getres, id, r);
}

FIXTURE(x32) {
	read_fn gettime;
	read_fn getres;
};

FIXTURE_SETUP(x32)
{
	unsigned long base = getauxval(AT_SYSINFO_EHDR);

	ASSERT_EQ(4U, sizeof(long));
	if (!base)
		SKIP(return, "no vDSO in this program");
	vdso_init_from_sysinfo_ehdr(base);
	self->gettime = (read_fn)vdso_sym("LINUX_2.6", "__vdso_clock_gettime");
	self->getres = (read_fn)vdso_sym("LINUX_2.6", "__vdso_clock_getres");
	ASSERT_TRUE(self->gettime && self->getres);
}

FIXTURE_TEARDOWN(x32)
{
}

static void expect_between(struct __test_metadata *_metadata, int id,
			   read_fn outer, read_fn inner)
{
	struct reading before, between, after;
	int i;

	for (i = 0; i < ROUNDS; i++) {
		/* For the unordered clock, which is not ordered by itself. */
		__builtin_ia32_lfence();
		ASSERT_EQ(0, outer(id, &before));
		__builtin_ia32_lfence();
		ASSERT_EQ(0, inner(id, &between));
		__builtin_ia32_lfence();
		ASSERT_EQ(0, outer(id, &after));

		ASSERT_TRUE(before.value <= between.value);
		ASSERT_TRUE(between.value <= after.value);
		ASSERT_TRUE(before.epoch == between.epoch);
		ASSERT_TRUE(before.epoch == after.epoch);
	}
	EXPECT_TRUE(before.epoch >= 1 && before.epoch <= 999999999);
}

TEST_F(x32, trace_between)
{
	expect_between(_metadata, CLOCK_TRACE, self->gettime, sys_gettime);
	expect_between(_metadata, CLOCK_TRACE, sys_gettime, self->gettime);
}

TEST_F(x32, unordered_between)
{
	expect_between(_metadata, CLOCK_TRACE_UNORDERED, self->gettime,
		       sys_gettime);
	expect_between(_metadata, CLOCK_TRACE_UNORDERED, sys_gettime,
		       self->gettime);
}

TEST_F(x32, frequency_equal)
{
	struct reading by_vdso, by_syscall;

	ASSERT_EQ(0, self->gettime(CLOCK_TRACE_FREQ, &by_vdso));
	ASSERT_EQ(0, sys_gettime(CLOCK_TRACE_FREQ, &by_syscall));
	EXPECT_TRUE(by_vdso.value && by_vdso.value == by_syscall.value);
	EXPECT_TRUE(by_vdso.epoch == by_syscall.epoch);
}

TEST_F(x32, resolution_equal)
{
	struct reading by_vdso, by_syscall;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(trace_clocks); i++) {
		ASSERT_EQ(0, self->getres(trace_clocks[i], &by_vdso));
		ASSERT_EQ(0, sys_getres(trace_clocks[i], &by_syscall));
		/* The structure of clock_getres(): seconds, nanoseconds. */
		EXPECT_TRUE(!by_vdso.value && by_vdso.epoch);
		EXPECT_TRUE(by_vdso.value == by_syscall.value);
		EXPECT_TRUE(by_vdso.epoch == by_syscall.epoch);
	}
}

int main(int argc, char **argv)
{
	struct reading r;

	if (sys_gettime(CLOCK_TRACE, &r) == -EINVAL) {
		ksft_print_header();
		ksft_exit_skip("no CLOCK_TRACE in this kernel (CONFIG_CLOCK_TRACE)\n");
	}
	return test_harness_run(argc, argv);
}
