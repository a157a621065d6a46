// SPDX-License-Identifier: GPL-2.0
/* The statistics and the limits, on numbers of which the answer is known. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../limits.h"
#include "../results.h"
#include "util.h"

static struct syscall_counts no_counts;

static int points;
static int failures;

static void point(bool holds, const char *name)
{
	printf("%sok %d - %s\n", holds ? "" : "not ", ++points, name);
	failures += !holds;
}

static bool is_near(double a, double b)
{
	return fabs(a - b) < 1e-9;
}

static struct result *row_of(struct results *results, const char *image, const char *clock)
{
	return results_row(results, ABI_X86_64, image, clock, MODE_THROUGHPUT);
}

static void add_ticks(struct results *results, const char *image, const char *clock,
		      uint64_t ticks)
{
	job_u64 batch = ticks;

	results_add_batches(row_of(results, image, clock), &batch, 1, 1, 0);
}

static void test_percentiles(void)
{
	struct results results = { 0 };
	const struct result *row;
	job_u64 ticks[101];
	size_t i;

	/* In an order that is not theirs: 100 calls each, 1 to 101 ticks per call */
	for (i = 0; i < ARRAY_SIZE(ticks); i++)
		ticks[i] = ((i * 37) % 101 + 101) * 100;
	results_add_batches(row_of(&results, IMAGE_PATCHED, "a"), ticks, ARRAY_SIZE(ticks), 100,
			    100);
	results_finish(&results);
	row = row_of(&results, IMAGE_PATCHED, "a");
	point(is_near(row->median, 51) && is_near(row->p10, 11) && is_near(row->p90, 91),
	      "percentiles of ticks per call, less the overhead");
	point(row->nr_ticks == 101 && !row->nr_excluded, "nothing is left out without a reason");

	results = (struct results) { 0 };
	add_ticks(&results, IMAGE_PATCHED, "a", 7);
	results_finish(&results);
	row = row_of(&results, IMAGE_PATCHED, "a");
	point(is_near(row->median, 7) && is_near(row->p10, 7) && is_near(row->p90, 7),
	      "percentiles of one batch");

	results = (struct results) { 0 };
	for (i = 1; i <= 10; i++)
		add_ticks(&results, IMAGE_PATCHED, "a", i == 10 ? 11 : 5 + i % 2);
	results_finish(&results);
	point(is_near(row_of(&results, IMAGE_PATCHED, "a")->mean, 45 / 8.),
	      "the mean leaves out a tenth at either end");

	results = (struct results) { 0 };
	add_ticks(&results, IMAGE_PATCHED, "a", 10);
	add_ticks(&results, IMAGE_PATCHED, "a", 20);
	results_finish(&results);
	point(is_near(row_of(&results, IMAGE_PATCHED, "a")->median, 15),
	      "median of an even number of batches");
}

static void test_exclusion(void)
{
	struct results results = { 0 };
	const job_u64 ticks[] = {
		100, SAMPLE_PREEMPTED, 100, 100, 200, 201, 100, 100000, SAMPLE_PREEMPTED,
	};
	const struct result *row;

	results_add_batches(row_of(&results, IMAGE_PATCHED, "a"), ticks, ARRAY_SIZE(ticks), 1, 0);
	results_finish(&results);
	row = row_of(&results, IMAGE_PATCHED, "a");
	point(row->nr_excluded == 4 && row->nr_ticks == 5 && is_near(row->ticks[4], 200),
	      "preempted batches and those of over twice the median are left out");

	results = (struct results) { 0 };
	results_add_batches(row_of(&results, IMAGE_PATCHED, "a"), &ticks[1], 1, 1, 0);
	results_finish(&results);
	row = row_of(&results, IMAGE_PATCHED, "a");
	point(!row->nr_ticks && row->nr_excluded == 1, "a row may have no batch left");
}

static const struct limit *limit_named(const struct results *results, const char *name)
{
	size_t i;

	for (i = 0; i < results->nr_limits; i++) {
		if (!strcmp(results->limits[i].name, name))
			return &results->limits[i];
	}
	return NULL;
}

static bool holds(const struct results *results, const char *name, double value)
{
	const struct limit *limit = limit_named(results, name);

	return limit && limit->verdict == VERDICT_HELD && is_near(limit->value, value);
}

static bool fails(const struct results *results, const char *name, double value)
{
	const struct limit *limit = limit_named(results, name);

	return limit && limit->verdict == VERDICT_NOT_HELD && is_near(limit->value, value);
}

static void add_instructions(struct results *results, const char *image, uint64_t instructions)
{
	const struct count count = {
		.abi = ABI_X86_64, .image = image, .entry = "clock_gettime",
		.clock = "CLOCK_MONOTONIC", .instructions = instructions,
	};

	results_add_count(results, &count);
}

