// SPDX-License-Identifier: GPL-2.0
/*
 * filter.clocktrace.timeline: the streams of a host and its guests, on the host's time line.
 *
 * Its input ports are for one stream each. flt.utils.muxer in front would lose the order
 * of ticks, for it compares nanoseconds.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "bt2/components.h"
#include "bt2/emit.h"
#include "bt2/log.h"
#include "bt2/parameters.h"
#include "bt2/ports.h"
#include "common/array.h"
#include "common/message.h"
#include "readers/ctf/messages.h"

struct filter {
	bt_self_component_filter *self;
	char *model;
	uint64_t nr_inputs;
};

/* What is made for a party: the traces of its kernel and of its programs */
struct output {
	struct emit_trace *traces[2];
	/* By the streams of the party's machine */
	struct emit_stream *streams;
	size_t nr_streams;
};

struct iterator {
	bt_self_component *component;
	struct timeline *timeline;
	struct timeline_run *run;
	struct input_port *ports;
	size_t nr_ports;
	struct output *outputs;
	bt_clock_class *clock_class;
	struct emit_queue queue;
	char *error;
	bool at_end;
};

static bool add_input(bt_self_component_filter *self, struct filter *filter)
{
	char name[32];

	snprintf(name, sizeof(name), "in%" PRIu64, filter->nr_inputs++);
	return !bt_self_component_filter_add_input_port(self, name, NULL, NULL);
}

static char *set_up(struct filter *filter, const bt_value *params)
{
	static const char *const names[] = { "model", NULL };
	struct timeline *timeline;
	char *error = parameters_check(params, names);
	const char *model;

	if (!error)
		error = parameters_text(params, "model", &model);
	if (error)
		return error;
	if (!model)
		return text_of("the parameter 'model' is missing: a file that \"clocktrace merge --model\" has made of these traces");
	/* What is wrong with it is to be known before anything runs. */
	timeline = timeline_recall(model, NULL, 0, 0, &error);
	if (!timeline)
		return error;
	timeline_free(timeline);
	filter->model = text_of("%s", model);
	return NULL;
}

bt_component_class_initialize_method_status
timeline_initialize(bt_self_component_filter *self,
		    bt_self_component_filter_configuration *configuration,
		    const bt_value *params, void *data)
{
	bt_self_component *component = bt_self_component_filter_as_self_component(self);
	struct filter *filter = zalloc(sizeof(*filter));
	char *error;

	(void)configuration;
	(void)data;
	log_enter(component);
	filter->self = self;
	error = set_up(filter, params);
	if (!error && (!add_input(self, filter) ||
		       bt_self_component_filter_add_output_port(self, "out", NULL, NULL)))
		error = text_of("out of memory");
	if (error) {
		log_error(component, error);
		free(filter->model);
		free(filter);
		log_leave(component);
		return BT_COMPONENT_CLASS_INITIALIZE_METHOD_STATUS_ERROR;
	}
	bt_self_component_set_data(component, filter);
	return BT_COMPONENT_CLASS_INITIALIZE_METHOD_STATUS_OK;
}

void timeline_finalize(bt_self_component_filter *self)
{
	bt_self_component *component = bt_self_component_filter_as_self_component(self);
	struct filter *filter = bt_self_component_get_data(component);

	free(filter->model);
	free(filter);
	log_leave(component);
}

/* There is always one more port. */
bt_component_class_port_connected_method_status
timeline_input_connected(bt_self_component_filter *self, bt_self_component_port_input *port,
			 const bt_port_output *other)
{
	(void)port;
	(void)other;
	return add_input(self, bt_self_component_get_data(
				       bt_self_component_filter_as_self_component(self))) ?
		       BT_COMPONENT_CLASS_PORT_CONNECTED_METHOD_STATUS_OK :
		       BT_COMPONENT_CLASS_PORT_CONNECTED_METHOD_STATUS_MEMORY_ERROR;
}

static bool connect_ports(struct iterator *iterator, bt_self_message_iterator *self,
			  const struct filter *filter)
{
	bt_self_component_port_input *port;
	uint64_t i;

	iterator->ports = zalloc(filter->nr_inputs * sizeof(*iterator->ports));
	for (i = 0; i < filter->nr_inputs; i++) {
		port = bt_self_component_filter_borrow_input_port_by_index(filter->self, i);
		if (!bt_port_is_connected(bt_port_input_as_port_const(
			    bt_self_component_port_input_as_port_input(port))))
			continue;
		if (bt_message_iterator_create_from_message_iterator(
			    self, port, &iterator->ports[iterator->nr_ports].iterator))
			return false;
		iterator->ports[iterator->nr_ports++].component = iterator->component;
	}
	return true;
}

