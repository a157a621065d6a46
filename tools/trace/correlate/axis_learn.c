// SPDX-License-Identifier: GPL-2.0
/*
 * The first pass over the traces of several hosts and their guests.
 */
#include <stdlib.h>
#include <string.h>

#include "common/array.h"
#include "common/message.h"
#include "correlate/axis_parts.h"
#include "correlate/clock_check.h"
#include "correlate/guest_pass.h"
#include "correlate/party.h"

#define NONE SIZE_MAX

/**
 * struct learning - what is at hand while an axis is made
 * @axis: the axis
 * @sources: the machines
 * @options: what the user says
 * @progress: called now and then, or NULL
 * @names: the names that are taken
 * @nr_names: their number
 * @host_of: for each host of the axis, the source
 * @connections: of the hosts with each other
 */
struct learning {
	struct axis *axis;
	const struct sources *sources;
	const struct axis_options *options;
	progress_handler progress;
	char **names;
	size_t nr_names;
	size_t *host_of;
	struct connections *connections;
};

static char *own_name(struct learning *learning, const char *name)
{
	char *text = party_own_name(learning->names, learning->nr_names, name);

	learning->names = array_room(learning->names, learning->nr_names, sizeof(char *));
	learning->names[learning->nr_names++] = text_of("%s", text);
	return text;
}

/* A trace that does not tell the frequency itself may have an event that does. */
static char *find_frequency(struct timeline *timeline)
{
	struct stream *stream;
	struct machine *machine;
	char *error;

	machine = party_open(&timeline->parties[0], &error);
	if (!machine)
		return error;
	machine_brief(machine);
	while (!timeline->is_frequency_known && (stream = machine_next(machine)))
		if (stream->event.kind == EVENT_EPOCH && stream->event.frequency &&
		    stream->event.state == CLOCK_STATE_COUNTER) {
			timeline->frequency = stream->event.frequency;
			timeline->is_frequency_known = true;
		}
	machine_close(machine);
	if (!timeline->is_frequency_known)
		return text_of("%s does not tell the frequency of its counter, without which its times cannot be compared with those of other hosts: name it with --frequency, or record clock_trace_epoch as well",
			       timeline->parties[0].path);
	return NULL;
}

static void take_clock(struct timeline *timeline, const struct machine *machine)
{
	size_t i;

	for (i = 0; i < machine->nr_readers; i++) {
		const struct reader *reader = machine->readers[i];

		if (!reader->frequency || timeline->is_frequency_known)
			continue;
		timeline->frequency = reader->frequency;
		timeline->is_frequency_known = true;
		timeline->offset_s = reader->offset_s;
		timeline->offset = reader->offset;
		memcpy(timeline->uuid, reader->uuid, sizeof(timeline->uuid));
	}
}

static char *add_host(struct learning *learning, size_t source)
{
	struct axis *axis = learning->axis;
	struct timeline *timeline = zalloc(sizeof(*timeline));
	struct axis_host *host = &axis->hosts[axis->nr_hosts];
	struct machine *machine;
	struct party *party;
	char *error;

	learning->host_of[axis->nr_hosts++] = source;
	host->timeline = timeline;
	host->widths = zalloc(sizeof(*host->widths));
	timeline->parties = zalloc((learning->sources->count + 1) * sizeof(*timeline->parties));
	timeline->nr_parties = 1;
	party = &timeline->parties[0];
	party_set(party, &learning->sources->list[source].argument);
	party->is_host = true;
	machine = party_open(party, &error);
	if (!machine)
		return error;
	party->name = own_name(learning, machine->name);
	party_learn(party, machine);
	take_clock(timeline, machine);
	machine_close(machine);
	if (!timeline->is_frequency_known && learning->options->frequency) {
		timeline->frequency = learning->options->frequency;
		timeline->is_frequency_known = true;
	}
	return timeline->is_frequency_known ? NULL : find_frequency(timeline);
}

