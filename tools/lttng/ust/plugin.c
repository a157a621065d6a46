// SPDX-License-Identifier: GPL-2.0
/*
 * LTTng-UST clock plugin: have the events of programs stamped with CLOCK_TRACE
 *
 * LTTng-UST loads the library that LTTNG_UST_CLOCK_PLUGIN names into every program
 * that is traced, and into the session, consumer and relay daemons, and calls
 * lttng_ust_clock_plugin_init(). The session daemon writes into the trace what the
 * functions here say of the clock. It is what the kernel's plugin says of it.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <lttng/ust-clock.h>

#include "clock_trace.h"
#include "lttng_clock_trace.h"

#define BOOT_ID "/proc/sys/kernel/random/boot_id"

_Static_assert(LTTNG_CLOCK_TRACE_UUID_SIZE == LTTNG_UST_UUID_STR_LEN, "size of a UUID");

/* What LTTng looks up by name */
__attribute__((visibility("default"))) void lttng_ust_clock_plugin_init(void);

/*
 * Once the clock could be read, reading it can only fail where the vDSO leaves it to a
 * system call that a filter forbids. LTTng has no way to be told of that.
 */
static uint64_t read64(void)
{
	uint64_t ticks;

	return clock_trace_read(&ticks) ? 0 : ticks;
}

static uint64_t freq(void)
{
	uint64_t hz;

	return clock_trace_frequency(&hz) ? 0 : hz;
}

static int uuid(char *to)
{
	char boot_id[LTTNG_CLOCK_TRACE_UUID_SIZE];
	ssize_t size;
	int fd;

	fd = open(BOOT_ID, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	size = read(fd, boot_id, sizeof(boot_id) - 1);
	close(fd);
	if (size != sizeof(boot_id) - 1)
		return -EIO;
	boot_id[size] = '\0';
	return lttng_clock_trace_uuid(boot_id, to) ? -EINVAL : 0;
}

static const char *name(void)
{
	return LTTNG_CLOCK_TRACE_NAME;
}

static const char *description(void)
{
	return LTTNG_CLOCK_TRACE_DESCRIPTION;
}

static int take_over(void)
{
	int ret;

	ret = lttng_ust_trace_clock_set_read64_cb(read64);
	if (!ret)
		ret = lttng_ust_trace_clock_set_freq_cb(freq);
	if (!ret)
		ret = lttng_ust_trace_clock_set_uuid_cb(uuid);
	if (!ret)
		ret = lttng_ust_trace_clock_set_name_cb(name);
	if (!ret)
		ret = lttng_ust_trace_clock_set_description_cb(description);
	return ret ? ret : lttng_ust_enable_trace_clock_override();
}

void lttng_ust_clock_plugin_init(void)
{
	static int told;
	const char *why = NULL;
	int ret;

	if (!clock_trace_available()) {
		why = "this kernel has no CLOCK_TRACE";
	} else {
		ret = take_over();
		/* A library that several parts of LTTng have loaded is in place already. */
		if (ret && ret != -EBUSY)
			why = strerror(-ret);
	}
	if (why && !__atomic_exchange_n(&told, 1, __ATOMIC_RELAXED))
		fprintf(stderr,
			"liblttng-ust-clock-trace: %s; LTTng goes on with its own clock\n", why);
}
