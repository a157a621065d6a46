// SPDX-License-Identifier: GPL-2.0
/*
 * Claim: PR_SET_TSC treats CLOCK_TRACE as it treats the other clocks of the vDSO.
 * With PR_TSC_SIGSEGV, a reading by the vDSO is a fault where the vDSO reads the
 * counter, just as CLOCK_MONOTONIC is on the clocksource of the same name, in the
 * process and its children; the system call goes on to work; PR_TSC_ENABLE brings
 * all back.
 */
#include <signal.h>
#include <sys/prctl.h>

#include "clock_trace_abi.h"

#define FAULTED	99

FIXTURE(tsc) {
	struct reading before;
	char source[32];
};

FIXTURE_SETUP(tsc)
{
	const char *why = no_counter() ?: abi_missing(&abi_vdso);
	int mode;

	if (why)
		SKIP(return, "%s", why);
	if (prctl(PR_GET_TSC, &mode))
		SKIP(return, "no PR_SET_TSC on this architecture");
	ASSERT_EQ(0, read_text(CLOCK_TRACE_SYSFS "source", self->source,
			       sizeof(self->source)));
	if (strcmp(self->source, "tsc") && strcmp(self->source, "arch_sys_counter"))
		SKIP(return, "PR_SET_TSC is not for the counter %s", self->source);
	ASSERT_EQ(PR_TSC_ENABLE, mode);

	ASSERT_EQ(0, abi_read(&abi_sys, CLOCK_TRACE, &self->before));
}

FIXTURE_TEARDOWN(tsc)
{
}

/* A handler, as the kernel would log a fault that nobody handles. */
static void exit_by_fault(int sig)
{
	(void)sig;
	_exit(FAULTED);
}

/* How a child ends that reads a clock, after it has forbidden itself the TSC. */
static int exit_code(const struct clock_abi *abi, clockid_t id, bool forbid)
{
	__u64 *ts = answer_buffer();
	int status = -1;
	pid_t pid;

	pid = fork();
	if (!pid) {
		signal(SIGSEGV, exit_by_fault);
		if (forbid && prctl(PR_SET_TSC, PR_TSC_SIGSEGV))
			_exit(1);
		_exit(abi->gettime(id, ts) ? 2 : 0);
	}
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST_F(tsc, vdso_faults)
{
	EXPECT_EQ(FAULTED, exit_code(&abi_vdso, CLOCK_TRACE, true));
	EXPECT_EQ(FAULTED, exit_code(&abi_vdso, CLOCK_TRACE_UNORDERED, true));
}

#if __SIZEOF_LONG__ == 4
TEST_F(tsc, vdso_time32_faults)
{
	const char *why = abi_missing(&abi_vdso_time32);

	if (why)
		SKIP(return, "%s", why);
	EXPECT_EQ(FAULTED, exit_code(&abi_vdso_time32, CLOCK_TRACE, true));
	EXPECT_EQ(FAULTED, exit_code(&abi_vdso_time32, CLOCK_TRACE_UNORDERED,
				     true));
}
#endif

TEST_F(tsc, vdso_is_as_clock_monotonic)
{
	char source[32];

	ASSERT_EQ(0, read_text("/sys/devices/system/clocksource/clocksource0/current_clocksource",
			       source, sizeof(source)));
	if (strcmp(source, self->source))
		SKIP(return, "the clocksource is not %s but %s", self->source, source);
	EXPECT_EQ(exit_code(&abi_vdso, CLOCK_MONOTONIC, true),
		  exit_code(&abi_vdso, CLOCK_TRACE, true));
}

/* The frequency needs no TSC. */
TEST_F(tsc, frequency_is_readable)
{
	EXPECT_EQ(0, exit_code(&abi_vdso, CLOCK_TRACE_FREQ, true));
}

TEST_F(tsc, system_call_works)
{
	EXPECT_EQ(0, exit_code(&abi_sys, CLOCK_TRACE, true));
	EXPECT_EQ(0, exit_code(&abi_sys, CLOCK_TRACE_UNORDERED, true));
	EXPECT_EQ(0, exit_code(&abi_sys, CLOCK_TRACE_FREQ, true));
}

TEST_F(tsc, enable_restores)
{
	struct reading forbidden, allowed;

	ASSERT_EQ(0, prctl(PR_SET_TSC, PR_TSC_SIGSEGV));
	ASSERT_EQ(0, abi_read(&abi_sys, CLOCK_TRACE, &forbidden));
	ASSERT_EQ(0, prctl(PR_SET_TSC, PR_TSC_ENABLE));
	ASSERT_EQ(0, abi_read(&abi_vdso, CLOCK_TRACE, &allowed));

	EXPECT_LE(self->before.value, forbidden.value);
	EXPECT_LE(forbidden.value, allowed.value);
	EXPECT_EQ(self->before.epoch, forbidden.epoch);
	EXPECT_EQ(self->before.epoch, allowed.epoch);
}

TEST_F(tsc, child_inherits)
{
	ASSERT_EQ(0, prctl(PR_SET_TSC, PR_TSC_SIGSEGV));
	EXPECT_EQ(FAULTED, exit_code(&abi_vdso, CLOCK_TRACE, false));
	EXPECT_EQ(0, exit_code(&abi_sys, CLOCK_TRACE, false));
}

int main(int argc, char **argv)
{
	skip_without_clock();
	return test_harness_run(argc, argv);
}
