// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock_trace.h"
#include "vdso_check.h"

/* What a forbidden call answers: no clock gives that by itself. */
#define FORBIDDEN EXDEV

/* Forbids this process to read clocks by a system call. */
static int forbid_clock_calls(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
#ifdef __NR_clock_gettime64
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_clock_gettime64, 2, 0),
#endif
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_clock_gettime, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | FORBIDDEN),
	};
	struct sock_fprog program = {
		.len = sizeof(code) / sizeof(code[0]),
		.filter = code,
	};

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return -1;
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0);
}

static enum vdso_use check_in_child(void)
{
	struct clock_trace_reading reading;
	uint64_t ticks;

	if (forbid_clock_calls())
		return VDSO_UNKNOWN;
	/* Were the filter not at work, an answer would prove nothing. */
	if (!clock_trace_read_syscall(CLOCK_TRACE, &reading) || errno != FORBIDDEN)
		return VDSO_UNKNOWN;
	if (!clock_trace_read(&ticks))
		return VDSO_ANSWERS;
	return errno == FORBIDDEN ? VDSO_CALLS_KERNEL : VDSO_UNKNOWN;
}

enum vdso_use vdso_check(void)
{
	int status;
	pid_t pid, ended;

	/* Where a parent left it ignored, there would be no child to wait for. */
	signal(SIGCHLD, SIG_DFL);
	pid = fork();
	if (pid < 0)
		return VDSO_UNKNOWN;
	if (!pid)
		_exit(check_in_child());
	do {
		ended = waitpid(pid, &status, 0);
	} while (ended < 0 && errno == EINTR);
	if (ended < 0 || !WIFEXITED(status))
		return VDSO_UNKNOWN;
	return (enum vdso_use)WEXITSTATUS(status);
}
