// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests of the trace clock's arithmetic
 */

#include <kunit/test.h>
#include <linux/limits.h>
#include <linux/math64.h>
#include <linux/random.h>

#include "clock_trace_internal.h"

/* Long division by bits: slow, and shares nothing with the code under test */
static u64 ticks_by_bits(u64 ns, u64 frequency)
{
	u64 hi = 0, lo = 0, quotient = 0, rest = 0;
	int bit;

	for (bit = 63; bit >= 0; bit--) {
		hi = hi << 1 | lo >> 63;
		lo <<= 1;
		if (ns >> bit & 1) {
			lo += frequency;
			hi += lo < frequency;
		}
	}
	for (bit = 127; bit >= 0; bit--) {
		rest = rest << 1 | ((bit >= 64 ? hi >> (bit - 64) : lo >> bit) & 1);
		quotient <<= 1;
		if (rest >= NSEC_PER_SEC) {
			rest -= NSEC_PER_SEC;
			quotient |= 1;
		}
	}
	return quotient;
}

static const u64 extremes[] = {
	0, 1, 2, 999, 1000, 32768, 24000000, 62500000,
	NSEC_PER_SEC - 1, NSEC_PER_SEC, NSEC_PER_SEC + 1, 2596132000ULL, 5000000000ULL,
	U32_MAX - 1ULL, U32_MAX, U32_MAX + 1ULL, S64_MAX, S64_MAX + 1ULL, U64_MAX - 1, U64_MAX,
};

static void expect_ticks(struct kunit *test, u64 ns, u64 frequency)
{
	struct clock_trace_rate rate = clock_trace_make_rate(frequency);
	u64 ticks = clock_trace_ns_to_ticks(ns, &rate), expected = ticks_by_bits(ns, frequency);
	u32 rest;

	div_u64_rem(ns, NSEC_PER_SEC, &rest);
	if (ticks == expected + 1 && rest)
		return;
	KUNIT_EXPECT_EQ_MSG(test, ticks, expected, "%llu ns at %llu Hz", ns, frequency);
}

static void ns_to_ticks_extremes(struct kunit *test)
{
	int i, j;

	for (i = 0; i < ARRAY_SIZE(extremes); i++)
		for (j = 0; j < ARRAY_SIZE(extremes); j++)
			expect_ticks(test, extremes[i], extremes[j]);
}

static void ns_to_ticks_random(struct kunit *test)
{
	int i;

	for (i = 0; i < 20000; i++) {
		u64 ns = get_random_u64() >> get_random_u32_below(64);
		u64 frequency = get_random_u64() >> get_random_u32_below(64);

		expect_ticks(test, ns, frequency);
	}
}

/* A span and the next nanosecond: not one tick back */
static void ns_to_ticks_never_back(struct kunit *test)
{
	int i;

	for (i = 0; i < 20000; i++) {
		/* Less than 2^63 ticks: the difference has a sign */
		u64 ns = get_random_u64() >> (1 + get_random_u32_below(63));
		struct clock_trace_rate rate = clock_trace_make_rate(get_random_u32());
		u64 before = clock_trace_ns_to_ticks(ns, &rate);

		KUNIT_EXPECT_LE(test, clock_trace_ns_to_ticks(ns + 1, &rate) - before,
				rate.ticks + 1);
	}
}

static void ns_to_ticks_identity(struct kunit *test)
{
	struct clock_trace_rate rate = clock_trace_make_rate(NSEC_PER_SEC);
	int i;

	for (i = 0; i < ARRAY_SIZE(extremes); i++)
		KUNIT_EXPECT_EQ(test, clock_trace_ns_to_ticks(extremes[i], &rate), extremes[i]);
}

static void resolution(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, clock_trace_resolution(1), NSEC_PER_SEC);
	KUNIT_EXPECT_EQ(test, clock_trace_resolution(3), 333333334);
	KUNIT_EXPECT_EQ(test, clock_trace_resolution(24000000), 42);
	KUNIT_EXPECT_EQ(test, clock_trace_resolution(62500000), 16);
	KUNIT_EXPECT_EQ(test, clock_trace_resolution(NSEC_PER_SEC - 1), 2);
	KUNIT_EXPECT_EQ(test, clock_trace_resolution(NSEC_PER_SEC), 1);
	KUNIT_EXPECT_EQ(test, clock_trace_resolution(2596132000ULL), 1);
	KUNIT_EXPECT_EQ(test, clock_trace_resolution(U64_MAX), 1);
}

static void never_back(struct kunit *test)
{
	atomic64_t highest = ATOMIC64_INIT(0);

	KUNIT_EXPECT_EQ(test, clock_trace_never_back(&highest, 10), 10);
	KUNIT_EXPECT_EQ(test, clock_trace_never_back(&highest, 9), 10);
	KUNIT_EXPECT_EQ(test, clock_trace_never_back(&highest, 10), 10);
	KUNIT_EXPECT_EQ(test, clock_trace_never_back(&highest, 11), 11);
	/* The values are unsigned, the atomic is not */
	KUNIT_EXPECT_EQ(test, clock_trace_never_back(&highest, S64_MAX + 1ULL), S64_MAX + 1ULL);
	KUNIT_EXPECT_EQ(test, clock_trace_never_back(&highest, S64_MAX), S64_MAX + 1ULL);
	KUNIT_EXPECT_EQ(test, clock_trace_never_back(&highest, U64_MAX), U64_MAX);
	KUNIT_EXPECT_EQ(test, clock_trace_never_back(&highest, 0), U64_MAX);
}

static struct kunit_case clock_trace_test_cases[] = {
	KUNIT_CASE(ns_to_ticks_extremes),
	KUNIT_CASE(ns_to_ticks_random),
	KUNIT_CASE(ns_to_ticks_never_back),
	KUNIT_CASE(ns_to_ticks_identity),
	KUNIT_CASE(resolution),
	KUNIT_CASE(never_back),
	{}
};

static struct kunit_suite clock_trace_test_suite = {
	.name		= "clock_trace",
	.test_cases	= clock_trace_test_cases,
};

kunit_test_suites(&clock_trace_test_suite);

MODULE_DESCRIPTION("KUnit tests of the trace clock's arithmetic");
MODULE_LICENSE("GPL");
