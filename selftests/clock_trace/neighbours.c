// SPDX-License-Identifier: GPL-2.0
/*
 * Claim: the clock ids around those of CLOCK_TRACE mean what they have always
 * meant: the unused ones and those that no kernel defines are refused, CPU-time
 * ids are decoded as before, and the vDSO and the system call answer alike.
 *
 * The expected results are those of a kernel without CLOCK_TRACE, on which this
 * test runs and passes too.
 */
#include <signal.h>
#include <limits.h>

#include "clock_trace_abi.h"

/* kernel/time/posix-timers.h: the lowest three bits of a negative clock id */
#define CPUCLOCK_PROF		0
#define CPUCLOCK_SCHED		2
#define CLOCKFD			3
#define CPUCLOCK_NONE		3
#define CPUCLOCK_THREAD		4
#define NEGATIVE_ID(pid, bits)	((clockid_t)(~(unsigned int)(pid) << 3 | (bits)))

#ifndef CLOCK_AUX
#define CLOCK_AUX		16
#define CLOCK_AUX_LAST		23
#endif

/* A pid that cannot exist: PID_MAX_LIMIT is 2^22. */
#define NO_PID			0x2000000

/* What a kernel without CLOCK_TRACE answers. */
struct expectation {
	const char *name;
	clockid_t id;
	int gettime;
	int getres;
	int settime;
	int timer_create;
};

#define UNKNOWN_ID(_name, _id) {					\
	.name = (_name), .id = (_id), .gettime = -EINVAL,		\
	.getres = -EINVAL, .settime = -EINVAL, .timer_create = -EINVAL,	\
}

static const struct expectation expectations[] = {
	UNKNOWN_ID("10", 10),
	UNKNOWN_ID("12", 12),
	UNKNOWN_ID("24", 24),
	UNKNOWN_ID("31", 31),
	/* The ids modulo 32, for code that shifts a bit by the id. */
	UNKNOWN_ID("32 + CLOCK_TRACE_UNORDERED", 32 + CLOCK_TRACE_UNORDERED),
	UNKNOWN_ID("32 + CLOCK_TRACE_FREQ", 32 + CLOCK_TRACE_FREQ),
	UNKNOWN_ID("32 + CLOCK_TRACE", 32 + CLOCK_TRACE),
	UNKNOWN_ID("64 + CLOCK_TRACE", 64 + CLOCK_TRACE),
	UNKNOWN_ID("256 + CLOCK_TRACE", 256 + CLOCK_TRACE),
	UNKNOWN_ID("65536 + CLOCK_TRACE", 65536 + CLOCK_TRACE),
	UNKNOWN_ID("INT_MAX", INT_MAX),
	UNKNOWN_ID("INT_MIN", INT_MIN),
	UNKNOWN_ID("INT_MIN + CLOCK_TRACE", INT_MIN + CLOCK_TRACE),
	/* A CPU clock of a kind that there is not: CPUCLOCK_NONE + THREAD. */
	UNKNOWN_ID("-1", -1),
	UNKNOWN_ID("no such process",
		   NEGATIVE_ID(NO_PID, CPUCLOCK_SCHED)),
	UNKNOWN_ID("no such thread",
		   NEGATIVE_ID(NO_PID, CPUCLOCK_SCHED | CPUCLOCK_THREAD)),
	/* A clock of a file descriptor that is no clock. */
	{
		.name = "clock of standard input",
		.id = NEGATIVE_ID(0, CLOCKFD),
		.gettime = -EINVAL,
		.getres = -EINVAL,
		.settime = -EINVAL,
		.timer_create = -EOPNOTSUPP,
	},
	{
		.name = "own process, by negative id",
		.id = NEGATIVE_ID(0, CPUCLOCK_SCHED),
		.settime = -EPERM,
	},
	{
		.name = "own thread, by negative id",
		.id = NEGATIVE_ID(0, CPUCLOCK_SCHED | CPUCLOCK_THREAD),
		.settime = -EPERM,
	},
	{
		.name = "own process, user and system time",
		.id = NEGATIVE_ID(0, CPUCLOCK_PROF),
		.settime = -EPERM,
	},
	{
		.name = "CLOCK_TAI",
		.id = CLOCK_TAI,
		.settime = -EINVAL,
	},
};

