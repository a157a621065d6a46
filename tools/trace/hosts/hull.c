// SPDX-License-Identifier: GPL-2.0
/*
 * The upper constraints on a smooth function that matter: the lower convex hull of the
 * points (x, y + D / 2 * x^2), without ever computing that sum.
 */
#include <stdlib.h>
#include <string.h>

#include "common/array.h"
#include "hosts/exact.h"
#include "hosts/hull.h"

/* So many of the last constraints stay: the end of the hull is not final. */
#define KEEP_LAST 16

bool hull_follows(const struct limits *limits, const struct constraint *left,
		  const struct constraint *middle, const struct constraint *right)
{
	const int64_t before = middle->x - left->x, after = right->x - middle->x;
	const exact_signed above = (exact_signed)(middle->y - left->y) * after -
				   (exact_signed)(right->y - middle->y) * before;

	if (above < 0)
		return false;
	return !exact_less(exact_shl((exact_unsigned)above, 80),
			   exact_mul((exact_unsigned)before * (uint64_t)after,
				     (exact_unsigned)(right->x - left->x) * limits->half_drift));
}

size_t hull_find(const struct hull *hull, int64_t x)
{
	size_t low = 0, high = hull->count, step = 1;

	/* Most look-ups are near the end. */
	while (step < high && hull->points[high - step].x > x) {
		high -= step;
		step *= 2;
	}
	if (step < high)
		low = high - step;
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (hull->points[middle].x <= x)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void remove_points(struct hull *hull, size_t first, size_t count)
{
	memmove(&hull->points[first], &hull->points[first + count],
		(hull->count - first - count) * sizeof(hull->points[0]));
	hull->count -= count;
}

/* Part of a convex hull is a convex hull. */
static void thin_out(struct hull *hull, size_t max)
{
	struct constraint *points = hull->points;
	const size_t last = hull->count - KEEP_LAST;
	const int64_t spacing = (points[last].x - points[0].x) / (int64_t)(max / 2);
	size_t i, kept = 1;

	for (i = 1; i < hull->count; i++)
		if (i >= last || points[i].x - points[kept - 1].x > spacing)
			points[kept++] = points[i];
	hull->count = kept;
}

bool hull_add(struct hull *hull, const struct limits *limits, const struct constraint *point,
	      size_t max)
{
	size_t at = hull_find(hull, point->x), first, end;
	struct constraint *points = hull->points;

	if (at > 0 && points[at - 1].x == point->x) {
		if (points[at - 1].y <= point->y)
			return false;
		remove_points(hull, --at, 1);
	}
	if (at > 0 && at < hull->count && hull_follows(limits, &points[at - 1], point, &points[at]))
		return false;

	for (first = at; first >= 2; first--)
		if (!hull_follows(limits, &points[first - 2], &points[first - 1], point))
			break;
	for (end = at; end + 2 <= hull->count; end++)
		if (!hull_follows(limits, point, &points[end], &points[end + 1]))
			break;
	if (end - first > 1) {
		remove_points(hull, first + 1, end - first - 1);
	} else if (end == first) {
		points = array_room(points, hull->count, sizeof(*points));
		hull->points = points;
		memmove(&points[first + 1], &points[first],
			(hull->count - first) * sizeof(*points));
		hull->count++;
	}
	points[first] = *point;
	if (hull->count >= max && hull->count > 2 * KEEP_LAST)
		thin_out(hull, max);
	return true;
}

void hull_copy(struct hull *hull, const struct hull *from)
{
	size_t i;

	for (i = 0; i < from->count; i++) {
		hull->points = array_room(hull->points, i, sizeof(hull->points[0]));
		hull->points[i] = from->points[i];
	}
	hull->count = from->count;
}

void hull_clear(struct hull *hull)
{
	free(hull->points);
	hull->points = NULL;
	hull->count = 0;
}
