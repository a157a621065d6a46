// SPDX-License-Identifier: GPL-2.0
/* The results for scripts, see report.h. */
#include <json-c/json.h>
#include <stdio.h>

#include "cpu_name.h"
#include "json_results.h"
#include "limits.h"
#include "report.h"
#include "util.h"

static json_object *row_to_json(const struct result *row)
{
	json_object *object = json_checked(json_object_new_object());

	json_add_string(object, "abi", abi_name(row->abi));
	json_add_string(object, "image", row->image);
	json_add_string(object, "clock", row->clock);
	json_add_string(object, "mode", mode_name(row->mode));
	json_add_string(object, "unit", "ticks");
	json_add_number(object, "median", row->median, "%.2f");
	json_add_number(object, "p10", row->p10, "%.2f");
	json_add_number(object, "p90", row->p90, "%.2f");
	/* What the limits are judged by, to as many digits as their values need */
	json_add_number(object, "mean", row->mean, "%.6f");
	json_add_integer(object, "rounds", row->nr_ticks);
	return object;
}

static json_object *limit_to_json(const struct limit *limit)
{
	json_object *object = json_checked(json_object_new_object());

	json_add_string(object, "name", limit->name);
	json_add_number(object, "value", limit->value, "%.4f");
	json_add_number(object, "spread", limit->spread, "%.4f");
	json_add_number(object, "limit", limit->limit, "%.2f");
	json_add_string(object, "verdict", limit_verdict(limit));
	json_add_boolean(object, "held", limit_is_held(limit));
	return object;
}

static json_object *count_to_json(const struct count *count)
{
	json_object *object = json_checked(json_object_new_object());

	json_add_string(object, "abi", abi_name(count->abi));
	json_add_string(object, "image", count->image);
	json_add_string(object, "entry", count->entry);
	json_add_string(object, "clock", count->clock);
	json_add_boolean(object, "fallback", count->fallback);
	json_add_integer(object, "instructions", count->instructions);
	json_add_integer(object, "system_calls", count->system_calls);
	json_add_integer(object, "callee_saved_pushes", count->callee_saved_pushes);
	json_add_integer(object, "multiplications", count->multiplications);
	json_add_integer(object, "divisions", count->divisions);
	json_add_integer(object, "repeated", count->repeated);
	return object;
}

static json_object *counts_to_json(const struct results *results)
{
	json_object *counts = json_checked(json_object_new_array());
	size_t i;

	for (i = 0; i < results->nr_counts; i++)
		json_append(counts, count_to_json(&results->counts[i]));
	return counts;
}

void report_json(const struct results *results, const char *path)
{
	json_object *root = json_checked(json_object_new_object());
	json_object *rows = json_checked(json_object_new_array());
	json_object *limits = json_checked(json_object_new_array());
	size_t i;

	for (i = 0; i < results->nr_rows; i++) {
		if (results->rows[i].nr_ticks)
			json_append(rows, row_to_json(&results->rows[i]));
	}
	for (i = 0; i < results->nr_limits; i++)
		json_append(limits, limit_to_json(&results->limits[i]));

	json_add_string(root, "cpu", cpu_name());
	json_add_integer(root, "tsc_hz", results->tsc_hz);
	json_add(root, "rows", rows);
	json_add(root, "counts", counts_to_json(results));
	json_add(root, "limits", limits);
	json_write(root, path);
}

void report_counts_json(const struct results *results, const char *path)
{
	json_object *root = json_checked(json_object_new_object());

	json_add_string(root, "cpu", cpu_name());
	json_add(root, "counts", counts_to_json(results));
	json_write(root, path);
}
