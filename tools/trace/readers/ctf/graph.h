/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Messages of a trace's streams, pulled one by one out of a graph of libbabeltrace2.
 */
#ifndef TRACE_CTF_GRAPH_H
#define TRACE_CTF_GRAPH_H

#include <babeltrace2/babeltrace.h>

struct graph;

/**
 * graph_open() - open a trace
 * @path: the directory with its metadata
 * @error: set to a text, to be freed, if that fails
 *
 * Return: the graph, or NULL.
 */
struct graph *graph_open(const char *path, char **error);

/**
 * graph_open_live() - open a session that lttng-relayd has
 * @url: as of src.ctf.lttng-live
 * @error: set to a text, to be freed, if that fails
 *
 * It has one stream, with the messages of all streams of the session, in the order of
 * nanoseconds.
 *
 * Return: the graph, or NULL.
 */
struct graph *graph_open_live(const char *url, char **error);

/**
 * graph_is_idle() - has graph_next() returned NULL for there is no message yet?
 * @graph: the graph, of a session
 */
bool graph_is_idle(const struct graph *graph);

/**
 * graph_streams() - number of streams
 * @graph: the graph
 */
size_t graph_streams(const struct graph *graph);

/**
 * graph_next() - the next message of a stream
 * @graph: the graph
 * @stream: number of the stream
 * @error: set to a text, to be freed, if that fails
 *
 * The message of that stream before this one is released.
 *
 * Return: the message; NULL at the end, with @error set, or if graph_is_idle().
 */
const bt_message *graph_next(struct graph *graph, size_t stream, char **error);

/**
 * graph_close() - free a graph
 * @graph: the graph, or NULL
 */
void graph_close(struct graph *graph);

#endif
