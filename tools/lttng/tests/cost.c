// SPDX-License-Identifier: GPL-2.0
/*
 * Measure what an event of LTTng-UST costs
 *
 * One thread writes as many events as it is told, several times, and prints the
 * nanoseconds of CLOCK_MONOTONIC that an event took, the least of all times.
 */

#include <err.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "bracket_tp.h"

#define ROUNDS 7

static uint64_t now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

int main(int argc, char **argv)
{
	uint64_t best = UINT64_MAX, start, took;
	uint32_t events, i;
	char *end;
	int round;

	events = argc == 2 ? strtoul(argv[1], &end, 10) : 0;
	if (!events || *end)
		errx(2, "Usage: cost EVENTS");
	if (!lttng_ust_tracepoint_enabled(clock_trace_test, bracketed))
		errx(1, "nobody traces clock_trace_test:bracketed");
	for (round = 0; round < ROUNDS; round++) {
		start = now();
		for (i = 0; i < events; i++)
			lttng_ust_tracepoint(clock_trace_test, bracketed, round, i);
		took = now() - start;
		if (took < best)
			best = took;
	}
	printf("%.2f\n", (double)best / events);
	return 0;
}
