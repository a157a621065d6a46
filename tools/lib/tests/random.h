/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Repeatable random numbers, with many of the values that break arithmetic.
 */
#ifndef CLOCKTRACE_TESTS_RANDOM_H
#define CLOCKTRACE_TESTS_RANDOM_H

#include <stdint.h>

static uint64_t random_state = 1;

/* Steele, Lea, Flood: splitmix64 */
static inline uint64_t random_bits(void)
{
	uint64_t z = random_state += 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

static inline uint64_t random_below(uint64_t bound)
{
	return random_bits() % bound;
}

/* Any size, or near a power of two or an end of the range */
static inline uint64_t random_extreme(void)
{
	unsigned int bit = random_below(64);

	switch (random_below(6)) {
	case 0:
		return random_below(4);
	case 1:
		return UINT64_MAX - random_below(4);
	case 2:
		return ((uint64_t)1 << bit) + random_below(5) - 2;
	case 3:
		return random_bits();
	default:
		return random_bits() >> bit;
	}
}

#endif /* CLOCKTRACE_TESTS_RANDOM_H */
