/* SPDX-License-Identifier: GPL-2.0 */
/*
 * "clocktrace merge --live": sessions at lttng-relayd, merged as they come.
 */
#ifndef TRACE_LIVE_RUN_H
#define TRACE_LIVE_RUN_H

#include "live/feed.h"
#include "live/live.h"
#include "writers/writer.h"

/**
 * struct live_run - what is wanted
 * @live: of the sessions and clocks
 * @output: where to, or NULL
 * @writer: in which form, or NULL
 * @summary: print the summary to standard output
 * @json: as a JSON object
 * @quiet: print no closing counts
 */
struct live_run {
	struct live_options live;
	const char *output;
	const struct writer_class *writer;
	bool summary;
	bool json;
	bool quiet;
};

/**
 * live_run() - merge until all sessions have ended, or a signal comes
 * @arguments: the sessions, as of live_new()
 * @count: their number
 * @run: what is wanted
 * @reader: what reads a session: session_read(), unless it is a test
 *
 * Messages go to standard error.
 *
 * Return: an exit status.
 */
int live_run(const struct trace_argument *arguments, size_t count, const struct live_run *run,
	     feed_reader reader);

#endif
