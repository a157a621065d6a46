// SPDX-License-Identifier: GPL-2.0
/*
 * All formats: a new one is added here.
 */
#include <stdlib.h>

#include "readers/reader.h"

static const struct reader_class *const classes[] = {
	&ctf_reader,
	&trace_cmd_reader,
	&perf_reader,
	&samples_reader,
	&saved_reader,
};

const struct reader_class *reader_find(const char *path, bool is_directory)
{
	size_t i;

	for (i = 0; i < sizeof(classes) / sizeof(classes[0]); i++)
		if (classes[i]->probe(path, is_directory))
			return classes[i];
	return NULL;
}

void reader_free(struct reader *reader)
{
	free(reader->path);
	free(reader->clock);
	free(reader->host);
	free(reader->sections);
	free(reader->error);
	free(reader);
}
