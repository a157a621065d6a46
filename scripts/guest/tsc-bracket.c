// SPDX-License-Identifier: GPL-2.0
/*
 * Writes to ftrace's marker file, on each CPU in turn, and reads the TSC and CLOCK_TRACE
 * before and after each time. Writes a line for each, "CPU TSC CLOCK CLOCK TSC": whatever drives
 * the clock, these tell which TSC a time of it stands for.
 *
 * Usage: tsc-bracket COUNT FILE
 */
#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>
#include <x86intrin.h>

#include "common/message.h"
#include "common/number.h"

#define CLOCK_TRACE	15
#define MARKER		"/sys/kernel/tracing/trace_marker"
/* So that these are of many stays in the guest */
#define PAUSE_NS	3000000

static void move_to_cpu(uint64_t cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		die("sched_setaffinity: %m");
}

static uint64_t read_clock(void)
{
	struct timespec ts;

	if (clock_gettime(CLOCK_TRACE, &ts))
		die("CLOCK_TRACE: %m");
	return (uint64_t)ts.tv_sec;
}

static uint64_t read_tsc(void)
{
	uint64_t tsc;

	_mm_lfence();
	tsc = __rdtsc();
	_mm_lfence();
	return tsc;
}

int main(int argc, char **argv)
{
	const struct timespec pause = { .tv_nsec = PAUSE_NS };
	const uint64_t cpus = (uint64_t)sysconf(_SC_NPROCESSORS_ONLN);
	uint64_t count, i, tsc[2], clock[2];
	int marker = open(MARKER, O_WRONLY | O_CLOEXEC);
	FILE *file;

	message_program("tsc-bracket");
	if (argc != 3)
		die("usage: tsc-bracket COUNT FILE");
	if (!parse_u64(argv[1], 1, 1000000, &count))
		return STATUS_UNUSABLE;
	file = fopen(argv[2], "w");
	if (marker < 0 || !file)
		die("%s: %m", marker < 0 ? MARKER : argv[2]);
	for (i = 0; i < count; i++) {
		move_to_cpu(i % cpus);
		tsc[0] = read_tsc();
		clock[0] = read_clock();
		if (write(marker, "bracketed", 9) != 9)
			die("%s: %m", MARKER);
		clock[1] = read_clock();
		tsc[1] = read_tsc();
		fprintf(file, "%" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 "\n",
			i % cpus, tsc[0], clock[0], clock[1], tsc[1]);
		nanosleep(&pause, NULL);
	}
	if (ferror(file) | fclose(file))
		die("%s: %m", argv[2]);
	return STATUS_YES;
}
