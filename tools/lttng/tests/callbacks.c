// SPDX-License-Identifier: GPL-2.0
/*
 * What the plugin for LTTng-UST answers, without LTTng-UST: this program is what loads it
 *
 * Prints the value of the clock as a signed number, "none" where the plugin has not taken
 * over, and ends with 1 if errno has changed.
 */

#include <dlfcn.h>
#include <err.h>
#include <errno.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>

#include <lttng/ust-clock.h>

static lttng_ust_clock_read64_function read64;

int lttng_ust_trace_clock_set_read64_cb(lttng_ust_clock_read64_function callback)
{
	read64 = callback;
	return 0;
}

int lttng_ust_trace_clock_set_freq_cb(lttng_ust_clock_freq_function callback)
{
	(void)callback;
	return 0;
}

int lttng_ust_trace_clock_set_uuid_cb(lttng_ust_clock_uuid_function callback)
{
	(void)callback;
	return 0;
}

int lttng_ust_trace_clock_set_name_cb(lttng_ust_clock_name_function callback)
{
	(void)callback;
	return 0;
}

int lttng_ust_trace_clock_set_description_cb(lttng_ust_clock_description_function callback)
{
	(void)callback;
	return 0;
}

int lttng_ust_enable_trace_clock_override(void)
{
	return 0;
}

int main(int argc, char **argv)
{
	void (*init)(void);
	void *plugin;

	if (argc != 2)
		errx(2, "Usage: callbacks PLUGIN");
	plugin = dlopen(argv[1], RTLD_NOW);
	if (!plugin)
		errx(1, "%s", dlerror());
	*(void **)&init = dlsym(plugin, "lttng_ust_clock_plugin_init");
	if (!init)
		errx(1, "%s", dlerror());
	init();
	if (!read64) {
		puts("none");
		return 0;
	}
	errno = ERANGE;
	read64();
	printf("%" PRId64 "\n", (int64_t)read64());
	return errno != ERANGE;
}
