// SPDX-License-Identifier: GPL-2.0
/*
 * The formula of a guest's TSC, and its inverse.
 *
 * What the hardware multiplies, shifts and cuts to 64 bits is a product modulo
 * M = 2^(64 + frac_bits): with t = guest - offset, a host time h gives the
 * guest time if and only if
 *
 *	h * ratio mod M  lies in  [t << frac_bits, ((t + 1) << frac_bits) - 1].
 *
 * So the inverse asks for the smallest x for which x * ratio mod M falls into a
 * range, x being counted from an end of the window.  Trying the wraps of M one
 * by one could take 2^64 tries.  The descent of Euclid's algorithm gets there in
 * a number of steps that the logarithm of the ratio bounds.
 */
#include "internal.h"
#include "wide.h"

/*
 * The smallest x with x * step mod modulus in [low, high], for step < modulus
 * and low <= high < modulus.
 *
 * If no multiple of step lies in the range itself, the multiple that does so
 * after y wraps is the one where y * modulus lies in [-high, -low] modulo step:
 * the same question with smaller numbers, whose smallest y gives the smallest
 * x.  The modulus turns from (modulus, step) to (step, modulus mod step), so
 * the depth is at most that of Euclid's algorithm for 64-bit numbers, 93.
 */
static bool first_multiple(uint64_t step, uint64_t modulus, uint64_t low,
			   uint64_t high, uint64_t *x)
{
	uint64_t rest, wraps;
	struct wide sum;

	clocktrace_count_step();
	if (!low) {
		*x = 0;
		return true;
	}
	if (!step)
		return false;
	rest = low % step;
	if (!rest || step - rest <= high - low) {
		*x = low / step + !!rest;
		return true;
	}
	if (!first_multiple(modulus % step, step, step - rest - (high - low),
			    step - rest, &wraps))
		return false;
	sum = wide_mul(modulus, wraps);
	sum = wide_add(sum, (struct wide){ 0, low });
	*x = wide_div(sum, step, &rest).lo;
	*x += !!rest;
	return true;
}

/*
 * The same for the modulus M, a range of 2^frac_bits numbers that begins at low
 * and may go around the end, and an x of at most limit.
 */
static bool first_host_tick(const struct clocktrace_guest_counter *tsc,
			    struct wide low, uint64_t limit, uint64_t *x)
{
	const unsigned int bits = tsc->frac_bits;
	const uint64_t width = ((uint64_t)1 << bits) - 1;
	uint64_t rest, modulus_rest, wraps;
	struct wide quotient, end;

	end = wide_add(low, (struct wide){ 0, width });
	if ((end.hi & ~width) || !(low.hi | low.lo)) {
		*x = 0;
		return true;
	}
	if (!tsc->ratio)
		return false;

	quotient = wide_div(low, tsc->ratio, &rest);
	if (quotient.hi)
		return false;
	if (!rest || tsc->ratio - rest <= width) {
		if (quotient.lo > limit || (rest && quotient.lo == limit))
			return false;
		*x = quotient.lo + !!rest;
		return true;
	}

	/* Without a wrap within the limit there is no more to find. */
	if (!(wide_mul(tsc->ratio, limit).hi >> bits))
		return false;

	/* 2^(64 + bits) mod ratio, in two steps of a size that wide_div takes */
	wide_div((struct wide){ 1, 0 }, tsc->ratio, &modulus_rest);
	wide_div(wide_shl(modulus_rest, bits), tsc->ratio, &modulus_rest);
	if (!first_multiple(modulus_rest, tsc->ratio,
			    tsc->ratio - rest - width, tsc->ratio - rest,
			    &wraps))
		return false;
	/* More wraps than these are beyond 64 bits of host time. */
	if (wide_shl(wraps, bits).hi)
		return false;
	low.hi += wraps << bits;
	quotient = wide_div(low, tsc->ratio, &rest);
	if (quotient.hi || quotient.lo > limit ||
	    (rest && quotient.lo == limit))
		return false;
	*x = quotient.lo + !!rest;
	return true;
}

static struct wide mod_m(struct wide value, unsigned int frac_bits)
{
	value.hi &= ((uint64_t)1 << frac_bits) - 1;
	return value;
}

static struct wide product_mod_m(const struct clocktrace_guest_counter *tsc,
				 uint64_t host)
{
	return mod_m(wide_mul(host, tsc->ratio), tsc->frac_bits);
}

