/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the kernel tells of the clock in /sys/kernel/clock_trace.
 */
#ifndef SYSFS_H
#define SYSFS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pollfd;

#define SYSFS_DIR "/sys/kernel/clock_trace"

/* A file of sysfs has at most a page. */
#define SYSFS_TEXT_SIZE 4096

struct sysfs_clock {
	/* Name of the counter in use, such as "tsc", or "monotonic". */
	char source[SYSFS_TEXT_SIZE];
	/* "counter", "fallback" or "monotonic". */
	char state[SYSFS_TEXT_SIZE];
	/* Why it is not "counter", in words; otherwise empty. */
	char reason[SYSFS_TEXT_SIZE];
	/* Hz. */
	uint64_t frequency;
	uint32_t epoch;
};

enum sysfs_result {
	SYSFS_OK,
	/* No such directory: sysfs is not mounted, or the kernel does not have the clock. */
	SYSFS_ABSENT,
	/* It is there and cannot be read or understood; a message was printed. */
	SYSFS_BAD,
};

/**
 * sysfs_read() - read all files, so that they are of one epoch
 * @dir: the directory
 * @clock: where to store what they say
 *
 * Return: see enum sysfs_result
 */
enum sysfs_result sysfs_read(const char *dir, struct sysfs_clock *clock);

/**
 * sysfs_read_line() - read a file of one line, without its newline
 * @dir: the directory
 * @name: the file
 * @line: where to store the text, SYSFS_TEXT_SIZE bytes
 *
 * Return: see enum sysfs_result
 */
enum sysfs_result sysfs_read_line(const char *dir, const char *name, char *line);

/**
 * sysfs_read_u64() - read a file that holds a number
 * @dir: the directory
 * @name: the file
 * @min: least number that makes sense
 * @max: greatest number that makes sense
 * @number: where to store it
 *
 * Return: see enum sysfs_result
 */
enum sysfs_result sysfs_read_u64(const char *dir, const char *name, uint64_t min, uint64_t max,
				 uint64_t *number);

/* The files whose changes can be waited for: epoch, state and check. */
#define SYSFS_NR_WATCHES 3
#define SYSFS_WATCH_CHECK 2

/**
 * sysfs_watch() - open the files whose changes can be waited for
 * @dir: the directory
 * @checks: also the one that tells of sync checks
 * @fds: array of SYSFS_NR_WATCHES that is made ready for poll()
 *
 * Return: see enum sysfs_result
 */
enum sysfs_result sysfs_watch(const char *dir, bool checks, struct pollfd *fds);

/**
 * sysfs_rearm() - have the next change of the files wake poll() again
 * @fds: array from sysfs_watch()
 *
 * Call it before sysfs_read(), so that a change after that is not missed.
 *
 * Return: whether it could; otherwise a message was printed
 */
bool sysfs_rearm(struct pollfd *fds);

#endif
