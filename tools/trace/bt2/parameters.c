// SPDX-License-Identifier: GPL-2.0
/*
 * Parameters of components.
 */
#include <string.h>

#include "bt2/parameters.h"
#include "common/message.h"

struct check {
	const char *const *names;
	char *error;
};

static bt_value_map_foreach_entry_const_func_status check_one(const char *name,
							      const bt_value *value, void *data)
{
	struct check *check = data;
	size_t i;

	(void)value;
	for (i = 0; check->names[i]; i++)
		if (!strcmp(check->names[i], name))
			return BT_VALUE_MAP_FOREACH_ENTRY_CONST_FUNC_STATUS_OK;
	check->error = text_of("there is no parameter '%s'", name);
	return BT_VALUE_MAP_FOREACH_ENTRY_CONST_FUNC_STATUS_INTERRUPT;
}

char *parameters_check(const bt_value *params, const char *const *names)
{
	struct check check = { names, NULL };

	bt_value_map_foreach_entry_const(params, check_one, &check);
	return check.error;
}

char *parameters_text(const bt_value *params, const char *name, const char **text)
{
	const bt_value *value = bt_value_map_borrow_entry_value_const(params, name);

	*text = NULL;
	if (!value)
		return NULL;
	if (!bt_value_is_string(value))
		return text_of("the parameter '%s' has to be a text", name);
	*text = bt_value_string_get(value);
	return NULL;
}
