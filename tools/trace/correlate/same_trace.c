// SPDX-License-Identifier: GPL-2.0
/*
 * Traces that the user names twice, under whatever name: they would be two machines of one VM.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/array.h"
#include "common/message.h"
#include "correlate/same_trace.h"
#include "readers/fingerprint.h"

/* What two arguments are compared by */
struct identity_of_argument {
	struct stat status;
	char *real;
	uint64_t fingerprint;
};

static bool is_below(const char *path, const char *directory)
{
	size_t size = strlen(directory);

	return !strncmp(path, directory, size) && (path[size] == '/' || size == 1);
}

static char *refuse_pair(const char *path, const struct identity_of_argument *one,
			 const char *other_path, const struct identity_of_argument *other)
{
	if (!one->real || !other->real)
		return NULL;
	if (one->status.st_ino == other->status.st_ino && one->status.st_dev == other->status.st_dev)
		return text_of("%s and %s are the same trace: name it once", path, other_path);
	if (is_below(one->real, other->real))
		return text_of("%s is a part of %s: name it once", path, other_path);
	if (is_below(other->real, one->real))
		return text_of("%s is a part of %s: name it once", other_path, path);
	if (one->fingerprint && one->fingerprint == other->fingerprint)
		return text_of("%s and %s are copies of one trace: name one", path, other_path);
	return NULL;
}

char *refuse_same_traces(const struct trace_argument *arguments, size_t count)
{
	struct identity_of_argument *known = zalloc((count + 1) * sizeof(*known));
	char *error = NULL;
	size_t i, j;

	for (i = 0; i < count && !error; i++) {
		/* Whoever opens it tells what is wrong with it. */
		if (stat(arguments[i].path, &known[i].status))
			continue;
		known[i].real = realpath(arguments[i].path, NULL);
		/* Of two empty files it would say nothing. */
		if (!S_ISREG(known[i].status.st_mode) || known[i].status.st_size)
			known[i].fingerprint = fingerprint_of(arguments[i].path);
		for (j = 0; j < i && !error; j++)
			error = refuse_pair(arguments[j].path, &known[j], arguments[i].path, &known[i]);
	}
	for (i = 0; i < count; i++)
		free(known[i].real);
	free(known);
	return error;
}
