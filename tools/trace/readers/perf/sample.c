// SPDX-License-Identifier: GPL-2.0
/*
 * What is in an event of a file of perf. Which fields there are, the event's attribute
 * tells, and which event it is, a number whose place has to be the same in all samples.
 */
#include "common/message.h"
#include "readers/perf/sample.h"

struct record_header {
	uint32_t type;
	uint16_t misc;
	uint16_t size;
};

bool record_read(const struct perf_file *file, uint64_t *at, uint64_t end, struct record *record)
{
	struct part part = { file->bytes + *at, end - *at };
	struct record_header header;
	uint64_t more;
	struct part body;
	uint32_t more_of_tracing;

	if (part.left < sizeof(header))
		return false;
	memcpy(&header, part.at, sizeof(header));
	if (header.size < sizeof(header) || header.size > part.left)
		return false;
	*record = (struct record){
		.type = header.type,
		.misc = header.misc,
		.offset = *at,
		.body = { part.at + sizeof(header), header.size - sizeof(header) },
	};
	part_skip(&part, header.size);
	body = record->body;
	if (header.type == RECORD_AUXTRACE && (!part_u64(&body, &more) || !part_skip(&part, more)))
		return false;
	if (header.type == RECORD_TRACING_DATA &&
	    (!part_u32(&body, &more_of_tracing) || !part_skip(&part, more_of_tracing)))
		return false;
	*at = end - part.left;
	return true;
}

#define ID_UNKNOWN (-1)

/* In units of 8 bytes from the beginning of a sample */
static int id_place(const struct perf_event_attr *attr)
{
	static const uint64_t before[] = { PERF_SAMPLE_IP, PERF_SAMPLE_TID, PERF_SAMPLE_TIME,
					   PERF_SAMPLE_ADDR };
	int place = 0;
	size_t i;

	if (attr->sample_type & PERF_SAMPLE_IDENTIFIER)
		return 0;
	if (!(attr->sample_type & PERF_SAMPLE_ID))
		return ID_UNKNOWN;
	for (i = 0; i < sizeof(before) / sizeof(before[0]); i++)
		place += !!(attr->sample_type & before[i]);
	return place;
}

char *sample_check(const struct perf_file *file)
{
	int place = id_place(&file->kinds[0].attr);
	size_t i;

	for (i = 1; i < file->nr_kinds; i++)
		if (place == ID_UNKNOWN || id_place(&file->kinds[i].attr) != place)
			return text_of("its events cannot be told apart: record with --sample-identifier");
	return NULL;
}

static const struct perf_kind *find_kind(const struct perf_file *file, struct part body)
{
	int place = id_place(&file->kinds[0].attr);
	uint64_t id;

	if (file->nr_kinds == 1)
		return &file->kinds[0];
	if (place < 0 || !part_skip(&body, (uint64_t)place * sizeof(id)) || !part_u64(&body, &id))
		return NULL;
	return perf_file_kind(file, id);
}

/* The counters of the event, or of all of its group */
static bool skip_counters(struct part *part, uint64_t format)
{
	uint64_t count = 1, times = !!(format & PERF_FORMAT_TOTAL_TIME_ENABLED) +
				    !!(format & PERF_FORMAT_TOTAL_TIME_RUNNING);
	/* PERF_FORMAT_LOST is younger than some headers. */
	uint64_t each = 1 + !!(format & PERF_FORMAT_ID) + !!(format & (1 << 4));

	if ((format & PERF_FORMAT_GROUP) && !part_u64(part, &count))
		return false;
	return count <= UINT16_MAX && part_skip(part, (times + count * each) * sizeof(uint64_t));
}

static bool skip_callchain(struct part *part)
{
	uint64_t count;

	return part_u64(part, &count) && count <= UINT16_MAX &&
	       part_skip(part, count * sizeof(uint64_t));
}

static bool take_raw(struct part *part, struct part *raw)
{
	uint32_t size;

	return part_u32(part, &size) && part_take(part, size, raw);
}

static bool take_pair(struct part *part, int *first, int *second)
{
	uint32_t one, other;

	if (!part_u32(part, &one) || !part_u32(part, &other))
		return false;
	*first = (int)one;
	*second = (int)other;
	return true;
}

bool sample_read(const struct perf_file *file, const struct record *record,
		 struct sample *sample)
{
	struct part part = record->body;
	uint64_t fields, ignored;
	int cpu, rest;

	*sample = (struct sample){ .kind = find_kind(file, part), .tid = -1 };
	if (!sample->kind)
		return false;
	fields = sample->kind->attr.sample_type;
	if (!(fields & PERF_SAMPLE_TIME) || !(fields & PERF_SAMPLE_CPU))
		return false;
	if ((fields & PERF_SAMPLE_IDENTIFIER) && !part_u64(&part, &ignored))
		return false;
	sample->has_ip = fields & PERF_SAMPLE_IP;
	if (sample->has_ip && !part_u64(&part, &sample->ip))
		return false;
	if ((fields & PERF_SAMPLE_TID) && !take_pair(&part, &sample->pid, &sample->tid))
		return false;
	if (!part_u64(&part, &sample->time))
		return false;
	if ((fields & PERF_SAMPLE_ADDR) && !part_u64(&part, &ignored))
		return false;
	if ((fields & PERF_SAMPLE_ID) && !part_u64(&part, &ignored))
		return false;
	if ((fields & PERF_SAMPLE_STREAM_ID) && !part_u64(&part, &ignored))
		return false;
	if (!take_pair(&part, &cpu, &rest) || cpu < 0 || cpu >= PERF_CPUS_MAX)
		return false;
	sample->cpu = (uint32_t)cpu;
	if ((fields & PERF_SAMPLE_PERIOD) && !part_u64(&part, &ignored))
		return false;
	if ((fields & PERF_SAMPLE_READ) &&
	    !skip_counters(&part, sample->kind->attr.read_format))
		return false;
	if ((fields & PERF_SAMPLE_CALLCHAIN) && !skip_callchain(&part))
		return false;
	return !(fields & PERF_SAMPLE_RAW) || take_raw(&part, &sample->raw);
}

bool sample_read_id(const struct perf_file *file, const struct record *record,
		    struct sample *sample)
{
	const struct perf_event_attr *attr = &file->kinds[0].attr;
	struct part part = record->body;
	uint64_t fields = attr->sample_type, size;
	int cpu, rest;

	if (!attr->sample_id_all || !(fields & PERF_SAMPLE_TIME) || !(fields & PERF_SAMPLE_CPU))
		return false;
	/* It is at the end. Its fields are alike for all events that can be told apart. */
	size = sizeof(uint64_t) *
	       (2 + !!(fields & PERF_SAMPLE_TID) + !!(fields & PERF_SAMPLE_ID) +
		!!(fields & PERF_SAMPLE_STREAM_ID) + !!(fields & PERF_SAMPLE_IDENTIFIER));
	if (part.left < size || !part_skip(&part, part.left - size))
		return false;
	*sample = (struct sample){ .tid = -1 };
	if ((fields & PERF_SAMPLE_TID) && !take_pair(&part, &sample->pid, &sample->tid))
		return false;
	if (!part_u64(&part, &sample->time))
		return false;
	if ((fields & PERF_SAMPLE_ID) && !part_skip(&part, sizeof(uint64_t)))
		return false;
	if ((fields & PERF_SAMPLE_STREAM_ID) && !part_skip(&part, sizeof(uint64_t)))
		return false;
	if (!take_pair(&part, &cpu, &rest) || cpu < 0 || cpu >= PERF_CPUS_MAX)
		return false;
	sample->cpu = (uint32_t)cpu;
	return true;
}
