// SPDX-License-Identifier: GPL-2.0
/*
 * Bounds over all paths between hosts: if u's time is known on w, and w's on the reference,
 * u's is known there. As a constraint of u's own relation to the reference it is as good as
 * one that a message gives, and is bent like one. This is the algorithm of Bellman and Ford,
 * with constraints for distances.
 */
#include <stdlib.h>

#include "common/array.h"
#include "hosts/exact.h"
#include "hosts/parts.h"

/* A constraint that narrows a bound by less is not worth its memory: in ns, and in parts of it */
#define GAIN_MIN 16
#define GAIN_PART 16

/**
 * struct paths - what is being solved
 * @hosts: the hosts
 * @solved: of each counter, its relation to the reference; the number of a constraint is the
 *          time when it was found, not that of a message
 * @seen: [u * count + w] is the time up to which w's constraints were made use of for u
 * @now: the time, in constraints found
 * @max: number of constraints to keep of a side
 */
struct paths {
	const struct hosts *hosts;
	struct relation *solved;
	uint64_t *seen;
	uint64_t now;
	size_t max;
};

/* In time of u, what a constraint on u's time on the reference says */
static bool offer(struct paths *paths, size_t u, enum side side, int64_t x, int64_t offset)
{
	const struct constraint point = { .x = x, .y = offset, .number = paths->now + 1 };
	struct relation *solved = &paths->solved[u];
	int64_t gain, other;

	if (x >= HOSTS_TIME_MAX || x <= -HOSTS_TIME_MAX || offset >= 2 * HOSTS_TIME_MAX ||
	    offset <= -2 * HOSTS_TIME_MAX)
		return false;
	if (relation_is_within(solved, &paths->hosts->limits, side, x, offset + GAIN_MIN))
		return false;
	other = relation_bound(solved, &paths->hosts->limits, !side, x, NULL);
	if (other != EXACT_UNBOUNDED) {
		gain = (offset + other) / GAIN_PART;
		if (gain > GAIN_MIN &&
		    relation_is_within(solved, &paths->hosts->limits, side, x, offset + gain))
			return false;
	}
	if (!relation_add(solved, &paths->hosts->limits, side, &point, paths->max))
		return false;
	paths->now++;
	return true;
}

/* Is a constraint next to @x newer? */
static bool is_new_at(const struct hull *hull, int64_t x, uint64_t seen)
{
	const size_t at = hull_find(hull, x);

	return (at > 0 && hull->points[at - 1].number > seen) ||
	       (at < hull->count && hull->points[at].number > seen);
}

/* What follows for u from its messages with w, and from what is known of w */
static bool combine(struct paths *paths, size_t u, size_t w)
{
	const struct hosts *hosts = paths->hosts;
	const struct relation *there = hosts->relations[u][w], *back = hosts->relations[w][u];
	const struct relation *rest = &paths->solved[w];
	uint64_t *seen = &paths->seen[u * hosts->nr_counters + w];
	bool gained = false;
	enum side side;
	size_t i;

	for (side = SIDE_UPPER; side <= SIDE_LOWER; side++) {
		const struct hull *hull = &there->hulls[side];
		const int64_t sign = side == SIDE_UPPER ? 1 : -1;

		/* From each constraint between u and w, and the bound of w there */
		for (i = 0; i < hull->count; i++) {
			const struct constraint *point = &hull->points[i];
			const int64_t time = relation_other_time(side, point);
			int64_t offset;

			if (!is_new_at(&rest->hulls[side], time, *seen))
				continue;
			offset = relation_bound(rest, &hosts->limits, side, time, NULL);
			if (offset == EXACT_UNBOUNDED)
				break;
			gained |= offer(paths, u, side, point->x, point->y + offset);
		}
		/*
		 * From each constraint of w, and the bound of u there: for an upper one, a time
		 * of u that is surely not after it
		 */
		for (i = 0; i < rest->hulls[side].count; i++) {
			const struct constraint *point = &rest->hulls[side].points[i];
			int64_t offset;

			if (point->number <= *seen)
				continue;
			offset = relation_bound(back, &hosts->limits, !side, point->x, NULL);
			if (offset == EXACT_UNBOUNDED)
				break;
			gained |= offer(paths, u, side, point->x - sign * offset,
					point->y + offset);
		}
	}
	/* What this call has found is u's, not w's. */
	*seen = paths->now;
	return gained;
}

static void copy(struct hull *hull, const struct hull *from)
{
	size_t i;

	hull_copy(hull, from);
	for (i = 0; i < hull->count; i++)
		hull->points[i].number = 1;
}

struct relation *paths_solve(const struct hosts *hosts, size_t reference)
{
	struct paths paths = { .hosts = hosts, .now = 1 };
	const size_t count = hosts->nr_counters;
	size_t *queue = zalloc(count * sizeof(*queue)), begin = 0, waiting = 0, steps = 0, u, w;
	bool *waits = zalloc(count);

	paths.solved = zalloc(count * sizeof(*paths.solved));
	paths.seen = zalloc(count * count * sizeof(*paths.seen));
	paths.max = hosts_max_of_hull(hosts);
	for (u = 0; u < count; u++) {
		const struct relation *direct = hosts->relations[u] ?
						hosts->relations[u][reference] : NULL;

		if (u == reference || !direct)
			continue;
		copy(&paths.solved[u].hulls[SIDE_UPPER], &direct->hulls[SIDE_UPPER]);
		copy(&paths.solved[u].hulls[SIDE_LOWER], &direct->hulls[SIDE_LOWER]);
		queue[waiting++] = u;
		waits[u] = true;
	}
	/* Each counter whose bounds became narrower narrows those of its neighbours. */
	for (; waiting && steps < count * count; steps++) {
		w = queue[begin];
		begin = (begin + 1) % count;
		waiting--;
		waits[w] = false;
		for (u = 0; u < count; u++) {
			if (u == reference || u == w || !hosts->relations[u] ||
			    !hosts->relations[u][w] || !combine(&paths, u, w) || waits[u])
				continue;
			queue[(begin + waiting++) % count] = u;
			waits[u] = true;
		}
	}
	free(queue);
	free(waits);
	free(paths.seen);
	return paths.solved;
}
