// SPDX-License-Identifier: GPL-2.0
/*
 * Claim: whichever way a program asks, it gets the same clock. For every ABI
 * of clock_gettime() that a 64-bit or a 32-bit program has:
 * - a reading lies between two readings by another ABI around it, in both
 *   directions, with the same epoch;
 * - the frequency and the resolution are the same;
 * - the epoch is 1..999999999, and the whole structure is written and nothing
 *   after it;
 * - the clocks that were there before still agree with each other.
 */
#include <sys/time.h>

#include "clock_trace_abi.h"

#define ROUNDS 2000

static const clockid_t trace_clocks[] = {
	CLOCK_TRACE_UNORDERED, CLOCK_TRACE_FREQ, CLOCK_TRACE,
};

static const clockid_t other_clocks[] = {
	CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_MONOTONIC_RAW,
	CLOCK_REALTIME_COARSE, CLOCK_MONOTONIC_COARSE, CLOCK_BOOTTIME,
	CLOCK_TAI, CLOCK_PROCESS_CPUTIME_ID, CLOCK_THREAD_CPUTIME_ID,
};

FIXTURE(pair) {
};

FIXTURE_VARIANT(pair) {
	const struct clock_abi *a;
	const struct clock_abi *b;
};

FIXTURE_VARIANT_ADD(pair, vdso_syscall) {
	.a = &abi_vdso, .b = &abi_sys,
};

#ifdef __x86_64__
FIXTURE_VARIANT_ADD(pair, vdso_x32) {
	.a = &abi_vdso, .b = &abi_x32,
};

FIXTURE_VARIANT_ADD(pair, vdso_int80) {
	.a = &abi_vdso, .b = &abi_int80,
};

FIXTURE_VARIANT_ADD(pair, vdso_int80_time32) {
	.a = &abi_vdso, .b = &abi_int80_time32,
};
#endif

#if __SIZEOF_LONG__ == 4
FIXTURE_VARIANT_ADD(pair, vdso_syscall_time32) {
	.a = &abi_vdso, .b = &abi_sys_time32,
};

FIXTURE_VARIANT_ADD(pair, vdso_time32_syscall) {
	.a = &abi_vdso_time32, .b = &abi_sys,
};

FIXTURE_VARIANT_ADD(pair, vdso_time32_syscall_time32) {
	.a = &abi_vdso_time32, .b = &abi_sys_time32,
};

FIXTURE_VARIANT_ADD(pair, vdso_vdso_time32) {
	.a = &abi_vdso, .b = &abi_vdso_time32,
};
#endif

FIXTURE_SETUP(pair)
{
	const char *why = abi_missing(variant->a) ?: abi_missing(variant->b);

	if (why)
		SKIP(return, "%s", why);
}

FIXTURE_TEARDOWN(pair)
{
}

static bool same_epoch(const struct clock_abi *a, const struct reading *ra,
		       const struct clock_abi *b, const struct reading *rb)
{
	return a->size != 16 || b->size != 16 || ra->epoch == rb->epoch;
}

static void expect_between(struct __test_metadata *_metadata, clockid_t id,
			   const struct clock_abi *outer,
			   const struct clock_abi *inner)
{
	struct reading before, between, after;
	int i;

	for (i = 0; i < ROUNDS; i++) {
		read_fence();
		ASSERT_EQ(0, abi_read(outer, id, &before));
		read_fence();
		ASSERT_EQ(0, abi_read(inner, id, &between));
		read_fence();
		ASSERT_EQ(0, abi_read(outer, id, &after));

		ASSERT_LE(before.value, between.value)
			TH_LOG("%s inside %s", inner->name, outer->name);
		ASSERT_LE(between.value, after.value)
			TH_LOG("%s inside %s", inner->name, outer->name);
		ASSERT_EQ(before.epoch, after.epoch);
		ASSERT_TRUE(same_epoch(outer, &before, inner, &between))
			TH_LOG("%s inside %s: epoch %llu, %llu",
			       inner->name, outer->name, between.epoch,
			       before.epoch);
	}
}

TEST_F(pair, trace_between)
{
	expect_between(_metadata, CLOCK_TRACE, variant->a, variant->b);
	expect_between(_metadata, CLOCK_TRACE, variant->b, variant->a);
}

TEST_F(pair, unordered_between)
{
	expect_between(_metadata, CLOCK_TRACE_UNORDERED, variant->a, variant->b);
	expect_between(_metadata, CLOCK_TRACE_UNORDERED, variant->b, variant->a);
}