/* The smallest number modulo M that gives the guest time */
static struct wide range_begin(const struct clocktrace_guest_counter *tsc,
			       uint64_t guest)
{
	return wide_shl(guest - (uint64_t)tsc->offset, tsc->frac_bits);
}

enum clocktrace_status
clocktrace_guest_from_host(const struct clocktrace_guest_counter *tsc,
			   uint64_t host, uint64_t *guest)
{
	struct wide scaled;

	if (tsc->frac_bits > CLOCKTRACE_FRAC_BITS_MAX)
		return CLOCKTRACE_INVALID;
	scaled = wide_shr(wide_mul(host, tsc->ratio), tsc->frac_bits);
	*guest = scaled.lo + (uint64_t)tsc->offset;
	return CLOCKTRACE_OK;
}

enum clocktrace_status
clocktrace_host_first(const struct clocktrace_guest_counter *tsc, uint64_t guest,
		      struct clocktrace_ticks window,
		      struct clocktrace_ticks *host)
{
	struct wide begin, low;
	uint64_t x, rest, more;

	if (tsc->frac_bits > CLOCKTRACE_FRAC_BITS_MAX ||
	    window.first > window.last)
		return CLOCKTRACE_INVALID;

	begin = range_begin(tsc, guest);
	low = wide_sub(begin, product_mod_m(tsc, window.first));
	if (!first_host_tick(tsc, mod_m(low, tsc->frac_bits),
			     window.last - window.first, &x))
		return CLOCKTRACE_NONE;
	host->first = window.first + x;

	/* How far from here to the end of the range, in host ticks */
	rest = wide_sub(product_mod_m(tsc, host->first), begin).lo;
	rest = ((uint64_t)1 << tsc->frac_bits) - 1 - rest;
	more = tsc->ratio ? rest / tsc->ratio : UINT64_MAX;
	host->last = more < window.last - host->first ? host->first + more :
							window.last;
	return CLOCKTRACE_OK;
}

enum clocktrace_status
clocktrace_host_last(const struct clocktrace_guest_counter *tsc, uint64_t guest,
		     struct clocktrace_ticks window,
		     struct clocktrace_ticks *host)
{
	struct wide begin, low;
	uint64_t x, rest, more;

	if (tsc->frac_bits > CLOCKTRACE_FRAC_BITS_MAX ||
	    window.first > window.last)
		return CLOCKTRACE_INVALID;

	/* Counted back from the end: last - x gives a number of the range. */
	begin = range_begin(tsc, guest);
	low = wide_sub(product_mod_m(tsc, window.last), begin);
	low = wide_sub(low, (struct wide){
		0, ((uint64_t)1 << tsc->frac_bits) - 1 });
	if (!first_host_tick(tsc, mod_m(low, tsc->frac_bits),
			     window.last - window.first, &x))
		return CLOCKTRACE_NONE;
	host->last = window.last - x;

	/* How far from here to the beginning of the range, in host ticks */
	rest = wide_sub(product_mod_m(tsc, host->last), begin).lo;
	more = tsc->ratio ? rest / tsc->ratio : UINT64_MAX;
	host->first = more < host->last - window.first ? host->last - more :
							 window.first;
	return CLOCKTRACE_OK;
}

/*
 * The guest times between those of the first and the last tick of a host time,
 * as one range or, if they go around the end of 64 bits, two.  A ratio above
 * 1.0 leaves some of them out.  Return the number of ranges.
 */
unsigned int guest_ranges(const struct clocktrace_guest_counter *tsc,
			  struct clocktrace_ticks host,
			  struct clocktrace_ticks guest[2])
{
	struct wide first, last, length;

	first = wide_shr(wide_mul(host.first, tsc->ratio), tsc->frac_bits);
	last = wide_shr(wide_mul(host.last, tsc->ratio), tsc->frac_bits);
	length = wide_sub(last, first);
	if (length.hi) {
		guest[0] = (struct clocktrace_ticks){ 0, UINT64_MAX };
		return 1;
	}
	guest[0].first = first.lo + (uint64_t)tsc->offset;
	guest[0].last = last.lo + (uint64_t)tsc->offset;
	if (guest[0].first <= guest[0].last)
		return 1;
	guest[1] = (struct clocktrace_ticks){ 0, guest[0].last };
	guest[0].last = UINT64_MAX;
	return 2;
}
