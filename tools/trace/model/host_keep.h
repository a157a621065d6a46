/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a host's trace tells, kept in a file.
 */
#ifndef TRACE_HOST_KEEP_H
#define TRACE_HOST_KEEP_H

#include "common/binary_file.h"
#include "model/host.h"

/**
 * host_keep() - write a host
 * @host: the host, finished, with its events kept
 * @binary: the file
 */
void host_keep(const struct host *host, struct binary_file *binary);

/**
 * host_recall() - read a host
 * @binary: the file
 * @error: set to a text, to be freed, if it cannot be made again
 *
 * Return: the host, finished, or NULL.
 */
struct host *host_recall(struct binary_file *binary, char **error);

#endif
