// SPDX-License-Identifier: GPL-2.0
/*
 * Fields of events as libbabeltrace2 has them: a structure of structures is handed on
 * flat, and an array becomes a text.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "readers/ctf/fields.h"

#define NAME_SIZE 128
#define TEXT_SIZE 1024
#define DEPTH_MAX 8

struct text {
	char data[TEXT_SIZE];
	size_t size;
};

static const bt_field *member(const bt_field *fields, const char *name)
{
	if (!fields || bt_field_get_class_type(fields) != BT_FIELD_CLASS_TYPE_STRUCTURE)
		return NULL;
	return bt_field_structure_borrow_member_field_by_name_const(fields, name);
}

static bool number_of(const bt_field *field, uint64_t *value)
{
	bt_field_class_type type = bt_field_get_class_type(field);

	if (bt_field_class_type_is(type, BT_FIELD_CLASS_TYPE_UNSIGNED_INTEGER))
		*value = bt_field_integer_unsigned_get_value(field);
	else if (bt_field_class_type_is(type, BT_FIELD_CLASS_TYPE_SIGNED_INTEGER))
		*value = (uint64_t)bt_field_integer_signed_get_value(field);
	else
		return false;
	return true;
}

struct ctf_member ctf_find(const bt_field_class *class, const char *name)
{
	const bt_field_class *found;
	bt_field_class_type type;
	uint64_t count, i;

	if (!class || bt_field_class_get_type(class) != BT_FIELD_CLASS_TYPE_STRUCTURE)
		return (struct ctf_member){ 0, MEMBER_NONE };
	count = bt_field_class_structure_get_member_count(class);
	for (i = 0; i < count; i++) {
		const bt_field_class_structure_member *member =
			bt_field_class_structure_borrow_member_by_index_const(class, i);

		if (strcmp(bt_field_class_structure_member_get_name(member), name))
			continue;
		found = bt_field_class_structure_member_borrow_field_class_const(member);
		type = bt_field_class_get_type(found);
		if (bt_field_class_type_is(type, BT_FIELD_CLASS_TYPE_UNSIGNED_INTEGER))
			return (struct ctf_member){ i, MEMBER_UNSIGNED };
		if (bt_field_class_type_is(type, BT_FIELD_CLASS_TYPE_SIGNED_INTEGER))
			return (struct ctf_member){ i, MEMBER_SIGNED };
		break;
	}
	return (struct ctf_member){ 0, MEMBER_NONE };
}

bool ctf_number(const bt_field *fields, struct ctf_member member, uint64_t *value)
{
	const bt_field *field;

	if (!fields || member.type == MEMBER_NONE)
		return false;
	field = bt_field_structure_borrow_member_field_by_index_const(fields, member.index);
	*value = member.type == MEMBER_UNSIGNED ?
			 bt_field_integer_unsigned_get_value(field) :
			 (uint64_t)bt_field_integer_signed_get_value(field);
	return true;
}

__attribute__((format(printf, 2, 3))) static void append(struct text *text,
							 const char *format, ...)
{
	va_list arguments;
	int size;

	va_start(arguments, format);
	size = vsnprintf(text->data + text->size, TEXT_SIZE - text->size, format, arguments);
	va_end(arguments);
	if (size > 0)
		text->size += (size_t)size;
	if (text->size >= TEXT_SIZE)
		text->size = TEXT_SIZE - 1;
}

static void append_field(struct text *text, const bt_field *field, unsigned int depth);

/* Arrays of small integers are how LTTng writes names, and end with a 0. */
static void append_array(struct text *text, const bt_field *field, unsigned int depth)
{
	uint64_t length = bt_field_array_get_length(field), i;

	append(text, "[");
	for (i = 0; i < length && text->size < TEXT_SIZE - 1; i++) {
		append(text, i ? ", " : "");
		append_field(text, bt_field_array_borrow_element_field_by_index_const(field, i),
			     depth + 1);
	}
	append(text, "]");
}

