// SPDX-License-Identifier: GPL-2.0
/*
 * The only program of a guest that is idle: waits until the boot is over, then sleeps
 * through windows of time, each of which begins and ends with a marker.
 *
 * The kernel command line has idle.settle=S and idle.window=S, in seconds, and
 * idle.windows=N. With idle.use=1 it is a user of CLOCK_TRACE: it reads the clock once
 * before the first window.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "marker.h"

#define CLOCK_TRACE	15
#define STR_(...)	#__VA_ARGS__
#define STR(...)	STR_(__VA_ARGS__)

static char command_line[4096];

static void __attribute__((noreturn)) finish(const char *message)
{
	fprintf(stderr, "idle-init: %s\n", message);
	sync();
	reboot(RB_POWER_OFF);
	_exit(EXIT_FAILURE);
}

static long parameter(const char *name)
{
	const char *at = strstr(command_line, name);

	return at ? strtol(at + strlen(name), NULL, 10) : 0;
}

static void read_command_line(void)
{
	int fd = open("/proc/cmdline", O_RDONLY | O_CLOEXEC);

	if (fd < 0 || read(fd, command_line, sizeof(command_line) - 1) <= 0)
		finish("cannot read /proc/cmdline");
	close(fd);
}

static void sleep_until(struct timespec *when, long seconds)
{
	int err;

	when->tv_sec += seconds;
	do {
		err = clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, when, NULL);
	} while (err == EINTR);
	if (err)
		finish("cannot sleep");
}

int main(void)
{
	struct timespec when;
	long windows, window, i;
	long long ts[2];

	mkdir("/proc", 0755);
	if (mount("proc", "/proc", "proc", 0, NULL))
		finish("cannot mount /proc");
	read_command_line();
	windows = parameter("idle.windows=");
	window = parameter("idle.window=");
	if (windows < 1 || window < 1)
		finish("the command line lacks idle.window= or idle.windows=");

	if (parameter("idle.use=") && syscall(__NR_clock_gettime, CLOCK_TRACE, ts))
		finish("there is no CLOCK_TRACE to use");

	when.tv_sec = 0;
	when.tv_nsec = 0;
	sleep_until(&when, parameter("idle.settle="));
	for (i = 0; i <= windows; i++) {
		asm volatile(".byte " STR(MARKER_BYTES) : : : "memory");
		if (i < windows)
			sleep_until(&when, window);
	}
	finish("done");
}
