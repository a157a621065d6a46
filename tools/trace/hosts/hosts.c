// SPDX-License-Identifier: GPL-2.0
/*
 * The clocks of several hosts. A host whose clock stepped has one counter up to the step and
 * another one after it; for all else here, those are as different as the clocks of two hosts.
 */
#include <stdlib.h>

#include "common/array.h"
#include "hosts/exact.h"
#include "hosts/parts.h"

#define MAX_CONSTRAINTS 4000000
/* At least so many constraints of each side of a relation */
#define MIN_OF_HULL 64
/* Wrong limits would make every second message a contradiction. */
#define SPLITS_MAX 32
#define NONE SIZE_MAX

struct hosts *hosts_new(size_t count, const struct limits *limits, size_t max_constraints)
{
	struct hosts *hosts = zalloc(sizeof(*hosts));
	size_t i;

	hosts->limits = *limits;
	hosts->max_constraints = max_constraints ? max_constraints : MAX_CONSTRAINTS;
	hosts->nr_hosts = count;
	hosts->lists = zalloc((count + 1) * sizeof(*hosts->lists));
	hosts->counters = zalloc((count + 2 * SPLITS_MAX) * sizeof(*hosts->counters));
	hosts->relations = zalloc((count + 2 * SPLITS_MAX) * sizeof(*hosts->relations));
	for (i = 0; i < count; i++) {
		struct counter_list *list = &hosts->lists[i];

		list->counters = array_room(list->counters, 0, sizeof(*list->counters));
		list->counters[list->count++] = i;
		hosts->counters[i] = (struct counter){
			.host = i,
			.from = -HOSTS_TIME_MAX,
			.sure_from = -HOSTS_TIME_MAX,
			.sure_to = HOSTS_TIME_MAX,
			.to = HOSTS_TIME_MAX,
		};
	}
	hosts->nr_counters = count;
	return hosts;
}

size_t hosts_max_of_hull(const struct hosts *hosts)
{
	const size_t share = hosts->max_constraints / (2 * (hosts->nr_relations + 1));

	return share < MIN_OF_HULL ? MIN_OF_HULL : share;
}

static struct relation *relation_of(struct hosts *hosts, size_t a, size_t b)
{
	if (!hosts->relations[a])
		hosts->relations[a] = zalloc((hosts->nr_hosts + 2 * SPLITS_MAX) *
					     sizeof(*hosts->relations[a]));
	if (!hosts->relations[a][b]) {
		hosts->relations[a][b] = zalloc(sizeof(*hosts->relations[a][b]));
		hosts->nr_relations++;
	}
	return hosts->relations[a][b];
}

static size_t counter_at(const struct hosts *hosts, size_t host, int64_t time)
{
	const struct counter_list *list = &hosts->lists[host];
	size_t i;

	for (i = 0; i < list->count; i++) {
		const struct counter *counter = &hosts->counters[list->counters[i]];

		if (time <= counter->sure_to)
			return time >= counter->sure_from ? list->counters[i] : NONE;
	}
	return NONE;
}

/* Both directions of a message, as constraints on either clock as a function of the other */
static void constraints_of(const struct host_message *message, struct constraint *forth,
			   struct constraint *back)
{
	const int64_t offset = message->received - message->sent;

	*forth = (struct constraint){ message->sent, offset, message->number };
	*back = (struct constraint){ message->received, offset, message->number };
}

