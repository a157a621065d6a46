/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Which VM a guest's trace is of, kept in a file.
 */
#ifndef TRACE_MATCH_KEEP_H
#define TRACE_MATCH_KEEP_H

#include "common/binary_file.h"
#include "correlate/match.h"

/**
 * match_keep() - write a guest
 * @match: the guest, finished
 * @binary: the file
 */
void match_keep(const struct match *match, struct binary_file *binary);

/**
 * match_recall() - read a guest
 * @host: the host that it was matched to
 * @binary: the file
 *
 * Return: the guest, finished; of no use if the file has failed.
 */
struct match *match_recall(const struct host *host, struct binary_file *binary);

#endif
