// SPDX-License-Identifier: GPL-2.0
/*
 * Several live hosts on one axis: the bounds that the messages of so far prove.
 *
 * Bounds get narrower with each message, and never become false by it. So an event that is
 * placed now has a bound that is true, if wider than the one that all of the traces prove; and
 * no event that comes later can be before the earliest place of this moment.
 */
#include <stdlib.h>

#include "common/array.h"
#include "correlate/axis_parts.h"
#include "live/parts.h"
#include "packets/match.h"

/* What is kept, in a program that may run for weeks */
#define CONSTRAINTS_MAX 65536
#define RECORDS_MAX 400000
#define CONNECTIONS_MAX 20000
/* Solving takes time with many hosts: not with each message */
#define SOLVE_EVERY_NS INT64_C(50000000)

struct live_axis {
	const struct live *live;
	struct hosts *bounds;
	struct packets *packets;
	uint64_t messages;
	uint64_t contradictions;
	bool is_new;
	bool is_solved;
	int64_t solved_at;
};

/* The reference is the first one of the hosts. */
static size_t index_of(const struct live *live, size_t source)
{
	if (source == live->reference)
		return 0;
	return source ? source : live->reference;
}

static void take_message(void *data, const struct host_message *message,
			 const struct packet *packet)
{
	struct live_axis *axis = data;
	struct contradiction contradiction;
	enum hosts_answer answer = hosts_add(axis->bounds, message, &contradiction);

	(void)packet;
	if (answer == HOSTS_SPLIT || answer == HOSTS_FULL)
		axis->contradictions++;
	if (answer == HOSTS_ADDED || answer == HOSTS_SPLIT) {
		axis->messages++;
		axis->is_new = true;
	}
}

struct live_axis *live_axis_new(const struct live *live)
{
	const struct packets_limits kept = {
		.max_records = RECORDS_MAX,
		.max_connections = CONNECTIONS_MAX,
	};
	struct live_axis *axis = zalloc(sizeof(*axis));

	axis->live = live;
	axis->bounds = hosts_new(live->count, &live->options.limits, CONSTRAINTS_MAX);
	axis->packets = packets_new(live->count, &live->options.limits, &kept, take_message, axis);
	return axis;
}

void live_axis_add(struct live_axis *axis, const struct live_source *host,
		   const struct event *event)
{
	const size_t number = index_of(axis->live, host->number);
	const uint64_t frequency = host->clock.frequency;

	if (!event->packet)
		return;
	if (event->kind == EVENT_SENT)
		packets_sent(axis->packets, number, ns_from(event->time, frequency),
			     event->packet);
	else if (event->kind == EVENT_RECEIVED)
		packets_received(axis->packets, number, ns_to(event->time, frequency),
				 event->packet);
}

void live_axis_lost(struct live_axis *axis, const struct live_source *host, uint64_t from,
		    uint64_t to)
{
	packets_lost(axis->packets, index_of(axis->live, host->number),
		     ns_from(from, host->clock.frequency), ns_to(to, host->clock.frequency));
}

bool live_axis_solve(struct live_axis *axis, int64_t now, bool is_last)
{
	if (!axis->is_new)
		return true;
	if (!is_last && axis->is_solved && now - axis->solved_at < SOLVE_EVERY_NS)
		return false;
	hosts_solve(axis->bounds, 0);
	axis->is_new = false;
	axis->is_solved = true;
	axis->solved_at = now;
	return true;
}

static bool find_bound(const struct live *live, const struct live_source *host, uint64_t first,
		       uint64_t last, struct host_bound *bound)
{
	const uint64_t frequency = host->clock.frequency;

	return live->axis->is_solved &&
	       hosts_bound(live->axis->bounds, index_of(live, host->number),
			   ns_from(first, frequency), ns_to(last, frequency), bound);
}

bool live_axis_place(const struct live *live, const struct live_source *host,
		     struct placed *placed)
{
	const uint64_t frequency = live->view.frequency;
	int64_t earliest, latest, time;
	struct host_bound bound;

	if (host->number == live->reference)
		return true;
	if (!find_bound(live, host, placed->own_time, placed->own_time + placed->uncertainty,
			&bound))
		return false;
	earliest = ticks_from(bound.earliest, frequency);
	latest = ticks_from(bound.latest, frequency) + 1;
	time = ticks_from(bound.estimate, frequency);
	/* What comes too late to be in order is not put where it would seem to be. */
	if (placed->own_time >= host->last_from) {
		if (earliest < host->earliest)
			earliest = host->earliest;
		if (time < host->last)
			time = host->last;
	}
	if (time < earliest)
		time = earliest;
	if (latest < time)
		latest = time;
	placed->time = (uint64_t)time;
	placed->earlier = (uint64_t)(time - earliest);
	placed->uncertainty = (uint64_t)(latest - time);
	placed->is_estimate = true;
	placed->stepped = bound.stepped;
	return true;
}

void live_axis_keep(struct live_source *host, const struct placed *placed)
{
	if (!placed->is_estimate || placed->own_time < host->last_from)
		return;
	host->last = (int64_t)placed->time;
	host->earliest = host->last - (int64_t)placed->earlier;
	host->last_from = placed->own_time;
}

bool live_axis_floor(const struct live *live, const struct live_source *host, uint64_t time,
		     int64_t *floor)
{
	struct host_bound bound;

	if (host->number == live->reference) {
		*floor = time > INT64_MAX ? INT64_MAX : (int64_t)time;
		return true;
	}
	if (!find_bound(live, host, time, time, &bound))
		return false;
	*floor = ticks_from(bound.earliest, live->view.frequency);
	if (*floor < host->earliest)
		*floor = host->earliest;
	return true;
}

void live_axis_counts(const struct live_axis *axis, uint64_t *messages,
		      uint64_t *contradictions)
{
	*messages = axis->messages;
	*contradictions = axis->contradictions;
}

void live_axis_free(struct live_axis *axis)
{
	if (!axis)
		return;
	packets_free(axis->packets);
	hosts_free(axis->bounds);
	free(axis);
}
