// SPDX-License-Identifier: GPL-2.0
/*
 * Which machines the traces are of that the user names, and which of them are hosts.
 */
#include <stdlib.h>
#include <string.h>

#include "common/array.h"
#include "common/message.h"
#include "correlate/clock_check.h"
#include "correlate/party.h"
#include "correlate/sources.h"

/* So many events of a machine are looked at: a host that has none of its own among them shows later. */
#define LOOK 32768
/* Two recordings of one clock tell the same time of day, but for what NTP has done meanwhile. */
#define SAME_CLOCK_NS 10000000000
#define NS INT64_C(1000000000)

static void take_clock(struct source *source, const struct machine *machine)
{
	size_t i;

	for (i = 0; i < machine->nr_readers; i++) {
		const struct reader *reader = machine->readers[i];

		source->has_kernel |= reader->nr_streams && !reader->user_space;
		if (!source->uuid[0])
			memcpy(source->uuid, reader->uuid, sizeof(source->uuid));
		if (!source->host_name && reader->host)
			source->host_name = text_of("%s", reader->host);
		if (source->has_offset || !reader->frequency ||
		    (!reader->offset_s && !reader->offset))
			continue;
		source->has_offset = true;
		source->offset_ns = (__int128)reader->offset_s * NS +
				    (__int128)reader->offset * NS / reader->frequency;
	}
}

static char *look_at(struct source *source, bool hosts_are_named)
{
	struct machine *machine;
	struct stream *stream = NULL;
	bool assumed = false;
	char *error;
	size_t i;

	machine = argument_open(&source->argument, &error);
	if (!machine)
		return error;
	machine_brief(machine);
	error = source->argument.trust_clock ? NULL : clock_check(machine, &assumed);
	take_clock(source, machine);
	source->is_host = hosts_are_named && source->argument.is_host;
	for (i = 0; !error && !hosts_are_named && i < LOOK && !source->is_host; i++) {
		stream = machine_next(machine);
		if (!stream)
			break;
		source->is_host = event_is_of_host(stream->event.kind);
	}
	source->may_be_host = stream && !source->is_host;
	machine_close(machine);
	return error;
}

/* Are they of one boot of one machine, by what they tell? */
static bool is_same_machine(const struct source *a, const struct source *b)
{
	__int128 apart = a->offset_ns - b->offset_ns;

	if (!a->uuid[0] || strcmp(a->uuid, b->uuid))
		return false;
	if (!a->host_name || !b->host_name || strcmp(a->host_name, b->host_name))
		return false;
	/* A clone keeps the name and the identity, and has a counter of its own. */
	return !a->has_offset || !b->has_offset ||
	       (apart < SAME_CLOCK_NS && apart > -SAME_CLOCK_NS);
}

/* The machine whose trace another source is a part of; the source itself if there is none */
static size_t machine_of(const struct sources *sources, size_t number)
{
	const struct source *source = &sources->list[number];
	size_t i, found = number;

	for (i = 0; i < sources->count; i++) {
		const struct source *other = &sources->list[i];

		if (i == number || !other->has_kernel || !is_same_machine(source, other))
			continue;
		/* Two kernels' traces are of one guest, or of two clones. */
		if (source->has_kernel && !source->is_host && !other->is_host)
			continue;
		/* The first one is what the other ones join, but a host rather than what is none. */
		if (source->has_kernel && source->is_host == other->is_host && i > number)
			continue;
		if (source->has_kernel && source->is_host && !other->is_host)
			continue;
		if (found == number || (other->is_host && !sources->list[found].is_host))
			found = i;
	}
	return found;
}

static void join(struct source *to, const struct source *from)
{
	struct trace_argument *argument = &to->argument;

	argument->joined = array_room(argument->joined, argument->nr_joined, sizeof(char *));
	argument->joined[argument->nr_joined++] = from->argument.path;
	if (!argument->vm_id) {
		argument->vm_id = from->argument.vm_id;
		argument->vm_host = from->argument.vm_host;
	}
	argument->trust_clock |= from->argument.trust_clock;
	argument->has_recordings |= to->is_host && from->is_host && from->has_kernel;
}

static void join_all(struct sources *sources)
{
	size_t *into = zalloc((sources->count + 1) * sizeof(*into)), i, kept = 0;

	for (i = 0; i < sources->count; i++)
		into[i] = machine_of(sources, i);
	/* A program's trace may join a kernel's, and that another one of the host. */
	for (i = 0; i < sources->count; i++)
		while (into[into[i]] != into[i])
			into[i] = into[into[i]];
	for (i = 0; i < sources->count; i++)
		if (into[i] != i)
			join(&sources->list[into[i]], &sources->list[i]);
	for (i = 0; i < sources->count; i++) {
		if (into[i] == i)
			sources->list[kept++] = sources->list[i];
		else
			free(sources->list[i].host_name);
	}
	sources->count = kept;
	free(into);
}

void sources_take(struct sources *sources, const struct trace_argument *arguments, size_t count)
{
	size_t i;

	*sources = (struct sources){ .list = zalloc((count + 1) * sizeof(*sources->list)) };
	for (i = 0; i < count; i++) {
		sources->list[i].argument = arguments[i];
		sources->list[i].is_host = arguments[i].is_host;
	}
	sources->count = count;
}

char *sources_find(struct sources *sources, const struct trace_argument *arguments,
		   size_t count)
{
	char *error = NULL;
	bool named = false;
	size_t i;

	*sources = (struct sources){ .list = zalloc((count + 1) * sizeof(*sources->list)) };
	for (i = 0; i < count; i++)
		named |= arguments[i].is_host;
	for (i = 0; i < count && !error; i++) {
		sources->list[i].argument = arguments[i];
		sources->count++;
		error = look_at(&sources->list[i], named);
	}
	if (error)
		return error;
	join_all(sources);
	for (i = 0; i < sources->count; i++)
		sources->nr_hosts += sources->list[i].is_host;
	/* Nobody's guest can be among them. */
	if (!sources->nr_hosts && sources->count > 1)
		for (i = 0; i < sources->count; i++) {
			sources->list[i].is_host = true;
			sources->nr_hosts++;
		}
	return NULL;
}

void sources_free(struct sources *sources)
{
	size_t i;

	for (i = 0; i < sources->count; i++) {
		free(sources->list[i].argument.joined);
		free(sources->list[i].host_name);
	}
	free(sources->list);
	*sources = (struct sources){ 0 };
}