/* Constraints of [a][b] that are of after a step of @old's go to @new, those of the step to none */
static void move_constraints(struct hosts *hosts, size_t old, size_t new, size_t other,
			     bool is_first)
{
	struct relation *relation, kept = { 0 }, *moved;
	const int64_t from = hosts->counters[old].sure_to, to = hosts->counters[new].sure_from;
	const size_t max = hosts_max_of_hull(hosts);
	size_t a = is_first ? old : other, b = is_first ? other : old, i;
	enum side side;
	int pass;

	if (!hosts->relations[a] || !hosts->relations[a][b])
		return;
	relation = hosts->relations[a][b];
	moved = is_first ? relation_of(hosts, new, other) : relation_of(hosts, other, new);
	for (side = SIDE_UPPER; side <= SIDE_LOWER; side++) {
		/* Those of the hull first, which makes most of the recent ones double */
		for (pass = 0; pass < 2; pass++) {
			const struct constraint *points = pass ? relation->recent[side] :
								 relation->hulls[side].points;
			size_t count = pass ? relation->nr_recent[side] : relation->hulls[side].count;

			if (pass && count > RELATION_RECENT)
				count = RELATION_RECENT;
			for (i = 0; i < count; i++) {
				const int64_t time = is_first ? points[i].x :
						     relation_other_time(side, &points[i]);

				if (time <= from)
					relation_add(&kept, &hosts->limits, side, &points[i], max);
				else if (time >= to)
					relation_add(moved, &hosts->limits, side, &points[i], max);
			}
		}
	}
	relation_clear(relation);
	*relation = kept;
}

/* The clock of @counter stepped between @from and @to, or that of the other host of this split. */
static void split(struct hosts *hosts, size_t counter, int64_t from, int64_t to)
{
	struct counter *old = &hosts->counters[counter], *new;
	struct counter_list *list = &hosts->lists[old->host];
	const size_t number = hosts->nr_counters++;
	size_t at, i;

	new = &hosts->counters[number];
	*new = *old;
	new->from = from;
	new->sure_from = to;
	new->begin = hosts->nr_splits;
	old->sure_to = from;
	old->to = to;
	old->end = hosts->nr_splits;
	list->counters = array_room(list->counters, list->count, sizeof(*list->counters));
	for (at = list->count++; list->counters[at - 1] != counter; at--)
		list->counters[at] = list->counters[at - 1];
	list->counters[at] = number;
	for (i = 0; i < number; i++) {
		move_constraints(hosts, counter, number, i, true);
		move_constraints(hosts, counter, number, i, false);
	}
}

static void include(int64_t *from, int64_t *to, int64_t time)
{
	if (time < *from)
		*from = time;
	if (time > *to)
		*to = time;
}

static void describe(struct contradiction *contradiction, const struct host_message *message,
		     const struct witness *witness)
{
	size_t i, latest = 0;

	*contradiction = (struct contradiction){
		.hosts = { message->from, message->to },
		.from = { message->sent, message->received },
		.to = { message->sent, message->received },
	};
	for (i = 0; i < witness->count; i++) {
		include(&contradiction->from[0], &contradiction->to[0], witness->points[i].x);
		include(&contradiction->from[1], &contradiction->to[1],
			relation_other_time(witness->sides[i], &witness->points[i]));
		/* A message of the other direction is what this one contradicts. */
		if (witness->sides[i] == SIDE_LOWER)
			latest = i;
	}
	contradiction->messages[0] = witness->points[latest].number;
	contradiction->messages[1] = message->number;
}

enum hosts_answer hosts_add(struct hosts *hosts, const struct host_message *message,
			    struct contradiction *contradiction)
{
	enum hosts_answer answer = HOSTS_ADDED;
	struct constraint forth, back;
	struct witness witness;
	size_t a, b, max;

	if (message->from >= hosts->nr_hosts || message->to >= hosts->nr_hosts ||
	    message->from == message->to ||
	    message->sent >= HOSTS_TIME_MAX || message->sent <= -HOSTS_TIME_MAX ||
	    message->received >= HOSTS_TIME_MAX || message->received <= -HOSTS_TIME_MAX)
		return HOSTS_INVALID;
	constraints_of(message, &forth, &back);
again:
	a = counter_at(hosts, message->from, message->sent);
	b = counter_at(hosts, message->to, message->received);
	if (a == NONE || b == NONE)
		return answer == HOSTS_SPLIT ? answer : HOSTS_DROPPED;
	if (relation_contradicts(relation_of(hosts, a, b), &hosts->limits, SIDE_UPPER, &forth,
				 &witness)) {
		/* Where both are at the same time, there is no place to split at. */
		if (answer == HOSTS_SPLIT)
			return answer;
		describe(contradiction, message, &witness);
		if (hosts->nr_splits == SPLITS_MAX)
			return HOSTS_FULL;
		hosts->nr_splits++;
		split(hosts, a, contradiction->from[0], contradiction->to[0]);
		split(hosts, b, contradiction->from[1], contradiction->to[1]);
		answer = HOSTS_SPLIT;
		goto again;
	}
	max = hosts_max_of_hull(hosts);
	relation_add(relation_of(hosts, a, b), &hosts->limits, SIDE_UPPER, &forth, max);
	relation_add(relation_of(hosts, b, a), &hosts->limits, SIDE_LOWER, &back, max);
	return answer;
}

