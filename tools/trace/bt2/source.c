// SPDX-License-Identifier: GPL-2.0
/*
 * source.clocktrace.trace: the traces of a machine, of each format that has a reader. Each
 * stream has a port.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bt2/components.h"
#include "bt2/emit.h"
#include "bt2/log.h"
#include "bt2/parameters.h"
#include "common/array.h"
#include "common/message.h"
#include "readers/fingerprint.h"

/* What becomes one trace of messages: streams of one reader and one section */
struct part {
	struct reader *reader;
	unsigned int section;
	struct emit_trace *trace;
};

struct input {
	struct machine *machine;
	uint64_t fingerprint;
	struct part *parts;
	size_t nr_parts;
};

struct source {
	struct input *inputs;
	size_t nr_inputs;
	uint64_t frequency;
	size_t nr_ports;
};

/* The data of a port */
struct port {
	struct machine *machine;
	struct stream *stream;
	struct emit_trace *trace;
	bool taken;
};

struct iterator {
	struct port *port;
	struct emit_stream stream;
	struct emit_queue queue;
	bool at_end;
};

static bool make_trace(bt_self_component *component, const struct source *source,
		       const struct input *input, struct part *part)
{
	const struct reader *reader = part->reader;
	const struct emit_clock clock = {
		.name = reader->clock ? reader->clock : "clock_trace",
		.frequency = reader->frequency ? reader->frequency : source->frequency,
		.offset_s = reader->offset_s,
		.offset = reader->offset,
		.uuid = reader->uuid,
		.is_absolute = reader->class == &ctf_reader,
	};
	bt_clock_class *class = emit_clock_class(component, &clock);
	char text[17];

	if (!clock.frequency)
		complain("%s does not tell the frequency of its clock: a tick is taken for 1 ns; give the parameter 'frequency'",
			 reader->path);
	if (!class)
		return false;
	part->trace = emit_trace_new(component, class, input->machine->name, reader->user_space);
	bt_clock_class_put_ref(class);
	snprintf(text, sizeof(text), "%016llx", (unsigned long long)input->fingerprint);
	return part->trace && emit_trace_text(part->trace, ENTRY_FINGERPRINT, text) &&
	       emit_trace_number(part->trace, ENTRY_SECTION, part->section);
}

static struct part *part_of(bt_self_component *component, const struct source *source,
			    struct input *input, const struct stream *stream)
{
	struct part *part;
	size_t i;

	for (i = 0; i < input->nr_parts; i++)
		if (input->parts[i].reader == stream->reader &&
		    input->parts[i].section == stream->section)
			return &input->parts[i];
	input->parts = array_room(input->parts, i, sizeof(*input->parts));
	part = &input->parts[input->nr_parts++];
	*part = (struct part){ .reader = stream->reader, .section = stream->section };
	return make_trace(component, source, input, part) ? part : NULL;
}

static bool add_ports(bt_self_component_source *self, struct source *source,
		      struct input *input)
{
	bt_self_component *component = bt_self_component_source_as_self_component(self);
	size_t i;

	for (i = 0; i < input->machine->nr_streams; i++) {
		struct stream *stream = &input->machine->streams[i];
		const struct part *part = part_of(component, source, input, stream);
		struct port *port;
		char *name;
		bool done;

		if (!part)
			return false;
		port = zalloc(sizeof(*port));
		*port = (struct port){
			.machine = input->machine, .stream = stream, .trace = part->trace,
		};
		name = text_of("%s-%zu", input->machine->name, source->nr_ports++);
		done = !bt_self_component_source_add_output_port(self, name, port, NULL);
		free(name);
		if (!done) {
			free(port);
			return false;
		}
	}
	return true;
}

static char *open_input(bt_self_component_source *self, struct source *source,
			const bt_value *value)
{
	struct input *input;
	const char *path;
	char *error = NULL;

	if (!bt_value_is_string(value))
		return text_of("the parameter 'inputs' has to be an array of paths");
	path = bt_value_string_get(value);
	source->inputs = array_room(source->inputs, source->nr_inputs, sizeof(*source->inputs));
	input = &source->inputs[source->nr_inputs];
	*input = (struct input){ .machine = machine_open(path, &error) };
	if (error)
		return error;
	source->nr_inputs++;
	input->fingerprint = fingerprint_of(path);
	return add_ports(self, source, input) ? NULL : text_of("out of memory");
}

static char *open_inputs(bt_self_component_source *self, struct source *source,
			 const bt_value *params)
{
	static const char *const names[] = { "inputs", "frequency", NULL };
	const bt_value *inputs = bt_value_map_borrow_entry_value_const(params, "inputs");
	const bt_value *frequency = bt_value_map_borrow_entry_value_const(params, "frequency");
	char *error = parameters_check(params, names);
	uint64_t i;

	if (error)
		return error;
	if (frequency && bt_value_is_unsigned_integer(frequency))
		source->frequency = bt_value_integer_unsigned_get(frequency);
	else if (frequency && bt_value_is_signed_integer(frequency) &&
		 bt_value_integer_signed_get(frequency) > 0)
		source->frequency = (uint64_t)bt_value_integer_signed_get(frequency);
	else if (frequency)
		return text_of("the parameter 'frequency' has to be a number of Hz");
	if (!inputs || !bt_value_is_array(inputs) || bt_value_array_is_empty(inputs))
		return text_of("the parameter 'inputs' has to be an array of paths");
	for (i = 0; i < bt_value_array_get_length(inputs) && !error; i++)
		error = open_input(self, source,
				   bt_value_array_borrow_element_by_index_const(inputs, i));
	return error;
}

