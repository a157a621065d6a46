/* SPDX-License-Identifier: GPL-2.0 */
/*
 * An input port of the filter, as a stream that the analyzer's readers read.
 */
#ifndef TRACE_BT2_PORTS_H
#define TRACE_BT2_PORTS_H

#include <babeltrace2/babeltrace.h>

#include "correlate/timeline.h"

/**
 * struct input_port - an input port; all zero but the first two is a new one
 * @component: that it is of
 * @iterator: of who is upstream
 * @stream: the one that it carries, NULL before its first message
 * @why: why there are no more messages, if that is not the end
 */
struct input_port {
	bt_self_component *component;
	bt_message_iterator *iterator;
	const bt_stream *stream;
	const char *why;
	/* private: */
	bt_message_array_const messages;
	uint64_t count;
	uint64_t taken;
	bool at_end;
};

/**
 * input_port_pull() - the next message, as &ctf_pull
 * @data: the port
 * @error: set to a text, to be freed, if there is none for another reason than the end
 */
const bt_message *input_port_pull(void *data, char **error);

/**
 * input_port_identify() - whose stream is it?
 * @port: the port, with a stream
 * @reader: of the port
 * @timeline: the model, by which it is known
 * @party: set to the party
 * @section: set to the section of it
 *
 * Return: NULL, or what is wrong, to be freed.
 */
char *input_port_identify(const struct input_port *port, const struct reader *reader,
			  const struct timeline *timeline, size_t *party,
			  unsigned int *section);

/**
 * input_port_free() - free what is in a port
 * @port: the port
 */
void input_port_free(struct input_port *port);

#endif