static void append_field(struct text *text, const bt_field *field, unsigned int depth)
{
	bt_field_class_type type = bt_field_get_class_type(field);
	uint64_t value;

	if (depth > DEPTH_MAX)
		append(text, "...");
	else if (bt_field_class_type_is(type, BT_FIELD_CLASS_TYPE_SIGNED_INTEGER))
		append(text, "%" PRId64, bt_field_integer_signed_get_value(field));
	else if (number_of(field, &value))
		append(text, "%" PRIu64, value);
	else if (type == BT_FIELD_CLASS_TYPE_STRING)
		append(text, "%s", bt_field_string_get_value(field));
	else if (type == BT_FIELD_CLASS_TYPE_DOUBLE_PRECISION_REAL)
		append(text, "%.17g", bt_field_real_double_precision_get_value(field));
	else if (type == BT_FIELD_CLASS_TYPE_SINGLE_PRECISION_REAL)
		append(text, "%.9g", (double)bt_field_real_single_precision_get_value(field));
	else if (bt_field_class_type_is(type, BT_FIELD_CLASS_TYPE_ARRAY))
		append_array(text, field, depth);
	else if (bt_field_class_type_is(type, BT_FIELD_CLASS_TYPE_VARIANT))
		append_field(text, bt_field_variant_borrow_selected_option_field_const(field),
			     depth + 1);
	else
		append(text, "?");
}

bool ctf_text(const bt_field *fields, const char *name, char *text, size_t size)
{
	const bt_field *field = member(fields, name);
	bt_field_class_type type;
	uint64_t length, value, i;

	if (!field)
		return false;
	type = bt_field_get_class_type(field);
	memset(text, 0, size);
	if (type == BT_FIELD_CLASS_TYPE_STRING) {
		snprintf(text, size, "%s", bt_field_string_get_value(field));
		return true;
	}
	if (!bt_field_class_type_is(type, BT_FIELD_CLASS_TYPE_ARRAY))
		return false;
	length = bt_field_array_get_length(field);
	for (i = 0; i < length && i < size; i++) {
		if (!number_of(bt_field_array_borrow_element_field_by_index_const(field, i),
			       &value))
			return false;
		text[i] = (char)value;
	}
	return true;
}

struct walk {
	bool context;
	value_handler handler;
	void *data;
};

static void hand_on(const struct walk *walk, const char *name, const bt_field *field,
		    unsigned int depth);

static void hand_on_structure(const struct walk *walk, const char *name,
			      const bt_field *field, unsigned int depth)
{
	const bt_field_class *class = bt_field_borrow_class_const(field);
	uint64_t count = bt_field_class_structure_get_member_count(class), i;
	char path[NAME_SIZE];

	for (i = 0; i < count; i++) {
		const char *own = bt_field_class_structure_member_get_name(
			bt_field_class_structure_borrow_member_by_index_const(class, i));

		if (*name)
			snprintf(path, sizeof(path), "%s.%s", name, own);
		hand_on(walk, *name ? path : own,
			bt_field_structure_borrow_member_field_by_index_const(field, i),
			depth + 1);
	}
}

/* The lengths of sequences are fields of their own that tell nothing. */
static bool is_length(const char *name)
{
	size_t size = strlen(name);

	return *name == '_' && size > 8 && !strcmp(name + size - 7, "_length");
}

static void hand_on(const struct walk *walk, const char *name, const bt_field *field,
		    unsigned int depth)
{
	bt_field_class_type type = bt_field_get_class_type(field);
	struct value value = { .name = name, .context = walk->context };
	struct text text = { .size = 0 };

	if (depth > DEPTH_MAX || is_length(name))
		return;
	if (type == BT_FIELD_CLASS_TYPE_STRUCTURE) {
		hand_on_structure(walk, name, field, depth);
		return;
	}
	if (bt_field_class_type_is(type, BT_FIELD_CLASS_TYPE_VARIANT)) {
		hand_on(walk, name, bt_field_variant_borrow_selected_option_field_const(field),
			depth + 1);
		return;
	}
	if (bt_field_class_type_is(type, BT_FIELD_CLASS_TYPE_SIGNED_INTEGER)) {
		value.type = VALUE_SIGNED;
		value.s = bt_field_integer_signed_get_value(field);
	} else if (number_of(field, &value.u)) {
		value.type = VALUE_UNSIGNED;
	} else if (type == BT_FIELD_CLASS_TYPE_STRING) {
		value.type = VALUE_TEXT;
		value.text = bt_field_string_get_value(field);
	} else if (type == BT_FIELD_CLASS_TYPE_DOUBLE_PRECISION_REAL) {
		value.type = VALUE_REAL;
		value.real = bt_field_real_double_precision_get_value(field);
	} else {
		text.data[0] = '\0';
		append_field(&text, field, 0);
		value.type = VALUE_TEXT;
		value.text = text.data;
	}
	walk->handler(walk->data, &value);
}

void ctf_values(const bt_field *fields, bool context, value_handler handler, void *data)
{
	const struct walk walk = { context, handler, data };

	if (fields && bt_field_get_class_type(fields) == BT_FIELD_CLASS_TYPE_STRUCTURE)
		hand_on_structure(&walk, "", fields, 0);
}
