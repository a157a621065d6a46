/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the parts of live.h share.
 */
#ifndef TRACE_LIVE_PARTS_H
#define TRACE_LIVE_PARTS_H

#include "live/live.h"
#include "live/ready.h"
#include "live/vcpus.h"

enum live_state { LIVE_NEW, LIVE_OPEN, LIVE_GONE, LIVE_ENDED };

/* A stream of a session, and what it has sent last, to know it again after a reconnection */
struct live_stream {
	uint64_t key;
	uint64_t last;
	uint64_t repeated_to;
};

/**
 * struct live_queue - events in the order of time
 * @list: the first one is at @first
 * @first: where it begins
 * @count: number of events
 */
struct live_queue {
	struct live_event **list;
	size_t first;
	size_t count;
};

/**
 * struct live_source - a session, which is of one machine
 * @number: of the session
 * @argument: what the user says
 * @state: of the connection
 * @was_lost: the connection was
 * @clock: what it has told
 * @is_host: its machine is a host
 * @known_since: when it has told that
 * @heard: when it has told anything last
 * @is_silent: it is not waited for
 * @silence_said: when that was said last; 0 before
 * @mark: nothing that is earlier is still to come
 * @queue: events that came, of after what is known of a host, or not yet placed of a guest
 * @bytes: of all its events that wait
 * @losses: where the tracer has lost events, which nobody was told yet
 * @nr_losses: their number
 * @streams: its streams
 * @nr_streams: their number
 * @epoch: number of the epoch, 0 if no event has told
 * @is_other_epoch: it is another one by now, or no counter drives the clock
 * @counts: what became of it
 * @latencies: from arrival to when they were handed on, in ns
 * @widths: of a host: of bounds, in ns
 * @vcpus: of a host: its guests' vCPUs
 * @ready: of a host: events that are placed
 * @order: of a host: number of the last event
 * @known_to: of a host: its events of before are known
 * @line_to: of a host: nothing of it or its guests comes before this time of it
 * @released: of a host: the last time that was handed on
 * @unbounded_since: of a host: since when no bound is known, 0 if there is one
 * @earliest: of a host: as of struct host_run
 * @last: likewise
 * @last_from: of a host: what is from this time of it on is not before @last
 * @head: of a host: its first event, if @has_head
 * @has_head: that is final on the host's line, and placed on the axis
 * @floor: of a host: nothing that is still to come is before this time of the axis
 * @guest: of a guest
 */
struct live_source {
	size_t number;
	struct trace_argument argument;
	enum live_state state;
	bool was_lost;
	struct live_clock clock;
	bool is_host;
	int64_t known_since;
	int64_t heard;
	bool is_silent;
	int64_t silence_said;
	uint64_t mark;
	struct live_queue queue;
	size_t bytes;
	struct clocktrace_ticks *losses;
	size_t nr_losses;
	struct live_stream *streams;
	size_t nr_streams;
	uint32_t epoch;
	bool is_other_epoch;
	struct live_counts counts;
	struct widths *latencies;
	struct widths *widths;
	struct live_vcpus *vcpus;
	struct live_heap ready;
	uint64_t order;
	uint64_t known_to;
	uint64_t line_to;
	uint64_t released;
	int64_t unbounded_since;
	int64_t earliest;
	int64_t last;
	uint64_t last_from;
	struct placed head;
	bool has_head;
	int64_t floor;
	struct live_guest *guest;
};

struct live {
	struct live_options options;
	struct live_source *sources;
	size_t count;
	int64_t begin;
	int64_t now;
	bool has_started;
	bool is_finishing;
	size_t reference;
	size_t nr_hosts;
	struct timeline view;
	struct live_axis *axis;
	live_handler handler;
	void *data;
	struct live_reader reader;
	struct stream stream;
	bool has_last;
	int64_t last;
	uint64_t sequence;
	bool is_assumed;
};

/* May more come from it before what it has sent, so that it is to be waited for? */
static inline bool live_is_awaited(const struct live *live, const struct live_source *source)
{
	return !live->is_finishing && source->state != LIVE_ENDED && !source->is_silent;
}

/* Up to where it is complete: what is behind that, is not used yet. */
static inline uint64_t live_mark(const struct live *live, const struct live_source *source)
{
	return live_is_awaited(live, source) ? source->mark : UINT64_MAX;
}

struct live_event *live_queue_first(const struct live_queue *queue);
struct live_event *live_queue_at(const struct live_queue *queue, size_t number);
void live_queue_add(struct live_queue *queue, struct live_event *event);
struct live_event *live_queue_take(struct live_queue *queue);

/* An event goes: its session has room for others. */
void live_drop(struct live_source *source, struct live_event *event);

/* Guests: guest.c */

void live_guest_new(struct live_source *source);

/* Which VM is it, and where are its events? They go to their host's @ready. */
void live_guest_place(struct live *live, struct live_source *source);

/* Before which time of a host no event of the guest comes any more; 0 if that is not known */
uint64_t live_guest_frontier(const struct live *live, const struct live_source *source,
			     const struct live_source *host);

/* Its host and VM, NULL if that is not known */
const struct live_source *live_guest_host(const struct live *live,
					  const struct live_source *source, uint64_t *vm);

void live_guest_free(const struct live *live, struct live_source *source);

/* Several hosts: axis.c */

struct live_axis *live_axis_new(const struct live *live);

/* A host's next event, in the order of its time */
void live_axis_add(struct live_axis *axis, const struct live_source *host,
		   const struct event *event);

void live_axis_lost(struct live_axis *axis, const struct live_source *host, uint64_t from,
		    uint64_t to);

/* Use the messages of so far: as that takes time, not before a while after the last time, unless
 * no more come. True if all are used. */
bool live_axis_solve(struct live_axis *axis, int64_t now, bool is_last);

/* Where an event of a host is on the axis, of which @placed has its place on its own host's
 * line; false if no bound is known. Nothing is kept: see live_axis_keep(). */
bool live_axis_place(const struct live *live, const struct live_source *host,
		     struct placed *placed);

/* The event is handed on: those after it are not before it. */
void live_axis_keep(struct live_source *host, const struct placed *placed);

/* No event from a time of a host on was before this time of the axis, which is set; false if
 * no bound is known. */
bool live_axis_floor(const struct live *live, const struct live_source *host, uint64_t time,
		     int64_t *floor);

void live_axis_counts(const struct live_axis *axis, uint64_t *messages,
		      uint64_t *contradictions);

void live_axis_free(struct live_axis *axis);

#endif
