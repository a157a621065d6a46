// SPDX-License-Identifier: GPL-2.0
/*
 * sink.clocktrace.output: what filter.clocktrace.timeline puts out, in the forms that
 * "clocktrace merge" writes. What the filter has added to the events becomes again what
 * the writers know of a placed event.
 */
#include <stdlib.h>
#include <string.h>

#include "bt2/components.h"
#include "bt2/emit.h"
#include "bt2/log.h"
#include "bt2/parameters.h"
#include "common/array.h"
#include "common/message.h"
#include "readers/ctf/messages.h"
#include "writers/writer.h"

/* A stream of messages: what writers see of it is @facade, which hides what was added. */
struct source_stream {
	struct reader facade;
	const bt_stream *key;
	struct reader *reader;
	struct stream stream;
	size_t party;
	/* The message that @reader reads next */
	const bt_message *pending;
	/* While the fields are handed on */
	value_handler handler;
	void *data;
	struct placed *placed;
	uint64_t vm_id;
	uint64_t vcpu_id;
};

struct output {
	struct timeline *timeline;
	const struct writer_class *writer;
	void *writing;
	bt_message_iterator *iterator;
	struct source_stream **streams;
	size_t nr_streams;
	struct source_stream *last;
};

static const bt_message *pull(void *data, char **error)
{
	struct source_stream *stream = data;
	const bt_message *message = stream->pending;

	(void)error;
	stream->pending = NULL;
	return message;
}

static bool is_added(const struct value *value)
{
	return value->context && !strncmp(value->name, "placed_", 7);
}

static void hand_on(void *data, const struct value *value)
{
	const struct source_stream *stream = data;

	if (!is_added(value))
		stream->handler(stream->data, value);
}

static void facade_values(struct reader *reader, size_t number, value_handler handler,
			  void *data)
{
	struct source_stream *stream = (struct source_stream *)reader;

	stream->handler = handler;
	stream->data = data;
	stream->reader->class->values(stream->reader, number, hand_on, stream);
}

static const struct reader_class facade_class = {
	.name = "messages",
	.values = facade_values,
};

static char *party_of(const struct output *output, const bt_stream *key, size_t *party)
{
	const bt_trace *trace = bt_stream_borrow_trace_const(key);
	const bt_value *value =
		bt_trace_borrow_environment_entry_value_by_name_const(trace, ENTRY_PARTY);
	const char *name = bt_trace_get_name(trace);

	if (!value || !bt_value_is_signed_integer(value))
		return text_of("what comes in was not placed: connect filter.clocktrace.timeline upstream");
	*party = (size_t)bt_value_integer_signed_get(value);
	if (*party >= output->timeline->nr_parties || !name ||
	    strcmp(output->timeline->parties[*party].name, name))
		return text_of("the model is another one than that of filter.clocktrace.timeline");
	return NULL;
}

static struct source_stream *add_stream(struct output *output, const bt_message *first,
					const bt_stream *key, char **error)
{
	struct source_stream *stream;
	size_t party = 0;

	*error = party_of(output, key, &party);
	if (*error)
		return NULL;
	stream = zalloc(sizeof(*stream));
	stream->pending = first;
	stream->reader = ctf_reader_of("in", pull, stream, error);
	if (!stream->reader) {
		free(stream);
		return NULL;
	}
	bt_stream_get_ref(key);
	stream->key = key;
	stream->party = party;
	stream->facade.class = &facade_class;
	stream->facade.user_space = stream->reader->user_space;
	stream->stream.reader = &stream->facade;
	output->streams = array_room(output->streams, output->nr_streams,
				     sizeof(*output->streams));
	output->streams[output->nr_streams++] = stream;
	return stream;
}

static const bt_stream *stream_of_message(const bt_message *message)
{
	switch (bt_message_get_type(message)) {
	case BT_MESSAGE_TYPE_STREAM_BEGINNING:
		return bt_message_stream_beginning_borrow_stream_const(message);
	case BT_MESSAGE_TYPE_PACKET_BEGINNING:
		return bt_packet_borrow_stream_const(
			bt_message_packet_beginning_borrow_packet_const(message));
	case BT_MESSAGE_TYPE_EVENT:
		return bt_event_borrow_stream_const(
			bt_message_event_borrow_event_const(message));
	default:
		/* The others tell nothing that is written. */
		return NULL;
	}
}

static struct source_stream *find_stream(struct output *output, const bt_message *message,
					 char **error)
{
	const bt_stream *key = stream_of_message(message);
	size_t i;

	if (!key)
		return NULL;
	if (output->last && output->last->key == key)
		return output->last;
	for (i = 0; i < output->nr_streams; i++)
		if (output->streams[i]->key == key)
			break;
	output->last = i < output->nr_streams ? output->streams[i] :
						add_stream(output, message, key, error);
	return output->last;
}

