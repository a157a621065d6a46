// SPDX-License-Identifier: GPL-2.0
/*
 * The rate of a guest's clock, as an interval, in exact arithmetic.
 */
#include "correlate/bound.h"
#include "correlate/rate.h"

#define MILLION 1000000

/* @ticks * @host * @ppm / (@guest * 1000000), rounded up or down */
static wide scale(const struct rate *rate, uint64_t ticks, uint32_t ppm, bool up)
{
	/* In two steps, for the product of all may be too large; each rounds to one side. */
	unsigned __int128 whole = (unsigned __int128)ticks * rate->host;
	uint64_t divisor = rate->guest;
	unsigned __int128 parts = whole / divisor, rest = whole % divisor;
	unsigned __int128 scaled;

	parts += up && rest;
	/* Further apart than all times of a trace are */
	if (parts > (unsigned __int128)1 << 100)
		return (wide)1 << 100;
	scaled = parts * ppm;
	return (wide)(scaled / MILLION + (up && scaled % MILLION));
}

wide rate_least(const struct rate *rate, uint64_t ticks)
{
	if (!ticks)
		return -rate_most(rate, 0);
	return scale(rate, ticks - 1, MILLION - BOUND_PPM, false) - 1;
}

wide rate_most(const struct rate *rate, uint64_t ticks)
{
	return scale(rate, ticks == UINT64_MAX ? ticks : ticks + 1, MILLION + BOUND_PPM, true) + 1;
}
