/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Read traces of LTTng that were recorded with CLOCK_TRACE, with libbabeltrace2.
 */
#ifndef GUEST_CHECK_CTF_H
#define GUEST_CHECK_CTF_H

#include <stdbool.h>
#include <stdint.h>

#include <babeltrace2/babeltrace.h>

/**
 * struct ctf_event - an event
 * @name: its name
 * @cpu: the CPU that it is of
 * @time: the clock's value, without the offset to the time of day
 * @lost_before: its stream has lost events since the last one
 * @payload: its fields, NULL if there are none
 * @context: the fields that "lttng add-context" has added, NULL if there are none
 */
struct ctf_event {
	const char *name;
	uint64_t cpu;
	uint64_t time;
	bool lost_before;
	const bt_field *payload;
	const bt_field *context;
};

/**
 * typedef ctf_handler - what is called for each event
 * @data: as given to ctf_read()
 * @event: valid until the function returns
 */
typedef void (*ctf_handler)(void *data, const struct ctf_event *event);

/**
 * ctf_read() - read all traces below a directory, merged, in the order of time
 * @path: the directory, as LTTng has written it
 * @handler: called for each event
 * @data: for @handler
 *
 * Ends the program if there is no trace, if one cannot be read, or if one is of another
 * clock than CLOCK_TRACE or of more than one epoch of it.
 */
void ctf_read(const char *path, ctf_handler handler, void *data);

/**
 * ctf_number() - value of an integer field
 * @fields: the fields, or NULL
 * @name: name of the one
 * @value: set to its value, of a signed one modulo 2^64
 *
 * Return: false if there is no such field.
 */
bool ctf_number(const bt_field *fields, const char *name, uint64_t *value);

#endif
