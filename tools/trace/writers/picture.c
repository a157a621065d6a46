// SPDX-License-Identifier: GPL-2.0
/*
 * The lanes of a time line in bounded memory.
 */
#include <stdlib.h>
#include <string.h>

#include "common/array.h"
#include "common/message.h"
#include "writers/picture.h"

#define TEXTS_MAX 32768
#define TEXT_TABLE (4 * TEXTS_MAX)
#define ARROWS_MAX 100000
#define OTHER_TEXT "..."

static uint32_t hash_text(const char *text)
{
	uint32_t hash = 2166136261u;

	for (; *text; text++)
		hash = (hash ^ (unsigned char)*text) * 16777619u;
	return hash;
}

/* Beyond the limit all texts are one. */
static uint32_t find_text(struct picture *picture, const char *text)
{
	size_t at = hash_text(text) % TEXT_TABLE;

	for (; picture->text_table[at]; at = (at + 1) % TEXT_TABLE)
		if (!strcmp(picture->texts[picture->text_table[at] - 1], text))
			return picture->text_table[at] - 1;
	if (picture->nr_texts >= TEXTS_MAX)
		return strcmp(text, OTHER_TEXT) ? find_text(picture, OTHER_TEXT) : 0;
	picture->texts = array_room(picture->texts, picture->nr_texts, sizeof(char *));
	picture->texts[picture->nr_texts] = text_of("%s", text);
	picture->text_table[at] = (uint32_t)++picture->nr_texts;
	return (uint32_t)picture->nr_texts - 1;
}

static uint64_t ns_of(const struct picture *picture, uint64_t ticks)
{
	return timeline_since(picture->timeline, ticks);
}

static bool stays(struct picture *picture, const struct item *item)
{
	if (item->length)
		return item->length >= picture->shortest;
	return !(picture->points++ & picture->point_mask);
}

/* Leave out half of the points and what is shorter, until half of the room is free. */
static void thin(struct picture *picture)
{
	size_t i, kept;

	while (picture->nr_items > picture->max_items / 2) {
		picture->point_mask = 2 * picture->point_mask + 1;
		picture->shortest = picture->shortest ? 2 * picture->shortest : 128;
		picture->points = 0;
		for (i = kept = 0; i < picture->nr_items; i++)
			if (picture->items[i].length ?
				    picture->items[i].length >= picture->shortest :
				    !(picture->points++ & 1))
				picture->items[kept++] = picture->items[i];
		picture->left_out += picture->nr_items - kept;
		picture->nr_items = kept;
	}
	picture->points = 0;
}

static void add_item(struct picture *picture, const struct item *item)
{
	if (!stays(picture, item)) {
		picture->left_out++;
		return;
	}
	if (picture->nr_items == picture->max_items)
		thin(picture);
	if (!picture->items)
		picture->items = zalloc(picture->max_items * sizeof(*picture->items));
	picture->items[picture->nr_items++] = *item;
}

static void add_lane(void *data, size_t lane, const struct lane_info *info)
{
	struct picture *picture = data;

	picture->lanes = array_room(picture->lanes, lane, sizeof(*picture->lanes));
	picture->open = array_room(picture->open, lane, sizeof(*picture->open));
	picture->lanes[lane] = *info;
	picture->open[lane] = (struct item){ .lane = (uint32_t)lane };
	picture->nr_lanes = lane + 1;
}

static void begin(void *data, size_t lane, uint64_t time, const char *text)
{
	struct picture *picture = data;

	picture->open[lane].begin = ns_of(picture, time);
	picture->open[lane].text = find_text(picture, text);
}

static void end(void *data, size_t lane, uint64_t time)
{
	struct picture *picture = data;
	struct item item = picture->open[lane];

	item.length = ns_of(picture, time) - item.begin;
	/* So that it is not taken for a point */
	if (!item.length)
		item.length = 1;
	add_item(picture, &item);
}

static void point(void *data, size_t lane, const struct placed *placed)
{
	struct picture *picture = data;
	const struct item item = {
		.lane = (uint32_t)lane,
		.text = find_text(picture, placed->event->name),
		.begin = ns_of(picture, placed->time),
	};

	add_item(picture, &item);
}

static void link_lanes(void *data, size_t from, uint64_t from_time, size_t to, uint64_t to_time,
		       enum link_kind kind)
{
	struct picture *picture = data;

	if (picture->nr_arrows == ARROWS_MAX)
		return;
	picture->arrows = array_room(picture->arrows, picture->nr_arrows,
				     sizeof(*picture->arrows));
	picture->arrows[picture->nr_arrows++] = (struct arrow){
		(uint32_t)from, (uint32_t)to, ns_of(picture, from_time), ns_of(picture, to_time),
		kind,
	};
}

struct picture *picture_new(const struct timeline *timeline, size_t max_items)
{
	struct picture *picture = zalloc(sizeof(*picture));
	const struct lanes_sink sink = { picture, add_lane, begin, end, point, link_lanes };

	picture->timeline = timeline;
	picture->max_items = max_items;
	picture->text_table = zalloc(TEXT_TABLE * sizeof(*picture->text_table));
	picture->source = lanes_new(timeline, &sink);
	return picture;
}

void picture_before(struct picture *picture, const struct placed *placed)
{
	lanes_before(picture->source, placed);
}

void picture_event(struct picture *picture, const struct placed *placed)
{
	uint64_t time = ns_of(picture, placed->time);

	if (!picture->any)
		picture->first = time;
	picture->any = true;
	picture->last = time;
	lanes_event(picture->source, placed);
}

static int compare_items(const void *a, const void *b)
{
	const struct item *one = a, *other = b;

	if (one->lane != other->lane)
		return one->lane < other->lane ? -1 : 1;
	if (one->begin != other->begin)
		return one->begin < other->begin ? -1 : 1;
	return one->length < other->length ? -1 : one->length > other->length;
}

void picture_finish(struct picture *picture)
{
	lanes_finish(picture->source);
	picture->source = NULL;
	if (picture->nr_items)
		qsort(picture->items, picture->nr_items, sizeof(*picture->items), compare_items);
}

void picture_free(struct picture *picture)
{
	size_t i;

	if (!picture)
		return;
	for (i = 0; i < picture->nr_texts; i++)
		free(picture->texts[i]);
	free(picture->texts);
	free(picture->lanes);
	free(picture->items);
	free(picture->arrows);
	free(picture->open);
	free(picture->text_table);
	free(picture);
}
