// SPDX-License-Identifier: GPL-2.0
/*
 * The second pass: all events in the order of the host's time line, to the tick.
 *
 * The host's events keep the order that its trace gives them. A guest's event comes after
 * the entry of the stay that it lies in, and before the exit, also where all three are of
 * one tick.
 */
#include <stdlib.h>

#include "common/array.h"
#include "common/message.h"
#include "correlate/party.h"
#include "correlate/timeline.h"

#define PROGRESS_EVERY 65536

/* A stream of a guest */
struct guest_stream {
	struct machine *machine;
	struct stream *stream;
	size_t party;
	/* How its events are placed, for the CPU of the last one */
	const struct unit *unit;
	unsigned int unit_cpu;
	struct stay_cursor *cursors;
	struct bound_cursor bound_cursor;
	/* The span that the last event was in */
	struct clocktrace_span span;
	const struct clocktrace_vcpu *span_of;
	struct placed placed;
	uint64_t order;
	uint64_t last_time;
};

struct timeline_run {
	struct timeline *timeline;
	struct machine **machines;
	struct guest_stream *streams;
	size_t nr_streams;
	struct heap heap;
	/* Number of the host's event among those that are used, and among all */
	uint64_t host_order;
	uint64_t host_events;
	/* The host's next event, NULL after its last */
	struct stream *host_stream;
	/* The guest whose event was returned last, NULL if it was the host's */
	struct guest_stream *current;
	bool has_current;
};

static void find_unit(const struct timeline_run *run, struct guest_stream *guest)
{
	const struct match *match = run->timeline->parties[guest->party].match;
	unsigned int cpu = guest->stream->event.cpu;
	size_t i;

	if (guest->cursors && guest->unit_cpu == cpu)
		return;
	free(guest->cursors);
	guest->bound_cursor = (struct bound_cursor){ 0 };
	guest->unit_cpu = cpu;
	guest->unit = match_unit(match, guest->stream->section, cpu);
	guest->cursors = zalloc(((guest->unit ? guest->unit->nr_eras : 0) + 1) *
				sizeof(*guest->cursors));
	for (i = 0; guest->unit && i < guest->unit->nr_eras; i++) {
		const struct host *host = run->timeline->host;

		guest->cursors[i].list = host->vcpus[host->eras[guest->unit->eras[i]].vcpu].stays;
	}
}

static enum clocktrace_certainty certainty_at(struct guest_stream *guest,
					      const struct vcpu *vcpu, uint64_t order, bool assumed)
{
	if (guest->span_of != vcpu->history || order < guest->span.begin.order ||
	    order >= guest->span.end.order) {
		guest->span_of = vcpu->history;
		if (clocktrace_vcpu_at_order(vcpu->history, order, &guest->span))
			return CLOCKTRACE_UNTOLD;
	}
	/* What the trace does not tell for sure, no event of it proves. */
	if (assumed && guest->span.certainty == CLOCKTRACE_KNOWN)
		return CLOCKTRACE_ASSUMED;
	return guest->span.certainty;
}

/* Does something that no event tells have to be taken for granted? */
static bool is_assumed(const struct timeline *timeline, const struct guest_stream *guest)
{
	const struct match *match = timeline->parties[guest->party].match;

	return timeline->assumed_clock || match->sections[guest->unit->section].by_chance;
}

static bool place_in(const struct timeline_run *run, struct guest_stream *guest, size_t number,
		     struct clocktrace_ticks *ticks)
{
	const struct host *host = run->timeline->host;
	const struct era *era = &host->eras[guest->unit->eras[number]];
	const struct stay *stay = &guest->cursors[number].found;
	const struct party *party = &run->timeline->parties[guest->party];

