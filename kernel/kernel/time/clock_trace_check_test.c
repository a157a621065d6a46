// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests of the arithmetic of the trace clock's sync check
 */

#include <kunit/test.h>
#include <linux/limits.h>
#include <linux/random.h>

#include "clock_trace_check.h"

/* Counters begin anywhere, at the places where a difference can go wrong above all */
static const u64 origins[] = {
	0, 1, 1000, S64_MAX - 50, S64_MAX, S64_MAX + 1ULL, U64_MAX - 50, U64_MAX,
};

static const s64 offsets[] = {
	0, 1, -1, 60, -60, 2596132, -2596132, S32_MAX, S32_MIN,
	S64_MAX / 2, S64_MIN / 2, S64_MAX - 200, S64_MAX, S64_MIN, S64_MIN + 200,
};

/* A round trip that leaves at @start, is there after @out ticks and back after @back */
static void round_trip(struct clock_trace_bounds *bounds, u64 start, u64 out, u64 back,
		       s64 offset)
{
	clock_trace_bounds_add(bounds, start, start + out + offset, start + out + back);
}

static void bounds_of_one_round_trip(struct kunit *test)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(origins); i++) {
		struct clock_trace_bounds bounds = CLOCK_TRACE_BOUNDS_INIT;

		round_trip(&bounds, origins[i], 60, 40, 7);
		KUNIT_EXPECT_EQ(test, bounds.min, -33);
		KUNIT_EXPECT_EQ(test, bounds.max, 67);
		KUNIT_EXPECT_EQ(test, bounds.round_trip, 100);
		KUNIT_EXPECT_FALSE(test, clock_trace_bounds_differ(&bounds));
	}
}

/* Each bound comes from the round trip that was fastest in its direction */
static void bounds_intersect(struct kunit *test)
{
	struct clock_trace_bounds bounds = CLOCK_TRACE_BOUNDS_INIT;

	round_trip(&bounds, 1000, 500, 40, 0);
	round_trip(&bounds, 2000, 60, 900, 0);
	round_trip(&bounds, 3000, 200, 200, 0);
	KUNIT_EXPECT_EQ(test, bounds.min, -40);
	KUNIT_EXPECT_EQ(test, bounds.max, 60);
	KUNIT_EXPECT_EQ(test, bounds.round_trip, 400);
}

static void no_round_trip(struct kunit *test)
{
	struct clock_trace_bounds bounds = CLOCK_TRACE_BOUNDS_INIT;

	KUNIT_EXPECT_FALSE(test, clock_trace_bounds_differ(&bounds));
	KUNIT_EXPECT_EQ(test, bounds.round_trip, U64_MAX);
}

/* The smallest offset that is found is the hand-over in its direction, and one tick */
static void sign_at_the_limit(struct kunit *test)
{
	static const struct {
		s64	offset;
		bool	differ;
	} cases[] = {
		{ -61, true }, { -60, false }, { 0, false }, { 40, false }, { 41, true },
	};
	int i, j;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		for (j = 0; j < ARRAY_SIZE(origins); j++) {
			struct clock_trace_bounds bounds = CLOCK_TRACE_BOUNDS_INIT;

			round_trip(&bounds, origins[j], 60, 40, cases[i].offset);
			KUNIT_EXPECT_EQ_MSG(test, clock_trace_bounds_differ(&bounds),
					    cases[i].differ, "offset %lld from %llu",
					    cases[i].offset, origins[j]);
		}
	}
}

/* Whatever the offset, wherever the counters begin: found if it cannot hide */
static void extreme_offsets(struct kunit *test)
{
	int i, j;

	for (i = 0; i < ARRAY_SIZE(offsets); i++) {
		for (j = 0; j < ARRAY_SIZE(origins); j++) {
			struct clock_trace_bounds bounds = CLOCK_TRACE_BOUNDS_INIT;
			bool hidden = offsets[i] >= -60 && offsets[i] <= 40;

			round_trip(&bounds, origins[j], 60, 40, offsets[i]);
			round_trip(&bounds, origins[j] + 300, 80, 90, offsets[i]);
			KUNIT_EXPECT_EQ_MSG(test, clock_trace_bounds_differ(&bounds), !hidden,
					    "offset %lld from %llu", offsets[i], origins[j]);
		}
	}
}

/* The promise: a synchronized counter is never found to differ, however disturbed */
static void never_a_false_alarm(struct kunit *test)
{
	int i, j;

	for (i = 0; i < 2000; i++) {
		struct clock_trace_bounds bounds = CLOCK_TRACE_BOUNDS_INIT;
		u64 now = get_random_u64();

		for (j = 0; j < 20; j++) {
			u64 out = get_random_u64() >> (2 + get_random_u32_below(62));
			u64 back = get_random_u64() >> (2 + get_random_u32_below(62));

			round_trip(&bounds, now, out, back, 0);
			now += out + back;
		}
		KUNIT_EXPECT_FALSE(test, clock_trace_bounds_differ(&bounds));
		KUNIT_EXPECT_LE(test, bounds.min, 0);
		KUNIT_EXPECT_GE(test, bounds.max, 0);
	}
}

/* And the bounds hold the true offset, whatever it is */
static void bounds_hold_the_offset(struct kunit *test)
{
	int i, j;

	for (i = 0; i < 2000; i++) {
		struct clock_trace_bounds bounds = CLOCK_TRACE_BOUNDS_INIT;
		s64 offset = (s64)get_random_u64() >> (2 + get_random_u32_below(60));
		u64 now = get_random_u64();

		for (j = 0; j < 20; j++) {
			u64 out = get_random_u64() >> (4 + get_random_u32_below(60));
			u64 back = get_random_u64() >> (4 + get_random_u32_below(60));

			round_trip(&bounds, now, out, back, offset);
			now += out + back;
		}
		KUNIT_EXPECT_LE(test, bounds.min, offset);
		KUNIT_EXPECT_GE(test, bounds.max, offset);
	}
}

