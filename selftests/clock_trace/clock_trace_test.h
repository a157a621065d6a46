/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What all tests of CLOCK_TRACE share: the clock ids, the state that the kernel
 * shows in sysfs, and what main() has to do on a kernel without the clock.
 *
 * How a test reads the clock is in clock_trace_abi.h.
 */
#ifndef CLOCK_TRACE_TEST_H
#define CLOCK_TRACE_TEST_H

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <sys/syscall.h>

/* Without <linux/clock_trace.h>, which would need "make headers" first. */
#ifndef CLOCK_TRACE
#define CLOCK_TRACE_UNORDERED	13
#define CLOCK_TRACE_FREQ	14
#define CLOCK_TRACE		15
#endif

#include "kselftest_harness.h"

#define CLOCK_TRACE_SYSFS	"/sys/kernel/clock_trace/"
#define NSEC_PER_SEC		1000000000ULL
#define EPOCH_MAX		999999999U

/* A test that waits for events, not for time, still has to end some day. */
#define LONG_TIMEOUT		240

/* The results of a system call as the kernel gives them: a value or -errno. */
#define RAW_SYSCALL(...) ({				\
	long __ret = syscall(__VA_ARGS__);		\
							\
	__ret == -1 ? -(long)errno : __ret;		\
})

/**
 * read_text() - first line of a small file, without its newline
 * @path: the file
 * @buf: where to put the text, always terminated
 * @size: size of @buf
 *
 * Return: 0 or -errno, and then @buf is empty.
 */
static inline int read_text(const char *path, char *buf, size_t size)
{
	ssize_t len;
	int fd;

	buf[0] = '\0';
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	len = read(fd, buf, size - 1);
	if (len < 0)
		len = -errno;
	close(fd);
	if (len < 0)
		return len;

	buf[len] = '\0';
	buf[strcspn(buf, "\n")] = '\0';
	return 0;
}

/**
 * write_text() - write a string to a file with one write()
 * @path: the file
 * @text: what to write
 *
 * Return: 0 or -errno.
 */
static inline int write_text(const char *path, const char *text)
{
	ssize_t len = strlen(text);
	int fd, err = 0;

	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	errno = EIO;
	if (write(fd, text, len) != len)
		err = -errno;
	close(fd);
	return err;
}

/**
 * sysfs_u64() - a number that the clock shows in sysfs
 * @name: the file, such as "epoch"
 * @value: the number
 *
 * Return: 0 or -errno; -EINVAL where the text is not exactly one number.
 */
static inline int sysfs_u64(const char *name, __u64 *value)
{
	char path[128], text[64], *end;
	int err;

	snprintf(path, sizeof(path), CLOCK_TRACE_SYSFS "%s", name);
	err = read_text(path, text, sizeof(text));
	if (err)
		return err;

	errno = 0;
	*value = strtoull(text, &end, 10);
	if (errno || end == text || *end)
		return -EINVAL;
	return 0;
}

/**
 * no_counter() - why the clock does not read a counter now
 *
 * Return: NULL where it does, else one line to give to SKIP().
 */
static inline const char *no_counter(void)
{
	char state[32], reason[128];
	static char why[256];

	if (read_text(CLOCK_TRACE_SYSFS "state", state, sizeof(state)))
		return "cannot read " CLOCK_TRACE_SYSFS "state";
	if (!strcmp(state, "counter"))
		return NULL;

	read_text(CLOCK_TRACE_SYSFS "reason", reason, sizeof(reason));
	snprintf(why, sizeof(why), "CLOCK_TRACE is in state \"%s\": %s",
		 state, reason);
	return why;
}

/**
 * pin_to_cpu() - let the calling thread run on one CPU only
 * @cpu: the CPU
 *
 * Return: 0 or -errno.
 */
static inline int pin_to_cpu(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	return sched_setaffinity(0, sizeof(set), &set) ? -errno : 0;
}

/**
 * usable_cpus() - the CPUs that this process may run on
 * @cpu: the numbers of the first @max of them
 * @max: size of @cpu
 *
 * Return: how many are in @cpu.
 */
static inline int usable_cpus(int *cpu, int max)
{
	cpu_set_t set;
	int i, n = 0;

	if (sched_getaffinity(0, sizeof(set), &set))
		return 0;
	for (i = 0; i < CPU_SETSIZE && n < max; i++)
		if (CPU_ISSET(i, &set))
			cpu[n++] = i;
	return n;
}

/**
 * skip_without_clock() - end the program here if the kernel has no CLOCK_TRACE
 *
 * A kernel that has the sysfs files but refuses the clock is broken, and goes
 * on to fail its tests.
 */
static inline void skip_without_clock(void)
{
	__u64 ts[2];

	if (!syscall(__NR_clock_gettime, CLOCK_TRACE, ts) || errno != EINVAL)
		return;
	if (!access(CLOCK_TRACE_SYSFS, F_OK))
		return;

	ksft_print_header();
	ksft_exit_skip("no CLOCK_TRACE in this kernel (CONFIG_CLOCK_TRACE)\n");
}

#endif /* CLOCK_TRACE_TEST_H */
