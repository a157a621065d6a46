// SPDX-License-Identifier: GPL-2.0
/*
 * Messages of a trace's streams, pulled one by one out of a graph of libbabeltrace2.
 *
 * The muxer of libbabeltrace2 compares times in nanoseconds, and so loses the order of a
 * counter above 1 GHz. Here each stream is an input port of a sink of our own, which
 * takes messages from that stream alone that is asked for.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/array.h"
#include "common/message.h"
#include "readers/ctf/graph.h"

/* Sources of the plugin "ctf" */
#define OF_FILES "fs"
#define OF_SESSIONS "lttng-live"

struct port {
	bt_message_iterator *iterator;
	bt_message_array_const messages;
	uint64_t count;
	uint64_t taken;
	bool at_end;
};

struct graph {
	bt_graph *graph;
	const bt_plugin *plugin;
	struct port *ports;
	size_t nr_ports;
	/* The port that the sink is to take messages from */
	size_t wanted;
	bool failed;
	bool is_idle;
};

/* Which file is it? The first cause tells what, and one that follows from it where. */
static char *file_of(const bt_error *error)
{
	static const char begin[] = "stream file `";
	uint64_t i;

	for (i = 0; i < bt_error_get_cause_count(error); i++) {
		const char *text = bt_error_cause_get_message(
			bt_error_borrow_cause_by_index(error, i));
		const char *path = strstr(text, begin), *end;

		end = path ? strrchr(path + sizeof(begin) - 1, '`') : NULL;
		if (end)
			return text_of("%.*s", (int)(end - path) - (int)sizeof(begin) + 1,
				       path + sizeof(begin) - 1);
	}
	return text_of("%s", "");
}

static char *error_of(const char *fallback)
{
	const bt_error *error = bt_current_thread_take_error();
	const char *message, *hint = "";
	char *file, *text;
	size_t size;

	if (!error || !bt_error_get_cause_count(error))
		return text_of("%s", fallback);
	message = bt_error_cause_get_message(bt_error_borrow_cause_by_index(error, 0));
	/* Addresses in memory follow, which say nothing to a user. */
	size = (size_t)((strstr(message, ": msg-it-addr=") ?: message + strlen(message)) - message);
	if (strstr(message, "Failed to index"))
		hint = ", as it is cut, or still being written: end the recording, and take the whole file";
	file = file_of(error);
	if (strstr(message, file))
		*file = '\0';
	text = text_of("%s%s%.*s%s", file, *file ? ": " : "", (int)size, message, hint);
	free(file);
	bt_error_release(error);
	return text;
}

static bt_component_class_initialize_method_status
initialize(bt_self_component_sink *self, bt_self_component_sink_configuration *configuration,
	   const bt_value *params, void *data)
{
	struct graph *graph = data;
	char name[32];
	size_t i;

	(void)configuration;
	(void)params;
	bt_self_component_set_data(bt_self_component_sink_as_self_component(self), graph);
	for (i = 0; i < graph->nr_ports; i++) {
		snprintf(name, sizeof(name), "in%zu", i);
		if (bt_self_component_sink_add_input_port(self, name, NULL, NULL))
			return BT_COMPONENT_CLASS_INITIALIZE_METHOD_STATUS_MEMORY_ERROR;
	}
	return BT_COMPONENT_CLASS_INITIALIZE_METHOD_STATUS_OK;
}

static bt_component_class_sink_graph_is_configured_method_status
configured(bt_self_component_sink *self)
{
	struct graph *graph =
		bt_self_component_get_data(bt_self_component_sink_as_self_component(self));
	size_t i;

	for (i = 0; i < graph->nr_ports; i++)
		if (bt_message_iterator_create_from_sink_component(
			    self, bt_self_component_sink_borrow_input_port_by_index(self, i),
			    &graph->ports[i].iterator))
			return BT_COMPONENT_CLASS_SINK_GRAPH_IS_CONFIGURED_METHOD_STATUS_ERROR;
	return BT_COMPONENT_CLASS_SINK_GRAPH_IS_CONFIGURED_METHOD_STATUS_OK;
}

static bt_component_class_sink_consume_method_status consume(bt_self_component_sink *self)
{
	struct graph *graph =
		bt_self_component_get_data(bt_self_component_sink_as_self_component(self));
	struct port *port = &graph->ports[graph->wanted];

	/* bt_graph_run_once() comes for the first time to configure the graph. */
	port->taken = port->count = 0;
	switch (bt_message_iterator_next(port->iterator, &port->messages, &port->count)) {
	case BT_MESSAGE_ITERATOR_NEXT_STATUS_OK:
		return BT_COMPONENT_CLASS_SINK_CONSUME_METHOD_STATUS_OK;
	case BT_MESSAGE_ITERATOR_NEXT_STATUS_END:
		port->count = 0;
		port->at_end = true;
		return BT_COMPONENT_CLASS_SINK_CONSUME_METHOD_STATUS_OK;
	case BT_MESSAGE_ITERATOR_NEXT_STATUS_AGAIN:
		port->count = 0;
		return BT_COMPONENT_CLASS_SINK_CONSUME_METHOD_STATUS_AGAIN;
	default:
		port->count = 0;
		return BT_COMPONENT_CLASS_SINK_CONSUME_METHOD_STATUS_ERROR;
	}
}

