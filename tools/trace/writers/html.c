// SPDX-License-Identifier: GPL-2.0
/*
 * A page for a web browser, in one file that needs nothing else: viewer.html with the
 * data in it.
 *
 * The items of a lane are numbers of 7 bits a byte, in base64: what has passed since the
 * begin of the item before, the length, and the index of the text. JavaScript's numbers have 53
 * bits: times are texts, and those of arrows have two halves.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/array.h"
#include "common/json_text.h"
#include "common/output_file.h"
#include "writers/picture.h"
#include "writers/protobuf.h"
#include "writers/viewer.h"
#include "writers/writer.h"

#define MAX_ITEMS 2000000

struct html {
	struct output_file output;
	const struct timeline *timeline;
	struct picture *picture;
};

/* Bytes that wait to become four letters for three of them */
struct base64 {
	FILE *file;
	unsigned char rest[3];
	size_t size;
};

static void put_rest(struct base64 *out)
{
	static const char letters[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	uint32_t bits;
	size_t i;

	if (!out->size)
		return;
	memset(out->rest + out->size, 0, sizeof(out->rest) - out->size);
	bits = (uint32_t)out->rest[0] << 16 | (uint32_t)out->rest[1] << 8 | out->rest[2];
	for (i = 0; i < 4; i++)
		putc(i <= out->size ? letters[bits >> (18 - 6 * i) & 63] : '=', out->file);
	out->size = 0;
}

static void put_number(struct base64 *out, uint64_t number)
{
	unsigned char bytes[10];
	size_t size = protobuf_varint(bytes, number), i;

	for (i = 0; i < size; i++) {
		out->rest[out->size++] = bytes[i];
		if (out->size == 3)
			put_rest(out);
	}
}

static void *open_html(const char *path, const struct timeline *timeline, char **error)
{
	struct html *html = zalloc(sizeof(*html));

	html->timeline = timeline;
	*error = output_begin(&html->output, path);
	if (*error) {
		free(html);
		return NULL;
	}
	html->picture = picture_new(timeline, MAX_ITEMS);
	return html;
}

static void put_before(void *writer, const struct placed *placed)
{
	picture_before(((struct html *)writer)->picture, placed);
}

static bool put_placed(void *writer, const struct placed *placed)
{
	picture_event(((struct html *)writer)->picture, placed);
	return true;
}

static size_t put_items(FILE *file, const struct picture *picture, size_t lane, size_t at)
{
	struct base64 out = { .file = file };
	uint64_t last = 0;

	putc('"', file);
	for (; at < picture->nr_items && picture->items[at].lane == lane; at++) {
		const struct item *item = &picture->items[at];

		put_number(&out, item->begin - last);
		put_number(&out, item->length);
		put_number(&out, item->text);
		last = item->begin;
	}
	put_rest(&out);
	putc('"', file);
	return at;
}

static void put_lanes(FILE *file, const struct picture *picture)
{
	static const char *const kinds[] = { "cpu", "vcpu", "program" };
	size_t i, at = 0;

	fputs("\"lanes\":[", file);
	for (i = 0; i < picture->nr_lanes; i++) {
		fprintf(file, "%s{\"machine\":%zu,\"kind\":\"%s\",\"number\":%" PRIu64 ",\"name\":",
			i ? ",\n" : "\n", picture->lanes[i].party, kinds[picture->lanes[i].kind],
			picture->lanes[i].number);
		json_put_string(file, picture->lanes[i].name);
		fputs(",\"items\":", file);
		at = put_items(file, picture, i, at);
		putc('}', file);
	}
	fputs("]", file);
}

static void put_data(FILE *file, const struct html *html)
{
	const struct timeline *timeline = html->timeline;
	const struct picture *picture = html->picture;
	size_t i;

	fputs("{\"machines\":[", file);
	for (i = 0; i < timeline->nr_parties; i++) {
		const struct party *party = &timeline->parties[i];
		char *title = party_title(timeline, i);

		fprintf(file, "%s{\"name\":", i ? "," : "");
		json_put_string(file, title);
		free(title);
		fprintf(file, ",\"host\":%s,\"placed\":%" PRIu64 ",\"unplaced\":%" PRIu64 "}",
			party->is_host ? "true" : "false", party->counts.placed,
			party->counts.before + party->counts.after + party->counts.outside +
				party->counts.lost + party->counts.unmatched +
				party->counts.unproved + party->counts.unbounded);
	}
	fprintf(file,
		"],\n\"first\":\"%" PRIu64 "\",\"last\":\"%" PRIu64 "\",\"left_out\":%" PRIu64
		",\"shortest\":%" PRIu64 ",\"uncertainty\":%" PRIu64
		",\"uncertainty_ns\":%" PRIu64 ",\"several\":%s,\"frequency\":%" PRIu64 ",\"known\":%s,\"start\":\"%" PRIu64 "\",\n\"texts\":[",
		picture->first, picture->last, picture->left_out, picture->shortest,
		timeline->uncertainty, timeline_ns_up(timeline, timeline->uncertainty),
		timeline->has_several_hosts ? "true" : "false", timeline->frequency,
		timeline->is_frequency_known ? "true" : "false",
		timeline->origin);
	for (i = 0; i < picture->nr_texts; i++) {
		if (i)
			putc(',', file);
		json_put_string(file, picture->texts[i]);
	}
	fputs("],\n", file);
	put_lanes(file, picture);
	fputs(",\n\"arrows\":[", file);
	for (i = 0; i < picture->nr_arrows; i++)
		fprintf(file, "%s%" PRIu32 ",%" PRIu32 ",%" PRIu32 ",%" PRIu32 ",%" PRIu32 ",%" PRIu32,
			i ? "," : "", picture->arrows[i].from, picture->arrows[i].to,
			(uint32_t)(picture->arrows[i].begin >> 32), (uint32_t)picture->arrows[i].begin,
			(uint32_t)(picture->arrows[i].end >> 32), (uint32_t)picture->arrows[i].end);
	fputs("]}", file);
}

static char *close_html(void *writer, bool keep)
{
	struct html *html = writer;
	char *error;

	picture_finish(html->picture);
	if (keep) {
		fputs(viewer_before, html->output.file);
		put_data(html->output.file, html);
		fputs(viewer_after, html->output.file);
	}
	error = output_end(&html->output, keep);
	picture_free(html->picture);
	free(html);
	return error;
}

const struct writer_class html_writer = {
	.name = "html",
	.suffix = ".html",
	.open = open_html,
	.before = put_before,
	.event = put_placed,
	.close = close_html,
};
