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

#define MAX_OVER_ORDERED_READ		1.10
#define MAX_OVER_MONOTONIC		0.80
#define MAX_OVER_RDTSC			1.10
#define MAX_UNORDERED_OVER_MONOTONIC	0.50
#define MAX_SYSCALL_OVER_MONOTONIC	0.93
#define MAX_TICK_OVER_QUIET		1.02
#define MAX_PATCHED_OVER_UNPATCHED	1.02
#define MAX_MORE_INSTRUCTIONS		2

static const char *const other_clocks[] = {
	"CLOCK_REALTIME", MONOTONIC, "CLOCK_MONOTONIC_RAW", "CLOCK_BOOTTIME",
	"CLOCK_MONOTONIC_COARSE",
};

static void add_limit(struct results *results, double value, double max, double floor,
		      const char *format, va_list args)
{
	struct limit limit = {
		.value = value, .limit = max, .floor = floor, .measured = !isnan(value),
		.held = value <= max,
	};

	vsnprintf(limit.name, sizeof(limit.name), format, args);
	results_add_limit(results, &limit);
}

/* @value is NAN where something was not measured. */
__attribute__((format(printf, 4, 5)))
static void judge(struct results *results, double value, double max, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	add_limit(results, value, max, NAN, format, args);
	va_end(args);
}

/* The same where the CPU sets a limit of its own, NAN if that was not measured */
__attribute__((format(printf, 5, 6)))
static void judge_above(struct results *results, double value, double max, double floor,
			const char *format, ...)
{
	va_list args;

	va_start(args, format);
	add_limit(results, value, max, floor, format, args);
	va_end(args);
}

static double cost(const struct results *results, enum abi abi, const char *image,
		     const char *clock, enum job_mode mode)
{
	const struct result *row = results_find(results, abi, image, clock, mode);

	return row && row->nr_ticks ? row->mean : NAN;
}

static double patched(const struct results *results, enum abi abi, const char *clock,
		      enum job_mode mode)
{
	return cost(results, abi, IMAGE_PATCHED, clock, mode);
}

static double ordered_read(const struct results *results, enum abi abi, enum job_mode mode)
{
	double lfence = cost(results, abi, IMAGE_INLINE, "lfence rdtsc", mode);
	double rdtscp = cost(results, abi, IMAGE_INLINE, "rdtscp", mode);

	/* fmin() leaves out the one that this CPU does not have. */
	return fmin(lfence, rdtscp);
}

static double inline_read(const struct results *results, enum abi abi, const char *name)
{
	return cost(results, abi, IMAGE_INLINE, name, MODE_THROUGHPUT);
}

/* In a function that does nothing else, which is the least that a clock can do */
static double called_ordered_read(const struct results *results, enum abi abi)
{
	return fmin(inline_read(results, abi, "called lfence rdtsc"),
		    inline_read(results, abi, "called rdtscp"));
}

static void check_vdso(struct results *results, enum abi abi)
{
	const char *name = abi_name(abi);
	double trace = patched(results, abi, TRACE, MODE_THROUGHPUT);
	double unordered = patched(results, abi, UNORDERED, MODE_THROUGHPUT);
	double monotonic = patched(results, abi, MONOTONIC, MODE_THROUGHPUT);
	double called_ordered = called_ordered_read(results, abi);
	double called = inline_read(results, abi, "called rdtsc");
	double ordered, rdtsc;

	judge_above(results, trace / monotonic, MAX_OVER_MONOTONIC, called_ordered / monotonic,
		    "%s: CLOCK_TRACE / CLOCK_MONOTONIC", name);
	if (abi != ABI_X86_64)
		return;

	ordered = ordered_read(results, abi, MODE_THROUGHPUT);
	rdtsc = inline_read(results, abi, "rdtsc");
	judge_above(results, trace / ordered, MAX_OVER_ORDERED_READ, called_ordered / ordered,
		    "%s: CLOCK_TRACE / inline ordered read", name);
	judge_above(results, unordered / rdtsc, MAX_OVER_RDTSC, called / rdtsc,
		    "%s: CLOCK_TRACE_UNORDERED / inline rdtsc", name);
	judge_above(results, unordered / monotonic, MAX_UNORDERED_OVER_MONOTONIC,
		    called / monotonic, "%s: CLOCK_TRACE_UNORDERED / CLOCK_MONOTONIC", name);
}

static void check_tick_writer(struct results *results, enum abi abi)
{
	judge(results,
	      patched(results, abi, TRACE, MODE_TICK_WRITER) /
	      patched(results, abi, TRACE, MODE_THROUGHPUT),
	      MAX_TICK_OVER_QUIET, "%s: CLOCK_TRACE with tick writer / quiet", abi_name(abi));
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
		judge(results,
		      patched(results, abi, clock, MODE_THROUGHPUT) /
		      cost(results, abi, IMAGE_UNPATCHED, clock, MODE_THROUGHPUT),
		      MAX_PATCHED_OVER_UNPATCHED, "%s: %s, patched / unpatched", abi_name(abi),
		      clock);
		judge(results, more_instructions(results, abi, clock), MAX_MORE_INSTRUCTIONS,
		      "%s: %s, instructions more than unpatched", abi_name(abi), clock);
	}
}

static void check_syscalls(struct results *results, const struct syscall_counts *counts)
{
	enum syscall_path path;

	for (path = 0; path < NR_SYSCALL_PATHS; path++)
		judge(results, counts->trace[path] / counts->monotonic[path],
		      MAX_SYSCALL_OVER_MONOTONIC,
		      "i386: %s, instructions, CLOCK_TRACE / CLOCK_MONOTONIC",
		      syscall_path_name(path));
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

bool limits_all_held(const struct results *results)
{
	size_t i;

	for (i = 0; i < results->nr_limits; i++) {
		if (!results->limits[i].held)
			return false;
	}
	return true;
}
