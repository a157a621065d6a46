// SPDX-License-Identifier: GPL-2.0
/*
 * Where the times of a guest's clock lie on the host's time line.
 *
 * Two events tell of each other: the host times between them are the guest's times between
 * them, by a rate within two limits. So what is known of the one bounds the other; and the
 * nearer they are, the better. Each limit is taken from the knot that gave it, not from
 * one knot to the next, for each step adds a rounding.
 */
#include <stdlib.h>

#include "common/array.h"
#include "correlate/track.h"

void track_add(struct track *track, const struct knot *knot)
{
	size_t i;

	if (track->count && knot->guest - track->knots[track->count - 1].guest < track->apart)
		return;
	if (track->count == TRACK_MAX) {
		for (i = 0; i < TRACK_MAX / 2; i++)
			track->knots[i] = track->knots[2 * i];
		track->count = TRACK_MAX / 2;
		track->apart = track->apart ? 2 * track->apart :
			       (knot->guest - track->knots[0].guest) / (TRACK_MAX / 2);
	}
	track->knots = array_room(track->knots, track->count, sizeof(*knot));
	track->knots[track->count++] = *knot;
}

/* In the first tick, a stay may end that began before; in the last one, one may begin. */
static bool is_silent(const struct host *host, uint64_t end, wide time)
{
	return time <= (wide)host_whole_from(host) || time >= (wide)end ||
	       host_in_gap(host, (uint64_t)time);
}

/* The next time from @time on at which the vCPU may have been in the guest */
static wide next_possible(const struct host *host, struct stay_cursor *cursor, uint64_t end,
			  wide time)
{
	const struct gap *gap;
	const struct stay *stay;
	wide next = (wide)end;

	if (is_silent(host, end, time))
		return time;
	stay = stay_from(cursor, (uint64_t)time);
	if (stay && (wide)stay->entry < next)
		next = stay->entry > (uint64_t)time ? (wide)stay->entry : time;
	gap = host_gap_until(host, (uint64_t)time);
	gap = gap ? gap + 1 : host->gaps;
	if (gap != host->gaps + host->nr_gaps && (wide)gap->from.host_time < next)
		next = (wide)gap->from.host_time;
	return next;
}

/* The last time up to @time */
static wide last_possible(const struct host *host, struct stay_cursor *cursor, uint64_t end,
			  wide time)
{
	const struct gap *gap;
	const struct stay *stay;
	wide last = (wide)host_whole_from(host);

	if (is_silent(host, end, time))
		return time;
	stay = stay_until(cursor, (uint64_t)time);
	if (stay && (wide)stay->exit > last)
		last = stay->exit < (uint64_t)time ? (wide)stay->exit : time;
	gap = host_gap_until(host, (uint64_t)time);
	if (gap && (wide)host_gap_end(host, gap) > last)
		last = (wide)host_gap_end(host, gap);
	return last;
}

bool clip_to_stays(const struct host *host, struct stay_cursor *cursor, uint64_t end, wide *first,
		   wide *last)
{
	*first = next_possible(host, cursor, end, *first);
	*last = last_possible(host, cursor, end, *last);
	return *first <= *last;
}

void track_widen(struct knot *knot, const struct host *host, const uint64_t *ends)
{
	struct stay_cursor *cursor;
	const struct stay *stay;
	uint64_t end;

	if (knot->vcpu == SIZE_MAX)
		return;
	end = ends[knot->vcpu];
	cursor = zalloc(sizeof(*cursor));
	cursor->list = host->vcpus[knot->vcpu].stays;
	if (knot->first <= (wide)host_whole_from(host))
		knot->first = -FOREVER;
	else if (knot->first >= (wide)end)
		knot->first = (wide)end;
	else if (host_in_gap(host, (uint64_t)knot->first))
		knot->first = (wide)host_gap_until(host, (uint64_t)knot->first)->from.host_time;
	else if ((stay = stay_until(cursor, (uint64_t)knot->first)) &&
		 stay->exit >= (uint64_t)knot->first)
		knot->first = (wide)stay->entry;
	if (knot->last >= (wide)end)
		knot->last = FOREVER;
	else if (knot->last <= (wide)host_whole_from(host))
		knot->last = (wide)host_whole_from(host);
	else if (host_in_gap(host, (uint64_t)knot->last))
		knot->last = (wide)host_gap_end(host, host_gap_until(host, (uint64_t)knot->last));
	else if ((stay = stay_from(cursor, (uint64_t)knot->last)) &&
		 stay->entry <= (uint64_t)knot->last)
		knot->last = (wide)stay->exit;
	free(cursor);
}

/* What narrows the knots one after the other: the knots that gave the limits */
struct limits {
	const struct rate *rate;
	struct knot first;
	struct knot last;
	bool any;
	const struct host *host;
	const uint64_t *ends;
	struct stay_cursor *cursor;
};

static void narrow(struct limits *limits, struct knot *knot, bool forward)
{
	const struct host *host = limits->host;
	struct stay_cursor *cursor = limits->cursor;
	const struct rate *rate = limits->rate;
	wide from = knot->first, to = knot->last, first, last;

	if (limits->any && forward) {
		from = limits->first.first + rate_least(rate, knot->guest - limits->first.guest);
		to = limits->last.last + rate_most(rate, knot->guest - limits->last.guest);
	} else if (limits->any) {
		from = limits->first.first - rate_most(rate, limits->first.guest - knot->guest);
		to = limits->last.last - rate_least(rate, limits->last.guest - knot->guest);
	}
	knot->first = first = from > knot->first ? from : knot->first;
	knot->last = last = to < knot->last ? to : knot->last;
	if (knot->vcpu != SIZE_MAX) {
		if (cursor->list != host->vcpus[knot->vcpu].stays)
			*cursor = (struct stay_cursor){ .list = host->vcpus[knot->vcpu].stays };
		if (clip_to_stays(host, cursor, limits->ends[knot->vcpu], &first, &last)) {
			knot->first = first;
			knot->last = last;
		}
	}
	if (!limits->any || knot->first > from)
		limits->first = *knot;
	if (!limits->any || knot->last < to)
		limits->last = *knot;
	limits->any = true;
}

void track_narrow(struct track *track, const struct rate *rate, const struct host *host,
		  const uint64_t *ends)
{
	struct stay_cursor *cursor = zalloc(sizeof(*cursor));
	struct limits back = { .rate = rate, .host = host, .ends = ends, .cursor = cursor };
	struct limits forth = back;
	size_t i;

	for (i = track->count; i-- > 0;)
		narrow(&back, &track->knots[i], false);
	for (i = 0; i < track->count; i++)
		narrow(&forth, &track->knots[i], true);
	free(cursor);
}

void track_at(const struct track *track, const struct rate *rate, uint64_t guest, wide *first,
	      wide *last)
{
	size_t low = 0, high = track->count, middle;
	wide one;

	while (low < high) {
		middle = low + (high - low) / 2;
		if (track->knots[middle].guest <= guest)
			low = middle + 1;
		else
			high = middle;
	}
	*first = -8 * FOREVER;
	*last = 8 * FOREVER;
	if (low) {
		const struct knot *knot = &track->knots[low - 1];

		*first = knot->first + rate_least(rate, guest - knot->guest);
		*last = knot->last + rate_most(rate, guest - knot->guest);
	}
	if (low < track->count) {
		const struct knot *knot = &track->knots[low];

		one = knot->first - rate_most(rate, knot->guest - guest);
		*first = one > *first ? one : *first;
		one = knot->last - rate_least(rate, knot->guest - guest);
		*last = one < *last ? one : *last;
	}
}
