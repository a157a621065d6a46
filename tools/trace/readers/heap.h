/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Which of many streams comes next.
 */
#ifndef TRACE_HEAP_H
#define TRACE_HEAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * struct heap_key - where a stream's next event stands
 * @first: compared first
 * @second: compared next
 * @stream: number of the stream, compared last, so that the order is always the same
 */
struct heap_key {
	uint64_t first;
	uint64_t second;
	size_t stream;
};

/**
 * struct heap - streams, the one with the smallest key first
 * @keys: the keys
 * @count: their number
 */
struct heap {
	struct heap_key *keys;
	size_t count;
};

/**
 * heap_push() - add a stream
 * @heap: a heap, with room for it
 * @key: its key
 */
void heap_push(struct heap *heap, struct heap_key key);

/**
 * heap_replace() - give the first stream another key
 * @heap: a heap that is not empty
 * @key: the key
 */
void heap_replace(struct heap *heap, struct heap_key key);

/**
 * heap_pop() - remove the first stream
 * @heap: a heap that is not empty
 */
void heap_pop(struct heap *heap);

#endif
