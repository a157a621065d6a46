/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Where in a file each CPU's events are.
 *
 * perf writes what it finds in the buffers of the CPUs in turn, so that one CPU's events
 * are together for a while: a run. The list of all runs is in a temporary file, and a block
 * of each CPU's list in memory.
 */
#ifndef TRACE_PERF_RUNS_H
#define TRACE_PERF_RUNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * struct run - events of a CPU
 * @begin: where the first one begins
 * @end: where the last one ends
 * @round: how often perf had gone through all buffers then
 */
struct run {
	uint64_t begin;
	uint64_t end;
	uint64_t round;
};

#define RUNS_IN_BLOCK 84

/* What is in the file */
struct run_block {
	uint64_t next;
	uint64_t count;
	struct run runs[RUNS_IN_BLOCK];
};

/**
 * struct run_list - the runs of a CPU
 * @first: number of its first block in the file
 * @number: that of the block that is in memory
 * @at: of those in memory, the next one to be read
 * @block: the block in memory
 */
struct run_list {
	uint64_t first;
	uint64_t number;
	size_t at;
	struct run_block block;
};

/**
 * struct run_file - the file with all lists
 * @fd: the file
 * @blocks: number of its blocks
 */
struct run_file {
	int fd;
	uint64_t blocks;
};

/* Each of these returns NULL, or what is wrong, to be freed. */

char *run_file_open(struct run_file *file);

/**
 * run_list_begin() - begin a list
 * @file: the file
 * @list: the list
 */
void run_list_begin(struct run_file *file, struct run_list *list);

/**
 * run_list_add() - add a run
 * @file: the file
 * @list: the list
 * @run: where it is; it grows the last run if it follows that in the same round
 */
char *run_list_add(struct run_file *file, struct run_list *list, const struct run *run);

/**
 * run_list_rewind() - go to the beginning of a list to which nothing more is added
 * @file: the file
 * @list: the list
 */
char *run_list_rewind(struct run_file *file, struct run_list *list);

/**
 * run_list_next() - read the next run
 * @file: the file
 * @list: the list
 * @run: set to the run; its begin is 0 at the end of the list
 */
char *run_list_next(struct run_file *file, struct run_list *list, struct run *run);

#endif
