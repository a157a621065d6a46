/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the process that reads a session writes into the pipe to the one that merges. Both are
 * of one program, so that a record is as it is in memory.
 */
#ifndef TRACE_LIVE_WIRE_H
#define TRACE_LIVE_WIRE_H

#include "live/event.h"
#include "live/live.h"

/**
 * enum wire_type - what follows
 * @WIRE_THERE: nothing: lttng-relayd has the session
 * @WIRE_CLOCK: struct live_clock: the session begins
 * @WIRE_EVENT: a time up to which the session is complete, then struct live_event
 * @WIRE_QUIET: such a time
 * @WIRE_LOST: two times, between which the tracer has lost events
 * @WIRE_END: nothing: the session has ended
 * @WIRE_GONE: a text: why there is no connection
 * @WIRE_ERROR: a text: why the session cannot be used
 */
enum wire_type {
	WIRE_THERE, WIRE_CLOCK, WIRE_EVENT, WIRE_QUIET, WIRE_LOST, WIRE_END, WIRE_GONE,
	WIRE_ERROR,
};

struct wire_head {
	uint32_t type;
	uint32_t size;
};

/* A record that is larger is no record. */
#define WIRE_SIZE_MAX (LIVE_FIELDS_MAX + 64 * 1024)

/* Each writes a record; false if nobody reads it. */
bool wire_put(int fd, enum wire_type type, const void *data, size_t size);
bool wire_put_text(int fd, enum wire_type type, const char *text);
bool wire_put_event(int fd, uint64_t complete_to, const struct live_event *event);

/**
 * struct wire - the end that reads
 * @fd: the pipe, which does not block
 */
struct wire {
	int fd;
	/* private: */
	char *data;
	size_t size;
	size_t at;
};

/**
 * wire_read() - read what is there, up to a limit
 * @wire: the pipe
 *
 * Return: false at the end.
 */
bool wire_read(struct wire *wire);

/**
 * wire_next() - the next record of what was read
 * @wire: the pipe
 * @head: set
 *
 * A record that is too short for its type, or too long, ends this program.
 *
 * Return: what follows the head, valid until wire_read(); NULL if no record is complete.
 */
const char *wire_next(struct wire *wire, struct wire_head *head);

/**
 * wire_close() - close the pipe
 * @wire: the pipe
 */
void wire_close(struct wire *wire);

#endif
