// SPDX-License-Identifier: GPL-2.0
/*
 * Which connections hosts have with each other, so that the one by which a guest moved is found.
 */
#include <stdlib.h>
#include <string.h>

#include "common/array.h"
#include "correlate/connections.h"

#define CONNECTIONS_MAX 16384
#define BUCKETS 32768
#define NONE UINT32_MAX

struct connections {
	struct connection *list;
	size_t count;
	/* Index of the first one with a hash, and of the next one with the same, or NONE */
	uint32_t *buckets;
	uint32_t *chain;
};

struct connections *connections_new(void)
{
	struct connections *connections = zalloc(sizeof(*connections));

	connections->buckets = zalloc(BUCKETS * sizeof(*connections->buckets));
	memset(connections->buckets, 0xff, BUCKETS * sizeof(*connections->buckets));
	return connections;
}

static uint32_t *bucket_of(const struct connections *connections, const struct tuple *tuple)
{
	return &connections->buckets[hash_of(tuple, sizeof(*tuple)) % BUCKETS];
}

static void put_in_table(struct connections *connections, size_t number)
{
	uint32_t *bucket = bucket_of(connections, &connections->list[number].tuple);

	connections->chain[number] = *bucket;
	*bucket = (uint32_t)number;
}

static int by_bytes(const void *a, const void *b)
{
	const struct connection *one = a, *other = b;

	return (one->bytes < other->bytes) - (one->bytes > other->bytes);
}

static void forget_half(struct connections *connections)
{
	size_t i;

	qsort(connections->list, connections->count, sizeof(*connections->list), by_bytes);
	connections->count /= 2;
	memset(connections->buckets, 0xff, BUCKETS * sizeof(*connections->buckets));
	for (i = 0; i < connections->count; i++)
		put_in_table(connections, i);
}

void connections_add(struct connections *connections, const struct host_message *message,
		     const struct packet *packet)
{
	struct connection *connection;
	struct tuple tuple;
	uint32_t number;
	int sender;

	if (packet->protocol != PACKET_TCP || !packet->length)
		return;
	sender = tuple_of(packet, &tuple);
	for (number = *bucket_of(connections, &tuple); number != NONE;
	     number = connections->chain[number]) {
		connection = &connections->list[number];
		if (connection->sender == sender && connection->from == message->from &&
		    connection->to == message->to &&
		    !memcmp(&connection->tuple, &tuple, sizeof(tuple)))
			break;
	}
	if (number == NONE) {
		if (connections->count == CONNECTIONS_MAX)
			forget_half(connections);
		connections->list = array_room(connections->list, connections->count,
					       sizeof(*connections->list));
		connections->chain = array_room(connections->chain, connections->count,
						sizeof(*connections->chain));
		connection = &connections->list[connections->count];
		*connection = (struct connection){
			.tuple = tuple, .sender = sender, .from = message->from,
			.to = message->to, .begin = message->sent, .sent = message->sent,
			.received = message->received,
		};
		put_in_table(connections, connections->count++);
	}
	connection->bytes += packet->length;
	if (message->sent < connection->begin)
		connection->begin = message->sent;
	if (message->sent > connection->sent)
		connection->sent = message->sent;
	if (message->received > connection->received)
		connection->received = message->received;
}

static bool may_be_stream(const struct connection *connection, const struct passage *passage)
{
	return connection->from == passage->from && connection->to == passage->to &&
	       connection->begin >= passage->first && connection->begin <= passage->stop &&
	       connection->sent >= passage->stop && connection->received <= passage->last;
}

const struct connection *connections_stream(const struct connections *connections,
					    const struct passage *passage)
{
	const struct connection *found = NULL;
	size_t i;

	for (i = 0; i < connections->count; i++) {
		const struct connection *one = &connections->list[i];
		const bool ends = one->received <= passage->resume;

		if (!may_be_stream(one, passage))
			continue;
		if (!found || (ends != (found->received <= passage->resume) ?
				       ends : one->bytes > found->bytes))
			found = one;
	}
	return found;
}

void connections_free(struct connections *connections)
{
	if (!connections)
		return;
	free(connections->list);
	free(connections->chain);
	free(connections->buckets);
	free(connections);
}