static long raw_settime(clockid_t id)
{
	/* Zero is a time that CLOCK_REALTIME would take: never given to it. */
	__u64 ts[2] = { 0, 0 };

#if __SIZEOF_LONG__ == 8
	return RAW_SYSCALL(__NR_clock_settime, id, ts);
#else
	return RAW_SYSCALL(__NR_clock_settime64, id, ts);
#endif
}

static long raw_timer_create(clockid_t id)
{
	struct sigevent event = { .sigev_notify = SIGEV_NONE };
	int timer;
	long ret;

	ret = RAW_SYSCALL(__NR_timer_create, id, &event, &timer);
	if (!ret)
		syscall(__NR_timer_delete, timer);
	return ret;
}

static void expect_as_before(struct __test_metadata *_metadata,
			     const struct clock_abi *abi)
{
	const struct expectation *e;
	struct reading r;
	__u64 ns;
	size_t i;
	long err;

	for (i = 0; i < ARRAY_SIZE(expectations); i++) {
		e = &expectations[i];
		EXPECT_EQ(e->gettime, abi_read(abi, e->id, &r))
			TH_LOG("clock_gettime() of %s", e->name);
		if (e->gettime)
			EXPECT_EQ(UINT64_MAX, r.value)
				TH_LOG("clock_gettime() of %s wrote", e->name);
		err = abi_resolution(abi, e->id, &ns);
		if (err == NOT_IN_VDSO)
			continue;
		EXPECT_EQ(e->getres, err)
			TH_LOG("clock_getres() of %s", e->name);
	}
}

TEST(system_call)
{
	expect_as_before(_metadata, &abi_sys);
}

TEST(vdso)
{
	const char *why = abi_missing(&abi_vdso);

	if (why)
		SKIP(return, "%s", why);
	expect_as_before(_metadata, &abi_vdso);
}

#if __SIZEOF_LONG__ == 4
TEST(system_call_time32)
{
	const char *why = abi_missing(&abi_sys_time32);

	if (why)
		SKIP(return, "%s", why);
	expect_as_before(_metadata, &abi_sys_time32);
}

TEST(vdso_time32)
{
	const char *why = abi_missing(&abi_vdso_time32);

	if (why)
		SKIP(return, "%s", why);
	expect_as_before(_metadata, &abi_vdso_time32);
}
#endif

TEST(set_time)
{
	const struct expectation *e;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(expectations); i++) {
		e = &expectations[i];
		EXPECT_EQ(e->settime, raw_settime(e->id))
			TH_LOG("clock_settime() of %s", e->name);
	}
}

TEST(create_timer)
{
	const struct expectation *e;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(expectations); i++) {
		e = &expectations[i];
		EXPECT_EQ(e->timer_create, raw_timer_create(e->id))
			TH_LOG("timer_create() of %s", e->name);
	}
}

/* They are off until an administrator turns them on: either way, one answer. */
TEST(auxiliary_clocks)
{
	const char *why = abi_missing(&abi_vdso);
	struct reading by_vdso, by_syscall;
	__u64 ns;
	clockid_t id;
	long err;

	if (why)
		SKIP(return, "%s", why);
	if (abi_read(&abi_sys, CLOCK_AUX, &by_syscall) == -EINVAL)
		SKIP(return, "no auxiliary clocks (CONFIG_POSIX_AUX_CLOCKS)");

	for (id = CLOCK_AUX; id <= CLOCK_AUX_LAST; id++) {
		err = abi_read(&abi_sys, id, &by_syscall);
		EXPECT_TRUE(!err || err == -ENODEV)
			TH_LOG("clock %d: error %ld", id, err);
		EXPECT_EQ(err, abi_read(&abi_vdso, id, &by_vdso));
		EXPECT_EQ(0, abi_resolution(&abi_sys, id, &ns));
		EXPECT_EQ(1U, ns);
		EXPECT_EQ(-EOPNOTSUPP, raw_timer_create(id));
	}
}

/* Without skip_without_clock(): see above. */
TEST_HARNESS_MAIN
