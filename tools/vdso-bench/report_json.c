// SPDX-License-Identifier: GPL-2.0
/* The results for scripts, see report.h. */
#include <json-c/json.h>
#include <math.h>
#include <stdio.h>

#include "cpu_name.h"
#include "output_file.h"
#include "report.h"
#include "util.h"

static json_object *checked(json_object *object)
{
	if (!object)
		fatal("out of memory");
	return object;
}

static void add(json_object *object, const char *key, json_object *value)
{
	if (json_object_object_add(object, key, value))
		fatal("out of memory");
}

static void add_string(json_object *object, const char *key, const char *value)
{
	add(object, key, checked(json_object_new_string(value)));
}

static void add_integer(json_object *object, const char *key, int64_t value)
{
	add(object, key, checked(json_object_new_int64(value)));
}

/* Rounded to what the measurement can tell; null where there is no number */
static void add_number(json_object *object, const char *key, double value, const char *format)
{
	char text[64];

	if (!isfinite(value)) {
		add(object, key, NULL);
		return;
	}
	snprintf(text, sizeof(text), format, value);
	add(object, key, checked(json_object_new_double_s(value, text)));
}

static void add_boolean(json_object *object, const char *key, bool value)
{
	add(object, key, checked(json_object_new_boolean(value)));
}

static void append(json_object *array, json_object *value)
{
	if (json_object_array_add(array, value))
		fatal("out of memory");
}

static json_object *row_to_json(const struct result *row)
{
	json_object *object = checked(json_object_new_object());

	add_string(object, "abi", abi_name(row->abi));
	add_string(object, "image", row->image);
	add_string(object, "clock", row->clock);
	add_string(object, "mode", mode_name(row->mode));
	add_string(object, "unit", "ticks");
	add_number(object, "median", row->median, "%.2f");
	add_number(object, "p10", row->p10, "%.2f");
	add_number(object, "p90", row->p90, "%.2f");
	/* What the limits are judged by, to as many digits as their values need */
	add_number(object, "mean", row->mean, "%.6f");
	add_integer(object, "rounds", row->nr_ticks);
	return object;
}

static json_object *limit_to_json(const struct limit *limit)
{
	json_object *object = checked(json_object_new_object());

	add_string(object, "name", limit->name);
	add_number(object, "value", limit->value, "%.4f");
	add_number(object, "limit", limit->limit, "%.2f");
	add_boolean(object, "held", limit->held);
	return object;
}

static json_object *count_to_json(const struct count *count)
{
	json_object *object = checked(json_object_new_object());

	add_string(object, "abi", abi_name(count->abi));
	add_string(object, "image", count->image);
	add_string(object, "entry", count->entry);
	add_string(object, "clock", count->clock);
	add_boolean(object, "fallback", count->fallback);
	add_integer(object, "instructions", count->instructions);
	add_integer(object, "system_calls", count->system_calls);
	add_integer(object, "callee_saved_pushes", count->callee_saved_pushes);
	add_integer(object, "multiplications", count->multiplications);
	add_integer(object, "divisions", count->divisions);
	add_integer(object, "repeated", count->repeated);
	return object;
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

static void write_json(json_object *root, const char *path)
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

static json_object *counts_to_json(const struct results *results)
{
	json_object *counts = checked(json_object_new_array());
	size_t i;

	for (i = 0; i < results->nr_counts; i++)
		append(counts, count_to_json(&results->counts[i]));
	return counts;
}

void report_json(const struct results *results, const char *path)
{
	json_object *root = checked(json_object_new_object());
	json_object *rows = checked(json_object_new_array());
	json_object *limits = checked(json_object_new_array());
	size_t i;

	for (i = 0; i < results->nr_rows; i++) {
		if (results->rows[i].nr_ticks)
			append(rows, row_to_json(&results->rows[i]));
	}
	for (i = 0; i < results->nr_limits; i++)
		append(limits, limit_to_json(&results->limits[i]));

	add_string(root, "cpu", cpu_name());
	add_integer(root, "tsc_hz", results->tsc_hz);
	add(root, "rows", rows);
	add(root, "counts", counts_to_json(results));
	add(root, "limits", limits);
	write_json(root, path);
}

void report_counts_json(const struct results *results, const char *path)
{
	json_object *root = checked(json_object_new_object());

	add_string(root, "cpu", cpu_name());
	add(root, "counts", counts_to_json(results));
	write_json(root, path);
}
