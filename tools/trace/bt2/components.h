/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The methods of the components, for plugin.c.
 */
#ifndef TRACE_BT2_COMPONENTS_H
#define TRACE_BT2_COMPONENTS_H

#include <babeltrace2/babeltrace.h>

bt_component_class_initialize_method_status
trace_initialize(bt_self_component_source *self,
		 bt_self_component_source_configuration *configuration, const bt_value *params,
		 void *data);
void trace_finalize(bt_self_component_source *self);
bt_message_iterator_class_initialize_method_status
trace_iterator_initialize(bt_self_message_iterator *self,
			  bt_self_message_iterator_configuration *configuration,
			  bt_self_component_port_output *port);
bt_message_iterator_class_next_method_status
trace_iterator_next(bt_self_message_iterator *self, bt_message_array_const messages,
		    uint64_t capacity, uint64_t *count);
void trace_iterator_finalize(bt_self_message_iterator *self);

bt_component_class_initialize_method_status
timeline_initialize(bt_self_component_filter *self,
		    bt_self_component_filter_configuration *configuration,
		    const bt_value *params, void *data);
void timeline_finalize(bt_self_component_filter *self);
bt_component_class_port_connected_method_status
timeline_input_connected(bt_self_component_filter *self, bt_self_component_port_input *port,
			 const bt_port_output *other);
bt_message_iterator_class_initialize_method_status
timeline_iterator_initialize(bt_self_message_iterator *self,
			     bt_self_message_iterator_configuration *configuration,
			     bt_self_component_port_output *port);
bt_message_iterator_class_next_method_status
timeline_iterator_next(bt_self_message_iterator *self, bt_message_array_const messages,
		       uint64_t capacity, uint64_t *count);
void timeline_iterator_finalize(bt_self_message_iterator *self);

bt_component_class_initialize_method_status
output_initialize(bt_self_component_sink *self,
		  bt_self_component_sink_configuration *configuration, const bt_value *params,
		  void *data);
void output_finalize(bt_self_component_sink *self);
bt_component_class_sink_graph_is_configured_method_status
output_graph_is_configured(bt_self_component_sink *self);
bt_component_class_sink_consume_method_status output_consume(bt_self_component_sink *self);

#endif
