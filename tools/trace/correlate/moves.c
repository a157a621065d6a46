// SPDX-License-Identifier: GPL-2.0
/*
 * Which host each part of a guest's trace is of, and when the guest moved from one to another.
 *
 * A guest that was on two hosts fits a VM of the one up to some time, and a VM of the other one
 * from then on, as it does when it moves on one host. All of its vCPUs have stopped on the one
 * before any of them runs on the other.
 */
#include <stdlib.h>
#include <string.h>

#include "common/array.h"
#include "common/message.h"
#include "correlate/moves.h"

#define NONE SIZE_MAX

/* When a section of a guest's trace fits a VM */
struct range {
	uint64_t vm_id;
	uint64_t from;
	uint64_t to;
};

struct ranges {
	struct range *list;
	size_t count;
	uint64_t inside;
};

static struct range *range_of(struct ranges *ranges, uint64_t vm_id)
{
	size_t i;

	for (i = 0; i < ranges->count; i++)
		if (ranges->list[i].vm_id == vm_id)
			return &ranges->list[i];
	ranges->list = array_room(ranges->list, i, sizeof(*ranges->list));
	ranges->list[i] = (struct range){ .vm_id = vm_id, .from = UINT64_MAX };
	ranges->count++;
	return &ranges->list[i];
}

static void find_ranges(const struct match *match, unsigned int section, struct ranges *ranges)
{
	size_t i, j;

	*ranges = (struct ranges){ .inside = match->sections[section].inside };
	for (i = 0; i < match->nr_units; i++) {
		const struct unit *unit = &match->units[i];

		for (j = 0; unit->section == section && unit->fits && j < unit->nr_vcpus; j++) {
			const struct fit *fit = &unit->fits[unit->vcpus[j]];
			struct range *range;

			if (!fit->inside)
				continue;
			range = range_of(ranges, match->host->vcpus[unit->vcpus[j]].vm_id);
			if (fit->first < range->from)
				range->from = fit->first;
			if (fit->last > range->to)
				range->to = fit->last;
		}
	}
}

static bool are_apart(const struct ranges *a, const struct ranges *b)
{
	size_t i, j;

	for (i = 0; i < a->count; i++)
		for (j = 0; j < b->count; j++)
			if (a->list[i].from <= b->list[j].to && b->list[j].from <= a->list[i].to)
				return false;
	return true;
}

/* The better, the larger */
static int grade_of(const struct match *match, unsigned int section)
{
	if (section >= match->nr_sections)
		return 0;
	switch (match->sections[section].verdict) {
	case VERDICT_PROVED:
		return match->sections[section].by_chance ? 3 : 4;
	case VERDICT_AMBIGUOUS:
		return 2;
	case VERDICT_CONTRADICTED:
		return 1;
	default:
		return 0;
	}
}

/* Of this section nothing is on this host. */
static void leave_section(struct match *match, unsigned int section)
{
	size_t i;

	if (section >= match->nr_sections)
		return;
	match->sections[section].verdict = VERDICT_EMPTY;
	match->sections[section].nr_vms = 0;
	match->sections[section].inside = 0;
	for (i = 0; i < match->nr_units; i++)
		if (match->units[i].section == section)
			match->units[i].nr_eras = match->units[i].nr_vcpus = 0;
}

static bool is_better(const struct party *const *parties, const struct ranges *ranges,
		      unsigned int section, size_t one, size_t other)
{
	int a, b;

	if (other == NONE)
		return true;
	a = grade_of(parties[one]->match, section);
	b = grade_of(parties[other]->match, section);
	return a != b ? a > b : ranges[one].inside > ranges[other].inside;
}

/* The host that fits best, and those that fit at other times */
static void choose_section(struct party *const *parties, size_t count, unsigned int section,
			   bool *stays, size_t *rival)
{
	struct ranges *ranges = zalloc((count + 1) * sizeof(*ranges));
	size_t best = NONE, i;

	for (i = 0; i < count; i++) {
		if (!grade_of(parties[i]->match, section))
			continue;
		find_ranges(parties[i]->match, section, &ranges[i]);
		if (is_better((const struct party *const *)parties, ranges, section, i, best))
			best = i;
	}
	for (i = 0; i < count && best != NONE; i++) {
		const bool is_proved = grade_of(parties[i]->match, section) == 4;

		if (i == best || (is_proved && are_apart(&ranges[i], &ranges[best]))) {
			stays[i] = true;
			continue;
		}
		if (is_proved && ranges[i].inside >= ranges[best].inside)
			*rival = i;
		leave_section(parties[i]->match, section);
	}
	for (i = 0; i < count; i++)
		free(ranges[i].list);
	free(ranges);
}

