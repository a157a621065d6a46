/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The events of one CPU, in the order of their times.
 *
 * An interrupt's event may be in the buffer before the event that it interrupts, and a CPU's
 * events are in the buffers of several threads if perf follows threads. When perf has gone
 * through all buffers twice, all events are in the file that are as old as the latest one
 * of the first time.
 */
#ifndef TRACE_PERF_ORDER_H
#define TRACE_PERF_ORDER_H

#include "readers/heap.h"
#include "readers/perf/runs.h"
#include "readers/perf/sample.h"

/**
 * struct order - a CPU
 * @cpu: its number
 * @list: where its events are
 * @run: the run that is being read
 * @at: where in it
 * @heap: events that were found; the second part of a key is where it is
 * @room: number of keys that there is room for
 * @round: of the last run
 * @latest: the latest time up to the end of @round
 * @latest_before: that up to the end of the round before
 * @safe: no event that is still to be found is before this time
 * @is_read: all was found
 */
struct order {
	uint32_t cpu;
	struct run_list list;
	struct run run;
	uint64_t at;
	struct heap heap;
	size_t room;
	uint64_t round;
	uint64_t latest;
	uint64_t latest_before;
	uint64_t safe;
	bool is_read;
};

/**
 * order_time() - when was a record of a CPU written?
 * @file: the file
 * @record: the record
 * @sample: set
 *
 * Return: false if it is no record that belongs to a CPU.
 */
bool order_time(const struct perf_file *file, const struct record *record,
		struct sample *sample);

/**
 * order_next() - the next record
 * @order: the CPU
 * @file: the file
 * @runs: the lists
 * @record: set
 * @sample: set
 * @error: set to a text, to be freed, if it cannot be read
 *
 * Return: false at the end, and if it cannot be read.
 */
bool order_next(struct order *order, const struct perf_file *file, struct run_file *runs,
		struct record *record, struct sample *sample, char **error);

/**
 * order_free() - free a CPU
 * @order: the CPU
 */
void order_free(struct order *order);

#endif
