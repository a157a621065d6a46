/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A part of a file of perf, read from its beginning on. Nothing beyond its end is read.
 */
#ifndef TRACE_PERF_PART_H
#define TRACE_PERF_PART_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/**
 * struct part - what is still to be read
 * @at: the next byte
 * @left: number of bytes
 */
struct part {
	const unsigned char *at;
	uint64_t left;
};

/* Each of these returns false if the part is too short. */

static inline bool part_take(struct part *part, uint64_t size, struct part *taken)
{
	if (size > part->left)
		return false;
	*taken = (struct part){ part->at, size };
	part->at += size;
	part->left -= size;
	return true;
}

static inline bool part_skip(struct part *part, uint64_t size)
{
	struct part skipped;

	return part_take(part, size, &skipped);
}

static inline bool part_u32(struct part *part, uint32_t *value)
{
	struct part taken;

	if (!part_take(part, sizeof(*value), &taken))
		return false;
	memcpy(value, taken.at, sizeof(*value));
	return true;
}

static inline bool part_u64(struct part *part, uint64_t *value)
{
	struct part taken;

	if (!part_take(part, sizeof(*value), &taken))
		return false;
	memcpy(value, taken.at, sizeof(*value));
	return true;
}

/* A text that ends with a 0 */
static inline bool part_text(struct part *part, const char **text)
{
	const unsigned char *end = part->left ? memchr(part->at, 0, part->left) : NULL;

	if (!end)
		return false;
	*text = (const char *)part->at;
	part->left -= (uint64_t)(end + 1 - part->at);
	part->at = end + 1;
	return true;
}

#endif