	if (era_find_stay(host, era, &guest->cursors[number], guest->stream->event.time,
			  party->resolution, ticks) != STAY_FOUND)
		return false;
	/* Before the exit, also where the host's trace has that too early */
	if (ticks->first > stay->exit - host->resolution)
		ticks->first = stay->exit - host->resolution;
	/* Events of a guest that one tick holds, or of which several ticks are possible */
	if (ticks->first < guest->last_time && ticks->last >= guest->last_time)
		ticks->first = guest->last_time;
	if (ticks->first < guest->last_time)
		return false;
	guest->placed = (struct placed){
		.event = &guest->stream->event,
		.stream = guest->stream,
		.party = guest->party,
		.time = ticks->first,
		.own_time = ticks->first,
		.uncertainty = ticks->last - ticks->first,
		.certainty = certainty_at(guest, &host->vcpus[era->vcpu], stay->entry_order,
					  is_assumed(run->timeline, guest)),
		.vcpu = &host->vcpus[era->vcpu],
	};
	guest->order = stay->entry_order;
	guest->last_time = ticks->first;
	return true;
}

/* Why it cannot be placed, by the era that is nearest */
static void count_unplaced(struct timeline_run *run, struct guest_stream *guest)
{
	struct timeline *timeline = run->timeline;
	const struct host *host = timeline->host;
	struct counts *counts = &timeline->parties[guest->party].counts;
	const struct unit *unit = guest->unit;
	uint64_t time = guest->stream->event.time, host_time;
	struct clocktrace_ticks ticks;
	const struct era *era;
	size_t i;

	if (!unit || !unit->nr_eras) {
		counts->unmatched++;
		return;
	}
	for (i = 0; i < unit->nr_eras; i++) {
		era = &host->eras[unit->eras[i]];
		if (era_to_host(host, era, time, &ticks) &&
		    ticks.first >= host_whole_from(host)) {
			if (host_in_gap(host, ticks.first))
				counts->lost++;
			else
				counts->outside++;
			return;
		}
	}
	/* Not scaled, or nearly: on which side of the trace is it? */
	era = &host->eras[unit->eras[0]];
	host_time = (uint64_t)((unsigned __int128)(time - (uint64_t)era->tsc.offset)
			       * (UINT64_C(1) << era->tsc.frac_bits) / era->tsc.ratio);
	if ((int64_t)(host_time - host->whole_from.host_time) < 0)
		counts->before++;
	else if ((int64_t)(host_time - host->last.host_time) > 0)
		counts->after++;
	else
		counts->outside++;
}

/* Guests' times are placed while the guest's clock is the counter, in whatever epoch. */
static bool is_on_counter(const struct timeline_run *run, const struct guest_stream *guest)
{
	const struct epochs *epochs = &run->timeline->parties[guest->party].epochs;
	const struct epoch *epoch;

	if (epochs->count == 1)
		return epoch_is_counter(&epochs->list[0]);
	epoch = epochs_at(epochs, guest->stream->section, guest->stream->event.time);
	return !epoch || epoch_is_counter(epoch);
}

/* Place an event of a clock that is not the counter; false and counted if that is not possible. */
static bool place_by_bounds(struct timeline_run *run, struct guest_stream *guest)
{
	struct party *party = &run->timeline->parties[guest->party];
	const struct host *host = run->timeline->host;
	const struct event *event = &guest->stream->event;
	unsigned int section = guest->stream->section;
	const struct epoch *epoch = timeline_bound_epoch(party, section);
	struct clocktrace_ticks ticks;
	uint64_t order;

	if (!epoch || epochs_at(&party->epochs, section, event->time) != epoch) {
		party->counts.epoch++;
		return false;
	}
	find_unit(run, guest);
	if (!guest->unit || !guest->unit->nr_vcpus) {
		party->counts.unmatched++;
		return false;
	}
	switch (bound_at(party->bound, section, guest->unit, &guest->bound_cursor, event->time,
			 &ticks, &order)) {
	case BOUND_FOUND:
		break;
	case BOUND_UNPROVED:
		party->counts.unproved++;
		return false;
	default:
		party->counts.outside++;
		return false;
	}
	/* It may be of where the host's trace does not reach. */
	if (ticks.first < host_whole_from(host) ||
	    ticks.last > host->last.host_time) {
		if (ticks.first < host_whole_from(host))
			party->counts.before++;
		else
			party->counts.after++;
		return false;
	}
	/* No event is of before the one before it in its stream. */
	if (ticks.last < guest->last_time) {
		party->counts.outside++;
		return false;
	}
	if (ticks.first < guest->last_time)
		ticks.first = guest->last_time;
	guest->placed = (struct placed){
		.event = event,
		.stream = guest->stream,
		.party = guest->party,
		.time = ticks.first,
		.own_time = ticks.first,
		.uncertainty = ticks.last - ticks.first,
		.certainty = CLOCKTRACE_ASSUMED,
		.is_bounded = true,
		.vcpu = &host->vcpus[guest->unit->vcpus[0]],
	};
	guest->order = order;
	guest->last_time = ticks.first;
	return true;
}

