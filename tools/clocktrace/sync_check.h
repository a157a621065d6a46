/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the kernel's sync check has found: the files of /sys/kernel/clock_trace that say whether
 * the counters of all CPUs show one time line, and the figures of each CPU in debugfs.
 */
#ifndef SYNC_CHECK_H
#define SYNC_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sysfs.h"

struct json_object;

#define SYNC_DEBUGFS_DIR "/sys/kernel/debug/clock_trace"

/* Long enough for each word that the kernel uses. */
#define SYNC_WORD_SIZE 32

/* One CPU, the last time that it was measured. */
struct sync_cpu {
	unsigned int cpu;
	/* The CPU that it was measured against; itself if it was the reference. */
	unsigned int reference;
	/* Ticks; INT64_MIN, INT64_MAX and UINT64_MAX where it is not known. */
	uint64_t warp;
	int64_t offset_min;
	int64_t offset_max;
	uint64_t round_trip;
	/* CLOCK_MONOTONIC in ns. */
	uint64_t time_ns;
	uint64_t cost_ns;
	/* "passed" or "failed". */
	char result[SYNC_WORD_SIZE];
};

struct sync_check {
	/* Of the last check: "none", "passed", "failed" or "incomplete". */
	char result[SYNC_WORD_SIZE];
	/* Seconds, 0 for never. */
	uint64_t interval;
	uint64_t checks;
	uint64_t failures;
	uint64_t incomplete;
	/* In the order of their numbers. */
	struct sync_cpu *cpus;
	size_t nr_cpus;
	/* Why the CPUs cannot be read, an error number; 0 if they can. */
	int no_cpus;
};

/**
 * sync_check_exists() - does the kernel check its counter?
 * @dir: the directory in sysfs
 *
 * Return: false without a message where it does not, as on a kernel without SMP
 */
bool sync_check_exists(const char *dir);

/**
 * sync_check_read() - read what the checks have found
 * @dir: the directory in sysfs
 * @debugfs: the directory in debugfs; without it there are no CPUs in the results
 * @check: where to store it; to be released with sync_check_release()
 *
 * Return: see enum sysfs_result; unless it is SYSFS_OK, there is nothing to release
 */
enum sysfs_result sync_check_read(const char *dir, const char *debugfs, struct sync_check *check);

/**
 * sync_check_read_counts() - as sync_check_read(), without the CPUs
 * @dir: the directory in sysfs
 * @check: where to store it; there is nothing to release
 */
enum sysfs_result sync_check_read_counts(const char *dir, struct sync_check *check);

void sync_check_release(struct sync_check *check);

/**
 * sync_check_print() - print the results as a table
 * @check: the results
 */
void sync_check_print(const struct sync_check *check);

/**
 * sync_check_json() - the results as an object
 * @check: the results
 *
 * Return: the object, which the caller owns
 */
struct json_object *sync_check_json(const struct sync_check *check);

#endif
