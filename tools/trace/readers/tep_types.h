/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The kernel's events in files that describe them as tracefs does.
 */
#ifndef TRACE_TEP_TYPES_H
#define TRACE_TEP_TYPES_H

#include <event-parse.h>

#include "readers/event.h"

/**
 * struct tep_type - a type of event
 * @event: what libtraceevent knows of it, NULL if the file does not describe it
 * @kind: what the analysis takes from it
 * @fields: those of its fields that are read; which ones depends on the kind
 */
struct tep_type {
	struct tep_event *event;
	enum event_kind kind;
	struct tep_format_field *fields[8];
};

/**
 * struct tep_types - the types of a file
 * @list: by their numbers in the file
 * @count: length of the list
 */
struct tep_types {
	struct tep_type *list;
	size_t count;
};

/**
 * tep_types_learn() - find the types and their fields
 * @types: set to all types
 * @tep: what describes them
 *
 * Return: NULL, or what is wrong, to be freed.
 */
char *tep_types_learn(struct tep_types *types, struct tep_handle *tep);

/**
 * tep_types_find() - the type of a number
 * @types: the types
 * @id: the number, which may be any
 *
 * Return: the type; one without an event if the number is of none.
 */
const struct tep_type *tep_types_find(const struct tep_types *types, int id);

/**
 * tep_type_take() - read what the analysis takes from an event of its kind
 * @type: its type
 * @record: the event
 * @event: set to that
 */
void tep_type_take(const struct tep_type *type, const struct tep_record *record,
		   struct event *event);

/**
 * tep_types_free() - free what is in it
 * @types: the types
 */
void tep_types_free(struct tep_types *types);

#endif
