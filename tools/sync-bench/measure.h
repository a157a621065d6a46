/* SPDX-License-Identifier: GPL-2.0 */
/* The sync check, on this machine's CPUs. */
#ifndef SYNC_BENCH_MEASURE_H
#define SYNC_BENCH_MEASURE_H

#include <stddef.h>
#include <stdint.h>

/* Numbers, sorted once they are complete */
struct samples {
	double *values;
	size_t nr;
	size_t room;
};

void samples_add(struct samples *samples, double value);
void samples_sort(struct samples *samples);

/**
 * samples_quantile() - the value below which a part of the samples lies
 * @samples:	sorted
 * @part:	0 for the least, 0.5 for the median, 1 for the greatest
 *
 * Return: the value, NAN if there are no samples.
 */
double samples_quantile(const struct samples *samples, double part);

/* Offsets that the check found, in one direction */
struct detection {
	int direction;			/* 1: the other CPU is ahead, -1: behind */
	uint64_t smallest;		/* found at least once */
	uint64_t always;		/* the smallest one found each time; 0: none was */
};

struct measured {
	const unsigned int *cpus;
	unsigned int nr_cpus;
	uint64_t tsc_hz;
	unsigned int checks;		/* of all CPUs */
	unsigned int failed;
	unsigned int incomplete;
	char failure[160];		/* the last failure in words */
	struct samples reference;	/* us that a complete check took from the reference */
	struct samples other;		/* ... and from each other CPU */
	double *cost;			/* us that all checks took from each CPU */
	struct samples round_trip;	/* ticks of the fastest hand-over of each meeting */
	struct detection detection[2];
};

/**
 * measure_checks() - check all CPUs, with each of them as the reference in turn
 * @measured:	its @cpus and @tsc_hz are given, what the checks find is filled in
 * @checks:	how many
 * @skew:	ticks to add to what the last CPU reads
 */
void measure_checks(struct measured *measured, unsigned int checks, int64_t skew);

/**
 * measure_detection() - find the smallest offsets that the check finds
 * @measured:	its @detection is filled in
 * @tries:	measurements with each offset
 *
 * The counter of the second CPU is shown with offsets to the first, from 1 tick on.
 */
void measure_detection(struct measured *measured, unsigned int tries);

#endif /* SYNC_BENCH_MEASURE_H */
