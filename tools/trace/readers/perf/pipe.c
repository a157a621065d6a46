// SPDX-License-Identifier: GPL-2.0
/*
 * The records at the beginning of what perf has written to a pipe. They are what a file has in
 * its headers.
 */
#include <string.h>

#include "common/message.h"
#include "readers/perf/file_parts.h"
#include "readers/perf/pipe.h"
#include "readers/perf/sample.h"

#define RECORD_ATTR 64
#define RECORD_EVENT_UPDATE 78
#define RECORD_FEATURE 80
/* Of an event update: it tells the name */
#define UPDATE_NAME 2

static char *take_attr(struct perf_file *file, struct part body)
{
	struct perf_event_attr attr;
	struct part bytes;
	uint64_t size;

	if (body.left < PERF_ATTR_SIZE_VER0)
		return text_of("its list of events is damaged");
	memcpy(&attr, body.at, PERF_ATTR_SIZE_VER0);
	size = attr.size ? attr.size : PERF_ATTR_SIZE_VER0;
	if (size < PERF_ATTR_SIZE_VER0 || !part_take(&body, size, &bytes))
		return text_of("its list of events is damaged");
	return perf_file_add_kind(file, bytes, body);
}

static void take_name(struct perf_file *file, struct part body)
{
	uint64_t type, id;
	struct perf_kind *kind;

	if (!part_u64(&body, &type) || !part_u64(&body, &id) || type != UPDATE_NAME)
		return;
	kind = (struct perf_kind *)perf_file_kind(file, id);
	if (kind && !kind->name)
		kind->name = text_of("%.*s", (int)(body.left < NAME_MAX_SIZE ? body.left : NAME_MAX_SIZE),
				     (const char *)body.at);
}

static char *take_record(struct perf_file *file, const struct record *record, uint64_t end)
{
	struct part body = record->body, data;
	uint64_t feature;
	uint32_t size;

	switch (record->type) {
	case RECORD_FEATURE:
		if (part_u64(&body, &feature) && feature < NR_FEATURES)
			return perf_file_feature(file, (unsigned int)feature, body);
		break;
	case RECORD_TRACING_DATA:
		/* It follows the record. */
		if (part_u32(&body, &size) && size <= end - record->offset) {
			data = (struct part){ file->bytes + end - size, size };
			return perf_file_feature(file, FEATURE_TRACING_DATA, data);
		}
		break;
	case RECORD_EVENT_UPDATE:
		take_name(file, body);
		break;
	default:
		break;
	}
	return NULL;
}

/* Descriptions come in any order, and a name needs the event that it is of. */
char *pipe_read(struct perf_file *file)
{
	uint64_t at = file->begin;
	struct record record;
	char *error = NULL;

	while (!error && record_read(file, &at, file->end, &record) &&
	       record.type != PERF_RECORD_SAMPLE)
		if (record.type == RECORD_ATTR)
			error = take_attr(file, record.body);
	if (!error && !file->nr_kinds)
		error = text_of("it has no list of events: perf was killed before it began, or nothing came through the pipe");
	if (error)
		return error;
	perf_file_sort_ids(file);
	at = file->begin;
	while (!error && record_read(file, &at, file->end, &record) &&
	       record.type != PERF_RECORD_SAMPLE)
		error = take_record(file, &record, at);
	return error;
}
