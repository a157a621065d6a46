// SPDX-License-Identifier: GPL-2.0
/*
 * The names of threads.
 */
#include <stdlib.h>
#include <string.h>

#include "common/array.h"
#include "readers/perf/threads.h"

#define SLOTS_FIRST 64
/* So that a file of nothing but names does not fill the memory */
#define SLOTS_MAX (1 << 17)

/* Where the thread is, or could be put; there is always a slot that is empty. */
static struct thread *find_slot(const struct threads *threads, int tid)
{
	size_t at = (uint32_t)tid * UINT32_C(2654435769) & (threads->nr_slots - 1);

	while (threads->slots[at].name[0] && threads->slots[at].tid != tid)
		at = (at + 1) & (threads->nr_slots - 1);
	return &threads->slots[at];
}

static void grow(struct threads *threads)
{
	struct threads larger = { .nr_slots = threads->nr_slots ? 2 * threads->nr_slots : SLOTS_FIRST,
				  .count = threads->count };
	size_t i;

	larger.slots = zalloc(larger.nr_slots * sizeof(*larger.slots));
	for (i = 0; i < threads->nr_slots; i++)
		if (threads->slots[i].name[0])
			*find_slot(&larger, threads->slots[i].tid) = threads->slots[i];
	free(threads->slots);
	*threads = larger;
}

void threads_name(struct threads *threads, int tid, const char *name, size_t size)
{
	struct thread *slot;

	size = strnlen(name, size < COMM_SIZE ? size : COMM_SIZE);
	if (!size)
		return;
	if (2 * (threads->count + 1) > threads->nr_slots && threads->nr_slots < SLOTS_MAX)
		grow(threads);
	slot = find_slot(threads, tid);
	if (!slot->name[0]) {
		if (2 * (threads->count + 1) > threads->nr_slots)
			return;
		threads->count++;
	}
	slot->tid = tid;
	memset(slot->name, 0, sizeof(slot->name));
	memcpy(slot->name, name, size);
}

const char *threads_find(const struct threads *threads, int tid)
{
	const struct thread *slot;

	if (!threads->nr_slots)
		return NULL;
	slot = find_slot(threads, tid);
	return slot->name[0] ? slot->name : NULL;
}