static void free_iterator(struct iterator *iterator)
{
	size_t i, j;

	emit_queue_free(&iterator->queue);
	for (i = 0; iterator->outputs && i < iterator->timeline->nr_parties; i++) {
		struct output *output = &iterator->outputs[i];

		for (j = 0; j < output->nr_streams; j++)
			emit_stream_free(&output->streams[j]);
		free(output->streams);
		emit_trace_free(output->traces[0]);
		emit_trace_free(output->traces[1]);
	}
	free(iterator->outputs);
	timeline_end(iterator->run);
	for (i = 0; i < iterator->nr_ports; i++)
		input_port_free(&iterator->ports[i]);
	free(iterator->ports);
	bt_clock_class_put_ref(iterator->clock_class);
	timeline_free(iterator->timeline);
	free(iterator->error);
	free(iterator);
}

bt_message_iterator_class_initialize_method_status
timeline_iterator_initialize(bt_self_message_iterator *self,
			     bt_self_message_iterator_configuration *configuration,
			     bt_self_component_port_output *port)
{
	bt_self_component *component = bt_self_message_iterator_borrow_component(self);
	struct filter *filter = bt_self_component_get_data(component);
	struct iterator *iterator = zalloc(sizeof(*iterator));
	char *error = NULL;

	(void)configuration;
	(void)port;
	log_enter(component);
	iterator->component = component;
	iterator->queue.iterator = self;
	iterator->timeline = timeline_recall(filter->model, NULL, 0, 0, &error);
	if (!iterator->timeline || !connect_ports(iterator, self, filter)) {
		log_error(component, error ? error : text_of("no message iterator"));
		free_iterator(iterator);
		return BT_MESSAGE_ITERATOR_CLASS_INITIALIZE_METHOD_STATUS_ERROR;
	}
	bt_self_message_iterator_set_data(self, iterator);
	return BT_MESSAGE_ITERATOR_CLASS_INITIALIZE_METHOD_STATUS_OK;
}

/* Read the first message of each port, which tells whose it is. */
static char *open_port(struct iterator *iterator, struct input_port *port, const char *name,
		       struct machine **machines)
{
	struct reader *reader;
	unsigned int section;
	char *error = NULL;
	size_t party;

	reader = ctf_reader_of(name, input_port_pull, port, &error);
	if (!reader)
		return error;
	if (!port->stream) {
		/* Nothing comes from there. */
		reader->class->close(reader);
		return NULL;
	}
	if (!reader->clock)
		error = text_of("%s has no clock", name);
	else
		error = input_port_identify(port, reader, iterator->timeline, &party, &section);
	if (error)
		reader->class->close(reader);
	else
		machine_add(machines[party], reader, section);
	return error;
}

static char *open_ports(struct iterator *iterator, struct machine **machines)
{
	const struct timeline *timeline = iterator->timeline;
	char name[32], *error = NULL;
	size_t i;

	for (i = 0; i < timeline->nr_parties; i++)
		machines[i] = machine_new(timeline->parties[i].name);
	for (i = 0; i < iterator->nr_ports && !error; i++) {
		snprintf(name, sizeof(name), "port in%zu", i);
		error = open_port(iterator, &iterator->ports[i], name, machines);
	}
	if (!error && !machines[0]->nr_streams)
		error = text_of("no stream is of the model's host, %s",
				timeline->parties[0].name);
	for (i = 1; i < timeline->nr_parties; i++)
		if (!error && !machines[i]->nr_streams)
			complain("no stream is of the model's guest %s",
				 timeline->parties[i].name);
	return error;
}

static void make_outputs(struct iterator *iterator, struct machine **machines)
{
	size_t i;

	iterator->outputs = zalloc((iterator->timeline->nr_parties + 1) *
				   sizeof(*iterator->outputs));
	for (i = 0; i < iterator->timeline->nr_parties; i++) {
		struct output *output = &iterator->outputs[i];

		output->nr_streams = machines[i]->nr_streams;
		output->streams = zalloc((output->nr_streams + 1) * sizeof(*output->streams));
	}
}

static char *start(struct iterator *iterator)
{
	struct timeline *timeline = iterator->timeline;
	struct machine **machines = zalloc((timeline->nr_parties + 1) * sizeof(*machines));
	const struct emit_clock clock = {
		.name = "clock_trace",
		.frequency = timeline->frequency,
		.offset_s = timeline->offset_s,
		.offset = timeline->offset,
		.uuid = timeline->uuid,
		.is_absolute = timeline->offset_s || timeline->offset || timeline->uuid[0],
	};
	char *error = open_ports(iterator, machines);
	size_t i;

	if (error) {
		for (i = 0; i < timeline->nr_parties; i++)
			machine_close(machines[i]);
		free(machines);
		return error;
	}
	if (!timeline->is_frequency_known)
		complain("no trace tells the frequency: a tick is taken for 1 ns");
	make_outputs(iterator, machines);
	iterator->run = timeline_begin(timeline, machines);
	iterator->clock_class = emit_clock_class(iterator->component, &clock);
	return iterator->clock_class ? NULL : text_of("out of memory");
}

