/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The names of threads.
 */
#ifndef TRACE_PERF_THREADS_H
#define TRACE_PERF_THREADS_H

#include <stddef.h>

#include "readers/event.h"

/**
 * struct threads - a table
 * @slots: by a hash of the thread, some empty
 * @nr_slots: a power of two, or 0
 * @count: number of those in use
 */
struct threads {
	struct thread {
		int tid;
		char name[COMM_SIZE + 1];
	} *slots;
	size_t nr_slots;
	size_t count;
};

/**
 * threads_name() - give a thread a name, which replaces an earlier one
 * @threads: the table; when it is full, no thread is added
 * @tid: the thread
 * @name: not always terminated
 * @size: size of the name
 */
void threads_name(struct threads *threads, int tid, const char *name, size_t size);

/**
 * threads_find() - the name of a thread
 * @threads: the table
 * @tid: the thread
 *
 * Return: its name, or NULL.
 */
const char *threads_find(const struct threads *threads, int tid);

#endif
