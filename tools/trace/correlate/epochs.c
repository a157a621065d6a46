// SPDX-License-Identifier: GPL-2.0
/*
 * The epochs of CLOCK_TRACE in a machine's trace.
 */
#include <stdlib.h>

#include "common/array.h"
#include "correlate/epochs.h"

static struct epoch *begin_epoch(struct epochs *epochs, unsigned int section,
				 const struct event *event)
{
	epochs->list = array_room(epochs->list, epochs->count, sizeof(*epochs->list));
	epochs->list[epochs->count] = (struct epoch){
		.section = section,
		.state = epochs->lacks_counter ? CLOCK_STATE_FALLBACK : CLOCK_STATE_COUNTER,
		.begin = event->time,
		.first = epochs->events,
	};
	return &epochs->list[epochs->count++];
}

struct epoch *epochs_add(struct epochs *epochs, unsigned int section, const struct event *event,
			 bool *renamed)
{
	struct epoch *epoch = epochs->count ? &epochs->list[epochs->count - 1] : NULL;

	*renamed = false;
	epochs->events++;
	if (!epoch || epoch->section != section)
		epoch = begin_epoch(epochs, section, event);
	if (event->kind == EVENT_EPOCH && epoch->number != event->epoch) {
		*renamed = !epoch->number;
		if (!*renamed)
			epoch = begin_epoch(epochs, section, event);
		epoch->number = event->epoch;
		epoch->state = event->state;
		epoch->frequency = event->frequency;
	}
	epoch->events++;
	epoch->stays += event->kind == EVENT_ENTRY;
	return epoch;
}

bool epoch_is_counter(const struct epoch *epoch)
{
	return epoch->state == CLOCK_STATE_COUNTER;
}

const struct epoch *epochs_at(const struct epochs *epochs, unsigned int section, uint64_t time)
{
	const struct epoch *found = NULL;
	size_t i;

	for (i = 0; i < epochs->count; i++)
		if (epochs->list[i].section == section &&
		    (epochs->list[i].begin <= time || !found))
			found = &epochs->list[i];
	return found;
}

void epochs_free(struct epochs *epochs)
{
	free(epochs->list);
}