static void free_solved(struct hosts *hosts)
{
	size_t i, j;

	for (i = 0; i < hosts->nr_solved; i++) {
		for (j = 0; j < hosts->nr_solved_counters; j++)
			relation_clear(&hosts->solved[i][j]);
		free(hosts->solved[i]);
	}
	free(hosts->solved);
	hosts->solved = NULL;
	hosts->nr_solved = 0;
}

void hosts_solve(struct hosts *hosts, size_t reference)
{
	const struct counter_list *list = &hosts->lists[reference];
	size_t i;

	free_solved(hosts);
	hosts->reference = reference;
	hosts->solved = zalloc(list->count * sizeof(*hosts->solved));
	for (i = 0; i < list->count; i++)
		hosts->solved[i] = paths_solve(hosts, list->counters[i]);
	hosts->nr_solved = list->count;
	hosts->nr_solved_counters = hosts->nr_counters;
}

static int64_t least(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static int64_t most(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

/* On counter @number of the reference; false if a side is unknown */
static bool bound_on(const struct hosts *hosts, size_t number, size_t counter, int64_t from,
		     int64_t to, struct host_bound *bound)
{
	const struct relation *relation = &hosts->solved[number][counter];
	int64_t low, high;
	double offset;

	*bound = (struct host_bound){ .earliest = from, .latest = to, .estimate = from };
	if (hosts->lists[hosts->reference].counters[number] == counter)
		return true;
	low = relation_bound(relation, &hosts->limits, SIDE_LOWER, from, NULL);
	high = relation_bound(relation, &hosts->limits, SIDE_UPPER, to, NULL);
	bound->earliest = low == EXACT_UNBOUNDED ? INT64_MIN : from - low;
	bound->latest = high == EXACT_UNBOUNDED ? INT64_MAX : to + high;
	if (low == EXACT_UNBOUNDED || high == EXACT_UNBOUNDED)
		return false;
	bound->estimate = bound->earliest + (bound->latest - bound->earliest) / 2;
	if (estimate_offset(relation, from, &offset))
		bound->estimate = least(most(from + (int64_t)offset, bound->earliest),
					bound->latest);
	return true;
}

/*
 * A counter of before a split, and one of the reference of after that split, or the other way
 * round, may have no message between them. But of the two hosts one did not step, so that its
 * two counters are the same one: the bound is that of both before the split, or of both after.
 */
static bool bound_across(const struct hosts *hosts, size_t number, size_t counter, int64_t from,
			 int64_t to, struct host_bound *bound)
{
	const struct counter_list *list = &hosts->lists[hosts->reference];
	const struct counter *on = &hosts->counters[list->counters[number]];
	const struct counter *of = &hosts->counters[counter];
	struct host_bound other;
	bool is_before = on->begin && of->end == on->begin;
	size_t i, there = number, split = is_before ? on->begin : of->begin;

	if (!is_before && (!of->begin || of->begin != on->end))
		return false;
	for (i = 0; i < hosts->nr_solved; i++)
		if (is_before ? hosts->counters[list->counters[i]].end == split :
				hosts->counters[list->counters[i]].begin == split)
			there = i;
	for (i = 0; i < hosts->nr_solved_counters; i++) {
		const struct counter *twin = &hosts->counters[i];

		if (twin->host == of->host &&
		    (is_before ? twin->begin == split : twin->end == split))
			break;
	}
	if (there == number || i == hosts->nr_solved_counters ||
	    !bound_on(hosts, there, counter, from, to, bound) ||
	    !bound_on(hosts, number, i, from, to, &other))
		return false;
	bound->earliest = least(bound->earliest, other.earliest);
	bound->latest = most(bound->latest, other.latest);
	return true;
}

/*
 * An event can be on any counter of the reference. One that it is surely before, or surely
 * after, and all that are later or earlier, are ruled out.
 */
static bool bound_from(const struct hosts *hosts, size_t counter, int64_t from, int64_t to,
		       struct host_bound *result, size_t *count)
{
	const struct counter_list *list = &hosts->lists[hosts->reference];
	struct host_bound bound, joined = { 0 };
	bool known = true;
	size_t i, nr_joined = 0;

	for (i = 0; i < hosts->nr_solved; i++) {
		const struct counter *on = &hosts->counters[list->counters[i]];
		struct host_bound across;
		bool both = bound_on(hosts, i, counter, from, to, &bound);

		if (!both && bound_across(hosts, i, counter, from, to, &across)) {
			bound = across;
			both = true;
		}

		/* The identity knows nothing of a step: the counter goes on. */
		if (bound.earliest > on->sure_from && i > 0) {
			nr_joined = 0;
			known = true;
		}
		if (bound.latest >= on->from && bound.earliest <= on->to) {
			known = known && both;
			if (!nr_joined++) {
				joined = bound;
			} else {
				joined.earliest = least(joined.earliest, bound.earliest);
				joined.latest = most(joined.latest, bound.latest);
			}
		}
		if (bound.latest < on->sure_to)
			break;
	}
	*result = joined;
	*count += nr_joined;
	return known && nr_joined;
}

bool hosts_bound(const struct hosts *hosts, size_t host, int64_t from, int64_t to,
		 struct host_bound *bound)
{
	const struct counter_list *list = &hosts->lists[host];
	struct host_bound one;
	size_t i, count = 0, nr_counters = 0;

	if (!hosts->nr_solved)
		return false;
	/* Of the reference itself, whatever its clock did */
	if (host == hosts->reference) {
		*bound = (struct host_bound){ .earliest = from, .latest = to, .estimate = from };
		return true;
	}
	for (i = 0; i < list->count; i++) {
		const struct counter *counter = &hosts->counters[list->counters[i]];

		if (to < counter->from || from > counter->to ||
		    list->counters[i] >= hosts->nr_solved_counters)
			continue;
		if (!bound_from(hosts, list->counters[i], from, to, &one, &count))
			return false;
		if (!nr_counters++) {
			*bound = one;
		} else {
			bound->earliest = least(bound->earliest, one.earliest);
			bound->latest = most(bound->latest, one.latest);
		}
	}
	bound->stepped = count > 1;
	/* Around a loop, messages may contradict each other where no pair does. */
	return nr_counters && bound->earliest <= bound->latest;
}

size_t hosts_constraints(const struct hosts *hosts)
{
	size_t i, j, count = 0;

	for (i = 0; i < hosts->nr_counters; i++)
		for (j = 0; hosts->relations[i] && j < hosts->nr_counters; j++)
			if (hosts->relations[i][j])
				count += hosts->relations[i][j]->hulls[SIDE_UPPER].count +
					 hosts->relations[i][j]->hulls[SIDE_LOWER].count;
	for (i = 0; i < hosts->nr_solved; i++)
		for (j = 0; j < hosts->nr_solved_counters; j++)
			count += hosts->solved[i][j].hulls[SIDE_UPPER].count +
				 hosts->solved[i][j].hulls[SIDE_LOWER].count;
	return count;
}

void hosts_free(struct hosts *hosts)
{
	size_t i, j;

	if (!hosts)
		return;
	free_solved(hosts);
	for (i = 0; i < hosts->nr_counters; i++) {
		for (j = 0; hosts->relations[i] && j < hosts->nr_counters; j++) {
			if (hosts->relations[i][j])
				relation_clear(hosts->relations[i][j]);
			free(hosts->relations[i][j]);
		}
		free(hosts->relations[i]);
	}
	for (i = 0; i < hosts->nr_hosts; i++)
		free(hosts->lists[i].counters);
	free(hosts->relations);
	free(hosts->counters);
	free(hosts->lists);
	free(hosts);
}
