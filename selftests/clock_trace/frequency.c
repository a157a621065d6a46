// SPDX-License-Identifier: GPL-2.0
/*
 * Claim: CLOCK_TRACE runs at the frequency that CLOCK_TRACE_FREQ names. By
 * CLOCK_MONOTONIC_RAW, which NTP does not touch, it is right within 200 ppm; it
 * is the same in the vDSO, the system call and sysfs; within an epoch it never
 * changes; and the resolution is one tick, rounded up to a nanosecond.
 */
#include "clock_trace_rate.h"

#define MAX_PPM		200.0
#define INTERVALS	4
#define INTERVAL_US	1000000

FIXTURE(frequency) {
	__u64 hz;
	__u64 epoch;
};

FIXTURE_SETUP(frequency)
{
	const char *why = abi_missing(&abi_vdso);
	struct reading r;

	if (why)
		SKIP(return, "%s", why);
	ASSERT_EQ(0, abi_read(&abi_sys, CLOCK_TRACE_FREQ, &r));
	ASSERT_NE(0U, r.value);
	self->hz = r.value;
	self->epoch = r.epoch;
}

FIXTURE_TEARDOWN(frequency)
{
}

static void expect_rate(struct __test_metadata *_metadata,
			const struct rate_point *from,
			const struct rate_point *to, __u64 hz)
{
	struct rate rate = rate_between(from, to, hz);

	TH_LOG("%.3f ppm +- %.3f off %llu Hz over %.1f s", rate.ppm,
	       rate.uncertainty, hz, (to->ns - from->ns) / 1e9);
	EXPECT_EQ(from->epoch, to->epoch);
	rate_expect(_metadata, &rate, MAX_PPM);
}

TEST_F_TIMEOUT(frequency, within_200_ppm_of_monotonic_raw, LONG_TIMEOUT)
{
	struct rate_point point[INTERVALS + 1];
	const char *why = no_counter();
	int i;

	if (why)
		SKIP(return, "%s", why);

	rate_point_read(CLOCK_MONOTONIC_RAW, &point[0]);
	EXPECT_EQ(self->epoch, point[0].epoch);
	for (i = 1; i <= INTERVALS; i++) {
		usleep(INTERVAL_US);
		rate_point_read(CLOCK_MONOTONIC_RAW, &point[i]);
		expect_rate(_metadata, &point[i - 1], &point[i], self->hz);
	}
	expect_rate(_metadata, &point[0], &point[INTERVALS], self->hz);
}

TEST_F_TIMEOUT(frequency, constant_in_an_epoch, LONG_TIMEOUT)
{
	struct reading r;
	int i;

	for (i = 0; i < 100; i++) {
		ASSERT_EQ(0, abi_read(i % 2 ? &abi_sys : &abi_vdso,
				      CLOCK_TRACE_FREQ, &r));
		ASSERT_EQ(self->epoch, r.epoch);
		ASSERT_EQ(self->hz, r.value);
		usleep(10000);
	}
}

TEST_F(frequency, same_in_vdso_syscall_and_sysfs)
{
	struct reading r;
	__u64 sysfs;

	ASSERT_EQ(0, abi_read(&abi_vdso, CLOCK_TRACE_FREQ, &r));
	EXPECT_EQ(self->hz, r.value);
	ASSERT_EQ(0, sysfs_u64("frequency", &sysfs));
	EXPECT_EQ(self->hz, sysfs);
}

TEST_F(frequency, resolution_is_a_tick_rounded_up)
{
	__u64 ns, tick = (NSEC_PER_SEC + self->hz - 1) / self->hz;

	ASSERT_EQ(0, abi_resolution(&abi_sys, CLOCK_TRACE, &ns));
	EXPECT_EQ(tick, ns);
	ASSERT_EQ(0, abi_resolution(&abi_sys, CLOCK_TRACE_UNORDERED, &ns));
	EXPECT_EQ(tick, ns);
}

TEST_F(frequency, sysfs_names_the_source)
{
	const char *why = no_counter();
	char source[32], reason[128];

	if (why)
		SKIP(return, "%s", why);

	ASSERT_EQ(0, read_text(CLOCK_TRACE_SYSFS "source", source,
			       sizeof(source)));
	EXPECT_STRNE("", source);
	EXPECT_STRNE("monotonic", source);
	ASSERT_EQ(0, read_text(CLOCK_TRACE_SYSFS "reason", reason,
			       sizeof(reason)));
	EXPECT_STREQ("", reason);
}

int main(int argc, char **argv)
{
	skip_without_clock();
	return test_harness_run(argc, argv);
}
