// SPDX-License-Identifier: GPL-2.0
/* Test the conversion of CLOCK_TRACE to nanoseconds and to the time of day */
#include <errno.h>
#include <linux/compiler.h>
#include <linux/kernel.h>
#include <linux/string.h>

#include "clock_trace.h"
#include "debug.h"
#include "tests.h"

#define FREQUENCY	2999999997ULL
#define TOD		1800000000000000000ULL

static struct clock_trace_line line(u32 epoch, u64 frequency, u64 first, u64 last, u64 tod)
{
	return (struct clock_trace_line){
		.epoch = epoch,
		.frequency = frequency,
		.first = { .ticks = first, .tod_ns = tod },
		.last = { .ticks = last,
			  .tod_ns = tod + (last - first) / frequency * NSEC_PER_SEC },
	};
}

static int test__one_line(struct test_suite *t __maybe_unused, int subtest __maybe_unused)
{
	struct clock_trace clock = {};
	struct clock_trace_line l = line(7, FREQUENCY, 10 * FREQUENCY, 110 * FREQUENCY, TOD);

	/* 50 ppm */
	l.last.tod_ns += 5000000;
	TEST_ASSERT_EQUAL("add", clock_trace__add_line(&clock, &l), 0);
	TEST_ASSERT_EQUAL("prepare", clock_trace__prepare(&clock), 0);
	TEST_ASSERT_VAL("not set", !clock.tod_set);

	TEST_ASSERT_VAL("0", clock_trace__ns(&clock, 0) == 0);
	TEST_ASSERT_VAL("1 s", clock_trace__ns(&clock, FREQUENCY) == NSEC_PER_SEC);
	TEST_ASSERT_VAL("rounded down", clock_trace__ns(&clock, FREQUENCY - 1) == 999999999);
	/* 2^64 - 1 ticks are 6148914697 s and 2063311546 ticks */
	TEST_ASSERT_VAL("largest", clock_trace__ns(&clock, UINT64_MAX) ==
			UINT64_MAX / FREQUENCY * NSEC_PER_SEC +
			UINT64_MAX % FREQUENCY * NSEC_PER_SEC / FREQUENCY);

	TEST_ASSERT_VAL("first", clock_trace__tod_ns(&clock, 10 * FREQUENCY) == TOD);
	TEST_ASSERT_VAL("half", clock_trace__tod_ns(&clock, 60 * FREQUENCY) ==
			TOD + 50 * NSEC_PER_SEC + 2500000);
	TEST_ASSERT_VAL("last", clock_trace__tod_ns(&clock, 110 * FREQUENCY) ==
			TOD + 100 * NSEC_PER_SEC + 5000000);
	TEST_ASSERT_VAL("before", clock_trace__tod_ns(&clock, 9 * FREQUENCY) ==
			TOD - NSEC_PER_SEC);
	TEST_ASSERT_VAL("after", clock_trace__tod_ns(&clock, 111 * FREQUENCY) ==
			TOD + 101 * NSEC_PER_SEC + 5000000);
	clock_trace__exit(&clock);
	return TEST_OK;
}

static int test__tod_set(struct test_suite *t __maybe_unused, int subtest __maybe_unused)
{
	struct clock_trace clock = {};
	struct clock_trace_line l = line(7, FREQUENCY, 0, 10 * FREQUENCY, TOD);

	l.last.tod_ns -= 3600 * NSEC_PER_SEC;
	TEST_ASSERT_EQUAL("add", clock_trace__add_line(&clock, &l), 0);
	TEST_ASSERT_EQUAL("prepare", clock_trace__prepare(&clock), 0);
	TEST_ASSERT_VAL("set", clock.tod_set);
	TEST_ASSERT_VAL("by the first pairing", clock_trace__tod_ns(&clock, 5 * FREQUENCY) ==
			TOD + 5 * NSEC_PER_SEC);
	clock_trace__exit(&clock);
	return TEST_OK;
}

