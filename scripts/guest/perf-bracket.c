// SPDX-License-Identifier: GPL-2.0
/*
 * Makes system calls that tracers see, on each CPU in turn, and reads CLOCK_TRACE and
 * CLOCK_REALTIME before and after each. Writes a line for each call, "BEFORE AFTER
 * REAL-BEFORE REAL-AFTER EPOCH", with 0 as the epoch if it changed in between.
 *
 * Usage: perf-bracket COUNT FILE
 */
#include <inttypes.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "common/message.h"
#include "common/number.h"

#define CLOCK_TRACE	15
#define CALLS_ON_A_CPU	500
/* Then a pause, so that on virtual CPUs the calls are of many stays in the guest */
#define CALLS_OF_A_BURST	100

struct bracket {
	struct timespec trace[2];
	struct timespec real[2];
};

static void move_to_cpu(uint64_t cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		die("sched_setaffinity: %m");
}

static uint64_t nanoseconds(struct timespec ts)
{
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

static void write_brackets(const char *path, const struct bracket *brackets, uint64_t count)
{
	FILE *file = fopen(path, "w");
	uint64_t i;

	if (!file)
		die("%s: %m", path);
	for (i = 0; i < count; i++) {
		const struct bracket *b = &brackets[i];
		long epoch = b->trace[0].tv_nsec == b->trace[1].tv_nsec ? b->trace[0].tv_nsec : 0;

		fprintf(file, "%" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %ld\n",
			(uint64_t)b->trace[0].tv_sec, (uint64_t)b->trace[1].tv_sec,
			nanoseconds(b->real[0]), nanoseconds(b->real[1]), epoch);
	}
	if (ferror(file) | fclose(file))
		die("%s cannot be written", path);
}

int main(int argc, char **argv)
{
	const struct timespec millisecond = { .tv_nsec = 1000000 };
	uint64_t cpus = (uint64_t)sysconf(_SC_NPROCESSORS_ONLN), count, i;
	struct bracket *brackets;

	message_program("perf-bracket");
	if (argc != 3)
		die("usage: perf-bracket COUNT FILE");
	if (!parse_u64(argv[1], 1, 10000000, &count))
		return STATUS_UNUSABLE;
	brackets = calloc((size_t)count, sizeof(*brackets));
	if (!brackets)
		die("out of memory");
	for (i = 0; i < count; i++) {
		struct bracket *b = &brackets[i];

		if (i % CALLS_ON_A_CPU == 0)
			move_to_cpu(i / CALLS_ON_A_CPU % cpus);
		if (i % CALLS_OF_A_BURST == 0)
			nanosleep(&millisecond, NULL);
		if (clock_gettime(CLOCK_REALTIME, &b->real[0]) ||
		    clock_gettime(CLOCK_TRACE, &b->trace[0]))
			die("clock_gettime: %m");
		syscall(SYS_getpgid, 0);
		clock_gettime(CLOCK_TRACE, &b->trace[1]);
		clock_gettime(CLOCK_REALTIME, &b->real[1]);
	}
	write_brackets(argv[2], brackets, count);
	return STATUS_YES;
}