/* The reference goes first, for the order of the others does not matter. */
static char *put_reference_first(struct learning *learning)
{
	const char *wanted = learning->options->reference;
	struct axis *axis = learning->axis;
	struct axis_host first;
	size_t source, i, found = NONE;

	for (i = 0; i < axis->nr_hosts && wanted; i++) {
		const struct party *party = &axis->hosts[i].timeline->parties[0];

		if (!strcmp(party->name, wanted) || !strcmp(party->path, wanted))
			found = i;
	}
	if (!wanted)
		return NULL;
	if (found == NONE)
		return text_of("--reference: no host has the name or the path '%s'", wanted);
	first = axis->hosts[found];
	source = learning->host_of[found];
	for (i = found; i > 0; i--) {
		axis->hosts[i] = axis->hosts[i - 1];
		learning->host_of[i] = learning->host_of[i - 1];
	}
	axis->hosts[0] = first;
	learning->host_of[0] = source;
	return NULL;
}

/* A clone keeps the identity of a clock: nothing follows from that. */
static void tell_of_clones(const struct axis *axis)
{
	size_t i, j;

	for (i = 0; i < axis->nr_hosts; i++)
		for (j = 0; j < i; j++) {
			const struct timeline *a = axis->hosts[j].timeline;
			const struct timeline *b = axis->hosts[i].timeline;

			if (a->uuid[0] && !strcmp(a->uuid, b->uuid))
				complain("%s and %s have clocks of one identity: they are taken for clones, whose counters have nothing in common",
					 a->parties[0].name, b->parties[0].name);
		}
}

static char *several_fit(const struct axis *axis, const struct party *party, size_t rival)
{
	return text_of("%s fits a VM of another host as well as one of %s: name the right one with --vm %s=VM@HOST",
		       party->path, axis->hosts[rival].timeline->parties[0].name, party->path);
}

/* The guest's party moves to the time lines of the hosts where it was. */
static void settle(struct axis *axis, struct party **parties, size_t count, size_t damaged)
{
	size_t i;

	for (i = 0; i < count; i++) {
		struct timeline *timeline = axis->hosts[i].timeline;

		parties[i]->damaged = damaged;
		if (parties[i]->is_elsewhere) {
			party_clear(parties[i]);
		} else {
			timeline->parties[timeline->nr_parties++] = *parties[i];
			*parties[i] = (struct party){ 0 };
		}
	}
}

static bool is_of(const struct timeline *timeline, const char *host)
{
	return !host || !strcmp(timeline->parties[0].name, host);
}

static char *find_moves(struct axis *axis, struct party **parties, struct timeline **timelines,
			const struct trace_argument *argument)
{
	struct machine *machine;
	char *error;

	machine = argument_open(argument, &error);
	if (!machine)
		return error;
	machine_brief(machine);
	moves_find(&axis->moves, timelines, parties, axis->nr_hosts, machine);
	machine_close(machine);
	return NULL;
}

static char *match_guest(struct learning *learning, const struct source *source,
			 struct party **parties, struct timeline **timelines)
{
	const struct trace_argument *argument = &source->argument;
	struct axis *axis = learning->axis;
	struct machine *machine;
	bool assumed = false;
	char *error, *name;
	size_t i, rival, damaged, nr_found;

	machine = argument_open(argument, &error);
	if (!machine)
		return error;
	machine_brief(machine);
	if (!argument->trust_clock)
		error = clock_check(machine, &assumed);
	name = own_name(learning, machine->name);
	for (i = 0; i < axis->nr_hosts; i++) {
		party_set(parties[i], argument);
		parties[i]->name = text_of("%s", name);
		party_learn(parties[i], machine);
		/* No VM has that number. */
		if (argument->vm_host && !is_of(timelines[i], argument->vm_host))
			parties[i]->vm_id = UINT64_MAX;
		timelines[i]->assumed_clock |= assumed;
	}
	free(name);
	if (!error)
		error = guest_pass(timelines, parties, axis->nr_hosts, machine,
				   learning->progress);
	damaged = machine->damaged;
	machine_close(machine);
	for (i = 0; i < axis->nr_hosts && !error; i++)
		error = host_file_error(timelines[i]->host);
	if (error)
		return error;
	nr_found = moves_choose(parties, axis->nr_hosts, &rival);
	if (rival < axis->nr_hosts)
		return several_fit(axis, parties[0], rival);
	if (nr_found > 1)
		error = find_moves(axis, parties, timelines, argument);
	if (!error)
		settle(axis, parties, axis->nr_hosts, damaged);
	return error;
}

