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
#include "correlate/guest_pass.h"
#include "correlate/host_pass.h"
#include "correlate/party.h"
#include "correlate/timeline.h"
#include "readers/fingerprint.h"

#define PROGRESS_EVERY 65536
/* Events of each machine in a turn when the host is searched */
#define TURN 4096
/* Of CLOCK_TRACE where there is no counter */
#define MONOTONIC_HZ 1000000000

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
		machines[i] = argument_open(&arguments[i], error);
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
		*error = text_of("no trace is of a host: none has the events kvm_entry, kvm_exit and kvm_guest_counter; record on the host with\n"
				 "    trace-cmd record -C clock_trace -e kvm_guest_counter -e kvm_entry -e kvm_exit");
	return host;
}

static char *read_host(struct timeline *timeline, struct machine *machine, uint32_t epoch,
		       progress_handler progress)
{
	struct host_pass pass;
	char *error = NULL, *text;
	struct stream *stream;
	uint64_t events = 0;
	bool used;

	host_pass_begin(&pass, timeline, epoch);
	while (!error && (stream = machine_next(machine))) {
		error = host_pass_add(&pass, stream, &used);
		if (progress && ++events % PROGRESS_EVERY == 0)
			progress("reading the host", events);
	}
	if (!error)
		return host_pass_finish(&pass, machine, false);
	text = host_file_error(timeline->host);
	if (!text)
		text = text_of("%s: %s", machine->path, error);
	free(error);
	return text;
}

const struct epoch *timeline_bound_epoch(const struct party *party, unsigned int section)
{
	size_t i;

	for (i = 0; i < party->epochs.count; i++)
		if (party->epochs.list[i].section == section)
			return &party->epochs.list[i];
	return NULL;
}

static void learn_clock(struct timeline *timeline, struct machine **machines, size_t count)
{
	size_t i, j;

	for (i = 0; i < count; i++)
		for (j = 0; j < machines[i]->nr_readers && !timeline->is_frequency_known; j++) {
			const struct reader *reader = machines[i]->readers[j];

			/* Of a guest without a counter it is not that of the host's. */
			if (!reader->frequency ||
			    (i && (reader->frequency == MONOTONIC_HZ || reader->lacks_counter)))
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
		timeline->frequency = MONOTONIC_HZ;
}

static struct timeline *set_up(const struct trace_argument *arguments, size_t count, size_t host)
{
	struct timeline *timeline = zalloc(sizeof(*timeline));
	size_t i, at;

	timeline->parties = zalloc((count + 1) * sizeof(*timeline->parties));
	timeline->nr_parties = count;
	for (i = 0, at = 1; i < count; i++) {
		struct party *party = &timeline->parties[i == host ? 0 : at++];

		party_set(party, &arguments[i]);
		party->is_host = i == host;
	}
	return timeline;
}

static char *learn(struct timeline *timeline, struct machine **machines, uint32_t epoch,
		   bool keep, progress_handler progress)
{
	char **names = zalloc((timeline->nr_parties + 1) * sizeof(*names));
	struct party *party;
	char *error = NULL;
	size_t i;

	for (i = 0; i < timeline->nr_parties; i++) {
		names[i] = party_own_name(names, i, machines[i]->name);
		timeline->parties[i].name = names[i];
		party_learn(&timeline->parties[i], machines[i]);
	}
	free(names);
	learn_clock(timeline, machines, timeline->nr_parties);
	timeline->host = host_new(&error);
	if (!error) {
		timeline->host->keeps_told = keep;
		error = read_host(timeline, machines[0], epoch, progress);
	}
	timeline->parties[0].damaged = machines[0]->damaged;
	for (i = 1; i < timeline->nr_parties && !error; i++) {
		party = &timeline->parties[i];
		error = guest_pass(&timeline, &party, 1, machines[i], progress);
	}
	if (!error)
		error = host_file_error(timeline->host);
	for (i = 0; i < timeline->nr_parties; i++) {
		timeline->parties[i].damaged = machines[i]->damaged;
		if (keep)
			timeline->parties[i].fingerprint =
				fingerprint_of(timeline->parties[i].path);
	}
	return error;
}

struct timeline *timeline_learn(const struct trace_argument *arguments, size_t count, size_t host,
				uint32_t epoch, uint64_t frequency, bool keep, progress_handler progress,
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
		timeline->epoch = epoch;
		timeline->frequency = frequency;
		timeline->is_frequency_known = frequency;
		for (i = 0; i < count; i++)
			ordered[i] = (struct trace_argument){
				.path = timeline->parties[i].path,
				.joined = timeline->parties[i].joined,
				.nr_joined = timeline->parties[i].nr_joined,
				.trust_clock = timeline->parties[i].trust_clock,
			};
		machines = open_all(ordered, count, &assumed, error);
		timeline->assumed_clock = assumed;
		if (machines) {
			*error = learn(timeline, machines, epoch, keep, progress);
			close_all(machines, count);
		}
	}
	free(ordered);
	if (*error) {
		timeline_free(timeline);
		return NULL;
	}
	timeline_arrange(timeline);
	return timeline;
}

bool timeline_lacks_counter(const struct timeline *timeline, const struct party *party)
{
	size_t i;

	for (i = 0; i < party->epochs.count; i++)
		if (party->epochs.list[i].number)
			break;
	/* Neither event nor file: then the frequency tells, unless the host's counter has it, too. */
	if (i == party->epochs.count && (!i || epoch_is_counter(&party->epochs.list[0])))
		return party->frequency == MONOTONIC_HZ &&
		       (!timeline->is_frequency_known || timeline->frequency != MONOTONIC_HZ);
	for (i = 0; i < party->epochs.count; i++)
		if (epoch_is_counter(&party->epochs.list[i]))
			return false;
	return true;
}

uint64_t timeline_ns(const struct timeline *timeline, uint64_t ticks)
{
	return (uint64_t)((unsigned __int128)ticks * 1000000000 / timeline->frequency);
}

uint64_t timeline_ns_up(const struct timeline *timeline, uint64_t ticks)
{
	return (uint64_t)(((unsigned __int128)ticks * 1000000000 + timeline->frequency - 1) /
			  timeline->frequency);
}

void timeline_arrange(struct timeline *timeline)
{
	size_t i;

	timeline->origin = timeline->host->first.host_time;
	timeline->nr_vcpus = timeline->host->nr_vcpus;
	for (i = 0; i < timeline->nr_parties; i++)
		timeline->parties[i].host = timeline->host;
}

uint64_t timeline_since(const struct timeline *timeline, uint64_t time)
{
	return timeline_ns(timeline, time - timeline->origin);
}

size_t timeline_vcpu(const struct timeline *timeline, size_t party, const struct vcpu *vcpu)
{
	const struct party *of = &timeline->parties[party];

	return of->first_vcpu + (size_t)(vcpu - of->host->vcpus);
}

void timeline_free(struct timeline *timeline)
{
	size_t i;

	if (!timeline)
		return;
	for (i = 0; i < timeline->nr_parties; i++)
		party_clear(&timeline->parties[i]);
	host_free(timeline->host);
	free(timeline->parties);
	free(timeline);
}
