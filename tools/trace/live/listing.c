// SPDX-License-Identifier: GPL-2.0
/*
 * Which live sessions does a lttng-relayd have?
 */
#include <stdlib.h>
#include <string.h>

#include <babeltrace2/babeltrace.h>

#include "common/array.h"
#include "common/message.h"
#include "live/listing.h"

#define OF_HOST "/host/"

/* HOST/SESSION of a URL, NULL if it has none */
static const char *name_of(const char *url)
{
	const char *begin = strstr(url, "://");

	begin = begin ? strstr(begin + 3, OF_HOST) : NULL;
	return begin ? begin + strlen(OF_HOST) : NULL;
}

char *listing_check(const char *url)
{
	const char *name = name_of(url), *slash = name ? strchr(name, '/') : NULL;

	if (!strncmp(url, "net", 3) && slash && slash != name && slash[1])
		return NULL;
	return text_of("%s is not the URL of a live session, as net://RELAYD/host/HOST/SESSION is, or net://RELAYD:PORT/host/HOST/SESSION",
		       url);
}

/* The first cause is the one that says what is wrong. */
static char *why(const char *url)
{
	const bt_error *error = bt_current_thread_take_error();
	const char *message = "it does not answer";
	char *text;

	if (error && bt_error_get_cause_count(error))
		message = bt_error_cause_get_message(bt_error_borrow_cause_by_index(error, 0));
	text = text_of("%s: no live session can be read from lttng-relayd there: %s", url, message);
	if (error)
		bt_error_release(error);
	return text;
}

static const char *text_in(const bt_value *map, const char *key)
{
	const bt_value *value = bt_value_map_borrow_entry_value_const(map, key);

	return value && bt_value_is_string(value) ? bt_value_string_get(value) : "";
}

static bool is_live(const bt_value *map)
{
	const bt_value *value = bt_value_map_borrow_entry_value_const(map, "timer-us");

	return !value || bt_value_get_type(value) != BT_VALUE_TYPE_SIGNED_INTEGER ||
	       bt_value_integer_signed_get(value);
}

static void take(const bt_value *list, char ***names, size_t *count)
{
	const uint64_t length = bt_value_is_array(list) ? bt_value_array_get_length(list) : 0;
	uint64_t i;

	for (i = 0; i < length; i++) {
		const bt_value *map = bt_value_array_borrow_element_by_index_const(list, i);

		if (!bt_value_is_map(map) || !is_live(map))
			continue;
		*names = array_room(*names, *count, sizeof(char *));
		(*names)[(*count)++] = text_of("%s/%s", text_in(map, "target-hostname"),
					       text_in(map, "session-name"));
	}
}

static const bt_value *query(const bt_plugin *plugin, const char *relayd)
{
	const bt_component_class_source *class =
		bt_plugin_borrow_source_component_class_by_name_const(plugin, "lttng-live");
	bt_value *params = bt_value_map_create();
	const bt_value *result = NULL;
	bt_query_executor *executor;

	if (!class || !params || bt_value_map_insert_string_entry(params, "url", relayd))
		return NULL;
	executor = bt_query_executor_create(
		bt_component_class_source_as_component_class_const(class), "sessions", params);
	if (executor)
		bt_query_executor_set_logging_level(executor, BT_LOGGING_LEVEL_NONE);
	if (!executor || bt_query_executor_query(executor, &result))
		result = NULL;
	bt_query_executor_put_ref(executor);
	bt_value_put_ref(params);
	return result;
}

char *listing_get(const char *url, char ***names, size_t *count)
{
	const size_t size = (size_t)(name_of(url) - url) - strlen(OF_HOST);
	char *relayd = text_of("%.*s", (int)size, url), *error = NULL;
	const bt_plugin *plugin = NULL;
	const bt_value *list;

	*names = NULL;
	*count = 0;
	if (bt_plugin_find("ctf", BT_TRUE, BT_TRUE, BT_TRUE, BT_TRUE, BT_TRUE, &plugin)) {
		free(relayd);
		return text_of("libbabeltrace2 has no plugin \"ctf\": install the package libbabeltrace2-0");
	}
	list = query(plugin, relayd);
	if (list)
		take(list, names, count);
	else
		error = why(url);
	bt_value_put_ref(list);
	bt_plugin_put_ref(plugin);
	free(relayd);
	return error;
}

bool listing_is(const char *url, const char *name)
{
	return !strcmp(name_of(url), name);
}

void listing_free(char **names, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		free(names[i]);
	free(names);
}