static char *add_guest(struct learning *learning, const struct source *source)
{
	struct axis *axis = learning->axis;
	const size_t count = axis->nr_hosts;
	struct party *all = zalloc((count + 1) * sizeof(*all));
	struct party **parties = zalloc((count + 1) * sizeof(*parties));
	struct timeline **timelines = zalloc((count + 1) * sizeof(*timelines));
	char *error;
	size_t i;

	for (i = 0; i < count; i++) {
		parties[i] = &all[i];
		timelines[i] = axis->hosts[i].timeline;
	}
	error = match_guest(learning, source, parties, timelines);
	for (i = 0; i < count; i++)
		party_clear(&all[i]);
	free(all);
	free(parties);
	free(timelines);
	return error;
}

/* The last read there precedes the first one here. */
static void use_moves(struct axis *axis)
{
	size_t i;

	for (i = 0; i < axis->moves.count; i++) {
		const struct move *move = &axis->moves.list[i];
		const struct host_message message = {
			.from = move->from,
			.to = move->to,
			.sent = ns_from(move->last, axis->hosts[move->from].timeline->frequency),
			.received = ns_to(move->first, axis->hosts[move->to].timeline->frequency),
		};

		axis_message(axis, &message);
	}
}

/* All machines, those of each host together */
static void make_view(struct axis *axis)
{
	struct timeline *view = &axis->view;
	const struct timeline *reference = axis->hosts[0].timeline;
	size_t i, j, count = 0;

	for (i = 0; i < axis->nr_hosts; i++)
		count += axis->hosts[i].timeline->nr_parties;
	*view = (struct timeline){
		.parties = zalloc((count + 1) * sizeof(*view->parties)),
		.host = reference->host,
		.frequency = reference->frequency,
		.is_frequency_known = true,
		.offset_s = reference->offset_s,
		.offset = reference->offset,
		.has_several_hosts = true,
		.moves = &axis->moves,
	};
	memcpy(view->uuid, reference->uuid, sizeof(view->uuid));
	axis->places = zalloc((axis->nr_hosts + 1) * sizeof(*axis->places));
	for (i = 0; i < axis->nr_hosts; i++) {
		struct timeline *timeline = axis->hosts[i].timeline;
		const size_t home = view->nr_parties;

		timeline_arrange(timeline);
		axis->places[i] = zalloc((timeline->nr_parties + 1) * sizeof(size_t));
		for (j = 0; j < timeline->nr_parties; j++) {
			struct party *party = &view->parties[view->nr_parties];

			*party = timeline->parties[j];
			party->home = home;
			party->first_vcpu = view->nr_vcpus;
			axis->places[i][j] = view->nr_parties++;
		}
		view->nr_vcpus += timeline->nr_vcpus;
	}
}

static char *learn(struct learning *learning)
{
	const struct sources *sources = learning->sources;
	struct axis *axis = learning->axis;
	char *error = NULL;
	size_t i;

	for (i = 0; i < sources->count && !error; i++)
		if (sources->list[i].is_host)
			error = add_host(learning, i);
	if (!error)
		error = put_reference_first(learning);
	if (error)
		return error;
	tell_of_clones(axis);
	axis->bounds = hosts_new(axis->nr_hosts, &learning->options->limits, 0);
	axis->pairs = zalloc((axis->nr_hosts * axis->nr_hosts + 1) * sizeof(*axis->pairs));
	error = axis_read_hosts(axis, &learning->options->limits, learning->connections,
				learning->progress);
	for (i = 0; i < sources->count && !error; i++)
		if (!sources->list[i].is_host)
			error = add_guest(learning, &sources->list[i]);
	if (error)
		return error;
	use_moves(axis);
	hosts_solve(axis->bounds, 0);
	downtime_find(axis, learning->connections);
	make_view(axis);
	return NULL;
}

struct axis *axis_learn(const struct sources *sources, const struct axis_options *options,
			progress_handler progress, char **error)
{
	struct learning learning = {
		.axis = zalloc(sizeof(*learning.axis)),
		.sources = sources,
		.options = options,
		.progress = progress,
		.host_of = zalloc((sources->count + 1) * sizeof(size_t)),
		.connections = connections_new(),
	};
	size_t i;

	learning.axis->hosts = zalloc((sources->nr_hosts + 1) * sizeof(*learning.axis->hosts));
	*error = learn(&learning);
	for (i = 0; i < learning.nr_names; i++)
		free(learning.names[i]);
	free(learning.names);
	free(learning.host_of);
	connections_free(learning.connections);
	if (!*error)
		return learning.axis;
	axis_free(learning.axis);
	return NULL;
}
