/* SPDX-License-Identifier: GPL-2.0 */
/* What was measured, and what follows from it. */
#ifndef VDSO_BENCH_RESULTS_H
#define VDSO_BENCH_RESULTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "image.h"

/* Labels of images, as in the results */
#define IMAGE_PATCHED	"patched"
#define IMAGE_UNPATCHED	"unpatched"
#define IMAGE_MACHINE	"machine"
#define IMAGE_INLINE	"inline"

/*
 * A batch is left out of a row's statistics if the runner lost its CPU during it,
 * or if it took more than this many times the row's median: then something else
 * ran in between, such as an interrupt or another guest of the same host.
 */
#define OUTLIER_FACTOR	2

/*
 * The part of a row's batches at either end that its mean leaves out. Limits are
 * judged by this mean: a call takes whole cycles of the CPU, and often one more or
 * less for reasons of memory layout, between which a median would jump.
 */
#define TRIMMED		0.1

/* One row in one mode */
struct result {
	enum abi abi;
	const char *image;
	const char *clock;
	enum job_mode mode;

	double *ticks;			/* per call, one for each batch; sorted at the end */
	size_t nr_ticks;
	size_t nr_excluded;

	double median;
	double p10;
	double p90;
	double mean;			/* of the middle, see TRIMMED */

	double *run_means;		/* the same of each run; NAN if it has no batch left */
	size_t nr_runs;
};

/* Instructions of one call */
struct count {
	enum abi abi;
	const char *image;
	const char *entry;
	const char *clock;		/* "" if the entry has no such argument */
	bool fallback;			/* CLOCK_TRACE with its epoch taken away */

	uint64_t instructions;
	uint32_t system_calls;
	uint32_t callee_saved_pushes;
	uint32_t multiplications;
	uint32_t divisions;
	uint32_t repeated;		/* instructions executed more than once: loops */
};

/*
 * The value of a limit is uncertain by its spread. Beyond the limit by less than that it
 * is at the limit, if the measurement is sharp enough to say so.
 */
enum verdict {
	VERDICT_HELD,
	VERDICT_AT_LIMIT,
	VERDICT_UNCLEAR,
	VERDICT_NOT_HELD,
	VERDICT_NOT_MEASURED,
	VERDICT_FIGURE,
};

/* A goal, and how far it was reached */
struct limit {
	char name[96];
	double value;
	double spread;			/* of the value, either way; NAN if it is exact */
	double limit;			/* NAN: a figure, which is not judged */
	double floor;			/* NAN, or what no code can go below on this CPU */
	enum verdict verdict;
};

struct results {
	struct result *rows;
	size_t nr_rows;
	struct count *counts;
	size_t nr_counts;
	struct limit *limits;
	size_t nr_limits;

	uint64_t tsc_hz;
	uint32_t tick_hz;
	int cpu;
	int tick_cpu;			/* -1: no tick writer */
	uint32_t batch;
	uint32_t cold_batch;
};

/**
 * mode_name() - name of a mode, as in the results
 * @mode:	mode
 *
 * Return: static string.
 */
const char *mode_name(enum job_mode mode);

/**
 * results_row() - find the row for a measurement, or make it
 * @results:	results
 * @abi:	ABI
 * @image:	label of the image
 * @clock:	name of the clock or instruction
 * @mode:	mode
 *
 * Return: the row, valid until the next one is made.
 */
struct result *results_row(struct results *results, enum abi abi, const char *image,
			   const char *clock, enum job_mode mode);

/**
 * results_find() - find the row of a measurement
 * @results:	results
 * @abi:	ABI
 * @image:	label of the image
 * @clock:	name of the clock or instruction
 * @mode:	mode
 *
 * Return: the row, or NULL if there was no such measurement.
 */
const struct result *results_find(const struct results *results, enum abi abi,
				  const char *image, const char *clock, enum job_mode mode);

/**
 * results_add_batches() - add what one runner measured to a row
 * @row:	row
 * @ticks:	ticks per batch, or SAMPLE_PREEMPTED
 * @nr:		number of batches
 * @calls:	calls in each batch
 * @overhead:	ticks to be taken off each call
 */
void results_add_batches(struct result *row, const job_u64 *ticks, size_t nr, uint32_t calls,
			 double overhead);

/**
 * results_finish() - exclude outliers and compute the statistics of all rows
 * @results:	results
 */
void results_finish(struct results *results);

/**
 * results_add_count() - add the instructions of one call
 * @results:	results
 * @count:	copied
 */
void results_add_count(struct results *results, const struct count *count);

/**
 * results_ratio() - ratio of the means of two rows
 * @a:		row, or NULL
 * @b:		row that was measured in the same runs, or NULL
 * @spread:	twice the standard error of the ratio, from the ratios of the single runs;
 *		NAN if there are not two runs
 *
 * Return: the ratio, or NAN if one of the rows was not measured.
 */
double results_ratio(const struct result *a, const struct result *b, double *spread);

/**
 * results_add_limit() - add a goal
 * @results:	results
 * @limit:	copied
 */
void results_add_limit(struct results *results, const struct limit *limit);

#endif /* VDSO_BENCH_RESULTS_H */
