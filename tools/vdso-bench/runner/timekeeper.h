/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Plays the kernel's timekeeping for the data page of a vDSO image: a set of
 * clocks that the TSC drives, moved forward and published under the page's
 * sequence counters.
 */
#ifndef VDSO_BENCH_TIMEKEEPER_H
#define VDSO_BENCH_TIMEKEEPER_H

#include <stdint.h>

#include "../job.h"

struct timekeeper_clock {
	int64_t sec;
	uint64_t shifted_ns;		/* below a second */
};

struct timekeeper {
	struct job_timebase base;
	uint64_t cycle_last;
	struct timekeeper_clock realtime;
	struct timekeeper_clock monotonic;
	struct timekeeper_clock boottime;
	struct timekeeper_clock tai;
	struct timekeeper_clock raw;
};

/**
 * timekeeper_init() - start from a reading of the machine's clocks
 * @tk:		to be filled in
 * @base:	the reading
 */
void timekeeper_init(struct timekeeper *tk, const struct job_timebase *base);

/**
 * timekeeper_advance() - account the cycles since the last call
 * @tk:		timekeeper
 *
 * To be called more often than every base.max_cycles ticks.
 */
void timekeeper_advance(struct timekeeper *tk);

/**
 * timekeeper_round_down() - set all clocks back to a full second
 * @tk:		timekeeper
 *
 * The instructions of a reading depend on whether the seconds have to be carried.
 * From a full second they are the same each time.
 */
void timekeeper_round_down(struct timekeeper *tk);

/**
 * timekeeper_publish() - write the clocks to a time data page
 * @tk:		timekeeper
 * @page:	writable view of the page; readers may be active
 * @layout:	where things are in it
 */
void timekeeper_publish(const struct timekeeper *tk, uint8_t *page,
			const struct job_time_layout *layout);

#endif /* VDSO_BENCH_TIMEKEEPER_H */
