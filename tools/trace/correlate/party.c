// SPDX-License-Identifier: GPL-2.0
/*
 * A machine on the time line, and its traces.
 */
#include <stdlib.h>
#include <string.h>

#include "common/array.h"
#include "common/message.h"
#include "correlate/party.h"

void party_set(struct party *party, const struct trace_argument *argument)
{
	size_t i;

	party->path = text_of("%s", argument->path);
	party->vm_id = argument->vm_id;
	party->trust_clock = argument->trust_clock;
	party->has_recordings = argument->has_recordings;
	for (i = 0; i < argument->nr_joined; i++) {
		party->joined = array_room(party->joined, i, sizeof(char *));
		party->joined[i] = text_of("%s", argument->joined[i]);
	}
	party->nr_joined = argument->nr_joined;
}

struct machine *argument_open(const struct trace_argument *argument, char **error)
{
	struct machine *machine = machine_open(argument->path, error);
	size_t i;

	for (i = 0; machine && i < argument->nr_joined; i++) {
		*error = machine_join(machine, argument->joined[i]);
		if (*error) {
			machine_close(machine);
			return NULL;
		}
	}
	return machine;
}

struct machine *party_open(const struct party *party, char **error)
{
	const struct trace_argument argument = {
		.path = party->path, .joined = party->joined, .nr_joined = party->nr_joined,
	};

	return argument_open(&argument, error);
}

static void learn_identity(struct party *party, const struct stream *stream)
{
	size_t i;

	for (i = 0; i < party->nr_identities; i++)
		if (party->identities[i].section == stream->section &&
		    !strcmp(party->identities[i].uuid, stream->reader->uuid))
			return;
	party->identities = array_room(party->identities, i, sizeof(*party->identities));
	party->identities[i].section = stream->section;
	memcpy(party->identities[i].uuid, stream->reader->uuid, sizeof(party->identities[i].uuid));
	party->nr_identities++;
}

void party_learn(struct party *party, const struct machine *machine)
{
	size_t i;

	for (i = 0; i < machine->nr_streams; i++)
		learn_identity(party, &machine->streams[i]);
	for (i = 0; i < machine->nr_readers; i++) {
		if (!party->frequency)
			party->frequency = machine->readers[i]->frequency;
		party->epochs.lacks_counter |= machine->readers[i]->lacks_counter;
		if (machine->readers[i]->resolution > party->resolution)
			party->resolution = machine->readers[i]->resolution;
	}
}

char *party_own_name(char *const *names, size_t count, const char *name)
{
	char *text = text_of("%s", name);
	unsigned int number = 2;
	size_t i;

	for (i = 0; i < count; i++)
		if (!strcmp(names[i], text)) {
			free(text);
			text = text_of("%s-%u", name, number++);
			i = SIZE_MAX;
		}
	return text;
}

void party_clear(struct party *party)
{
	size_t i;

	for (i = 0; i < party->nr_joined; i++)
		free(party->joined[i]);
	free(party->joined);
	free(party->path);
	free(party->name);
	free(party->identities);
	free(party->windows);
	match_free(party->match);
	bound_free(party->bound);
	epochs_free(&party->epochs);
	*party = (struct party){ 0 };
}
