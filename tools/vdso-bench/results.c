// SPDX-License-Identifier: GPL-2.0
/* What was measured, and what follows from it, see results.h. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "results.h"
#include "util.h"

const char *mode_name(enum job_mode mode)
{
	static const char *const names[NR_MODES] = {
		[MODE_THROUGHPUT] = "throughput",
		[MODE_LATENCY] = "latency",
		[MODE_TICK_WRITER] = "tick-writer",
		[MODE_COLD] = "cold",
	};

	return names[mode];
}

static void *grow(void *array, size_t nr, size_t size)
{
	array = realloc(array, nr * size);
	if (!array)
		fatal("out of memory");
	return array;
}

const struct result *results_find(const struct results *results, enum abi abi,
				  const char *image, const char *clock, enum job_mode mode)
{
	const struct result *row;
	size_t i;

	for (i = 0; i < results->nr_rows; i++) {
		row = &results->rows[i];
		if (row->abi == abi && row->mode == mode && !strcmp(row->image, image) &&
		    !strcmp(row->clock, clock))
			return row;
	}
	return NULL;
}

struct result *results_row(struct results *results, enum abi abi, const char *image,
			   const char *clock, enum job_mode mode)
{
	struct result *row = (struct result *)results_find(results, abi, image, clock, mode);

	if (row)
		return row;

	results->rows = grow(results->rows, results->nr_rows + 1, sizeof(*row));
	row = &results->rows[results->nr_rows++];
	*row = (struct result) { .abi = abi, .image = image, .clock = clock, .mode = mode };
	return row;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

/* Of sorted values, the one below which the given part of them lies, interpolated */
static double quantile(const double *sorted, size_t nr, double part)
{
	double place = part * (nr - 1);
	size_t below = place;

	if (below + 1 >= nr)
		return sorted[nr - 1];
	return sorted[below] + (place - below) * (sorted[below + 1] - sorted[below]);
}

/* Mean of sorted values without the given part of them at either end */
static double trimmed_mean(const double *sorted, size_t nr, double part)
{
	size_t first = nr * part, last = nr - first, i;
	double sum = 0;

	for (i = first; i < last; i++)
		sum += sorted[i];
	return sum / (last - first);
}

/* Sort ticks. Return: how many of them are no outliers, which the others follow */
static size_t sort_out(double *ticks, size_t nr)
{
	double limit;

	qsort(ticks, nr, sizeof(*ticks), compare);
	limit = OUTLIER_FACTOR * quantile(ticks, nr, 0.5);
	while (nr > 1 && ticks[nr - 1] > limit)
		nr--;
	return nr;
}

static void add_run_mean(struct result *row, const double *ticks, size_t nr)
{
	double *sorted, mean = NAN;

	if (nr) {
		sorted = grow(NULL, nr, sizeof(*sorted));
		memcpy(sorted, ticks, nr * sizeof(*sorted));
		mean = trimmed_mean(sorted, sort_out(sorted, nr), TRIMMED);
		free(sorted);
	}
	row->run_means = grow(row->run_means, row->nr_runs + 1, sizeof(*row->run_means));
	row->run_means[row->nr_runs++] = mean;
}

void results_add_batches(struct result *row, const job_u64 *ticks, size_t nr, uint32_t calls,
			 double overhead)
{
	size_t i, first = row->nr_ticks;

	row->ticks = grow(row->ticks, row->nr_ticks + nr, sizeof(*row->ticks));
	for (i = 0; i < nr; i++) {
		if (ticks[i] == SAMPLE_PREEMPTED)
			row->nr_excluded++;
		else
			row->ticks[row->nr_ticks++] = (double)ticks[i] / calls - overhead;
	}
	add_run_mean(row, row->ticks + first, row->nr_ticks - first);
}

static void finish_row(struct result *row)
{
	size_t nr;

	if (!row->nr_ticks)
		return;

	nr = sort_out(row->ticks, row->nr_ticks);
	row->nr_excluded += row->nr_ticks - nr;
	row->nr_ticks = nr;
	row->median = quantile(row->ticks, row->nr_ticks, 0.5);
	row->p10 = quantile(row->ticks, row->nr_ticks, 0.1);
	row->p90 = quantile(row->ticks, row->nr_ticks, 0.9);
	row->mean = trimmed_mean(row->ticks, row->nr_ticks, TRIMMED);
}

void results_finish(struct results *results)
{
	size_t i;

	for (i = 0; i < results->nr_rows; i++)
		finish_row(&results->rows[i]);
}

double results_ratio(const struct result *a, const struct result *b, double *spread)
{
	double ratio, sum = 0, squares = 0, variance;
	size_t i, nr = 0;

	*spread = NAN;
	if (!a || !b || !a->nr_ticks || !b->nr_ticks)
		return NAN;

	for (i = 0; i < a->nr_runs && i < b->nr_runs; i++) {
		ratio = a->run_means[i] / b->run_means[i];
		if (isnan(ratio))
			continue;
		sum += ratio;
		squares += ratio * ratio;
		nr++;
	}
	if (nr > 1) {
		variance = (squares - sum * sum / nr) / (nr - 1);
		*spread = 2 * sqrt(fmax(variance, 0) / nr);
	}
	return a->mean / b->mean;
}

void results_add_count(struct results *results, const struct count *count)
{
	results->counts = grow(results->counts, results->nr_counts + 1, sizeof(*count));
	results->counts[results->nr_counts++] = *count;
}

void results_add_limit(struct results *results, const struct limit *limit)
{
	results->limits = grow(results->limits, results->nr_limits + 1, sizeof(*limit));
	results->limits[results->nr_limits++] = *limit;
}
