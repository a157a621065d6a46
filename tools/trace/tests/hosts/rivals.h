/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A plain convex hull over the whole trace, as other tools have it: one straight line for
 * each pair of hosts, along a tree of pairs. A message that fits no line any more is ignored,
 * and so are all of that pair after it.
 */
#ifndef TRACE_TESTS_RIVALS_H
#define TRACE_TESTS_RIVALS_H

#include "simulate.h"

struct lines;

struct lines *lines_new(const struct scenario *scenario);

void lines_free(struct lines *lines);

/* When an event was on host 0, by all straight lines that are left; false if not known */
bool lines_bound(const struct lines *lines, size_t host, int64_t from, int64_t to,
		 int64_t *earliest, int64_t *latest);

/* Number of pairs that no straight line fits */
size_t lines_failed(const struct lines *lines);

#endif
