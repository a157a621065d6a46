/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The event classes of a trace in the Common Trace Format that is being written: they are
 * found as the events come.
 */
#ifndef TRACE_CTF_CLASS_H
#define TRACE_CTF_CLASS_H

#include <stdio.h>

#include "readers/event.h"

#define CTF_FIELDS_MAX 64

/**
 * struct ctf_class - an event class
 * @name: name of its events
 * @layout: names and types of its fields, which tell it from others
 */
struct ctf_class {
	char *name;
	char *layout;
};

#define CTF_RECENT 64

/**
 * struct ctf_classes - the classes of a trace; the index is the number in the events
 * @list: the classes
 * @count: their number
 */
struct ctf_classes {
	struct ctf_class *list;
	size_t count;
	size_t *table;
	size_t table_size;
	/* private: the last class of a name, by the address of the name */
	size_t recent[CTF_RECENT];
};

/**
 * ctf_class_of() - the class of an event
 * @classes: the classes, to which it is added if it is new
 * @name: name of the event
 * @layout: the fields of its context, a "|", and its own: for each the letter of its type
 *	and its name, ended by a space
 *
 * Return: its number.
 */
size_t ctf_class_of(struct ctf_classes *classes, const char *name, const char *layout);

/**
 * ctf_classes_print() - write the metadata of all classes
 * @classes: the classes
 * @file: where to
 */
void ctf_classes_print(const struct ctf_classes *classes, FILE *file);

/**
 * ctf_classes_free() - free what is in it
 * @classes: the classes
 */
void ctf_classes_free(struct ctf_classes *classes);

#endif
