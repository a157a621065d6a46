// SPDX-License-Identifier: GPL-2.0
/*
 * The headers of a file of perf. No offset, size or number in it is trusted.
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/array.h"
#include "common/message.h"
#include "readers/perf/file_parts.h"
#include "readers/perf/pipe.h"
#include "readers/perf/tracing.h"

#define MAGIC "PERFILE2"
#define MAGIC_SWAPPED "2ELIFREP"
#define MAGIC_SIZE 8
/* A file that was written to a pipe has a header of so many bytes. */
#define PIPE_HEADER_SIZE 16
/* More events than anybody opens */
#define KINDS_MAX 65536
#define LINES_MAX 256
#define UUID_FIELD 40
#define UUID_LENGTH 36
/* What drives the clock: not a counter, whose state is 1; 0 if perf did not know */
#define STATE_OTHER 2

struct header {
	uint64_t attr_size;
	struct part attrs;
	uint64_t features[NR_FEATURES / 64];
};

bool perf_file_probe(const char *path)
{
	char begin[MAGIC_SIZE];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	bool found;

	if (fd < 0)
		return false;
	found = read(fd, begin, sizeof(begin)) == sizeof(begin) &&
		(!memcmp(begin, MAGIC, MAGIC_SIZE) || !memcmp(begin, MAGIC_SWAPPED, MAGIC_SIZE));
	close(fd);
	return found;
}

static char *map(struct perf_file *file, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	char *error = NULL;
	struct stat status;
	void *bytes;

	if (fd < 0)
		return text_of("%s", strerror(errno));
	if (fstat(fd, &status)) {
		error = text_of("%s", strerror(errno));
	} else if (!status.st_size) {
		error = text_of("it is empty");
	} else {
		bytes = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
		if (bytes == MAP_FAILED) {
			error = text_of("%s", strerror(errno));
		} else {
			file->bytes = bytes;
			file->size = (uint64_t)status.st_size;
		}
	}
	close(fd);
	return error;
}

static bool section(const struct perf_file *file, struct part *table, struct part *found)
{
	uint64_t offset, size;

	if (!part_u64(table, &offset) || !part_u64(table, &size) || offset > file->size ||
	    size > file->size - offset)
		return false;
	*found = (struct part){ file->bytes + offset, size };
	return true;
}

static char *read_header(struct perf_file *file, struct header *header)
{
	struct part part = { file->bytes, file->size }, data;
	uint64_t size, data_offset, data_size;
	size_t i;

	if (!memcmp(file->bytes, MAGIC_SWAPPED, MAGIC_SIZE))
		return text_of("it is of a machine with the other byte order");
	if (!part_skip(&part, MAGIC_SIZE) || !part_u64(&part, &size))
		return text_of("its headers are cut");
	if (size == PIPE_HEADER_SIZE) {
		file->is_piped = true;
		file->begin = PIPE_HEADER_SIZE;
		file->end = file->size;
		return NULL;
	}
	if (!part_u64(&part, &header->attr_size) || !section(file, &part, &header->attrs))
		return text_of("its headers are damaged or cut");
	data = part;
	if (!part_u64(&part, &data_offset) || !part_u64(&part, &data_size))
		return text_of("its headers are cut");
	if (!data_size)
		return text_of("it has no events: perf was killed before it could end the file, or nothing happened");
	if (!section(file, &data, &data))
		return text_of("it is cut, and perf writes at the end how its events are to be read");
	file->begin = data_offset;
	file->end = data_offset + data_size;
	/* The event types of old files */
	if (!part_skip(&part, 16))
		return text_of("its headers are cut");
	for (i = 0; i < NR_FEATURES / 64; i++)
		if (!part_u64(&part, &header->features[i]))
			return text_of("its headers are cut");
	return NULL;
}

static int compare_ids(const void *a, const void *b)
{
	const struct perf_id *first = a, *second = b;

	return first->id < second->id ? -1 : first->id > second->id;
}

static void add_ids(struct perf_file *file, struct part ids, size_t kind)
{
	uint64_t id;

	while (part_u64(&ids, &id)) {
		file->ids = array_room(file->ids, file->nr_ids, sizeof(*file->ids));
		file->ids[file->nr_ids++] = (struct perf_id){ id, kind };
	}
}

