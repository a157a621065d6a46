/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Sessions of hosts and guests, merged as they come. No I/O, and no clock: the caller tells what
 * has come, and what time it is.
 *
 * Each session tells up to which time it is complete (by an event, for they come in order, or
 * by saying that nothing has happened). From these times follows how far a host's line is
 * complete: host events are all there, and no guest can come with an event of before, as the
 * formulas of its vCPUs tell. Of several hosts, an event is handed on when nothing of another
 * host can be earlier, by the bounds that the messages of so far prove. A better estimate does
 * not change what was said of the order: the event is then placed as early as that allows, with
 * a bound that reaches from there to where it truly was.
 *
 * A session from which nothing is heard for longer than the patience is not waited for. What it
 * sends after that may be of before what was handed on: it is late, and handed on as such.
 *
 * Memory: a session whose events wait is not to be read on when live_wants() says so.
 */
#ifndef TRACE_LIVE_LIVE_H
#define TRACE_LIVE_LIVE_H

#include "correlate/timeline.h"
#include "correlate/widths.h"
#include "hosts/limits.h"
#include "live/event.h"

/**
 * struct live_options - what the user says
 * @patience: how long to wait for a session, in ns
 * @memory: bytes of events that wait, of each session
 * @limits: of the clocks of any two hosts
 * @reference: name or URL of the host whose axis is used, NULL for the first one
 */
struct live_options {
	int64_t patience;
	size_t memory;
	struct limits limits;
	const char *reference;
};

/**
 * struct live_clock - what a session tells when it begins
 * @name: of its clock
 * @uuid: identity of that
 * @host: name of the machine
 * @frequency: ticks per second
 * @offset_s: of the clock's zero from the Epoch, in seconds
 * @offset: in addition to that, in ticks
 * @tells_of_guests: it may have events that only a host writes
 */
struct live_clock {
	char name[64];
	char uuid[37];
	char host[256];
	uint64_t frequency;
	int64_t offset_s;
	uint64_t offset;
	bool tells_of_guests;
};

/**
 * struct live_counts - what became of a session
 * @events: events that have come
 * @printed: those that were handed on
 * @late: those of them that came when later ones had been handed on already
 * @repeated: those that had come before a reconnection, too
 * @lost: places where the tracer has lost events
 * @silences: how often it was not waited for any more
 * @reconnections: how often the connection was made again
 * @unplaced: those of a guest that no formula or stay places
 * @outside: those of them of when the vCPU was not in the guest
 * @unmatched: those of them of a guest that fits no VM, or several
 * @epoch: those of another epoch of the clock
 * @unbounded: those of which no message tells when they were
 */
struct live_counts {
	uint64_t events;
	uint64_t printed;
	uint64_t late;
	uint64_t repeated;
	uint64_t lost;
	uint64_t silences;
	uint64_t reconnections;
	uint64_t unplaced;
	uint64_t outside;
	uint64_t unmatched;
	uint64_t epoch;
	uint64_t unbounded;
};

/**
 * struct live_report - what there is to say of a session
 * @url: where it is
 * @machine: name of its machine, NULL if nothing has come
 * @is_host: that is a host
 * @host: of a guest that was matched: name of its host, or NULL
 * @vm: and number of its VM
 * @counts: what became of it
 * @worst: longest time from an event's arrival to when it was handed on, in ns
 * @median: half of them took no longer than this
 * @width_median: of a host that is not the reference: half of its bounds are not wider, in ns
 * @width_worst: and none is
 */
struct live_report {
	const char *url;
	const char *machine;
	bool is_host;
	const char *host;
	uint64_t vm;
	const struct live_counts *counts;
	uint64_t worst;
	uint64_t median;
	uint64_t width_median;
	uint64_t width_worst;
};

struct live;

/**
 * typedef live_handler - take an event, in the order of the axis but for those that are late
 * @data: as given to live_new()
 * @view: the machines
 * @placed: the event, valid until the function returns
 *
 * Return: false to stop.
 */
typedef bool (*live_handler)(void *data, const struct timeline *view,
			     const struct placed *placed);

/**
 * live_new() - begin
 * @arguments: of each session its URL as the path, and what the user says of it: @is_host,
 *	@vm_id, @vm_host and @trust_clock; what they point to is kept
 * @count: number of sessions
 * @options: what else the user says
 * @now: the time
 * @handler: called for each event
 * @data: for @handler
 *
 * Return: to be freed with live_free().
 */
struct live *live_new(const struct trace_argument *arguments, size_t count,
		      const struct live_options *options, int64_t now, live_handler handler,
		      void *data);

/**
 * live_clock() - a session begins, or goes on after its connection was lost
 * @live: all of it
 * @source: number of the session
 * @clock: what it tells
 * @now: the time
 *
 * Return: NULL, or why it cannot be used, to be freed.
 */
char *live_clock(struct live *live, size_t source, const struct live_clock *clock, int64_t now);

/**
 * live_event() - an event of a session
 * @live: all of it
 * @source: number of the session
 * @event: the event, of which live.c becomes the owner
 * @complete_to: nothing that is earlier comes from this session
 * @now: the time
 */
void live_event(struct live *live, size_t source, struct live_event *event,
		uint64_t complete_to, int64_t now);

/**
 * live_quiet() - nothing has happened in a session up to a time
 * @live: all of it
 * @source: number of the session
 * @complete_to: the time
 * @now: the time at which that came
 */
void live_quiet(struct live *live, size_t source, uint64_t complete_to, int64_t now);

/**
 * live_lost() - the tracer has lost events of a session
 * @live: all of it
 * @source: number of the session
 * @from: after this time of the session
 * @to: before this time
 */
void live_lost(struct live *live, size_t source, uint64_t from, uint64_t to);

/**
 * live_gone() - the connection of a session is lost, and may come back
 * @live: all of it
 * @source: number of the session
 */
void live_gone(struct live *live, size_t source);

/**
 * live_end() - a session has ended, for good
 * @live: all of it
 * @source: number of the session
 */
void live_end(struct live *live, size_t source);

/**
 * live_has_ended() - have all sessions?
 * @live: all of it
 */
bool live_has_ended(const struct live *live);

/**
 * live_wants() - is a session to be read on?
 * @live: all of it
 * @source: number of the session
 */
bool live_wants(const struct live *live, size_t source);

/**
 * live_advance() - hand on what is final
 * @live: all of it
 * @now: the time
 *
 * Return: false if the handler has stopped it.
 */
bool live_advance(struct live *live, int64_t now);

/**
 * live_finish() - hand on all that has come, for nothing more is waited for
 * @live: all of it
 * @now: the time
 *
 * Return: false if the handler has stopped it.
 */
bool live_finish(struct live *live, int64_t now);

/**
 * live_view() - the machines, for writers
 * @live: all of it
 */
const struct timeline *live_view(const struct live *live);

/**
 * live_report() - what there is to say of a session
 * @live: all of it
 * @source: number of the session
 */
struct live_report live_report(const struct live *live, size_t source);

/**
 * live_messages() - number of messages between hosts, and of contradictions
 * @live: all of it
 * @messages: set to the number of messages of all hosts
 * @contradictions: set to that of those that contradict others
 */
void live_messages(const struct live *live, uint64_t *messages, uint64_t *contradictions);

/**
 * live_bytes() - bytes of events that wait
 * @live: all of it
 */
size_t live_bytes(const struct live *live);

/**
 * live_free() - free all of it
 * @live: all of it, or NULL
 */
void live_free(struct live *live);

#endif
