/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the headers of a file and the first records of a pipe have in common.
 */
#ifndef TRACE_PERF_FILE_PARTS_H
#define TRACE_PERF_FILE_PARTS_H

#include "readers/perf/file.h"

#define NR_FEATURES 256
#define NAME_MAX_SIZE 256

/* The headers that are read */
enum {
	FEATURE_TRACING_DATA = 1,
	FEATURE_HOSTNAME = 3,
	FEATURE_EVENT_DESC = 12,
	FEATURE_DIR_FORMAT = 24,
	FEATURE_COMPRESSED = 27,
	FEATURE_CLOCK_TRACE = 35,
};

/* Each of these that returns a text returns NULL, or what is wrong, to be freed. */

/**
 * perf_file_add_kind() - add an event that was opened
 * @file: the file
 * @attr: its attribute, of %PERF_ATTR_SIZE_VER0 at least
 * @ids: the numbers of its samples
 */
char *perf_file_add_kind(struct perf_file *file, struct part attr, struct part ids);

/**
 * perf_file_sort_ids() - make perf_file_kind() work, after the last event was added
 * @file: the file
 */
void perf_file_sort_ids(struct perf_file *file);

/**
 * perf_file_feature() - read a header
 * @file: the file, with all events
 * @feature: which one
 * @part: the header
 */
char *perf_file_feature(struct perf_file *file, unsigned int feature, struct part part);

#endif
