// SPDX-License-Identifier: GPL-2.0
/* What syscall-cost counted in a guest, see syscall_counts.h. */
#include <errno.h>
#include <json-c/json.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "image.h"
#include "syscall_counts.h"
#include "util.h"

const char *syscall_path_name(enum syscall_path path)
{
	static const char *const names[NR_SYSCALL_PATHS] = {
		[SYSCALL_TIME64] = "syscall",
		[SYSCALL_TIME32] = "syscall-time32",
	};

	return names[path];
}

static bool has_text(json_object *row, const char *key, const char *text)
{
	json_object *field;

	return json_object_object_get_ex(row, key, &field) &&
	       json_object_is_type(field, json_type_string) &&
	       !strcmp(json_object_get_string(field), text);
}

/* Return: the cost of the row, or NAN if it is no number of instructions. */
static double cost_of(json_object *row)
{
	json_object *field;
	double cost;

	if (!json_object_object_get_ex(row, "cost", &field) ||
	    (!json_object_is_type(field, json_type_int) &&
	     !json_object_is_type(field, json_type_double)))
		return NAN;
	cost = json_object_get_double(field);
	return cost > 0 ? cost : NAN;
}

static double find_cost(json_object *rows, enum syscall_path path, const char *clock)
{
	json_object *row;
	size_t i;

	for (i = 0; i < json_object_array_length(rows); i++) {
		row = json_object_array_get_idx(rows, i);
		if (has_text(row, "abi", abi_name(ABI_I386)) &&
		    has_text(row, "path", syscall_path_name(path)) &&
		    has_text(row, "clock", clock) && has_text(row, "unit", "instructions"))
			return cost_of(row);
	}
	return NAN;
}

/* json-c gives NULL for the document "null" as well, and then no error. */
static json_object *read_document(const char *file)
{
	json_object *root;

	errno = 0;
	root = json_object_from_file(file);
	if (!root && errno)
		fatal("cannot read %s as output of syscall-cost-i386: %s", file,
		      strerror(errno));
	if (!root)
		fatal("cannot read %s as output of syscall-cost-i386: it is no JSON, or null",
		      file);
	return root;
}

void syscall_counts_init(struct syscall_counts *counts)
{
	enum syscall_state state;
	enum syscall_path path;

	for (path = 0; path < NR_SYSCALL_PATHS; path++) {
		for (state = 0; state < NR_SYSCALL_STATES; state++)
			counts->trace[path][state] = counts->monotonic[path][state] = NAN;
	}
}

void syscall_counts_read(struct syscall_counts *counts, const char *file)
{
	json_object *root, *rows;
	enum syscall_state state;
	enum syscall_path path;
	double trace, monotonic;
	bool any = false;

	root = read_document(file);
	if (!json_object_object_get_ex(root, "rows", &rows) ||
	    !json_object_is_type(rows, json_type_array))
		fatal("%s is no output of syscall-cost-i386: it has no rows", file);
	state = has_text(root, "state", "fallback") ? SYSCALL_FALLBACK : SYSCALL_COUNTER;
	for (path = 0; path < NR_SYSCALL_PATHS; path++) {
		trace = find_cost(rows, path, "CLOCK_TRACE");
		monotonic = find_cost(rows, path, "CLOCK_MONOTONIC");
		counts->trace[path][state] = trace;
		counts->monotonic[path][state] = monotonic;
		any |= !isnan(trace / monotonic);
	}
	if (!any)
		fatal("%s has no instructions of both CLOCK_TRACE and CLOCK_MONOTONIC as i386 system calls: is it of syscall-cost-i386 under 'qemu -icount', on a kernel with CLOCK_TRACE?",
		      file);
	json_object_put(root);
}
