// SPDX-License-Identifier: GPL-2.0
/*
 * Messages, and the end of the program.
 */
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/message.h"
#include "common/plain.h"

/* A message of several lines has them indented; a line break of what it quotes has not. */
#define BREAK "\n    "

static const char *program = "clocktrace";
static void (*handler)(const char *text);
static bool line_is_shown;

void message_program(const char *name)
{
	program = name;
}

void message_handler(void (*function)(const char *text))
{
	handler = function;
}

void show_line(const char *text)
{
	if (line_is_shown || text)
		fputs("\r\033[K", stderr);
	if (text)
		fputs(text, stderr);
	fflush(stderr);
	line_is_shown = text;
}

static void put(FILE *file, const char *text)
{
	const char *end;

	for (; (end = strstr(text, BREAK)); text = end + strlen(BREAK)) {
		char *line = text_of("%.*s", (int)(end - text), text);

		text_put_plain(file, line);
		fputs(BREAK, file);
		free(line);
	}
	text_put_plain(file, text);
}

/* What is quoted may come from a file, and must not steer a terminal. */
static void print(const char *format, va_list arguments)
{
	char *text, *clean = NULL;
	size_t size;
	FILE *file;

	if (vasprintf(&text, format, arguments) < 0)
		text = NULL;
	file = text ? open_memstream(&clean, &size) : NULL;
	if (file) {
		put(file, text);
		fclose(file);
	}
	if (handler) {
		handler(clean ? clean : "out of memory");
	} else {
		show_line(NULL);
		fprintf(stderr, "%s: %s\n", program, clean ? clean : "out of memory");
	}
	free(clean);
	free(text);
}

void complain(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	print(format, arguments);
	va_end(arguments);
}

void die(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	print(format, arguments);
	va_end(arguments);
	exit(STATUS_UNUSABLE);
}

char *text_of(const char *format, ...)
{
	va_list arguments;
	char *text;

	va_start(arguments, format);
	if (vasprintf(&text, format, arguments) < 0)
		die("out of memory");
	va_end(arguments);
	return text;
}
