// SPDX-License-Identifier: GPL-2.0
/*
 * Traces in the Common Trace Format 1.8: a directory with a trace for each machine, all of
 * the one clock of the host, so that a reader merges them without any option. Each CPU is
 * a stream. Events keep their names and fields; what tells of the placing is added.
 */
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/array.h"
#include "common/leftover.h"
#include "common/message.h"
#include "writers/ctf_class.h"
#include "writers/writer.h"

#define MAGIC 0xc1fc1fc1u
#define PACKET_SIZE 65536
#define EVENT_SIZE 16384
#define LAYOUT_SIZE 4096

/* As the metadata describe it */
struct packet_head {
	uint32_t magic;
	uint32_t stream_id;
	uint64_t begin;
	uint64_t end;
	uint64_t content_bits;
	uint64_t packet_bits;
	uint32_t cpu_id;
} __attribute__((packed));

/* Fields of an event that is being made */
struct record {
	char layout[LAYOUT_SIZE];
	size_t layout_size;
	unsigned char data[EVENT_SIZE];
	size_t size;
};

/* In the event, the context comes before what readers hand on first */
struct records {
	struct record context;
	struct record payload;
};

struct output_stream {
	unsigned int cpu;
	bool user_space;
	FILE *file;
	struct packet_head head;
	unsigned char *data;
	size_t size;
};

struct trace {
	char *path;
	struct output_stream *streams;
	size_t nr_streams;
	struct ctf_classes classes;
};

struct ctf {
	char *path;
	const struct timeline *timeline;
	struct trace *traces;
	struct records records;
	char layout[2 * LAYOUT_SIZE];
	char *error;
	int note;
};

/* The first 128 bits of a hash of what tells the output from others */
static void print_uuid(FILE *file, const char *what, uint64_t number)
{
	uint64_t a = 14695981039346656037u ^ number, b = 1099511628211u + number;
	const char *at;

	for (at = what; *at; at++) {
		a = (a ^ (unsigned char)*at) * 1099511628211u;
		b = (b + (unsigned char)*at) * UINT64_C(0x9e3779b97f4a7c15);
	}
	fprintf(file, "%08x-%04x-4%03x-8%03x-%012" PRIx64, (unsigned int)(a >> 32),
		(unsigned int)(a >> 16 & 0xffff), (unsigned int)(a & 0xfff),
		(unsigned int)(b >> 52), b & UINT64_C(0xffffffffffff));
}

static void clear(struct record *record)
{
	record->layout_size = record->size = 0;
	record->layout[0] = '\0';
}

static void put(struct record *record, const void *data, size_t size)
{
	memcpy(record->data + record->size, data, size);
	record->size += size;
}

/* False if the event is full, for data and layout have to agree. */
static bool declare(struct record *record, char letter, const char *name, size_t size)
{
	size_t length = strlen(name), i;
	char *at = record->layout + record->layout_size;

	if (length + 2 >= LAYOUT_SIZE - record->layout_size || size > EVENT_SIZE - record->size)
		return false;
	*at++ = letter;
	/* The space ends a name. */
	for (i = 0; i < length; i++)
		*at++ = name[i] == ' ' || name[i] == '|' ? '_' : name[i];
	*at++ = ' ';
	*at = '\0';
	record->layout_size += length + 2;
	return true;
}

static void put_value(void *data, const struct value *value)
{
	static const char letters[] = { [VALUE_UNSIGNED] = 'u', [VALUE_SIGNED] = 's',
					[VALUE_REAL] = 'd', [VALUE_TEXT] = 't' };
	size_t size = value->type == VALUE_TEXT ? strlen(value->text) + 1 : sizeof(uint64_t);
	struct records *records = data;
	struct record *record = value->context ? &records->context : &records->payload;

	if (!declare(record, letters[value->type], value->name, size))
		return;
	if (value->type == VALUE_TEXT)
		put(record, value->text, size);
	else
		put(record, &value->u, size);
}

