// SPDX-License-Identifier: GPL-2.0
/*
 * The goals of the project, see limits.h. Times are judged by ratios of trimmed
 * means of one run, so that they mean the same on every machine.
 */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "limits.h"
#include "util.h"

#define TRACE		"CLOCK_TRACE"
#define UNORDERED	"CLOCK_TRACE_UNORDERED"
#define MONOTONIC	"CLOCK_MONOTONIC"

/* Against a function that does nothing but read the counter */
#define MAX_OVER_CALLED			1.03
/* Only where such a function is as fast as that */
#define MAX_OVER_MONOTONIC		0.80
#define MAX_UNORDERED_OVER_MONOTONIC	0.50

#define MAX_SYSCALL_OVER_MONOTONIC	0.93
#define MAX_FALLBACK_OVER_MONOTONIC	1.05
#define MAX_TICK_OVER_QUIET		1.02
#define MAX_PATCHED_OVER_UNPATCHED	1.02
#define MAX_MORE_INSTRUCTIONS		0

/* With more spread than this part of the limit, a value near the limit says nothing. */
#define MAX_SPREAD			0.01

static const char *const other_clocks[] = {
	"CLOCK_REALTIME", MONOTONIC, "CLOCK_MONOTONIC_RAW", "CLOCK_BOOTTIME",
	"CLOCK_MONOTONIC_COARSE",
};

static enum verdict verdict_of(const struct limit *limit)
{
	if (isnan(limit->value))
		return VERDICT_NOT_MEASURED;
	if (isnan(limit->limit))
		return VERDICT_FIGURE;
	if (limit->value <= limit->limit)
		return VERDICT_HELD;
	/* Without a spread this is false. */
	if (!(limit->value - limit->spread <= limit->limit))
		return VERDICT_NOT_HELD;
	return limit->spread <= MAX_SPREAD * limit->limit ? VERDICT_AT_LIMIT : VERDICT_UNCLEAR;
}

__attribute__((format(printf, 3, 0)))
static void add(struct results *results, struct limit limit, const char *format, va_list args)
{
	vsnprintf(limit.name, sizeof(limit.name), format, args);
	limit.verdict = verdict_of(&limit);
	results_add_limit(results, &limit);
}

/* A number that is the same each time, NAN where it was not counted */
__attribute__((format(printf, 4, 5)))
static void judge_count(struct results *results, double value, double max,
			const char *format, ...)
{
	struct limit limit = { .value = value, .spread = NAN, .limit = max, .floor = NAN };
	va_list args;

	va_start(args, format);
	add(results, limit, format, args);
	va_end(args);
}

/* The ratio of two rows, NULL where they were not measured */
__attribute__((format(printf, 5, 6)))
static void judge_ratio(struct results *results, const struct result *a, const struct result *b,
			double max, const char *format, ...)
{
	struct limit limit = { .limit = max, .floor = NAN };
	va_list args;

	limit.value = results_ratio(a, b, &limit.spread);
	va_start(args, format);
	add(results, limit, format, args);
	va_end(args);
}

/*
 * The same where the CPU sets a limit of its own: what @least costs, which does nothing
 * but read the counter. If that is beyond the limit, or unknown, the ratio is a figure.
 */
__attribute__((format(printf, 6, 7)))
static void judge_above(struct results *results, const struct result *a, const struct result *b,
			const struct result *least, double max, const char *format, ...)
{
	struct limit limit = { .limit = max };
	double spread;
	va_list args;

	limit.value = results_ratio(a, b, &limit.spread);
	limit.floor = results_ratio(least, b, &spread);
	if (!(limit.floor <= max))
		limit.limit = NAN;
	va_start(args, format);
	add(results, limit, format, args);
	va_end(args);
}

static const struct result *patched(const struct results *results, enum abi abi,
				    const char *clock, enum job_mode mode)
{
	return results_find(results, abi, IMAGE_PATCHED, clock, mode);
}

static const struct result *inline_read(const struct results *results, enum abi abi,
					const char *name)
{
	return results_find(results, abi, IMAGE_INLINE, name, MODE_THROUGHPUT);
}

static bool is_measured(const struct result *row)
{
	return row && row->nr_ticks;
}

/* The cheaper one of the two ordered reads, of which a CPU may lack one */
static const struct result *called_ordered_read(const struct results *results, enum abi abi)
{
	const struct result *lfence = inline_read(results, abi, "called lfence rdtsc");
	const struct result *rdtscp = inline_read(results, abi, "called rdtscp");

	if (!is_measured(lfence) || (is_measured(rdtscp) && rdtscp->mean < lfence->mean))
		return rdtscp;
	return lfence;
}

