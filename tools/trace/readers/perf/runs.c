// SPDX-License-Identifier: GPL-2.0
/*
 * Where in a file each CPU's events are.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "common/message.h"
#include "common/temporary.h"
#include "readers/perf/runs.h"

char *run_file_open(struct run_file *file)
{
	char *error = NULL;

	file->fd = temporary_file(&error);
	/* The number 0 is for the end of a list. */
	file->blocks = 1;
	return error;
}

void run_list_begin(struct run_file *file, struct run_list *list)
{
	list->first = list->number = file->blocks++;
}

static char *write_block(struct run_file *file, const struct run_list *list)
{
	const ssize_t size = sizeof(list->block);

	errno = ENOSPC;
	if (pwrite(file->fd, &list->block, (size_t)size, (off_t)list->number * size) == size)
		return NULL;
	return text_of("the temporary file for it cannot be written: %s", strerror(errno));
}

static char *read_block(struct run_file *file, struct run_list *list, uint64_t number)
{
	const ssize_t size = sizeof(list->block);

	errno = EIO;
	if (pread(file->fd, &list->block, (size_t)size, (off_t)number * size) != size)
		return text_of("the temporary file for it cannot be read: %s", strerror(errno));
	list->number = number;
	list->at = 0;
	return NULL;
}

char *run_list_add(struct run_file *file, struct run_list *list, const struct run *run)
{
	struct run_block *block = &list->block;
	struct run *last = block->count ? &block->runs[block->count - 1] : NULL;
	char *error;

	if (last && last->round == run->round && last->end == run->begin) {
		last->end = run->end;
		return NULL;
	}
	if (block->count == RUNS_IN_BLOCK) {
		block->next = file->blocks++;
		error = write_block(file, list);
		if (error)
			return error;
		list->number = block->next;
		*block = (struct run_block){ 0 };
	}
	block->runs[block->count++] = *run;
	return NULL;
}

char *run_list_rewind(struct run_file *file, struct run_list *list)
{
	char *error = NULL;

	/* A list of one block never leaves the memory. */
	if (list->number != list->first) {
		error = write_block(file, list);
		if (!error)
			error = read_block(file, list, list->first);
	}
	list->at = 0;
	return error;
}

char *run_list_next(struct run_file *file, struct run_list *list, struct run *run)
{
	char *error;

	if (list->at == list->block.count && list->block.next) {
		error = read_block(file, list, list->block.next);
		if (error)
			return error;
	}
	*run = list->at < list->block.count ? list->block.runs[list->at++] : (struct run){ 0 };
	return NULL;
}
