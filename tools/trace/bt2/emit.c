// SPDX-License-Identifier: GPL-2.0
/*
 * Messages of libbabeltrace2, made of events as the analyzer has them.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bt2/emit.h"
#include "common/array.h"
#include "writers/ctf_class.h"
#include "writers/writer.h"

#define LAYOUT_SIZE 8192
#define FIELDS_MAX 128
/* So that a packet that sink.ctf.fs writes has a size to work with */
#define PACKET_EVENTS 4096

/* A field of the event that is being made; a text is in @text of its side from @u on */
struct item {
	enum value_type type;
	union {
		uint64_t u;
		int64_t s;
		double real;
	};
};

/* The event's own fields, or those of its context */
struct side {
	struct item items[FIELDS_MAX];
	size_t count;
	char layout[LAYOUT_SIZE];
	size_t layout_size;
	char *text;
	size_t text_size;
	size_t text_room;
};

struct emit_trace {
	bt_trace_class *class;
	bt_stream_class *stream_class;
	bt_trace *trace;
	/* The numbers of the classes are indexes of @event_classes */
	struct ctf_classes classes;
	bt_event_class **event_classes;
	size_t nr_event_classes;
	struct side context;
	struct side payload;
	char layout[2 * LAYOUT_SIZE + 1];
};

static bool take_uuid(const char *text, uint8_t *uuid)
{
	unsigned int byte;
	size_t i, at = 0;

	for (i = 0; i < 16; i++, at += 2) {
		at += text[at] == '-';
		if (sscanf(text + at, "%2x", &byte) != 1)
			return false;
		uuid[i] = (uint8_t)byte;
	}
	return true;
}

bt_clock_class *emit_clock_class(bt_self_component *component, const struct emit_clock *clock)
{
	bt_clock_class *class = bt_clock_class_create(component);
	uint64_t frequency = clock->frequency ? clock->frequency : 1000000000;
	uint8_t uuid[16];

	if (!class)
		return NULL;
	bt_clock_class_set_frequency(class, frequency);
	bt_clock_class_set_offset(class, clock->offset_s + (int64_t)(clock->offset / frequency),
				  clock->offset % frequency);
	bt_clock_class_set_origin_is_unix_epoch(class, clock->is_absolute);
	if (strlen(clock->uuid) == 36 && take_uuid(clock->uuid, uuid))
		bt_clock_class_set_uuid(class, uuid);
	if (bt_clock_class_set_name(class, clock->name)) {
		bt_clock_class_put_ref(class);
		return NULL;
	}
	return class;
}

/* The context of packets: the CPU */
static bool add_packet_context(struct emit_trace *trace)
{
	bt_field_class *context = bt_field_class_structure_create(trace->class);
	bt_field_class *cpu = bt_field_class_integer_unsigned_create(trace->class);
	bool done = false;

	if (context && cpu) {
		bt_field_class_integer_set_field_value_range(cpu, 32);
		done = !bt_field_class_structure_append_member(context, "cpu_id", cpu) &&
		       !bt_stream_class_set_packet_context_field_class(trace->stream_class,
								       context);
	}
	bt_field_class_put_ref(cpu);
	bt_field_class_put_ref(context);
	return done;
}

static bool fill_trace(struct emit_trace *trace, bt_self_component *component,
		       bt_clock_class *clock_class, const char *name, bool user_space)
{
	trace->class = bt_trace_class_create(component);
	if (!trace->class)
		return false;
	trace->stream_class = bt_stream_class_create(trace->class);
	if (!trace->stream_class ||
	    bt_stream_class_set_default_clock_class(trace->stream_class, clock_class))
		return false;
	bt_stream_class_set_supports_packets(trace->stream_class, BT_TRUE, BT_TRUE, BT_TRUE);
	bt_stream_class_set_supports_discarded_events(trace->stream_class, BT_TRUE, BT_TRUE);
	if (!add_packet_context(trace))
		return false;
	trace->trace = bt_trace_create(trace->class);
	return trace->trace && !bt_trace_set_name(trace->trace, name) &&
	       emit_trace_text(trace, "hostname", name) &&
	       emit_trace_text(trace, "domain", user_space ? "ust" : "kernel");
}