static void check_vdso(struct results *results, enum abi abi)
{
	const char *name = abi_name(abi);
	const struct result *trace = patched(results, abi, TRACE, MODE_THROUGHPUT);
	const struct result *unordered = patched(results, abi, UNORDERED, MODE_THROUGHPUT);
	const struct result *monotonic = patched(results, abi, MONOTONIC, MODE_THROUGHPUT);
	const struct result *called_ordered = called_ordered_read(results, abi);
	const struct result *called = inline_read(results, abi, "called rdtsc");

	judge_ratio(results, trace, called_ordered, MAX_OVER_CALLED,
		    "%s: CLOCK_TRACE / called ordered read", name);
	judge_ratio(results, unordered, called, MAX_OVER_CALLED,
		    "%s: CLOCK_TRACE_UNORDERED / called rdtsc", name);
	judge_above(results, trace, monotonic, called_ordered, MAX_OVER_MONOTONIC,
		    "%s: CLOCK_TRACE / CLOCK_MONOTONIC", name);
	judge_above(results, unordered, monotonic, called, MAX_UNORDERED_OVER_MONOTONIC,
		    "%s: CLOCK_TRACE_UNORDERED / CLOCK_MONOTONIC", name);
}

static void check_tick_writer(struct results *results, enum abi abi)
{
	judge_ratio(results, patched(results, abi, TRACE, MODE_TICK_WRITER),
		    patched(results, abi, TRACE, MODE_THROUGHPUT), MAX_TICK_OVER_QUIET,
		    "%s: CLOCK_TRACE with tick writer / quiet", abi_name(abi));
}

static const struct count *find_count(const struct results *results, enum abi abi,
				      const char *image, const char *clock)
{
	const struct count *count;
	size_t i;

	for (i = 0; i < results->nr_counts; i++) {
		count = &results->counts[i];
		if (count->abi == abi && !count->fallback && !strcmp(count->image, image) &&
		    !strcmp(count->entry, "clock_gettime") && !strcmp(count->clock, clock))
			return count;
	}
	return NULL;
}

static double more_instructions(const struct results *results, enum abi abi, const char *clock)
{
	const struct count *with = find_count(results, abi, IMAGE_PATCHED, clock);
	const struct count *without = find_count(results, abi, IMAGE_UNPATCHED, clock);

	if (!with || !without)
		return NAN;
	return (double)with->instructions - (double)without->instructions;
}

static void check_other_clocks(struct results *results, enum abi abi)
{
	const char *clock;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(other_clocks); i++) {
		clock = other_clocks[i];
		judge_ratio(results, patched(results, abi, clock, MODE_THROUGHPUT),
			    results_find(results, abi, IMAGE_UNPATCHED, clock, MODE_THROUGHPUT),
			    MAX_PATCHED_OVER_UNPATCHED, "%s: %s, patched / unpatched",
			    abi_name(abi), clock);
		judge_count(results, more_instructions(results, abi, clock),
			    MAX_MORE_INSTRUCTIONS, "%s: %s, instructions more than unpatched",
			    abi_name(abi), clock);
	}
}

static void check_syscalls(struct results *results, const struct syscall_counts *counts)
{
	const double *trace, *monotonic;
	enum syscall_path path;

	for (path = 0; path < NR_SYSCALL_PATHS; path++) {
		trace = counts->trace[path];
		monotonic = counts->monotonic[path];
		judge_count(results, trace[SYSCALL_COUNTER] / monotonic[SYSCALL_COUNTER],
			    MAX_SYSCALL_OVER_MONOTONIC,
			    "i386: %s, instructions, CLOCK_TRACE / CLOCK_MONOTONIC",
			    syscall_path_name(path));
		judge_count(results, trace[SYSCALL_FALLBACK] / monotonic[SYSCALL_FALLBACK],
			    MAX_FALLBACK_OVER_MONOTONIC,
			    "i386: %s in fallback, instructions, CLOCK_TRACE / CLOCK_MONOTONIC",
			    syscall_path_name(path));
	}
}

void limits_check(struct results *results, const struct syscall_counts *syscall_counts)
{
	enum abi abi;

	for (abi = 0; abi < NR_ABIS; abi++) {
		check_vdso(results, abi);
		check_tick_writer(results, abi);
		check_other_clocks(results, abi);
	}
	check_syscalls(results, syscall_counts);
}

const char *limit_verdict(const struct limit *limit)
{
	static const char *const words[] = {
		[VERDICT_HELD] = "held",
		[VERDICT_AT_LIMIT] = "at limit",
		[VERDICT_UNCLEAR] = "UNCLEAR",
		[VERDICT_NOT_HELD] = "NOT HELD",
		[VERDICT_NOT_MEASURED] = "NOT MEASURED",
		[VERDICT_FIGURE] = "figure",
	};

	return words[limit->verdict];
}

bool limit_is_held(const struct limit *limit)
{
	return limit->verdict == VERDICT_HELD || limit->verdict == VERDICT_AT_LIMIT ||
	       limit->verdict == VERDICT_FIGURE;
}

bool limits_all_held(const struct results *results)
{
	size_t i;

	for (i = 0; i < results->nr_limits; i++) {
		if (!limit_is_held(&results->limits[i]))
			return false;
	}
	return true;
}
