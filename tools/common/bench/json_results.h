/* SPDX-License-Identifier: GPL-2.0 */
/* Results as JSON. Where memory is short, all of these exit with a message. */
#ifndef BENCH_JSON_RESULTS_H
#define BENCH_JSON_RESULTS_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stdint.h>

/**
 * json_checked() - make sure that an object was made
 * @object:	what json-c returned
 *
 * Return: @object.
 */
json_object *json_checked(json_object *object);

void json_add(json_object *object, const char *key, json_object *value);
void json_add_string(json_object *object, const char *key, const char *value);
void json_add_integer(json_object *object, const char *key, int64_t value);
void json_add_boolean(json_object *object, const char *key, bool value);
void json_append(json_object *array, json_object *value);

/**
 * json_add_number() - add a number, rounded to what the measurement can tell
 * @object:	where to
 * @key:	its name
 * @value:	the number; null is added if it is not finite, as there is none then
 * @format:	as for printf(), for one double
 */
void json_add_number(json_object *object, const char *key, double value, const char *format);

/**
 * json_write() - write a document, and put it
 * @root:	the document
 * @path:	a file that is replaced as a whole; NULL: standard output
 */
void json_write(json_object *root, const char *path);

#endif /* BENCH_JSON_RESULTS_H */
