// SPDX-License-Identifier: GPL-2.0
/*
 * The stays of vCPUs in their guests. A list keeps the block that is being filled in
 * memory, and an index of a fixed size: where the file has more blocks than the index has
 * room for, it names every second one, every fourth, and so on.
 *
 * The blocks of a list are in extents of the file, each twice as long as the one before,
 * so that the place of a block follows from its number. What is not yet written of an
 * extent is a hole.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/array.h"
#include "common/message.h"
#include "common/temporary.h"
#include "model/stays.h"

#define LATE_MAX 65536
#define INDEX_MAX 4096
/* Blocks in the first extent, and number of extents */
#define FIRST_EXTENT 16
#define EXTENTS_MAX 48

struct stay_file {
	int fd;
	off_t size;
	int error;
	bool error_is_of_reading;
};

struct stay_list {
	struct stay_file *file;
	off_t extents[EXTENTS_MAX];
	size_t nr_blocks;
	/* The first entries of the blocks 0, stride, 2 * stride, ... */
	uint64_t *index;
	size_t nr_index;
	size_t stride;
	/* Not yet in the file; the number of this block is nr_blocks */
	struct stay last[STAYS_IN_BLOCK];
	size_t nr_last;
	/* The order of the last stay in the file */
	uint64_t written;
	/* Those that came when their place was in the file already, which is rare */
	struct stay *late;
	size_t nr_late;
};

struct stay_file *stay_file_new(char **error)
{
	struct stay_file *file = zalloc(sizeof(*file));

	file->fd = temporary_file(error);
	if (file->fd >= 0)
		return file;
	free(file);
	return NULL;
}

void stay_file_free(struct stay_file *file)
{
	if (!file)
		return;
	close(file->fd);
	free(file);
}

int stay_file_error(const struct stay_file *file, bool *is_of_reading)
{
	*is_of_reading = file->error_is_of_reading;
	return file->error;
}

/* A part of a block counts as none. */
static bool is_whole(struct stay_file *file, ssize_t done, size_t wanted, bool is_reading)
{
	if (done == (ssize_t)wanted)
		return true;
	if (!file->error) {
		file->error = done < 0 ? errno : is_reading ? EIO : ENOSPC;
		file->error_is_of_reading = is_reading;
	}
	return false;
}

struct stay_list *stay_list_new(struct stay_file *file)
{
	struct stay_list *list = zalloc(sizeof(*list));

	list->file = file;
	list->stride = 1;
	return list;
}

void stay_list_free(struct stay_list *list)
{
	if (!list)
		return;
	free(list->index);
	free(list->late);
	free(list);
}

static unsigned int extent_of(size_t block)
{
	return 63 - (unsigned int)__builtin_clzll((uint64_t)(block / FIRST_EXTENT) + 1);
}

static off_t place_of(const struct stay_list *list, size_t block)
{
	unsigned int extent = extent_of(block);
	size_t first = ((size_t)FIRST_EXTENT << extent) - FIRST_EXTENT;

	return list->extents[extent] +
	       (off_t)((block - first) * STAYS_IN_BLOCK * sizeof(struct stay));
}

static void add_to_index(struct stay_list *list, size_t block, uint64_t entry)
{
	size_t i;

	if (block % list->stride)
		return;
	if (list->nr_index == INDEX_MAX) {
		for (i = 0; i < INDEX_MAX / 2; i++)
			list->index[i] = list->index[2 * i];
		list->nr_index = INDEX_MAX / 2;
		list->stride *= 2;
		if (block % list->stride)
			return;
	}
	list->index = array_room(list->index, list->nr_index, sizeof(*list->index));
	list->index[list->nr_index++] = entry;
}

static bool write_block(struct stay_list *list)
{
	const size_t block = list->nr_blocks;
	unsigned int extent = extent_of(block);

	if (extent >= EXTENTS_MAX)
		return false;
	if (block == ((size_t)FIRST_EXTENT << extent) - FIRST_EXTENT) {
		list->extents[extent] = list->file->size;
		list->file->size += (off_t)(((size_t)FIRST_EXTENT << extent) * sizeof(list->last));
	}
	if (!is_whole(list->file, pwrite(list->file->fd, list->last, sizeof(list->last),
					 place_of(list, block)), sizeof(list->last), false))
		return false;
	list->written = list->last[STAYS_IN_BLOCK - 1].entry_order;
	add_to_index(list, block, list->last[0].entry);
	list->nr_blocks++;
	list->nr_last = 0;
	return true;
}