static void put_placing(struct records *records, const struct placed *placed)
{
	const struct value values[] = {
		{ .name = "placed_vm", .context = true, .u = placed->vcpu->vm_id },
		{ .name = "placed_vcpu", .context = true, .u = placed->vcpu->vcpu_id },
		{ .name = "placed_uncertainty", .context = true, .u = placed->uncertainty },
		{ .name = "placed_certainty", .context = true, .type = VALUE_TEXT,
		  .text = certainty_text(placed) },
	};
	size_t i;

	for (i = 0; i < sizeof(values) / sizeof(values[0]); i++)
		put_value(records, &values[i]);
}

/* Of an estimate: what it was on its own host, and how far off the stamp may be */
static void put_estimate(struct records *records, const struct placed *placed)
{
	const struct value values[] = {
		{ .name = "placed_own_time", .context = true, .u = placed->own_time },
		{ .name = "placed_earlier", .context = true, .u = placed->earlier },
		{ .name = "placed_later", .context = true, .u = placed->uncertainty },
	};
	size_t i;

	for (i = 0; i < sizeof(values) / sizeof(values[0]); i++)
		put_value(records, &values[i]);
}

static void write_packet(struct ctf *ctf, struct output_stream *stream)
{
	const size_t bytes = sizeof(stream->head) + stream->size;

	if (!stream->size)
		return;
	stream->head.content_bits = stream->head.packet_bits = 8 * (uint64_t)bytes;
	if (fwrite(&stream->head, sizeof(stream->head), 1, stream->file) != 1 ||
	    fwrite(stream->data, 1, stream->size, stream->file) != stream->size) {
		if (!ctf->error)
			ctf->error = text_of("%s cannot be written: %s", ctf->path,
					     strerror(errno));
	}
	stream->size = 0;
}

static struct output_stream *find_stream(struct ctf *ctf, struct trace *trace, unsigned int cpu,
				  bool user_space)
{
	struct output_stream *stream;
	char *path;
	size_t i;

	for (i = 0; i < trace->nr_streams; i++)
		if (trace->streams[i].cpu == cpu && trace->streams[i].user_space == user_space)
			return &trace->streams[i];
	path = text_of("%s/%s_%u", trace->path, user_space ? "programs" : "kernel", cpu);
	trace->streams = array_room(trace->streams, i, sizeof(*trace->streams));
	stream = &trace->streams[i];
	*stream = (struct output_stream){
		.cpu = cpu,
		.user_space = user_space,
		.file = fopen(path, "we"),
		.data = zalloc(PACKET_SIZE + 2 * EVENT_SIZE + 12),
	};
	trace->nr_streams++;
	if (!stream->file && !ctf->error)
		ctf->error = text_of("%s: %s", path, strerror(errno));
	free(path);
	return stream;
}

static void join_layouts(struct ctf *ctf)
{
	const struct record *context = &ctf->records.context, *payload = &ctf->records.payload;

	memcpy(ctf->layout, context->layout, context->layout_size);
	ctf->layout[context->layout_size] = '|';
	memcpy(ctf->layout + context->layout_size + 1, payload->layout, payload->layout_size + 1);
}

