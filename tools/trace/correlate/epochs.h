/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The epochs of CLOCK_TRACE in a machine's trace. Times of different epochs cannot be
 * compared. The kernel writes clock_trace_epoch at each change, and once a second besides,
 * so an event that names the epoch of the one before it is no change, and the first one
 * names the epoch of what is before it, too.
 */
#ifndef TRACE_EPOCHS_H
#define TRACE_EPOCHS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "readers/event.h"

/**
 * struct epoch - an epoch in a trace
 * @section: the section of the trace that it is in
 * @number: what the kernel calls it, 0 if no event tells
 * @state: what drives the clock
 * @frequency: ticks per second, 0 if no event tells
 * @begin: time of its first event
 * @first: number of that event, counted from 1 over all of the trace
 * @events: number of its events
 * @stays: number of its entries into guests
 */
struct epoch {
	unsigned int section;
	uint32_t number;
	enum clock_state state;
	uint64_t frequency;
	uint64_t begin;
	uint64_t first;
	uint64_t events;
	uint64_t stays;
};

/**
 * struct epochs - the epochs of a trace
 * @list: the epochs, in the order of the trace
 * @count: their number
 * @lacks_counter: where no event tells, no counter drove the clock
 */
struct epochs {
	struct epoch *list;
	size_t count;
	bool lacks_counter;
	/* private: */
	uint64_t events;
};

/**
 * epochs_add() - count an event of the trace
 * @epochs: the epochs
 * @section: the section of the event
 * @event: the event, in the order of the trace
 * @renamed: set to true if it is the first that names its epoch, which then is known to
 *	be the epoch of the events before it, and maybe of no use
 *
 * Return: its epoch.
 */
struct epoch *epochs_add(struct epochs *epochs, unsigned int section, const struct event *event,
			 bool *renamed);

/**
 * epoch_is_counter() - are its times of the hardware's counter?
 * @epoch: the epoch
 *
 * Only these are on one time line with those of other machines.
 */
bool epoch_is_counter(const struct epoch *epoch);

/**
 * epochs_at() - the epoch of a time
 * @epochs: the epochs
 * @section: the section
 * @time: the time
 *
 * Return: the last one of the section that has begun; NULL if there is none.
 */
const struct epoch *epochs_at(const struct epochs *epochs, unsigned int section, uint64_t time);

/**
 * epochs_free() - free what is in it
 * @epochs: the epochs
 */
void epochs_free(struct epochs *epochs);

#endif
