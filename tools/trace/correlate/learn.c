// SPDX-License-Identifier: GPL-2.0
/*
 * The first pass: which machine is the host, what its trace tells of its guests, and
 * which VM each other machine is.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/array.h"
#include "common/message.h"
#include "correlate/clock_check.h"
#include "correlate/timeline.h"
#include "readers/fingerprint.h"

#define PROGRESS_EVERY 65536
/* Events of each machine in a turn when the host is searched */
#define TURN 4096

static void close_all(struct machine **machines, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		machine_close(machines[i]);
	free(machines);
}

static struct machine **open_all(const struct trace_argument *arguments, size_t count,
				 bool *assumed, char **error)
{
	struct machine **machines = zalloc((count + 1) * sizeof(struct machine *));
	size_t i;

	for (i = 0; i < count && !*error; i++) {
		machines[i] = machine_open(arguments[i].path, error);
		if (machines[i])
			machine_brief(machines[i]);
		if (machines[i] && !arguments[i].trust_clock)
			*error = clock_check(machines[i], assumed);
	}
	if (*error) {
		close_all(machines, count);
		return NULL;
	}
	return machines;
}

/* Read from all in turn until one tells of guests. */
static size_t find_host(const struct trace_argument *arguments, size_t count, char **error)
{
	struct machine **machines;
	bool assumed, any = true;
	size_t i, turn, host = count;

	machines = open_all(arguments, count, &assumed, error);
	if (!machines)
		return count;
	while (any && host == count) {
		any = false;
		for (i = 0; i < count && host == count; i++)
			for (turn = 0; turn < TURN && host == count; turn++) {
				struct stream *stream = machine_next(machines[i]);

				if (!stream)
					break;
				any = true;
				if (event_is_of_host(stream->event.kind))
					host = i;
			}
	}
	close_all(machines, count);
	if (host == count)
		*error = text_of("no trace is of a host: none has the events kvm_entry, kvm_exit and kvm_guest_tsc; record on the host with\n"
				 "    trace-cmd record -C clock_trace -e kvm_guest_tsc -e kvm_entry -e kvm_exit");
	return host;
}

static char *epoch_error(const struct machine *machine, const struct event *event)
{
	return text_of("%s: the clock began a new epoch at %" PRIu64 ", so that not all times are of one time line: the counter lost trust, or the machine was suspended; see \"clocktrace info\", and record anew",
		       machine->path, event->time);
}

static char *read_host(struct timeline *timeline, struct machine *machine,
		       progress_handler progress)
{
	uint64_t entries = 0, told = 0, events = 0;
	struct stream *stream;
	char *error, *text;

	while ((stream = machine_next(machine))) {
		const struct event *event = &stream->event;

		if (event->kind == EVENT_EPOCH)
			return epoch_error(machine, event);
		if (event->kind == EVENT_ENTRY && event->thread == THREAD_NONE)
			return text_of("%s: the event %s does not tell its thread: record with \"lttng add-context -k -t tid\"",
				       machine->path, event->name);
		entries += event->kind == EVENT_ENTRY;
		told += event->kind == EVENT_GUEST_TSC;
		error = host_add(timeline->host, event);
		if (error)
			goto wrong;
		if (progress && ++events % PROGRESS_EVERY == 0)
			progress("reading the host", events);
	}
	error = host_finish(timeline->host);
	if (error)
		goto wrong;
	if (!told)
		return text_of("%s has no event kvm_guest_tsc, so that nothing tells how the guests' counters are shifted: record it as well, on a kernel with CLOCK_TRACE",
			       machine->path);
	if (!entries)
		return text_of("%s has no event kvm_entry, so that nothing proves where a guest's events belong: record kvm_entry and kvm_exit as well",
			       machine->path);
	return NULL;
wrong:
	text = text_of("%s: %s", machine->path, error);
	free(error);
	return text;
}

static char *read_guest(struct timeline *timeline, struct party *party, struct machine *machine,
			progress_handler progress)
{
	struct stream *stream;
	uint64_t events = 0;
	char *what = text_of("matching %s", party->name), *error = NULL;

	party->match = match_new(timeline->host);
	while (!error && (stream = machine_next(machine))) {
		if (stream->event.kind == EVENT_EPOCH)
			error = epoch_error(machine, &stream->event);
		match_add(party->match, stream->section, &stream->event);
		if (progress && ++events % PROGRESS_EVERY == 0)
			progress(what, events);
	}
	match_finish(party->match, party->vm_id);
	free(what);
	return error;
}

