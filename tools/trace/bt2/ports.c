// SPDX-License-Identifier: GPL-2.0
/*
 * An input port of the filter, as a stream that the analyzer's readers read.
 */
#include <stdlib.h>
#include <string.h>

#include "bt2/emit.h"
#include "bt2/log.h"
#include "bt2/ports.h"
#include "common/message.h"

static bool fill(struct input_port *port)
{
	bt_message_iterator_next_status status =
		bt_message_iterator_next(port->iterator, &port->messages, &port->count);

	/* Who is upstream may have spoken. */
	log_enter(port->component);
	switch (status) {
	case BT_MESSAGE_ITERATOR_NEXT_STATUS_OK:
		return true;
	case BT_MESSAGE_ITERATOR_NEXT_STATUS_END:
		break;
	case BT_MESSAGE_ITERATOR_NEXT_STATUS_AGAIN:
		port->why = "it is of a live source: a model is of traces that are complete";
		break;
	default:
		port->why = "what is upstream has failed";
		break;
	}
	port->count = 0;
	port->at_end = true;
	return false;
}

static const bt_message *pull(struct input_port *port)
{
	const bt_message *message;

	if (port->taken)
		bt_message_put_ref(port->messages[port->taken - 1]);
	if (port->taken == port->count) {
		port->taken = port->count = 0;
		if (port->at_end || !fill(port))
			return NULL;
	}
	message = port->messages[port->taken++];
	if (bt_message_get_type(message) == BT_MESSAGE_TYPE_STREAM_BEGINNING) {
		if (port->stream) {
			port->why = "it carries several streams: connect each port of the source directly, without a muxer";
			port->at_end = true;
			return NULL;
		}
		port->stream = bt_message_stream_beginning_borrow_stream_const(message);
		bt_stream_get_ref(port->stream);
	}
	return message;
}

const bt_message *input_port_pull(void *data, char **error)
{
	struct input_port *port = data;
	const bt_message *message = pull(port);

	if (port->why)
		*error = text_of("%s", port->why);
	return message;
}

static const bt_value *entry(const struct input_port *port, const char *name)
{
	return bt_trace_borrow_environment_entry_value_by_name_const(
		bt_stream_borrow_trace_const(port->stream), name);
}

/* What source.clocktrace.trace tells */
static bool by_fingerprint(const struct input_port *port, const struct timeline *timeline,
			   size_t *party, unsigned int *section)
{
	const bt_value *fingerprint = entry(port, ENTRY_FINGERPRINT);
	const bt_value *number = entry(port, ENTRY_SECTION);
	uint64_t wanted;
	size_t i;

	if (!fingerprint || !bt_value_is_string(fingerprint) || !number ||
	    !bt_value_is_signed_integer(number))
		return false;
	wanted = strtoull(bt_value_string_get(fingerprint), NULL, 16);
	for (i = 0; i < timeline->nr_parties; i++)
		if (timeline->parties[i].fingerprint == wanted) {
			*party = i;
			*section = (unsigned int)bt_value_integer_signed_get(number);
			return true;
		}
	return false;
}

char *input_port_identify(const struct input_port *port, const struct reader *reader,
			  const struct timeline *timeline, size_t *party,
			  unsigned int *section)
{
	size_t i, j, found = 0;

	if (by_fingerprint(port, timeline, party, section))
		return NULL;
	if (!reader->uuid[0])
		return text_of("the clock of %s has no UUID, which would tell whose it is: read the very traces of the model with source.clocktrace.trace",
			       reader->path);
	for (i = 0; i < timeline->nr_parties; i++)
		for (j = 0; j < timeline->parties[i].nr_identities; j++)
			if (!strcmp(timeline->parties[i].identities[j].uuid, reader->uuid)) {
				*party = i;
				*section = timeline->parties[i].identities[j].section;
				found++;
			}
	if (found > 1)
		return text_of("the UUID of the clock of %s is that of several traces of the model: read the very traces of the model with source.clocktrace.trace",
			       reader->path);
	if (!found)
		return text_of("the model is of other traces: none has a clock with the UUID %s, as %s has",
			       reader->uuid, reader->path);
	return NULL;
}

void input_port_free(struct input_port *port)
{
	uint64_t next = port->taken ? port->taken - 1 : 0;

	for (; next < port->count; next++)
		bt_message_put_ref(port->messages[next]);
	bt_stream_put_ref(port->stream);
	bt_message_iterator_put_ref(port->iterator);
}
