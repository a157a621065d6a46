/* SPDX-License-Identifier: GPL-2.0 */
/* The CPUs that take part, see kernel.h. */
#ifndef SYNC_BENCH_CPUS_H
#define SYNC_BENCH_CPUS_H

/**
 * cpus_start() - make threads that take the place of CPUs
 * @cpus:	their numbers
 * @nr:		how many
 *
 * Exits with a message if a thread cannot be made or bound to its CPU.
 */
void cpus_start(const unsigned int *cpus, unsigned int nr);

/**
 * cpus_become() - bind the calling thread to a CPU
 * @cpu:	number
 *
 * Exits with a message if it cannot be.
 */
void cpus_become(unsigned int cpu);

#endif /* SYNC_BENCH_CPUS_H */
