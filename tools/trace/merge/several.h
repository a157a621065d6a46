/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Merging the traces of several hosts.
 */
#ifndef TRACE_SEVERAL_H
#define TRACE_SEVERAL_H

#include "correlate/axis.h"
#include "writers/writer.h"

/**
 * struct several - what is wanted
 * @axis: what the user says of the clocks
 * @from: time of the reference before which events are left out
 * @to: and after which
 * @output: where to, or NULL
 * @writer: in which form, or NULL
 * @summary: print the summary
 * @json: as a JSON object
 * @quiet: print no closing counts
 */
struct several {
	struct axis_options axis;
	uint64_t from;
	uint64_t to;
	const char *output;
	const struct writer_class *writer;
	bool summary;
	bool json;
	bool quiet;
};

/**
 * merge_several() - merge the traces of several hosts and their guests
 * @sources: the machines
 * @several: what is wanted
 * @progress: called now and then, or NULL
 *
 * Messages go to standard error.
 *
 * Return: an exit status.
 */
int merge_several(const struct sources *sources, const struct several *several,
		  progress_handler progress);

#endif
