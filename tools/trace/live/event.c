// SPDX-License-Identifier: GPL-2.0
/*
 * An event of a live session, with all of its fields, in one piece of memory.
 */
#include <stdlib.h>
#include <string.h>

#include "common/array.h"
#include "common/message.h"
#include "live/event.h"

/* What follows is the name with its 0, then the text with its 0 or the number. */
struct field {
	uint32_t name_size;
	uint32_t size;
	uint8_t type;
	uint8_t context;
};

struct buffer {
	char *data;
	size_t size;
	size_t room;
	bool is_full;
};

static void append(struct buffer *buffer, const void *data, size_t size)
{
	if (buffer->size + size > buffer->room) {
		buffer->room = 2 * (buffer->size + size);
		buffer->data = realloc(buffer->data, buffer->room);
		if (!buffer->data)
			die("out of memory");
	}
	memcpy(buffer->data + buffer->size, data, size);
	buffer->size += size;
}

static void append_text(struct buffer *buffer, const char *text, size_t size)
{
	append(buffer, text, size - 1);
	append(buffer, "", 1);
}

static size_t text_size(const char *text)
{
	return strnlen(text, LIVE_TEXT_MAX - 1) + 1;
}

static void add_field(void *data, const struct value *value)
{
	struct buffer *buffer = data;
	struct field field = {
		.name_size = (uint32_t)text_size(value->name),
		.size = value->type == VALUE_TEXT ? (uint32_t)text_size(value->text) :
						    (uint32_t)sizeof(uint64_t),
		.type = (uint8_t)value->type,
		.context = value->context,
	};

	if (buffer->size + sizeof(field) + field.name_size + field.size > LIVE_FIELDS_MAX)
		buffer->is_full = true;
	if (buffer->is_full)
		return;
	append(buffer, &field, sizeof(field));
	append_text(buffer, value->name, field.name_size);
	if (value->type == VALUE_TEXT)
		append_text(buffer, value->text, field.size);
	else
		append(buffer, &value->u, sizeof(value->u));
}

static struct live_event *finish(const struct buffer *buffer, const struct event *event)
{
	struct live_event *copy = zalloc(sizeof(*copy) + buffer->size);

	copy->event = *event;
	copy->event.name = copy->data;
	copy->event.packet = NULL;
	if (event->packet) {
		copy->packet = *event->packet;
		copy->event.packet = &copy->packet;
	}
	copy->size = buffer->size;
	memcpy(copy->data, buffer->data, buffer->size);
	free(buffer->data);
	return copy;
}

struct live_event *live_event_make(struct reader *reader, size_t stream,
				   const struct event *event)
{
	struct buffer buffer = { 0 };

	append_text(&buffer, event->name, text_size(event->name));
	reader->class->values(reader, stream, add_field, &buffer);
	return finish(&buffer, event);
}

struct live_event *live_event_named(const struct event *event)
{
	struct buffer buffer = { 0 };

	append_text(&buffer, event->name, text_size(event->name));
	return finish(&buffer, event);
}

/* The next field at @at, or NULL */
static const struct field *next_field(const struct live_event *event, size_t *at,
				      struct field *field)
{
	const size_t left = event->size - *at;

	if (left < sizeof(*field))
		return NULL;
	memcpy(field, event->data + *at, sizeof(*field));
	if (!field->name_size || !field->size ||
	    left - sizeof(*field) < (size_t)field->name_size + field->size)
		return NULL;
	*at += sizeof(*field) + field->name_size + field->size;
	return field;
}

bool live_event_check(struct live_event *event, size_t size)
{
	struct field field;
	size_t at;

	if (size < sizeof(*event) || event->size != size - sizeof(*event))
		return false;
	at = strnlen(event->data, event->size) + 1;
	if (at > event->size)
		return false;
	event->event.name = event->data;
	event->event.packet = event->event.packet ? &event->packet : NULL;
	while (at < event->size)
		if (!next_field(event, &at, &field))
			return false;
	return true;
}

static void values(struct reader *reader, size_t number, value_handler handler, void *data)
{
	const struct live_event *event = ((struct live_reader *)reader)->current;
	size_t at = strlen(event->data) + 1, begin = at;
	struct field field;

	(void)number;
	for (; next_field(event, &at, &field); begin = at) {
		const char *name = event->data + begin + sizeof(field);
		struct value value = {
			.name = name,
			.type = (enum value_type)field.type,
			.context = field.context,
		};

		if (value.type == VALUE_TEXT)
			value.text = name + field.name_size;
		else
			memcpy(&value.u, name + field.name_size, sizeof(value.u));
		handler(data, &value);
	}
}

static const struct reader_class live_class = {
	.name = "live",
	.values = values,
};

void live_reader_init(struct live_reader *reader)
{
	*reader = (struct live_reader){ .reader = { .class = &live_class } };
}
