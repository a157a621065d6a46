// SPDX-License-Identifier: GPL-2.0
/*
 * Claim: CLOCK_TRACE can be read and nothing else. Setting it, adjusting it,
 * sleeping on it, a timer, a timerfd and a futex timeout each give their
 * documented error, the same that CLOCK_MONOTONIC_RAW gives for that call, to
 * root and to others, in each system call ABI; and none of them has an effect.
 */
#include <linux/futex.h>
#include <sys/timerfd.h>

#include "clock_trace_abi.h"

#define NOBODY 65534

/* For C libraries that are older than these system calls. */
#ifndef __NR_futex_waitv
#define __NR_futex_waitv	449
#endif
#ifndef __NR_futex_wait
#define __NR_futex_wait		455
#endif

static const clockid_t trace_clocks[] = {
	CLOCK_TRACE_UNORDERED, CLOCK_TRACE_FREQ, CLOCK_TRACE,
};

/**
 * struct clock_calls - the system calls of one ABI that take a clock id
 * @missing: NULL if the ABI exists here, else why it does not
 */
struct clock_calls {
	long settime;
	long adjtime;
	long nanosleep;
	long timer_create;
	long timerfd_create;
	const char *(*missing)(void);
};

#if __SIZEOF_LONG__ == 8
static const struct clock_calls native_calls = {
	.settime = __NR_clock_settime,
	.adjtime = __NR_clock_adjtime,
	.nanosleep = __NR_clock_nanosleep,
	.timer_create = __NR_timer_create,
	.timerfd_create = __NR_timerfd_create,
};
#else
static const struct clock_calls native_calls = {
	.settime = __NR_clock_settime64,
	.adjtime = __NR_clock_adjtime64,
	.nanosleep = __NR_clock_nanosleep_time64,
	.timer_create = __NR_timer_create,
	.timerfd_create = __NR_timerfd_create,
};

static const struct clock_calls time32_calls = {
	.settime = __NR_clock_settime,
	.adjtime = __NR_clock_adjtime,
	.nanosleep = __NR_clock_nanosleep,
	.timer_create = __NR_timer_create,
	.timerfd_create = __NR_timerfd_create,
	.missing = sys_time32_missing,
};
#endif

#ifdef __x86_64__
static const struct clock_calls x32_calls = {
	.settime = __X32_SYSCALL_BIT | __NR_clock_settime,
	.adjtime = __X32_SYSCALL_BIT | __NR_clock_adjtime,
	.nanosleep = __X32_SYSCALL_BIT | __NR_clock_nanosleep,
	/* One of the calls that x32 does not share with x86-64. */
	.timer_create = __X32_SYSCALL_BIT | 526,
	.timerfd_create = __X32_SYSCALL_BIT | __NR_timerfd_create,
	.missing = x32_missing,
};
#endif

FIXTURE(forbidden) {
	struct reading before;
	/* Enough for the largest structure of these calls, all zero. */
	void *zeroes;
};

FIXTURE_VARIANT(forbidden) {
	const struct clock_calls *calls;
	bool root;
};

FIXTURE_VARIANT_ADD(forbidden, native_root) {
	.calls = &native_calls, .root = true,
};

FIXTURE_VARIANT_ADD(forbidden, native_nobody) {
	.calls = &native_calls,
};

#ifdef __x86_64__
FIXTURE_VARIANT_ADD(forbidden, x32_root) {
	.calls = &x32_calls, .root = true,
};

FIXTURE_VARIANT_ADD(forbidden, x32_nobody) {
	.calls = &x32_calls,
};
#endif

#if __SIZEOF_LONG__ == 4
FIXTURE_VARIANT_ADD(forbidden, time32_root) {
	.calls = &time32_calls, .root = true,
};

FIXTURE_VARIANT_ADD(forbidden, time32_nobody) {
	.calls = &time32_calls,
};
#endif

FIXTURE_SETUP(forbidden)
{
	const char *why = variant->calls->missing ? variant->calls->missing() :
						    NULL;

	if (why)
		SKIP(return, "%s", why);
	if (variant->root && geteuid())
		SKIP(return, "needs root");
	if (!variant->root && !geteuid()) {
		ASSERT_EQ(0, setresgid(NOBODY, NOBODY, NOBODY));
		ASSERT_EQ(0, setresuid(NOBODY, NOBODY, NOBODY));
	}

	self->zeroes = map_low(getpagesize());
	ASSERT_FALSE(self->zeroes == MAP_FAILED);
	ASSERT_EQ(0, abi_read(&abi_sys, CLOCK_TRACE, &self->before));
}

/* The clock ran on, on the line on which it was. */
FIXTURE_TEARDOWN(forbidden)
{
	struct reading after;

	EXPECT_EQ(0, abi_read(&abi_sys, CLOCK_TRACE, &after));
	EXPECT_LE(self->before.value, after.value);
	EXPECT_EQ(self->before.epoch, after.epoch);
}

