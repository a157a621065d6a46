// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#if defined(__x86_64__) || defined(__i386__)
#include <x86intrin.h>
#endif

#include "measure.h"
#include "output.h"

/* Results of one measurement, one for each round. */
struct series {
	double *ns;
	double *ticks;
	double *ratio;
};

const char *measure_ticks_name(void)
{
#if defined(__x86_64__) || defined(__i386__)
	return "tsc";
#else
	return NULL;
#endif
}

static uint64_t read_ticks(void)
{
#if defined(__x86_64__) || defined(__i386__)
	uint64_t ticks;

	_mm_lfence();
	ticks = __rdtsc();
	_mm_lfence();
	return ticks;
#else
	return 0;
#endif
}

static uint64_t raw_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC_RAW, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static int read_once(const struct measurement *m)
{
	/* The widest form that any system call of the name writes. */
	int64_t raw[2];
	struct timespec ts;

	if (m->method == BY_SYSCALL)
		return (int)syscall(SYS_clock_gettime, m->clock->id, raw);
	return clock_gettime(m->clock->id, &ts);
}

static void read_many(const struct measurement *m, uint64_t calls)
{
	int64_t raw[2];
	struct timespec ts;

	/* One loop each, so that nothing but the call is in it. */
	if (m->method == BY_SYSCALL)
		while (calls--)
			syscall(SYS_clock_gettime, m->clock->id, raw);
	else
		while (calls--)
			clock_gettime(m->clock->id, &ts);
}

static void measure_once(const struct measurement *m, uint64_t calls, double *ns, double *ticks)
{
	uint64_t start_ns, start_ticks, end_ns, end_ticks;

	/* Brings the code into the caches after the turns of the others. */
	read_once(m);

	start_ns = raw_ns();
	start_ticks = read_ticks();
	read_many(m, calls);
	end_ticks = read_ticks();
	end_ns = raw_ns();

	*ns = (double)(end_ns - start_ns) / (double)calls;
	*ticks = (double)(end_ticks - start_ticks) / (double)calls;
}

static void measure_round(const struct measurement *all, struct series *series, size_t count,
			  size_t round, uint64_t calls)
{
	size_t i, turn;

	/* Another one begins each time, so that none always follows the same one. */
	for (turn = 0; turn < count; turn++) {
		i = (turn + round) % count;
		if (!all[i].error)
			measure_once(&all[i], calls, &series[i].ns[round],
				     &series[i].ticks[round]);
	}
	for (i = 0; i < count; i++)
		if (!all[i].error)
			series[i].ratio[round] = series[i].ns[round] / series[0].ns[round];
}

bool measure_all(struct measurement *all, size_t count, size_t rounds, uint64_t calls,
		 void (*progress)(size_t done, size_t rounds))
{
	struct series *series = calloc(count, sizeof(*series));
	double *values = calloc(count * 3, rounds * sizeof(*values));
	size_t i, round;

	if (!series || !values) {
		complain("not enough memory for %zu rounds: give fewer with --rounds", rounds);
		free(series);
		free(values);
		return false;
	}
	for (i = 0; i < count; i++) {
		series[i].ns = values + (3 * i) * rounds;
		series[i].ticks = values + (3 * i + 1) * rounds;
		series[i].ratio = values + (3 * i + 2) * rounds;
		all[i].error = read_once(&all[i]) ? errno : 0;
	}

	for (round = 0; round < rounds; round++) {
		measure_round(all, series, count, round, calls);
		if (progress)
			progress(round + 1, rounds);
	}

	for (i = 0; i < count; i++) {
		if (all[i].error)
			continue;
		all[i].ns = spread_of(series[i].ns, rounds);
		all[i].ticks = spread_of(series[i].ticks, rounds);
		all[i].ratio = spread_of(series[i].ratio, rounds);
	}
	free(series);
	free(values);
	return true;
}
