/* SPDX-License-Identifier: GPL-2.0 */
/* The counter itself, read in each of the ways that are compared. */
#ifndef BENCH_COUNTER_H
#define BENCH_COUNTER_H

#include <stdint.h>

static inline __attribute__((always_inline)) uint64_t read_rdtsc(void)
{
	uint32_t low, high;

	asm volatile("rdtsc" : "=a" (low), "=d" (high) :: "memory");
	return low | (uint64_t)high << 32;
}

static inline __attribute__((always_inline)) uint64_t read_lfence_rdtsc(void)
{
	uint32_t low, high;

	asm volatile("lfence; rdtsc" : "=a" (low), "=d" (high) :: "memory");
	return low | (uint64_t)high << 32;
}

static inline __attribute__((always_inline)) uint64_t read_rdtscp(void)
{
	uint32_t low, high;

	asm volatile("rdtscp" : "=a" (low), "=d" (high) :: "ecx", "memory");
	return low | (uint64_t)high << 32;
}

/* For the ends of a measured piece: nothing moves over it in either direction */
static inline __attribute__((always_inline)) uint64_t read_fenced(void)
{
	uint32_t low, high;

	asm volatile("lfence; rdtsc; lfence" : "=a" (low), "=d" (high) :: "memory");
	return low | (uint64_t)high << 32;
}

#endif /* BENCH_COUNTER_H */
