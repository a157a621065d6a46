// SPDX-License-Identifier: GPL-2.0
/*
 * Messages, and the end of the program.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "message.h"

void die(const char *format, ...)
{
	va_list arguments;

	fputs("guest-check: ", stderr);
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
	exit(STATUS_FAILED);
}