static struct emit_trace *trace_of(struct iterator *iterator, size_t party, bool user_space)
{
	struct emit_trace **trace = &iterator->outputs[party].traces[user_space];

	if (*trace)
		return *trace;
	*trace = emit_trace_new(iterator->component, iterator->clock_class,
				iterator->timeline->parties[party].name, user_space);
	if (*trace && !emit_trace_number(*trace, ENTRY_PARTY, (int64_t)party))
		return NULL;
	return *trace;
}

/* The stream that stands for the one that the event came from */
static struct emit_stream *stream_of(struct iterator *iterator, const struct placed *placed)
{
	struct output *output = &iterator->outputs[placed->party];
	const struct machine *machine = timeline_machine(iterator->run, placed->party);
	struct emit_stream *stream = &output->streams[placed->stream - machine->streams];

	if (!stream->trace)
		stream->trace = trace_of(iterator, placed->party,
					 placed->stream->reader->user_space);
	return stream->trace ? stream : NULL;
}

/* What the analyzer takes for damage, here ends all. */
static char *upstream_error(const struct iterator *iterator)
{
	size_t i;

	for (i = 0; i < iterator->nr_ports; i++)
		if (iterator->ports[i].why)
			return text_of("port in%zu: %s", i, iterator->ports[i].why);
	return NULL;
}

/* As "clocktrace merge" tells it at its end */
static void tell_counts(const struct iterator *iterator)
{
	const struct timeline *timeline = iterator->timeline;
	size_t i;

	for (i = 0; i < timeline->nr_parties; i++) {
		const struct party *party = &timeline->parties[i];
		const struct counts *counts = &party->counts;

		log_info(iterator->component, "%s: %" PRIu64 " events placed, %" PRIu64 " of them assumed",
			 party->name, counts->placed, counts->assumed);
		if (counts->before || counts->after || counts->outside || counts->lost ||
		    counts->unmatched || counts->epoch)
			complain("%s: not placed: %" PRIu64 " events of before the host's trace, %" PRIu64
				 " of after it, %" PRIu64 " where it has lost events, %" PRIu64
				 " in no stay, %" PRIu64 " of a CPU or guest that fits no VM, %" PRIu64
				 " of another epoch", party->name, counts->before, counts->after,
				 counts->lost, counts->outside, counts->unmatched, counts->epoch);
	}
	log_info(iterator->component, "largest uncertainty of an event: %" PRIu64 " ticks",
		 timeline->uncertainty);
}

static bool end_streams(struct iterator *iterator)
{
	bool done = true;
	size_t i, j;

	for (i = 0; i < iterator->timeline->nr_parties; i++)
		for (j = 0; j < iterator->outputs[i].nr_streams; j++)
			done = done && emit_end(&iterator->queue, &iterator->outputs[i].streams[j]);
	return done;
}

static char *read_on(struct iterator *iterator)
{
	struct emit_stream *stream;
	struct placed placed;
	char *error;
	bool there;

	if (!iterator->run) {
		error = start(iterator);
		if (error)
			return error;
	}
	there = timeline_next(iterator->run, &placed);
	error = upstream_error(iterator);
	if (!error && !there)
		error = host_file_error(iterator->timeline->host);
	if (error)
		return error;
	if (!there) {
		iterator->at_end = true;
		tell_counts(iterator);
		return end_streams(iterator) ? NULL : text_of("out of memory");
	}
	stream = stream_of(iterator, &placed);
	return stream && emit_event(&iterator->queue, stream, &placed) ? NULL :
									 text_of("out of memory");
}

bt_message_iterator_class_next_method_status
timeline_iterator_next(bt_self_message_iterator *self, bt_message_array_const messages,
		       uint64_t capacity, uint64_t *count)
{
	struct iterator *iterator = bt_self_message_iterator_get_data(self);

	*count = 0;
	for (;;) {
		*count += emit_take(&iterator->queue, messages + *count, capacity - *count);
		if (iterator->at_end || *count == capacity)
			break;
		log_enter(iterator->component);
		iterator->error = read_on(iterator);
		if (!iterator->error)
			continue;
		while (*count)
			bt_message_put_ref(messages[--*count]);
		log_error(iterator->component, iterator->error);
		iterator->error = NULL;
		return BT_MESSAGE_ITERATOR_CLASS_NEXT_METHOD_STATUS_ERROR;
	}
	return *count ? BT_MESSAGE_ITERATOR_CLASS_NEXT_METHOD_STATUS_OK :
			BT_MESSAGE_ITERATOR_CLASS_NEXT_METHOD_STATUS_END;
}

void timeline_iterator_finalize(bt_self_message_iterator *self)
{
	free_iterator(bt_self_message_iterator_get_data(self));
}
