/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Connections of TCP as hosts see them.
 */
#ifndef TRACE_PACKETS_FLOW_H
#define TRACE_PACKETS_FLOW_H

#include "packets/track.h"
#include "packets/tuple.h"

/**
 * enum role - what a host has to do with one direction of a connection
 * @ROLE_UNKNOWN: no packet has been seen
 * @ROLE_SENDER: the packets begin here
 * @ROLE_RECEIVER: they come from elsewhere, to stay or to be forwarded
 * @ROLE_NONE: it sends them and receives them, and it is not known what comes first
 */
enum role { ROLE_UNKNOWN, ROLE_SENDER, ROLE_RECEIVER, ROLE_NONE };

/* What is matched: bytes, and acknowledgments of packets that have nothing else */
enum kind { KIND_DATA, KIND_ACKS, NR_KINDS };

/**
 * struct pace - how fast positions go on
 * @begun: the members below are set
 * @was_slow: in the interval before @time, of more than twice the longest transit, positions
 *	went on slowly enough
 * @time: when the present interval began
 * @position: and at which position
 */
struct pace {
	bool begun;
	bool was_slow;
	int64_t time;
	uint64_t position;
};

/**
 * struct lane - packets of one kind in one direction, as one host saw them
 * @track: of a sender: ranges when they were sent first, sorted by position;
 *	of a receiver: what it received before the sender's packets were added
 * @begun: the sender has sent some
 * @next: of a sender: position behind all that it has sent
 * @pace: of a sender
 */
struct lane {
	struct track track;
	bool begun;
	uint64_t next;
	struct pace pace;
};

/**
 * struct half - one direction of a connection, as one host saw it
 * @role: what the host has to do with it
 * @is_anchored: its first sequence number is known
 * @first: that number
 * @by_plain_syn: from a SYN that was neither an answer nor carried data
 * @is_exact: the host is the sender, and all that it has sent since is known
 * @has_position: @position is set
 * @position: behind the last byte that was seen
 * @may_jump: packets may have been lost since then
 * @lanes: by kind
 */
struct half {
	enum role role;
	bool is_anchored;
	uint32_t first;
	bool by_plain_syn;
	bool is_exact;
	bool has_position;
	uint64_t position;
	bool may_jump;
	struct lane lanes[NR_KINDS];
};

/**
 * struct view - a connection as one host saw it from some time on without a gap
 * @next: an older one, of this host or another one
 * @host: index of the host
 * @gap: number of the host's gap that it follows
 * @since: before that time, packets may have been there that are not known
 * @halves: both directions, by the end that sends
 */
struct view {
	struct view *next;
	size_t host;
	uint64_t gap;
	int64_t since;
	struct half halves[2];
};

/**
 * struct flow - all connections between two ends
 * @chain: next one with the same hash
 * @newer: used more recently
 * @older: used less recently
 * @tuple: the ends
 * @views: the latest first
 */
struct flow {
	struct flow *chain;
	struct flow *newer;
	struct flow *older;
	struct tuple tuple;
	struct view *views;
};

struct flows;

/**
 * flows_new() - no connection yet
 * @max: how many to keep
 */
struct flows *flows_new(size_t max);

/**
 * flows_get() - find a flow, or begin one
 * @flows: the flows
 * @tuple: its ends
 * @nr_records: less those of a flow that has to go for it
 */
struct flow *flows_get(struct flows *flows, const struct tuple *tuple, size_t *nr_records);

/**
 * flows_drop_oldest() - forget the flow that was not used for longest
 * @flows: the flows
 * @nr_records: less those of it
 */
void flows_drop_oldest(struct flows *flows, size_t *nr_records);

void flows_free(struct flows *flows);

/**
 * flow_view() - the latest view of a host
 * @flow: the flow
 * @host: index of the host
 *
 * Return: the view, or NULL.
 */
struct view *flow_view(const struct flow *flow, size_t host);

/**
 * flow_add_view() - begin a view
 * @flow: the flow
 * @host: index of its host
 * @nr_records: less those of older views that have to go
 */
struct view *flow_add_view(struct flow *flow, size_t host, size_t *nr_records);

#endif
