// SPDX-License-Identifier: GPL-2.0
/*
 * Messages of the components to the user, and errors to Babeltrace.
 *
 * libbabeltrace2 offers plugins levels of logging for their components and no function to
 * log with, so its own plugins print to standard error, and so does this one.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "bt2/log.h"
#include "common/message.h"

/* What complain() speaks for */
static bt_self_component *current;

static void print(bt_self_component *component, bt_logging_level level, char letter,
		  const char *text)
{
	const bt_component *of = bt_self_component_as_component(component);

	if (bt_component_get_logging_level(of) <= level)
		fprintf(stderr, "%c PLUGIN/CLOCKTRACE [%s] %s\n", letter, bt_component_get_name(of),
			text);
}

static void warn(const char *text)
{
	if (current)
		print(current, BT_LOGGING_LEVEL_WARNING, 'W', text);
}

void log_enter(bt_self_component *component)
{
	current = component;
	message_handler(warn);
}

void log_leave(const bt_self_component *component)
{
	if (current == component)
		current = NULL;
}

void log_info(bt_self_component *component, const char *format, ...)
{
	va_list arguments;
	char *text;

	va_start(arguments, format);
	if (vasprintf(&text, format, arguments) >= 0) {
		print(component, BT_LOGGING_LEVEL_INFO, 'I', text);
		free(text);
	}
	va_end(arguments);
}

void log_error_at(bt_self_component *component, const char *file, unsigned int line, char *text)
{
	/* As BT_CURRENT_THREAD_ERROR_APPEND_CAUSE_FROM_COMPONENT() does */
	bt_current_thread_error_append_cause_from_component(component, file, line, "%s", text);
	free(text);
}
