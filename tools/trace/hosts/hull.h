/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The upper constraints on a smooth function that matter: a convex hull.
 */
#ifndef TRACE_HOSTS_HULL_H
#define TRACE_HOSTS_HULL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hosts/limits.h"

/**
 * struct constraint - the function is at most @y at @x
 * @x: time of the one clock, in ns
 * @y: offset to the other clock, in ns
 * @number: of the message that says so, 0 if it follows from several
 */
struct constraint {
	int64_t x;
	int64_t y;
	uint64_t number;
};

/**
 * struct hull - constraints, none of which follows from its neighbours
 * @points: the constraints, in order of @x
 * @count: their number
 *
 * All zero is an empty hull.
 */
struct hull {
	struct constraint *points;
	size_t count;
};

/**
 * hull_follows() - does a constraint follow from its neighbours?
 * @limits: how far the function may bend
 * @left: a constraint
 * @middle: one with a larger x
 * @right: one with an x that is larger still
 *
 * A function g that bends by at most D (|g''| <= D) is no more than D / 2 * (x2 - x1) *
 * (x3 - x2) above the chord from x1 to x3. In other words: g + D / 2 * x^2 is convex.
 *
 * Return: true if @middle lies on or above what @left and @right allow.
 */
bool hull_follows(const struct limits *limits, const struct constraint *left,
		  const struct constraint *middle, const struct constraint *right);

/**
 * hull_add() - add a constraint
 * @hull: the hull
 * @limits: how far the function may bend
 * @point: the constraint
 * @max: number of constraints to keep; those too close to another are then dropped
 *
 * A constraint that is dropped makes bounds wider, never false. The time is constant on
 * average where constraints come in order of x.
 *
 * Return: false if it follows from others.
 */
bool hull_add(struct hull *hull, const struct limits *limits, const struct constraint *point,
	      size_t max);

/**
 * hull_find() - number of constraints up to an x
 * @hull: the hull
 * @x: the x
 *
 * Return: how many have no larger x.
 */
size_t hull_find(const struct hull *hull, int64_t x);

/**
 * hull_copy() - make a hull equal to another one
 * @hull: an empty hull
 * @from: the other one
 */
void hull_copy(struct hull *hull, const struct hull *from);

/**
 * hull_clear() - make a hull empty and free its memory
 * @hull: the hull
 */
void hull_clear(struct hull *hull);

#endif
