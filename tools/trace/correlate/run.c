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
	/* The span that the last event was in */
	struct clocktrace_span span;
	const struct clocktrace_vcpu *span_of;
	struct placed placed;
	uint64_t order;
	uint64_t last_time;
};

struct run {
	struct timeline *timeline;
	struct machine **machines;
	struct guest_stream *streams;
	size_t nr_streams;
	struct heap heap;
	/* Number of the host's event among those that are used, and among all */
	uint64_t host_order;
	uint64_t host_events;
};

static void find_unit(const struct run *run, struct guest_stream *guest)
{
	const struct match *match = run->timeline->parties[guest->party].match;
	unsigned int cpu = guest->stream->event.cpu;
	size_t i;

	if (guest->cursors && guest->unit_cpu == cpu)
		return;
	free(guest->cursors);
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

static bool place_in(const struct run *run, struct guest_stream *guest, size_t number,
		     struct clocktrace_ticks *ticks)
{
	const struct host *host = run->timeline->host;
	const struct era *era = &host->eras[guest->unit->eras[number]];
	const struct stay *stay = &guest->cursors[number].found;

	if (era_find_stay(host, era, &guest->cursors[number], guest->stream->event.time, ticks) !=
	    STAY_FOUND)
		return false;
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
		.uncertainty = ticks->last - ticks->first + guest->stream->reader->resolution,
		.certainty = certainty_at(guest, &host->vcpus[era->vcpu], stay->entry_order,
					  run->timeline->assumed_clock),
		.vcpu = &host->vcpus[era->vcpu],
	};
	guest->order = stay->entry_order;
	guest->last_time = ticks->first;
	return true;
}

/* Why it cannot be placed, by the era that is nearest */
static void count_unplaced(struct run *run, struct guest_stream *guest)
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
		    ticks.first >= host->whole_from.host_time) {
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
static bool is_on_counter(const struct run *run, const struct guest_stream *guest)
{
	const struct epochs *epochs = &run->timeline->parties[guest->party].epochs;
	const struct epoch *epoch;

	if (epochs->count == 1)
		return epoch_is_counter(&epochs->list[0]);
	epoch = epochs_at(epochs, guest->stream->section, guest->stream->event.time);
	return !epoch || epoch_is_counter(epoch);
}

/* Read on to the next event that can be placed. */
static bool advance(struct run *run, struct guest_stream *guest)
{
	struct clocktrace_ticks ticks;
	size_t i;

	while (stream_next(guest->machine, guest->stream)) {
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

static struct heap_key key_of(const struct run *run, const struct guest_stream *guest)
{
	return (struct heap_key){ guest->placed.time, guest->order,
				  (size_t)(guest - run->streams) };
}

static void add_streams(struct run *run)
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

static bool guest_is_next(const struct run *run, const struct stream *host_stream)
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
	counts->assumed += placed->certainty != CLOCKTRACE_KNOWN || timeline->assumed_clock;
	if (placed->uncertainty > timeline->uncertainty)
		timeline->uncertainty = placed->uncertainty;
}

static void place_host_event(const struct run *run, struct stream *stream, struct placed *placed)
{
	const struct event *event = &stream->event;

	*placed = (struct placed){
		.event = event,
		.stream = stream,
		.time = event->time,
		.uncertainty = stream->reader->resolution,
		.certainty = CLOCKTRACE_KNOWN,
	};
	if (event->kind == EVENT_ENTRY || event->kind == EVENT_EXIT)
		placed->vcpu = host_owner(run->timeline->host, event->thread, event->vcpu_id);
}

/* The host's next event of the epoch that the time line is of */
static struct stream *next_of_host(struct run *run)
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

static bool run_all(struct run *run, uint64_t from, uint64_t to, placed_handler handler,
		    void *data, progress_handler progress)
{
	struct stream *host_stream = next_of_host(run);
	struct placed placed;
	bool go_on = true;
	uint64_t events = 0;

	while (go_on && (host_stream || run->heap.count)) {
		bool is_guest = guest_is_next(run, host_stream);
		struct guest_stream *guest = NULL;

		if (is_guest) {
			guest = &run->streams[run->heap.keys[0].stream];
			placed = guest->placed;
		} else {
			place_host_event(run, host_stream, &placed);
		}
		if (placed.event->cpu == CPU_NONE) {
			host_stream = next_of_host(run);
			continue;
		}
		note(run->timeline, &placed);
		if (placed.time >= from && placed.time <= to)
			go_on = handler(data, &placed);
		if (is_guest && advance(run, guest)) {
			heap_replace(&run->heap, key_of(run, guest));
		} else if (is_guest) {
			heap_pop(&run->heap);
		} else {
			host_stream = next_of_host(run);
		}
		if (progress && ++events % PROGRESS_EVERY == 0)
			progress("merging", events);
	}
	return go_on;
}

bool timeline_run(struct timeline *timeline, uint64_t from, uint64_t to,
		  placed_handler handler, void *data, progress_handler progress,
		  char **error)
{
	struct run run = {
		.timeline = timeline,
		.machines = zalloc((timeline->nr_parties + 1) * sizeof(struct machine *)),
	};
	bool done = false;
	size_t i;

	*error = NULL;
	for (i = 0; i < timeline->nr_parties && !*error; i++)
		run.machines[i] = machine_open(timeline->parties[i].path, error);
	if (!*error) {
		add_streams(&run);
		done = run_all(&run, from, to, handler, data, progress);
	}
	for (i = 0; i < timeline->nr_parties; i++)
		machine_close(run.machines[i]);
	for (i = 0; i < run.nr_streams; i++)
		free(run.streams[i].cursors);
	free(run.machines);
	free(run.streams);
	free(run.heap.keys);
	return done;
}
