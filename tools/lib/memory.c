// SPDX-License-Identifier: GPL-2.0
/*
 * Lists that grow.
 */
#include <stdlib.h>

#include "internal.h"

/*
 * Let a list hold the needed number of items of a size.  Doubling keeps the
 * cost of each added item constant.  A failure leaves the list as it was.
 */
bool make_room(void **list, size_t *room, size_t needed, size_t size)
{
	size_t more = *room ? *room : 8;
	void *grown;

	if (needed <= *room)
		return true;
	while (more < needed) {
		if (more > SIZE_MAX / 2)
			return false;
		more *= 2;
	}
	if (more > SIZE_MAX / size)
		return false;
	grown = realloc(*list, more * size);
	if (!grown)
		return false;
	*list = grown;
	*room = more;
	return true;
}
