// SPDX-License-Identifier: GPL-2.0
/*
 * The plugin "clocktrace" of Babeltrace 2: the analyzer's readers, time line and writers as
 * components of a graph.
 */
#include "bt2/components.h"

/* What libbabeltrace2 looks for is all that this library exports. */
#pragma GCC visibility push(default)
BT_PLUGIN_MODULE();
#pragma GCC visibility pop
BT_PLUGIN(clocktrace);
BT_PLUGIN_DESCRIPTION("CLOCK_TRACE: guests on the time line of their host");
BT_PLUGIN_LICENSE("GPL-2.0");
BT_PLUGIN_VERSION(CLOCKTRACE_MAJOR, CLOCKTRACE_MINOR, CLOCKTRACE_PATCH, NULL);

#define HELP "See the section BABELTRACE 2 of clocktrace-merge(1)."

BT_PLUGIN_SOURCE_COMPONENT_CLASS(trace, trace_iterator_next);
BT_PLUGIN_SOURCE_COMPONENT_CLASS_DESCRIPTION(
	trace, "Read a machine's traces as clocktrace merge does");
BT_PLUGIN_SOURCE_COMPONENT_CLASS_HELP(trace, "Parameters: inputs, frequency. " HELP);
BT_PLUGIN_SOURCE_COMPONENT_CLASS_INITIALIZE_METHOD(trace, trace_initialize);
BT_PLUGIN_SOURCE_COMPONENT_CLASS_FINALIZE_METHOD(trace, trace_finalize);
BT_PLUGIN_SOURCE_COMPONENT_CLASS_MESSAGE_ITERATOR_CLASS_INITIALIZE_METHOD(
	trace, trace_iterator_initialize);
BT_PLUGIN_SOURCE_COMPONENT_CLASS_MESSAGE_ITERATOR_CLASS_FINALIZE_METHOD(
	trace, trace_iterator_finalize);

BT_PLUGIN_FILTER_COMPONENT_CLASS(timeline, timeline_iterator_next);
BT_PLUGIN_FILTER_COMPONENT_CLASS_DESCRIPTION(
	timeline, "Place the events of guests on the time line of their host");
BT_PLUGIN_FILTER_COMPONENT_CLASS_HELP(timeline, "Parameter: model. " HELP);
BT_PLUGIN_FILTER_COMPONENT_CLASS_INITIALIZE_METHOD(timeline, timeline_initialize);
BT_PLUGIN_FILTER_COMPONENT_CLASS_FINALIZE_METHOD(timeline, timeline_finalize);
BT_PLUGIN_FILTER_COMPONENT_CLASS_INPUT_PORT_CONNECTED_METHOD(timeline,
							     timeline_input_connected);
BT_PLUGIN_FILTER_COMPONENT_CLASS_MESSAGE_ITERATOR_CLASS_INITIALIZE_METHOD(
	timeline, timeline_iterator_initialize);
BT_PLUGIN_FILTER_COMPONENT_CLASS_MESSAGE_ITERATOR_CLASS_FINALIZE_METHOD(
	timeline, timeline_iterator_finalize);

BT_PLUGIN_SINK_COMPONENT_CLASS(output, output_consume);
BT_PLUGIN_SINK_COMPONENT_CLASS_DESCRIPTION(
	output, "Write a time line as clocktrace merge does: html, svg, perfetto, json, text");
BT_PLUGIN_SINK_COMPONENT_CLASS_HELP(output, "Parameters: model, path, format. " HELP);
BT_PLUGIN_SINK_COMPONENT_CLASS_INITIALIZE_METHOD(output, output_initialize);
BT_PLUGIN_SINK_COMPONENT_CLASS_FINALIZE_METHOD(output, output_finalize);
BT_PLUGIN_SINK_COMPONENT_CLASS_GRAPH_IS_CONFIGURED_METHOD(output, output_graph_is_configured);
