/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The traces that are to be aligned, and which of them are of one clock.
 */
#ifndef TRACE_H
#define TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "clock.h"
#include "common/metadata.h"

/**
 * struct trace - a trace that was found
 * @path:	its metadata file
 * @metadata:	the content of that
 * @clock:	its clock
 * @has_begin:	@begin is known
 * @begin:	when it begins, by its clock
 * @is_continued: packets of before are in no trace, or in that of an earlier rotation
 * @measured_from: its offset was not measured before, by its clock
 * @measured_to: nor after
 * @group:	which clock it is of: all of one number are of one
 * @offset:	the offset that its clock is to have
 * @uuid:	the UUID that its clock is to have
 */
struct trace {
	char *path;
	struct metadata metadata;
	struct clock clock;
	bool has_begin;
	uint64_t begin;
	bool is_continued;
	__int128 measured_from;
	__int128 measured_to;
	size_t group;
	int64_t offset;
	const char *uuid;
};

/**
 * group_traces() - find out which traces are of one clock, and what it is to be
 * @traces:	the traces; @group, @offset and @uuid of each are set
 * @count:	number of them
 * @tolerance_ns: how far apart two measurements of one offset may be
 *
 * One clock is what has one UUID. It is also what has several, but one name, host,
 * frequency and offset: no two counters began at the same moment.
 *
 * What has one UUID, but offsets that are further apart than measuring can err, or another
 * frequency, is not one clock. Then a message says so.
 *
 * Return: whether there is no such contradiction.
 */
bool group_traces(struct trace *traces, size_t count, uint64_t tolerance_ns);

#endif