/* Is it of when the guest was on this host, and not on another one? */
static bool is_here(const struct party *party, const struct stream *stream)
{
	size_t i;

	for (i = 0; i < party->nr_windows; i++)
		if (party->windows[i].section == stream->section &&
		    stream->event.time >= party->windows[i].from &&
		    stream->event.time <= party->windows[i].to)
			return true;
	return !party->has_moved;
}

/* Read on to the next event that can be placed. */
static bool advance(struct timeline_run *run, struct guest_stream *guest)
{
	struct clocktrace_ticks ticks;
	size_t i;

	while (stream_next(guest->machine, guest->stream)) {
		if (!is_here(&run->timeline->parties[guest->party], guest->stream))
			continue;
		if (run->timeline->parties[guest->party].bound) {
			if (place_by_bounds(run, guest))
				return true;
			continue;
		}
		if (!is_on_counter(run, guest)) {
			run->timeline->parties[guest->party].counts.epoch++;
			continue;
		}
		find_unit(run, guest);
		for (i = 0; guest->unit && i < guest->unit->nr_eras; i++)
			if (guest->stream->event.time >= guest->unit->from[i] &&
			    place_in(run, guest, i, &ticks))
				return true;
		count_unplaced(run, guest);
	}
	return false;
}

static struct heap_key key_of(const struct timeline_run *run, const struct guest_stream *guest)
{
	return (struct heap_key){ guest->placed.time, guest->order,
				  (size_t)(guest - run->streams) };
}

static void add_streams(struct timeline_run *run)
{
	size_t i, j, count = 0;

	for (i = 1; i < run->timeline->nr_parties; i++)
		count += run->machines[i]->nr_streams;
	run->streams = zalloc((count + 1) * sizeof(*run->streams));
	run->heap.keys = zalloc((count + 1) * sizeof(*run->heap.keys));
	for (i = 1; i < run->timeline->nr_parties; i++)
		for (j = 0; j < run->machines[i]->nr_streams; j++) {
			struct guest_stream *guest = &run->streams[run->nr_streams++];

			guest->machine = run->machines[i];
			guest->stream = &run->machines[i]->streams[j];
			guest->party = i;
			if (advance(run, guest))
				heap_push(&run->heap, key_of(run, guest));
		}
}

static bool guest_is_next(const struct timeline_run *run, const struct stream *host_stream)
{
	const struct heap_key *key = run->heap.keys;

	if (!run->heap.count)
		return false;
	if (!host_stream)
		return true;
	if (key->first != host_stream->event.time)
		return key->first < host_stream->event.time;
	return key->second < run->host_order;
}

static void note(struct timeline *timeline, const struct placed *placed)
{
	struct counts *counts = &timeline->parties[placed->party].counts;

	counts->placed++;
	counts->bounded += placed->is_bounded;
	if (placed->uncertainty > timeline->parties[placed->party].uncertainty)
		timeline->parties[placed->party].uncertainty = placed->uncertainty;
	if (!placed->is_bounded)
		counts->assumed += placed->certainty != CLOCKTRACE_KNOWN ||
				   timeline->assumed_clock;
	if (placed->uncertainty > timeline->uncertainty)
		timeline->uncertainty = placed->uncertainty;
}

