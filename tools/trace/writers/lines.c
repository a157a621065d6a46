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
	ns = timeline_since(lines->timeline, ticks);
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
	if (placed->is_estimate)
		fprintf(file, " (estimate, -%" PRIu64 " +%" PRIu64 " ns%s)",
			timeline_ns_up(lines->timeline, placed->earlier),
			timeline_ns_up(lines->timeline, placed->uncertainty),
			placed->stepped ? ", a clock stepped" : "");
	else if (placed->uncertainty && lines->timeline->is_frequency_known)
		fprintf(file, " (+%" PRIu64 " ticks, %" PRIu64 " ns)", placed->uncertainty,
			timeline_ns_up(lines->timeline, placed->uncertainty));
	else if (placed->uncertainty)
		fprintf(file, " (+%" PRIu64 " ticks)", placed->uncertainty);
	if (placed->late)
		fputs(" (late)", file);
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

/* With several hosts, an event may be of before the reference's counter was 0. */
static void put_ticks(const struct lines *lines, const struct placed *placed)
{
	if (lines->timeline->has_several_hosts)
		fprintf(lines->output.file, "{\"ticks\":%" PRId64, (int64_t)placed->time);
	else
		fprintf(lines->output.file, "{\"ticks\":%" PRIu64, placed->time);
}

/* How sure it is on its own host, and where on the reference's axis it can be */
static void put_certainty(const struct lines *lines, const struct placed *placed)
{
	const struct timeline *timeline = lines->timeline;
	FILE *file = lines->output.file;

	if (!timeline->parties[placed->party].is_host)
		fprintf(file, ",\"raw\":%" PRIu64 ",\"certainty\":\"%s\"",
			placed->event->time, certainty_text(placed));
	if (placed->is_estimate)
		fprintf(file, ",\"own_ticks\":%" PRIu64 ",\"estimate\":true,\"stepped\":%s,\"earlier\":%" PRIu64,
			placed->own_time, placed->stepped ? "true" : "false", placed->earlier);
	if (placed->is_estimate || !timeline->parties[placed->party].is_host)
		fprintf(file, ",\"uncertainty\":%" PRIu64, placed->uncertainty);
	else
		return;
	if (placed->is_estimate)
		fprintf(file, ",\"earlier_ns\":%" PRIu64,
			timeline_ns_up(timeline, placed->earlier));
	if (timeline->is_frequency_known)
		fprintf(file, ",\"uncertainty_ns\":%" PRIu64,
			timeline_ns_up(timeline, placed->uncertainty));
}

static bool json_event(void *writer, const struct placed *placed)
{
	struct lines *lines = writer;
	const struct timeline *timeline = lines->timeline;
	const struct party *party = &timeline->parties[placed->party];
	const struct event *event = placed->event;
	FILE *file = lines->output.file;

	put_ticks(lines, placed);
	if (timeline->is_frequency_known)
		fprintf(file, ",\"ns\":%" PRIu64, timeline_since(timeline, placed->time));
	fputs(",\"machine\":", file);
	json_put_string(file, party->name);
	if (timeline->has_several_hosts) {
		fputs(",\"host\":", file);
		json_put_string(file, timeline->parties[party->home].name);
	}
	fprintf(file, ",\"cpu\":%u", event->cpu);
	if (event->thread != THREAD_NONE)
		fprintf(file, ",\"thread\":%d", event->thread);
	if (placed->vcpu)
		fprintf(file, ",\"vm\":%" PRIu64 ",\"vcpu\":%" PRIu32, placed->vcpu->vm_id,
			placed->vcpu->vcpu_id);
	put_certainty(lines, placed);
	if (placed->late)
		fputs(",\"late\":true", file);
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
