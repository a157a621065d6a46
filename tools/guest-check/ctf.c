// SPDX-License-Identifier: GPL-2.0
/*
 * Read traces of LTTng: a graph of libbabeltrace2 with a source for each trace, which
 * its muxer merges.
 */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "array.h"
#include "ctf.h"
#include "message.h"
#include "metadata.h"

#define CLOCK_NAME "clock_trace"
#define EPOCH_EVENT "clock_trace_epoch"

/* A stream that has lost events since its last one */
struct stream {
	const bt_stream *stream;
	bool lost;
};

struct reader {
	const char *path;
	ctf_handler handler;
	void *data;
	struct stream *streams;
	size_t nr_streams;
};

/* Directories with traces; nftw() takes no argument for the function that it calls. */
static char **directories;
static size_t nr_directories;

__attribute__((noreturn)) static void die_of_error(const char *path)
{
	const bt_error *error = bt_current_thread_take_error();
	const char *cause = "out of memory";

	if (error && bt_error_get_cause_count(error))
		cause = bt_error_cause_get_message(bt_error_borrow_cause_by_index(error, 0));
	die("%s cannot be read as a trace of LTTng: %s", path, cause);
}

/* libbabeltrace2 2.0 does not come back from metadata that is cut in a packet. */
static void check_metadata(const char *path)
{
	struct metadata metadata;
	const char *why;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		die("%s: %s", path, strerror(errno));
	if (metadata_read(fd, &metadata, &why))
		die("%s: %s", path, why);
	metadata_free(&metadata);
	close(fd);
}

static int note_directory(const char *path, const struct stat *status, int type,
			  struct FTW *place)
{
	(void)status;
	if (type != FTW_F || strcmp(path + place->base, "metadata"))
		return 0;
	check_metadata(path);
	directories = array_room(directories, nr_directories, sizeof(*directories));
	directories[nr_directories] = strndup(path, (size_t)place->base);
	if (!directories[nr_directories++])
		die("out of memory");
	return 0;
}

static const bt_plugin *find_plugin(const char *name)
{
	const bt_plugin *plugin = NULL;

	if (bt_plugin_find(name, BT_TRUE, BT_TRUE, BT_TRUE, BT_TRUE, BT_TRUE, &plugin))
		die("libbabeltrace2 has no plugin \"%s\": install the package libbabeltrace2-0",
		    name);
	return plugin;
}

static const bt_component_source *add_source(const struct reader *reader, bt_graph *graph,
					     const bt_plugin *ctf, const char *directory)
{
	const bt_component_class_source *class =
		bt_plugin_borrow_source_component_class_by_name_const(ctf, "fs");
	const bt_component_source *source;
	bt_value *params = bt_value_map_create(), *inputs = NULL;

	if (!class || !params ||
	    bt_value_map_insert_empty_array_entry(params, "inputs", &inputs) ||
	    bt_value_array_append_string_element(inputs, directory) ||
	    bt_graph_add_source_component(graph, class, directory, params,
					  BT_LOGGING_LEVEL_NONE, &source))
		die_of_error(reader->path);
	bt_value_put_ref(params);
	return source;
}

static void connect_source(const struct reader *reader, bt_graph *graph,
			   const bt_component_source *source,
			   const bt_component_filter *muxer)
{
	uint64_t count = bt_component_source_get_output_port_count(source), i;

	for (i = 0; i < count; i++) {
		/* The muxer has one free port at any time. */
		uint64_t last = bt_component_filter_get_input_port_count(muxer) - 1;

		if (bt_graph_connect_ports(graph,
				bt_component_source_borrow_output_port_by_index_const(source, i),
				bt_component_filter_borrow_input_port_by_index_const(muxer, last),
				NULL))
			die_of_error(reader->path);
	}
}

bool ctf_number(const bt_field *fields, const char *name, uint64_t *value)
{
	const bt_field *field;
	bt_field_class_type type;

	if (!fields || bt_field_get_class_type(fields) != BT_FIELD_CLASS_TYPE_STRUCTURE)
		return false;
	field = bt_field_structure_borrow_member_field_by_name_const(fields, name);
	if (!field)
		return false;
	type = bt_field_get_class_type(field);
	if (bt_field_class_type_is(type, BT_FIELD_CLASS_TYPE_UNSIGNED_INTEGER))
		*value = bt_field_integer_unsigned_get_value(field);
	else if (bt_field_class_type_is(type, BT_FIELD_CLASS_TYPE_SIGNED_INTEGER))
		*value = (uint64_t)bt_field_integer_signed_get_value(field);
	else
		return false;
	return true;
}

static struct stream *find_stream(struct reader *reader, const bt_stream *stream)
{
	size_t i;

	for (i = 0; i < reader->nr_streams; i++)
		if (reader->streams[i].stream == stream)
			return &reader->streams[i];
	reader->streams = array_room(reader->streams, reader->nr_streams,
				     sizeof(*reader->streams));
	reader->streams[i] = (struct stream){ .stream = stream };
	reader->nr_streams++;
	return &reader->streams[i];
}

static void note_loss(struct reader *reader, const bt_stream *stream)
{
	find_stream(reader, stream)->lost = true;
}

