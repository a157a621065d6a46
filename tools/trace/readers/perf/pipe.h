/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What perf has written to a pipe: records without headers around them, the first of which
 * tell how the others are to be read.
 */
#ifndef TRACE_PERF_PIPE_H
#define TRACE_PERF_PIPE_H

#include "readers/perf/file.h"

/**
 * pipe_read() - read what comes before the first event
 * @file: the file, of which the place of its records is known
 *
 * Return: NULL, or what is wrong, to be freed.
 */
char *pipe_read(struct perf_file *file);

#endif
