/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The headers of a file of perf: which events it has, how they are described, its clock.
 */
#ifndef TRACE_PERF_FILE_H
#define TRACE_PERF_FILE_H

#include <linux/perf_event.h>
#include <stddef.h>

#include "readers/perf/part.h"
#include "readers/tep_types.h"

/* As the kernel numbers it */
#define PERF_CLOCK_TRACE 15
#define PERF_IS_COMPRESSED "it is compressed, and perf inject leaves it so: record without --compression-level (-z)"

/**
 * struct perf_kind - an event that was opened
 * @attr: how; what the file does not have of it is 0
 * @name: its name
 * @type: of a tracepoint: its fields
 * @pid: of a tracepoint: the field with the thread, or NULL
 */
struct perf_kind {
	struct perf_event_attr attr;
	char *name;
	const struct tep_type *type;
	struct tep_format_field *pid;
};

/**
 * struct perf_id - a number that samples have
 * @id: the number
 * @kind: index of the event that it is of
 */
struct perf_id {
	uint64_t id;
	size_t kind;
};

/**
 * struct perf_line - an epoch of CLOCK_TRACE, as perf has noted it
 * @epoch: its number
 * @frequency: ticks per second
 * @ticks: a value
 * @tod_ns: CLOCK_REALTIME at that value
 * @uuid: of the kernel's clock, "" if perf did not know it
 * @lacks_counter: no counter drove the clock
 */
struct perf_line {
	uint64_t epoch;
	uint64_t frequency;
	uint64_t ticks;
	uint64_t tod_ns;
	char uuid[37];
	bool lacks_counter;
};

/**
 * struct perf_file - a file
 * @bytes: all of it
 * @size: its size
 * @begin: where its events begin
 * @end: where they end
 * @kinds: the events that were opened
 * @nr_kinds: their number
 * @ids: sorted
 * @nr_ids: their number
 * @types: the tracepoints that it describes
 * @tep: what describes them, or NULL
 * @line: the first epoch
 * @nr_lines: number of epochs, 0 if perf has noted none
 * @host: name of the machine, or NULL
 * @is_cut: it lacks headers that are not needed
 * @is_piped: perf has written it to a pipe
 */
struct perf_file {
	const unsigned char *bytes;
	uint64_t size;
	uint64_t begin;
	uint64_t end;
	struct perf_kind *kinds;
	size_t nr_kinds;
	struct perf_id *ids;
	size_t nr_ids;
	struct tep_types types;
	struct tep_handle *tep;
	struct perf_line line;
	uint32_t nr_lines;
	char *host;
	bool is_cut;
	bool is_piped;
};

/**
 * perf_file_probe() - does a file begin as those of perf do?
 * @path: the file
 */
bool perf_file_probe(const char *path);

/**
 * perf_file_open() - map a file and read its headers
 * @file: set
 * @path: where it is
 *
 * Return: NULL, or what is wrong, to be freed; perf_file_close() is needed then, too.
 */
char *perf_file_open(struct perf_file *file, const char *path);

/**
 * perf_file_kind() - the event that a number is of
 * @file: the file
 * @id: the number
 *
 * Return: the event, or NULL.
 */
const struct perf_kind *perf_file_kind(const struct perf_file *file, uint64_t id);

/**
 * perf_file_close() - free what is in it
 * @file: the file
 */
void perf_file_close(struct perf_file *file);

#endif