/* On a CPU where a call that reads the counter takes 730 and 500 ticks */
static struct results measured(uint64_t trace, uint64_t unordered, uint64_t monotonic,
			       uint64_t more)
{
	struct results results = { 0 };

	add_ticks(&results, IMAGE_INLINE, "called rdtsc", 500);
	add_ticks(&results, IMAGE_INLINE, "called lfence rdtsc", 800);
	add_ticks(&results, IMAGE_INLINE, "called rdtscp", 730);
	add_ticks(&results, IMAGE_PATCHED, "CLOCK_TRACE", trace);
	add_ticks(&results, IMAGE_PATCHED, "CLOCK_TRACE_UNORDERED", unordered);
	add_ticks(&results, IMAGE_PATCHED, "CLOCK_MONOTONIC", monotonic);
	add_ticks(&results, IMAGE_UNPATCHED, "CLOCK_MONOTONIC", 1000);
	add_instructions(&results, IMAGE_PATCHED, 60 + more);
	add_instructions(&results, IMAGE_UNPATCHED, 60);
	results_finish(&results);
	limits_check(&results, &no_counts);
	return results;
}

static void test_limits(void)
{
	struct results results = measured(740, 500, 1000, 0);

	point(holds(&results, "x86-64: CLOCK_TRACE / CLOCK_MONOTONIC", 0.74) &&
	      holds(&results, "x86-64: CLOCK_TRACE / called ordered read", 740 / 730.) &&
	      holds(&results, "x86-64: CLOCK_TRACE_UNORDERED / CLOCK_MONOTONIC", 0.50) &&
	      holds(&results, "x86-64: CLOCK_TRACE_UNORDERED / called rdtsc", 1.0) &&
	      holds(&results, "x86-64: CLOCK_MONOTONIC, patched / unpatched", 1.0) &&
	      holds(&results, "x86-64: CLOCK_MONOTONIC, instructions more than unpatched", 0),
	      "limits hold up to their value");
	point(!limits_all_held(&results), "what was not measured does not hold");

	results = measured(752, 516, 1021, 1);
	point(fails(&results, "x86-64: CLOCK_TRACE / called ordered read", 752 / 730.) &&
	      fails(&results, "x86-64: CLOCK_TRACE_UNORDERED / CLOCK_MONOTONIC", 516 / 1021.) &&
	      fails(&results, "x86-64: CLOCK_TRACE_UNORDERED / called rdtsc", 516 / 500.) &&
	      fails(&results, "x86-64: CLOCK_MONOTONIC, patched / unpatched", 1.021) &&
	      fails(&results, "x86-64: CLOCK_MONOTONIC, instructions more than unpatched", 1),
	      "limits do not hold beyond their value");

	results = measured(801, 500, 1000, 0);
	point(fails(&results, "x86-64: CLOCK_TRACE / CLOCK_MONOTONIC", 0.801),
	      "CLOCK_TRACE against CLOCK_MONOTONIC fails beyond its limit");
}

static void test_without_rdtscp(void)
{
	struct results results = { 0 };

	add_ticks(&results, IMAGE_INLINE, "called lfence rdtsc", 800);
	add_ticks(&results, IMAGE_PATCHED, "CLOCK_TRACE", 820);
	results_finish(&results);
	limits_check(&results, &no_counts);
	point(holds(&results, "x86-64: CLOCK_TRACE / called ordered read", 1.025),
	      "without RDTSCP the other ordered read is the limit");
}

/* A limit is only one where a call that reads the counter, and no more, can meet it. */
static void test_floor(void)
{
	static const char name[] = "x86-64: CLOCK_TRACE / CLOCK_MONOTONIC";
	struct results results = { 0 };
	const struct limit *limit;

	add_ticks(&results, IMAGE_INLINE, "called lfence rdtsc", 820);
	add_ticks(&results, IMAGE_INLINE, "called rdtscp", 810);
	add_ticks(&results, IMAGE_PATCHED, "CLOCK_TRACE", 840);
	add_ticks(&results, IMAGE_PATCHED, "CLOCK_MONOTONIC", 1000);
	results_finish(&results);
	limits_check(&results, &no_counts);
	limit = limit_named(&results, name);
	point(limit && is_near(limit->floor, 0.81) && limit->verdict == VERDICT_FIGURE &&
	      is_near(limit->value, 0.84) && isnan(limit->limit),
	      "a limit that no code can meet is a figure");
	limit = limit_named(&results, "x86-64: CLOCK_TRACE / called ordered read");
	point(limit && limit->verdict == VERDICT_NOT_HELD, "and the others are limits still");

	results = measured(840, 500, 1000, 0);
	limit = limit_named(&results, name);
	point(limit && is_near(limit->floor, 0.73) && limit->verdict == VERDICT_NOT_HELD,
	      "a limit that a call can meet is one");
	limit = limit_named(&results, "x86-64: CLOCK_MONOTONIC, patched / unpatched");
	point(limit && isnan(limit->floor), "other limits have no floor");
}

/* Two rows in many runs: their ratio is 1 + part, and in every second run 2 * noise more */
static struct results noisy(double part, double noise, size_t runs)
{
	static const char clock[] = "CLOCK_MONOTONIC";
	struct results results = { 0 };
	job_u64 ticks;
	size_t i;

