// SPDX-License-Identifier: GPL-2.0
/*
 * A line for each event: text for people, JSON for programs.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/array.h"
#include "common/json_text.h"
#include "common/output_file.h"
#include "common/plain.h"
#include "writers/writer.h"

#define NAME_WIDTH 10

struct lines {
	struct output_file output;
	const struct timeline *timeline;
	bool in_context;
	bool comma;
};

static void *open_lines(const char *path, const struct timeline *timeline, char **error)
{
	struct lines *lines = zalloc(sizeof(*lines));

	lines->timeline = timeline;
	*error = output_begin(&lines->output, path);
	if (!*error)
		return lines;
	free(lines);
	return NULL;
}

static char *close_lines(void *writer, bool keep)
{
	struct lines *lines = writer;
	char *error = output_end(&lines->output, keep);

	free(lines);
	return error;
}

static void print_value(void *data, const struct value *value)
{
	struct lines *lines = data;
	FILE *file = lines->output.file;

	fputs(lines->comma ? ", " : " ", file);
	text_put_plain(file, value->name);
	putc('=', file);
	lines->comma = true;
	if (value->type == VALUE_UNSIGNED)
		fprintf(file, "%" PRIu64, value->u);
	else if (value->type == VALUE_SIGNED)
		fprintf(file, "%" PRId64, value->s);
	else if (value->type == VALUE_REAL)
		fprintf(file, "%.17g", value->real);
	else
		json_put_string(file, value->text);
}

static void print_time(const struct lines *lines, uint64_t ticks)
{
	uint64_t ns;

	if (!lines->timeline->is_frequency_known) {
		fprintf(lines->output.file, "%" PRIu64, ticks);
		return;
	}
	ns = timeline_ns(lines->timeline, ticks - lines->timeline->host->first.host_time);
	fprintf(lines->output.file, "%6" PRIu64 ".%09" PRIu64, ns / 1000000000, ns % 1000000000);
}

static bool text_event(void *writer, const struct placed *placed)
{
	struct lines *lines = writer;
	const struct party *party = &lines->timeline->parties[placed->party];
	const struct event *event = placed->event;
	FILE *file = lines->output.file;

	print_time(lines, placed->time);
	putc(' ', file);
	text_put_column(file, party->name, NAME_WIDTH);
	fprintf(file, " cpu%-3u", event->cpu);
	if (event->thread != THREAD_NONE)
		fprintf(file, " %6d", event->thread);
	else
		fprintf(file, " %6s", "");
	putc(' ', file);
	text_put_plain(file, event->name);
	putc(':', file);
	lines->comma = false;
	placed->stream->reader->class->values(placed->stream->reader, placed->stream->number,
					      print_value, lines);
	if (placed->certainty != CLOCKTRACE_KNOWN)
		fprintf(file, " (%s)", certainty_text(placed));
	if (placed->uncertainty && lines->timeline->is_frequency_known)
		fprintf(file, " (+%" PRIu64 " ticks, %" PRIu64 " ns)", placed->uncertainty,
			timeline_ns_up(lines->timeline, placed->uncertainty));
	else if (placed->uncertainty)
		fprintf(file, " (+%" PRIu64 " ticks)", placed->uncertainty);
	putc('\n', file);
	return !ferror(file);
}

static void json_value(void *data, const struct value *value)
{
	struct lines *lines = data;
	FILE *file = lines->output.file;

	if (value->context && !lines->in_context) {
		fputs("},\"context\":{", file);
		lines->in_context = true;
		lines->comma = false;
	}
	if (lines->comma)
		putc(',', file);
	lines->comma = true;
	json_put_string(file, value->name);
	putc(':', file);
	if (value->type == VALUE_UNSIGNED)
		fprintf(file, "%" PRIu64, value->u);
	else if (value->type == VALUE_SIGNED)
		fprintf(file, "%" PRId64, value->s);
	else if (value->type == VALUE_REAL && value->real - value->real == 0)
		fprintf(file, "%.17g", value->real);
	else if (value->type == VALUE_REAL)
		fputs("null", file);
	else
		json_put_string(file, value->text);
}

static bool json_event(void *writer, const struct placed *placed)
{
	struct lines *lines = writer;
	const struct timeline *timeline = lines->timeline;
	const struct event *event = placed->event;
	FILE *file = lines->output.file;

	fprintf(file, "{\"ticks\":%" PRIu64, placed->time);
	if (timeline->is_frequency_known)
		fprintf(file, ",\"ns\":%" PRIu64,
			timeline_ns(timeline, placed->time - timeline->host->first.host_time));
	fputs(",\"machine\":", file);
	json_put_string(file, timeline->parties[placed->party].name);
	fprintf(file, ",\"cpu\":%u", event->cpu);
	if (event->thread != THREAD_NONE)
		fprintf(file, ",\"thread\":%d", event->thread);
	if (placed->vcpu)
		fprintf(file, ",\"vm\":%" PRIu64 ",\"vcpu\":%" PRIu32, placed->vcpu->vm_id,
			placed->vcpu->vcpu_id);
	if (placed->party)
		fprintf(file, ",\"raw\":%" PRIu64 ",\"certainty\":\"%s\",\"uncertainty\":%" PRIu64,
			event->time, certainty_text(placed), placed->uncertainty);
	if (placed->party && timeline->is_frequency_known)
		fprintf(file, ",\"uncertainty_ns\":%" PRIu64,
			timeline_ns_up(timeline, placed->uncertainty));
	fputs(",\"name\":", file);
	json_put_string(file, event->name);
	fputs(",\"fields\":{", file);
	lines->comma = lines->in_context = false;
	placed->stream->reader->class->values(placed->stream->reader, placed->stream->number,
					      json_value, lines);
	fputs("}}\n", file);
	return !ferror(file);
}

const struct writer_class text_writer = {
	.name = "text",
	.suffix = ".txt",
	.to_standard_output = true,
	.open = open_lines,
	.event = text_event,
	.close = close_lines,
};

const struct writer_class json_writer = {
	.name = "json",
	.suffix = ".json",
	.to_standard_output = true,
	.open = open_lines,
	.event = json_event,
	.close = close_lines,
};