struct emit_trace *emit_trace_new(bt_self_component *component, bt_clock_class *clock_class,
				  const char *name, bool user_space)
{
	struct emit_trace *trace = zalloc(sizeof(*trace));

	if (fill_trace(trace, component, clock_class, name, user_space))
		return trace;
	emit_trace_free(trace);
	return NULL;
}

bool emit_trace_number(struct emit_trace *trace, const char *name, int64_t number)
{
	return !bt_trace_set_environment_entry_integer(trace->trace, name, number);
}

bool emit_trace_text(struct emit_trace *trace, const char *name, const char *text)
{
	return !bt_trace_set_environment_entry_string(trace->trace, name, text);
}

void emit_trace_free(struct emit_trace *trace)
{
	size_t i;

	if (!trace)
		return;
	for (i = 0; i < trace->nr_event_classes; i++)
		bt_event_class_put_ref(trace->event_classes[i]);
	free(trace->event_classes);
	ctf_classes_free(&trace->classes);
	bt_trace_put_ref(trace->trace);
	bt_stream_class_put_ref(trace->stream_class);
	bt_trace_class_put_ref(trace->class);
	free(trace->context.text);
	free(trace->payload.text);
	free(trace);
}

static void clear(struct side *side)
{
	side->count = side->layout_size = side->text_size = 0;
	side->layout[0] = '\0';
}

static uint64_t keep_text(struct side *side, const char *text)
{
	size_t size = strlen(text) + 1, at = side->text_size;

	while (side->text_room < at + size) {
		side->text = array_room(side->text, side->text_room, 1);
		side->text_room = side->text_room ? 2 * side->text_room : 1;
	}
	memcpy(side->text + at, text, size);
	side->text_size += size;
	return at;
}

static bool declare(struct side *side, char letter, const char *name)
{
	size_t length = strlen(name), i;
	char *at = side->layout + side->layout_size;

	if (side->count == FIELDS_MAX || side->layout_size + length + 3 > LAYOUT_SIZE)
		return false;
	*at++ = letter;
	/* What the names of sink.ctf.fs cannot hold, and what layouts are made of */
	for (i = 0; i < length; i++)
		*at++ = isalnum((unsigned char)name[i]) ? name[i] : '_';
	*at++ = ' ';
	*at = '\0';
	side->layout_size += length + 2;
	return true;
}

static void put_value(void *data, const struct value *value)
{
	static const char letters[] = { [VALUE_UNSIGNED] = 'u', [VALUE_SIGNED] = 's',
					[VALUE_REAL] = 'd', [VALUE_TEXT] = 't' };
	struct emit_trace *trace = data;
	struct side *side = value->context ? &trace->context : &trace->payload;
	struct item *item = &side->items[side->count];

	if (!declare(side, letters[value->type], value->name))
		return;
	item->type = value->type;
	if (value->type == VALUE_TEXT)
		item->u = keep_text(side, value->text);
	else
		item->u = value->u;
	side->count++;
}

static void put_placing(struct emit_trace *trace, const struct placed *placed)
{
	const struct value values[] = {
		{ .name = FIELD_VM, .context = true, .u = placed->vcpu->vm_id },
		{ .name = FIELD_VCPU, .context = true, .u = placed->vcpu->vcpu_id },
		{ .name = FIELD_RAW, .context = true, .u = placed->event->time },
		{ .name = FIELD_UNCERTAINTY, .context = true, .u = placed->uncertainty },
		{ .name = FIELD_CERTAINTY, .context = true, .type = VALUE_TEXT,
		  .text = certainty_text(placed) },
	};
	size_t i;

	for (i = 0; i < sizeof(values) / sizeof(values[0]); i++)
		put_value(trace, &values[i]);
}

/* The thread is a field in traces of LTTng, and elsewhere part of each event. */
static void put_thread(struct emit_trace *trace, const struct event *event)
{
	const struct value value = { .name = "tid", .type = VALUE_SIGNED, .context = true,
				     .s = event->thread };

	if (event->thread != THREAD_NONE && event->kind != EVENT_SWITCH &&
	    !strstr(trace->context.layout, "tid "))
		put_value(trace, &value);
}

