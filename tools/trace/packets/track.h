/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Ranges of bytes of a connection, first in, first out.
 */
#ifndef TRACE_PACKETS_TRACK_H
#define TRACE_PACKETS_TRACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * struct range - bytes that a packet carries, or what it acknowledges
 * @from: position of the first byte
 * @to: position behind the last one
 * @time: when the packet was seen
 * @other: its acknowledgment; of an acknowledgment the sequence number
 * @matched: 1 + index of the host whose packet it was matched with last, 0 if none
 * @recent: no other packet sent in twice the longest transit has these numbers
 *
 * Positions are sequence numbers without the wrap-around: modulo 2^32 they are those.
 */
struct range {
	uint64_t from;
	uint64_t to;
	int64_t time;
	uint32_t other;
	uint16_t matched;
	bool recent;
};

/**
 * struct track - ranges
 * @ranges: a ring of them
 * @size: its size, a power of two, or 0
 * @first: where the first one is in there
 * @count: number of ranges
 */
struct track {
	struct range *ranges;
	size_t size;
	size_t first;
	size_t count;
};

/* The range with that number, from 0 on for the first one */
static inline struct range *track_at(const struct track *track, size_t number)
{
	return &track->ranges[(track->first + number) & (track->size - 1)];
}

/* Add a range at the end */
void track_push(struct track *track, const struct range *range);

/* Remove the first one */
void track_pop(struct track *track);

void track_free(struct track *track);

/* Of ranges that are sorted by position, the number of those that begin before @position */
size_t track_before(const struct track *track, uint64_t position);

#endif
