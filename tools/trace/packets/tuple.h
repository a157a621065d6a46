/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Which connection, or which two ends, a packet is of.
 */
#ifndef TRACE_PACKETS_TUPLE_H
#define TRACE_PACKETS_TUPLE_H

#include <stdbool.h>
#include <stddef.h>

#include "packets/packet.h"

/* The same for both directions: which end is the first one is a matter of their order. */
struct end {
	uint8_t address[PACKET_ADDRESS_SIZE];
	uint16_t port;
};

struct tuple {
	struct end ends[2];
	uint8_t version;
	uint8_t protocol;
};

/**
 * tuple_of() - the two ends of a packet
 * @packet: the packet
 * @tuple: set; two are equal if memcmp() says so
 *
 * Return: which of its ends has sent the packet, 0 or 1.
 */
int tuple_of(const struct packet *packet, struct tuple *tuple);

/**
 * tuple_is_local() - do its packets never leave a host?
 * @tuple: the two ends
 *
 * Addresses of the loopback are the same on all hosts.
 */
bool tuple_is_local(const struct tuple *tuple);

/**
 * hash_of() - a hash of some bytes
 * @data: the bytes
 * @size: their number
 */
uint64_t hash_of(const void *data, size_t size);

#endif
