// SPDX-License-Identifier: GPL-2.0
/*
 * What messages prove about two clocks. See Documentation/trace/hosts.rst.
 *
 * Let g be the offset as a function of one clock, with |g'| <= R and |g''| <= D. For any
 * x1 < x2 < x3, g(x2) is within D / 2 * (x2 - x1) * (x3 - x2) of the chord from x1 to x3. An
 * upper bound of g at x follows from
 *
 *   - an upper constraint nearby, and R;
 *   - one before and one after x, and D: the chord, and how far g may be above it;
 *   - an upper constraint k and a lower one j that is farther away, both on one side of x,
 *     and D: k is the middle one, so that g cannot rise faster than that from j.
 *
 * Of the second kind, the edge of the hull above x is the best. Of the third, the best j
 * for a k is where the tangent from k touches the hull of the lower constraints, which is
 * found by halving.
 */
#include "hosts/exact.h"
#include "hosts/relation.h"

/* So many upper constraints on each side of x are tried: any choice gives a true bound. */
#define TRIED 4

struct best {
	int64_t bound;
	struct witness witness;
};

static void offer(struct best *best, int64_t bound, const struct constraint *own,
		  const struct constraint *far, enum side far_side, enum side side)
{
	if (bound >= best->bound)
		return;
	best->bound = bound;
	best->witness.points[0] = *own;
	best->witness.sides[0] = side;
	best->witness.count = 1;
	if (far) {
		best->witness.points[1] = *far;
		best->witness.sides[1] = far_side;
		best->witness.count = 2;
	}
}

/* How far a function can be from a chord, at distances @a and @b from its ends */
static exact_signed bend(const struct limits *limits, int64_t a, int64_t b)
{
	const struct exact product = exact_mul((exact_unsigned)a * (uint64_t)b, limits->half_drift);

	/* As much as 2^62 after the shift is no bound. */
	if (product.hi >> 14)
		return EXACT_UNBOUNDED;
	return (exact_signed)exact_shr_up(product, 80);
}

/* By the rate alone */
static int64_t by_rate(const struct limits *limits, const struct constraint *point, int64_t x)
{
	const uint64_t distance = (uint64_t)(x < point->x ? point->x - x : x - point->x);
	const exact_unsigned product = (exact_unsigned)distance * limits->rate;

	return exact_add(point->y, (exact_signed)((product >> 64) + !!(uint64_t)product));
}

static int64_t between(const struct limits *limits, const struct constraint *left,
		       const struct constraint *right, int64_t x)
{
	return exact_add(left->y, exact_scale_up(right->y - left->y, x - left->x,
						 right->x - left->x) +
				  bend(limits, x - left->x, right->x - x));
}

/* Beyond @own, seen from @far, which is of the other side */
static int64_t beyond(const struct limits *limits, const struct constraint *own,
		      const struct constraint *far, int64_t x)
{
	const bool ahead = x > own->x;
	const int64_t distance = ahead ? x - own->x : own->x - x;
	const int64_t base = ahead ? own->x - far->x : far->x - own->x;
	const exact_signed rise = (exact_signed)own->y + far->y;

	if (rise >= EXACT_UNBOUNDED || rise <= -EXACT_UNBOUNDED)
		return EXACT_UNBOUNDED;
	return exact_add(own->y, exact_scale_up((int64_t)rise, distance, base) +
				 bend(limits, distance, distance + base));
}

/* The constraint of @hull, all of the other side, that a line from @own touches */
static const struct constraint *touched(const struct hull *hull, const struct limits *limits,
					const struct constraint *own, bool on_left)
{
	const struct constraint *points = hull->points;
	const struct constraint mirrored = { own->x, -own->y, 0 };
	size_t low, high, middle;

	if (on_left) {
		high = hull_find(hull, own->x - 1);
		if (!high)
			return NULL;
		for (low = 0, high--; low < high;) {
			middle = low + (high - low) / 2;
			if (hull_follows(limits, &points[middle], &points[middle + 1], &mirrored))
				high = middle;
			else
				low = middle + 1;
		}
		return &points[low];
	}
	low = hull_find(hull, own->x);
	if (low == hull->count)
		return NULL;
	for (high = hull->count - 1; low < high;) {
		middle = low + (high - low) / 2;
		if (hull_follows(limits, &mirrored, &points[middle], &points[middle + 1]))
			low = middle + 1;
		else
			high = middle;
	}
	return &points[low];
}