size_t moves_choose(struct party *const *parties, size_t count, size_t *rival)
{
	bool *stays = zalloc(count + 1);
	size_t nr_sections = 0, nr_hosts = 0, i, kept = NONE;

	*rival = count;
	for (i = 0; i < count; i++)
		if (parties[i]->match->nr_sections > nr_sections)
			nr_sections = parties[i]->match->nr_sections;
	for (i = 0; i < nr_sections; i++)
		choose_section(parties, count, (unsigned int)i, stays, rival);
	for (i = 0; i < count; i++) {
		parties[i]->has_moved = false;
		nr_hosts += stays[i];
	}
	for (i = 0; i < count; i++) {
		if (stays[i])
			kept = i;
		else
			parties[i]->is_elsewhere = true;
		parties[i]->has_moved = nr_hosts > 1;
	}
	/* Somebody has to tell what becomes of a guest that fits nothing. */
	if (kept == NONE)
		parties[0]->is_elsewhere = false;
	free(stays);
	return nr_hosts;
}

/* The guest, as one host sees it while its events are tried */
struct view {
	const struct host *host;
	const struct match *match;
	struct stay_cursor *cursors;
};

static bool try_host(struct view *view, const struct stream *stream,
		     struct clocktrace_ticks *ticks, uint64_t *vm_id)
{
	const struct unit *unit = match_unit(view->match, stream->section, stream->event.cpu);
	size_t i;

	for (i = 0; unit && i < unit->nr_eras; i++) {
		const struct era *era = &view->host->eras[unit->eras[i]];
		struct stay_cursor *cursor = &view->cursors[unit->eras[i]];

		if (stream->event.time < unit->from[i])
			continue;
		cursor->list = view->host->vcpus[era->vcpu].stays;
		if (era_find_stay(view->host, era, cursor, stream->event.time,
				  stream->reader->resolution, ticks) == STAY_FOUND) {
			*vm_id = view->host->vcpus[era->vcpu].vm_id;
			return true;
		}
	}
	return false;
}

static void add_window(struct party *party, unsigned int section, uint64_t from)
{
	party->windows = array_room(party->windows, party->nr_windows, sizeof(*party->windows));
	party->windows[party->nr_windows++] = (struct window){ section, from, UINT64_MAX };
}

/* What is known while the events of a guest go by */
struct walk {
	struct moves *moves;
	struct party *const *parties;
	size_t host;
	unsigned int section;
	struct clocktrace_ticks last;
	uint64_t last_read;
	uint64_t last_vm;
};

static void go_to(struct walk *walk, size_t host, const struct stream *stream,
		  const struct clocktrace_ticks *ticks, uint64_t vm_id)
{
	const bool goes_on = walk->host != NONE && walk->section == stream->section;
	struct moves *moves = walk->moves;
	struct party *left;

	if (!goes_on) {
		add_window(walk->parties[host], stream->section, 0);
		return;
	}
	left = walk->parties[walk->host];
	left->windows[left->nr_windows - 1].to = walk->last_read;
	add_window(walk->parties[host], stream->section, walk->last_read + 1);
	moves->list = array_room(moves->list, moves->count, sizeof(*moves->list));
	moves->list[moves->count++] = (struct move){
		.name = text_of("%s", left->name),
		.from = walk->host,
		.to = host,
		.last = walk->last.first,
		.first = ticks->last,
		.guest = { walk->last_read, stream->event.time },
		.vms = { walk->last_vm, vm_id },
	};
}

/* What the guest reads at one time, it may read on several CPUs: only what is later is a move. */
static void take_event(struct walk *walk, struct view *views, size_t count,
		       const struct stream *stream)
{
	struct clocktrace_ticks ticks, other;
	uint64_t vm_id = 0, other_vm;
	size_t i, found = NONE;

	for (i = 0; i < count; i++) {
		if (walk->parties[i]->is_elsewhere ||
		    !try_host(&views[i], stream, &other, &other_vm))
			continue;
		/* What fits two hosts is of where it was before. */
		if (found != NONE && i != walk->host)
			continue;
		found = i;
		ticks = other;
		vm_id = other_vm;
	}
	if (found == NONE)
		return;
	if (found != walk->host || walk->section != stream->section)
		go_to(walk, found, stream, &ticks, vm_id);
	walk->host = found;
	walk->section = stream->section;
	walk->last = ticks;
	walk->last_read = stream->event.time;
	walk->last_vm = vm_id;
}

void moves_find(struct moves *moves, struct timeline *const *timelines,
		struct party *const *parties, size_t count, struct machine *machine)
{
	struct walk walk = { .moves = moves, .parties = parties, .host = NONE };
	struct view *views = zalloc((count + 1) * sizeof(*views));
	struct stream *stream;
	size_t i;

	for (i = 0; i < count; i++)
		views[i] = (struct view){
			.host = timelines[i]->host,
			.match = parties[i]->match,
			.cursors = zalloc((timelines[i]->host->nr_eras + 1) *
					  sizeof(*views[i].cursors)),
		};
	while ((stream = machine_next(machine)))
		take_event(&walk, views, count, stream);
	for (i = 0; i < count; i++)
		free(views[i].cursors);
	free(views);
}

void moves_free(struct moves *moves)
{
	size_t i;

	for (i = 0; i < moves->count; i++) {
		free(moves->list[i].name);
		free(moves->list[i].down.stream.after);
	}
	free(moves->list);
	*moves = (struct moves){ 0 };
}