static void place_host_event(const struct timeline_run *run, struct stream *stream, struct placed *placed)
{
	const struct event *event = &stream->event;

	*placed = (struct placed){
		.event = event,
		.stream = stream,
		.time = event->time,
		.own_time = event->time,
		.uncertainty = stream->reader->resolution,
		.certainty = CLOCKTRACE_KNOWN,
	};
	if (event->kind == EVENT_ENTRY || event->kind == EVENT_EXIT)
		placed->vcpu = host_owner(run->timeline->host, event->thread, event->vcpu_id);
}

/* The host's next event of the epoch that the time line is of */
static struct stream *next_of_host(struct timeline_run *run)
{
	struct party *party = &run->timeline->parties[0];
	struct stream *stream;

	while ((stream = machine_next(run->machines[0]))) {
		run->host_events++;
		if (run->host_events >= party->used_from && run->host_events < party->used_to) {
			run->host_order++;
			break;
		}
		party->counts.epoch++;
	}
	return stream;
}

struct timeline_run *timeline_begin(struct timeline *timeline, struct machine **machines)
{
	struct timeline_run *run = zalloc(sizeof(*run));

	run->timeline = timeline;
	run->machines = machines;
	add_streams(run);
	run->host_stream = next_of_host(run);
	return run;
}

/* Read on where the last event came from. */
static void leave_current(struct timeline_run *run)
{
	struct guest_stream *guest = run->current;

	if (!run->has_current)
		return;
	if (!guest)
		run->host_stream = next_of_host(run);
	else if (advance(run, guest))
		heap_replace(&run->heap, key_of(run, guest));
	else
		heap_pop(&run->heap);
	run->has_current = false;
}

bool timeline_next(struct timeline_run *run, struct placed *placed)
{
	leave_current(run);
	while (run->host_stream || run->heap.count) {
		run->current = NULL;
		if (guest_is_next(run, run->host_stream)) {
			run->current = &run->streams[run->heap.keys[0].stream];
			*placed = run->current->placed;
		} else {
			place_host_event(run, run->host_stream, placed);
		}
		run->has_current = true;
		if (placed->event->cpu != CPU_NONE) {
			note(run->timeline, placed);
			return true;
		}
		leave_current(run);
	}
	return false;
}

const struct machine *timeline_machine(const struct timeline_run *run, size_t party)
{
	return run->machines[party];
}

void timeline_end(struct timeline_run *run)
{
	size_t i;

	if (!run)
		return;
	for (i = 0; i < run->timeline->nr_parties; i++)
		machine_close(run->machines[i]);
	for (i = 0; i < run->nr_streams; i++)
		free(run->streams[i].cursors);
	free(run->machines);
	free(run->streams);
	free(run->heap.keys);
	free(run);
}

static bool is_state(const struct event *event)
{
	return event->kind == EVENT_ENTRY || event->kind == EVENT_EXIT ||
	       event->kind == EVENT_SWITCH;
}

static bool run_all(struct timeline_run *run, uint64_t from, uint64_t to,
		    placed_handler handler, void *data, progress_handler progress)
{
	struct placed placed;
	bool go_on = true;
	uint64_t events = 0;

	while (go_on && timeline_next(run, &placed)) {
		placed.early = placed.time < from;
		if (placed.time <= to && (!placed.early || is_state(placed.event)))
			go_on = handler(data, &placed);
		if (progress && ++events % PROGRESS_EVERY == 0)
			progress("merging", events);
	}
	return go_on;
}

bool timeline_run(struct timeline *timeline, uint64_t from, uint64_t to,
		  placed_handler handler, void *data, progress_handler progress,
		  char **error)
{
	struct machine **machines = zalloc((timeline->nr_parties + 1) * sizeof(*machines));
	struct timeline_run *run;
	bool done;
	size_t i;

	*error = NULL;
	for (i = 0; i < timeline->nr_parties && !*error; i++)
		machines[i] = party_open(&timeline->parties[i], error);
	if (*error) {
		for (i = 0; i < timeline->nr_parties; i++)
			machine_close(machines[i]);
		free(machines);
		return false;
	}
	run = timeline_begin(timeline, machines);
	done = run_all(run, from, to, handler, data, progress);
	timeline_end(run);
	*error = host_file_error(timeline->host);
	return done && !*error;
}
