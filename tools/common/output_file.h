/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Output files that are whole or not there: they get their name at the end.
 */
#ifndef COMMON_OUTPUT_FILE_H
#define COMMON_OUTPUT_FILE_H

#include <stdbool.h>
#include <stdio.h>

/**
 * struct output_file - a file that is being written
 * @file: the stream to write to
 * @path: its name, NULL for standard output
 */
struct output_file {
	FILE *file;
	char *path;
	char *temporary;
	/* private: */
	int note;
};

/**
 * output_begin() - begin a file
 * @output: set
 * @path: its name, NULL for standard output
 *
 * Return: NULL, or what is wrong, to be freed.
 */
char *output_begin(struct output_file *output, const char *path);

/**
 * output_end() - give the file its name
 * @output: the file; may be used no more
 * @keep: false to remove it instead
 *
 * Return: NULL, or what is wrong, to be freed.
 */
char *output_end(struct output_file *output, bool keep);

#endif
