// SPDX-License-Identifier: GPL-2.0
/*
 * A session at lttng-relayd, read through libbabeltrace2.
 *
 * src.ctf.lttng-live merges the streams of a session in the order of nanoseconds. That keeps the
 * order of ticks within each stream, but not between them: so what an event of a time proves is
 * that nothing comes that is earlier by more than the ticks of a nanosecond.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/array.h"
#include "common/message.h"
#include "live/listing.h"
#include "live/session.h"
#include "live/wire.h"
#include "readers/ctf/graph.h"
#include "readers/ctf/messages.h"
#include "readers/kinds.h"

/* Without news, relayd is asked again after this. */
#define PAUSE_NS 5000000

/* A stream of the session, whose messages a reader of its own takes one by one */
struct part {
	const bt_stream *stream;
	const bt_message *pending;
	struct reader *reader;
	uint64_t key;
};

struct session {
	const char *url;
	int fd;
	struct graph *graph;
	struct part **parts;
	size_t nr_parts;
	bool has_clock;
	struct live_clock clock;
	bool is_over;
};

static void fail(struct session *session, enum wire_type type, char *text)
{
	wire_put_text(session->fd, type, text);
	free(text);
	session->is_over = true;
}

static const bt_message *pull(void *data, char **error)
{
	struct part *part = data;
	const bt_message *message = part->pending;

	(void)error;
	part->pending = NULL;
	return message;
}

/* Of the doubles in which libbabeltrace2 computes nanoseconds, too */
static uint64_t complete_to(const struct session *session, uint64_t time)
{
	const uint64_t slack = session->clock.frequency / 1000000000 + 2 + (time >> 50);

	return time > slack ? time - slack : 0;
}

static bool tells_of_guests(const bt_stream *stream)
{
	const bt_stream_class *class = bt_stream_borrow_class_const(stream);
	const uint64_t count = bt_stream_class_get_event_class_count(class);
	const char *name;
	uint64_t i;

	for (i = 0; i < count; i++) {
		name = bt_event_class_get_name(
			bt_stream_class_borrow_event_class_by_index_const(class, i));
		if (name && event_is_of_host(event_kind_of(name)))
			return true;
	}
	return false;
}

/* Kernel and programs of a machine have one clock. */
static void take_clock(struct session *session, const struct part *part)
{
	const struct reader *reader = part->reader;
	struct live_clock clock = {
		.frequency = reader->frequency,
		.offset_s = reader->offset_s,
		.offset = reader->offset,
		.tells_of_guests = tells_of_guests(part->stream),
	};

	if (!reader->clock)
		return;
	snprintf(clock.name, sizeof(clock.name), "%s", reader->clock);
	snprintf(clock.uuid, sizeof(clock.uuid), "%s", reader->uuid);
	snprintf(clock.host, sizeof(clock.host), "%s", reader->host ? reader->host : "");
	if (session->has_clock &&
	    (strcmp(clock.name, session->clock.name) || strcmp(clock.uuid, session->clock.uuid)))
		return fail(session, WIRE_ERROR,
			    text_of("%s: its streams have the clocks \"%s\" and \"%s\", whose times cannot be compared",
				    session->url, session->clock.name, clock.name));
	if (session->has_clock)
		return;
	session->clock = clock;
	session->has_clock = true;
	session->is_over |= !wire_put(session->fd, WIRE_CLOCK, &clock, sizeof(clock));
}

static void begin_part(struct session *session, const bt_stream *stream,
		       const bt_message *message)
{
	struct part *part = zalloc(sizeof(*part));
	char *error = NULL;

	part->stream = stream;
	part->key = bt_stream_get_id(stream) ^
		    bt_stream_class_get_id(bt_stream_borrow_class_const(stream)) << 48;
	part->pending = message;
	part->reader = ctf_reader_of(session->url, pull, part, &error);
	if (error) {
		free(part);
		return fail(session, WIRE_ERROR, error);
	}
	session->parts = array_room(session->parts, session->nr_parts, sizeof(struct part *));
	session->parts[session->nr_parts++] = part;
	take_clock(session, part);
}

static struct part *part_of(const struct session *session, const bt_stream *stream)
{
	size_t i;

	for (i = 0; i < session->nr_parts; i++)
		if (session->parts[i]->stream == stream)
			return session->parts[i];
	return NULL;
}

/* Its reader keeps nothing of a message that is gone. */
static void end_part(struct session *session, const bt_stream *stream)
{
	size_t i;

	for (i = 0; i < session->nr_parts; i++)
		if (session->parts[i]->stream == stream) {
			session->parts[i]->reader->class->close(session->parts[i]->reader);
			free(session->parts[i]);
			session->parts[i] = session->parts[--session->nr_parts];
			return;
		}
}

