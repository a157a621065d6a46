/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How fast one clock runs by another, and how exactly that
 * is known.
 *
 * A reading of CLOCK_TRACE is bracketed by two of the reference clock, and of
 * many brackets the narrowest counts. So an interrupt or a preemption makes a
 * bracket useless and not the result wrong: half its width is the uncertainty.
 *
 * That uncertainty has a bound of its own. A rate of which less is known shows
 * nothing, so it must not be added to what a test tolerates without a limit.
 */
#ifndef CLOCK_TRACE_RATE_H
#define CLOCK_TRACE_RATE_H

#include "clock_trace_abi.h"

/* The brackets of a round, and the rounds on a machine that is never quiet. */
#define RATE_BRACKETS 500
#define RATE_ROUNDS 20
#define RATE_ROUND_PAUSE_US 5000
/* A bracket that needs no other: over 0.7 s, two of them leave 29 ppm open. */
#define RATE_NARROW_NS 20000
/* In ppm, what a rate that is judged may leave open. */
#define RATE_MAX_UNCERTAINTY 50.0

/**
 * struct rate_point - the same moment on two clocks
 * @value: the clock in question, CLOCK_TRACE unless said otherwise
 * @epoch: the epoch of CLOCK_TRACE
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
 * rate_bracket() - read a clock between two readings of another one
 * @reference: the other clock
 * @read: reads the clock, and keeps what it read in @point
 * @point: filled in from the narrowest bracket
 *
 * Ends with the round that has a narrow bracket, or with the last one.
 */
static inline void rate_bracket(clockid_t reference,
				void (*read)(struct rate_point *point),
				struct rate_point *point)
{
	__u64 narrowest = UINT64_MAX, before, after;
	struct rate_point now;
	int i;

	*point = (struct rate_point) { 0 };
	for (i = 0; i < RATE_ROUNDS * RATE_BRACKETS; i++) {
		if (i && i % RATE_BRACKETS == 0) {
			if (narrowest <= RATE_NARROW_NS)
				return;
			usleep(RATE_ROUND_PAUSE_US);
		}

		before = clock_ns(reference);
		read(&now);
		after = clock_ns(reference);
		if (after - before >= narrowest)
			continue;

		narrowest = after - before;
		*point = now;
		point->ns = before + narrowest / 2;
		/* Either end of the bracket is known to a nanosecond only. */
		point->uncertainty = narrowest / 2 + 1;
	}
}

static inline void rate_read_trace(struct rate_point *point)
{
	struct reading r;

	abi_read(&abi_vdso, CLOCK_TRACE, &r);
	point->value = r.value;
	point->epoch = r.epoch;
}

/**
 * rate_point_read() - read CLOCK_TRACE and a reference clock together
 * @reference: the reference clock
 * @point: from the narrowest of many brackets
 */
static inline void rate_point_read(clockid_t reference, struct rate_point *point)
{
	rate_bracket(reference, rate_read_trace, point);
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

/**
 * rate_expect() - expect a rate that is known well enough, and close enough
 * @_metadata: of the test, for EXPECT_LE()
 * @rate: the rate
 * @max_ppm: how far it may be off, in ppm; nothing is added to it
 */
static inline void rate_expect(struct __test_metadata *_metadata,
			       const struct rate *rate, double max_ppm)
{
	EXPECT_LE(rate->uncertainty, RATE_MAX_UNCERTAINTY)
		TH_LOG("%.3f ppm +- %.3f: the machine is too busy to tell",
		       rate->ppm, rate->uncertainty);
	EXPECT_LE(magnitude(rate->ppm), max_ppm)
		TH_LOG("%.3f ppm +- %.3f", rate->ppm, rate->uncertainty);
}

#endif /* CLOCK_TRACE_RATE_H */
