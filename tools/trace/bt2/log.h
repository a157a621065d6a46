/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Messages of the components to the user, and errors to Babeltrace.
 */
#ifndef TRACE_BT2_LOG_H
#define TRACE_BT2_LOG_H

#include <babeltrace2/babeltrace.h>

/**
 * log_enter() - from now on, complain() speaks for this component
 * @component: the component
 *
 * Its messages are warnings, and printed where the component's logging level says so.
 */
void log_enter(bt_self_component *component);

/**
 * log_leave() - the component ends
 * @component: the component
 */
void log_leave(const bt_self_component *component);

/**
 * log_info() - print a message that is no warning
 * @component: the component
 * @format: as for printf(), without a newline
 */
__attribute__((format(printf, 2, 3))) void log_info(bt_self_component *component,
						    const char *format, ...);

/**
 * log_error() - append a cause to the error of the current thread
 * @component: the component
 * @text: what is wrong; it is freed
 */
#define log_error(component, text) log_error_at(component, __FILE__, __LINE__, text)

void log_error_at(bt_self_component *component, const char *file, unsigned int line, char *text);

#endif