static void hand_over(struct session *session, const bt_stream *stream,
		      const bt_message *message)
{
	struct part *part = part_of(session, stream);
	struct live_event *copy;
	struct event event;

	if (!part)
		return;
	part->pending = message;
	if (part->reader->class->next(part->reader, 0, &event) != READ_EVENT || !session->has_clock)
		return;
	copy = live_event_make(part->reader, 0, &event);
	copy->key = part->key;
	session->is_over |= !wire_put_event(session->fd, complete_to(session, event.time), copy);
	free(copy);
}

static void take_loss(struct session *session, const bt_stream *stream,
		      const bt_message *message)
{
	uint64_t times[2];

	if (ctf_loss(message, &times[0], &times[1]))
		session->is_over |= !wire_put(session->fd, WIRE_LOST, times, sizeof(times));
	hand_over(session, stream, message);
}

static void take_quiet(struct session *session, const bt_message *message)
{
	const bt_clock_snapshot *snapshot =
		bt_message_message_iterator_inactivity_borrow_clock_snapshot_const(message);
	const uint64_t to = complete_to(session, bt_clock_snapshot_get_value(snapshot));

	if (session->has_clock)
		session->is_over |= !wire_put(session->fd, WIRE_QUIET, &to, sizeof(to));
}

static void take(struct session *session, const bt_message *message)
{
	const bt_stream *stream;

	switch (bt_message_get_type(message)) {
	case BT_MESSAGE_TYPE_STREAM_BEGINNING:
		begin_part(session, bt_message_stream_beginning_borrow_stream_const(message),
			   message);
		break;
	case BT_MESSAGE_TYPE_STREAM_END:
		end_part(session, bt_message_stream_end_borrow_stream_const(message));
		break;
	case BT_MESSAGE_TYPE_EVENT:
		stream = bt_event_borrow_stream_const(bt_message_event_borrow_event_const(message));
		hand_over(session, stream, message);
		break;
	case BT_MESSAGE_TYPE_PACKET_BEGINNING:
		stream = bt_packet_borrow_stream_const(
			bt_message_packet_beginning_borrow_packet_const(message));
		hand_over(session, stream, message);
		break;
	case BT_MESSAGE_TYPE_DISCARDED_EVENTS:
		take_loss(session, bt_message_discarded_events_borrow_stream_const(message),
			  message);
		break;
	case BT_MESSAGE_TYPE_DISCARDED_PACKETS:
		take_loss(session, bt_message_discarded_packets_borrow_stream_const(message),
			  message);
		break;
	case BT_MESSAGE_TYPE_MESSAGE_ITERATOR_INACTIVITY:
		take_quiet(session, message);
		break;
	default:
		break;
	}
}

static void read_on(struct session *session)
{
	const struct timespec pause = { .tv_nsec = PAUSE_NS };
	const bt_message *message;
	char *error = NULL;

	while (!session->is_over) {
		message = graph_next(session->graph, 0, &error);
		if (message) {
			take(session, message);
		} else if (error) {
			fail(session, WIRE_GONE, text_of("%s: %s", session->url, error));
			free(error);
		} else if (graph_is_idle(session->graph)) {
			nanosleep(&pause, NULL);
		} else {
			/* The end is also what a relayd that ends looks like. */
			char **names;
			size_t count;

			session->is_over = true;
			error = listing_get(session->url, &names, &count);
			if (error)
				return fail(session, WIRE_GONE, error);
			listing_free(names, count);
			wire_put(session->fd, WIRE_END, NULL, 0);
		}
	}
}

static char *list_of(char *const *names, size_t count)
{
	char *list = text_of("%s", ""), *longer;
	size_t i;

	for (i = 0; i < count; i++) {
		longer = text_of("%s\n    %s", list, names[i]);
		free(list);
		list = longer;
	}
	return list;
}

/* Is the session there? The source of libbabeltrace2 does not tell why it is not. */
static bool is_there(struct session *session)
{
	char **names, *error, *list;
	bool found = false;
	size_t count, i;

	error = listing_get(session->url, &names, &count);
	if (error) {
		fail(session, WIRE_GONE, error);
		return false;
	}
	for (i = 0; i < count; i++)
		found |= listing_is(session->url, names[i]);
	if (!found) {
		list = list_of(names, count);
		fail(session, WIRE_GONE,
		     text_of("%s: lttng-relayd has no live session of that name: make it with \"lttng create --live\"; %s%s",
			     session->url, count ? "there are" : "there is none", list));
		free(list);
	}
	listing_free(names, count);
	return found;
}

void session_read(const char *url, int fd)
{
	struct session session = { .url = url, .fd = fd };
	char *error = NULL;

	if (!is_there(&session) || !wire_put(fd, WIRE_THERE, NULL, 0))
		return;
	session.graph = graph_open_live(url, &error);
	if (!session.graph) {
		fail(&session, WIRE_GONE, text_of("%s: %s", url, error));
		free(error);
		return;
	}
	if (graph_streams(session.graph) != 1)
		return fail(&session, WIRE_ERROR, text_of("%s is not one session", url));
	read_on(&session);
	/* The process ends: what libbabeltrace2 does to close a lost connection helps nobody. */
}
