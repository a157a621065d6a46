// SPDX-License-Identifier: GPL-2.0
/*
 * The event classes of a trace in the Common Trace Format that is being written.
 */
#include <ctype.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/array.h"
#include "common/message.h"
#include "writers/ctf_class.h"

static size_t hash(const char *name, const char *layout)
{
	size_t value = 14695981039346656037u;

	for (; *name; name++)
		value = (value ^ (unsigned char)*name) * 1099511628211u;
	for (; *layout; layout++)
		value = (value ^ (unsigned char)*layout) * 1099511628211u;
	return value >> 16;
}

static void grow(struct ctf_classes *classes)
{
	size_t size = classes->table_size ? 2 * classes->table_size : 64, i, at;

	free(classes->table);
	classes->table = zalloc(size * sizeof(*classes->table));
	classes->table_size = size;
	for (i = 0; i < classes->count; i++) {
		at = hash(classes->list[i].name, classes->list[i].layout) & (size - 1);
		while (classes->table[at])
			at = (at + 1) & (size - 1);
		classes->table[at] = i + 1;
	}
}

static bool is_class(const struct ctf_class *class, const char *name, const char *layout)
{
	return !strcmp(class->name, name) && !strcmp(class->layout, layout);
}

size_t ctf_class_of(struct ctf_classes *classes, const char *name, const char *layout)
{
	size_t *recent = &classes->recent[((uintptr_t)name >> 4) % CTF_RECENT];
	size_t at, i;

	if (*recent < classes->count && is_class(&classes->list[*recent], name, layout))
		return *recent;
	if (2 * classes->count >= classes->table_size)
		grow(classes);
	at = hash(name, layout) & (classes->table_size - 1);
	for (; classes->table[at]; at = (at + 1) & (classes->table_size - 1)) {
		i = classes->table[at] - 1;
		if (is_class(&classes->list[i], name, layout)) {
			*recent = i;
			return i;
		}
	}
	i = classes->count++;
	classes->list = array_room(classes->list, i, sizeof(*classes->list));
	classes->list[i] = (struct ctf_class){ text_of("%s", name), text_of("%s", layout) };
	classes->table[at] = i + 1;
	*recent = i;
	return i;
}

/* Any bytes as the name of a field: what no name can hold becomes "_". */
static void print_name(FILE *file, const char *name, size_t size)
{
	size_t i;

	/* One "_" in front, which readers take away again, keeps keywords apart. */
	putc('_', file);
	for (i = 0; i < size; i++)
		putc(isalnum((unsigned char)name[i]) ? name[i] : '_', file);
}

static void print_string(FILE *file, const char *text)
{
	putc('"', file);
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			putc('\\', file);
		if ((unsigned char)*text >= 0x20)
			putc(*text, file);
	}
	putc('"', file);
}

static const char *type_of(char letter)
{
	switch (letter) {
	case 'u':
		return "u64";
	case 's':
		return "s64";
	case 'd':
		return "f64";
	default:
		return "string";
	}
}

static void print_fields(FILE *file, const char *at, const char *limit)
{
	const char *end;

	for (; at < limit; at = end + 1) {
		end = strchr(at, ' ');
		fprintf(file, "\t\t%s ", type_of(*at));
		print_name(file, at + 1, (size_t)(end - at - 1));
		fputs(";\n", file);
	}
}

static void print_class(FILE *file, const struct ctf_class *class, size_t number)
{
	const char *bar = strchr(class->layout, '|');

	fputs("event {\n\tname = ", file);
	print_string(file, class->name);
	fprintf(file, ";\n\tid = %zu;\n\tstream_id = 0;\n", number);
	if (bar != class->layout) {
		fputs("\tcontext := struct {\n", file);
		print_fields(file, class->layout, bar);
		fputs("\t};\n", file);
	}
	fputs("\tfields := struct {\n", file);
	print_fields(file, bar + 1, bar + strlen(bar));
	fputs("\t};\n};\n\n", file);
}

void ctf_classes_print(const struct ctf_classes *classes, FILE *file)
{
	size_t i;

	for (i = 0; i < classes->count; i++)
		print_class(file, &classes->list[i], i);
}

void ctf_classes_free(struct ctf_classes *classes)
{
	size_t i;

	for (i = 0; i < classes->count; i++) {
		free(classes->list[i].name);
		free(classes->list[i].layout);
	}
	free(classes->list);
	free(classes->table);
}
