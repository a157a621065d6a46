/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Unsigned 128-bit numbers, for compilers with and without a type for them.
 *
 * A pair of words on all machines, so that only the two operations that gain
 * from the compiler's type have two forms.  CLOCKTRACE_PORTABLE_WIDE selects
 * the plain ones, to test them where the others are the default.
 */
#ifndef CLOCKTRACE_WIDE_H
#define CLOCKTRACE_WIDE_H

#include <stdbool.h>
#include <stdint.h>

#if defined(__SIZEOF_INT128__) && !defined(CLOCKTRACE_PORTABLE_WIDE)
#define CLOCKTRACE_HAVE_INT128 1
#endif

struct wide {
	uint64_t hi;
	uint64_t lo;
};

static inline struct wide wide_add(struct wide a, struct wide b)
{
	struct wide sum = { a.hi + b.hi, a.lo + b.lo };

	sum.hi += sum.lo < b.lo;
	return sum;
}

static inline struct wide wide_sub(struct wide a, struct wide b)
{
	return (struct wide){ a.hi - b.hi - (a.lo < b.lo), a.lo - b.lo };
}

static inline bool wide_less(struct wide a, struct wide b)
{
	return a.hi < b.hi || (a.hi == b.hi && a.lo < b.lo);
}

/* value * 2^bits, for bits of 0 to 63 */
static inline struct wide wide_shl(uint64_t value, unsigned int bits)
{
	return (struct wide){ bits ? value >> (64 - bits) : 0, value << bits };
}

/* value / 2^bits, for bits of 0 to 63 */
static inline struct wide wide_shr(struct wide value, unsigned int bits)
{
	if (!bits)
		return value;
	return (struct wide){ value.hi >> bits,
			      value.hi << (64 - bits) | value.lo >> bits };
}

static inline struct wide wide_mul(uint64_t a, uint64_t b)
{
#ifdef CLOCKTRACE_HAVE_INT128
	__uint128_t product = (__uint128_t)a * b;

	return (struct wide){ (uint64_t)(product >> 64), (uint64_t)product };
#else
	uint64_t a_lo = (uint32_t)a, a_hi = a >> 32;
	uint64_t b_lo = (uint32_t)b, b_hi = b >> 32;
	uint64_t low = a_lo * b_lo;
	uint64_t mid = a_hi * b_lo + (low >> 32);
	uint64_t mid2 = a_lo * b_hi + (uint32_t)mid;

	return (struct wide){ a_hi * b_hi + (mid >> 32) + (mid2 >> 32),
			      mid2 << 32 | (uint32_t)low };
#endif
}

/* The quotient rounded down; the divisor must not be 0 */
static inline struct wide wide_div(struct wide value, uint64_t divisor,
				   uint64_t *remainder)
{
#ifdef CLOCKTRACE_HAVE_INT128
	__uint128_t n = (__uint128_t)value.hi << 64 | value.lo;
	__uint128_t quotient = n / divisor;

	*remainder = (uint64_t)(n - quotient * divisor);
	return (struct wide){ (uint64_t)(quotient >> 64), (uint64_t)quotient };
#else
	struct wide quotient = { value.hi / divisor, 0 };
	uint64_t rest = value.hi % divisor;
	int bit;

	for (bit = 63; bit >= 0; bit--) {
		bool carry = rest >> 63;

		rest = rest << 1 | (value.lo >> bit & 1);
		if (carry || rest >= divisor) {
			rest -= divisor;
			quotient.lo |= (uint64_t)1 << bit;
		}
	}
	*remainder = rest;
	return quotient;
#endif
}

#endif /* CLOCKTRACE_WIDE_H */