static bool add_late(struct stay_list *list, const struct stay *stay)
{
	size_t at;

	if (list->nr_late == LATE_MAX)
		return false;
	list->late = array_room(list->late, list->nr_late, sizeof(*stay));
	for (at = list->nr_late++; at > 0 && list->late[at - 1].entry_order > stay->entry_order; at--)
		list->late[at] = list->late[at - 1];
	list->late[at] = *stay;
	return true;
}

bool stay_list_add(struct stay_list *list, const struct stay *stay)
{
	size_t at;

	if (list->nr_last == STAYS_IN_BLOCK && !write_block(list))
		return false;
	if (stay->entry_order < list->written)
		return add_late(list, stay);
	/* A stay whose owner was found late has its place before others. */
	for (at = list->nr_last; at > 0; at--)
		if (list->last[at - 1].entry_order < stay->entry_order)
			break;
	memmove(&list->last[at + 1], &list->last[at],
		(list->nr_last - at) * sizeof(list->last[0]));
	list->last[at] = *stay;
	list->nr_last++;
	return true;
}

uint64_t stay_list_count(const struct stay_list *list)
{
	return (uint64_t)list->nr_blocks * STAYS_IN_BLOCK + list->nr_last + list->nr_late;
}

static uint64_t in_order(const struct stay_list *list)
{
	return (uint64_t)list->nr_blocks * STAYS_IN_BLOCK + list->nr_last;
}

/* The first entry of a block; false if the file cannot be read */
static bool first_entry(const struct stay_list *list, size_t block, uint64_t *entry)
{
	if (block == list->nr_blocks)
		*entry = list->last[0].entry;
	else if (!(block % list->stride))
		*entry = list->index[block / list->stride];
	else if (!is_whole(list->file, pread(list->file->fd, entry, sizeof(*entry),
					     place_of(list, block)), sizeof(*entry), true))
		return false;
	return true;
}

static size_t count_blocks(const struct stay_list *list)
{
	return list->nr_blocks + (list->nr_last > 0);
}

static bool load(struct stay_cursor *cursor, size_t block)
{
	const struct stay_list *list = cursor->list;

	if (cursor->count && cursor->block == block)
		return true;
	cursor->block = block;
	cursor->count = 0;
	cursor->next_entry = UINT64_MAX;
	if (block + 1 < count_blocks(list) && !first_entry(list, block + 1, &cursor->next_entry))
		return false;
	if (block == list->nr_blocks) {
		memcpy(cursor->stays, list->last, list->nr_last * sizeof(list->last[0]));
		cursor->count = list->nr_last;
	} else if (is_whole(list->file, pread(list->file->fd, cursor->stays,
					      sizeof(cursor->stays), place_of(list, block)),
			    sizeof(cursor->stays), true)) {
		cursor->count = STAYS_IN_BLOCK;
	}
	return cursor->count;
}

/* The last element of the index that is at or before @time, or the first one */
static size_t find_in_index(const struct stay_list *list, uint64_t time)
{
	size_t low = 0, high = list->nr_index, middle;

	while (low < high) {
		middle = low + (high - low) / 2;
		if (list->index[middle] <= time)
			low = middle + 1;
		else
			high = middle;
	}
	return low ? low - 1 : 0;
}

/* The last block that begins at or before @time, or the first one */
static size_t find_block(const struct stay_cursor *cursor, uint64_t time)
{
	const struct stay_list *list = cursor->list;
	size_t low, high, middle;
	uint64_t entry;

	/* Most searches are for where the last one was. */
	if (cursor->count && cursor->stays[0].entry <= time && cursor->next_entry > time)
		return cursor->block;
	low = find_in_index(list, time) * list->stride;
	high = low + list->stride;
	/* The block in memory is not in the index. */
	if (high >= list->nr_blocks)
		high = count_blocks(list);
	while (high - low > 1) {
		middle = low + (high - low) / 2;
		if (first_entry(list, middle, &entry) && entry <= time)
			low = middle;
		else
			high = middle;
	}
	return low;
}

