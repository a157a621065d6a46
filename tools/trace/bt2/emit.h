/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Messages of libbabeltrace2, made of events as the analyzer has them.
 *
 * The classes of events are found as the events come. Each CPU of a stream is a packet, as
 * in LTTng's traces, with the field cpu_id in its context.
 */
#ifndef TRACE_BT2_EMIT_H
#define TRACE_BT2_EMIT_H

#include <babeltrace2/babeltrace.h>

#include "correlate/timeline.h"

/* Entries of a trace's environment, by which components of this plugin know each other's
 * traces: what fingerprint_of() says, the section, and the number of the party.
 */
#define ENTRY_FINGERPRINT "clocktrace_fingerprint"
#define ENTRY_SECTION "clocktrace_section"
#define ENTRY_PARTY "clocktrace_party"

/* Fields in the context of a placed event */
#define FIELD_VM "placed_vm"
#define FIELD_VCPU "placed_vcpu"
#define FIELD_RAW "placed_raw"
#define FIELD_UNCERTAINTY "placed_uncertainty"
#define FIELD_CERTAINTY "placed_certainty"

/**
 * struct emit_clock - what a clock class is made of
 * @name: of the clock
 * @frequency: ticks per second
 * @offset_s: of its zero from its origin, in seconds
 * @offset: in addition to that, in ticks
 * @uuid: of the running kernel, "" if it is not known
 * @is_absolute: the origin is the Epoch
 */
struct emit_clock {
	const char *name;
	uint64_t frequency;
	int64_t offset_s;
	uint64_t offset;
	const char *uuid;
	bool is_absolute;
};

/**
 * emit_clock_class() - make a clock class
 * @component: that it is for
 * @clock: what it is made of
 *
 * Return: the class, NULL without memory.
 */
bt_clock_class *emit_clock_class(bt_self_component *component, const struct emit_clock *clock);

struct emit_trace;

/**
 * emit_trace_new() - make a trace
 * @component: that it is for
 * @clock_class: of its events
 * @name: of the machine
 * @user_space: it is of programs
 *
 * Return: the trace, to be freed with emit_trace_free(); NULL without memory.
 */
struct emit_trace *emit_trace_new(bt_self_component *component, bt_clock_class *clock_class,
				  const char *name, bool user_space);

/**
 * emit_trace_number() - add a number to its environment
 * @trace: the trace, without a stream yet
 * @name: of the entry
 * @number: the number
 *
 * Return: false without memory.
 */
bool emit_trace_number(struct emit_trace *trace, const char *name, int64_t number);

/**
 * emit_trace_text() - add a text to its environment
 * @trace: the trace, without a stream yet
 * @name: of the entry
 * @text: the text
 *
 * Return: false without memory.
 */
bool emit_trace_text(struct emit_trace *trace, const char *name, const char *text);

/**
 * emit_trace_free() - free a trace
 * @trace: the trace, or NULL
 */
void emit_trace_free(struct emit_trace *trace);

/**
 * struct emit_stream - a stream of messages; all zero but @trace is a new one
 * @trace: that it belongs to
 */
struct emit_stream {
	struct emit_trace *trace;
	/* private: */
	bt_stream *stream;
	bt_packet *packet;
	unsigned int cpu;
	unsigned int nr_events;
	uint64_t last_time;
};

/**
 * struct emit_queue - messages on their way to who is downstream
 * @iterator: that they are for
 * @last_time: the time of the last event in any stream
 */
struct emit_queue {
	bt_self_message_iterator *iterator;
	uint64_t last_time;
	/* private: */
	const bt_message **list;
	size_t room;
	size_t count;
	size_t taken;
};

/**
 * emit_event() - make the messages of an event
 * @queue: where they go
 * @stream: of the event
 * @placed: the event; only @event, @stream and @time count where it is not of a guest
 *
 * Return: false without memory.
 */
bool emit_event(struct emit_queue *queue, struct emit_stream *stream,
		const struct placed *placed);

/**
 * emit_end() - make the messages that end a stream
 * @queue: where they go
 * @stream: the stream, which may have had no event
 *
 * Return: false without memory.
 */
bool emit_end(struct emit_queue *queue, struct emit_stream *stream);

/**
 * emit_stream_free() - free what is in a stream
 * @stream: the stream
 */
void emit_stream_free(struct emit_stream *stream);

/**
 * emit_take() - hand messages on
 * @queue: the queue
 * @messages: set to as many as there are
 * @capacity: of @messages
 *
 * Return: their number.
 */
uint64_t emit_take(struct emit_queue *queue, bt_message_array_const messages, uint64_t capacity);

/**
 * emit_queue_free() - free what is in a queue
 * @queue: the queue
 */
void emit_queue_free(struct emit_queue *queue);

#endif
