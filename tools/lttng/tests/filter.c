// SPDX-License-Identifier: GPL-2.0
/*
 * A program under a filter of system calls that forbids clock_gettime()
 *
 * filter exec PROGRAM...   start it so
 * filter events N          write N events clock_trace_test:bracketed, and N more for each
 *			    line that is read
 *
 * The filter answers as that of a container may: EPERM.
 */

#include <err.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "bracket_tp.h"

static void forbid_clock_gettime(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clock_gettime, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	const struct sock_fprog program = {
		.len = sizeof(code) / sizeof(code[0]),
		.filter = code,
	};

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program))
		err(1, "seccomp");
}

static void write_events(unsigned long count)
{
	pid_t tid = gettid();
	unsigned long i;

	for (i = 0; i < count; i++)
		lttng_ust_tracepoint(clock_trace_test, bracketed, tid, (uint32_t)i);
	puts("written");
	fflush(stdout);
}

int main(int argc, char **argv)
{
	unsigned long count;
	char line[16];

	forbid_clock_gettime();
	if (argc > 2 && !strcmp(argv[1], "exec")) {
		execvp(argv[2], argv + 2);
		err(1, "%s", argv[2]);
	}
	if (argc != 3 || strcmp(argv[1], "events"))
		errx(2, "Usage: filter exec PROGRAM... | filter events N");
	count = strtoul(argv[2], NULL, 10);
	write_events(count);
	while (fgets(line, sizeof(line), stdin))
		write_events(count);
	return 0;
}