static int test__epochs(struct test_suite *t __maybe_unused, int subtest __maybe_unused)
{
	struct clock_trace clock = {};
	struct clock_trace_line l;

	l = line(7, FREQUENCY, 10 * FREQUENCY, 20 * FREQUENCY, TOD);
	TEST_ASSERT_EQUAL("add", clock_trace__add_line(&clock, &l), 0);
	/* The counter has lost trust: CLOCK_MONOTONIC goes on in its unit. */
	l = line(8, FREQUENCY, 22 * FREQUENCY, 30 * FREQUENCY, TOD + 12 * NSEC_PER_SEC);
	l.start = 21 * FREQUENCY;
	TEST_ASSERT_EQUAL("add", clock_trace__add_line(&clock, &l), 0);
	/* Another counter, 2 s later */
	l = line(9, 1000, 100 * FREQUENCY, 100 * FREQUENCY + 5000, TOD + 22 * NSEC_PER_SEC);
	TEST_ASSERT_EQUAL("add", clock_trace__add_line(&clock, &l), 0);
	TEST_ASSERT_EQUAL("prepare", clock_trace__prepare(&clock), 0);

	TEST_ASSERT_EQUAL("7", clock_trace__line(&clock, 5)->epoch, 7);
	TEST_ASSERT_EQUAL("7", clock_trace__line(&clock, 21 * FREQUENCY - 1)->epoch, 7);
	TEST_ASSERT_EQUAL("8", clock_trace__line(&clock, 21 * FREQUENCY)->epoch, 8);
	TEST_ASSERT_EQUAL("9", clock_trace__line(&clock, UINT64_MAX)->epoch, 9);
	TEST_ASSERT_VAL("goes on", clock_trace__ns(&clock, 25 * FREQUENCY) ==
			25 * NSEC_PER_SEC);
	TEST_ASSERT_VAL("by the time of day", clock_trace__ns(&clock, 100 * FREQUENCY) ==
			32 * NSEC_PER_SEC);
	TEST_ASSERT_VAL("other unit", clock_trace__ns(&clock, 100 * FREQUENCY + 1000) ==
			33 * NSEC_PER_SEC);

	/* Events at the beginning of the second line, and in one that the recorder missed */
	TEST_ASSERT_EQUAL("event", clock_trace__add_event(&clock, 8, FREQUENCY,
							  20 * FREQUENCY + 5), 0);
	TEST_ASSERT_EQUAL("missed", clock_trace__add_event(&clock, 11, FREQUENCY,
							   31 * FREQUENCY), 0);
	TEST_ASSERT_EQUAL("unknown", clock_trace__add_event(&clock, 12, 5, 1), -ERANGE);
	TEST_ASSERT_EQUAL("prepare", clock_trace__prepare(&clock), 0);
	TEST_ASSERT_EQUAL("number", clock.nr, 4);
	TEST_ASSERT_EQUAL("7", clock_trace__line(&clock, 20 * FREQUENCY + 4)->epoch, 7);
	TEST_ASSERT_EQUAL("8", clock_trace__line(&clock, 20 * FREQUENCY + 5)->epoch, 8);
	TEST_ASSERT_EQUAL("11", clock_trace__line(&clock, 31 * FREQUENCY)->epoch, 11);
	TEST_ASSERT_VAL("goes on", clock_trace__ns(&clock, 31 * FREQUENCY) ==
			31 * NSEC_PER_SEC);

	/* Values of this one are those of the last as well. */
	l = line(10, 1000, 100 * FREQUENCY + 4000, 100 * FREQUENCY + 6000, TOD);
	TEST_ASSERT_EQUAL("add", clock_trace__add_line(&clock, &l), 0);
	TEST_ASSERT_EQUAL("overlap", clock_trace__prepare(&clock), -ERANGE);
	clock_trace__exit(&clock);
	return TEST_OK;
}

