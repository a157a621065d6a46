/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Fields of events as libtraceevent has them.
 */
#ifndef TRACE_TEP_FIELDS_H
#define TRACE_TEP_FIELDS_H

#include <event-parse.h>

#include "readers/event.h"

/**
 * record_number() - value of an integer field
 * @field: the field, or NULL
 * @record: the event
 * @value: set to its value
 *
 * Return: false if there is no such field, or if the event is too short for it.
 */
bool record_number(struct tep_format_field *field, const struct tep_record *record,
		   unsigned long long *value);

/**
 * record_values() - hand on all fields of an event
 * @event: its type
 * @record: the event
 * @handler: called for each
 * @data: for @handler
 */
void record_values(const struct tep_event *event, const struct tep_record *record,
		   value_handler handler, void *data);

#endif
