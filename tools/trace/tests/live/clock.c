// SPDX-License-Identifier: GPL-2.0
/*
 * A clock plugin of LTTng-UST for tests of live sessions, on kernels without CLOCK_TRACE: a
 * counter that goes by the name of clock_trace, and is CLOCK_MONOTONIC times a ratio, so that
 * a test knows the true time of each event. $TEST_CLOCK_UUID and $TEST_CLOCK_HZ describe it.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <lttng/ust-clock.h>

#define NS 1000000000

__attribute__((visibility("default"))) void lttng_ust_clock_plugin_init(void);

static uint64_t hertz;

static uint64_t read64(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)((unsigned __int128)((uint64_t)now.tv_sec * NS + (uint64_t)now.tv_nsec) *
			  hertz / NS);
}

static uint64_t freq(void)
{
	return hertz;
}

static int uuid(char *to)
{
	const char *text = getenv("TEST_CLOCK_UUID");

	snprintf(to, LTTNG_UST_UUID_STR_LEN, "%s",
		 text ? text : "00000000-0000-4000-8000-000000000001");
	return 0;
}

static const char *name(void)
{
	return "clock_trace";
}

static const char *description(void)
{
	return "A clock for tests";
}

void lttng_ust_clock_plugin_init(void)
{
	const char *text = getenv("TEST_CLOCK_HZ");

	hertz = text ? strtoull(text, NULL, 10) : NS;
	lttng_ust_trace_clock_set_read64_cb(read64);
	lttng_ust_trace_clock_set_freq_cb(freq);
	lttng_ust_trace_clock_set_uuid_cb(uuid);
	lttng_ust_trace_clock_set_name_cb(name);
	lttng_ust_trace_clock_set_description_cb(description);
	lttng_ust_enable_trace_clock_override();
}
