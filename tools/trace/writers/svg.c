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
#define LEFT 240
#define ROW 20
#define HEAD 22
#define AXIS 26
/* About the width of a letter, for text that has to fit */
#define LETTER 6.5
/* More are a tangle that shows nothing */
#define MAX_ARROWS 500

static const char *const colors[] = {
	"#7aa6d8", "#e8a15f", "#c9b08f", "#c78fc9", "#d8c46a", "#8fc8c9", "#d98a8a", "#a9a9d9",
};

struct svg {
	struct output_file output;
	const struct timeline *timeline;
	struct picture *picture;
	/* For each lane, where it begins, and the bottom of the last one */
	size_t *tops;
	size_t bottom;
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

static void put_before(void *writer, const struct placed *placed)
{
	picture_before(((struct svg *)writer)->picture, placed);
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

static void put_head(FILE *file, const struct timeline *timeline, size_t number, size_t top)
{
	const struct party *party = &timeline->parties[number];
	const char *kind = party->is_host ? "host" : "guest";
	char *title = party_title(timeline, number);

	fprintf(file, "<rect y=\"%zu\" width=\"%d\" height=\"%d\" fill=\"#dfe6ee\"/><text x=\"6\" y=\"%zu\" font-weight=\"bold\">%s",
		top + 1, WIDTH, HEAD - 3, top + 15, kind);
	if (strcmp(title, kind)) {
		putc(' ', file);
		put_text(file, title);
	}
	free(title);
	fputs("</text>\n", file);
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

/* Lanes from top to bottom, with the name of each machine above its own */
static void arrange(struct svg *svg, FILE *file)
{
	const struct picture *picture = svg->picture;
	size_t *order = zalloc((picture->nr_lanes + 1) * sizeof(*order)), i;

	svg->tops = zalloc((picture->nr_lanes + 1) * sizeof(*svg->tops));
	svg->bottom = AXIS;
	for (i = 0; i < picture->nr_lanes; i++)
		order[i] = i;
	qsort_r(order, picture->nr_lanes, sizeof(*order), compare_lanes, svg->picture);
	for (i = 0; i < picture->nr_lanes; i++) {
		size_t party = picture->lanes[order[i]].party;

		if (!i || party != picture->lanes[order[i - 1]].party) {
			put_head(file, svg->timeline, party, svg->bottom);
			svg->bottom += HEAD;
		}
		svg->tops[order[i]] = svg->bottom;
		svg->bottom += ROW;
	}
	free(order);
}

static double place(const struct picture *picture, uint64_t ns)
{
	double span = (double)(picture->last - picture->first);

	return LEFT + (span > 0 ? (double)(ns - picture->first) / span * (WIDTH - LEFT - 10) : 0);
}

/* What a vCPU does and that it does nothing are seen at once. */
static const char *color_of(const struct item *item, const char *text)
{
	if (!strcmp(text, "in guest"))
		return "#3f9a4c";
	if (!strcmp(text, "HLT"))
		return "#d5d8dc";
	return colors[item->text % (sizeof(colors) / sizeof(colors[0]))];
}

static void put_item(FILE *file, const struct svg *svg, const struct item *item, double *last)
{
	const struct picture *picture = svg->picture;
	double x = place(picture, item->begin);
	double width = item->length ? place(picture, item->begin + item->length) - x : 0.5;
	size_t top = svg->tops[item->lane];
	const char *text = picture->texts[item->text];

	/* What another item hides in this picture */
	if (x + width < *last + 0.25)
		return;
	*last = x + width;
	fprintf(file, "<rect x=\"%.2f\" y=\"%zu\" width=\"%.2f\" height=\"%d\" fill=\"%s\"><title>",
		x, top + (item->length ? 3 : 6), width < 0.3 ? 0.3 : width,
		item->length ? ROW - 6 : ROW - 12,
		item->length ? color_of(item, text) : "#333");
	put_text(file, text);
	fputs("</title></rect>\n", file);
	if (width < LETTER * (double)strlen(text) + 6)
		return;
	fprintf(file, "<text x=\"%.2f\" y=\"%zu\">", x + 3, top + 14);
	put_text(file, text);
	fputs("</text>\n", file);
}

static void put_mark(FILE *file, const struct svg *svg, uint64_t time, int digits)
{
	double x = place(svg->picture, time);

	fprintf(file, "<rect x=\"%.1f\" y=\"%d\" width=\"0.5\" height=\"%zu\" fill=\"#ccc\"/>\n",
		x, AXIS - 6, svg->bottom - AXIS + 6);
	if (x <= WIDTH - 70)
		fprintf(file, "<text x=\"%.1f\" y=\"14\">%.*f s</text>\n", x,
			digits < 0 ? 0 : digits, (double)time / 1e9);
}

/* The time at every step, which is a power of ten, two or five of them */
static void put_axis(FILE *file, const struct svg *svg)
{
	const struct picture *picture = svg->picture;
	uint64_t raw = (picture->last - picture->first) / 8, power = 1, step, time;
	int digits = 9;

	for (; power * 10 <= raw; power *= 10)
		digits--;
	step = power * (raw > 5 * power ? 10 : raw > 2 * power ? 5 : 2);
	if (step == 10 * power)
		digits--;
	time = picture->first / step * step;
	if (time == picture->first)
		put_mark(file, svg, time, digits);
	/* The step after the last one may be beyond what 64 bits hold. */
	while (picture->last - time >= step) {
		time += step;
		put_mark(file, svg, time, digits);
	}
}

static void put_arrows(FILE *file, const struct svg *svg)
{
	const struct picture *picture = svg->picture;
	size_t i, drawn = 0;

	for (i = 0; i < picture->nr_arrows && drawn < MAX_ARROWS; i++) {
		const struct arrow *arrow = &picture->arrows[i];
		double from = place(picture, arrow->begin), to = place(picture, arrow->end);

		/* Packets would hide all else. */
		if (to - from < 2 || arrow->kind == LINK_STREAM)
			continue;
		fprintf(file, "<line x1=\"%.2f\" y1=\"%zu\" x2=\"%.2f\" y2=\"%zu\" stroke=\"#b03030\"/>\n",
			from, svg->tops[arrow->from] + ROW / 2, to, svg->tops[arrow->to] + ROW / 2);
		drawn++;
	}
}

/* The height is known when all lanes are arranged, and stands at the beginning. */
static void put_picture(FILE *file, struct svg *svg)
{
	const struct picture *picture = svg->picture;
	size_t i, size = 0;
	double last = 0;
	char *heads = NULL;
	FILE *memory = open_memstream(&heads, &size);

	if (!memory)
		abort();
	arrange(svg, memory);
	fclose(memory);
	fprintf(file, "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%zu\" font-family=\"sans-serif\" font-size=\"11\">\n",
		WIDTH, svg->bottom + 8);
	fprintf(file, "<rect width=\"%d\" height=\"%zu\" fill=\"#fff\"/>\n", WIDTH, svg->bottom + 8);
	put_axis(file, svg);
	fputs(heads, file);
	free(heads);
	for (i = 0; i < picture->nr_lanes; i++) {
		fprintf(file, "<text x=\"14\" y=\"%zu\">", svg->tops[i] + 14);
		put_text(file, picture->lanes[i].name);
		fputs("</text>\n", file);
	}
	for (i = 0; i < picture->nr_items; i++) {
		if (!i || picture->items[i].lane != picture->items[i - 1].lane)
			last = 0;
		put_item(file, svg, &picture->items[i], &last);
	}
	put_arrows(file, svg);
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
	free(svg->tops);
	free(svg);
	return error;
}

const struct writer_class svg_writer = {
	.name = "svg",
	.suffix = ".svg",
	.open = open_svg,
	.before = put_before,
	.event = put_placed,
	.close = close_svg,
};