/* Both ids read one counter: with fences, they cannot be told apart. */
TEST_F(pair, ordered_and_unordered_are_one_counter)
{
	struct reading before, between, after;
	int i;

	for (i = 0; i < ROUNDS; i++) {
		ASSERT_EQ(0, abi_read(variant->a, CLOCK_TRACE, &before));
		read_fence();
		ASSERT_EQ(0, abi_read(variant->b, CLOCK_TRACE_UNORDERED, &between));
		read_fence();
		ASSERT_EQ(0, abi_read(variant->a, CLOCK_TRACE, &after));

		ASSERT_LE(before.value, between.value);
		ASSERT_LE(between.value, after.value);
	}
}

TEST_F(pair, frequency_equal)
{
	struct reading a, b;

	ASSERT_EQ(0, abi_read(variant->a, CLOCK_TRACE_FREQ, &a));
	ASSERT_EQ(0, abi_read(variant->b, CLOCK_TRACE_FREQ, &b));
	EXPECT_EQ(a.value, b.value);
	EXPECT_TRUE(same_epoch(variant->a, &a, variant->b, &b));
	EXPECT_NE(0U, a.value);
}

TEST_F(pair, resolution_equal)
{
	__u64 a, b;
	size_t i;
	long err;

	for (i = 0; i < ARRAY_SIZE(trace_clocks); i++) {
		err = abi_resolution(variant->a, trace_clocks[i], &a);
		if (err == NOT_IN_VDSO)
			SKIP(return, "%s has no clock_getres()", variant->a->name);
		ASSERT_EQ(0, err);
		err = abi_resolution(variant->b, trace_clocks[i], &b);
		if (err == NOT_IN_VDSO)
			SKIP(return, "%s has no clock_getres()", variant->b->name);
		ASSERT_EQ(0, err);
		EXPECT_EQ(a, b);
	}
}

static __u64 other_clock_ns(struct __test_metadata *_metadata,
			    const struct clock_abi *abi, clockid_t id)
{
	__u64 *ts = answer_buffer();
	__u32 *ts32 = (__u32 *)ts;

	ASSERT_EQ(0, abi->gettime(id, ts));
	if (abi->size == 16)
		return ts[0] * NSEC_PER_SEC + ts[1];
	return ts32[0] * NSEC_PER_SEC + ts32[1];
}

TEST_F(pair, other_clocks_between)
{
	__u64 before, between, after;
	size_t i;
	int j;

	for (i = 0; i < ARRAY_SIZE(other_clocks); i++) {
		for (j = 0; j < ROUNDS / 10; j++) {
			before = other_clock_ns(_metadata, variant->a,
						other_clocks[i]);
			between = other_clock_ns(_metadata, variant->b,
						 other_clocks[i]);
			after = other_clock_ns(_metadata, variant->a,
					       other_clocks[i]);
			ASSERT_LE(before, between)
				TH_LOG("clock %d", other_clocks[i]);
			ASSERT_LE(between, after)
				TH_LOG("clock %d", other_clocks[i]);
		}
	}
}

FIXTURE(abi) {
};

FIXTURE_VARIANT(abi) {
	const struct clock_abi *abi;
};

FIXTURE_VARIANT_ADD(abi, vdso) {
	.abi = &abi_vdso,
};

FIXTURE_VARIANT_ADD(abi, syscall) {
	.abi = &abi_sys,
};

#ifdef __x86_64__
FIXTURE_VARIANT_ADD(abi, x32) {
	.abi = &abi_x32,
};

FIXTURE_VARIANT_ADD(abi, int80) {
	.abi = &abi_int80,
};

FIXTURE_VARIANT_ADD(abi, int80_time32) {
	.abi = &abi_int80_time32,
};
#endif

#if __SIZEOF_LONG__ == 4
FIXTURE_VARIANT_ADD(abi, vdso_time32) {
	.abi = &abi_vdso_time32,
};

FIXTURE_VARIANT_ADD(abi, syscall_time32) {
	.abi = &abi_sys_time32,
};
#endif

FIXTURE_SETUP(abi)
{
	const char *why = abi_missing(variant->abi);

	if (why)
		SKIP(return, "%s", why);
}

FIXTURE_TEARDOWN(abi)
{
}

