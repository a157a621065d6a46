// SPDX-License-Identifier: GPL-2.0
/*
 * What a series of measurements comes to, see statistics.h.
 */
#include <stdlib.h>

#include "common/statistics.h"

static int compare(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* The value that the given part of the others does not exceed. */
static double quantile(const double *sorted, size_t count, double part)
{
	double position = part * (double)(count - 1);
	size_t below = (size_t)position;

	if (below + 1 >= count)
		return sorted[count - 1];
	return sorted[below] + (position - (double)below) * (sorted[below + 1] - sorted[below]);
}

struct spread spread_of(double *values, size_t count)
{
	qsort(values, count, sizeof(*values), compare);
	return (struct spread){
		.median = quantile(values, count, 0.5),
		.lower_quartile = quantile(values, count, 0.25),
		.upper_quartile = quantile(values, count, 0.75),
	};
}
