// SPDX-License-Identifier: GPL-2.0
/*
 * The first pass over a guest's trace: it is matched with the VMs of all hosts at once.
 */
#include <stdlib.h>
#include <string.h>

#include "common/array.h"
#include "common/message.h"
#include "correlate/guest_pass.h"
#include "correlate/host_pass.h"
#include "correlate/party.h"

#define PROGRESS_EVERY 65536
/* Of CLOCK_TRACE where there is no counter */
#define MONOTONIC_HZ 1000000000

/* One more pass over a guest whose clock has turned out to be CLOCK_MONOTONIC */
static char *bound_guest(struct timeline *timeline, struct party *party, progress_handler progress)
{
	char *what, *error;
	struct machine *machine = party_open(party, &error);
	struct stream *stream;
	uint64_t events = 0;

	if (!machine)
		return error;
	machine_brief(machine);
	what = text_of("bounding %s", party->name);
	party->bound = bound_new(timeline->host, timeline->frequency, party->vm_id);
	while ((stream = machine_next(machine))) {
		const struct epoch *used = timeline_bound_epoch(party, stream->section);
		uint64_t frequency;

		if (!used || epochs_at(&party->epochs, stream->section, stream->event.time) != used)
			continue;
		frequency = used->frequency ? used->frequency : party->frequency;
		if (!frequency && used->state == CLOCK_STATE_MONOTONIC)
			frequency = MONOTONIC_HZ;
		if (frequency)
			bound_add(party->bound, stream->section, stream->event.cpu,
				  stream->event.time, frequency);
		if (progress && ++events % PROGRESS_EVERY == 0)
			progress(what, events);
	}
	party->match = bound_finish(party->bound);
	machine_close(machine);
	free(what);
	return NULL;
}

static void begin_match(struct timeline *const *timelines, struct party *const *parties,
			size_t count)
{
	size_t i;

	for (i = 0; i < count; i++) {
		match_free(parties[i]->match);
		parties[i]->match = match_new(timelines[i]->host);
		parties[i]->match->nr_hosts = count;
	}
}

static void copy_epochs(struct epochs *to, const struct epochs *from)
{
	const size_t size = from->count * sizeof(*from->list);

	*to = *from;
	to->list = zalloc(size + 1);
	if (size)
		memcpy(to->list, from->list, size);
}

/* Whose guest is it? */
static char *finish(struct timeline *timeline, struct party *party, progress_handler progress)
{
	timeline_take_frequency(timeline, &party->epochs);
	if (timeline_lacks_counter(timeline, party)) {
		/* What fits does so by chance. */
		match_free(party->match);
		party->match = NULL;
		/* A stay may be in what is missing of the host's trace, or be one of nobody's. */
		if (timeline->is_frequency_known && !timeline->parties[0].damaged &&
		    !timeline->host->ownerless)
			return bound_guest(timeline, party, progress);
		party->match = match_new(timeline->host);
	}
	match_finish(party->match, party->vm_id);
	return NULL;
}

char *guest_pass(struct timeline *const *timelines, struct party *const *parties, size_t count,
		 struct machine *machine, progress_handler progress)
{
	char *what = text_of("matching %s", parties[0]->name), *error = NULL;
	const struct epoch *epoch;
	struct stream *stream;
	uint64_t events = 0;
	bool renamed;
	size_t i;

	begin_match(timelines, parties, count);
	while ((stream = machine_next(machine))) {
		epoch = epochs_add(&parties[0]->epochs, stream->section, &stream->event, &renamed);
		if (!epoch_is_counter(epoch) && renamed)
			begin_match(timelines, parties, count);
		for (i = 0; i < count && epoch_is_counter(epoch); i++)
			match_add(parties[i]->match, stream->section, &stream->event,
				  parties[0]->resolution);
		parties[0]->tells_of_guests |= event_is_of_host(stream->event.kind);
		if (progress && ++events % PROGRESS_EVERY == 0)
			progress(what, events);
	}
	free(what);
	for (i = 1; i < count; i++)
		copy_epochs(&parties[i]->epochs, &parties[0]->epochs);
	for (i = 0; i < count && !error; i++)
		error = finish(timelines[i], parties[i], progress);
	return error;
}