/* The kernel emits the event of the current epoch once a second. */
static int test__repeated(struct test_suite *t __maybe_unused, int subtest __maybe_unused)
{
	struct clock_trace clock = {};
	struct clock_trace_line l;
	unsigned int i;

	l = line(7, FREQUENCY, 10 * FREQUENCY, 20 * FREQUENCY, TOD);
	TEST_ASSERT_EQUAL("add", clock_trace__add_line(&clock, &l), 0);
	for (i = 9; i <= 20; i++)
		TEST_ASSERT_EQUAL("only epoch", clock_trace__add_event(&clock, 7, FREQUENCY,
								       i * FREQUENCY), 0);
	TEST_ASSERT_EQUAL("prepare", clock_trace__prepare(&clock), 0);
	TEST_ASSERT_EQUAL("no change", clock.nr, 1);
	TEST_ASSERT_EQUAL("7", clock_trace__line(&clock, 12 * FREQUENCY)->epoch, 7);
	TEST_ASSERT_VAL("10 s", clock_trace__ns(&clock, 10 * FREQUENCY) == 10 * NSEC_PER_SEC);

	/* One that the recorder missed, the latest event first, as from another CPU */
	l = line(9, FREQUENCY, 40 * FREQUENCY, 50 * FREQUENCY, TOD + 30 * NSEC_PER_SEC);
	TEST_ASSERT_EQUAL("add", clock_trace__add_line(&clock, &l), 0);
	for (i = 30; i >= 25; i--)
		TEST_ASSERT_EQUAL("missed", clock_trace__add_event(&clock, 8, FREQUENCY,
								   i * FREQUENCY), 0);
	/* The recorder was a second late to see this one. */
	for (i = 39; i <= 49; i++)
		TEST_ASSERT_EQUAL("late", clock_trace__add_event(&clock, 9, FREQUENCY,
								 i * FREQUENCY), 0);
	TEST_ASSERT_EQUAL("prepare", clock_trace__prepare(&clock), 0);
	TEST_ASSERT_EQUAL("one more", clock.nr, 3);
	TEST_ASSERT_EQUAL("7", clock_trace__line(&clock, 25 * FREQUENCY - 1)->epoch, 7);
	TEST_ASSERT_EQUAL("8", clock_trace__line(&clock, 25 * FREQUENCY)->epoch, 8);
	TEST_ASSERT_EQUAL("8", clock_trace__line(&clock, 39 * FREQUENCY - 1)->epoch, 8);
	TEST_ASSERT_EQUAL("9", clock_trace__line(&clock, 39 * FREQUENCY)->epoch, 9);

	TEST_ASSERT_EQUAL("other frequency", clock_trace__add_event(&clock, 8, FREQUENCY - 1,
								    28 * FREQUENCY), -ERANGE);
	/* Values from 39 s on would be on two lines. */
	TEST_ASSERT_EQUAL("event", clock_trace__add_event(&clock, 8, FREQUENCY,
							  39 * FREQUENCY), 0);
	TEST_ASSERT_EQUAL("overlap", clock_trace__prepare(&clock), -ERANGE);
	clock_trace__exit(&clock);
	return TEST_OK;
}

/* As for each file of "perf record --switch-output" */
static int test__restart(struct test_suite *t __maybe_unused, int subtest __maybe_unused)
{
	struct clock_trace clock = {};
	struct clock_trace_line l;

	l = line(7, 1000, 10000, 20000, TOD);
	TEST_ASSERT_EQUAL("add", clock_trace__add_line(&clock, &l), 0);
	l = line(8, FREQUENCY, 10 * FREQUENCY, 20 * FREQUENCY, TOD + 10 * NSEC_PER_SEC);
	l.last.tod_ns += 3600 * NSEC_PER_SEC;
	TEST_ASSERT_EQUAL("add", clock_trace__add_line(&clock, &l), 0);
	TEST_ASSERT_EQUAL("prepare", clock_trace__prepare(&clock), 0);
	TEST_ASSERT_VAL("set", clock.tod_set);

	clock_trace__restart(&clock);
	TEST_ASSERT_EQUAL("prepare", clock_trace__prepare(&clock), 0);
	TEST_ASSERT_EQUAL("number", clock.nr, 1);
	TEST_ASSERT_VAL("not set since", !clock.tod_set);
	TEST_ASSERT_EQUAL("8", clock_trace__line(&clock, 10 * FREQUENCY)->epoch, 8);
	TEST_ASSERT_VAL("on its own", clock_trace__ns(&clock, 20 * FREQUENCY) ==
			20 * NSEC_PER_SEC);
	TEST_ASSERT_VAL("begins with the last pairing",
			clock_trace__tod_ns(&clock, 21 * FREQUENCY) ==
			TOD + 3621 * NSEC_PER_SEC);
	clock_trace__exit(&clock);
	return TEST_OK;
}

