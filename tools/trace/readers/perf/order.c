// SPDX-License-Identifier: GPL-2.0
/*
 * The events of one CPU, in the order of their times.
 */
#include <stdlib.h>
#include <string.h>

#include "common/array.h"
#include "readers/perf/order.h"

#define ROOM_FIRST 64
/*
 * The memory that a CPU may take. Buffers of a megabyte have fewer events. Where a file has
 * more between two rounds, or no rounds, so many events are put in order.
 */
#define ROOM_MAX 32768

bool order_time(const struct perf_file *file, const struct record *record,
		struct sample *sample)
{
	if (record->type == PERF_RECORD_SAMPLE)
		return sample_read(file, record, sample);
	return record->type == PERF_RECORD_LOST && sample_read_id(file, record, sample);
}

static void push(struct order *order, uint64_t time, uint64_t offset)
{
	struct heap_key *keys;

	if (order->heap.count == order->room) {
		order->room = order->room ? 2 * order->room : ROOM_FIRST;
		keys = zalloc(order->room * sizeof(*keys));
		if (order->heap.count)
			memcpy(keys, order->heap.keys, order->heap.count * sizeof(*keys));
		free(order->heap.keys);
		order->heap.keys = keys;
	}
	heap_push(&order->heap, (struct heap_key){ .first = time, .second = offset });
	if (time > order->latest)
		order->latest = time;
}

static void begin_round(struct order *order)
{
	uint64_t round = order->run.round;

	if (round == order->round)
		return;
	order->safe = round == order->round + 1 ? order->latest_before : order->latest;
	order->latest_before = order->latest;
	order->round = round;
}

/* Find one more record, or begin another run. */
static char *find(struct order *order, const struct perf_file *file, struct run_file *runs)
{
	struct record record;
	struct sample sample;
	char *error;

	if (order->at >= order->run.end) {
		error = run_list_next(runs, &order->list, &order->run);
		order->at = order->run.begin;
		order->is_read = error || !order->run.begin;
		if (!order->is_read)
			begin_round(order);
		return error;
	}
	if (!record_read(file, &order->at, order->run.end, &record))
		order->at = order->run.end;
	else if (order_time(file, &record, &sample))
		push(order, sample.time, record.offset);
	return NULL;
}

bool order_next(struct order *order, const struct perf_file *file, struct run_file *runs,
		struct record *record, struct sample *sample, char **error)
{
	uint64_t at;

	*error = NULL;
	while (!*error && !order->is_read && order->heap.count < ROOM_MAX &&
	       !(order->heap.count && order->heap.keys[0].first <= order->safe))
		*error = find(order, file, runs);
	if (*error || !order->heap.count)
		return false;
	at = order->heap.keys[0].second;
	heap_pop(&order->heap);
	return record_read(file, &at, file->end, record) && order_time(file, record, sample);
}

void order_free(struct order *order)
{
	if (!order)
		return;
	free(order->heap.keys);
	free(order);
}
