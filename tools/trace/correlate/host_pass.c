// SPDX-License-Identifier: GPL-2.0
/*
 * The first pass over a host's trace, event by event.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "common/array.h"
#include "common/message.h"
#include "correlate/host_pass.h"

#define NONE SIZE_MAX

void host_pass_begin(struct host_pass *pass, struct timeline *timeline, uint32_t epoch)
{
	*pass = (struct host_pass){ .timeline = timeline, .wanted = epoch };
	timeline->host->resolution = timeline->parties[0].resolution;
	timeline->parties[0].used_from = 1;
	timeline->parties[0].used_to = UINT64_MAX;
}

static bool may_use(const struct host_pass *pass, const struct epoch *epoch)
{
	if (!epoch_is_counter(epoch))
		return false;
	/* No event may tell; then what is there before the first one that does is tried. */
	return !pass->wanted || !epoch->number || epoch->number == pass->wanted;
}

/* Forget what was read: it is of another epoch than what shall be used. */
static char *begin_anew(struct host_pass *pass, size_t epoch)
{
	bool keeps_told = pass->timeline->host->keeps_told;
	struct party *party = &pass->timeline->parties[0];
	char *error = NULL;

	host_free(pass->timeline->host);
	pass->timeline->host = host_new(&error);
	if (error)
		return error;
	pass->timeline->host->resolution = party->resolution;
	pass->timeline->host->keeps_told = keeps_told;
	pass->used = epoch;
	pass->entries = pass->told = 0;
	party->used_from = epoch == NONE ? 0 : party->epochs.list[epoch].first;
	party->used_to = UINT64_MAX;
	return NULL;
}

/* Which epoch is used, now that an event of @epoch has come? */
static char *choose_epoch(struct host_pass *pass, const struct epoch *epoch)
{
	size_t number = (size_t)(epoch - pass->timeline->parties[0].epochs.list);

	if (pass->used == number && !may_use(pass, epoch))
		return begin_anew(pass, NONE);
	if (pass->used == number || !may_use(pass, epoch))
		return NULL;
	if (pass->used == NONE || (!pass->entries && !pass->told))
		return begin_anew(pass, number);
	return NULL;
}

static char *several_epochs(const struct machine *machine, const struct epochs *epochs)
{
	const struct epoch *first = NULL;
	char *list = text_of("%s", ""), *longer, *error;
	bool are_of_one_boot = true;
	size_t i;

	for (i = 0; i < epochs->count; i++) {
		if (!epoch_is_counter(&epochs->list[i]) || !epochs->list[i].stays)
			continue;
		if (!first)
			first = &epochs->list[i];
		are_of_one_boot &= epochs->list[i].section == first->section;
		if (epochs->list[i].number)
			longer = text_of("%s\n    --epoch %" PRIu32 "    %" PRIu64
					 " events from %" PRIu64 " on", list,
					 epochs->list[i].number, epochs->list[i].events,
					 epochs->list[i].begin);
		else
			longer = text_of("%s\n    (no event clock_trace_epoch)    %" PRIu64
					 " events from %" PRIu64 " on", list,
					 epochs->list[i].events, epochs->list[i].begin);
		free(list);
		list = longer;
	}
	error = text_of("%s: %s cannot be compared: merge each by itself%s", machine->path,
			are_of_one_boot ?
			"the clock began a new epoch while it was recorded, as after a suspend, and times of two epochs" :
			"it holds recordings of several boots, or some that do not name the identity of their clock, and their times",
			list);
	free(list);
	return error;
}

/* After all events: is what was used all that can be? */
static char *check_epochs(const struct host_pass *pass, const struct machine *machine)
{
	const struct epochs *epochs = &pass->timeline->parties[0].epochs;
	size_t i;

	if (pass->used == NONE && pass->wanted)
		return text_of("%s has no epoch %" PRIu32 " of a counter that can be trusted",
			       machine->path, pass->wanted);
	if (pass->used == NONE && epochs->count)
		return text_of("%s: CLOCK_MONOTONIC drove the clock, not the counter that guests read, so that no guest's event can be placed: \"clocktrace info\" on the host tells why; reboot if the counter has lost trust, and record anew",
			       machine->path);
	for (i = 0; i < epochs->count && !pass->wanted; i++)
		if (i != pass->used && epoch_is_counter(&epochs->list[i]) && epochs->list[i].stays)
			return several_epochs(machine, epochs);
	return NULL;
}

