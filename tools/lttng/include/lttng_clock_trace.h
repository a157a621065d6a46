/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What identifies CLOCK_TRACE in LTTng traces
 *
 * The kernel's clock plugin and the one for user space are both built with this, so
 * that a reader of their traces finds one clock in them and not two. Nothing here
 * depends on the kernel or on the C library.
 *
 * The UUID stands for the clock of this machine since its boot. A kernel that gives its
 * clock an identity shows it in /sys/kernel/clock_trace/uuid, and that is what both take.
 *
 * Other kernels have no more than the boot id, which LTTng's own clock uses, and which
 * is not as good: containers may show another one, and clones of a machine share it.
 * There the UUID is the boot id XORed with a constant that
 * leaves the bits of the version and the variant alone: other than the boot id, and
 * as unique. Anyone can tell the one from the other.
 *
 * The epoch is no part of it. When a new one begins, a session that was started
 * before and one that is started after still read the same clock: see
 * clocktrace-lttng(1).
 */
#ifndef LTTNG_CLOCK_TRACE_H
#define LTTNG_CLOCK_TRACE_H

/* The name becomes part of identifiers in the metadata of the trace. */
#define LTTNG_CLOCK_TRACE_NAME		"clock_trace"
#define LTTNG_CLOCK_TRACE_DESCRIPTION	"CLOCK_TRACE"

/* The bytes of "CLOCK_", 0, "T", 0, "RACE", 0, 0, 1 */
#define LTTNG_CLOCK_TRACE_UUID_MASK	"434c4f43-4b5f-0054-0052-414345000001"
#define LTTNG_CLOCK_TRACE_UUID_SIZE	sizeof(LTTNG_CLOCK_TRACE_UUID_MASK)

static inline int lttng_clock_trace_hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

/**
 * lttng_clock_trace_uuid() - tell the UUID of the clock
 * @boot_id: what /proc/sys/kernel/random/boot_id says; after the UUID only '\0' or
 *	     '\n' may follow
 * @uuid: where to store LTTNG_CLOCK_TRACE_UUID_SIZE characters
 *
 * Return: 0, or -1 where @boot_id is no UUID; @uuid is then unspecified.
 */
static inline int lttng_clock_trace_uuid(const char *boot_id, char *uuid)
{
	static const char mask[] = LTTNG_CLOCK_TRACE_UUID_MASK;
	unsigned int i;

	for (i = 0; mask[i]; i++) {
		int digit = lttng_clock_trace_hex(boot_id[i]);

		if (mask[i] == '-' ? boot_id[i] != '-' : digit < 0)
			return -1;
		uuid[i] = mask[i] == '-' ? '-' :
			  "0123456789abcdef"[digit ^ lttng_clock_trace_hex(mask[i])];
	}
	uuid[i] = '\0';
	return boot_id[i] && boot_id[i] != '\n' ? -1 : 0;
}

#endif /* LTTNG_CLOCK_TRACE_H */
