/* SPDX-License-Identifier: GPL-2.0 */
/*
 * All traces of one machine, as one: its kernel's and its programs', of whatever format.
 */
#ifndef TRACE_MACHINE_H
#define TRACE_MACHINE_H

#include "readers/heap.h"
#include "readers/reader.h"

/**
 * struct stream - a stream of one of the traces
 * @reader: the trace
 * @number: of the stream in the trace
 * @section: streams of one section are of one boot of the machine
 * @event: its next event, if @there
 * @there: there is one
 * @last_time: the time of the event before
 * @events: number of events that were read
 * @is_damaged: what is after those could not be read
 */
struct stream {
	struct reader *reader;
	size_t number;
	unsigned int section;
	struct event event;
	bool there;
	uint64_t last_time;
	uint64_t events;
	bool is_damaged;
};

/**
 * struct machine - a machine
 * @path: what the user gave
 * @name: short, for lanes and files; without control characters
 * @streams: all streams of all traces
 * @nr_streams: their number
 * @nr_sections: number of sections
 * @nr_readers: number of traces
 * @damaged: number of streams that could not be read to their end
 */
struct machine {
	char *path;
	char *name;
	struct reader **readers;
	size_t nr_readers;
	struct stream *streams;
	size_t nr_streams;
	unsigned int nr_sections;
	size_t damaged;
	/* private: */
	struct heap heap;
	struct stream *current;
};

/**
 * machine_open() - open all traces that are at a path or below it
 * @path: a file or a directory
 * @error: set to a text, to be freed, if that fails
 *
 * Return: the machine, or NULL.
 */
struct machine *machine_open(const char *path, char **error);

/**
 * machine_join() - open more traces of a machine
 * @machine: the machine, of which nothing was read yet
 * @path: a file or a directory
 *
 * Return: NULL, or what is wrong, to be freed.
 */
char *machine_join(struct machine *machine, const char *path);

/**
 * machine_new() - make a machine without a trace
 * @name: short, for lanes and files
 *
 * For who opens traces by other means.
 */
struct machine *machine_new(const char *name);

/**
 * machine_add() - add a trace
 * @machine: the machine
 * @reader: the trace, which the machine closes
 * @section: what all of its streams belong to
 */
void machine_add(struct machine *machine, struct reader *reader, unsigned int section);

/**
 * stream_next() - read the next event of one stream
 * @machine: the machine
 * @stream: a stream of it; its event is set
 *
 * A stream that cannot be read on, or goes back in time, ends there; complain() says so
 * once for each stream.
 *
 * Return: false if there is none.
 */
bool stream_next(struct machine *machine, struct stream *stream);

/**
 * machine_next() - the next event of all streams
 * @machine: the machine
 *
 * In the order of sections, then of time. Do not use it together with stream_next().
 *
 * Return: the stream that has it; NULL at the end.
 */
struct stream *machine_next(struct machine *machine);

/**
 * machine_brief() - read no more of each event than the first pass needs
 * @machine: the machine
 */
void machine_brief(struct machine *machine);

/**
 * machine_rename() - give it a short name, of the host name in the traces or of the path
 * @machine: the machine
 */
void machine_rename(struct machine *machine);

/**
 * machine_close() - free a machine
 * @machine: the machine, or NULL
 */
void machine_close(struct machine *machine);

#endif
