/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What messages prove about two clocks: bounds of the one as a function of the other.
 */
#ifndef TRACE_HOSTS_RELATION_H
#define TRACE_HOSTS_RELATION_H

#include "hosts/hull.h"

/* Constraints that are kept besides those of the hulls, to find where clocks stepped */
#define RELATION_RECENT 16

/**
 * enum side - which bound of the offset
 * @SIDE_UPPER: the offset is at most y
 * @SIDE_LOWER: the offset is at least -y
 *
 * With the sign turned, lower bounds are upper bounds: all code knows those alone.
 */
enum side { SIDE_UPPER, SIDE_LOWER };

/**
 * struct relation - the offset of a clock to another one, as a function of the other
 * @hulls: what is known of either side
 * @recent: the last constraints of either side, a ring
 * @nr_recent: how many there have been
 */
struct relation {
	struct hull hulls[2];
	struct constraint recent[2][RELATION_RECENT];
	size_t nr_recent[2];
};

/**
 * struct witness - constraints that a bound follows from
 * @points: the constraints
 * @sides: the side of each
 * @count: their number
 */
struct witness {
	struct constraint points[2];
	enum side sides[2];
	size_t count;
};

/**
 * relation_bound() - the best bound of the offset
 * @relation: the relation
 * @limits: of the two clocks
 * @side: which bound; it is of -offset for SIDE_LOWER
 * @x: time of the one clock
 * @witness: what it follows from, or NULL
 *
 * Return: the bound in ns, rounded away from the offset; EXACT_UNBOUNDED if there is none.
 */
int64_t relation_bound(const struct relation *relation, const struct limits *limits,
		       enum side side, int64_t x, struct witness *witness);

/**
 * relation_is_within() - is the offset known to be within a bound?
 * @relation: the relation
 * @limits: of the two clocks
 * @side: which bound, as of relation_bound()
 * @x: time of the one clock
 * @bound: the bound
 *
 * Return: relation_bound() <= @bound, mostly with less work.
 */
bool relation_is_within(const struct relation *relation, const struct limits *limits,
			enum side side, int64_t x, int64_t bound);

/**
 * relation_contradicts() - can a constraint not be true where the others are?
 * @relation: the relation
 * @limits: of the two clocks
 * @side: the side of the constraint
 * @point: the constraint
 * @witness: set to what it contradicts, as late as can be shown
 */
bool relation_contradicts(const struct relation *relation, const struct limits *limits,
			  enum side side, const struct constraint *point,
			  struct witness *witness);

/**
 * relation_add() - add a constraint
 * @relation: the relation
 * @limits: of the two clocks
 * @side: the side of the constraint
 * @point: the constraint
 * @max: number of constraints to keep of a side
 *
 * Return: false if it follows from others.
 */
bool relation_add(struct relation *relation, const struct limits *limits, enum side side,
		  const struct constraint *point, size_t max);

/**
 * relation_clear() - forget all constraints
 * @relation: the relation
 */
void relation_clear(struct relation *relation);

/**
 * relation_other_time() - time of the other clock in a constraint
 * @side: the side of the constraint
 * @point: the constraint
 */
static inline int64_t relation_other_time(enum side side, const struct constraint *point)
{
	return side == SIDE_UPPER ? point->x + point->y : point->x - point->y;
}

#endif
