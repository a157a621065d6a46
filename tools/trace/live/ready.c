// SPDX-License-Identifier: GPL-2.0
/*
 * Events that wait until nothing can come before them: a binary heap.
 */
#include "common/array.h"
#include "live/ready.h"

static bool is_before(const struct live_ready *a, const struct live_ready *b)
{
	if (a->time != b->time)
		return a->time < b->time;
	if (a->order != b->order)
		return a->order < b->order;
	if (a->is_guest != b->is_guest)
		return b->is_guest;
	return a->sequence < b->sequence;
}

void live_heap_push(struct live_heap *heap, const struct live_ready *ready)
{
	size_t at = heap->count, parent;

	heap->list = array_room(heap->list, heap->count, sizeof(*heap->list));
	heap->count++;
	for (; at && is_before(ready, &heap->list[parent = (at - 1) / 2]); at = parent)
		heap->list[at] = heap->list[parent];
	heap->list[at] = *ready;
}

struct live_ready live_heap_pop(struct live_heap *heap)
{
	const struct live_ready first = heap->list[0];
	const struct live_ready last = heap->list[--heap->count];
	size_t at = 0, child;

	while ((child = 2 * at + 1) < heap->count) {
		if (child + 1 < heap->count &&
		    is_before(&heap->list[child + 1], &heap->list[child]))
			child++;
		if (!is_before(&heap->list[child], &last))
			break;
		heap->list[at] = heap->list[child];
		at = child;
	}
	if (heap->count)
		heap->list[at] = last;
	return first;
}
