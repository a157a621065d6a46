// SPDX-License-Identifier: GPL-2.0
/*
 * Arrays that grow: to the next power of two, so that no capacity is kept.
 */
#include <stdint.h>
#include <stdlib.h>

#include "common/array.h"
#include "common/message.h"

void *array_room(void *items, size_t count, size_t size)
{
	/* Full only where the count is a power of two, or nothing yet */
	if (count & (count - 1))
		return items;
	if (count > SIZE_MAX / 2 / size)
		die("out of memory");
	items = realloc(items, (count ? 2 * count : 1) * size);
	if (!items)
		die("out of memory");
	return items;
}

void *zalloc(size_t size)
{
	void *memory = calloc(1, size);

	if (!memory)
		die("out of memory");
	return memory;
}
