/* SPDX-License-Identifier: GPL-2.0 */
/* The results for people, for scripts, and as a picture. */
#ifndef VDSO_BENCH_REPORT_H
#define VDSO_BENCH_REPORT_H

#include "results.h"

/**
 * report_tables() - print what was measured and the limits
 * @results:	finished results
 */
void report_tables(const struct results *results);

/**
 * report_counts() - print the numbers of instructions
 * @results:	with counts
 */
void report_counts(const struct results *results);

/**
 * report_json() - write times and limits as JSON
 * @results:	finished results
 * @path:	file, see output_file_open(), or NULL for standard output
 */
void report_json(const struct results *results, const char *path);

/**
 * report_counts_json() - write the numbers of instructions as JSON
 * @results:	with counts
 * @path:	file, see output_file_open(), or NULL for standard output
 */
void report_counts_json(const struct results *results, const char *path);

/**
 * report_plot_check() - find out whether report_plot() can draw
 *
 * Exits with a message if this machine has no gnuplot for that.
 */
void report_plot_check(void);

/**
 * report_plot() - plot the distributions
 * @results:	finished results
 * @path:	SVG file, see output_file_open()
 *
 * Runs gnuplot. Exits with a message if that fails.
 */
void report_plot(const struct results *results, const char *path);

#endif /* VDSO_BENCH_REPORT_H */
