// SPDX-License-Identifier: GPL-2.0
/*
 * Ranges of bytes of a connection, first in, first out.
 */
#include <stdlib.h>
#include <string.h>

#include "common/array.h"
#include "packets/track.h"

#define SIZE_MIN 16

static void resize(struct track *track, size_t size)
{
	struct range *ranges = zalloc(size * sizeof(*ranges));
	size_t i;

	for (i = 0; i < track->count; i++)
		ranges[i] = *track_at(track, i);
	free(track->ranges);
	track->ranges = ranges;
	track->size = size;
	track->first = 0;
}

void track_push(struct track *track, const struct range *range)
{
	if (track->count == track->size)
		resize(track, track->size ? track->size * 2 : SIZE_MIN);
	track->count++;
	*track_at(track, track->count - 1) = *range;
}

void track_pop(struct track *track)
{
	track->first = (track->first + 1) & (track->size - 1);
	track->count--;
	if (track->size > SIZE_MIN && track->count < track->size / 4)
		resize(track, track->size / 2);
}

void track_free(struct track *track)
{
	free(track->ranges);
	*track = (struct track){ 0 };
}

size_t track_before(const struct track *track, uint64_t position)
{
	size_t low = 0, high = track->count, middle;

	while (low < high) {
		middle = low + (high - low) / 2;
		if (track_at(track, middle)->from < position)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}
