// SPDX-License-Identifier: GPL-2.0
/*
 * Messages, and the end of the program.
 */
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/message.h"

static const char *program = "clocktrace";

void message_program(const char *name)
{
	program = name;
}

/* What is quoted may come from a file, and must not steer a terminal. */
static void print(const char *format, va_list arguments)
{
	char *text;
	size_t i;

	if (vasprintf(&text, format, arguments) < 0)
		text = NULL;
	fprintf(stderr, "%s: ", program);
	for (i = 0; text && text[i]; i++) {
		if (iscntrl((unsigned char)text[i]) && text[i] != '\n')
			fprintf(stderr, "\\x%02x", (unsigned char)text[i]);
		else
			fputc(text[i], stderr);
	}
	fputc('\n', stderr);
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
