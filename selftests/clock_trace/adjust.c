// SPDX-License-Identifier: GPL-2.0
/*
 * Claim: what changes the time of day does not touch CLOCK_TRACE. While NTP
 * slews the other clocks by all means that adjtimex() has, and while the time of
 * day is set, its rate by CLOCK_MONOTONIC_RAW stays what it was, it makes no
 * step, and its epoch does not change.
 *
 * Each test shows first that the adjustment was at work: CLOCK_MONOTONIC was
 * slewed, or CLOCK_REALTIME stepped.
 */
#include <sys/time.h>
#include <sys/timex.h>

#include "clock_trace_rate.h"

#define INTERVAL_US	700000
/* The kernel applies adjustments at its next second. */
#define SETTLE_US	1200000
/* Less than the smallest slew below, whatever brackets leave open. */
#define MIN_SLEW_PPM	100.0
/* Two measurements of a rate that did not change, beyond their uncertainty. */
#define MAX_CHANGE_PPM	10.0
#define MAX_PPM		200.0
#define STEP_SECONDS	(3600 * 24 * 30)

FIXTURE(adjust) {
	struct timex timex;
	struct timespec real;
	__u64 raw;
	__u64 hz;
};

FIXTURE_SETUP(adjust)
{
	const char *why = no_counter() ?: abi_missing(&abi_vdso);
	struct reading r;

	if (why)
		SKIP(return, "%s", why);
	if (geteuid())
		SKIP(return, "needs root");

	ASSERT_EQ(0, abi_read(&abi_sys, CLOCK_TRACE_FREQ, &r));
	self->hz = r.value;
	ASSERT_LE(0, adjtimex(&self->timex));
	ASSERT_EQ(0, clock_gettime(CLOCK_REALTIME, &self->real));
	self->raw = clock_ns(CLOCK_MONOTONIC_RAW);
}

/* In the parent: also after a failed assertion or a crash. */
FIXTURE_TEARDOWN_PARENT(adjust)
{
	struct timex tx = {
		.modes = ADJ_FREQUENCY | ADJ_TICK | ADJ_STATUS |
			 ADJ_TIMECONST |
			 (self->timex.status & STA_NANO ? ADJ_NANO : ADJ_MICRO),
		.freq = self->timex.freq,
		.tick = self->timex.tick,
		.status = self->timex.status,
		.constant = self->timex.constant,
	};
	struct timex offset = { .modes = ADJ_OFFSET_SINGLESHOT };
	struct timex pll = {
		.modes = ADJ_STATUS | ADJ_OFFSET,
		.status = STA_PLL,
	};
	__u64 real;
	struct timespec ts;

	/* First end what is under way, then put the old parameters back. */
	EXPECT_LE(0, adjtimex(&offset));
	EXPECT_LE(0, adjtimex(&pll));
	EXPECT_LE(0, adjtimex(&tx));

	real = self->real.tv_sec * NSEC_PER_SEC + self->real.tv_nsec +
	       clock_ns(CLOCK_MONOTONIC_RAW) - self->raw;
	ts.tv_sec = real / NSEC_PER_SEC;
	ts.tv_nsec = real % NSEC_PER_SEC;
	EXPECT_EQ(0, clock_settime(CLOCK_REALTIME, &ts));
}

static void read_monotonic(struct rate_point *point)
{
	point->value = clock_ns(CLOCK_MONOTONIC);
	point->epoch = 0;
}

static struct rate measure(struct __test_metadata *_metadata, __u64 hz,
			   struct rate *monotonic)
{
	struct rate_point from, to, slew_from, slew_to;
	struct rate rate;

	rate_bracket(CLOCK_MONOTONIC_RAW, read_monotonic, &slew_from);
	rate_point_read(CLOCK_MONOTONIC_RAW, &from);
	usleep(INTERVAL_US);
	rate_point_read(CLOCK_MONOTONIC_RAW, &to);
	rate_bracket(CLOCK_MONOTONIC_RAW, read_monotonic, &slew_to);

	*monotonic = rate_between(&slew_from, &slew_to, NSEC_PER_SEC);
	rate = rate_between(&from, &to, hz);
	EXPECT_EQ(from.epoch, to.epoch);
	rate_expect(_metadata, &rate, MAX_PPM);
	return rate;
}

static void expect_unmoved_by(struct __test_metadata *_metadata, __u64 hz,
			      struct timex *first, struct timex *second)
{
	struct rate before, after, whole, monotonic_before, monotonic_after;
	struct rate_point from, to;
	double unknown;

	before = measure(_metadata, hz, &monotonic_before);
	rate_point_read(CLOCK_MONOTONIC_RAW, &from);
	ASSERT_LE(0, adjtimex(first));
	if (second)
		ASSERT_LE(0, adjtimex(second));
	usleep(SETTLE_US);
	after = measure(_metadata, hz, &monotonic_after);
	rate_point_read(CLOCK_MONOTONIC_RAW, &to);

