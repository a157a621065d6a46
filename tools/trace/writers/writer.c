// SPDX-License-Identifier: GPL-2.0
/*
 * All forms of output: a new one is added here.
 */
#include <string.h>

#include "common/message.h"
#include "writers/writer.h"

static const struct writer_class *const classes[] = {
	&text_writer, &json_writer, &ctf_writer, &perfetto_writer, &html_writer, &svg_writer,
};

#define NR_CLASSES (sizeof(classes) / sizeof(classes[0]))

const struct writer_class *writer_by_name(const char *name)
{
	size_t i;

	for (i = 0; i < NR_CLASSES; i++)
		if (!strcmp(classes[i]->name, name))
			return classes[i];
	return NULL;
}

const struct writer_class *writer_by_path(const char *path)
{
	size_t length = strlen(path), i;

	for (i = 0; i < NR_CLASSES; i++) {
		size_t size = strlen(classes[i]->suffix);

		if (size && length > size && !strcmp(path + length - size, classes[i]->suffix))
			return classes[i];
	}
	return &ctf_writer;
}

const char *certainty_text(const struct placed *placed)
{
	if (placed->is_bounded)
		return "bounded";
	switch (placed->certainty) {
	case CLOCKTRACE_KNOWN:
		return "known";
	case CLOCKTRACE_ASSUMED:
		return "assumed";
	case CLOCKTRACE_GUESSED:
		return "guessed";
	default:
		return "unknown";
	}
}

char *party_title(const struct timeline *timeline, size_t party)
{
	const struct party *of = &timeline->parties[party];

	if (!timeline->has_several_hosts || of->is_host)
		return text_of("%s", of->name);
	return text_of("%s on %s", of->name, timeline->parties[of->home].name);
}