/* Two machines of one name are told apart by a number. */
static char *own_name(const struct timeline *timeline, size_t count, const char *name)
{
	char *text = text_of("%s", name);
	unsigned int number = 2;
	size_t i;

	for (i = 0; i < count; i++)
		if (!strcmp(timeline->parties[i].name, text)) {
			free(text);
			text = text_of("%s-%u", name, number++);
			i = SIZE_MAX;
		}
	return text;
}

static void learn_clock(struct timeline *timeline, struct machine **machines, size_t count)
{
	size_t i, j;

	for (i = 0; i < count; i++)
		for (j = 0; j < machines[i]->nr_readers; j++) {
			const struct reader *reader = machines[i]->readers[j];

			if (!reader->frequency || timeline->is_frequency_known)
				continue;
			/* Host and guest run at one frequency unless the guest is scaled. */
			timeline->frequency = reader->frequency;
			timeline->is_frequency_known = true;
			if (i)
				continue;
			timeline->offset_s = reader->offset_s;
			timeline->offset = reader->offset;
			memcpy(timeline->uuid, reader->uuid, sizeof(timeline->uuid));
		}
	if (!timeline->frequency)
		timeline->frequency = 1000000000;
}

static struct timeline *set_up(const struct trace_argument *arguments, size_t count, size_t host)
{
	struct timeline *timeline = zalloc(sizeof(*timeline));
	size_t i, at;

	timeline->parties = zalloc((count + 1) * sizeof(*timeline->parties));
	timeline->nr_parties = count;
	for (i = 0, at = 1; i < count; i++) {
		struct party *party = &timeline->parties[i == host ? 0 : at++];

		party->path = text_of("%s", arguments[i].path);
		party->vm_id = arguments[i].vm_id;
		party->trust_clock = arguments[i].trust_clock;
		party->is_host = i == host;
	}
	return timeline;
}

static char *learn(struct timeline *timeline, struct machine **machines, bool keep,
		   progress_handler progress)
{
	char *error = NULL;
	size_t i;

	for (i = 0; i < timeline->nr_parties; i++)
		timeline->parties[i].name = own_name(timeline, i, machines[i]->name);
	learn_clock(timeline, machines, timeline->nr_parties);
	timeline->host = host_new(&error);
	if (!error) {
		timeline->host->keeps_told = keep;
		error = read_host(timeline, machines[0], progress);
	}
	for (i = 1; i < timeline->nr_parties && !error; i++)
		error = read_guest(timeline, &timeline->parties[i], machines[i], progress);
	for (i = 0; i < timeline->nr_parties; i++) {
		timeline->parties[i].damaged = machines[i]->damaged;
		if (keep)
			timeline->parties[i].fingerprint =
				fingerprint_of(timeline->parties[i].path);
	}
	return error;
}

struct timeline *timeline_learn(const struct trace_argument *arguments, size_t count, size_t host,
				uint64_t frequency, bool keep, progress_handler progress,
				char **error)
{
	struct trace_argument *ordered = zalloc((count + 1) * sizeof(*ordered));
	struct timeline *timeline = NULL;
	struct machine **machines;
	bool assumed = false;
	size_t i;

	*error = NULL;
	if (host >= count)
		host = find_host(arguments, count, error);
	if (!*error) {
		timeline = set_up(arguments, count, host);
		timeline->frequency = frequency;
		timeline->is_frequency_known = frequency;
		for (i = 0; i < count; i++)
			ordered[i] = (struct trace_argument){
				.path = timeline->parties[i].path,
				.trust_clock = timeline->parties[i].trust_clock,
			};
		machines = open_all(ordered, count, &assumed, error);
		timeline->assumed_clock = assumed;
		if (machines) {
			*error = learn(timeline, machines, keep, progress);
			close_all(machines, count);
		}
	}
	free(ordered);
	if (*error) {
		timeline_free(timeline);
		return NULL;
	}
	return timeline;
}

uint64_t timeline_ns(const struct timeline *timeline, uint64_t ticks)
{
	return (uint64_t)((unsigned __int128)ticks * 1000000000 / timeline->frequency);
}

void timeline_free(struct timeline *timeline)
{
	size_t i;

	if (!timeline)
		return;
	for (i = 0; i < timeline->nr_parties; i++) {
		free(timeline->parties[i].path);
		free(timeline->parties[i].name);
		match_free(timeline->parties[i].match);
	}
	host_free(timeline->host);
	free(timeline->parties);
	free(timeline);
}
