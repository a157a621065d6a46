/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Traces that the user names twice
 */
#ifndef TRACE_SAME_TRACE_H
#define TRACE_SAME_TRACE_H

#include "correlate/timeline.h"

/**
 * refuse_same_traces() - is a trace named twice, as itself, a copy or a part of another one?
 * @arguments: the traces
 * @count: their number
 *
 * What cannot be looked at is none; whoever opens it tells what is wrong with it.
 *
 * Return: NULL, or what is wrong, to be freed.
 */
char *refuse_same_traces(const struct trace_argument *arguments, size_t count);

#endif
