/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Measuring what reads of clocks cost, in rounds that take turns, so that a change of the CPU's
 * speed or a disturbance does not hit one clock alone.
 */
#ifndef MEASURE_H
#define MEASURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "clocks.h"
#include "common/statistics.h"

enum method {
	/* clock_gettime() of the C library, which uses the vDSO where it can. */
	BY_LIBC,
	BY_SYSCALL,
};

struct measurement {
	const struct clock_name *clock;
	enum method method;
	/* errno of a clock that could not be read, which then has no results; otherwise 0. */
	int error;
	/* Cost of a call. */
	struct spread ns;
	/* In ticks of the CPU's counter; only where measure_ticks_name() is not NULL. */
	struct spread ticks;
	/* Cost as a multiple of that of the first measurement in the same round. */
	struct spread ratio;
};

/**
 * measure_ticks_name() - tell whose ticks are counted
 *
 * Return: "tsc", or NULL where no counter can be read directly
 */
const char *measure_ticks_name(void);

/**
 * measure_all() - measure in rounds
 * @all: what to measure, and where to store the results; the first one is what others are
 * compared with, and must be a clock that can be read
 * @count: how many there are
 * @rounds: how many times to measure each, at least 1
 * @calls: calls in each of these times, at least 1
 * @progress: called after every round with the number of rounds done; NULL for none
 *
 * Return: true, or false without memory for the results, after a message
 */
bool measure_all(struct measurement *all, size_t count, size_t rounds, uint64_t calls,
		 void (*progress)(size_t done, size_t rounds));

#endif
