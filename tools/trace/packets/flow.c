// SPDX-License-Identifier: GPL-2.0
/*
 * Connections of TCP as hosts see them: a table by their ends, in the order of their use.
 */
#include <stdlib.h>
#include <string.h>

#include "common/array.h"
#include "packets/flow.h"

/* Views of one host in one flow: the connections that follow each other there */
#define VIEWS_MAX 8

struct flows {
	struct flow **buckets;
	size_t nr_buckets;
	size_t max;
	size_t count;
	struct flow *newest;
	struct flow *oldest;
};

struct flows *flows_new(size_t max)
{
	struct flows *flows = zalloc(sizeof(*flows));

	flows->max = max;
	for (flows->nr_buckets = 16; flows->nr_buckets < max; )
		flows->nr_buckets *= 2;
	flows->buckets = zalloc(flows->nr_buckets * sizeof(struct flow *));
	return flows;
}

static size_t free_view(struct view *view)
{
	size_t records = 0, d, kind;

	for (d = 0; d < 2; d++)
		for (kind = 0; kind < NR_KINDS; kind++) {
			records += view->halves[d].lanes[kind].track.count;
			track_free(&view->halves[d].lanes[kind].track);
		}
	free(view);
	return records;
}

static struct flow **bucket_of(const struct flows *flows, const struct tuple *tuple)
{
	return &flows->buckets[hash_of(tuple, sizeof(*tuple)) & (flows->nr_buckets - 1)];
}

static void unlink_use(struct flows *flows, struct flow *flow)
{
	if (flow->newer)
		flow->newer->older = flow->older;
	else
		flows->newest = flow->older;
	if (flow->older)
		flow->older->newer = flow->newer;
	else
		flows->oldest = flow->newer;
}

static void link_use(struct flows *flows, struct flow *flow)
{
	flow->newer = NULL;
	flow->older = flows->newest;
	if (flows->newest)
		flows->newest->newer = flow;
	else
		flows->oldest = flow;
	flows->newest = flow;
}

static size_t free_flow(struct flow *flow)
{
	struct view *view = flow->views, *next;
	size_t records = 0;

	for (; view; view = next) {
		next = view->next;
		records += free_view(view);
	}
	free(flow);
	return records;
}

void flows_drop_oldest(struct flows *flows, size_t *nr_records)
{
	struct flow *flow = flows->oldest, **link;

	if (!flow)
		return;
	for (link = bucket_of(flows, &flow->tuple); *link != flow; )
		link = &(*link)->chain;
	*link = flow->chain;
	unlink_use(flows, flow);
	flows->count--;
	*nr_records -= free_flow(flow);
}

struct flow *flows_get(struct flows *flows, const struct tuple *tuple, size_t *nr_records)
{
	struct flow *flow, **bucket = bucket_of(flows, tuple);

	for (flow = *bucket; flow; flow = flow->chain)
		if (!memcmp(&flow->tuple, tuple, sizeof(*tuple)))
			break;
	if (flow == flows->newest && flow)
		return flow;
	if (flow) {
		unlink_use(flows, flow);
	} else {
		if (flows->count == flows->max)
			flows_drop_oldest(flows, nr_records);
		flow = zalloc(sizeof(*flow));
		flow->tuple = *tuple;
		flow->chain = *bucket;
		*bucket = flow;
		flows->count++;
	}
	link_use(flows, flow);
	return flow;
}

void flows_free(struct flows *flows)
{
	struct flow *flow, *older;

	for (flow = flows->newest; flow; flow = older) {
		older = flow->older;
		free_flow(flow);
	}
	free(flows->buckets);
	free(flows);
}

struct view *flow_view(const struct flow *flow, size_t host)
{
	struct view *view;

	for (view = flow->views; view; view = view->next)
		if (view->host == host)
			break;
	return view;
}

struct view *flow_add_view(struct flow *flow, size_t host, size_t *nr_records)
{
	struct view *view = zalloc(sizeof(*view)), **link = &flow->views, *old;
	size_t count = 1;

	while (*link) {
		old = *link;
		if (old->host == host && ++count > VIEWS_MAX) {
			*link = old->next;
			*nr_records -= free_view(old);
		} else {
			link = &old->next;
		}
	}
	view->host = host;
	view->next = flow->views;
	flow->views = view;
	return view;
}
