/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the parts of hosts.h share.
 */
#ifndef TRACE_HOSTS_PARTS_H
#define TRACE_HOSTS_PARTS_H

#include "hosts/hosts.h"
#include "hosts/relation.h"

/**
 * struct counter - the clock of a host, from one step to the next
 * @host: index of the host
 * @from: the host's clock may be this one from this time on
 * @sure_from: and is this one or a later one from this time on
 * @sure_to: it is this one or an earlier one up to this time
 * @to: and may be this one up to this time
 * @begin: number of the split that it begins with, from 1, 0 if none
 * @end: number of the split that it ends with, 0 if none
 *
 * A counter is thought to go on before and after that, as if it had not stepped: what a
 * message says stays true. So counters need no borders in all of the arithmetic.
 */
struct counter {
	size_t host;
	int64_t from;
	int64_t sure_from;
	int64_t sure_to;
	int64_t to;
	size_t begin;
	size_t end;
};

/* Indexes of the counters of a host, in their order */
struct counter_list {
	size_t *counters;
	size_t count;
};

/**
 * struct hosts - all of it
 * @limits: of any two counters
 * @max_constraints: to be kept in all
 * @nr_hosts: number of hosts
 * @lists: the counters of each host
 * @counters: all counters
 * @nr_counters: their number
 * @relations: [i][j] is the offset of j's time to that of i, or NULL
 * @nr_relations: how many there are
 * @nr_splits: how often clocks were split
 * @reference: index of the host that hosts_solve() was called for
 * @solved: [k][i] is the offset of the k-th counter of @reference to counter i, by all paths
 * @nr_solved: number of counters of @reference when that was called
 * @nr_solved_counters: number of all counters then
 */
struct hosts {
	struct limits limits;
	size_t max_constraints;
	size_t nr_hosts;
	struct counter_list *lists;
	struct counter *counters;
	size_t nr_counters;
	struct relation ***relations;
	size_t nr_relations;
	size_t nr_splits;
	size_t reference;
	struct relation **solved;
	size_t nr_solved;
	size_t nr_solved_counters;
};

/* Constraints to keep of each side of a relation */
size_t hosts_max_of_hull(const struct hosts *hosts);

/* hosts_solve() for one counter of the reference host: an array of relations, one for each */
struct relation *paths_solve(const struct hosts *hosts, size_t reference);

/* A guess of the offset at @x: least squares on the constraints around it, which are of the
 * fastest messages; false if there are too few. */
bool estimate_offset(const struct relation *relation, int64_t x, double *offset);

#endif
