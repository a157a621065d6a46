/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a series of measurements comes to.
 */
#ifndef COMMON_STATISTICS_H
#define COMMON_STATISTICS_H

#include <stddef.h>

struct spread {
	double median;
	/* The middle half of the values lies within these two. */
	double lower_quartile;
	double upper_quartile;
};

/**
 * spread_of() - find median and quartiles
 * @values: the values, which are put in order
 * @count: how many there are, at least 1
 *
 * Return: median and quartiles, interpolated between two values where they fall between
 */
struct spread spread_of(double *values, size_t count);

#endif
