// SPDX-License-Identifier: GPL-2.0
/*
 * Traces in the Common Trace Format 1.8, as LTTng writes them of the kernel and of
 * programs, through libbabeltrace2.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/array.h"
#include "common/message.h"
#include "common/metadata.h"
#include "readers/ctf/cut.h"
#include "readers/ctf/fields.h"
#include "readers/ctf/graph.h"
#include "readers/ctf/messages.h"
#include "readers/ctf/packets.h"
#include "readers/kinds.h"
#include "readers/reader.h"

/* A class of events, and the fields of it that are read; what they are depends on the kind */
struct event_class {
	const bt_event_class *class;
	const char *name;
	enum event_kind kind;
	struct ctf_member fields[8];
	/* In the context of all events, and in that of this class */
	struct ctf_member thread;
	struct ctf_member own_thread;
	struct ctf_member process;
	struct ctf_member own_process;
	/* Of packets, NULL for others and for tracers that do not write them */
	struct ctf_headers *headers;
};

enum { F_VM_ID, F_VM_PID, F_VCPU_ID, F_OFFSET, F_RATIO, F_FRAC_BITS, F_FLAGS, F_REASON };
enum { F_ENTRY_VCPU };
enum { F_EXIT_REASON, F_ISA, F_EXIT_VCPU };
enum { F_NEXT_TID, F_PREV_TID, F_PREV_STATE };
enum { F_TID };
enum { F_OF_VCPU, F_NEXT_OFFSET };
enum { F_EPOCH, F_STATE, F_FREQUENCY };

static const char *const names_of_fields[][8] = {
	[EVENT_GUEST_COUNTER] = { "vm_id", "vm_pid", "vcpu_id", "offset", "ratio", "frac_bits",
			      "flags", "reason" },
	[EVENT_ENTRY] = { "vcpu_id" },
	[EVENT_EXIT] = { "exit_reason", "isa", "vcpu_id" },
	[EVENT_SWITCH] = { "next_tid", "prev_tid", "prev_state" },
	[EVENT_WAKEUP] = { "tid" },
	[EVENT_WRITE_OFFSET] = { "vcpu_id", "next_tsc_offset" },
	[EVENT_EPOCH] = { "epoch", "state", "frequency" },
};

struct stream {
	/* Where its messages come from, and what is wrong with its file */
	struct graph *graph;
	size_t port;
	const char *cut;
	const bt_event *event;
	const bt_event_class *last_class;
	struct event_class *known;
	/* Of the packet that the event is in */
	unsigned int cpu;
	bool lost;
	uint64_t lost_from, lost_to;
	struct packet packet;
	/* A message that was read ahead to learn of the clock */
	const bt_message *first;
	bool peeked;
};

struct ctf {
	struct reader reader;
	/* Where messages come from: more than one graph if files are cut */
	struct graph **graphs;
	size_t nr_graphs;
	struct cut_trace *cut;
	ctf_pull pull;
	void *pull_data;
	struct stream *streams;
	struct event_class *classes;
	size_t nr_classes;
};

static bool probe(const char *path, bool is_directory)
{
	char *metadata;
	bool found;

	if (!is_directory)
		return false;
	metadata = text_of("%s/metadata", path);
	found = !access(metadata, F_OK);
	free(metadata);
	return found;
}

/* The metadata of CTF 2 are JSON texts, each after the character that separates records. */
static bool is_ctf2(int fd)
{
	char first;

	return pread(fd, &first, 1, 0) == 1 && first == '\x1e';
}

static char *ctf2_error(void)
{
	if (bt_version_get_major() > 2 || bt_version_get_minor() >= 1)
		return NULL;
	return text_of("it is of CTF 2, which libbabeltrace2 reads from version 2.1 on, and this is %u.%u.%u: install a newer one, or convert the trace elsewhere with \"babeltrace2 --component=sink.ctf.fs --params='ctf-version=\"1\"'\"",
		       bt_version_get_major(), bt_version_get_minor(), bt_version_get_patch());
}