static bt_field_class *field_class_of(bt_trace_class *class, char letter)
{
	switch (letter) {
	case 'u':
		return bt_field_class_integer_unsigned_create(class);
	case 's':
		return bt_field_class_integer_signed_create(class);
	case 'd':
		return bt_field_class_real_double_precision_create(class);
	default:
		return bt_field_class_string_create(class);
	}
}

/* Two fields of one name are told apart by a "_". */
static bool append_field(bt_field_class *structure, bt_field_class *field, const char *name)
{
	char own[LAYOUT_SIZE + 16];
	size_t tries, size = strlen(name);

	memcpy(own, name, size + 1);
	for (tries = 0; tries < 8; tries++) {
		if (!bt_field_class_structure_borrow_member_by_name_const(structure, own))
			return !bt_field_class_structure_append_member(structure, own, field);
		own[size++] = '_';
		own[size] = '\0';
	}
	return false;
}

static bt_field_class *structure_of(bt_trace_class *class, const char *layout)
{
	bt_field_class *structure = bt_field_class_structure_create(class), *field;
	char name[LAYOUT_SIZE];
	const char *end;
	bool done = structure;

	for (; done && *layout; layout = end + 1) {
		end = strchr(layout, ' ');
		memcpy(name, layout + 1, (size_t)(end - layout - 1));
		name[end - layout - 1] = '\0';
		field = field_class_of(class, *layout);
		done = field && append_field(structure, field, name);
		bt_field_class_put_ref(field);
	}
	if (done)
		return structure;
	bt_field_class_put_ref(structure);
	return NULL;
}

static bt_event_class *make_class(struct emit_trace *trace, const char *name)
{
	bt_event_class *class = bt_event_class_create(trace->stream_class);
	bt_field_class *context = structure_of(trace->class, trace->context.layout);
	bt_field_class *payload = structure_of(trace->class, trace->payload.layout);
	bool done = class && context && payload && !bt_event_class_set_name(class, name) &&
		    !bt_event_class_set_payload_field_class(class, payload) &&
		    (!trace->context.count ||
		     !bt_event_class_set_specific_context_field_class(class, context));

	bt_field_class_put_ref(context);
	bt_field_class_put_ref(payload);
	if (done)
		return class;
	bt_event_class_put_ref(class);
	return NULL;
}

static bt_event_class *class_of(struct emit_trace *trace, const char *name)
{
	struct side *context = &trace->context, *payload = &trace->payload;
	size_t number;

	memcpy(trace->layout, context->layout, context->layout_size);
	trace->layout[context->layout_size] = '|';
	memcpy(trace->layout + context->layout_size + 1, payload->layout,
	       payload->layout_size + 1);
	number = ctf_class_of(&trace->classes, name, trace->layout);
	if (number < trace->nr_event_classes)
		return trace->event_classes[number];
	trace->event_classes = array_room(trace->event_classes, number,
					  sizeof(*trace->event_classes));
	trace->event_classes[number] = make_class(trace, name);
	if (trace->event_classes[number])
		trace->nr_event_classes++;
	return trace->event_classes[number];
}

static bool set_fields(bt_field *structure, const struct side *side)
{
	size_t i;

	for (i = 0; i < side->count; i++) {
		bt_field *field = bt_field_structure_borrow_member_field_by_index(structure, i);
		const struct item *item = &side->items[i];

		if (item->type == VALUE_UNSIGNED)
			bt_field_integer_unsigned_set_value(field, item->u);
		else if (item->type == VALUE_SIGNED)
			bt_field_integer_signed_set_value(field, item->s);
		else if (item->type == VALUE_REAL)
			bt_field_real_double_precision_set_value(field, item->real);
		else if (bt_field_string_set_value(field, side->text + item->u))
			return false;
	}
	return true;
}

static bool add(struct emit_queue *queue, const bt_message *message)
{
	if (!message)
		return false;
	if (queue->taken == queue->count)
		queue->taken = queue->count = 0;
	if (queue->count == queue->room) {
		queue->list = array_room(queue->list, queue->room, sizeof(*queue->list));
		queue->room = queue->room ? 2 * queue->room : 1;
	}
	queue->list[queue->count++] = message;
	return true;
}

