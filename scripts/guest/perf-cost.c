// SPDX-License-Identifier: GPL-2.0
/*
 * Measures what a sample of perf costs with each clock: the time of system calls with a
 * tracepoint event, in turns, less the time of calls without an event. In a guest that
 * runs with "-icount shift=0", a nanosecond is an instruction.
 *
 * Usage: perf-cost CALLS TURNS
 * Prints "CLOCK NANOSECONDS-PER-SAMPLE" for each clock, the least of all turns.
 */
#include <linux/perf_event.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "common/message.h"
#include "common/number.h"

#define TRACEPOINT	"/sys/kernel/tracing/events/syscalls/sys_enter_getpgid/id"
#define MAP_SIZE	((size_t)65 * 4096)

static const struct {
	const char *name;
	int clock;
} clocks[] = {
	{ "none", -2 },
	{ "default", -1 },
	{ "mono", CLOCK_MONOTONIC },
	{ "trace", 15 },
};

#define NR_CLOCKS (sizeof(clocks) / sizeof(clocks[0]))

static uint64_t tracepoint_id(void)
{
	unsigned long long id = 0;
	FILE *file = fopen(TRACEPOINT, "r");

	if (!file || fscanf(file, "%llu", &id) != 1)
		die("cannot read %s", TRACEPOINT);
	fclose(file);
	return id;
}

/* The kernel overwrites the ring buffer, so nobody has to read it. */
static int open_event(uint64_t id, int clock, void **map)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_TRACEPOINT,
		.size = sizeof(attr),
		.config = id,
		.sample_period = 1,
		.sample_type = PERF_SAMPLE_TIME | PERF_SAMPLE_TID | PERF_SAMPLE_CPU,
		.write_backward = 1,
		.use_clockid = clock >= 0,
		.clockid = clock >= 0 ? clock : 0,
	};
	int fd = (int)syscall(SYS_perf_event_open, &attr, 0, -1, -1, 0);

	if (fd < 0)
		die("perf_event_open with clock %d: %m", clock);
	*map = mmap(NULL, MAP_SIZE, PROT_READ, MAP_SHARED, fd, 0);
	if (*map == MAP_FAILED)
		die("mmap of an event with clock %d: %m", clock);
	return fd;
}

static double measure(uint64_t id, int clock, uint64_t calls)
{
	void *map = NULL;
	int fd = clock >= -1 ? open_event(id, clock, &map) : -1;
	struct timespec begin, end;
	uint64_t i;

	for (i = 0; i < 100; i++)
		syscall(SYS_getpgid, 0);
	clock_gettime(CLOCK_MONOTONIC, &begin);
	for (i = 0; i < calls; i++)
		syscall(SYS_getpgid, 0);
	clock_gettime(CLOCK_MONOTONIC, &end);
	/* The mapping would keep the event. */
	if (map)
		munmap(map, MAP_SIZE);
	if (fd >= 0)
		close(fd);
	return ((double)(end.tv_sec - begin.tv_sec) * 1e9 +
		(double)(end.tv_nsec - begin.tv_nsec)) / (double)calls;
}

int main(int argc, char **argv)
{
	double least[NR_CLOCKS] = { 0 };
	uint64_t calls, turns, turn, id;
	unsigned int i;

	message_program("perf-cost");
	if (argc != 3)
		die("usage: perf-cost CALLS TURNS");
	if (!parse_u64(argv[1], 1, 1000000, &calls) || !parse_u64(argv[2], 1, 1000, &turns))
		return STATUS_UNUSABLE;
	id = tracepoint_id();
	for (turn = 0; turn < turns; turn++) {
		for (i = 0; i < NR_CLOCKS; i++) {
			double cost = measure(id, clocks[i].clock, calls);

			if (!turn || cost < least[i])
				least[i] = cost;
		}
	}
	for (i = 1; i < NR_CLOCKS; i++)
		printf("%s %.1f\n", clocks[i].name, least[i] - least[0]);
	return 0;
}
