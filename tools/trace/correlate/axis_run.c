// SPDX-License-Identifier: GPL-2.0
/*
 * The second pass over the traces of several hosts: all events in the order of the estimates,
 * those of each host in its own.
 */
#include <stdlib.h>

#include "common/array.h"
#include "common/message.h"
#include "correlate/axis_parts.h"
#include "correlate/party.h"

#define PROGRESS_EVERY 65536

/**
 * struct host_run - a host that is being read
 * @number: of the host
 * @run: its time line
 * @own: its next event, on that
 * @placed: the same, on the axis
 * @earliest: no event that is still to come was before, in ticks of the reference
 * @last: where the last event was placed
 */
struct host_run {
	size_t number;
	struct timeline_run *run;
	struct placed own;
	struct placed placed;
	int64_t earliest;
	int64_t last;
};

struct axis_run {
	struct axis *axis;
	axis_handler handler;
	void *data;
	struct host_run *list;
	struct heap heap;
};

/* The reference's events are where they are. */
static void place_on_reference(struct axis *axis, struct host_run *host)
{
	host->placed = host->own;
	host->placed.party = axis->places[0][host->own.party];
	widths_add(axis->hosts[0].widths,
		   timeline_ns_up(&axis->view, host->own.uncertainty));
}

/*
 * What is after another event of its host was not before that was possible. The estimates of
 * two events of a host may be in the other order: then both are where the first one is, and
 * the bound of the second one reaches up to there.
 */
static bool place(struct axis *axis, struct host_run *host)
{
	const struct timeline *timeline = axis->hosts[host->number].timeline;
	const uint64_t frequency = axis->view.frequency;
	struct axis_host *of = &axis->hosts[host->number];
	int64_t earliest, latest, time;
	struct host_bound bound;

	if (!host->number) {
		place_on_reference(axis, host);
		return true;
	}
	if (!hosts_bound(axis->bounds, host->number,
			 ns_from(host->own.time, timeline->frequency),
			 ns_to(host->own.time + host->own.uncertainty, timeline->frequency), &bound))
		return false;
	widths_add(of->widths, (uint64_t)(bound.latest - bound.earliest));
	of->stepped += bound.stepped;
	earliest = ticks_from(bound.earliest, frequency);
	latest = ticks_from(bound.latest, frequency) + 1;
	time = ticks_from(bound.estimate, frequency);
	if (earliest < host->earliest)
		earliest = host->earliest;
	if (time < host->last)
		time = host->last;
	if (time < earliest)
		time = earliest;
	if (latest < time)
		latest = time;
	host->earliest = earliest;
	host->last = time;
	host->placed = host->own;
	host->placed.party = axis->places[host->number][host->own.party];
	host->placed.time = (uint64_t)time;
	host->placed.earlier = (uint64_t)(time - earliest);
	host->placed.uncertainty = (uint64_t)(latest - time);
	host->placed.is_estimate = true;
	host->placed.stepped = bound.stepped;
	return true;
}

/* Read on to the next event that has a bound. */
static bool advance(struct axis_run *run, struct host_run *host)
{
	struct axis *axis = run->axis;
	struct counts *counts;

	while (timeline_next(host->run, &host->own)) {
		downtime_event(axis, host->number, &host->own);
		if (place(axis, host))
			return true;
		counts = &axis->hosts[host->number].timeline->parties[host->own.party].counts;
		counts->placed--;
		counts->unbounded++;
		axis->hosts[host->number].unbounded++;
		run->handler(run->data, NULL, host->number, &host->own);
	}
	return false;
}

static struct heap_key key_of(const struct host_run *host)
{
	return (struct heap_key){ host->placed.time ^ UINT64_C(1) << 63, 0, host->number };
}