static uint64_t clock_value(const struct reader *reader, const bt_message *message,
			    const bt_event *event)
{
	const bt_stream_class *class =
		bt_stream_borrow_class_const(bt_event_borrow_stream_const(event));
	const bt_clock_class *clock =
		bt_stream_class_borrow_default_clock_class_const(class);
	const char *name = clock ? bt_clock_class_get_name(clock) : NULL;

	if (!name || strcmp(name, CLOCK_NAME))
		die("%s was recorded with the clock \"%s\", not with CLOCK_TRACE: see clocktrace-lttng(1)",
		    reader->path, name ? name : "");
	return bt_clock_snapshot_get_value(
		bt_message_event_borrow_default_clock_snapshot_const(message));
}

static uint64_t cpu_of(const struct reader *reader, const bt_event *event)
{
	const bt_stream_class *class =
		bt_stream_borrow_class_const(bt_event_borrow_stream_const(event));
	const bt_field *context = NULL;
	uint64_t cpu;

	if (bt_stream_class_supports_packets(class))
		context = bt_packet_borrow_context_field_const(
			bt_event_borrow_packet_const(event));
	if (!ctf_number(context, "cpu_id", &cpu))
		die("%s does not tell which CPU an event is of", reader->path);
	return cpu;
}

static void handle_event(struct reader *reader, const bt_message *message)
{
	const bt_event *event = bt_message_event_borrow_event_const(message);
	const char *name = bt_event_class_get_name(bt_event_borrow_class_const(event));
	struct stream *stream = find_stream(reader, bt_event_borrow_stream_const(event));
	struct ctf_event read = {
		.name = name ? name : "",
		.cpu = cpu_of(reader, event),
		.time = clock_value(reader, message, event),
		.lost_before = stream->lost,
		.payload = bt_event_borrow_payload_field_const(event),
		.context = bt_event_borrow_common_context_field_const(event),
	};

	if (!strcmp(read.name, EPOCH_EVENT))
		die("%s: the clock began a new epoch at %llu, so that not all times are of one time line",
		    reader->path, (unsigned long long)read.time);
	stream->lost = false;
	reader->handler(reader->data, &read);
}

static void handle_message(struct reader *reader, const bt_message *message)
{
	switch (bt_message_get_type(message)) {
	case BT_MESSAGE_TYPE_EVENT:
		handle_event(reader, message);
		break;
	case BT_MESSAGE_TYPE_DISCARDED_EVENTS:
		note_loss(reader, bt_message_discarded_events_borrow_stream_const(message));
		break;
	case BT_MESSAGE_TYPE_DISCARDED_PACKETS:
		note_loss(reader, bt_message_discarded_packets_borrow_stream_const(message));
		break;
	default:
		break;
	}
}

static bt_graph_simple_sink_component_consume_func_status
consume(bt_message_iterator *iterator, void *data)
{
	bt_message_array_const messages;
	bt_message_iterator_next_status status;
	uint64_t count, i;

	status = bt_message_iterator_next(iterator, &messages, &count);
	if (status != BT_MESSAGE_ITERATOR_NEXT_STATUS_OK)
		return (bt_graph_simple_sink_component_consume_func_status)status;
	for (i = 0; i < count; i++) {
		handle_message(data, messages[i]);
		bt_message_put_ref(messages[i]);
	}
	return BT_GRAPH_SIMPLE_SINK_COMPONENT_CONSUME_FUNC_STATUS_OK;
}

static void run_graph(struct reader *reader)
{
	const bt_plugin *ctf = find_plugin("ctf"), *utils = find_plugin("utils");
	const bt_component_filter *muxer;
	const bt_component_sink *sink;
	bt_graph *graph = bt_graph_create(0);
	size_t i;

	if (!graph ||
	    bt_graph_add_filter_component(graph,
			bt_plugin_borrow_filter_component_class_by_name_const(utils, "muxer"),
			"muxer", NULL, BT_LOGGING_LEVEL_NONE, &muxer) ||
	    bt_graph_add_simple_sink_component(graph, "sink", NULL, consume, NULL, reader,
					       &sink))
		die_of_error(reader->path);
	for (i = 0; i < nr_directories; i++)
		connect_source(reader, graph,
			       add_source(reader, graph, ctf, directories[i]), muxer);
	if (bt_graph_connect_ports(graph,
			bt_component_filter_borrow_output_port_by_index_const(muxer, 0),
			bt_component_sink_borrow_input_port_by_index_const(sink, 0), NULL) ||
	    bt_graph_run(graph))
		die_of_error(reader->path);
	bt_graph_put_ref(graph);
	bt_plugin_put_ref(ctf);
	bt_plugin_put_ref(utils);
}

/* libbabeltrace2 2.0 asserts what it reads, and has said what it found. */
static void end_after_assertion(int number)
{
	static const char text[] =
		"guest-check: a trace of LTTng is damaged so that libbabeltrace2 gives up\n";
	ssize_t written = write(STDERR_FILENO, text, sizeof(text) - 1);

	(void)number;
	(void)written;
	_exit(STATUS_FAILED);
}

void ctf_read(const char *path, ctf_handler handler, void *data)
{
	struct reader reader = { .path = path, .handler = handler, .data = data };
	const struct sigaction end = { .sa_handler = end_after_assertion };
	struct sigaction before;

	sigaction(SIGABRT, &end, &before);
	if (nftw(path, note_directory, 16, FTW_PHYS) || !nr_directories)
		die("%s holds no trace of LTTng", path);
	run_graph(&reader);
	sigaction(SIGABRT, &before, NULL);
	free(reader.streams);
	while (nr_directories)
		free(directories[--nr_directories]);
	free(directories);
	directories = NULL;
}
