// SPDX-License-Identifier: GPL-2.0
/*
 * A guess of an offset: a straight line through the constraints around a time, which are of
 * the fastest messages of both directions, as if those took equally long. Least squares of
 * three unknowns: offset, its slope, and that delay. Nothing proves it.
 */
#include <math.h>

#include "hosts/parts.h"

/* So many constraints before and after the time, of each direction */
#define AROUND 6

struct sums {
	double n, x, xx, s, sx, y, xy, sy;
};

static void add(struct sums *sums, double x, double sign, double y)
{
	sums->n += 1;
	sums->x += x;
	sums->xx += x * x;
	sums->s += sign;
	sums->sx += sign * x;
	sums->y += y;
	sums->xy += x * y;
	sums->sy += sign * y;
}

static double determinant(const double m[3][3])
{
	return m[0][0] * (m[1][1] * m[2][2] - m[1][2] * m[2][1]) -
	       m[0][1] * (m[1][0] * m[2][2] - m[1][2] * m[2][0]) +
	       m[0][2] * (m[1][0] * m[2][1] - m[1][1] * m[2][0]);
}

bool estimate_offset(const struct relation *relation, int64_t x, double *offset)
{
	struct sums sums = { 0 };
	double base = 0, all, first;
	size_t i, counts[2];
	enum side side;

	for (side = SIDE_UPPER; side <= SIDE_LOWER; side++) {
		const struct hull *hull = &relation->hulls[side];
		const double sign = side == SIDE_UPPER ? 1 : -1;
		const size_t at = hull_find(hull, x);
		const size_t begin = at > AROUND ? at - AROUND : 0;
		const size_t end = hull->count - at > AROUND ? at + AROUND : hull->count;

		counts[side] = end - begin;
		for (i = begin; i < end; i++) {
			const struct constraint *point = &hull->points[i];

			/* Near zero, where doubles are exact enough; x in seconds */
			if (!sums.n)
				base = sign * (double)point->y;
			add(&sums, (double)(point->x - x) / 1e9, sign,
			    sign * (double)point->y - base);
		}
	}
	if (counts[SIDE_UPPER] < 2 || counts[SIDE_LOWER] < 2)
		return false;
	all = determinant((const double[3][3]){ { sums.n, sums.x, sums.s },
						{ sums.x, sums.xx, sums.sx },
						{ sums.s, sums.sx, sums.n } });
	first = determinant((const double[3][3]){ { sums.y, sums.x, sums.s },
						  { sums.xy, sums.xx, sums.sx },
						  { sums.sy, sums.sx, sums.n } });
	/* All at one time give no slope. */
	if (fabs(all) < 1e-9 * sums.n * sums.n * sums.xx)
		return false;
	*offset = base + first / all;
	return isfinite(*offset);
}