static void finalize(bt_self_component_sink *self)
{
	struct graph *graph =
		bt_self_component_get_data(bt_self_component_sink_as_self_component(self));
	size_t i;

	for (i = 0; i < graph->nr_ports; i++) {
		if (graph->ports[i].iterator)
			bt_message_iterator_put_ref(graph->ports[i].iterator);
		graph->ports[i].iterator = NULL;
	}
}

static const bt_component_source *add_source(struct graph *graph, const char *name,
					     const char *path)
{
	const bt_component_class_source *class =
		bt_plugin_borrow_source_component_class_by_name_const(graph->plugin, name);
	const bt_component_source *source = NULL;
	bt_value *params = bt_value_map_create(), *inputs = NULL;
	const bool is_live = !strcmp(name, OF_SESSIONS);

	if (class && params &&
	    !bt_value_map_insert_empty_array_entry(params, "inputs", &inputs) &&
	    !bt_value_array_append_string_element(inputs, path) &&
	    /* Of a session: when it has ended, do not wait for another one of its name. */
	    (!is_live ||
	     !bt_value_map_insert_string_entry(params, "session-not-found-action", "end")) &&
	    bt_graph_add_source_component(graph->graph, class, "source", params,
					  BT_LOGGING_LEVEL_NONE, &source))
		source = NULL;
	bt_value_put_ref(params);
	return source;
}

static const bt_component_sink *add_sink(struct graph *graph)
{
	bt_component_class_sink *class = bt_component_class_sink_create("pull", consume);
	const bt_component_sink *sink = NULL;

	if (class && !bt_component_class_sink_set_initialize_method(class, initialize) &&
	    !bt_component_class_sink_set_graph_is_configured_method(class, configured) &&
	    !bt_component_class_sink_set_finalize_method(class, finalize) &&
	    bt_graph_add_sink_component_with_initialize_method_data(
		    graph->graph, class, "sink", NULL, graph, BT_LOGGING_LEVEL_NONE, &sink))
		sink = NULL;
	bt_component_class_sink_put_ref(class);
	return sink;
}

static bool connect_all(struct graph *graph, const char *name, const char *path)
{
	const bt_component_source *source = add_source(graph, name, path);
	const bt_component_sink *sink;
	size_t i;

	if (!source)
		return false;
	graph->nr_ports = bt_component_source_get_output_port_count(source);
	graph->ports = zalloc((graph->nr_ports + 1) * sizeof(*graph->ports));
	if (!graph->nr_ports)
		return true;
	sink = add_sink(graph);
	if (!sink)
		return false;
	for (i = 0; i < graph->nr_ports; i++)
		if (bt_graph_connect_ports(
			    graph->graph,
			    bt_component_source_borrow_output_port_by_index_const(source, i),
			    bt_component_sink_borrow_input_port_by_index_const(sink, i), NULL))
			return false;
	return true;
}

static struct graph *open_with(const char *name, const char *path, char **error)
{
	struct graph *graph = zalloc(sizeof(*graph));

	if (bt_plugin_find("ctf", BT_TRUE, BT_TRUE, BT_TRUE, BT_TRUE, BT_TRUE,
			   &graph->plugin)) {
		*error = text_of("libbabeltrace2 has no plugin \"ctf\": install the package libbabeltrace2-0");
		graph->plugin = NULL;
		graph_close(graph);
		return NULL;
	}
	graph->graph = bt_graph_create(0);
	if (!graph->graph || !connect_all(graph, name, path)) {
		*error = error_of("libbabeltrace2 cannot open it");
		graph_close(graph);
		return NULL;
	}
	return graph;
}

struct graph *graph_open(const char *path, char **error)
{
	return open_with(OF_FILES, path, error);
}

struct graph *graph_open_live(const char *url, char **error)
{
	return open_with(OF_SESSIONS, url, error);
}

bool graph_is_idle(const struct graph *graph)
{
	return graph->is_idle;
}

size_t graph_streams(const struct graph *graph)
{
	return graph->nr_ports;
}

const bt_message *graph_next(struct graph *graph, size_t stream, char **error)
{
	struct port *port = &graph->ports[stream];
	int status;

	graph->is_idle = false;
	if (port->taken)
		bt_message_put_ref(port->messages[port->taken - 1]);
	while (port->taken == port->count) {
		port->taken = port->count = 0;
		if (port->at_end)
			return NULL;
		if (graph->failed) {
			*error = text_of("libbabeltrace2 has given up the trace at another stream");
			port->at_end = true;
			return NULL;
		}
		graph->wanted = stream;
		status = bt_graph_run_once(graph->graph);
		if (status == BT_GRAPH_RUN_ONCE_STATUS_AGAIN) {
			graph->is_idle = true;
			return NULL;
		}
		if (status < 0) {
			graph->failed = true;
			*error = error_of("libbabeltrace2 cannot read on");
			return NULL;
		}
	}
	return port->messages[port->taken++];
}

void graph_close(struct graph *graph)
{
	size_t i;

	if (!graph)
		return;
	for (i = 0; i < graph->nr_ports; i++) {
		struct port *port = &graph->ports[i];
		uint64_t next = port->taken ? port->taken - 1 : 0;

		for (; next < port->count; next++)
			bt_message_put_ref(port->messages[next]);
	}
	bt_graph_put_ref(graph->graph);
	bt_plugin_put_ref(graph->plugin);
	free(graph->ports);
	free(graph);
}