static void free_ports(bt_self_component_source *self)
{
	uint64_t count = bt_component_source_get_output_port_count(
		bt_self_component_source_as_component_source(self));
	uint64_t i;

	for (i = 0; i < count; i++)
		free(bt_self_component_port_get_data(
			bt_self_component_port_output_as_self_component_port(
				bt_self_component_source_borrow_output_port_by_index(self, i))));
}

static void free_source(struct source *source)
{
	size_t i, j;

	for (i = 0; i < source->nr_inputs; i++) {
		for (j = 0; j < source->inputs[i].nr_parts; j++)
			emit_trace_free(source->inputs[i].parts[j].trace);
		free(source->inputs[i].parts);
		machine_close(source->inputs[i].machine);
	}
	free(source->inputs);
	free(source);
}

bt_component_class_initialize_method_status
trace_initialize(bt_self_component_source *self,
		 bt_self_component_source_configuration *configuration, const bt_value *params,
		 void *data)
{
	bt_self_component *component = bt_self_component_source_as_self_component(self);
	struct source *source = zalloc(sizeof(*source));
	char *error;

	(void)configuration;
	(void)data;
	log_enter(component);
	error = open_inputs(self, source, params);
	if (error) {
		log_error(component, error);
		free_ports(self);
		free_source(source);
		log_leave(component);
		return BT_COMPONENT_CLASS_INITIALIZE_METHOD_STATUS_ERROR;
	}
	bt_self_component_set_data(component, source);
	return BT_COMPONENT_CLASS_INITIALIZE_METHOD_STATUS_OK;
}

void trace_finalize(bt_self_component_source *self)
{
	bt_self_component *component = bt_self_component_source_as_self_component(self);

	free_ports(self);
	free_source(bt_self_component_get_data(component));
	log_leave(component);
}

bt_message_iterator_class_initialize_method_status
trace_iterator_initialize(bt_self_message_iterator *self,
			  bt_self_message_iterator_configuration *configuration,
			  bt_self_component_port_output *output)
{
	struct port *port = bt_self_component_port_get_data(
		bt_self_component_port_output_as_self_component_port(output));
	struct iterator *iterator;

	(void)configuration;
	if (port->taken) {
		log_error(bt_self_message_iterator_borrow_component(self),
			  text_of("a stream can be read once"));
		return BT_MESSAGE_ITERATOR_CLASS_INITIALIZE_METHOD_STATUS_ERROR;
	}
	port->taken = true;
	iterator = zalloc(sizeof(*iterator));
	iterator->port = port;
	iterator->stream.trace = port->trace;
	iterator->queue.iterator = self;
	bt_self_message_iterator_set_data(self, iterator);
	return BT_MESSAGE_ITERATOR_CLASS_INITIALIZE_METHOD_STATUS_OK;
}

static bool read_on(struct iterator *iterator)
{
	struct port *port = iterator->port;
	struct placed placed = { .stream = port->stream };

	if (!stream_next(port->machine, port->stream)) {
		iterator->at_end = true;
		return emit_end(&iterator->queue, &iterator->stream);
	}
	placed.event = &port->stream->event;
	placed.time = placed.event->time;
	return emit_event(&iterator->queue, &iterator->stream, &placed);
}

bt_message_iterator_class_next_method_status
trace_iterator_next(bt_self_message_iterator *self, bt_message_array_const messages,
		    uint64_t capacity, uint64_t *count)
{
	struct iterator *iterator = bt_self_message_iterator_get_data(self);

	log_enter(bt_self_message_iterator_borrow_component(self));
	*count = 0;
	while (*count < capacity) {
		*count += emit_take(&iterator->queue, messages + *count, capacity - *count);
		if (iterator->at_end || *count == capacity)
			break;
		if (!read_on(iterator)) {
			while (*count)
				bt_message_put_ref(messages[--*count]);
			return BT_MESSAGE_ITERATOR_CLASS_NEXT_METHOD_STATUS_MEMORY_ERROR;
		}
	}
	if (iterator->at_end && *count < capacity)
		*count += emit_take(&iterator->queue, messages + *count, capacity - *count);
	return *count ? BT_MESSAGE_ITERATOR_CLASS_NEXT_METHOD_STATUS_OK :
			BT_MESSAGE_ITERATOR_CLASS_NEXT_METHOD_STATUS_END;
}

void trace_iterator_finalize(bt_self_message_iterator *self)
{
	struct iterator *iterator = bt_self_message_iterator_get_data(self);

	emit_stream_free(&iterator->stream);
	emit_queue_free(&iterator->queue);
	free(iterator);
}
