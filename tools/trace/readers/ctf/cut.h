/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Traces in CTF 1.8 of which files are cut, as by a full disk or in the midst of a copy, or do
 * not go on with a packet where one has to be.
 */
#ifndef TRACE_CTF_CUT_H
#define TRACE_CTF_CUT_H

#include <stddef.h>

/**
 * struct cut_trace - such a trace in parts that libbabeltrace2 opens
 * @paths: directories with a trace each: with all files that are whole, if there are any, and
 *	then with one that is cut each; NULL for one of which nothing can be used
 * @wrong: for each, what is wrong with its file, NULL where nothing is
 * @count: their number
 * @directory: a temporary one, where they are
 * @note: for leftover_forget()
 */
struct cut_trace {
	char **paths;
	char **wrong;
	size_t count;
	char *directory;
	int note;
};

/**
 * cut_trace_open() - find such files
 * @path: the directory of the trace
 * @error: set to a text, to be freed, if there is no room for the links
 *
 * Only links and indexes are written, no file is copied.
 *
 * Return: NULL if there are none, if that cannot be told, or with @error set.
 */
struct cut_trace *cut_trace_open(const char *path, char **error);

/**
 * cut_trace_close() - free it, and remove the directory
 * @trace: the trace, or NULL
 */
void cut_trace_close(struct cut_trace *trace);

#endif
