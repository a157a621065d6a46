// SPDX-License-Identifier: GPL-2.0
/*
 * Messages that several commands have, and JSON.
 */
#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

#include "clocktrace.h"
#include "output.h"

int try_help(const char *command)
{
	fprintf(stderr, "Try 'clocktrace %s%s--help'.\n", command ? command : "",
		command ? " " : "");
	return STATUS_UNUSABLE;
}

int print_version(const char *command)
{
	printf("clocktrace%s%s " CLOCKTRACE_VERSION "\n", command ? " " : "",
	       command ? command : "");
	return STATUS_YES;
}

const char *directory_name(const char *option, const char *text)
{
	if (!*text)
		die("%s needs a name", option);
	return text;
}

bool clock_is_missing(void)
{
	return errno == EINVAL || errno == ENOSYS;
}

int clock_failure(void)
{
	if (clock_is_missing()) {
		complain(
			"this kernel does not have CLOCK_TRACE (%s)\n"
			"    Boot a kernel with the CLOCK_TRACE patches and CONFIG_CLOCK_TRACE=y;\n"
			"    'clocktrace read --fallback' reads CLOCK_MONOTONIC until then.",
			strerror(errno));
		return STATUS_UNUSABLE;
	}
	complain("cannot read CLOCK_TRACE: %s", strerror(errno));
	return STATUS_UNUSABLE;
}

void print_json(struct json_object *object)
{
	puts(json_object_to_json_string_ext(object, JSON_C_TO_STRING_PLAIN));
	json_object_put(object);
}
