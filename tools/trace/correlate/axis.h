/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Several hosts and their guests on one axis: the counter of the host that is the reference.
 *
 * Each host has a time line of its own, on which its guests are placed exactly. What the
 * hosts have sent each other bounds when that was on the reference's counter; see
 * Documentation/trace/hosts.rst.
 */
#ifndef TRACE_AXIS_H
#define TRACE_AXIS_H

#include "correlate/moves.h"
#include "correlate/sources.h"
#include "correlate/timeline.h"
#include "correlate/widths.h"
#include "hosts/hosts.h"

/**
 * struct clash - two messages between two hosts that cannot both be
 * @what: which hosts, and where
 * @messages: the two, as far as they are still known
 * @is_known: which are
 * @is_split: the clocks were split there; otherwise they were split too often already, and
 *	the second one is not used
 */
struct clash {
	struct contradiction what;
	struct host_message messages[2];
	bool is_known[2];
	bool is_split;
};

/* So many are kept; more are only counted. */
#define CLASHES_MAX 64

/**
 * struct pair - what two hosts have to do with each other
 * @forth: number of messages from the first one that are used
 * @back: from the second one
 * @dropped: number of messages from where a clock stepped, which prove nothing
 * @contradictions: number of messages that contradict others
 */
struct pair {
	uint64_t forth;
	uint64_t back;
	uint64_t dropped;
	uint64_t contradictions;
};

/**
 * struct axis_host - a host
 * @timeline: the host and its guests
 * @widths: of the bounds of its events and its guests', in ns
 * @stepped: number of them that are near a step
 * @unbounded: number of them that have no bound
 */
struct axis_host {
	struct timeline *timeline;
	struct widths *widths;
	uint64_t stepped;
	uint64_t unbounded;
};

/**
 * struct axis - all of it
 * @hosts: the hosts, the reference first
 * @nr_hosts: their number
 * @view: all machines on one time line in ticks of the reference, for writers
 * @bounds: what the messages prove
 * @pairs: [a * @nr_hosts + b] for each a < b
 * @clashes: contradictions
 * @nr_clashes: how many are kept
 * @moves: guests that went from host to host
 * @messages: number of messages
 * @packets: number of packets that were seen
 * @expired: number of packets that were forgotten before their other end came
 * @conflicts: number of connections that two hosts claim to have sent packets of
 */
struct axis {
	struct axis_host *hosts;
	size_t nr_hosts;
	struct timeline view;
	struct hosts *bounds;
	struct pair *pairs;
	struct clash *clashes;
	size_t nr_clashes;
	struct moves moves;
	uint64_t messages;
	uint64_t packets;
	uint64_t expired;
	uint64_t conflicts;
	/* private: the last messages, by number */
	struct host_message *recent;
	/* For each host, the index in @view of each of its parties */
	size_t **places;
};

/**
 * struct axis_options - what the user says
 * @reference: name or path of the reference, NULL for the first host
 * @limits: of the clocks of any two hosts
 * @frequency: ticks per second where no trace tells, or 0
 */
struct axis_options {
	const char *reference;
	struct limits limits;
	uint64_t frequency;
};

/**
 * axis_learn() - the first pass over all traces
 * @sources: the machines
 * @options: what the user says
 * @progress: called now and then, or NULL
 * @error: set to a text, to be freed, if that fails
 *
 * Return: the axis, to be freed with axis_free(), or NULL.
 */
struct axis *axis_learn(const struct sources *sources, const struct axis_options *options,
			progress_handler progress, char **error);

/**
 * typedef axis_handler - called for each event, in the order of the axis
 * @data: as given to axis_begin()
 * @placed: the event on the axis, of the axis' view; NULL if it has no bound there
 * @host: index of its host
 * @own: the event on that host's time line
 *
 * Return: false to stop.
 */
typedef bool (*axis_handler)(void *data, const struct placed *placed, size_t host,
			     const struct placed *own);

struct axis_run;

/**
 * axis_begin() - begin the second pass
 * @axis: what axis_learn() gave; its counts, and the origin of its view, are set
 * @handler: called for each event, at once for those without a bound that come first
 * @data: for @handler
 * @error: set to a text, to be freed, if that fails
 *
 * Return: the pass, to be ended with axis_end(), or NULL.
 */
struct axis_run *axis_begin(struct axis *axis, axis_handler handler, void *data, char **error);

/**
 * axis_run() - all events, in the order of the estimates
 * @run: the pass
 * @from: time of the reference before which events are left out, but for those that are early
 * @to: time of the reference after which events are left out
 * @progress: called now and then, or NULL
 *
 * Events of one host keep their order. Those of which no message tells when they were are
 * counted.
 *
 * Return: false if the handler has stopped it.
 */
bool axis_run(struct axis_run *run, uint64_t from, uint64_t to, progress_handler progress);

/**
 * axis_end() - end the second pass
 * @run: the pass, or NULL
 */
void axis_end(struct axis_run *run);

/**
 * axis_pair() - what two hosts have to do with each other
 * @axis: the axis
 * @a: a host
 * @b: another one
 */
struct pair *axis_pair(const struct axis *axis, size_t a, size_t b);

/**
 * axis_free() - free an axis
 * @axis: the axis, or NULL
 */
void axis_free(struct axis *axis);

#endif