	for (i = 0; i < runs; i++) {
		ticks = 1000000;
		results_add_batches(row_of(&results, IMAGE_UNPATCHED, clock), &ticks, 1, 1, 0);
		ticks *= 1 + part + (i % 2 ? noise : -noise);
		results_add_batches(row_of(&results, IMAGE_PATCHED, clock), &ticks, 1, 1, 0);
	}
	results_finish(&results);
	limits_check(&results, &no_counts);
	return results;
}

static enum verdict noisy_verdict(double part, double noise, size_t runs)
{
	struct results results = noisy(part, noise, runs);

	return limit_named(&results, "x86-64: CLOCK_MONOTONIC, patched / unpatched")->verdict;
}

/* The limit is 1.02, and the spread 2 * noise / sqrt(runs), about */
static void test_spread(void)
{
	struct results results = noisy(0.021, 0.01, 100);
	const struct limit *limit;

	limit = limit_named(&results, "x86-64: CLOCK_MONOTONIC, patched / unpatched");
	point(limit && fabs(limit->spread - 0.002) < 0.0001,
	      "the spread is twice the standard error over the runs");
	point(limit && limit->verdict == VERDICT_AT_LIMIT && limit_is_held(limit),
	      "beyond the limit by less than the spread is at the limit");
	point(noisy_verdict(0.023, 0.01, 100) == VERDICT_NOT_HELD,
	      "beyond the limit by more than the spread does not hold");
	point(noisy_verdict(0.019, 0.01, 100) == VERDICT_HELD, "below the limit holds");
	point(noisy_verdict(0.03, 0.1, 100) == VERDICT_UNCLEAR,
	      "a spread of more than 1 % of the limit says nothing");
	results = noisy(0.03, 0.1, 100);
	limit = limit_named(&results, "x86-64: CLOCK_MONOTONIC, patched / unpatched");
	point(limit && !limit_is_held(limit), "and is not taken for a limit that held");
	point(noisy_verdict(0.021, 0, 1) == VERDICT_NOT_HELD, "one run has no spread");
}

static void test_syscalls(void)
{
	static const char json[] =
		"{ \"unit\": \"instructions\", \"rows\": ["
		"{ \"abi\": \"i386\", \"clock\": \"CLOCK_TRACE\", \"path\": \"vdso\","
		"  \"unit\": \"instructions\", \"cost\": 1 },"
		"{ \"abi\": \"x86-64\", \"clock\": \"CLOCK_TRACE\", \"path\": \"syscall\","
		"  \"unit\": \"instructions\", \"cost\": 2 },"
		"{ \"abi\": \"i386\", \"clock\": \"CLOCK_TRACE\", \"path\": \"syscall\","
		"  \"unit\": \"instructions\", \"cost\": 186 },"
		"{ \"abi\": \"i386\", \"clock\": \"CLOCK_MONOTONIC\", \"path\": \"syscall\","
		"  \"unit\": \"instructions\", \"cost\": 200 },"
		"{ \"abi\": \"i386\", \"clock\": \"CLOCK_TRACE\", \"path\": \"syscall-time32\","
		"  \"unit\": \"ticks\", \"cost\": 10 },"
		"{ \"abi\": \"i386\", \"clock\": \"CLOCK_MONOTONIC\", \"path\": \"syscall-time32\","
		"  \"unit\": \"instructions\", \"cost\": 100 } ] }\n";
	char path[] = "/tmp/results-test-XXXXXX";
	struct results results = { 0 };
	struct syscall_counts counts;
	const struct limit *ticks;
	int fd = mkstemp(path);

	if (fd < 0 || write(fd, json, strlen(json)) != (ssize_t)strlen(json))
		fatal("cannot write %s", path);
	close(fd);
	syscall_counts_init(&counts);
	syscall_counts_read(&counts, path);
	limits_check(&results, &counts);
	unlink(path);

	point(holds(&results, "i386: syscall, instructions, CLOCK_TRACE / CLOCK_MONOTONIC", 0.93),
	      "the right rows of the system calls are compared");
	ticks = limit_named(&results,
			    "i386: syscall-time32, instructions, CLOCK_TRACE / CLOCK_MONOTONIC");
	point(ticks && ticks->verdict == VERDICT_NOT_MEASURED,
	      "ticks are not taken for instructions");
	point(limit_named(&results,
			  "i386: syscall in fallback, instructions, CLOCK_TRACE / CLOCK_MONOTONIC")->
	      verdict == VERDICT_NOT_MEASURED, "a counter's costs are not those of the fallback");
}

int main(void)
{
	printf("TAP version 13\n");
	syscall_counts_init(&no_counts);
	test_percentiles();
	test_exclusion();
	test_limits();
	test_without_rdtscp();
	test_floor();
	test_spread();
	test_syscalls();
	printf("1..%d\n", points);
	return failures ? EXIT_FAILURE : EXIT_SUCCESS;
}
