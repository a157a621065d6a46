// SPDX-License-Identifier: GPL-2.0
/* JSON that must not fail, see json_results.h. */
#include <math.h>
#include <stdio.h>

#include "json_results.h"
#include "output_file.h"
#include "util.h"

json_object *json_checked(json_object *object)
{
	if (!object)
		fatal("out of memory");
	return object;
}

void json_add(json_object *object, const char *key, json_object *value)
{
	if (json_object_object_add(object, key, value))
		fatal("out of memory");
}

void json_add_string(json_object *object, const char *key, const char *value)
{
	json_add(object, key, json_checked(json_object_new_string(value)));
}

void json_add_integer(json_object *object, const char *key, int64_t value)
{
	json_add(object, key, json_checked(json_object_new_int64(value)));
}

/* Rounded to what the measurement can tell; null where there is no number */
void json_add_number(json_object *object, const char *key, double value, const char *format)
{
	char text[64];

	if (!isfinite(value)) {
		json_add(object, key, NULL);
		return;
	}
	snprintf(text, sizeof(text), format, value);
	json_add(object, key, json_checked(json_object_new_double_s(value, text)));
}

void json_add_boolean(json_object *object, const char *key, bool value)
{
	json_add(object, key, json_checked(json_object_new_boolean(value)));
}

void json_append(json_object *array, json_object *value)
{
	if (json_object_array_add(array, value))
		fatal("out of memory");
}

static void print_json(json_object *root, FILE *file)
{
	const char *text = json_object_to_json_string_ext(root, JSON_C_TO_STRING_PRETTY |
							  JSON_C_TO_STRING_SPACED |
							  JSON_C_TO_STRING_NOSLASHESCAPE);

	if (!text)
		fatal("out of memory");
	fprintf(file, "%s\n", text);
}

void json_write(json_object *root, const char *path)
{
	struct output_file output;

	if (path) {
		output_file_open(&output, path);
		print_json(root, output.file);
		output_file_close(&output);
	} else {
		print_json(root, stdout);
	}
	json_object_put(root);
}
