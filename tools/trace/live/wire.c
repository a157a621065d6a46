// SPDX-License-Identifier: GPL-2.0
/*
 * Records in a pipe.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/array.h"
#include "common/message.h"
#include "live/wire.h"

#define READ_SIZE (256 * 1024)

static bool write_all(int fd, const void *data, size_t size)
{
	const char *at = data;
	ssize_t written;

	while (size) {
		written = write(fd, at, size);
		if (written < 0 && errno == EINTR)
			continue;
		if (written <= 0)
			return false;
		at += written;
		size -= (size_t)written;
	}
	return true;
}

bool wire_put(int fd, enum wire_type type, const void *data, size_t size)
{
	const struct wire_head head = { type, (uint32_t)size };

	return write_all(fd, &head, sizeof(head)) && write_all(fd, data, size);
}

bool wire_put_text(int fd, enum wire_type type, const char *text)
{
	return wire_put(fd, type, text, strnlen(text, WIRE_SIZE_MAX / 2));
}

bool wire_put_event(int fd, uint64_t complete_to, const struct live_event *event)
{
	const size_t size = sizeof(*event) + event->size;
	const struct wire_head head = { WIRE_EVENT, (uint32_t)(sizeof(complete_to) + size) };

	return write_all(fd, &head, sizeof(head)) &&
	       write_all(fd, &complete_to, sizeof(complete_to)) && write_all(fd, event, size);
}

bool wire_read(struct wire *wire)
{
	ssize_t got;

	if (!wire->data)
		wire->data = zalloc(WIRE_SIZE_MAX + READ_SIZE);
	memmove(wire->data, wire->data + wire->at, wire->size - wire->at);
	wire->size -= wire->at;
	wire->at = 0;
	got = read(wire->fd, wire->data + wire->size,
		   WIRE_SIZE_MAX + READ_SIZE - wire->size);
	if (got < 0)
		return errno == EAGAIN || errno == EINTR;
	wire->size += (size_t)got;
	return got;
}

static size_t least_size(uint32_t type)
{
	switch (type) {
	case WIRE_CLOCK:
		return sizeof(struct live_clock);
	case WIRE_EVENT:
		return sizeof(uint64_t) + sizeof(struct live_event);
	case WIRE_QUIET:
		return sizeof(uint64_t);
	case WIRE_LOST:
		return 2 * sizeof(uint64_t);
	default:
		return 0;
	}
}

const char *wire_next(struct wire *wire, struct wire_head *head)
{
	const size_t left = wire->size - wire->at;
	const char *data;

	if (left < sizeof(*head))
		return NULL;
	memcpy(head, wire->data + wire->at, sizeof(*head));
	if (head->size > WIRE_SIZE_MAX || head->size < least_size(head->type))
		die("a process of this program has written nonsense: please report this");
	if (left - sizeof(*head) < head->size)
		return NULL;
	data = wire->data + wire->at + sizeof(*head);
	wire->at += sizeof(*head) + head->size;
	return data;
}

void wire_close(struct wire *wire)
{
	close(wire->fd);
	free(wire->data);
	*wire = (struct wire){ .fd = -1 };
}
