/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The machine's clocks, as timebase.h measures them, and vdso-bench hands them to its runners:
 * of the same layout in 32-bit and in 64-bit code.
 */
#ifndef BENCH_TIMEBASE_VALUES_H
#define BENCH_TIMEBASE_VALUES_H

#include <stdint.h>

typedef uint64_t job_u64 __attribute__((aligned(8)));
typedef int64_t job_s64 __attribute__((aligned(8)));

/* The machine's clocks at one reading of the counter */
struct job_timebase {
	job_u64 cycles;
	job_u64 tsc_hz;
	uint32_t mono_mult;
	uint32_t mono_shift;
	uint32_t raw_mult;
	uint32_t raw_shift;
	job_u64 max_cycles;
	job_s64 realtime_ns;
	job_s64 monotonic_ns;
	job_s64 boottime_ns;
	job_s64 tai_ns;
	job_s64 raw_ns;
	uint32_t hrtimer_res_ns;
	uint32_t unused;
};

#endif /* BENCH_TIMEBASE_VALUES_H */
