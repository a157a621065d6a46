/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Fields of events as libbabeltrace2 has them.
 */
#ifndef TRACE_CTF_FIELDS_H
#define TRACE_CTF_FIELDS_H

#include <babeltrace2/babeltrace.h>

#include "readers/event.h"

enum ctf_member_type {
	MEMBER_NONE,
	MEMBER_UNSIGNED,
	MEMBER_SIGNED,
};

/**
 * struct ctf_member - where an integer is in a structure
 * @index: its number
 * @type: %MEMBER_NONE if it is not there
 */
struct ctf_member {
	uint64_t index;
	enum ctf_member_type type;
};

/**
 * ctf_find() - find an integer in a class of structures
 * @class: the class, or NULL
 * @name: name of the integer
 *
 * What libbabeltrace2 searches by name costs more than to decode the event, so this is
 * done once for each class.
 */
struct ctf_member ctf_find(const bt_field_class *class, const char *name);

/**
 * ctf_number() - value of an integer
 * @fields: the structure, or NULL
 * @member: where it is in there
 * @value: set to its value, of a signed one modulo 2^64
 *
 * Return: false if there is none.
 */
bool ctf_number(const bt_field *fields, struct ctf_member member, uint64_t *value);

/**
 * ctf_text() - value of a field that holds a text
 * @fields: the fields, or NULL
 * @name: name of the one
 * @text: set to its beginning
 * @size: of @text; what is not used is filled with zeros
 *
 * Return: false if there is no such field.
 */
bool ctf_text(const bt_field *fields, const char *name, char *text, size_t size);

/**
 * ctf_values() - hand on all fields of a structure
 * @fields: the structure, or NULL
 * @context: they are of the context
 * @handler: called for each
 * @data: for @handler
 */
void ctf_values(const bt_field *fields, bool context, value_handler handler, void *data);

#endif