static int test__state(struct test_suite *t __maybe_unused, int subtest __maybe_unused)
{
	struct clock_trace clock = {};
	struct clock_trace_line l = line(7, FREQUENCY, 1, 2, TOD);

	TEST_ASSERT_VAL("no line", !clock_trace__is_counter(&clock));
	TEST_ASSERT_EQUAL("add", clock_trace__add_line(&clock, &l), 0);
	TEST_ASSERT_VAL("unknown", !clock_trace__is_counter(&clock));
	clock.lines[0].state = CLOCK_TRACE_STATE_OTHER;
	TEST_ASSERT_VAL("other", !clock_trace__is_counter(&clock));
	clock.lines[0].state = CLOCK_TRACE_STATE_COUNTER;
	TEST_ASSERT_VAL("counter", clock_trace__is_counter(&clock));
	TEST_ASSERT_EQUAL("add", clock_trace__add_line(&clock, &l), 0);
	TEST_ASSERT_VAL("two epochs", !clock_trace__is_counter(&clock));
	clock_trace__exit(&clock);
	return TEST_OK;
}

/* Another counter drives the clock in each epoch. */
static int test__frequencies(struct test_suite *t __maybe_unused, int subtest __maybe_unused)
{
	struct clock_trace clock = {};
	struct clock_trace_line l;
	unsigned int i;

	for (i = 0; i < 4; i++) {
		l = line(7 + i, 1000 + i, 100000 * i, 100000 * i + (1000 + i) * 5,
			 TOD + 10 * i * NSEC_PER_SEC);
		TEST_ASSERT_EQUAL("add", clock_trace__add_line(&clock, &l), 0);
	}
	TEST_ASSERT_EQUAL("prepare", clock_trace__prepare(&clock), 0);
	for (i = 0; i < 4; i++)
		TEST_ASSERT_VAL("10 s apart", clock_trace__ns(&clock, 100000 * i) ==
				10 * i * NSEC_PER_SEC);
	clock_trace__exit(&clock);
	return TEST_OK;
}

static int test__impossible(struct test_suite *t __maybe_unused, int subtest __maybe_unused)
{
	struct clock_trace clock = {};
	struct clock_trace_line good = line(7, FREQUENCY, 1, 2, TOD), bad;
	unsigned int i;

	bad = good;
	bad.epoch = 0;
	TEST_ASSERT_EQUAL("no epoch", clock_trace__add_line(&clock, &bad), -EINVAL);
	bad = good;
	bad.epoch = CLOCK_TRACE_EPOCH_MAX + 1;
	TEST_ASSERT_EQUAL("epoch", clock_trace__add_line(&clock, &bad), -EINVAL);
	bad = good;
	bad.frequency = 0;
	TEST_ASSERT_EQUAL("no frequency", clock_trace__add_line(&clock, &bad), -EINVAL);
	bad = good;
	bad.frequency = CLOCK_TRACE_FREQUENCY_MAX + 1;
	TEST_ASSERT_EQUAL("frequency", clock_trace__add_line(&clock, &bad), -EINVAL);
	bad = good;
	bad.uuid[0] = '%';
	TEST_ASSERT_EQUAL("UUID", clock_trace__add_line(&clock, &bad), -EINVAL);
	bad = good;
	memset(bad.uuid, 'a', sizeof(bad.uuid));
	TEST_ASSERT_EQUAL("UUID without an end", clock_trace__add_line(&clock, &bad), -EINVAL);
	bad = good;
	bad.first.ticks = 3;
	TEST_ASSERT_EQUAL("backwards", clock_trace__add_line(&clock, &bad), -EINVAL);
	TEST_ASSERT_EQUAL("none added", clock.nr, 0);

	for (i = 0; i < CLOCK_TRACE_LINES_MAX; i++)
		TEST_ASSERT_EQUAL("add", clock_trace__add_line(&clock, &good), 0);
	TEST_ASSERT_EQUAL("too many", clock_trace__add_line(&clock, &good), -E2BIG);
	clock_trace__exit(&clock);
	return TEST_OK;
}

static struct test_case tests__clock_trace[] = {
	TEST_CASE("One epoch", one_line),
	TEST_CASE("CLOCK_REALTIME is set", tod_set),
	TEST_CASE("Several epochs", epochs),
	TEST_CASE("Repeated events of an epoch", repeated),
	TEST_CASE("Another file begins", restart),
	TEST_CASE("State of the clock", state),
	TEST_CASE("Several frequencies", frequencies),
	TEST_CASE("Impossible lines", impossible),
	{ .name = NULL, }
};

struct test_suite suite__clock_trace = {
	.desc = "CLOCK_TRACE conversion",
	.test_cases = tests__clock_trace,
};
