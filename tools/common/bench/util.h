/* SPDX-License-Identifier: GPL-2.0 */
/* The few helpers that every part of a benchmark needs. */
#ifndef BENCH_UTIL_H
#define BENCH_UTIL_H

#include <stddef.h>

#define ARRAY_SIZE(array)	(sizeof(array) / sizeof((array)[0]))

/**
 * fatal() - say what is wrong and what to do about it, and exit with status 1
 * @format:	as for printf(), without a newline
 */
__attribute__((noreturn, format(printf, 1, 2)))
void fatal(const char *format, ...);

/**
 * close_stdout() - end standard output
 *
 * To be called before an exit with success, as output that nobody got is none.
 * Exits with a message if something could not be written.
 */
void close_stdout(void);

/**
 * format_path() - make a path like printf()
 * @format:	as for printf()
 *
 * Return: the path, to be freed by the caller. Exits when memory is short.
 */
__attribute__((format(printf, 1, 2)))
char *format_path(const char *format, ...);

/**
 * allocate() - allocate zeroed memory
 * @size:	bytes
 *
 * Return: the memory. Exits when memory is short.
 */
void *allocate(size_t size);

/**
 * memory_file() - make a file in memory, for a runner to map
 * @name:	for /proc
 * @size:	bytes, all zero
 *
 * Return: file descriptor, which an exec() closes. Exits on an error.
 */
int memory_file(const char *name, size_t size);

#endif /* BENCH_UTIL_H */
