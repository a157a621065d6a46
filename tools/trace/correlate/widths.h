/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How wide bounds are, for any number of them in constant memory.
 */
#ifndef TRACE_WIDTHS_H
#define TRACE_WIDTHS_H

#include <stdint.h>

/* So many steps from one power of two to the next: a width is known to 1.6 % */
#define WIDTHS_STEPS 64
#define WIDTHS_SIZE (64 * WIDTHS_STEPS)

/**
 * struct widths - a histogram
 * @counts: how many there are of each size
 * @count: how many there are
 * @worst: the largest
 */
struct widths {
	uint64_t counts[WIDTHS_SIZE];
	uint64_t count;
	uint64_t worst;
};

/**
 * widths_add() - add a width
 * @widths: the histogram
 * @width: the width
 */
void widths_add(struct widths *widths, uint64_t width);

/**
 * widths_median() - a width that at least half of them do not exceed
 * @widths: the histogram
 *
 * Return: the least of those, up to 1.6 % too large; 0 if there is none.
 */
uint64_t widths_median(const struct widths *widths);

#endif
