// SPDX-License-Identifier: GPL-2.0
/*
 * A picture of the time line, for documents: all lanes over the whole time, or over what
 * --from and --to leave.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/array.h"
#include "common/output_file.h"
#include "writers/picture.h"
#include "writers/writer.h"

#define MAX_ITEMS 400000
#define WIDTH 1200
#define LEFT 230
#define ROW 20

static const char *const colors[] = {
	"#7aa6d8", "#e8a15f", "#86c28b", "#c78fc9", "#d8c46a", "#8fc8c9", "#d98a8a", "#a9a9d9",
};

struct svg {
	struct output_file output;
	const struct timeline *timeline;
	struct picture *picture;
	/* For each lane, its row */
	size_t *rows;
};

static void *open_svg(const char *path, const struct timeline *timeline, char **error)
{
	struct svg *svg = zalloc(sizeof(*svg));

	svg->timeline = timeline;
	*error = output_begin(&svg->output, path);
	if (*error) {
		free(svg);
		return NULL;
	}
	svg->picture = picture_new(timeline, MAX_ITEMS);
	return svg;
}

static bool put_placed(void *writer, const struct placed *placed)
{
	picture_event(((struct svg *)writer)->picture, placed);
	return true;
}

static void put_text(FILE *file, const char *text)
{
	for (; *text; text++) {
		if (*text == '<')
			fputs("&lt;", file);
		else if (*text == '&')
			fputs("&amp;", file);
		else if (*text == '"')
			fputs("&quot;", file);
		else if ((unsigned char)*text >= 0x20 && (unsigned char)*text < 0x7f)
			putc(*text, file);
		else
			putc('?', file);
	}
}

static int compare_lanes(const void *a, const void *b, void *data)
{
	const struct picture *picture = data;
	const struct lane_info *one = &picture->lanes[*(const size_t *)a];
	const struct lane_info *other = &picture->lanes[*(const size_t *)b];
	static const int ranks[] = { [LANE_VCPU] = 0, [LANE_CPU] = 1, [LANE_PROGRAM] = 2 };

	if (one->party != other->party)
		return one->party < other->party ? -1 : 1;
	if (one->kind != other->kind)
		return ranks[one->kind] < ranks[other->kind] ? -1 : 1;
	return one->number < other->number ? -1 : one->number > other->number;
}

static void assign_rows(struct svg *svg)
{
	const struct picture *picture = svg->picture;
	size_t *order = zalloc((picture->nr_lanes + 1) * sizeof(*order)), i;

	svg->rows = zalloc((picture->nr_lanes + 1) * sizeof(*svg->rows));
	for (i = 0; i < picture->nr_lanes; i++)
		order[i] = i;
	qsort_r(order, picture->nr_lanes, sizeof(*order), compare_lanes, svg->picture);
	for (i = 0; i < picture->nr_lanes; i++)
		svg->rows[order[i]] = i;
	free(order);
}

static double place(const struct picture *picture, uint64_t ns)
{
	double span = (double)(picture->last - picture->first);

	return LEFT + (span > 0 ? (double)(ns - picture->first) / span * (WIDTH - LEFT - 10) : 0);
}

static void put_item(FILE *file, const struct svg *svg, const struct item *item, double *last)
{
	const struct picture *picture = svg->picture;
	double x = place(picture, item->begin);
	double width = item->length ? place(picture, item->begin + item->length) - x : 0.5;
	size_t top = 40 + ROW * svg->rows[item->lane];
	const char *text = picture->texts[item->text];

	/* What another item hides in this picture */
	if (x + width < *last + 0.25)
		return;
	*last = x + width;
	fprintf(file, "<rect x=\"%.2f\" y=\"%zu\" width=\"%.2f\" height=\"%d\" fill=\"%s\"><title>",
		x, top + (item->length ? 3 : 6), width < 0.3 ? 0.3 : width,
		item->length ? ROW - 6 : ROW - 12,
		!item->length ? "#333" : !strcmp(text, "in guest") ? "#3f9a4c" :
		colors[item->text % (sizeof(colors) / sizeof(colors[0]))]);
	put_text(file, text);
	fputs("</title></rect>\n", file);
}

static void put_picture(FILE *file, struct svg *svg)
{
	const struct picture *picture = svg->picture;
	size_t height = 60 + ROW * picture->nr_lanes, i;
	double last = 0;

	assign_rows(svg);
	fprintf(file, "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%zu\" font-family=\"sans-serif\" font-size=\"11\">\n",
		WIDTH, height);
	fprintf(file, "<rect width=\"%d\" height=\"%zu\" fill=\"#fff\"/>\n", WIDTH, height);
	for (i = 0; i <= 8; i++) {
		uint64_t ns = picture->first + (picture->last - picture->first) / 8 * i;

		fprintf(file, "<text x=\"%.1f\" y=\"16\">%.6f s</text><rect x=\"%.1f\" y=\"20\" width=\"0.5\" height=\"%zu\" fill=\"#ccc\"/>\n",
			place(picture, ns), (double)ns / 1e9, place(picture, ns), height - 30);
	}
	for (i = 0; i < picture->nr_lanes; i++) {
		fprintf(file, "<text x=\"6\" y=\"%zu\">", 40 + ROW * svg->rows[i] + 14);
		put_text(file, svg->timeline->parties[picture->lanes[i].party].name);
		fputs(": ", file);
		put_text(file, picture->lanes[i].name);
		fputs("</text>\n", file);
	}
	for (i = 0; i < picture->nr_items; i++) {
		if (!i || picture->items[i].lane != picture->items[i - 1].lane)
			last = 0;
		put_item(file, svg, &picture->items[i], &last);
	}
	fputs("</svg>\n", file);
}

static char *close_svg(void *writer, bool keep)
{
	struct svg *svg = writer;
	char *error;

	picture_finish(svg->picture);
	if (keep)
		put_picture(svg->output.file, svg);
	error = output_end(&svg->output, keep);
	picture_free(svg->picture);
	free(svg->rows);
	free(svg);
	return error;
}

const struct writer_class svg_writer = {
	.name = "svg",
	.suffix = ".svg",
	.open = open_svg,
	.event = put_placed,
	.close = close_svg,
};
