/* SPDX-License-Identifier: GPL-2.0 */
/* What was measured, for people and for scripts. */
#ifndef SYNC_BENCH_REPORT_H
#define SYNC_BENCH_REPORT_H

#include <stdbool.h>

#include "measure.h"

/* The promise: so many per cent of each CPU's time, at the default interval */
#define COST_LIMIT	0.001

/**
 * cost_of_cpu() - what the periodic check takes from a CPU
 * @measured:	what was measured
 * @i:		index of the CPU
 * @interval:	seconds between two checks
 *
 * Return: per cent of its time, the mean of all checks.
 */
double cost_of_cpu(const struct measured *measured, unsigned int i, double interval);

/**
 * cost_is_held() - is it less than COST_LIMIT on each CPU?
 * @measured:	what was measured
 * @interval:	seconds between two checks
 */
bool cost_is_held(const struct measured *measured, double interval);

/* A table on standard output */
void report_table(const struct measured *measured, double interval);

/**
 * report_json() - write JSON
 * @measured:	what was measured
 * @interval:	seconds between two checks
 * @path:	a file that is replaced as a whole; NULL: standard output
 */
void report_json(const struct measured *measured, double interval, const char *path);

#endif /* SYNC_BENCH_REPORT_H */