char *perf_file_add_kind(struct perf_file *file, struct part attr, struct part ids)
{
	struct perf_kind kind = { 0 };

	if (file->nr_kinds == KINDS_MAX)
		return text_of("its list of events is damaged");
	memcpy(&kind.attr, attr.at, attr.left < sizeof(kind.attr) ? attr.left : sizeof(kind.attr));
	add_ids(file, ids, file->nr_kinds);
	file->kinds = array_room(file->kinds, file->nr_kinds, sizeof(*file->kinds));
	file->kinds[file->nr_kinds++] = kind;
	return NULL;
}

void perf_file_sort_ids(struct perf_file *file)
{
	if (file->nr_ids)
		qsort(file->ids, file->nr_ids, sizeof(*file->ids), compare_ids);
}

/* Each attribute is followed by where the numbers of its samples are. */
static char *read_attrs(struct perf_file *file, const struct header *header)
{
	struct part all = header->attrs, one, ids;
	uint64_t ids_left = file->size / sizeof(uint64_t);
	char *error;

	if (header->attr_size < PERF_ATTR_SIZE_VER0 + 16 || header->attr_size > UINT16_MAX ||
	    all.left / header->attr_size > KINDS_MAX)
		return text_of("its list of events is damaged");
	while (part_take(&all, header->attr_size, &one)) {
		struct perf_event_attr attr;
		struct part rest = one;
		uint64_t size = one.left - 16;

		memset(&attr, 0, sizeof(attr));
		memcpy(&attr, one.at, PERF_ATTR_SIZE_VER0);
		/* The attribute tells its size; the file's is that of perf's own headers. */
		if (attr.size && attr.size >= PERF_ATTR_SIZE_VER0 && attr.size <= size)
			size = attr.size;
		if (!part_skip(&rest, size) || !section(file, &rest, &ids) ||
		    ids.left / sizeof(uint64_t) > ids_left)
			return text_of("its list of events is damaged or cut");
		/* Sections that overlap would be a way to a list longer than the file. */
		ids_left -= ids.left / sizeof(uint64_t);
		error = perf_file_add_kind(file, (struct part){ one.at, size }, ids);
		if (error)
			return error;
	}
	if (!file->nr_kinds)
		return text_of("it has no list of events");
	perf_file_sort_ids(file);
	return NULL;
}

/* A text of perf's: its length, with zeros at the end, and the text */
static char *take_string(struct part *part)
{
	struct part text;
	uint32_t size;

	if (!part_u32(part, &size) || !part_take(part, size, &text))
		return NULL;
	return text_of("%.*s", (int)(size < NAME_MAX_SIZE ? size : NAME_MAX_SIZE),
		       (const char *)text.at);
}

/* The names of the events that are not tracepoints, by the numbers of their samples */
static void read_names(struct perf_file *file, struct part part)
{
	uint32_t count, attr_size, nr_ids;
	uint64_t id;
	char *name;

	if (!part_u32(&part, &count) || !part_u32(&part, &attr_size))
		return;
	for (; count; count--) {
		struct perf_kind *kind = NULL;
		struct part ids;

		if (!part_skip(&part, attr_size) || !part_u32(&part, &nr_ids))
			return;
		name = take_string(&part);
		if (!name)
			return;
		if (part_take(&part, (uint64_t)nr_ids * sizeof(id), &ids)) {
			if (part_u64(&ids, &id))
				kind = (struct perf_kind *)perf_file_kind(file, id);
			else if (file->nr_kinds == 1)
				kind = &file->kinds[0];
		}
		if (kind && !kind->name)
			kind->name = name;
		else
			free(name);
	}
}

/* Of 40 bytes: nothing, or a UUID as the kernel prints it; no bytes of a file go on as they are. */
static bool read_uuid(struct part *part, char *uuid)
{
	size_t length, i;
	struct part text;

	if (!part_take(part, UUID_FIELD, &text))
		return false;
	length = strnlen((const char *)text.at, UUID_FIELD);
	if (length && length != UUID_LENGTH)
		return false;
	for (i = 0; i < length; i++) {
		bool is_dash = i == 8 || i == 13 || i == 18 || i == 23;

		if (is_dash ? text.at[i] != '-' : !isxdigit(text.at[i]))
			return false;
		uuid[i] = (char)tolower(text.at[i]);
	}
	uuid[length] = '\0';
	return true;
}

