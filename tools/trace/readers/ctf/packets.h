/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Headers of packets in LTTng's events of the network.
 */
#ifndef TRACE_CTF_PACKETS_H
#define TRACE_CTF_PACKETS_H

#include <babeltrace2/babeltrace.h>

#include "packets/packet.h"

struct ctf_headers;

/**
 * ctf_headers_find() - find the headers in a class of payloads
 * @payload: the class
 *
 * Return: where they are, to be freed with ctf_headers_free(); NULL if there are none.
 */
struct ctf_headers *ctf_headers_find(const bt_field_class *payload);

void ctf_headers_free(struct ctf_headers *headers);

/**
 * ctf_headers_read() - what the headers of a packet say
 * @headers: where they are, or NULL
 * @payload: fields of the event
 * @packet: set
 *
 * Return: false if there are no headers in these events.
 */
bool ctf_headers_read(const struct ctf_headers *headers, const bt_field *payload,
		      struct packet *packet);

#endif
