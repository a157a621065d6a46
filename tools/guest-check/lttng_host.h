/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Read what LTTng has recorded of a host's guests.
 */
#ifndef GUEST_CHECK_LTTNG_HOST_H
#define GUEST_CHECK_LTTNG_HOST_H

struct builder;

/**
 * lttng_host_read() - read the events of a host
 * @path: a directory that LTTng has written to
 * @builder: takes the events
 *
 * The entries and exits have to have the thread as context, "tid", because they do not
 * name the vCPU. Ends the program if the traces cannot be used.
 */
void lttng_host_read(const char *path, struct builder *builder);

#endif
