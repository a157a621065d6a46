/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The lanes of a time line in bounded memory: where there are too many stretches and
 * points, the shortest stretches and every other point are left out.
 */
#ifndef TRACE_PICTURE_H
#define TRACE_PICTURE_H

#include "writers/lanes.h"

/**
 * struct item - a stretch, or a point
 * @lane: index of its lane
 * @text: index of its text
 * @begin: ns since the host's first event
 * @length: in ns; of a point 0
 */
struct item {
	uint32_t lane;
	uint32_t text;
	uint64_t begin;
	uint64_t length;
};

/**
 * struct arrow - from an event to what it made happen
 * @from: index of the lane
 * @to: index of the lane
 * @begin: when, in ns
 * @end: when it happened, in ns
 * @kind: what the two have to do with each other
 */
struct arrow {
	uint32_t from;
	uint32_t to;
	uint64_t begin;
	uint64_t end;
	enum link_kind kind;
};

/**
 * struct picture - all that is shown
 * @lanes: the lanes
 * @nr_lanes: their number
 * @items: stretches and points, by lane and time after picture_finish()
 * @nr_items: their number
 * @arrows: links between lanes
 * @nr_arrows: their number
 * @texts: what they say
 * @nr_texts: their number
 * @left_out: number of items that were left out
 * @shortest: stretches below this length are left out, in ns
 * @first: the first time, in ns
 * @last: the last time, in ns
 */
struct picture {
	struct lane_info *lanes;
	size_t nr_lanes;
	struct item *items;
	size_t nr_items;
	struct arrow *arrows;
	size_t nr_arrows;
	char **texts;
	size_t nr_texts;
	uint64_t left_out;
	uint64_t shortest;
	uint64_t first;
	uint64_t last;
	/* private: */
	const struct timeline *timeline;
	struct lanes *source;
	size_t max_items;
	uint64_t point_mask;
	uint64_t points;
	uint32_t *text_table;
	struct item *open;
	bool any;
};

/**
 * picture_new() - begin
 * @timeline: the time line
 * @max_items: the number of items to keep
 */
struct picture *picture_new(const struct timeline *timeline, size_t max_items);

/**
 * picture_before() - the next event that is early, before all others
 * @picture: the picture
 * @placed: the event
 */
void picture_before(struct picture *picture, const struct placed *placed);

/**
 * picture_event() - the next event
 * @picture: the picture
 * @placed: the event
 */
void picture_event(struct picture *picture, const struct placed *placed);

/**
 * picture_finish() - all events were added: sort the items
 * @picture: the picture
 */
void picture_finish(struct picture *picture);

/**
 * picture_free() - free a picture
 * @picture: the picture, or NULL
 */
void picture_free(struct picture *picture);

#endif
