// SPDX-License-Identifier: GPL-2.0
/*
 * What the bounds of 4, 16 and 64 hosts cost: CPU time, and memory as malloc() counts it.
 */
#include <malloc.h>
#include <math.h>
#include <stdio.h>
#include <time.h>

#include "simulate.h"

#define EVENTS 20000

static double cpu_time(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static size_t allocated(void)
{
	const struct mallinfo2 info = mallinfo2();

	return info.uordblks + info.hblkhd;
}

/* The first seed whose scenario has that shape, and no step */
static uint64_t seed_of(size_t nr_hosts, enum shape shape)
{
	bool found = false;
	uint64_t seed = 0;

	while (!found) {
		struct scenario *scenario = scenario_new(++seed, nr_hosts, 1);

		found = scenario->shape == shape && scenario->stepped == nr_hosts;
		scenario_free(scenario);
	}
	return seed;
}

static void measure(size_t nr_hosts, enum shape shape, size_t nr_messages)
{
	static const char *const shapes[] = { "ring", "star", "mesh" };
	struct scenario *scenario = scenario_new(seed_of(nr_hosts, shape), nr_hosts, nr_messages);
	struct contradiction contradiction;
	const size_t before = allocated();
	double begin, added, solved, placed;
	struct host_bound bound;
	struct limits limits;
	struct hosts *hosts;
	size_t i, known = 0;

	limits_set(&limits, LIMITS_RATE_PPB, LIMITS_DRIFT_PPT);
	begin = cpu_time();
	hosts = hosts_new(nr_hosts, &limits, 0);
	for (i = 0; i < scenario->nr_messages; i++)
		hosts_add(hosts, &scenario->messages[i].message, &contradiction);
	added = cpu_time();
	hosts_solve(hosts, 0);
	solved = cpu_time();
	for (i = 0; i < EVENTS; i++) {
		const struct sim_clock *clock = &scenario->clocks[1 + i % (nr_hosts - 1)];
		const int64_t time = clock->base + (int64_t)floorl(clock_at(clock,
			scenario->duration * (long double)i / EVENTS));

		known += hosts_bound(hosts, 1 + i % (nr_hosts - 1), time, time + 1, &bound);
	}
	placed = cpu_time();
	printf("%5zu %5s %10zu %12.2f %12.2f %14.2f %10zu %10zu\n", nr_hosts,
	       shapes[shape], scenario->nr_messages,
	       (added - begin) / (double)scenario->nr_messages * 1e6, solved - added,
	       (placed - solved) / EVENTS * 1e6, (allocated() - before) / 1024, known);
	hosts_free(hosts);
	scenario_free(scenario);
}

int main(void)
{
	static const size_t counts[] = { 4, 16, 64 };
	enum shape shape;
	size_t i;

	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("%5s %5s %10s %12s %12s %14s %10s %10s\n", "hosts", "shape", "messages",
	       "us/message", "solve, s", "us/bound", "KB", "bounds");
	for (i = 0; i < sizeof(counts) / sizeof(counts[0]); i++)
		for (shape = SHAPE_RING; shape < NR_SHAPES; shape++) {
			measure(counts[i], shape, 100000);
			measure(counts[i], shape, 1000000);
		}
	return 0;
}
