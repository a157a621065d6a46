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
/* Less than the smallest slew below, far above what brackets leave open. */
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

/* How fast CLOCK_MONOTONIC runs by CLOCK_MONOTONIC_RAW, in ppm off. */
struct slew {
	__u64 raw;
	__u64 monotonic;
};

static struct slew slew_read(void)
{
	__u64 narrowest = UINT64_MAX, before, monotonic, after;
	struct slew slew = { 0 };
	int i;

	for (i = 0; i < RATE_BRACKETS; i++) {
		before = clock_ns(CLOCK_MONOTONIC_RAW);
		monotonic = clock_ns(CLOCK_MONOTONIC);
		after = clock_ns(CLOCK_MONOTONIC_RAW);
		if (after - before >= narrowest)
			continue;
		narrowest = after - before;
		slew.raw = before + narrowest / 2;
		slew.monotonic = monotonic;
	}
	return slew;
}

static double slew_ppm(const struct slew *from, const struct slew *to)
{
	double raw = to->raw - from->raw;

	return (to->monotonic - from->monotonic - raw) / raw * 1e6;
}

static struct rate measure(struct __test_metadata *_metadata, __u64 hz,
			   double *monotonic_ppm)
{
	struct rate_point from, to;
	struct slew slew_from, slew_to;
	struct rate rate;

	slew_from = slew_read();
	rate_point_read(CLOCK_MONOTONIC_RAW, &from);
	usleep(INTERVAL_US);
	rate_point_read(CLOCK_MONOTONIC_RAW, &to);
	slew_to = slew_read();

	*monotonic_ppm = slew_ppm(&slew_from, &slew_to);
	rate = rate_between(&from, &to, hz);
	EXPECT_EQ(from.epoch, to.epoch);
	EXPECT_LE(magnitude(rate.ppm), MAX_PPM + rate.uncertainty)
		TH_LOG("%.3f ppm +- %.3f", rate.ppm, rate.uncertainty);
	return rate;
}

static void expect_unmoved_by(struct __test_metadata *_metadata, __u64 hz,
			      struct timex *first, struct timex *second)
{
	double monotonic_before, monotonic_after, bound;
	struct rate before, after;
	struct rate_point from, to;
	struct rate whole;

	before = measure(_metadata, hz, &monotonic_before);
	rate_point_read(CLOCK_MONOTONIC_RAW, &from);
	ASSERT_LE(0, adjtimex(first));
	if (second)
		ASSERT_LE(0, adjtimex(second));
	usleep(SETTLE_US);
	after = measure(_metadata, hz, &monotonic_after);
	rate_point_read(CLOCK_MONOTONIC_RAW, &to);

	TH_LOG("CLOCK_MONOTONIC %.3f ppm, then %.3f; CLOCK_TRACE %.3f, then %.3f",
	       monotonic_before, monotonic_after, before.ppm, after.ppm);
	ASSERT_LE(MIN_SLEW_PPM, magnitude(monotonic_after - monotonic_before))
		TH_LOG("the adjustment did nothing");

	bound = MAX_CHANGE_PPM + before.uncertainty + after.uncertainty;
	EXPECT_LE(magnitude(after.ppm - before.ppm), bound);

	/* A step at the adjustment would be in here. */
	whole = rate_between(&from, &to, hz);
	EXPECT_LE(magnitude(whole.ppm - before.ppm),
		  MAX_CHANGE_PPM + before.uncertainty + whole.uncertainty);
	EXPECT_EQ(from.epoch, to.epoch);
}

TEST_F(adjust, frequency_max)
{
	struct timex tx = { .modes = ADJ_FREQUENCY, .freq = 500 << 16 };

	expect_unmoved_by(_metadata, self->hz, &tx, NULL);
}

TEST_F(adjust, frequency_min)
{
	struct timex tx = { .modes = ADJ_FREQUENCY, .freq = -500 * (1 << 16) };

	expect_unmoved_by(_metadata, self->hz, &tx, NULL);
}

TEST_F(adjust, tick_max)
{
	struct timex tx = { .modes = ADJ_TICK };

	tx.tick = self->timex.tick + self->timex.tick / 10;
	expect_unmoved_by(_metadata, self->hz, &tx, NULL);
}

TEST_F(adjust, tick_min)
{
	struct timex tx = { .modes = ADJ_TICK };

	tx.tick = self->timex.tick - self->timex.tick / 10;
	expect_unmoved_by(_metadata, self->hz, &tx, NULL);
}

TEST_F(adjust, offset_by_pll)
{
	struct timex status = {
		.modes = ADJ_STATUS | ADJ_TIMECONST | ADJ_MICRO,
		.status = STA_PLL,
	};
	struct timex tx = { .modes = ADJ_OFFSET, .offset = 400000 };

	expect_unmoved_by(_metadata, self->hz, &status, &tx);
}

TEST_F(adjust, offset_singleshot)
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
	EXPECT_LE(magnitude(rate.ppm), MAX_PPM + rate.uncertainty)
		TH_LOG("%.3f ppm +- %.3f", rate.ppm, rate.uncertainty);
}

TEST_F(adjust, clock_settime_forward)
{
	expect_unmoved_by_step(_metadata, self->hz, STEP_SECONDS);
}

TEST_F(adjust, settimeofday_back)
{
	expect_unmoved_by_step(_metadata, self->hz, -STEP_SECONDS);
}

int main(int argc, char **argv)
{
	skip_without_clock();
	return test_harness_run(argc, argv);
}