	TH_LOG("CLOCK_MONOTONIC %.3f ppm, then %.3f; CLOCK_TRACE %.3f, then %.3f",
	       monotonic_before.ppm, monotonic_after.ppm, before.ppm, after.ppm);
	unknown = monotonic_before.uncertainty + monotonic_after.uncertainty;
	ASSERT_LE(MIN_SLEW_PPM + unknown,
		  magnitude(monotonic_after.ppm - monotonic_before.ppm))
		TH_LOG("no adjustment beyond +- %.3f ppm", unknown);

	/* rate_expect() has bounded what is not known of the rates. */
	unknown = before.uncertainty + after.uncertainty;
	EXPECT_LE(magnitude(after.ppm - before.ppm), MAX_CHANGE_PPM + unknown);

	/* A step at the adjustment would be in here. */
	whole = rate_between(&from, &to, hz);
	rate_expect(_metadata, &whole, MAX_PPM);
	EXPECT_LE(magnitude(whole.ppm - before.ppm),
		  MAX_CHANGE_PPM + before.uncertainty + whole.uncertainty);
	EXPECT_EQ(from.epoch, to.epoch);
}

TEST_F_TIMEOUT(adjust, frequency_max, LONG_TIMEOUT)
{
	struct timex tx = { .modes = ADJ_FREQUENCY, .freq = 500 << 16 };

	expect_unmoved_by(_metadata, self->hz, &tx, NULL);
}

TEST_F_TIMEOUT(adjust, frequency_min, LONG_TIMEOUT)
{
	struct timex tx = { .modes = ADJ_FREQUENCY, .freq = -500 * (1 << 16) };

	expect_unmoved_by(_metadata, self->hz, &tx, NULL);
}

TEST_F_TIMEOUT(adjust, tick_max, LONG_TIMEOUT)
{
	struct timex tx = { .modes = ADJ_TICK };

	tx.tick = self->timex.tick + self->timex.tick / 10;
	expect_unmoved_by(_metadata, self->hz, &tx, NULL);
}

TEST_F_TIMEOUT(adjust, tick_min, LONG_TIMEOUT)
{
	struct timex tx = { .modes = ADJ_TICK };

	tx.tick = self->timex.tick - self->timex.tick / 10;
	expect_unmoved_by(_metadata, self->hz, &tx, NULL);
}

TEST_F_TIMEOUT(adjust, offset_by_pll, LONG_TIMEOUT)
{
	struct timex status = {
		.modes = ADJ_STATUS | ADJ_TIMECONST | ADJ_MICRO,
		.status = STA_PLL,
	};
	struct timex tx = { .modes = ADJ_OFFSET, .offset = 400000 };

	expect_unmoved_by(_metadata, self->hz, &status, &tx);
}

TEST_F_TIMEOUT(adjust, offset_singleshot, LONG_TIMEOUT)
{
	struct timex tx = { .modes = ADJ_OFFSET_SINGLESHOT, .offset = 500000 };

	expect_unmoved_by(_metadata, self->hz, &tx, NULL);
}

static void expect_unmoved_by_step(struct __test_metadata *_metadata,
				   __u64 hz, int seconds)
{
	struct rate_point from, to;
	struct reading before, after;
	struct timespec ts;
	struct timeval tv;
	__u64 real;
	struct rate rate;

	rate_point_read(CLOCK_MONOTONIC_RAW, &from);
	usleep(INTERVAL_US / 2);
	real = clock_ns(CLOCK_REALTIME);
	ASSERT_EQ(0, abi_read(&abi_vdso, CLOCK_TRACE, &before));
	if (seconds > 0) {
		ASSERT_EQ(0, clock_gettime(CLOCK_REALTIME, &ts));
		ts.tv_sec += seconds;
		ASSERT_EQ(0, clock_settime(CLOCK_REALTIME, &ts));
		ASSERT_LE(real + seconds * NSEC_PER_SEC, clock_ns(CLOCK_REALTIME));
	} else {
		ASSERT_EQ(0, gettimeofday(&tv, NULL));
		tv.tv_sec += seconds;
		ASSERT_EQ(0, settimeofday(&tv, NULL));
		ASSERT_GT(real, clock_ns(CLOCK_REALTIME));
	}
	ASSERT_EQ(0, abi_read(&abi_vdso, CLOCK_TRACE, &after));
	EXPECT_LE(before.value, after.value);
	EXPECT_EQ(before.epoch, after.epoch);
	usleep(INTERVAL_US / 2);
	rate_point_read(CLOCK_MONOTONIC_RAW, &to);

	rate = rate_between(&from, &to, hz);
	EXPECT_EQ(from.epoch, to.epoch);
	rate_expect(_metadata, &rate, MAX_PPM);
}

TEST_F_TIMEOUT(adjust, clock_settime_forward, LONG_TIMEOUT)
{
	expect_unmoved_by_step(_metadata, self->hz, STEP_SECONDS);
}

TEST_F_TIMEOUT(adjust, settimeofday_back, LONG_TIMEOUT)
{
	expect_unmoved_by_step(_metadata, self->hz, -STEP_SECONDS);
}

int main(int argc, char **argv)
{
	skip_without_clock();
	return test_harness_run(argc, argv);
}
