// SPDX-License-Identifier: GPL-2.0
/*
 * How wide bounds are, for any number of them in constant memory.
 */
#include <stddef.h>

#include "correlate/widths.h"

/* Up to the number of steps, each width has a place of its own. */
static size_t place_of(uint64_t width)
{
	unsigned int power;

	if (width < WIDTHS_STEPS)
		return (size_t)width;
	/* Of 2^6 to 2^7 - 1 it is 0 */
	power = 63 - (unsigned int)__builtin_clzll(width) - 6;
	return (size_t)(power + 1) * WIDTHS_STEPS + ((width >> power) - WIDTHS_STEPS);
}

/* The largest width of a place */
static uint64_t largest_of(size_t place)
{
	unsigned int power;

	if (place < WIDTHS_STEPS)
		return place;
	power = (unsigned int)(place / WIDTHS_STEPS - 1);
	return ((uint64_t)(WIDTHS_STEPS + place % WIDTHS_STEPS) << power) +
	       ((UINT64_C(1) << power) - 1);
}

void widths_add(struct widths *widths, uint64_t width)
{
	widths->counts[place_of(width)]++;
	widths->count++;
	if (width > widths->worst)
		widths->worst = width;
}

uint64_t widths_median(const struct widths *widths)
{
	uint64_t seen = 0;
	size_t i;

	for (i = 0; i < WIDTHS_SIZE && widths->count; i++) {
		seen += widths->counts[i];
		if (2 * seen >= widths->count)
			return largest_of(i) < widths->worst ? largest_of(i) : widths->worst;
	}
	return 0;
}