static char *open_host(struct host_run *host, struct timeline *timeline)
{
	struct machine **machines = zalloc((timeline->nr_parties + 1) * sizeof(*machines));
	char *error = NULL;
	size_t i;

	for (i = 0; i < timeline->nr_parties && !error; i++)
		machines[i] = party_open(&timeline->parties[i], &error);
	if (!error) {
		host->run = timeline_begin(timeline, machines);
		return NULL;
	}
	for (i = 0; i < timeline->nr_parties; i++)
		machine_close(machines[i]);
	free(machines);
	return error;
}

static char *begin(struct axis_run *runs)
{
	struct axis *axis = runs->axis;
	char *error = NULL;
	size_t i;

	runs->list = zalloc((axis->nr_hosts + 1) * sizeof(*runs->list));
	runs->heap.keys = zalloc((axis->nr_hosts + 1) * sizeof(*runs->heap.keys));
	for (i = 0; i < axis->nr_hosts && !error; i++) {
		runs->list[i].number = i;
		runs->list[i].earliest = runs->list[i].last = INT64_MIN;
		error = open_host(&runs->list[i], axis->hosts[i].timeline);
		if (!error && advance(runs, &runs->list[i]))
			heap_push(&runs->heap, key_of(&runs->list[i]));
	}
	/* The first event of all is at 0. */
	if (runs->heap.count)
		axis->view.origin = runs->list[runs->heap.keys[0].stream].placed.time;
	return error;
}

/* What writers show of the machines */
static void sum_up(struct axis *axis)
{
	size_t i, j;

	for (i = 0; i < axis->nr_hosts; i++)
		for (j = 0; j < axis->hosts[i].timeline->nr_parties; j++) {
			const struct party *own = &axis->hosts[i].timeline->parties[j];
			struct party *party = &axis->view.parties[axis->places[i][j]];

			party->counts = own->counts;
			party->damaged = own->damaged;
		}
}

static void note(struct timeline *view, const struct placed *placed)
{
	const uint64_t width = placed->earlier + placed->uncertainty;

	if (width > view->uncertainty)
		view->uncertainty = width;
}

static bool is_state(const struct event *event)
{
	return event->kind == EVENT_ENTRY || event->kind == EVENT_EXIT ||
	       event->kind == EVENT_SWITCH;
}

static bool run_all(struct axis_run *runs, uint64_t from, uint64_t to,
		    progress_handler progress)
{
	const int64_t begin = from > INT64_MAX ? INT64_MAX : (int64_t)from;
	const int64_t end = to > INT64_MAX ? INT64_MAX : (int64_t)to;
	uint64_t events = 0;
	bool go_on = true;

	while (go_on && runs->heap.count) {
		struct host_run *host = &runs->list[runs->heap.keys[0].stream];
		const int64_t time = (int64_t)host->placed.time;

		note(&runs->axis->view, &host->placed);
		host->placed.early = from && time < begin;
		host->own.early = host->placed.early;
		if (time <= end && (!host->placed.early || is_state(host->placed.event)))
			go_on = runs->handler(runs->data, &host->placed, host->number,
					      &host->own);
		if (progress && ++events % PROGRESS_EVERY == 0)
			progress("merging", events);
		if (advance(runs, host))
			heap_replace(&runs->heap, key_of(host));
		else
			heap_pop(&runs->heap);
	}
	return go_on;
}

struct axis_run *axis_begin(struct axis *axis, axis_handler handler, void *data, char **error)
{
	struct axis_run *run = zalloc(sizeof(*run));

	run->axis = axis;
	run->handler = handler;
	run->data = data;
	*error = begin(run);
	if (!*error)
		return run;
	axis_end(run);
	return NULL;
}

bool axis_run(struct axis_run *run, uint64_t from, uint64_t to, progress_handler progress)
{
	bool done = run_all(run, from, to, progress);

	sum_up(run->axis);
	return done;
}

void axis_end(struct axis_run *run)
{
	size_t i;

	if (!run)
		return;
	for (i = 0; i < run->axis->nr_hosts; i++)
		timeline_end(run->list[i].run);
	free(run->list);
	free(run->heap.keys);
	free(run);
}
