// SPDX-License-Identifier: GPL-2.0
/*
 * Which connection, or which two ends, a packet is of.
 */
#include <string.h>

#include "packets/tuple.h"

static const uint8_t loopback[PACKET_ADDRESS_SIZE] = { [15] = 1 };

static void set_end(struct end *end, const uint8_t *address, uint16_t port)
{
	memcpy(end->address, address, PACKET_ADDRESS_SIZE);
	end->port = port;
}

int tuple_of(const struct packet *packet, struct tuple *tuple)
{
	int order = memcmp(packet->source, packet->destination, PACKET_ADDRESS_SIZE);
	int sender;

	if (!order)
		order = packet->source_port < packet->destination_port ? -1 : 1;
	sender = order > 0;
	memset(tuple, 0, sizeof(*tuple));
	set_end(&tuple->ends[sender], packet->source, packet->source_port);
	set_end(&tuple->ends[!sender], packet->destination, packet->destination_port);
	tuple->version = packet->version;
	tuple->protocol = packet->protocol;
	return sender;
}

bool tuple_is_local(const struct tuple *tuple)
{
	size_t i;

	if (!memcmp(tuple->ends[0].address, tuple->ends[1].address, PACKET_ADDRESS_SIZE))
		return true;
	for (i = 0; i < 2; i++) {
		if (tuple->version == 4 && tuple->ends[i].address[0] == 127)
			return true;
		if (tuple->version == 6 &&
		    !memcmp(tuple->ends[i].address, loopback, PACKET_ADDRESS_SIZE))
			return true;
	}
	return false;
}

/* FNV-1a, and a last step that mixes the low bits, which tables use */
uint64_t hash_of(const void *data, size_t size)
{
	const uint8_t *bytes = data;
	uint64_t hash = UINT64_C(14695981039346656037);
	size_t i;

	for (i = 0; i < size; i++)
		hash = (hash ^ bytes[i]) * UINT64_C(1099511628211);
	return hash ^ hash >> 32;
}
