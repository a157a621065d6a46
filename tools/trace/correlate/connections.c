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

static bool has_ended(const struct connection *connection, const struct passage *passage)
{
	return connection->received <= passage->resume;
}

static bool is_taken(const struct connection *connection, const struct connection *const *taken,
		     size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (taken[i] == connection)
			return true;
	return false;
}

/* The best one that is not among those that others have taken */
static const struct connection *find_stream(const struct connections *connections,
					    const struct passage *passage,
					    const struct connection *const *taken, size_t count)
{
	const struct connection *found = NULL;
	size_t i;

	for (i = 0; i < connections->count; i++) {
		const struct connection *one = &connections->list[i];
		const bool ends = has_ended(one, passage);

		if (!may_be_stream(one, passage))
			continue;
		if (found && (ends != has_ended(found, passage) ? !ends :
								  one->bytes <= found->bytes))
			continue;
		if (!is_taken(one, taken, count))
			found = one;
	}
	return found;
}

const struct connection *connections_stream(const struct connections *connections,
					    const struct passage *passage)
{
	return find_stream(connections, passage, NULL, 0);
}

/* May a guest have come by one that the other guest cannot have come by as well? */
static bool has_another(const struct connections *connections, const struct passage *passage,
			const struct passage *other)
{
	size_t i;

	for (i = 0; i < connections->count; i++) {
		const struct connection *one = &connections->list[i];

		if (may_be_stream(one, passage) && has_ended(one, passage) &&
		    !(may_be_stream(one, other) && has_ended(one, other)))
			return true;
	}
	return false;
}

/* Two guests claim one connection. */
static void settle(const struct connections *connections, const struct passage *passages,
		   size_t count, const struct connection **found, bool *unclear, size_t one,
		   size_t other)
{
	const bool first = has_another(connections, &passages[one], &passages[other]);
	const bool second = has_another(connections, &passages[other], &passages[one]);
	const size_t loser = first ? one : other;

	if (first != second) {
		found[loser] = find_stream(connections, &passages[loser], found, count);
		return;
	}
	unclear[one] = unclear[other] = true;
}

void connections_streams(const struct connections *connections, const struct passage *passages,
			 size_t count, const struct connection **found, bool *unclear)
{
	size_t i, j;

	for (i = 0; i < count; i++) {
		found[i] = find_stream(connections, &passages[i], NULL, 0);
		unclear[i] = false;
	}
	for (i = 0; i < count; i++)
		for (j = 0; j < count; j++)
			if (i != j && found[i] && found[i] == found[j])
				settle(connections, passages, count, found, unclear, i, j);
	for (i = 0; i < count; i++)
		if (unclear[i])
			found[i] = NULL;
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