static bool put_placed(void *writer, const struct placed *placed)
{
	struct ctf *ctf = writer;
	struct trace *trace = &ctf->traces[placed->party];
	struct reader *reader = placed->stream->reader;
	struct output_stream *stream = find_stream(ctf, trace, placed->event->cpu, reader->user_space);
	struct records *records = &ctf->records;
	/* Before the reference's 0 there is no stamp. */
	const uint64_t time = placed->time -
			      (ctf->timeline->has_several_hosts ? ctf->timeline->origin : 0);
	unsigned char *at;
	uint32_t id;

	if (ctf->error)
		return false;
	clear(&records->context);
	clear(&records->payload);
	reader->class->values(reader, placed->stream->number, put_value, records);
	/* What was merged before keeps what was told of it then. */
	if (!ctf->timeline->parties[placed->party].is_host &&
	    !strstr(records->context.layout, "uplaced_vm "))
		put_placing(records, placed);
	if (placed->is_estimate && !strstr(records->context.layout, "uplaced_own_time "))
		put_estimate(records, placed);
	join_layouts(ctf);
	id = (uint32_t)ctf_class_of(&trace->classes, placed->event->name, ctf->layout);
	if (!stream->size)
		stream->head = (struct packet_head){
			.magic = MAGIC, .begin = time, .cpu_id = stream->cpu,
		};
	at = stream->data + stream->size;
	memcpy(at, &id, sizeof(id));
	memcpy(at + 4, &time, sizeof(time));
	memcpy(at + 12, records->context.data, records->context.size);
	memcpy(at + 12 + records->context.size, records->payload.data, records->payload.size);
	stream->size += 12 + records->context.size + records->payload.size;
	stream->head.end = time;
	if (stream->size >= PACKET_SIZE)
		write_packet(ctf, stream);
	return !ctf->error;
}

static char *check_ctf(const char *path)
{
	DIR *directory = opendir(path);
	struct dirent *entry;
	bool is_empty = true;

	if (!directory)
		return errno == ENOENT ? NULL : text_of("%s: %s", path, strerror(errno));
	while (is_empty && (entry = readdir(directory)))
		is_empty = !strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..");
	closedir(directory);
	return is_empty ? NULL : text_of("%s: the directory is not empty: name a new one", path);
}

/* Of the zero of the times that are written, from 1970 */
static __int128 offset_of(const struct timeline *timeline)
{
	__int128 offset = timeline->offset_s * (__int128)timeline->frequency + timeline->offset;

	return timeline->has_several_hosts ? offset + (int64_t)timeline->origin : offset;
}

/* Readers of CTF count ns from 1970 in 63 bits: up to the year 2262. */
static bool is_readable(const struct timeline *timeline, bool with_offset)
{
	const __int128 ns = 1000000000, frequency = timeline->frequency;
	__int128 last = (__int128)timeline->host->last.host_time * ns / frequency;

	if (with_offset && last <= INT64_MAX)
		last += offset_of(timeline) * ns / frequency;
	return last < INT64_MAX;
}

static void *open_ctf(const char *path, const struct timeline *timeline, char **error)
{
	struct ctf *ctf;
	size_t i;

	if (!is_readable(timeline, false)) {
		*error = text_of("%s: no reader of CTF takes times from 2^63 ns on: write another form, see --format",
				 path);
		return NULL;
	}
	*error = check_ctf(path);
	if (!*error && mkdir(path, 0777) && errno != EEXIST)
		*error = text_of("%s: %s", path, strerror(errno));
	if (*error)
		return NULL;
	ctf = zalloc(sizeof(*ctf));
	ctf->path = text_of("%s", path);
	ctf->note = leftover_note(path);
	ctf->timeline = timeline;
	ctf->traces = zalloc((timeline->nr_parties + 1) * sizeof(*ctf->traces));
	for (i = 0; i < timeline->nr_parties; i++) {
		char *name = party_title(timeline, i), *slash;

		while ((slash = strchr(name, '/')))
			*slash = '_';
		ctf->traces[i].path = text_of("%s/%s%s", path, name[0] == '.' ? "_" : "", name);
		if (mkdir(ctf->traces[i].path, 0777) && !ctf->error)
			ctf->error = text_of("%s: %s", ctf->traces[i].path, strerror(errno));
		free(name);
	}
	return ctf;
}

/* Without the offset, no reader shows the time of day. */
static void print_offset(FILE *file, const struct timeline *timeline)
{
	const __int128 frequency = timeline->frequency;
	__int128 offset = is_readable(timeline, true) ? offset_of(timeline) : 0;
	int64_t offset_s = (int64_t)((offset - (offset < 0 ? frequency - 1 : 0)) / frequency);

	fprintf(file, "\toffset_s = %" PRId64 ";\n\toffset = %" PRIu64 ";\n", offset_s,
		(uint64_t)(offset - offset_s * frequency));
}