static void take_certainty(struct placed *placed, const char *text)
{
	static const struct placed all[] = {
		{ .certainty = CLOCKTRACE_KNOWN },
		{ .certainty = CLOCKTRACE_ASSUMED },
		{ .certainty = CLOCKTRACE_ASSUMED, .is_bounded = true },
		{ .certainty = CLOCKTRACE_GUESSED },
	};
	size_t i;

	placed->certainty = CLOCKTRACE_UNTOLD;
	for (i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (!strcmp(certainty_text(&all[i]), text)) {
			placed->certainty = all[i].certainty;
			placed->is_bounded = all[i].is_bounded;
		}
}

static void take_placing(void *data, const struct value *value)
{
	struct source_stream *stream = data;

	if (!is_added(value))
		return;
	if (value->type == VALUE_TEXT && !strcmp(value->name, FIELD_CERTAINTY))
		take_certainty(stream->placed, value->text);
	else if (value->type != VALUE_UNSIGNED)
		return;
	else if (!strcmp(value->name, FIELD_VM))
		stream->vm_id = value->u;
	else if (!strcmp(value->name, FIELD_VCPU))
		stream->vcpu_id = value->u;
	else if (!strcmp(value->name, FIELD_RAW))
		stream->stream.event.time = value->u;
	else if (!strcmp(value->name, FIELD_UNCERTAINTY))
		stream->placed->uncertainty = value->u;
}

static const struct vcpu *find_vcpu(const struct host *host, uint64_t vm_id, uint64_t vcpu_id)
{
	size_t i;

	for (i = 0; i < host->nr_vcpus; i++)
		if (host->vcpus[i].vm_id == vm_id && host->vcpus[i].vcpu_id == vcpu_id)
			return &host->vcpus[i];
	return NULL;
}

/* What timeline_next() would have given */
static char *restore(const struct output *output, struct source_stream *stream,
		     struct placed *placed)
{
	struct event *event = &stream->stream.event;
	struct timeline *timeline = output->timeline;

	*placed = (struct placed){
		.event = event,
		.stream = &stream->stream,
		.party = stream->party,
		.time = event->time,
		.certainty = CLOCKTRACE_KNOWN,
	};
	timeline->parties[stream->party].counts.placed++;
	if (!stream->party) {
		if (event->kind == EVENT_ENTRY || event->kind == EVENT_EXIT)
			placed->vcpu = host_owner(timeline->host, event->thread, event->vcpu_id);
		return NULL;
	}
	stream->placed = placed;
	stream->reader->class->values(stream->reader, 0, take_placing, stream);
	placed->vcpu = find_vcpu(timeline->host, stream->vm_id, stream->vcpu_id);
	if (placed->uncertainty > timeline->uncertainty)
		timeline->uncertainty = placed->uncertainty;
	return placed->vcpu ? NULL : text_of("an event is of a vCPU that the model does not know");
}

static char *take(struct output *output, const bt_message *message)
{
	struct source_stream *stream;
	struct placed placed;
	char *error = NULL;

	stream = find_stream(output, message, &error);
	if (!stream)
		return error;
	stream->pending = message;
	if (stream->reader->class->next(stream->reader, 0, &stream->stream.event) != READ_EVENT)
		return NULL;
	error = restore(output, stream, &placed);
	if (!error && !output->writer->event(output->writing, &placed))
		error = text_of("the output cannot be written");
	return error;
}

static char *set_up(struct output *output, const bt_value *params)
{
	static const char *const names[] = { "model", "path", "format", NULL };
	const char *model, *path, *format;
	char *error = parameters_check(params, names);

	if (!error)
		error = parameters_text(params, "model", &model);
	if (!error)
		error = parameters_text(params, "path", &path);
	if (!error)
		error = parameters_text(params, "format", &format);
	if (error)
		return error;
	if (!model)
		return text_of("the parameter 'model' is missing: the file that filter.clocktrace.timeline uses");
	if (format)
		output->writer = writer_by_name(format);
	else
		output->writer = path ? writer_by_path(path) : &text_writer;
	if (!output->writer)
		return text_of("there is no format '%s'", format);
	if (output->writer == &ctf_writer)
		return text_of("for CTF, connect sink.ctf.fs");
	if (!path && !output->writer->to_standard_output)
		return text_of("the format %s needs the parameter 'path'", output->writer->name);
	output->timeline = timeline_recall(model, NULL, 0, 0, &error);
	if (output->timeline)
		output->writing = output->writer->open(path, output->timeline, &error);
	return error;
}

/* NULL, or what is wrong with the end of the output */
static char *free_output(struct output *output, bool keep)
{
	char *error = NULL;
	size_t i;

	if (output->writing)
		error = output->writer->close(output->writing, keep);
	output->writing = NULL;
	for (i = 0; i < output->nr_streams; i++) {
		output->streams[i]->reader->class->close(output->streams[i]->reader);
		bt_stream_put_ref(output->streams[i]->key);
		free(output->streams[i]);
	}
	free(output->streams);
	output->streams = NULL;
	output->nr_streams = 0;
	timeline_free(output->timeline);
	output->timeline = NULL;
	return error;
}

bt_component_class_initialize_method_status
output_initialize(bt_self_component_sink *self,
		  bt_self_component_sink_configuration *configuration, const bt_value *params,
		  void *data)
{
	bt_self_component *component = bt_self_component_sink_as_self_component(self);
	struct output *output = zalloc(sizeof(*output));
	char *error;

	(void)configuration;
	(void)data;
	log_enter(component);
	error = set_up(output, params);
	if (!error && bt_self_component_sink_add_input_port(self, "in", NULL, NULL))
		error = text_of("out of memory");
	if (error) {
		log_error(component, error);
		free(free_output(output, false));
		free(output);
		log_leave(component);
		return BT_COMPONENT_CLASS_INITIALIZE_METHOD_STATUS_ERROR;
	}
	bt_self_component_set_data(component, output);
	return BT_COMPONENT_CLASS_INITIALIZE_METHOD_STATUS_OK;
}

void output_finalize(bt_self_component_sink *self)
{
	bt_self_component *component = bt_self_component_sink_as_self_component(self);
	struct output *output = bt_self_component_get_data(component);

	/* What is not complete gets no name. */
	free(free_output(output, false));
	bt_message_iterator_put_ref(output->iterator);
	free(output);
	log_leave(component);
}

bt_component_class_sink_graph_is_configured_method_status
output_graph_is_configured(bt_self_component_sink *self)
{
	bt_self_component *component = bt_self_component_sink_as_self_component(self);
	struct output *output = bt_self_component_get_data(component);

	if (!bt_message_iterator_create_from_sink_component(
		    self, bt_self_component_sink_borrow_input_port_by_index(self, 0),
		    &output->iterator))
		return BT_COMPONENT_CLASS_SINK_GRAPH_IS_CONFIGURED_METHOD_STATUS_OK;
	log_error(component, text_of("no message iterator"));
	return BT_COMPONENT_CLASS_SINK_GRAPH_IS_CONFIGURED_METHOD_STATUS_ERROR;
}

static bt_component_class_sink_consume_method_status take_all(bt_self_component *component,
							      struct output *output,
							      bt_message_array_const messages,
							      uint64_t count)
{
	char *error = NULL;
	uint64_t i;

	for (i = 0; i < count; i++) {
		if (!error)
			error = take(output, messages[i]);
		bt_message_put_ref(messages[i]);
	}
	if (!error)
		return BT_COMPONENT_CLASS_SINK_CONSUME_METHOD_STATUS_OK;
	log_error(component, error);
	return BT_COMPONENT_CLASS_SINK_CONSUME_METHOD_STATUS_ERROR;
}

bt_component_class_sink_consume_method_status output_consume(bt_self_component_sink *self)
{
	bt_self_component *component = bt_self_component_sink_as_self_component(self);
	struct output *output = bt_self_component_get_data(component);
	bt_message_array_const messages;
	uint64_t count;
	char *error;

	switch (bt_message_iterator_next(output->iterator, &messages, &count)) {
	case BT_MESSAGE_ITERATOR_NEXT_STATUS_OK:
		log_enter(component);
		return take_all(component, output, messages, count);
	case BT_MESSAGE_ITERATOR_NEXT_STATUS_AGAIN:
		return BT_COMPONENT_CLASS_SINK_CONSUME_METHOD_STATUS_AGAIN;
	case BT_MESSAGE_ITERATOR_NEXT_STATUS_END:
		error = free_output(output, true);
		if (!error)
			return BT_COMPONENT_CLASS_SINK_CONSUME_METHOD_STATUS_END;
		log_error(component, error);
		return BT_COMPONENT_CLASS_SINK_CONSUME_METHOD_STATUS_ERROR;
	default:
		log_error(component, text_of("what is upstream has failed"));
		return BT_COMPONENT_CLASS_SINK_CONSUME_METHOD_STATUS_ERROR;
	}
}
