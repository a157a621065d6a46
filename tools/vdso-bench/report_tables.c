// SPDX-License-Identifier: GPL-2.0
/* The results for people, see report.h. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cpu_name.h"
#include "limits.h"
#include "report.h"
#include "util.h"

static const char *const images[] = {
	IMAGE_INLINE, IMAGE_PATCHED, IMAGE_UNPATCHED, IMAGE_MACHINE,
};

static void print_cell(const struct result *row)
{
	if (!row || !row->nr_ticks) {
		printf("  %22s", "-");
		return;
	}
	printf("  %7.1f %6.1f..%-6.1f", row->median, row->p10, row->p90);
}

static bool has_mode(const struct results *results, enum job_mode mode)
{
	size_t i;

	for (i = 0; i < results->nr_rows; i++) {
		if (results->rows[i].mode == mode)
			return true;
	}
	return false;
}

static void print_row(const struct results *results, const struct result *first)
{
	enum job_mode mode;

	printf("%-10s %-22s", first->image, first->clock);
	for (mode = 0; mode < NR_MODES; mode++) {
		if (has_mode(results, mode))
			print_cell(results_find(results, first->abi, first->image, first->clock,
						mode));
	}
	printf("\n");
}

/* Is this the first of the rows that share a line of the table? */
static bool starts_line(const struct results *results, const struct result *row)
{
	enum job_mode mode;
	const struct result *found;

	for (mode = 0; mode < NR_MODES; mode++) {
		found = results_find(results, row->abi, row->image, row->clock, mode);
		if (found)
			return found == row;
	}
	return false;
}

static void print_abi(const struct results *results, enum abi abi)
{
	const struct result *row;
	enum job_mode mode;
	bool any = false;
	size_t i, j;

	for (i = 0; i < results->nr_rows; i++)
		any |= results->rows[i].abi == abi;
	if (!any)
		return;

	printf("%s, TSC ticks per call: median, 10th..90th percentile\n", abi_name(abi));
	printf("%-10s %-22s", "image", "clock");
	for (mode = 0; mode < NR_MODES; mode++) {
		if (has_mode(results, mode))
			printf("  %22s", mode_name(mode));
	}
	printf("\n");

	for (j = 0; j < ARRAY_SIZE(images); j++) {
		for (i = 0; i < results->nr_rows; i++) {
			row = &results->rows[i];
			if (row->abi == abi && !strcmp(row->image, images[j]) &&
			    starts_line(results, row))
				print_row(results, row);
		}
	}
	printf("\n");
}

static void print_method(const struct results *results)
{
	size_t i, kept = 0, excluded = 0;

	for (i = 0; i < results->nr_rows; i++) {
		kept += results->rows[i].nr_ticks;
		excluded += results->rows[i].nr_excluded;
	}
	printf("%s, TSC at %.3f MHz, measured on CPU %d\n", cpu_name(), results->tsc_hz / 1e6,
	       results->cpu);
	printf("Batches of %u calls (%u when cold), interleaved. Left out: batches during which the\n"
	       "program lost its CPU or that took over %d times their row's median: %zu of %zu.\n",
	       results->batch, results->cold_batch, OUTLIER_FACTOR, excluded, kept + excluded);
	if (has_mode(results, MODE_LATENCY))
		printf("latency: an LFENCE after each call makes the next one wait for its result.\n");
	if (has_mode(results, MODE_TICK_WRITER))
		printf("tick-writer: CPU %d updates the time data page %u times a second.\n",
		       results->tick_cpu, results->tick_hz);
	if (has_mode(results, MODE_COLD))
		printf("cold: the data page is flushed from all caches before each call.\n");
	printf("\n");
}

static void print_limits(const struct results *results)
{
	const struct limit *limit;
	char value[16], spread[16];
	size_t i;

	for (i = 0; i < results->nr_limits; i++) {
		limit = &results->limits[i];
		snprintf(value, sizeof(value), isnan(limit->value) ? "-" : "%.3f", limit->value);
		snprintf(spread, sizeof(spread), isnan(limit->spread) ? "" : "+- %.3f", limit->spread);
		printf("%-12s %-70s %7s %-8s", limit_verdict(limit), limit->name, value, spread);
		if (!isnan(limit->limit))
			printf(" (limit %.2f)", limit->limit);
		printf("\n");
	}
}

/* How much of a ratio is the CPU's own */
static void print_floors(const struct results *results)
{
	const struct limit *limit;
	size_t i;

	for (i = 0; i < results->nr_limits; i++) {
		limit = &results->limits[i];
		if (isnan(limit->value) || isnan(limit->floor) || limit->verdict == VERDICT_HELD)
			continue;
		printf("%s: a function that reads the counter\n"
		       "    likewise, and does nothing else, has %.3f.\n",
		       limit->name, limit->floor);
	}
}

void report_tables(const struct results *results)
{
	enum abi abi;

	print_method(results);
	for (abi = 0; abi < NR_ABIS; abi++)
		print_abi(results, abi);
	print_limits(results);
	print_floors(results);
}

void report_counts(const struct results *results)
{
	const struct count *count;
	size_t i;

	printf("%-7s %-10s %-16s %-26s %12s %8s %6s %5s %5s %8s\n", "abi", "image", "entry",
	       "clock", "instructions", "syscalls", "pushes", "muls", "divs", "repeated");
	for (i = 0; i < results->nr_counts; i++) {
		count = &results->counts[i];
		printf("%-7s %-10s %-16s %-24s%2s %12llu %8u %6u %5u %5u %8u\n",
		       abi_name(count->abi), count->image, count->entry, count->clock,
		       count->fallback ? " *" : "", (unsigned long long)count->instructions,
		       count->system_calls, count->callee_saved_pushes, count->multiplications,
		       count->divisions, count->repeated);
	}
	printf("pushes: of callee-saved registers. repeated: instructions executed once more.\n"
	       "*: with the epoch taken away, so that the kernel is asked.\n");
}
