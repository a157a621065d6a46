/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Parameters of components.
 */
#ifndef TRACE_BT2_PARAMETERS_H
#define TRACE_BT2_PARAMETERS_H

#include <babeltrace2/babeltrace.h>

/**
 * parameters_check() - does the user give what there is, and no more?
 * @params: what the user gives
 * @names: names of all parameters of the component, NULL after the last
 *
 * Return: NULL, or what is wrong, to be freed.
 */
char *parameters_check(const bt_value *params, const char *const *names);

/**
 * parameters_text() - a text
 * @params: what the user gives
 * @name: of the parameter
 * @text: set to it, valid as long as @params; NULL if it is not there
 *
 * Return: NULL, or what is wrong, to be freed.
 */
char *parameters_text(const bt_value *params, const char *name, const char **text);

#endif
