/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The interface of all writers.
 */
#ifndef TRACE_WRITER_H
#define TRACE_WRITER_H

#include "correlate/timeline.h"

/**
 * struct writer_class - a form of output
 * @name: as the user gives it to --format
 * @suffix: the ending of file names that mean it, "" for none
 * @to_standard_output: without -o it goes there
 * @check: NULL if it can be written to that directory, or why it cannot, to be freed; NULL for
 *	a writer of files
 * @open: begin; NULL with a text in *error, to be freed, if that fails
 * @before: take an event that is early, or NULL
 * @event: write an event; false if there is no sense in going on
 * @close: end, or give up what was written; NULL or what is wrong, to be freed
 */
struct writer_class {
	const char *name;
	const char *suffix;
	bool to_standard_output;
	char *(*check)(const char *path);
	void *(*open)(const char *path, const struct timeline *timeline, char **error);
	void (*before)(void *writer, const struct placed *placed);
	bool (*event)(void *writer, const struct placed *placed);
	char *(*close)(void *writer, bool keep);
};

extern const struct writer_class text_writer;
extern const struct writer_class json_writer;
extern const struct writer_class ctf_writer;
extern const struct writer_class perfetto_writer;
extern const struct writer_class html_writer;
extern const struct writer_class svg_writer;

/**
 * writer_by_name() - the writer of a name
 * @name: as of --format
 *
 * Return: NULL if there is none.
 */
const struct writer_class *writer_by_name(const char *name);

/**
 * writer_by_path() - the writer that the name of a file means
 * @path: the name
 *
 * Return: the CTF writer for a name without a known ending, which is a directory.
 */
const struct writer_class *writer_by_path(const char *path);

/**
 * certainty_text() - how well the place of an event is known, in a word
 * @placed: the event
 */
const char *certainty_text(const struct placed *placed);

/**
 * party_title() - what a machine is called in a picture
 * @timeline: the time line
 * @party: index of the machine
 *
 * Return: its name, and with several hosts that of a guest's host, to be freed.
 */
char *party_title(const struct timeline *timeline, size_t party);

#endif
