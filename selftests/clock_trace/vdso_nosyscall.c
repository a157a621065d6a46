// SPDX-License-Identifier: GPL-2.0
/*
 * Claim: while the counter is trusted, reading CLOCK_TRACE by the vDSO enters the
 * kernel not once. A tracer counts the system calls of a child that reads. It
 * counts two more children, to show that it would notice: one makes the system
 * call itself, for the other the vDSO makes it.
 */
#include <signal.h>
#include <sys/ptrace.h>

#include "clock_trace_abi.h"

#define READS 300

FIXTURE(nosyscall) {
};

FIXTURE_VARIANT(nosyscall) {
	const struct clock_abi *abi;
};

FIXTURE_VARIANT_ADD(nosyscall, vdso) {
	.abi = &abi_vdso,
};

#if __SIZEOF_LONG__ == 4
FIXTURE_VARIANT_ADD(nosyscall, vdso_time32) {
	.abi = &abi_vdso_time32,
};
#endif

FIXTURE_SETUP(nosyscall)
{
	const char *why = no_counter() ?: abi_missing(variant->abi);
	struct reading r;

	if (why)
		SKIP(return, "%s", why);
	/* The first use of a counter may have to enable it in the kernel. */
	ASSERT_EQ(0, abi_read(&abi_sys, CLOCK_TRACE, &r));
}

FIXTURE_TEARDOWN(nosyscall)
{
}

/* What the child does: READS good readings between its stop and its exit. */
static int read_traced(const struct clock_abi *abi, clockid_t id, __u64 *ts)
{
	__u64 last = 0;
	int i;

	if (ptrace(PTRACE_TRACEME, 0, NULL, NULL))
		return 1;
	kill(getpid(), SIGSTOP);
	for (i = 0; i < READS; i++) {
		if (abi->gettime(id, ts))
			return 2;
		/* Seconds and nanoseconds in 8 bytes do not compare as a number. */
		if (id != CLOCK_PROCESS_CPUTIME_ID && ts[0] < last)
			return 3;
		last = ts[0];
	}
	return 0;
}

/* The number of system calls in READS readings. */
static int system_calls(struct __test_metadata *_metadata,
			const struct clock_abi *abi, clockid_t id)
{
	/* Maps its memory before anything is counted. */
	__u64 *ts = answer_buffer();
	int status, stops = 0;
	pid_t pid;

	pid = fork();
	if (!pid)
		_exit(read_traced(abi, id, ts));
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	ASSERT_TRUE(WIFSTOPPED(status) && WSTOPSIG(status) == SIGSTOP)
		TH_LOG("cannot trace: status 0x%x", status);
	ASSERT_EQ(0, ptrace(PTRACE_SETOPTIONS, pid, NULL,
			    PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL));

	while (!WIFEXITED(status)) {
		ASSERT_EQ(0, ptrace(PTRACE_SYSCALL, pid, NULL, NULL));
		ASSERT_EQ(pid, waitpid(pid, &status, 0));
		ASSERT_FALSE(WIFSIGNALED(status));
		stops += WIFSTOPPED(status) && WSTOPSIG(status) == (SIGTRAP | 0x80);
	}
	ASSERT_EQ(0, WEXITSTATUS(status));

	/* A call stops on its way in and out, the last one, exit, only once. */
	EXPECT_EQ(1, stops % 2);
	return stops / 2;
}

TEST_F(nosyscall, trace)
{
	EXPECT_EQ(0, system_calls(_metadata, variant->abi, CLOCK_TRACE));
}

TEST_F(nosyscall, unordered)
{
	EXPECT_EQ(0, system_calls(_metadata, variant->abi, CLOCK_TRACE_UNORDERED));
}

TEST_F(nosyscall, frequency)
{
	EXPECT_EQ(0, system_calls(_metadata, variant->abi, CLOCK_TRACE_FREQ));
}

TEST_F(nosyscall, a_system_call_is_counted)
{
	EXPECT_EQ(READS, system_calls(_metadata, &abi_sys, CLOCK_TRACE));
}

/* The vDSO has to ask the kernel for CPU time. */
TEST_F(nosyscall, a_system_call_of_the_vdso_is_counted)
{
	EXPECT_EQ(READS, system_calls(_metadata, variant->abi,
				      CLOCK_PROCESS_CPUTIME_ID));
}

int main(int argc, char **argv)
{
	skip_without_clock();
	return test_harness_run(argc, argv);
}