/* libbabeltrace2 2.0 does not come back from metadata that is cut in a packet. */
static char *metadata_error(const char *path)
{
	char *name = text_of("%s/metadata", path), *error = NULL;
	struct metadata metadata;
	const char *why;
	int fd = open(name, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		error = text_of("%s", strerror(errno));
	else if (is_ctf2(fd))
		error = ctf2_error();
	else if (metadata_read(fd, &metadata, &why))
		error = text_of("its metadata: %s", why);
	else
		metadata_free(&metadata);
	if (fd >= 0)
		close(fd);
	free(name);
	return error;
}

static struct ctf_member find_first(const bt_field_class *class, const char *name,
				    const char *other)
{
	struct ctf_member member = ctf_find(class, name);

	return member.type == MEMBER_NONE ? ctf_find(class, other) : member;
}

/* Events of ftrace that were made a trace in CTF keep the names of ftrace. */
static const char *name_of_ftrace(const char *name)
{
	if (!strcmp(name, "next_tid"))
		return "next_pid";
	if (!strcmp(name, "prev_tid"))
		return "prev_pid";
	return strcmp(name, "tid") ? name : "pid";
}

static bool is_packet(enum event_kind kind)
{
	return kind == EVENT_SENT || kind == EVENT_RECEIVED;
}

static void learn_class(struct event_class *known)
{
	const bt_stream_class *stream = bt_event_class_borrow_stream_class_const(known->class);
	const bt_field_class *context =
		bt_stream_class_borrow_event_common_context_field_class_const(stream);
	const bt_field_class *own =
		bt_event_class_borrow_specific_context_field_class_const(known->class);
	const bt_field_class *payload =
		bt_event_class_borrow_payload_field_class_const(known->class);
	const char *name;
	size_t i;

	known->thread = find_first(context, "tid", "vtid");
	known->process = find_first(context, "pid", "vpid");
	known->own_thread = find_first(own, "tid", "vtid");
	known->own_process = find_first(own, "pid", "vpid");
	if (is_packet(known->kind))
		known->headers = ctf_headers_find(payload);
	if (known->kind >= sizeof(names_of_fields) / sizeof(names_of_fields[0]))
		return;
	for (i = 0; i < 8 && names_of_fields[known->kind][i]; i++) {
		name = names_of_fields[known->kind][i];
		known->fields[i] = find_first(payload, name, name_of_ftrace(name));
	}
}

/* The few classes are found by walking through them; a stream remembers its last one. */
static struct event_class *class_of(struct ctf *ctf, struct stream *stream,
				    const bt_event *event)
{
	const bt_event_class *class = bt_event_borrow_class_const(event);
	const char *name;
	size_t i;

	if (stream->last_class == class)
		return stream->known;
	for (i = 0; i < ctf->nr_classes; i++)
		if (ctf->classes[i].class == class)
			break;
	if (i == ctf->nr_classes) {
		name = bt_event_class_get_name(class);
		ctf->classes = array_room(ctf->classes, i, sizeof(*ctf->classes));
		ctf->classes[i] = (struct event_class){
			.class = class,
			.name = name ? name : "?",
			.kind = event_kind_of(name ? name : ""),
		};
		learn_class(&ctf->classes[i]);
		ctf->nr_classes++;
		/* The array may have moved. */
		for (size_t s = 0; s < ctf->reader.nr_streams; s++)
			ctf->streams[s].last_class = NULL;
	}
	stream->last_class = class;
	stream->known = &ctf->classes[i];
	return stream->known;
}

static const char *environment(const bt_trace *trace, const char *name)
{
	const bt_value *value = bt_trace_borrow_environment_entry_value_by_name_const(trace, name);

	return value && bt_value_is_string(value) ? bt_value_string_get(value) : NULL;
}

static void take_uuid(struct reader *reader, bt_uuid uuid)
{
	size_t i, at = 0;

	for (i = 0; uuid && i < 16; i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			reader->uuid[at++] = '-';
		at += (size_t)sprintf(reader->uuid + at, "%02x", uuid[i]);
	}
}

/* Where a file is cut, libbabeltrace2 finds an error, or nothing is wrong. */
static const bt_message *next_of_cut(struct stream *stream, char **error)
{
	const bt_message *message =
		stream->graph ? graph_next(stream->graph, stream->port, error) : NULL;

	if (!message) {
		free(*error);
		*error = text_of("%s", stream->cut);
	}
	return message;
}

static const bt_message *next_message(struct ctf *ctf, size_t number, char **error)
{
	struct stream *stream = &ctf->streams[number];

	if (ctf->pull)
		return ctf->pull(ctf->pull_data, error);
	return stream->cut ? next_of_cut(stream, error) :
			     graph_next(stream->graph, stream->port, error);
}

static void learn_of_stream(struct ctf *ctf, const bt_stream *stream)
{
	struct reader *reader = &ctf->reader;
	const bt_stream_class *class = bt_stream_borrow_class_const(stream);
	const bt_clock_class *clock = bt_stream_class_borrow_default_clock_class_const(class);
	const bt_trace *trace = bt_stream_borrow_trace_const(stream);
	const char *text;

	if (reader->clock || !clock)
		return;
	text = bt_clock_class_get_name(clock);
	reader->clock = text_of("%s", text ? text : "");
	reader->frequency = bt_clock_class_get_frequency(clock);
	bt_clock_class_get_offset(clock, &reader->offset_s, &reader->offset);
	take_uuid(reader, bt_clock_class_get_uuid(clock));
	text = environment(trace, "hostname");
	if (text)
		reader->host = text_of("%s", text);
	text = environment(trace, "domain");
	reader->user_space = text && !strcmp(text, "ust");
}

/* Read the first message of each stream: only then the graph is configured. */
static char *learn(struct ctf *ctf)
{
	char *error = NULL;
	size_t i;

	for (i = 0; i < ctf->reader.nr_streams && !error; i++) {
		struct stream *stream = &ctf->streams[i];

		stream->first = next_message(ctf, i, &error);
		stream->peeked = stream->first;
		if (stream->cut) {
			/* next() finds it once more. */
			free(error);
			error = NULL;
		}
		if (stream->first && bt_message_get_type(stream->first) ==
					     BT_MESSAGE_TYPE_STREAM_BEGINNING)
			learn_of_stream(ctf, bt_message_stream_beginning_borrow_stream_const(
						     stream->first));
	}
	return error;
}

static void close_ctf(struct reader *reader)
{
	struct ctf *ctf = (struct ctf *)reader;
	size_t i;

	for (i = 0; i < ctf->nr_graphs; i++)
		graph_close(ctf->graphs[i]);
	free(ctf->graphs);
	cut_trace_close(ctf->cut);
	for (i = 0; i < ctf->nr_classes; i++)
		ctf_headers_free(ctf->classes[i].headers);
	free(ctf->streams);
	free(ctf->classes);
	reader_free(reader);
}

static void add_stream(struct ctf *ctf, struct graph *graph, size_t port, const char *cut)
{
	ctf->streams = array_room(ctf->streams, ctf->reader.nr_streams, sizeof(*ctf->streams));
	ctf->streams[ctf->reader.nr_streams++] = (struct stream){
		.graph = graph,
		.port = port,
		.cut = cut,
	};
}

static char *add_graph(struct ctf *ctf, const char *path, const char *cut)
{
	char *error = NULL;
	struct graph *graph = graph_open(path, &error);
	size_t i;

	if (!graph)
		return error;
	ctf->graphs = array_room(ctf->graphs, ctf->nr_graphs, sizeof(struct graph *));
	ctf->graphs[ctf->nr_graphs++] = graph;
	for (i = 0; i < graph_streams(graph); i++)
		add_stream(ctf, graph, i, cut);
	return NULL;
}

/* What there is of a trace that cannot be opened as a whole */
static char *add_parts(struct ctf *ctf, const char *path, char *error)
{
	char *why = NULL;
	size_t i;

	ctf->cut = cut_trace_open(path, &why);
	if (!ctf->cut && !why)
		return error;
	free(error);
	if (!ctf->cut)
		return why;
	error = NULL;
	for (i = 0; i < ctf->cut->count && !error; i++) {
		if (ctf->cut->paths[i])
			error = add_graph(ctf, ctf->cut->paths[i], ctf->cut->wrong[i]);
		else
			add_stream(ctf, NULL, 0, ctf->cut->wrong[i]);
	}
	return error;
}

static struct reader *open_ctf(const char *path, char **error)
{
	struct ctf *ctf;

	*error = metadata_error(path);
	if (*error)
		return NULL;
	ctf = zalloc(sizeof(*ctf));
	ctf->reader.class = &ctf_reader;
	ctf->reader.path = text_of("%s", path);
	*error = add_graph(ctf, path, NULL);
	if (*error)
		*error = add_parts(ctf, path, *error);
	if (!*error)
		*error = learn(ctf);
	if (*error) {
		close_ctf(&ctf->reader);
		return NULL;
	}
	return &ctf->reader;
}

struct reader *ctf_reader_of(const char *name, ctf_pull pull, void *data, char **error)
{
	struct ctf *ctf = zalloc(sizeof(*ctf));

	ctf->reader.class = &ctf_reader;
	ctf->reader.path = text_of("%s", name);
	ctf->reader.nr_streams = 1;
	ctf->pull = pull;
	ctf->pull_data = data;
	ctf->streams = zalloc(sizeof(*ctf->streams));
	*error = learn(ctf);
	if (!*error)
		return &ctf->reader;
	close_ctf(&ctf->reader);
	return NULL;
}

static uint64_t number(const bt_field *payload, const struct event_class *class, size_t field)
{
	uint64_t value = 0;

	ctf_number(payload, class->fields[field], &value);
	return value;
}

static void take_guest_counter(const bt_field *payload, const struct event_class *class,
			       struct event *event)
{
	event->tsc = (struct clocktrace_guest_event){
		.vm_id = number(payload, class, F_VM_ID),
		.vm_pid = (int32_t)number(payload, class, F_VM_PID),
		.vcpu_id = (uint32_t)number(payload, class, F_VCPU_ID),
		.tsc = {
			.offset = (int64_t)number(payload, class, F_OFFSET),
			.ratio = number(payload, class, F_RATIO),
			.frac_bits = (uint32_t)number(payload, class, F_FRAC_BITS),
		},
		.flags = (uint32_t)number(payload, class, F_FLAGS),
		.reason = (enum clocktrace_reason)number(payload, class, F_REASON),
	};
	if (class->fields[F_REASON].type == MEMBER_NONE) {
		/* The state dump: the values as they are, from who starts the session */
		event->tsc.reason = CLOCKTRACE_REFRESH;
		event->thread = THREAD_NONE;
	}
}

static void take_vcpu(const bt_field *payload, struct ctf_member member, struct event *event)
{
	uint64_t value;

	if (ctf_number(payload, member, &value))
		event->vcpu_id = (uint32_t)value;
}

static void take_epoch(const bt_field *payload, const struct event_class *class,
		       struct event *event)
{
	uint64_t value;

	event->epoch = (uint32_t)number(payload, class, F_EPOCH);
	event->frequency = number(payload, class, F_FREQUENCY);
	event->state = ctf_number(payload, class->fields[F_STATE], &value) ?
			       (enum clock_state)value : CLOCK_STATE_COUNTER;
}

static void take_switch(const bt_field *payload, const struct event_class *class,
			struct event *event)
{
	uint64_t value;

	event->next = (int)number(payload, class, F_NEXT_TID);
	if (ctf_number(payload, class->fields[F_PREV_TID], &value))
		event->thread = (int)value;
	event->runnable = ctf_number(payload, class->fields[F_PREV_STATE], &value) && !value;
	ctf_text(payload, "next_comm", event->comm, sizeof(event->comm));
}

/* What is only for the output; not in the first pass */
static void take_more(const bt_field *payload, const struct event_class *class,
		      struct event *event)
{
	if (class->kind == EVENT_SWITCH)
		take_switch(payload, class, event);
	else if (class->kind == EVENT_WAKEUP)
		event->next = (int)number(payload, class, F_TID);
}

static void take_threads(const bt_event *read, const struct event_class *class,
			 struct event *event)
{
	const bt_field *context = bt_event_borrow_common_context_field_const(read);
	const bt_field *own = bt_event_borrow_specific_context_field_const(read);
	uint64_t value;

	if (ctf_number(context, class->thread, &value) ||
	    ctf_number(own, class->own_thread, &value))
		event->thread = (int)value;
	if (ctf_number(context, class->process, &value) ||
	    ctf_number(own, class->own_process, &value))
		event->process = (int)value;
}

static void take_event(struct ctf *ctf, struct stream *stream, const bt_message *message,
		       struct event *event)
{
	const bt_event *read = bt_message_event_borrow_event_const(message);
	const struct event_class *class = class_of(ctf, stream, read);
	const bt_field *payload = bt_event_borrow_payload_field_const(read);

	*event = (struct event){
		.name = class->name,
		.kind = class->kind,
		.cpu = stream->cpu,
		.thread = THREAD_NONE,
		.process = PROCESS_UNKNOWN,
		.vcpu_id = VCPU_UNKNOWN,
		.lost_before = stream->lost,
		.lost_from = stream->lost ? stream->lost_from : 0,
		.lost_to = stream->lost ? stream->lost_to : 0,
		.time = bt_clock_snapshot_get_value(
			bt_message_event_borrow_default_clock_snapshot_const(message)),
	};
	stream->lost = false;
	stream->event = read;
	if (ctf_headers_read(class->headers, payload, &stream->packet))
		event->packet = &stream->packet;
	if (ctf->reader.brief && !event_is_of_host(class->kind) && class->kind != EVENT_EPOCH)
		return;
	take_threads(read, class, event);
	if (class->kind == EVENT_GUEST_COUNTER) {
		take_guest_counter(payload, class, event);
	} else if (class->kind == EVENT_EXIT) {
		event->exit_reason = (uint32_t)number(payload, class, F_EXIT_REASON);
		event->svm = number(payload, class, F_ISA) == 2;
		take_vcpu(payload, class->fields[F_EXIT_VCPU], event);
	} else if (class->kind == EVENT_ENTRY) {
		take_vcpu(payload, class->fields[F_ENTRY_VCPU], event);
	} else if (class->kind == EVENT_WRITE_OFFSET) {
		event->vcpu_id = (uint32_t)number(payload, class, F_OF_VCPU);
		event->tsc.tsc.offset = (int64_t)number(payload, class, F_NEXT_OFFSET);
	} else if (class->kind == EVENT_EPOCH) {
		take_epoch(payload, class, event);
	} else {
		take_more(payload, class, event);
	}
}

static void take_packet(struct stream *stream, const bt_packet *packet)
{
	const bt_field *context = bt_packet_borrow_context_field_const(packet);
	uint64_t cpu;

	stream->cpu = 0;
	if (context && ctf_number(context, ctf_find(bt_field_borrow_class_const(context), "cpu_id"),
				  &cpu))
		stream->cpu = (unsigned int)cpu;
}

static bool find_loss(const bt_message *message, const bt_clock_snapshot **from,
		      const bt_clock_snapshot **to)
{
	const bool events = bt_message_get_type(message) == BT_MESSAGE_TYPE_DISCARDED_EVENTS;
	const bt_stream_class *class = bt_stream_borrow_class_const(
		events ? bt_message_discarded_events_borrow_stream_const(message) :
			 bt_message_discarded_packets_borrow_stream_const(message));

	if (events && bt_stream_class_discarded_events_have_default_clock_snapshots(class)) {
		*from = bt_message_discarded_events_borrow_beginning_default_clock_snapshot_const(
			message);
		*to = bt_message_discarded_events_borrow_end_default_clock_snapshot_const(message);
		return true;
	}
	if (!events && bt_stream_class_discarded_packets_have_default_clock_snapshots(class)) {
		*from = bt_message_discarded_packets_borrow_beginning_default_clock_snapshot_const(
			message);
		*to = bt_message_discarded_packets_borrow_end_default_clock_snapshot_const(message);
		return true;
	}
	return false;
}

bool ctf_loss(const bt_message *message, uint64_t *begin, uint64_t *end)
{
	const bt_clock_snapshot *from, *to;

	if (!find_loss(message, &from, &to))
		return false;
	*begin = bt_clock_snapshot_get_value(from);
	*end = bt_clock_snapshot_get_value(to);
	return true;
}

/* LTTng loses events behind those of the packet that tells of it, before the next one begins:
 * that is a part of the interval, which ends with the packet. */
static void take_loss(struct stream *stream, const bt_message *message)
{
	const bool is_first = !stream->lost;
	uint64_t begin, end;

	stream->lost = true;
	if (!ctf_loss(message, &begin, &end)) {
		stream->lost_from = stream->lost_to = 0;
		return;
	}
	if (is_first)
		stream->lost_from = begin;
	if (is_first || (stream->lost_to && end > stream->lost_to))
		stream->lost_to = end;
}

static enum read_status next(struct reader *reader, size_t number, struct event *event)
{
	struct ctf *ctf = (struct ctf *)reader;
	struct stream *stream = &ctf->streams[number];
	const bt_message *message;
	char *error = NULL;

	for (;;) {
		message = stream->peeked ? stream->first :
					   next_message(ctf, number, &error);
		stream->peeked = false;
		if (!message)
			break;
		switch (bt_message_get_type(message)) {
		case BT_MESSAGE_TYPE_EVENT:
			take_event(ctf, stream, message, event);
			return READ_EVENT;
		case BT_MESSAGE_TYPE_PACKET_BEGINNING:
			take_packet(stream,
				    bt_message_packet_beginning_borrow_packet_const(message));
			break;
		case BT_MESSAGE_TYPE_DISCARDED_EVENTS:
		case BT_MESSAGE_TYPE_DISCARDED_PACKETS:
			take_loss(stream, message);
			break;
		default:
			break;
		}
	}
	stream->event = NULL;
	if (!error)
		return READ_END;
	free(reader->error);
	reader->error = error;
	return READ_ERROR;
}

static void values(struct reader *reader, size_t number, value_handler handler, void *data)
{
	const bt_event *event = ((struct ctf *)reader)->streams[number].event;

	if (!event)
		return;
	ctf_values(bt_event_borrow_payload_field_const(event), false, handler, data);
	ctf_values(bt_event_borrow_common_context_field_const(event), true, handler, data);
	ctf_values(bt_event_borrow_specific_context_field_const(event), true, handler, data);
}

const struct reader_class ctf_reader = {
	.name = "CTF",
	.probe = probe,
	.open = open_ctf,
	.next = next,
	.values = values,
	.close = close_ctf,
};
