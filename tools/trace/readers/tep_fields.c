// SPDX-License-Identifier: GPL-2.0
/*
 * Fields of events as libtraceevent has them. No offset or length of a file is trusted.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "readers/tep_fields.h"

#define TEXT_SIZE 1024

static bool fits(const struct tep_format_field *field, const struct tep_record *record)
{
	return field->offset >= 0 && field->size >= 0 && record->size >= 0 &&
	       field->offset <= record->size && field->size <= record->size - field->offset;
}

bool record_number(struct tep_format_field *field, const struct tep_record *record,
		   unsigned long long *value)
{
	return field && fits(field, record) && !tep_read_number_field(field, record->data, value);
}

/* Where the bytes of a string or an array are; false if not within the event */
static bool find_bytes(struct tep_format_field *field, const struct tep_record *record,
		       const char **bytes, size_t *size)
{
	unsigned long long place;
	size_t offset, length;

	if (!fits(field, record))
		return false;
	if (!(field->flags & TEP_FIELD_IS_DYNAMIC)) {
		*bytes = (const char *)record->data + field->offset;
		*size = (size_t)field->size;
		return true;
	}
	if (tep_read_number_field(field, record->data, &place))
		return false;
	offset = place & 0xffff;
	length = place >> 16 & 0xffff;
	if (field->flags & TEP_FIELD_IS_RELATIVE)
		offset += (size_t)field->offset + (size_t)field->size;
	if (offset > (size_t)record->size || length > (size_t)record->size - offset)
		return false;
	*bytes = (const char *)record->data + offset;
	*size = length;
	return true;
}

static void bytes_to_text(const struct tep_format_field *field, const char *bytes, size_t size,
			  char *text)
{
	size_t i, at = 0;

	if (field->flags & TEP_FIELD_IS_STRING) {
		snprintf(text, TEXT_SIZE, "%.*s", (int)(size < TEXT_SIZE ? size : TEXT_SIZE), bytes);
		return;
	}
	text[0] = '\0';
	for (i = 0; i < size && at < TEXT_SIZE - 3; i++)
		at += (size_t)snprintf(text + at, TEXT_SIZE - at, "%02x", (unsigned char)bytes[i]);
}

static void hand_on(struct tep_format_field *field, const struct tep_record *record,
		    value_handler handler, void *data)
{
	struct value value = { .name = field->name };
	unsigned long long number;
	char text[TEXT_SIZE];
	const char *bytes;
	size_t size;

	if (field->flags & (TEP_FIELD_IS_ARRAY | TEP_FIELD_IS_STRING | TEP_FIELD_IS_DYNAMIC)) {
		if (!find_bytes(field, record, &bytes, &size))
			return;
		bytes_to_text(field, bytes, size, text);
		value.type = VALUE_TEXT;
		value.text = text;
	} else if (!record_number(field, record, &number)) {
		return;
	} else if (field->flags & TEP_FIELD_IS_SIGNED) {
		unsigned int shift = field->size < 8 ? 64 - 8 * (unsigned int)field->size : 0;

		value.type = VALUE_SIGNED;
		value.s = (int64_t)(number << shift) >> shift;
	} else {
		value.type = VALUE_UNSIGNED;
		value.u = number;
	}
	handler(data, &value);
}

void record_values(const struct tep_event *event, const struct tep_record *record,
		   value_handler handler, void *data)
{
	struct tep_format_field *field;

	for (field = event->format.fields; field; field = field->next)
		hand_on(field, record, handler, data);
}
