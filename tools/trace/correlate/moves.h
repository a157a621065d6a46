/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Which host each part of a guest's trace is of, and when the guest moved from one to another.
 */
#ifndef TRACE_MOVES_H
#define TRACE_MOVES_H

#include "correlate/downtime.h"
#include "correlate/timeline.h"

/**
 * struct move - a guest went from a host to another one
 * @name: of the guest
 * @from: index of the host that it left
 * @to: index of the host where it goes on
 * @last: the last event there, in ticks of that host, not later than it was
 * @first: the first event here, in ticks of this host, not earlier than it was
 * @guest: what the guest read before and after
 * @vms: the VM that it was before, and the one that it was after
 * @down: when it did not run
 */
struct move {
	char *name;
	size_t from;
	size_t to;
	uint64_t last;
	uint64_t first;
	uint64_t guest[2];
	uint64_t vms[2];
	struct downtime down;
};

/**
 * struct moves - all of them
 * @list: in the order of the guests, then of time
 * @count: their number
 */
struct moves {
	struct move *list;
	size_t count;
};

/**
 * moves_choose() - on which hosts a guest was
 * @parties: the guest, as matched on each host; where it was not, nothing of it fits after that
 * @count: number of hosts
 * @rival: set to the host that fits as well as another one, @count if there is none
 *
 * Return: the number of hosts where it was.
 */
size_t moves_choose(struct party *const *parties, size_t count, size_t *rival);

/**
 * moves_find() - when a guest was on which host
 * @moves: those are added
 * @timelines: of each host
 * @parties: the guest, on each host; windows are set
 * @count: number of hosts
 * @machine: its traces, open
 *
 * For guests that were on several.
 */
void moves_find(struct moves *moves, struct timeline *const *timelines,
		struct party *const *parties, size_t count, struct machine *machine);

/**
 * moves_free() - free what is in it
 * @moves: the moves
 */
void moves_free(struct moves *moves);

#endif