static void print_metadata(FILE *file, const struct ctf *ctf, size_t party)
{
	const struct timeline *timeline = ctf->timeline;

	fputs("/* CTF 1.8 */\n\n"
	      "typealias integer { size = 32; align = 8; signed = false; } := u32;\n"
	      "typealias integer { size = 64; align = 8; signed = false; } := u64;\n"
	      "typealias integer { size = 64; align = 8; signed = true; } := s64;\n"
	      "typealias floating_point { exp_dig = 11; mant_dig = 53; align = 8; } := f64;\n\n"
	      "trace {\n\tmajor = 1;\n\tminor = 8;\n\tuuid = \"", file);
	print_uuid(file, ctf->path, timeline->host->first.host_time + party);
	fputs("\";\n\tbyte_order = le;\n"
	      "\tpacket.header := struct { u32 magic; u32 stream_id; };\n};\n\n"
	      "env {\n\tdomain = \"kernel\";\n\ttracer_name = \"lttng-modules\";\n"
	      "\ttracer_major = 2;\n\ttracer_minor = 13;\n\thostname = \"", file);
	for (const char *at = timeline->parties[party].name; *at; at++)
		putc(*at == '"' || *at == '\\' || (unsigned char)*at < 0x20 ? '_' : *at, file);
	fputs("\";\n};\n\nclock {\n\tname = \"clock_trace\";\n\tuuid = \"", file);
	if (timeline->uuid[0])
		fputs(timeline->uuid, file);
	else
		print_uuid(file, timeline->parties[0].path, timeline->host->first.host_time);
	fprintf(file,
		"\";\n\tdescription = \"CLOCK_TRACE of the host\";\n\tfreq = %" PRIu64
		";\n", timeline->frequency);
	print_offset(file, timeline);
	fputs("};\n\ntypealias integer { size = 64; align = 8; signed = false; map = clock.clock_trace.value; } := stamp;\n\n"
	      "stream {\n\tid = 0;\n"
	      "\tevent.header := struct { u32 id; stamp timestamp; };\n"
	      "\tpacket.context := struct { stamp timestamp_begin; stamp timestamp_end; u64 content_size; u64 packet_size; u32 cpu_id; };\n"
	      "};\n\n", file);
	ctf_classes_print(&ctf->traces[party].classes, file);
}

static void write_metadata(struct ctf *ctf, size_t party)
{
	char *path = text_of("%s/metadata", ctf->traces[party].path);
	FILE *file = fopen(path, "we");

	if (file)
		print_metadata(file, ctf, party);
	if ((!file || fclose(file)) && !ctf->error)
		ctf->error = text_of("%s: %s", path, strerror(errno));
	free(path);
}

static void close_stream(struct ctf *ctf, struct output_stream *stream)
{
	if (stream->file) {
		write_packet(ctf, stream);
		if (fclose(stream->file) && !ctf->error)
			ctf->error = text_of("%s cannot be written: %s", ctf->path,
					     strerror(errno));
	}
	free(stream->data);
}

static char *close_ctf(void *writer, bool keep)
{
	struct ctf *ctf = writer;
	char *error;
	size_t i, j;

	for (i = 0; i < ctf->timeline->nr_parties; i++) {
		struct trace *trace = &ctf->traces[i];

		for (j = 0; j < trace->nr_streams; j++)
			close_stream(ctf, &trace->streams[j]);
		if (keep && trace->nr_streams)
			write_metadata(ctf, i);
		ctf_classes_free(&trace->classes);
		free(trace->streams);
		free(trace->path);
	}
	error = ctf->error;
	if (error || !keep)
		leftover_remove_at(ctf->path);
	leftover_forget(ctf->note);
	free(ctf->traces);
	free(ctf->path);
	free(ctf);
	return error;
}

const struct writer_class ctf_writer = {
	.name = "ctf",
	.suffix = "",
	.check = check_ctf,
	.open = open_ctf,
	.event = put_placed,
	.close = close_ctf,
};
