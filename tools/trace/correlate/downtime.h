/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How long a guest that moved from host to host did not run, and what took so long.
 */
#ifndef TRACE_DOWNTIME_H
#define TRACE_DOWNTIME_H

#include "correlate/connections.h"
#include "correlate/timeline.h"

/* Data that was sent after the guest had stopped: when, and the number behind its last byte */
struct sent_data {
	uint64_t time;
	uint32_t next;
};

/**
 * struct stream_seen - the connection by which a guest came
 * @is_unclear: there are several, and another guest may have come by them as well
 * @is_known: there is one
 * @connection: which
 * @begin: when its first data was sent, in ticks of the host that sends
 * @before: bytes that were sent until the guest stopped
 * @stop_next: number behind the last one of them
 * @after: data that was sent after that
 * @nr_after: how many
 * @has_received: @received and @received_next are set
 * @received: when the last data was received before the guest ran, in ticks of that host
 * @received_next: number behind its last byte
 * @goes_on: data was received after that as well
 */
struct stream_seen {
	bool is_unclear;
	bool is_known;
	struct connection connection;
	uint64_t begin;
	uint64_t before;
	uint32_t stop_next;
	struct sent_data *after;
	size_t nr_after;
	bool has_received;
	uint64_t received;
	uint32_t received_next;
	bool goes_on;
	/* private: */
	bool has_begun;
	uint32_t next;
};

/**
 * struct downtime - when a guest did not run
 * @is_known: the members below are set
 * @stop: its last exit on the host that it left, in ticks of that
 * @resume: its first entry on the host where it went on, in ticks of that
 * @guest: what its counter was then
 * @counted: how far that went meanwhile, in ns at its nominal frequency
 * @least: it was down for so long at least, in ns of the reference
 * @most: and for so long at most
 * @may_lack: events are missing there: it may have stopped later or run earlier
 * @stream: how it came
 */
struct downtime {
	bool is_known;
	uint64_t stop;
	uint64_t resume;
	uint64_t guest[2];
	int64_t counted;
	int64_t least;
	int64_t most;
	bool may_lack;
	struct stream_seen stream;
};

/* The parts of a downtime, in their order */
enum downtime_part {
	PART_SAVING,	/* until the stream went on */
	PART_SENDING,	/* until all of it was sent */
	PART_NETWORK,	/* until all of it was received */
	PART_LOADING,	/* until the guest ran */
	DOWNTIME_PARTS,
};

/**
 * struct downtime_parts - of which parts a downtime consists
 * @least: ns of each, at least
 * @most: and at most; only of the network is that more
 * @bytes: how many were sent meanwhile
 * @longest: the part that took longest
 */
struct downtime_parts {
	int64_t least[DOWNTIME_PARTS];
	int64_t most[DOWNTIME_PARTS];
	uint64_t bytes;
	enum downtime_part longest;
};

struct axis;
struct move;

/**
 * downtime_find() - when the guests that moved did not run
 * @axis: the axis, after hosts_solve(); its moves are set
 * @connections: all that the hosts have
 */
void downtime_find(struct axis *axis, const struct connections *connections);

/**
 * downtime_event() - take an event of the second pass
 * @axis: the axis
 * @host: index of the event's host
 * @own: the event, on that host's time line
 */
void downtime_event(struct axis *axis, size_t host, const struct placed *own);

/**
 * downtime_parts() - what took so long
 * @axis: the axis, after the second pass
 * @move: one of its moves
 * @parts: set
 *
 * Return: false if the traces do not tell.
 */
bool downtime_parts(const struct axis *axis, const struct move *move,
		    struct downtime_parts *parts);

/**
 * stream_data() - is it data of a stream?
 * @stream: the stream
 * @event: an event
 *
 * Return: that it is, and that it goes to where the guest moved.
 */
bool stream_data(const struct stream_seen *stream, const struct event *event);

#endif
