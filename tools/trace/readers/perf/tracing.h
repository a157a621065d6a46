/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The descriptions of tracepoints in a file of perf.
 */
#ifndef TRACE_PERF_TRACING_H
#define TRACE_PERF_TRACING_H

#include "readers/perf/part.h"

struct tep_handle;

/**
 * tracing_parse() - read the descriptions
 * @part: the header with them
 * @tep: set to what libtraceevent knows then, to be freed; NULL if that fails
 *
 * Return: NULL, or what is wrong, to be freed.
 */
char *tracing_parse(struct part part, struct tep_handle **tep);

#endif
