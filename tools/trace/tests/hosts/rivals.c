// SPDX-License-Identifier: GPL-2.0
/*
 * A plain convex hull over the whole trace. With clocks that never change their rate, the
 * hulls of relation.h are that.
 */
#include <stdlib.h>

#include "common/array.h"
#include "hosts/exact.h"
#include "hosts/relation.h"
#include "rivals.h"

struct lines {
	struct limits limits;
	size_t nr_hosts;
	/* [i * nr_hosts + j] is of j's time as a function of i's */
	struct relation *relations;
	bool *failed;
	/* The next host on the way to host 0, itself if there is none */
	size_t *next;
	size_t nr_failed;
};

static void find_ways(struct lines *lines)
{
	const size_t count = lines->nr_hosts;
	size_t *queue = zalloc(count * sizeof(*queue)), begin = 0, end = 1, i;

	for (i = 0; i < count; i++)
		lines->next[i] = i;
	while (begin < end) {
		const size_t at = queue[begin++];

		for (i = 1; i < count; i++) {
			const struct relation *relation = &lines->relations[i * count + at];

			if (lines->next[i] == i && relation->hulls[SIDE_UPPER].count &&
			    relation->hulls[SIDE_LOWER].count) {
				lines->next[i] = at;
				queue[end++] = i;
			}
		}
	}
	free(queue);
}

struct lines *lines_new(const struct scenario *scenario)
{
	struct lines *lines = zalloc(sizeof(*lines));
	const size_t count = scenario->nr_hosts;
	struct witness witness;
	size_t i;

	limits_set(&lines->limits, LIMITS_RATE_PPB, 0);
	lines->nr_hosts = count;
	lines->relations = zalloc(count * count * sizeof(*lines->relations));
	lines->failed = zalloc(count * count * sizeof(*lines->failed));
	lines->next = zalloc(count * sizeof(*lines->next));
	for (i = 0; i < scenario->nr_messages; i++) {
		const struct host_message *message = &scenario->messages[i].message;
		const size_t forth = message->from * count + message->to;
		const size_t back = message->to * count + message->from;
		const int64_t offset = message->received - message->sent;
		struct constraint point = { message->sent, offset, message->number };

		if (lines->failed[forth])
			continue;
		if (relation_contradicts(&lines->relations[forth], &lines->limits, SIDE_UPPER, &point,
					 &witness)) {
			lines->failed[forth] = lines->failed[back] = true;
			lines->nr_failed++;
			continue;
		}
		relation_add(&lines->relations[forth], &lines->limits, SIDE_UPPER, &point, SIZE_MAX);
		point.x = message->received;
		relation_add(&lines->relations[back], &lines->limits, SIDE_LOWER, &point, SIZE_MAX);
	}
	find_ways(lines);
	return lines;
}

bool lines_bound(const struct lines *lines, size_t host, int64_t from, int64_t to,
		 int64_t *earliest, int64_t *latest)
{
	while (host) {
		const size_t next = lines->next[host];
		const struct relation *relation = &lines->relations[host * lines->nr_hosts + next];
		int64_t low, high;

		if (next == host)
			return false;
		low = relation_bound(relation, &lines->limits, SIDE_LOWER, from, NULL);
		high = relation_bound(relation, &lines->limits, SIDE_UPPER, to, NULL);
		if (low == EXACT_UNBOUNDED || high == EXACT_UNBOUNDED)
			return false;
		from -= low;
		to += high;
		host = next;
	}
	*earliest = from;
	*latest = to;
	return true;
}

size_t lines_failed(const struct lines *lines)
{
	return lines->nr_failed;
}

void lines_free(struct lines *lines)
{
	size_t i;

	for (i = 0; i < lines->nr_hosts * lines->nr_hosts; i++)
		relation_clear(&lines->relations[i]);
	free(lines->relations);
	free(lines->failed);
	free(lines->next);
	free(lines);
}