/* Two backgrounds: a byte that keeps both of them was not written. */
TEST_F(abi, writes_the_structure_and_nothing_after)
{
	size_t size = variant->abi->size, total = size + 16, i, byte;
	unsigned char *buf = (unsigned char *)answer_buffer();

	for (i = 0; i < ARRAY_SIZE(trace_clocks); i++) {
		unsigned char zeroes[32], ones[32];

		memset(buf, 0, total);
		ASSERT_EQ(0, variant->abi->gettime(trace_clocks[i], buf));
		memcpy(zeroes, buf, total);
		memset(buf, 0xff, total);
		ASSERT_EQ(0, variant->abi->gettime(trace_clocks[i], buf));
		memcpy(ones, buf, total);

		for (byte = 0; byte < size; byte++) {
			EXPECT_FALSE(zeroes[byte] == 0 && ones[byte] == 0xff)
				TH_LOG("clock %d: byte %zu not written",
				       trace_clocks[i], byte);
		}
		for (byte = size; byte < total; byte++) {
			EXPECT_TRUE(zeroes[byte] == 0 && ones[byte] == 0xff)
				TH_LOG("clock %d: byte %zu overwritten",
				       trace_clocks[i], byte);
		}
	}
}

TEST_F(abi, resolution_is_below_a_second)
{
	__u64 ns;
	size_t i;
	long err;

	for (i = 0; i < ARRAY_SIZE(trace_clocks); i++) {
		err = abi_resolution(variant->abi, trace_clocks[i], &ns);
		if (err == NOT_IN_VDSO)
			SKIP(return, "%s has no clock_getres()",
			     variant->abi->name);
		ASSERT_EQ(0, err);
		EXPECT_LE(1U, ns);
		EXPECT_GT(NSEC_PER_SEC, ns);
	}
}

/* The ABIs whose nanoseconds have room for the epoch. */
FIXTURE(epoch) {
};

FIXTURE_VARIANT(epoch) {
	const struct clock_abi *abi;
};

FIXTURE_VARIANT_ADD(epoch, vdso) {
	.abi = &abi_vdso,
};

FIXTURE_VARIANT_ADD(epoch, syscall) {
	.abi = &abi_sys,
};

#ifdef __x86_64__
FIXTURE_VARIANT_ADD(epoch, x32) {
	.abi = &abi_x32,
};

FIXTURE_VARIANT_ADD(epoch, int80) {
	.abi = &abi_int80,
};
#endif

FIXTURE_SETUP(epoch)
{
	const char *why = abi_missing(variant->abi);

	if (why)
		SKIP(return, "%s", why);
}

FIXTURE_TEARDOWN(epoch)
{
}

TEST_F(epoch, in_range_and_as_in_sysfs)
{
	struct reading r;
	__u64 sysfs;
	size_t i;

	ASSERT_EQ(0, sysfs_u64("epoch", &sysfs));
	for (i = 0; i < ARRAY_SIZE(trace_clocks); i++) {
		ASSERT_EQ(0, abi_read(variant->abi, trace_clocks[i], &r));
		EXPECT_LE(1U, r.epoch);
		EXPECT_GE(EPOCH_MAX, r.epoch);
		EXPECT_EQ(sysfs, r.epoch);
	}
}

#if __SIZEOF_LONG__ == 8
/* What programs call: the C library's function with 64-bit seconds. */
TEST(libc_between_system_calls)
{
	struct reading before, after;
	struct timespec ts;

	ASSERT_EQ(0, abi_read(&abi_sys, CLOCK_TRACE, &before));
	ASSERT_EQ(0, clock_gettime(CLOCK_TRACE, &ts));
	ASSERT_EQ(0, abi_read(&abi_sys, CLOCK_TRACE, &after));
	EXPECT_LE(before.value, (__u64)ts.tv_sec);
	EXPECT_GE(after.value, (__u64)ts.tv_sec);
	EXPECT_EQ(before.epoch, (__u64)ts.tv_nsec);
}
#endif

/* time() gives the second of the last tick, so it may lag by one. */
TEST(time_and_gettimeofday_unaffected)
{
	struct timespec before, after;
	struct timeval tv;
	time_t now;
	int i;

	for (i = 0; i < ROUNDS; i++) {
		ASSERT_EQ(0, clock_gettime(CLOCK_REALTIME, &before));
		ASSERT_EQ(0, gettimeofday(&tv, NULL));
		now = time(NULL);
		ASSERT_EQ(0, clock_gettime(CLOCK_REALTIME, &after));

		ASSERT_LE(before.tv_sec - 1, now);
		ASSERT_GE(after.tv_sec, now);
		ASSERT_LE(before.tv_sec * 1000000LL + before.tv_nsec / 1000,
			  tv.tv_sec * 1000000LL + tv.tv_usec);
		ASSERT_GE(after.tv_sec * 1000000LL + after.tv_nsec / 1000,
			  tv.tv_sec * 1000000LL + tv.tv_usec);
	}
}

int main(int argc, char **argv)
{
	skip_without_clock();
	return test_harness_run(argc, argv);
}