static bool begin_stream(struct emit_queue *queue, struct emit_stream *stream)
{
	stream->stream = bt_stream_create(stream->trace->stream_class, stream->trace->trace);
	return stream->stream &&
	       add(queue, bt_message_stream_beginning_create(queue->iterator, stream->stream));
}

static bool end_packet(struct emit_queue *queue, struct emit_stream *stream, uint64_t time)
{
	bool done;

	if (!stream->packet)
		return true;
	done = add(queue, bt_message_packet_end_create_with_default_clock_snapshot(
				  queue->iterator, stream->packet, time));
	bt_packet_put_ref(stream->packet);
	stream->packet = NULL;
	return done;
}

static bool begin_packet(struct emit_queue *queue, struct emit_stream *stream, unsigned int cpu,
			 uint64_t time)
{
	bt_field *context;

	stream->packet = bt_packet_create(stream->stream);
	if (!stream->packet)
		return false;
	stream->cpu = cpu;
	stream->nr_events = 0;
	context = bt_packet_borrow_context_field(stream->packet);
	bt_field_integer_unsigned_set_value(
		bt_field_structure_borrow_member_field_by_index(context, 0), cpu);
	return add(queue, bt_message_packet_beginning_create_with_default_clock_snapshot(
				  queue->iterator, stream->packet, time));
}

/* Have a packet open that the event fits in. */
static bool prepare(struct emit_queue *queue, struct emit_stream *stream,
		    const struct event *event, uint64_t time)
{
	bool lost = event->lost_before;

	if (!stream->stream) {
		if (!begin_stream(queue, stream))
			return false;
		stream->last_time = time;
	}
	if ((lost || event->cpu != stream->cpu || stream->nr_events == PACKET_EVENTS) &&
	    !end_packet(queue, stream, time))
		return false;
	if (lost && !add(queue, bt_message_discarded_events_create_with_default_clock_snapshots(
					queue->iterator, stream->stream, time, time)))
		return false;
	return stream->packet || begin_packet(queue, stream, event->cpu, time);
}

bool emit_event(struct emit_queue *queue, struct emit_stream *stream,
		const struct placed *placed)
{
	struct reader *reader = placed->stream->reader;
	struct emit_trace *trace = stream->trace;
	bt_event_class *class;
	bt_message *message;
	bt_event *event;

	if (!prepare(queue, stream, placed->event, placed->time))
		return false;
	clear(&trace->context);
	clear(&trace->payload);
	if (reader->class->values)
		reader->class->values(reader, placed->stream->number, put_value, trace);
	put_thread(trace, placed->event);
	/* What was merged before keeps what was told of it then. */
	if (placed->party && !strstr(trace->context.layout, "u" FIELD_VM " "))
		put_placing(trace, placed);
	class = class_of(trace, placed->event->name);
	if (!class)
		return false;
	message = bt_message_event_create_with_packet_and_default_clock_snapshot(
		queue->iterator, class, stream->packet, placed->time);
	if (!message || !add(queue, message))
		return false;
	event = bt_message_event_borrow_event(message);
	stream->last_time = queue->last_time = placed->time;
	stream->nr_events++;
	return set_fields(bt_event_borrow_payload_field(event), &trace->payload) &&
	       (!trace->context.count ||
		set_fields(bt_event_borrow_specific_context_field(event), &trace->context));
}

bool emit_end(struct emit_queue *queue, struct emit_stream *stream)
{
	if (!stream->stream)
		return true;
	return end_packet(queue, stream, queue->last_time) &&
	       add(queue, bt_message_stream_end_create(queue->iterator, stream->stream));
}

void emit_stream_free(struct emit_stream *stream)
{
	bt_packet_put_ref(stream->packet);
	bt_stream_put_ref(stream->stream);
	stream->packet = NULL;
	stream->stream = NULL;
}

uint64_t emit_take(struct emit_queue *queue, bt_message_array_const messages, uint64_t capacity)
{
	uint64_t count = 0;

	while (count < capacity && queue->taken < queue->count)
		messages[count++] = queue->list[queue->taken++];
	return count;
}

void emit_queue_free(struct emit_queue *queue)
{
	for (; queue->taken < queue->count; queue->taken++)
		bt_message_put_ref(queue->list[queue->taken]);
	free(queue->list);
}
