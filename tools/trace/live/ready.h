/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Events of a host and its guests that have their place on the host's line, and wait until
 * nothing can come before them.
 */
#ifndef TRACE_LIVE_READY_H
#define TRACE_LIVE_READY_H

#include "correlate/timeline.h"
#include "live/event.h"

/**
 * struct live_ready - an event
 * @time: on the host's counter
 * @order: number of the host's event that it is, or for a guest's event with which its stay
 *	began, after which it comes where the times are the same
 * @is_guest: it is a guest's
 * @sequence: of two events of a guest that are the same up to here, the smaller one is first
 * @source: number of its session
 * @event: the event
 * @uncertainty: as of struct placed
 * @certainty: likewise
 * @vcpu: likewise
 */
struct live_ready {
	uint64_t time;
	uint64_t order;
	bool is_guest;
	uint64_t sequence;
	size_t source;
	struct live_event *event;
	uint64_t uncertainty;
	enum clocktrace_certainty certainty;
	const struct vcpu *vcpu;
};

/**
 * struct live_heap - all of a host's; @list[0] is the first one
 * @list: the events
 * @count: their number
 */
struct live_heap {
	struct live_ready *list;
	size_t count;
};

/**
 * live_heap_push() - add an event
 * @heap: the events
 * @ready: the event
 */
void live_heap_push(struct live_heap *heap, const struct live_ready *ready);

/**
 * live_heap_pop() - take the first event
 * @heap: the events, not empty
 */
struct live_ready live_heap_pop(struct live_heap *heap);

#endif