/* A counter that goes back on the reference itself contradicts itself */
static void reference_steps_back(struct kunit *test)
{
	static const u64 there[] = { 900, 940, 950, 960, 1000, 1100 };
	int i;

	for (i = 0; i < ARRAY_SIZE(there); i++) {
		struct clock_trace_bounds bounds = CLOCK_TRACE_BOUNDS_INIT;

		clock_trace_bounds_add(&bounds, 1000, there[i], 950);
		KUNIT_EXPECT_TRUE(test, clock_trace_bounds_differ(&bounds));
	}
}

static void either_is_proof(struct kunit *test)
{
	static const struct clock_trace_bounds
		none	= CLOCK_TRACE_BOUNDS_INIT,
		same	= { .min = -40, .max = 60, .round_trip = 100 },
		ahead	= { .min = 1, .max = 101, .round_trip = 100 },
		behind	= { .min = -101, .max = -1, .round_trip = 100 };

	KUNIT_EXPECT_FALSE(test, clock_trace_counters_differ(0, &none));
	KUNIT_EXPECT_FALSE(test, clock_trace_counters_differ(0, &same));
	KUNIT_EXPECT_TRUE(test, clock_trace_counters_differ(1, &none));
	KUNIT_EXPECT_TRUE(test, clock_trace_counters_differ(1, &same));
	KUNIT_EXPECT_TRUE(test, clock_trace_counters_differ(U64_MAX, &same));
	KUNIT_EXPECT_TRUE(test, clock_trace_counters_differ(0, &ahead));
	KUNIT_EXPECT_TRUE(test, clock_trace_counters_differ(0, &behind));
	KUNIT_EXPECT_TRUE(test, clock_trace_counters_differ(1, &behind));
}

static void step_back(struct kunit *test)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(origins); i++) {
		u64 last = origins[i];

		KUNIT_EXPECT_EQ(test, clock_trace_step_back(last, last), 0);
		KUNIT_EXPECT_EQ(test, clock_trace_step_back(last + 1, last), 0);
		KUNIT_EXPECT_EQ(test, clock_trace_step_back(last - 1, last), 1);
		KUNIT_EXPECT_EQ(test, clock_trace_step_back(last - 123, last), 123);
		KUNIT_EXPECT_EQ(test, clock_trace_step_back(last + S64_MAX, last), 0);
		KUNIT_EXPECT_EQ(test, clock_trace_step_back(last - S64_MAX, last), S64_MAX);
		KUNIT_EXPECT_EQ(test, clock_trace_step_back(last + S64_MAX + 1ULL, last),
				S64_MAX + 1ULL);
	}
}

static void words(struct kunit *test)
{
	struct clock_trace_measurement m = {
		.cpu		= 1,
		.reference	= 0,
		.warp_cpu	= 1,
		.warp		= 123,
		.offset_min	= -40,
		.offset_max	= 60,
	};
	char buf[CLOCK_TRACE_REASON_SIZE];

	clock_trace_describe_failure(&m, buf, sizeof(buf));
	KUNIT_EXPECT_STREQ(test, buf, "CPU 1 read 123 ticks less than CPU 0 had read before");
	m.warp_cpu = 0;
	clock_trace_describe_failure(&m, buf, sizeof(buf));
	KUNIT_EXPECT_STREQ(test, buf, "CPU 0 read 123 ticks less than CPU 1 had read before");
	m.offset_min = 2596130;
	m.offset_max = 2596480;
	clock_trace_describe_failure(&m, buf, sizeof(buf));
	KUNIT_EXPECT_STREQ(test, buf, "CPU 1 is 2596130 to 2596480 ticks ahead of CPU 0");
	m.offset_min = -2596480;
	m.offset_max = -2596130;
	clock_trace_describe_failure(&m, buf, sizeof(buf));
	KUNIT_EXPECT_STREQ(test, buf, "CPU 1 is 2596130 to 2596480 ticks behind CPU 0");
	/* The longest ones still fit, with the name of the counter before them */
	m.cpu = 8191;
	m.reference = 8190;
	m.offset_min = S64_MIN;
	m.offset_max = S64_MIN;
	clock_trace_describe_failure(&m, buf, sizeof(buf));
	KUNIT_EXPECT_STREQ(test, buf,
			   "CPU 8191 is 9223372036854775808 to 9223372036854775808 ticks behind CPU 8190");
	KUNIT_EXPECT_LT(test, strlen("tsc: ") + strlen(buf), CLOCK_TRACE_REASON_SIZE);
}

static struct kunit_case clock_trace_check_test_cases[] = {
	KUNIT_CASE(bounds_of_one_round_trip),
	KUNIT_CASE(bounds_intersect),
	KUNIT_CASE(no_round_trip),
	KUNIT_CASE(sign_at_the_limit),
	KUNIT_CASE(extreme_offsets),
	KUNIT_CASE(never_a_false_alarm),
	KUNIT_CASE(bounds_hold_the_offset),
	KUNIT_CASE(reference_steps_back),
	KUNIT_CASE(either_is_proof),
	KUNIT_CASE(step_back),
	KUNIT_CASE(words),
	{}
};

static struct kunit_suite clock_trace_check_test_suite = {
	.name		= "clock_trace_check",
	.test_cases	= clock_trace_check_test_cases,
};

kunit_test_suites(&clock_trace_check_test_suite);

MODULE_DESCRIPTION("KUnit tests of the arithmetic of the trace clock's sync check");
MODULE_LICENSE("GPL");
