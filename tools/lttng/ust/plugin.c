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
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <lttng/ust-clock.h>

#include "clock_trace.h"
#include "lttng_clock_trace.h"

#define BOOT_ID "/proc/sys/kernel/random/boot_id"
#define SYSFS "/sys/kernel/clock_trace"
#define PROG "liblttng-ust-clock-trace: "

_Static_assert(LTTNG_CLOCK_TRACE_UUID_SIZE == LTTNG_UST_UUID_STR_LEN, "size of a UUID");

/* What LTTng looks up by name */
__attribute__((visibility("default"))) void lttng_ust_clock_plugin_init(void);

/* By write() alone: read64() may be called in a signal handler. */
static void warn_once(const char *message)
{
	static int told;

	/* Where even this is forbidden, nobody can be told. */
	if (!__atomic_exchange_n(&told, 1, __ATOMIC_RELAXED) &&
	    write(STDERR_FILENO, message, strlen(message)) < 0)
		return;
}

static void warn_of_filter(void)
{
	warn_once(PROG "a filter of system calls (seccomp) forbids clock_gettime(), which reading CLOCK_TRACE takes while the kernel does not trust the counter; as no time would be true, events of this program are not recorded until it does, or the filter allows it\n");
}

/*
 * Once the clock could be read, reading it can only fail where the vDSO leaves it to a
 * system call that a filter forbids. The ring buffer of LTTng-UST does not record an event
 * whose time is -EIO. Any other number, or another clock, would be taken for a time, in
 * a buffer that programs share.
 */
static uint64_t read64(void)
{
	int saved = errno;
	uint64_t ticks;

	if (!clock_trace_read(&ticks))
		return ticks;
	warn_of_filter();
	/* The traced program does not expect its errno to change. */
	errno = saved;
	return (uint64_t)-EIO;
}

/* The kernel tells in a file, too, which a filter of programs that are traced allows. */
static uint64_t frequency_of_sysfs(void)
{
	char text[32] = "";
	int fd = open(SYSFS "/frequency", O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return 0;
	if (read(fd, text, sizeof(text) - 1) < 0)
		text[0] = '\0';
	close(fd);
	return strtoull(text, NULL, 10);
}

static uint64_t freq(void)
{
	uint64_t hz;

	return clock_trace_frequency(&hz) ? frequency_of_sysfs() : hz;
}

static int read_uuid(const char *path, char *text)
{
	ssize_t size;
	int fd;

	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	size = read(fd, text, LTTNG_CLOCK_TRACE_UUID_SIZE - 1);
	close(fd);
	if (size != LTTNG_CLOCK_TRACE_UUID_SIZE - 1)
		return -EIO;
	text[size] = '\0';
	return 0;
}

static int uuid(char *to)
{
	char boot_id[LTTNG_CLOCK_TRACE_UUID_SIZE];
	int ret;

	if (!read_uuid(SYSFS "/uuid", to))
		return 0;
	/* Kernels before had no such file. */
	ret = read_uuid(BOOT_ID, boot_id);
	if (ret)
		return ret;
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

/*
 * A filter answers as it likes. What a kernel without the clock answers is known, and that
 * it has the clock is seen in sysfs.
 */
static int is_filtered(void)
{
	uint64_t ticks;

	return clock_trace_read(&ticks) && (errno != EINVAL || !access(SYSFS, F_OK));
}

void lttng_ust_clock_plugin_init(void)
{
	int filtered = is_filtered(), ret;

	if (!filtered && !clock_trace_available()) {
		warn_once(PROG "this kernel has no CLOCK_TRACE; LTTng goes on with its own clock\n");
		return;
	}
	/* LTTng's own clock is no way out: its times would be among those of CLOCK_TRACE. */
	if (filtered)
		warn_of_filter();
	ret = take_over();
	/* A library that several parts of LTTng have loaded is in place already. */
	if (ret && ret != -EBUSY)
		warn_once(PROG "LTTng does not take the clock, and goes on with its own one\n");
}
