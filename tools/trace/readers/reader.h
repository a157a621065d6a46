/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The interface of all readers of traces.
 *
 * A reader never ends the program because of what a file holds: it returns an error
 * and says what is wrong. Where a library that it uses may crash or hang on a damaged
 * file, see readers/guard.h.
 */
#ifndef TRACE_READER_H
#define TRACE_READER_H

#include <stddef.h>

#include "readers/event.h"

enum read_status {
	READ_EVENT,
	READ_END,
	/* Nothing more comes from this stream; reader->error tells why. */
	READ_ERROR,
};

struct reader;

/**
 * struct reader_class - a format
 * @name: of the format, for messages
 * @probe: can this reader open the path? Looks at the content, not at the name
 * @open: open it; NULL with a text in *error, to be freed, if it cannot be used
 * @next: the next event of a stream, in the order of its times
 * @values: hand on the fields of the event that @next has returned last
 * @thread_name: the name of a thread, NULL if it is not known; may be NULL
 * @close: free the reader
 */
struct reader_class {
	const char *name;
	bool (*probe)(const char *path, bool is_directory);
	struct reader *(*open)(const char *path, char **error);
	enum read_status (*next)(struct reader *reader, size_t stream, struct event *event);
	void (*values)(struct reader *reader, size_t stream, value_handler handler, void *data);
	const char *(*thread_name)(struct reader *reader, int thread);
	void (*close)(struct reader *reader);
};

/**
 * struct reader - an open trace
 * @class: its format
 * @path: where it is
 * @clock: the name of its clock, NULL if the format does not tell
 * @uuid: what identifies the clock, "" if the format does not tell
 * @frequency: ticks per second, 0 if the format does not tell
 * @resolution: a time may be up to so many ticks too early, at most %RESOLUTION_MAX
 * @offset_s: of the clock's zero from the Epoch, in seconds
 * @offset: in addition to that, in ticks
 * @host: the name of the machine, NULL if the format does not tell
 * @lacks_counter: the format tells that no counter drove its clock when it began
 * @user_space: it is of programs, not of a kernel
 * @nr_streams: number of streams
 * @sections: for each stream, what it belongs to: streams of one section are of one
 *	boot of a machine, and in the order of its time; NULL if there is one section
 * @brief: only times, CPUs, kinds and losses are needed, headers of packets, and all of what
 *	only a host writes
 * @joins: it is of the first section of the other traces of its machine
 * @is_cut: the file is shorter than it says; what is there is read
 * @lost_at_end: number of events that were lost after the last one that tells of losses
 * @error: why @next has returned %READ_ERROR
 */
struct reader {
	const struct reader_class *class;
	char *path;
	char *clock;
	char uuid[37];
	uint64_t frequency;
	uint64_t resolution;
	int64_t offset_s;
	uint64_t offset;
	char *host;
	bool lacks_counter;
	bool user_space;
	size_t nr_streams;
	unsigned int *sections;
	bool brief;
	bool joins;
	bool is_cut;
	uint64_t lost_at_end;
	char *error;
};

extern const struct reader_class ctf_reader;
extern const struct reader_class trace_cmd_reader;
extern const struct reader_class perf_reader;
extern const struct reader_class samples_reader;
extern const struct reader_class saved_reader;

/**
 * reader_find() - which format is it?
 * @path: a file or a directory
 * @is_directory: which of them
 *
 * Return: the format, NULL if no reader knows it.
 */
const struct reader_class *reader_find(const char *path, bool is_directory);

/**
 * reader_free() - free what is in struct reader; for the readers' own use
 * @reader: the reader
 */
void reader_free(struct reader *reader);

#endif