static char *read_clock(struct perf_file *file, struct part part)
{
	uint32_t version, state, reserved;
	uint64_t error, later;
	bool is_whole = part_u32(&part, &version) && part_u32(&part, &file->nr_lines);

	if (is_whole && version != 1)
		return text_of("its header of CLOCK_TRACE is of a later version, %u", version);
	is_whole = is_whole && file->nr_lines && file->nr_lines <= LINES_MAX &&
		   part_u64(&part, &file->line.epoch) && part_u64(&part, &file->line.frequency) &&
		   part_u64(&part, &file->line.ticks) && part_u64(&part, &file->line.tod_ns) &&
		   part_u64(&part, &error) && part_u64(&part, &later) &&
		   part_u64(&part, &later) && part_u64(&part, &error) &&
		   read_uuid(&part, file->line.uuid) &&
		   part_u32(&part, &state) && part_u32(&part, &reserved);
	/* Pairs with CLOCK_REALTIME have 1970 and later; what does not fit in is damaged. */
	if (!is_whole || !file->line.frequency ||
	    file->line.frequency > UINT64_MAX / 1000000000 || file->line.tod_ns > INT64_MAX)
		return text_of("its header of CLOCK_TRACE is damaged");
	file->line.lacks_counter = state == STATE_OTHER;
	return NULL;
}

char *perf_file_feature(struct perf_file *file, unsigned int feature, struct part part)
{
	switch (feature) {
	case FEATURE_TRACING_DATA:
		/* A pipe may have been made to hold it twice. */
		return file->tep ? NULL : tracing_parse(part, &file->tep);
	case FEATURE_HOSTNAME:
		if (!file->host)
			file->host = take_string(&part);
		return NULL;
	case FEATURE_EVENT_DESC:
		read_names(file, part);
		return NULL;
	case FEATURE_CLOCK_TRACE:
		return read_clock(file, part);
	case FEATURE_DIR_FORMAT:
		return text_of("its events are in several files: record without --threads");
	case FEATURE_COMPRESSED:
		return text_of(PERF_IS_COMPRESSED);
	default:
		return NULL;
	}
}

static char *read_features(struct perf_file *file, const struct header *header)
{
	struct part table = { file->bytes + file->end, file->size - file->end };
	char *error = NULL;
	unsigned int i;

	for (i = 0; i < NR_FEATURES && !error; i++) {
		struct part rest = table, found;

		if (!(header->features[i / 64] >> i % 64 & 1))
			continue;
		if (!part_skip(&table, 16))
			return text_of("it is cut, and perf writes at the end how its events are to be read");
		if (section(file, &rest, &found))
			error = perf_file_feature(file, i, found);
		else if (i == FEATURE_TRACING_DATA || i == FEATURE_CLOCK_TRACE)
			error = text_of("it is cut, and lacks how its events are to be read");
		else
			file->is_cut = true;
	}
	return error;
}

static char *learn_kinds(struct perf_file *file)
{
	char *error = file->tep ? tep_types_learn(&file->types, file->tep) : NULL;
	size_t i;

	for (i = 0; i < file->nr_kinds && !error; i++) {
		struct perf_kind *kind = &file->kinds[i];

		kind->type = tep_types_find(&file->types, -1);
		if (kind->attr.type == PERF_TYPE_TRACEPOINT && kind->attr.config <= UINT16_MAX)
			kind->type = tep_types_find(&file->types, (int)kind->attr.config);
		if (kind->type->event) {
			kind->pid = tep_find_common_field(kind->type->event, "common_pid");
			free(kind->name);
			kind->name = text_of("%s", kind->type->event->name);
		} else if (!kind->name) {
			kind->name = text_of("sample");
		}
	}
	return error;
}

char *perf_file_open(struct perf_file *file, const char *path)
{
	struct header header = { 0 };
	char *error = map(file, path);

	if (!error && file->size < MAGIC_SIZE)
		error = text_of("its headers are cut");
	if (!error)
		error = read_header(file, &header);
	if (!error && file->is_piped)
		error = pipe_read(file);
	if (!error && !file->is_piped)
		error = read_attrs(file, &header);
	if (!error && !file->is_piped)
		error = read_features(file, &header);
	if (!error)
		error = learn_kinds(file);
	return error;
}

const struct perf_kind *perf_file_kind(const struct perf_file *file, uint64_t id)
{
	const struct perf_id key = { .id = id };
	const struct perf_id *found =
		file->nr_ids ? bsearch(&key, file->ids, file->nr_ids, sizeof(key), compare_ids) : NULL;

	return found ? &file->kinds[found->kind] : NULL;
}

void perf_file_close(struct perf_file *file)
{
	size_t i;

	if (file->bytes)
		munmap((void *)file->bytes, file->size);
	for (i = 0; i < file->nr_kinds; i++)
		free(file->kinds[i].name);
	free(file->kinds);
	free(file->ids);
	tep_types_free(&file->types);
	if (file->tep)
		tep_free(file->tep);
	free(file->host);
}