static void note_recording(struct host_pass *pass, const struct stream *stream)
{
	const uint64_t time = stream->event.time;
	struct recording *last = pass->nr_recordings ?
				 &pass->recordings[pass->nr_recordings - 1] : NULL;
	size_t i;

	if (last && last->reader == stream->reader) {
		last->to = time;
		return;
	}
	for (i = 0; i < pass->nr_recordings; i++)
		if (pass->recordings[i].reader == stream->reader) {
			pass->recordings[i].to = time;
			return;
		}
	pass->recordings = array_room(pass->recordings, i, sizeof(*pass->recordings));
	pass->recordings[pass->nr_recordings++] =
		(struct recording){ stream->reader, time, time };
}

/* Each of two recordings at the same time tells of all stays, which then are there twice. */
static char *check_recordings(const struct host_pass *pass)
{
	size_t i, j;

	for (i = 0; i < pass->nr_recordings; i++)
		for (j = 0; j < i; j++) {
			const struct recording *a = &pass->recordings[j];
			const struct recording *b = &pass->recordings[i];

			if (a->from <= b->to && b->from <= a->to)
				return text_of("%s and %s both tell of the guests of one host, by the identity of its clock and its name, at the same time: they are two recordings of one host, or of clones of one machine; name one of them",
					       a->reader->path, b->reader->path);
		}
	return NULL;
}

char *host_pass_add(struct host_pass *pass, const struct stream *stream, bool *used)
{
	struct party *party = &pass->timeline->parties[0];
	struct event copy = stream->event;
	const struct event *event = &copy;
	const struct epoch *epoch;
	char *error;
	bool renamed;

	*used = false;
	epoch = epochs_add(&party->epochs, stream->section, event, &renamed);
	error = choose_epoch(pass, epoch);
	if (error)
		return error;
	if ((size_t)(epoch - party->epochs.list) != pass->used) {
		if (pass->used != NONE && party->used_to == UINT64_MAX)
			party->used_to = epoch->first;
		return NULL;
	}
	if (event->kind == EVENT_ENTRY && event->thread == THREAD_NONE)
		return text_of("the event %s does not tell its thread: record with \"lttng add-context -k -t tid\"",
			       event->name);
	*used = true;
	if (event_is_of_host(event->kind) && event->cpu != CPU_NONE)
		note_recording(pass, stream);
	/* What was between two recordings, no event tells. */
	if (party->has_recordings && stream->events == 1 && pass->nr_recordings &&
	    pass->recordings[0].reader != stream->reader)
		copy.lost_before = true;
	pass->entries += event->kind == EVENT_ENTRY;
	pass->told += event->kind == EVENT_GUEST_COUNTER;
	return host_add(pass->timeline->host, event);
}

static char *check_host(const struct host_pass *pass, const struct machine *machine,
			bool without_guests)
{
	char *error = check_epochs(pass, machine);

	if (error || (without_guests && !pass->told && !pass->entries))
		return error;
	if (!pass->told)
		return text_of("%s has no event kvm_guest_counter, so that nothing tells how the guests' counters are shifted: record it as well, on a kernel with CLOCK_TRACE; or on another one, save readings beside the trace with \"clocktrace guests --save\"",
			       machine->path);
	if (!pass->entries)
		return text_of("%s has no event kvm_entry, so that nothing proves where a guest's events belong: record kvm_entry and kvm_exit as well",
			       machine->path);
	return NULL;
}

void timeline_take_frequency(struct timeline *timeline, const struct epochs *epochs)
{
	size_t i;

	for (i = 0; i < epochs->count && !timeline->is_frequency_known; i++)
		if (epoch_is_counter(&epochs->list[i]) && epochs->list[i].frequency) {
			timeline->frequency = epochs->list[i].frequency;
			timeline->is_frequency_known = true;
		}
}

/* Of a stream that could not be read to its end, the rest may be anything. */
static void lose_ends(struct host *host, const struct machine *machine)
{
	size_t i;

	for (i = 0; i < machine->nr_streams; i++) {
		const struct stream *stream = &machine->streams[i];

		if ((stream->is_damaged || stream->reader->is_cut) && !stream->reader->user_space)
			host_lose_end(host, stream->events ? stream->event.cpu : CPU_NONE);
	}
}

char *host_pass_finish(struct host_pass *pass, const struct machine *machine,
		       bool without_guests)
{
	struct timeline *timeline = pass->timeline;
	char *error = check_recordings(pass), *text;

	free(pass->recordings);
	pass->recordings = NULL;
	if (error)
		return error;
	lose_ends(timeline->host, machine);
	if (pass->used != NONE && (pass->told || without_guests))
		error = host_finish(timeline->host);
	/* That is not of this trace. */
	text = error ? host_file_error(timeline->host) : NULL;
	if (text) {
		free(error);
		return text;
	}
	if (error) {
		text = text_of("%s: %s", machine->path, error);
		free(error);
		return text;
	}
	timeline_take_frequency(timeline, &timeline->parties[0].epochs);
	return check_host(pass, machine, without_guests);
}
