/* SPDX-License-Identifier: GPL-2.0 */
/*
 * An event of a live session, with all of its fields, in one piece of memory: it goes through
 * a pipe, and waits until it can be printed.
 */
#ifndef TRACE_LIVE_EVENT_H
#define TRACE_LIVE_EVENT_H

#include "readers/reader.h"

/* A field's text, and all fields of an event together, are cut to this. */
#define LIVE_TEXT_MAX 4096
#define LIVE_FIELDS_MAX (256 * 1024)

/**
 * struct live_event - an event
 * @event: the event; its name and its packet are below
 * @packet: headers of the packet, if @event.packet is set
 * @key: which stream of its session it is of, the same after a reconnection
 * @arrived: when it came, in ns of the caller's clock
 * @size: bytes of @data
 * @data: the name, then the fields
 */
struct live_event {
	struct event event;
	struct packet packet;
	uint64_t key;
	int64_t arrived;
	size_t size;
	char data[];
};

/**
 * live_event_make() - copy an event that a reader has just read
 * @reader: the reader
 * @stream: the stream that has it
 * @event: the event
 *
 * Return: the copy, to be freed with free().
 */
struct live_event *live_event_make(struct reader *reader, size_t stream,
				   const struct event *event);

/**
 * live_event_named() - make an event that has a name and no fields
 * @event: the event
 *
 * Return: the copy, to be freed with free().
 */
struct live_event *live_event_named(const struct event *event);

/**
 * live_event_check() - may what came through a pipe be used?
 * @event: the event; its pointers are set
 * @size: bytes that came
 *
 * Return: false if it does not fit its size.
 */
bool live_event_check(struct live_event *event, size_t size);

/**
 * struct live_reader - what writers take the fields from
 * @reader: for struct stream
 * @current: the event whose fields are handed on
 */
struct live_reader {
	struct reader reader;
	const struct live_event *current;
};

/**
 * live_reader_init() - make a reader of one event after the other
 * @reader: set; nothing of it is to be freed
 */
void live_reader_init(struct live_reader *reader);

#endif