/* Number of stays, in the order of their entries, that begin at or before @time */
static size_t begun(const struct stay *stays, size_t count, uint64_t time)
{
	size_t low = 0, high = count, middle;

	while (low < high) {
		middle = low + (high - low) / 2;
		if (stays[middle].entry <= time)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool holds(const struct stay *stay, uint64_t time, uint64_t after, uint64_t before)
{
	return stay->entry <= time && time <= stay->exit && stay->exit_order > after &&
	       stay->entry_order < before;
}

static const struct stay *find_late(struct stay_cursor *cursor, uint64_t time, uint64_t after,
				    uint64_t before)
{
	const struct stay_list *list = cursor->list;
	size_t low = begun(list->late, list->nr_late, time);

	while (low-- > 0 && list->late[low].exit >= time)
		if (holds(&list->late[low], time, after, before)) {
			cursor->found = list->late[low];
			return &cursor->found;
		}
	return NULL;
}

const struct stay *stay_find(struct stay_cursor *cursor, uint64_t time, uint64_t after,
			     uint64_t before)
{
	const struct stay *stay, *found = NULL;
	uint64_t number;

	if (!cursor->list)
		return NULL;
	/* Events of one stay follow one another. At its first tick an earlier stay may end. */
	if (cursor->found.entry < time && holds(&cursor->found, time, after, before))
		return &cursor->found;
	if (!in_order(cursor->list) || !load(cursor, find_block(cursor, time)))
		return find_late(cursor, time, after, before);
	number = (uint64_t)cursor->block * STAYS_IN_BLOCK + begun(cursor->stays, cursor->count, time);
	/* Stays of a vCPU follow one another, so no earlier one reaches as far. */
	while (number-- > 0) {
		stay = stay_at(cursor, number);
		if (!stay || stay->exit < time)
			break;
		if (holds(stay, time, after, before)) {
			/* The next step may need another block. */
			cursor->found = *stay;
			found = &cursor->found;
		}
		if (stay->entry < time)
			break;
	}
	return found ? found : find_late(cursor, time, after, before);
}

/* Number of the stays in order that begin at or before @time */
static uint64_t begun_in_order(struct stay_cursor *cursor, uint64_t time)
{
	if (!in_order(cursor->list) || !load(cursor, find_block(cursor, time)))
		return 0;
	return (uint64_t)cursor->block * STAYS_IN_BLOCK + begun(cursor->stays, cursor->count, time);
}

const struct stay *stay_from(struct stay_cursor *cursor, uint64_t time)
{
	const struct stay_list *list = cursor->list;
	const struct stay *stay, *found = NULL;
	uint64_t number = begun_in_order(cursor, time);
	size_t late = begun(list->late, list->nr_late, time);

	stay = stay_at(cursor, number);
	if (stay) {
		cursor->found = *stay;
		found = &cursor->found;
	}
	while (number-- > 0) {
		stay = stay_at(cursor, number);
		if (!stay || stay->exit < time)
			break;
		cursor->found = *stay;
		found = &cursor->found;
	}
	while (late > 0 && list->late[late - 1].exit >= time)
		late--;
	if (late < list->nr_late && (!found || list->late[late].entry < found->entry)) {
		cursor->found = list->late[late];
		found = &cursor->found;
	}
	return found;
}

const struct stay *stay_until(struct stay_cursor *cursor, uint64_t time)
{
	const struct stay_list *list = cursor->list;
	const struct stay *stay, *found = NULL;
	uint64_t number = begun_in_order(cursor, time);
	size_t late = begun(list->late, list->nr_late, time);

	stay = number ? stay_at(cursor, number - 1) : NULL;
	if (stay) {
		cursor->found = *stay;
		found = &cursor->found;
	}
	if (late && (!found || list->late[late - 1].exit > found->exit)) {
		cursor->found = list->late[late - 1];
		found = &cursor->found;
	}
	return found;
}

const struct stay *stay_at(struct stay_cursor *cursor, uint64_t number)
{
	if (number >= in_order(cursor->list) ||
	    !load(cursor, (size_t)(number / STAYS_IN_BLOCK)))
		return NULL;
	return &cursor->stays[number % STAYS_IN_BLOCK];
}

const struct stay *stay_any(struct stay_cursor *cursor, uint64_t number)
{
	uint64_t count = in_order(cursor->list);

	return number < count ? stay_at(cursor, number) : &cursor->list->late[number - count];
}
