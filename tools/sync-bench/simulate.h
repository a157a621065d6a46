/* SPDX-License-Identifier: GPL-2.0 */
/* The check of many CPUs, in virtual time. */
#ifndef SYNC_BENCH_SIMULATE_H
#define SYNC_BENCH_SIMULATE_H

#include <stdbool.h>
#include <stdint.h>

struct simulation {
	unsigned int nr_cpus;
	unsigned int unmet;		/* so many of them can never be met */
	unsigned int changes;		/* CPUs that go offline or come online, per second */
	unsigned int meeting_us;	/* a meeting takes so long from each of the two CPUs */
	unsigned int checks;
	uint64_t seed;

	/* Results of all checks */
	unsigned int passed;
	unsigned int incomplete;
	unsigned int took_online;	/* CPUs that came online during a check, and passed */
	unsigned int references_lost;	/* references that went offline during a check */
	double check_s;			/* the longest check */
	double hold_ms;			/* the longest time that CPU hotplug was blocked */
	double busy_us;			/* the longest with interrupts disabled on a CPU */
	double reference_ms;		/* the most that one check took from one CPU */
	double share_percent;		/* of the busiest CPU's time, at the interval */
	double mean_percent;		/* the mean of all CPUs */
};

/**
 * simulate() - run the kernel's choosing and scheduling code in virtual time
 * @simulation:	what to simulate; the results are filled in
 * @interval:	seconds between the ends of two checks
 */
void simulate(struct simulation *simulation, double interval);

void simulation_print(const struct simulation *simulation, double interval);
void simulation_json(const struct simulation *simulation, double interval, const char *path);

#endif /* SYNC_BENCH_SIMULATE_H */
