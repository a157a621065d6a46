// SPDX-License-Identifier: GPL-2.0
/*
 * A clock plugin that costs what the one for CLOCK_TRACE costs, without CLOCK_TRACE
 *
 * To measure on the real CPU, whose kernel does not have the clock: it reads the
 * TSC with the steps of the vDSO, called as the C library calls it. For measurements
 * of cost only: nothing here makes sure that the TSC can be trusted.
 */

#include <stdint.h>
#include <time.h>
#include <x86intrin.h>

#include <lttng/ust-clock.h>

void lttng_ust_clock_plugin_init(void);

static volatile uint32_t epoch = 1;

static int __attribute__((noinline)) vdso_gettime(clockid_t clock, struct timespec *ts)
{
	uint32_t before = epoch;

	if (clock != 15 || !before)
		return -1;
	_mm_lfence();
	ts->tv_sec = __rdtsc();
	ts->tv_nsec = before;
	return epoch == before ? 0 : -1;
}

static int (*volatile vdso)(clockid_t clock, struct timespec *ts) = vdso_gettime;

static int __attribute__((noinline)) libc_gettime(clockid_t clock, struct timespec *ts)
{
	return vdso(clock, ts);
}

static uint64_t read64(void)
{
	struct timespec ts;

	return libc_gettime(15, &ts) ? 0 : (uint64_t)ts.tv_sec;
}

static uint64_t freq(void)
{
	return 1000000000;
}

static int uuid(char *to)
{
	(void)to;
	return -1;
}

static const char *name(void)
{
	return "model_of_clock_trace";
}

void lttng_ust_clock_plugin_init(void)
{
	lttng_ust_trace_clock_set_read64_cb(read64);
	lttng_ust_trace_clock_set_freq_cb(freq);
	lttng_ust_trace_clock_set_uuid_cb(uuid);
	lttng_ust_trace_clock_set_name_cb(name);
	lttng_ust_trace_clock_set_description_cb(name);
	lttng_ust_enable_trace_clock_override();
}
