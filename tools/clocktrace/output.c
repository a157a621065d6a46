// SPDX-License-Identifier: GPL-2.0
#include <ctype.h>
#include <errno.h>
#include <json-c/json.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clocktrace.h"
#include "output.h"

/* Why the first write that failed did so; later ones may fail for reasons that tell less. */
static int write_error;

/* What is quoted in a message may come from anywhere, and must not steer a terminal. */
static void put_message(const char *message)
{
	for (; *message; message++) {
		if (iscntrl((unsigned char)*message) && *message != '\n')
			fprintf(stderr, "\\x%02x", (unsigned char)*message);
		else
			fputc(*message, stderr);
	}
}

void complain(const char *format, ...)
{
	va_list args;
	char *message;

	va_start(args, format);
	if (vasprintf(&message, format, args) < 0)
		message = NULL;
	va_end(args);
	fputs("clocktrace: ", stderr);
	put_message(message ? message : format);
	fputc('\n', stderr);
	free(message);
}

int try_help(const char *command)
{
	fprintf(stderr, "Try 'clocktrace %s%s--help'.\n", command ? command : "",
		command ? " " : "");
	return STATUS_USAGE;
}

int clock_failure(void)
{
	if (errno == EINVAL || errno == ENOSYS) {
		complain(
			"this kernel does not have CLOCK_TRACE (%s).\n"
			"Boot a kernel with the CLOCK_TRACE patches and CONFIG_CLOCK_TRACE=y;\n"
			"'clocktrace read --fallback' reads CLOCK_MONOTONIC until then.",
			strerror(errno));
		return STATUS_NO_CLOCK;
	}
	complain("cannot read CLOCK_TRACE: %s", strerror(errno));
	return STATUS_FAILED;
}

void print_json(struct json_object *object)
{
	puts(json_object_to_json_string_ext(object, JSON_C_TO_STRING_PLAIN));
	json_object_put(object);
}

bool flush_output(void)
{
	if (!fflush(stdout) && !ferror(stdout))
		return true;
	if (!write_error)
		write_error = errno;
	return false;
}

int close_output(int status)
{
	bool written = flush_output();

	if (fclose(stdout) && written) {
		write_error = errno;
		written = false;
	}
	if (written)
		return status;
	complain("cannot write to standard output: %s", strerror(write_error));
	return STATUS_FAILED;
}
