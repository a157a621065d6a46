/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How fast one clock runs by another, and how exactly that
 * is known.
 *
 * A reading of CLOCK_TRACE is bracketed by two of the reference clock, and of
 * many brackets the narrowest counts. So an interrupt or a preemption makes a
 * bracket useless and not the result wrong: half its width is the uncertainty.
 */
#ifndef CLOCK_TRACE_RATE_H
#define CLOCK_TRACE_RATE_H

#include "clock_trace_abi.h"

#define RATE_BRACKETS 500

/**
 * struct rate_point - the same moment on two clocks
 * @value: CLOCK_TRACE
 * @epoch: its epoch
 * @ns: the middle of the bracket on the reference clock
 * @uncertainty: how far @ns may be off, in ns
 */
struct rate_point {
	__u64 value;
	__u64 epoch;
	__u64 ns;
	__u64 uncertainty;
};

/**
 * struct rate - a measured rate
 * @ppm: deviation from the expected rate, in parts per million
 * @uncertainty: how far @ppm may be off
 */
struct rate {
	double ppm;
	double uncertainty;
};

static inline __u64 clock_ns(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return ts.tv_sec * NSEC_PER_SEC + ts.tv_nsec;
}

/**
 * rate_point_read() - read CLOCK_TRACE and a reference clock together
 * @reference: the reference clock
 * @point: the narrowest of RATE_BRACKETS brackets
 */
static inline void rate_point_read(clockid_t reference, struct rate_point *point)
{
	__u64 narrowest = UINT64_MAX, before, after;
	struct reading r;
	int i;

	for (i = 0; i < RATE_BRACKETS; i++) {
		before = clock_ns(reference);
		abi_read(&abi_vdso, CLOCK_TRACE, &r);
		after = clock_ns(reference);
		if (after - before >= narrowest)
			continue;

		narrowest = after - before;
		point->value = r.value;
		point->epoch = r.epoch;
		point->ns = before + narrowest / 2;
		/* Either end of the bracket is known to a nanosecond only. */
		point->uncertainty = narrowest / 2 + 1;
	}
}

/**
 * rate_between() - the rate of CLOCK_TRACE between two points
 * @from: the first point
 * @to: the second point
 * @frequency: expected rate in Hz
 *
 * Return: the rate, its uncertainty from the brackets alone.
 */
static inline struct rate rate_between(const struct rate_point *from,
				       const struct rate_point *to,
				       __u64 frequency)
{
	double ns = to->ns - from->ns;
	double trace_ns = (to->value - from->value) * 1e9 / frequency;

	return (struct rate) {
		.ppm = (trace_ns - ns) / ns * 1e6,
		.uncertainty = (from->uncertainty + to->uncertainty) / ns * 1e6,
	};
}

static inline double magnitude(double x)
{
	return x < 0 ? -x : x;
}

#endif /* CLOCK_TRACE_RATE_H */