/* The system call @nr takes the clock id first, and then @x, @y and @z. */
static void expect_forbidden(struct __test_metadata *_metadata, int error,
			     long nr, long x, const void *y, const void *z)
{
	size_t i;

	EXPECT_EQ(-error, RAW_SYSCALL(nr, CLOCK_MONOTONIC_RAW, x, y, z))
		TH_LOG("CLOCK_MONOTONIC_RAW");
	for (i = 0; i < ARRAY_SIZE(trace_clocks); i++) {
		EXPECT_EQ(-error, RAW_SYSCALL(nr, trace_clocks[i], x, y, z))
			TH_LOG("clock %d", trace_clocks[i]);
	}
}

TEST_F(forbidden, settime)
{
	long nr = variant->calls->settime, ts = (long)self->zeroes;

	expect_forbidden(_metadata, EINVAL, nr, ts, NULL, NULL);
	expect_forbidden(_metadata, EINVAL, nr, 0, NULL, NULL);
}

TEST_F(forbidden, adjtime)
{
	long nr = variant->calls->adjtime, timex = (long)self->zeroes;

	expect_forbidden(_metadata, EOPNOTSUPP, nr, timex, NULL, NULL);
	expect_forbidden(_metadata, EFAULT, nr, 0, NULL, NULL);
}

TEST_F(forbidden, nanosleep)
{
	long nr = variant->calls->nanosleep;

	expect_forbidden(_metadata, EOPNOTSUPP, nr, 0, self->zeroes, NULL);
	expect_forbidden(_metadata, EOPNOTSUPP, nr, 0, NULL, NULL);
}

TEST_F(forbidden, nanosleep_absolute)
{
	long nr = variant->calls->nanosleep;

	expect_forbidden(_metadata, EOPNOTSUPP, nr, TIMER_ABSTIME, self->zeroes,
			 NULL);
}

TEST_F(forbidden, timer_create)
{
	long nr = variant->calls->timer_create;
	int *timer = self->zeroes;

	*timer = -1;
	expect_forbidden(_metadata, EOPNOTSUPP, nr, 0, timer, NULL);
	expect_forbidden(_metadata, EOPNOTSUPP, nr, 0, NULL, NULL);
	EXPECT_EQ(-1, *timer);
}

TEST_F(forbidden, timerfd_create)
{
	long nr = variant->calls->timerfd_create;

	expect_forbidden(_metadata, EINVAL, nr, 0, NULL, NULL);
	expect_forbidden(_metadata, EINVAL, nr, TFD_NONBLOCK | TFD_CLOEXEC, NULL,
			 NULL);
}

/* The calls of futex2, with a timeout that is over at once. */
static long futex_waitv(__u32 *futex, clockid_t id)
{
	struct futex_waitv waiter = {
		.uaddr = (uintptr_t)futex,
		.flags = FUTEX_32 | FUTEX_PRIVATE_FLAG,
	};
	__u64 timeout[2] = { 0, 0 };

	return RAW_SYSCALL(__NR_futex_waitv, &waiter, 1, 0, timeout, id);
}

static long futex_wait(__u32 *futex, clockid_t id)
{
	__u64 timeout[2] = { 0, 0 };

	return RAW_SYSCALL(__NR_futex_wait, futex, 0L, 0xffffffffUL,
			   (long)(FUTEX_32 | FUTEX_PRIVATE_FLAG), timeout, id);
}

static void expect_no_futex_clock(struct __test_metadata *_metadata,
				  long (*wait)(__u32 *futex, clockid_t id))
{
	__u32 futex = 0;
	size_t i;

	/* The futex has the value that is waited for: only the clock is wrong. */
	EXPECT_EQ(-EINVAL, wait(&futex, CLOCK_MONOTONIC_RAW));
	for (i = 0; i < ARRAY_SIZE(trace_clocks); i++) {
		EXPECT_EQ(-EINVAL, wait(&futex, trace_clocks[i]))
			TH_LOG("clock %d", trace_clocks[i]);
	}
}

TEST_F(forbidden, futex_waitv)
{
	__u32 futex = 0;

	if (futex_waitv(&futex, CLOCK_MONOTONIC) != -ETIMEDOUT)
		SKIP(return, "no futex_waitv() before Linux 5.16");
	expect_no_futex_clock(_metadata, futex_waitv);
}

TEST_F(forbidden, futex_wait)
{
	__u32 futex = 0;

	if (futex_wait(&futex, CLOCK_MONOTONIC) != -ETIMEDOUT)
		SKIP(return, "no futex_wait() before Linux 6.7");
	expect_no_futex_clock(_metadata, futex_wait);
}

int main(int argc, char **argv)
{
	skip_without_clock();
	return test_harness_run(argc, argv);
}