static void try_one(struct best *best, const struct relation *relation,
		    const struct limits *limits, enum side side, const struct constraint *own,
		    int64_t x)
{
	const struct constraint *far;

	offer(best, by_rate(limits, own, x), own, NULL, side, side);
	if (own->x == x)
		return;
	far = touched(&relation->hulls[!side], limits, own, own->x < x);
	if (far)
		offer(best, beyond(limits, own, far, x), own, far, !side, side);
}

/* The chord above @x, which is before constraint @at; and by how much the function can bend */
static int64_t chord(const struct hull *hull, const struct limits *limits, size_t at, int64_t x,
		     int64_t *bent_most)
{
	const struct constraint *left = &hull->points[at - 1], *right = left + 1;
	const int64_t half = (right->x - left->x) / 2;

	*bent_most = (int64_t)bend(limits, half, half);
	return between(limits, left, right, x);
}

/*
 * In the middle of a hull, a constraint of the third kind is better than the chord only where
 * the function can bend by more than what the offset is uncertain by.
 */
static bool is_chord_best(const struct relation *relation, const struct limits *limits,
			  enum side side, size_t at, int64_t x, int64_t bound, int64_t bent_most)
{
	const struct hull *hull = &relation->hulls[side], *other = &relation->hulls[!side];
	int64_t unused;
	size_t there;

	if (at <= TRIED || at + TRIED >= hull->count)
		return false;
	there = hull_find(other, x);
	if (!there || there == other->count)
		return false;
	return bent_most <= exact_add(bound, chord(other, limits, there, x, &unused));
}

static struct best best_until(const struct relation *relation, const struct limits *limits,
			      enum side side, int64_t x, int64_t enough)
{
	const struct hull *hull = &relation->hulls[side];
	const size_t at = hull_find(hull, x);
	struct best best = { .bound = EXACT_UNBOUNDED };
	int64_t bent_most;
	size_t i;

	if (at > 0 && at < hull->count) {
		const struct constraint *left = &hull->points[at - 1];

		offer(&best, chord(hull, limits, at, x, &bent_most), left, left + 1, side, side);
		if (best.bound <= enough ||
		    is_chord_best(relation, limits, side, at, x, best.bound, bent_most))
			return best;
	}
	for (i = 0; i < TRIED && best.bound > enough; i++) {
		if (i < at)
			try_one(&best, relation, limits, side, &hull->points[at - 1 - i], x);
		if (i < hull->count - at)
			try_one(&best, relation, limits, side, &hull->points[at + i], x);
	}
	return best;
}

int64_t relation_bound(const struct relation *relation, const struct limits *limits,
		       enum side side, int64_t x, struct witness *witness)
{
	const struct best best = best_until(relation, limits, side, x, INT64_MIN);

	if (witness)
		*witness = best.witness;
	return best.bound;
}

bool relation_is_within(const struct relation *relation, const struct limits *limits,
			enum side side, int64_t x, int64_t bound)
{
	return best_until(relation, limits, side, x, bound).bound <= bound;
}

/* The latest of the recent constraints that the rate alone makes impossible */
static bool contradicts_recent(const struct relation *relation, const struct limits *limits,
			       enum side side, const struct constraint *point,
			       struct witness *witness)
{
	const enum side other = !side;
	const size_t count = relation->nr_recent[other];
	size_t i;

	witness->count = 0;
	for (i = 0; i < count && i < RELATION_RECENT; i++) {
		const struct constraint *recent = &relation->recent[other][i];

		if (by_rate(limits, recent, point->x) < -point->y &&
		    (!witness->count || recent->x > witness->points[0].x)) {
			witness->points[0] = *recent;
			witness->sides[0] = other;
			witness->count = 1;
		}
	}
	return witness->count;
}

bool relation_contradicts(const struct relation *relation, const struct limits *limits,
			  enum side side, const struct constraint *point,
			  struct witness *witness)
{
	if (contradicts_recent(relation, limits, side, point, witness))
		return true;
	/* What follows from others contradicts none. Most messages are that slow. */
	if (relation_is_within(relation, limits, side, point->x, point->y))
		return false;
	return relation_bound(relation, limits, !side, point->x, witness) < -point->y;
}

bool relation_add(struct relation *relation, const struct limits *limits, enum side side,
		  const struct constraint *point, size_t max)
{
	if (point->number)
		relation->recent[side][relation->nr_recent[side]++ % RELATION_RECENT] = *point;
	return hull_add(&relation->hulls[side], limits, point, max);
}

void relation_clear(struct relation *relation)
{
	hull_clear(&relation->hulls[SIDE_UPPER]);
	hull_clear(&relation->hulls[SIDE_LOWER]);
	*relation = (struct relation){ 0 };
}
