/* SPDX-License-Identifier: GPL-2.0 */
/* The rows of the benchmark: what is called, and how it is named in the results. */
#ifndef VDSO_BENCH_CLOCKS_H
#define VDSO_BENCH_CLOCKS_H

#include <stdbool.h>
#include <stddef.h>

#include "job.h"

/* One thing to be measured: a clock, or an instruction of the runner itself */
struct clock_info {
	const char *name;
	int id;				/* clock id, or enum job_inline */
	bool is_inline;
	bool is_trace;			/* of this project: not in the unpatched image */
	bool is_counted_only;		/* not measured, its instructions are counted */
};

extern const struct clock_info clock_infos[];
extern const size_t nr_clock_infos;

/**
 * find_clock() - find a row by its name
 * @name:	for instance "CLOCK_TRACE" or "rdtscp"
 *
 * Return: the row, or NULL if there is none of that name.
 */
const struct clock_info *find_clock(const char *name);

#endif /* VDSO_BENCH_CLOCKS_H */
