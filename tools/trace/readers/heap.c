// SPDX-License-Identifier: GPL-2.0
/*
 * Which of many streams comes next: a binary heap.
 */
#include "readers/heap.h"

static bool less(const struct heap_key *a, const struct heap_key *b)
{
	if (a->first != b->first)
		return a->first < b->first;
	if (a->second != b->second)
		return a->second < b->second;
	return a->stream < b->stream;
}

static void sink(struct heap *heap, size_t at)
{
	const struct heap_key key = heap->keys[at];
	size_t child;

	while ((child = 2 * at + 1) < heap->count) {
		if (child + 1 < heap->count && less(&heap->keys[child + 1], &heap->keys[child]))
			child++;
		if (!less(&heap->keys[child], &key))
			break;
		heap->keys[at] = heap->keys[child];
		at = child;
	}
	heap->keys[at] = key;
}

void heap_push(struct heap *heap, struct heap_key key)
{
	size_t at = heap->count++, parent;

	for (; at > 0; at = parent) {
		parent = (at - 1) / 2;
		if (!less(&key, &heap->keys[parent]))
			break;
		heap->keys[at] = heap->keys[parent];
	}
	heap->keys[at] = key;
}

void heap_replace(struct heap *heap, struct heap_key key)
{
	heap->keys[0] = key;
	sink(heap, 0);
}

void heap_pop(struct heap *heap)
{
	heap->keys[0] = heap->keys[--heap->count];
	if (heap->count)
		sink(heap, 0);
}
