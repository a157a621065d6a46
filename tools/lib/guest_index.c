// SPDX-License-Identifier: GPL-2.0
/*
 * Which spans can have given a guest time?
 *
 * Host times put the spans in a row, but an offset may go back and forth, so
 * their guest times overlap in any way.  A machine that loads the same snapshot
 * again and again reads each guest time once in every span.  A segment tree
 * finds the next or the previous such span from any place in the row in
 * O(log^2 n) steps, however many there are.
 */
#include <stdlib.h>
#include <string.h>

#include "internal.h"

struct ranges {
	struct clocktrace_ticks list[4];
	unsigned int count;
};

/* The guest times of a span, with all its sets of values */
static struct ranges ranges_of(const struct records *records,
			       const struct spans *spans, size_t i)
{
	const struct span *span = &spans->list[i];
	struct clocktrace_ticks host = {
		span->begin.host_time, span_end(spans, i).host_time,
	};
	struct ranges ranges = { .count = 0 };
	unsigned int j;

	for (j = 0; j < span->alternatives; j++)
		ranges.count += guest_ranges(&records->list[span->record[j]].tsc,
					     host, ranges.list + ranges.count);
	return ranges;
}

static int compare_ticks(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* The slab that holds a guest time; the first one begins at 0. */
static size_t slab_of(const struct guest_index *index, uint64_t guest)
{
	size_t low = 0, high = index->slab_count;

	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;

		clocktrace_count_step();
		if (index->slabs[middle] <= guest)
			low = middle;
		else
			high = middle;
	}
	return low;
}

static enum clocktrace_status build_slabs(const struct records *records,
					  const struct spans *spans,
					  struct guest_index *index)
{
	uint64_t *slabs = NULL;
	size_t count = 0, room = 0, i, kept;
	unsigned int j;

	for (i = 0; i < spans->count; i++) {
		struct ranges ranges = ranges_of(records, spans, i);

		if (!make_room((void **)&slabs, &room, count + 9,
			       sizeof(*slabs))) {
			free(slabs);
			return CLOCKTRACE_NOMEM;
		}
		for (j = 0; j < ranges.count; j++) {
			if (ranges.list[j].first)
				slabs[count++] = ranges.list[j].first;
			if (ranges.list[j].last != UINT64_MAX)
				slabs[count++] = ranges.list[j].last + 1;
		}
	}
	slabs[count++] = 0;
	qsort(slabs, count, sizeof(*slabs), compare_ticks);
	for (i = 1, kept = 1; i < count; i++)
		if (slabs[i] != slabs[kept - 1])
			slabs[kept++] = slabs[i];
	index->slabs = slabs;
	index->slab_count = kept;
	return CLOCKTRACE_OK;
}

/* Call a function for each node that a range of guest times is made up of. */
static void visit_nodes(struct guest_index *index, struct clocktrace_ticks range,
			void (*visit)(struct guest_index *index, size_t node,
				      uint32_t span), uint32_t span)
{
	size_t low = slab_of(index, range.first) + index->slab_count;
	size_t high = slab_of(index, range.last) + 1 + index->slab_count;

	for (; low < high; low /= 2, high /= 2) {
		if (low & 1)
			visit(index, low++, span);
		if (high & 1)
			visit(index, --high, span);
	}
}

static void count_node(struct guest_index *index, size_t node, uint32_t span)
{
	(void)span;
	index->list_begin[node + 1]++;
}

/* Lists are filled with the beginning of each as its cursor, see below. */
static void fill_node(struct guest_index *index, size_t node, uint32_t span)
{
	index->lists[index->list_begin[node]++] = span;
}

static void visit_all(const struct records *records, const struct spans *spans,
		      struct guest_index *index,
		      void (*visit)(struct guest_index *index, size_t node,
				    uint32_t span))
{
	unsigned int j;
	uint32_t i;

	for (i = 0; i < spans->count; i++) {
		struct ranges ranges = ranges_of(records, spans, i);

		for (j = 0; j < ranges.count; j++)
			visit_nodes(index, ranges.list[j], visit, i);
	}
}

enum clocktrace_status guest_index_build(const struct records *records,
					 const struct spans *spans,
					 struct guest_index *index)
{
	enum clocktrace_status status;
	size_t nodes, node, total;

	memset(index, 0, sizeof(*index));
	status = build_slabs(records, spans, index);
	if (status)
		return status;

	/* Nodes 1 to nodes - 1; one more beginning marks the end of the last. */
	nodes = 2 * index->slab_count;
	index->list_begin = calloc(nodes + 1, sizeof(*index->list_begin));
	if (!index->list_begin)
		goto no_memory;
	visit_all(records, spans, index, count_node);
	for (node = 1; node <= nodes; node++) {
		total = index->list_begin[node - 1] + index->list_begin[node];
		if (total < index->list_begin[node])
			goto no_memory;
		index->list_begin[node] = total;
	}
	total = index->list_begin[nodes];
	if (total > SIZE_MAX / sizeof(*index->lists))
		goto no_memory;
	index->lists = malloc((total + !total) * sizeof(*index->lists));
	if (!index->lists)
		goto no_memory;

	/* Filling moves each beginning to the next one's: move them back. */
	visit_all(records, spans, index, fill_node);
	memmove(index->list_begin + 1, index->list_begin,
		nodes * sizeof(*index->list_begin));
	index->list_begin[0] = 0;
	return CLOCKTRACE_OK;

no_memory:
	guest_index_free(index);
	return CLOCKTRACE_NOMEM;
}

void guest_index_free(struct guest_index *index)
{
	free(index->slabs);
	free(index->list_begin);
	free(index->lists);
	memset(index, 0, sizeof(*index));
}

/* Where in a node's list the first span of at least a number stands */
static size_t lower_bound(const struct guest_index *index, size_t node,
			  size_t span)
{
	size_t low = index->list_begin[node];
	size_t high = index->list_begin[node + 1];

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		clocktrace_count_step();
		if (index->lists[middle] < span)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* The first span from a number on whose guest times surround a guest time */
size_t guest_index_next(const struct guest_index *index, uint64_t guest,
			size_t from)
{
	size_t node = slab_of(index, guest) + index->slab_count;
	size_t best = INDEX_NONE;

	for (; node; node /= 2) {
		size_t i = lower_bound(index, node, from);

		if (i < index->list_begin[node + 1] && index->lists[i] < best)
			best = index->lists[i];
	}
	return best;
}

/* The last span up to a number whose guest times surround a guest time */
size_t guest_index_previous(const struct guest_index *index, uint64_t guest,
			    size_t from)
{
	size_t node = slab_of(index, guest) + index->slab_count;
	size_t best = INDEX_NONE;

	for (; node; node /= 2) {
		size_t i = lower_bound(index, node, from + 1);

		if (i > index->list_begin[node] &&
		    (best == INDEX_NONE || index->lists[i - 1] > best))
			best = index->lists[i - 1];
	}
	return best;
}
