/* SPDX-License-Identifier: GPL-2.0 */
/* Files that results are written to. */
#ifndef BENCH_OUTPUT_FILE_H
#define BENCH_OUTPUT_FILE_H

#include <stdio.h>

/* A file that is being written */
struct output_file {
	const char *path;
	char *temporary;		/* what becomes @path; NULL: written in place */
	FILE *file;
};

/**
 * output_file_check() - find out whether a file can be written, before the work for it
 * @path:	path
 *
 * Exits with a message if it cannot. Leaves what is there as it is.
 */
void output_file_check(const char *path);

/**
 * output_file_open() - begin to write a file
 * @output:	filled in; its @file is for the caller to write to
 * @path:	path, kept
 *
 * A regular file is replaced as a whole by output_file_close(), so that a reader finds
 * the old file or the new one, also when the disk is full. Anything else, such as a
 * device, a pipe or a symbolic link, stays what it is and is written to. Exits with
 * a message on errors.
 */
void output_file_open(struct output_file *output, const char *path);

/**
 * output_file_close() - bring all that was written to its place
 * @output:	opened
 *
 * Exits with a message, and leaves an old regular file as it was, if anything could
 * not be written.
 */
void output_file_close(struct output_file *output);

#endif /* BENCH_OUTPUT_FILE_H */
