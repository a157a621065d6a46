/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Exact arithmetic for bounds: products of up to 256 bits, and quotients whose rounding
 * widens a bound, never narrows it.
 */
#ifndef TRACE_HOSTS_EXACT_H
#define TRACE_HOSTS_EXACT_H

#include <stdbool.h>
#include <stdint.h>

__extension__ typedef __int128 exact_signed;
__extension__ typedef unsigned __int128 exact_unsigned;

/* No bound. Times and offsets are smaller, and sums of two of these do not overflow. */
#define EXACT_UNBOUNDED (INT64_MAX / 2)

struct exact {
	exact_unsigned hi;
	exact_unsigned lo;
};

static inline struct exact exact_mul(exact_unsigned a, exact_unsigned b)
{
	exact_unsigned a_lo = (uint64_t)a, a_hi = a >> 64;
	exact_unsigned b_lo = (uint64_t)b, b_hi = b >> 64;
	exact_unsigned low = a_lo * b_lo;
	exact_unsigned mid = a_hi * b_lo + (low >> 64);
	exact_unsigned mid2 = a_lo * b_hi + (uint64_t)mid;

	return (struct exact){ a_hi * b_hi + (mid >> 64) + (mid2 >> 64),
			       mid2 << 64 | (uint64_t)low };
}

/* value * 2^bits, for bits of 1 to 127 */
static inline struct exact exact_shl(exact_unsigned value, unsigned int bits)
{
	return (struct exact){ value >> (128 - bits), value << bits };
}

/* value / 2^bits rounded up, for bits of 1 to 127; the quotient must fit into 128 bits */
static inline exact_unsigned exact_shr_up(struct exact value, unsigned int bits)
{
	exact_unsigned quotient = value.hi << (128 - bits) | value.lo >> bits;

	return quotient + !!(value.lo << (128 - bits));
}

static inline bool exact_less(struct exact a, struct exact b)
{
	return a.hi < b.hi || (a.hi == b.hi && a.lo < b.lo);
}

/* The sum, or EXACT_UNBOUNDED if it is not less than that */
static inline int64_t exact_add(int64_t a, exact_signed b)
{
	exact_signed sum = a + b;

	if (sum >= EXACT_UNBOUNDED)
		return EXACT_UNBOUNDED;
	return sum <= -EXACT_UNBOUNDED ? -EXACT_UNBOUNDED : (int64_t)sum;
}

/* a * b / c rounded up; b must not be negative and c must be positive */
static inline exact_signed exact_scale_up(int64_t a, int64_t b, int64_t c)
{
	const exact_signed product = (exact_signed)a * b;
	const exact_signed quotient = product / c;

	/* C rounds towards zero, which is up for a negative quotient. */
	return quotient + (product > 0 && quotient * c != product);
}

#endif
