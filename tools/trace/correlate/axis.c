// SPDX-License-Identifier: GPL-2.0
/*
 * Several hosts on one axis: messages, pairs, and the times between ticks and nanoseconds.
 */
#include <stdlib.h>

#include "common/array.h"
#include "correlate/axis_parts.h"

#define NS INT64_C(1000000000)
/* So many of the last messages are remembered, to be named in a contradiction. */
#define RECENT 65536

int64_t ns_from(uint64_t ticks, uint64_t frequency)
{
	const unsigned __int128 ns = (unsigned __int128)ticks * NS / frequency;

	return ns < HOSTS_TIME_MAX ? (int64_t)ns : HOSTS_TIME_MAX;
}

int64_t ns_to(uint64_t ticks, uint64_t frequency)
{
	const unsigned __int128 ns = (((unsigned __int128)ticks + 1) * NS + frequency - 1) /
				     frequency;

	return ns < HOSTS_TIME_MAX ? (int64_t)ns : HOSTS_TIME_MAX;
}

int64_t ticks_from(int64_t ns, uint64_t frequency)
{
	const __int128 product = (__int128)ns * frequency;

	return (int64_t)((product - (product < 0 ? NS - 1 : 0)) / NS);
}

struct pair *axis_pair(const struct axis *axis, size_t a, size_t b)
{
	return &axis->pairs[a < b ? a * axis->nr_hosts + b : b * axis->nr_hosts + a];
}

static const struct host_message *recall(const struct axis *axis, uint64_t number)
{
	const struct host_message *message = &axis->recent[number % RECENT];

	return message->number == number ? message : NULL;
}

static void note_clash(struct axis *axis, const struct contradiction *what, bool is_split)
{
	struct clash *clash;
	size_t i;

	if (axis->nr_clashes == CLASHES_MAX)
		return;
	axis->clashes = array_room(axis->clashes, axis->nr_clashes, sizeof(*axis->clashes));
	clash = &axis->clashes[axis->nr_clashes++];
	*clash = (struct clash){ .what = *what, .is_split = is_split };
	for (i = 0; i < 2; i++) {
		const struct host_message *message = recall(axis, what->messages[i]);

		clash->is_known[i] = message;
		if (message)
			clash->messages[i] = *message;
	}
}

void axis_message(struct axis *axis, const struct host_message *message)
{
	struct pair *pair = axis_pair(axis, message->from, message->to);
	struct host_message numbered = *message;
	struct contradiction contradiction;
	enum hosts_answer answer;

	numbered.number = ++axis->messages;
	if (!axis->recent)
		axis->recent = zalloc(RECENT * sizeof(*axis->recent));
	axis->recent[numbered.number % RECENT] = numbered;
	answer = hosts_add(axis->bounds, &numbered, &contradiction);
	if (answer == HOSTS_SPLIT || answer == HOSTS_FULL) {
		pair->contradictions++;
		note_clash(axis, &contradiction, answer == HOSTS_SPLIT);
	}
	if (answer == HOSTS_DROPPED)
		pair->dropped++;
	if (answer != HOSTS_ADDED && answer != HOSTS_SPLIT)
		return;
	if (message->from < message->to)
		pair->forth++;
	else
		pair->back++;
}

void axis_free(struct axis *axis)
{
	size_t i;

	if (!axis)
		return;
	for (i = 0; i < axis->nr_hosts; i++) {
		timeline_free(axis->hosts[i].timeline);
		free(axis->hosts[i].widths);
		if (axis->places)
			free(axis->places[i]);
	}
	moves_free(&axis->moves);
	hosts_free(axis->bounds);
	free(axis->view.parties);
	free(axis->places);
	free(axis->hosts);
	free(axis->pairs);
	free(axis->clashes);
	free(axis->recent);
	free(axis);
}
