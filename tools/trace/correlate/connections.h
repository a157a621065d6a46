/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Which connections hosts have with each other, so that the one by which a guest moved is found.
 */
#ifndef TRACE_CONNECTIONS_H
#define TRACE_CONNECTIONS_H

#include "hosts/hosts.h"
#include "packets/tuple.h"

/**
 * struct connection - one direction of a connection of TCP
 * @tuple: its ends
 * @sender: which of them sends
 * @from: index of the host that sends
 * @to: index of the host that receives
 * @begin: when the first message was sent, of its packets that carry data
 * @sent: when the last one was sent
 * @received: when the last one was received
 * @bytes: about how many it carried
 */
struct connection {
	struct tuple tuple;
	int sender;
	size_t from;
	size_t to;
	int64_t begin;
	int64_t sent;
	int64_t received;
	uint64_t bytes;
};

struct connections;

/**
 * connections_new() - no connection yet
 *
 * Return: the connections, to be freed with connections_free().
 */
struct connections *connections_new(void);

/**
 * connections_add() - take a message
 * @connections: the connections
 * @message: the message
 * @packet: of which it is
 *
 * If there are many connections, those that carried least are forgotten.
 */
void connections_add(struct connections *connections, const struct host_message *message,
		     const struct packet *packet);

/**
 * struct passage - a guest goes from a host to another one
 * @from: index of the host that it left
 * @to: index of the host where it went on
 * @first: when it ran first on the host that it left
 * @stop: when it ran last there
 * @resume: when it ran first on the host where it went on
 * @last: when it ran last there
 */
struct passage {
	size_t from;
	size_t to;
	int64_t first;
	int64_t stop;
	int64_t resume;
	int64_t last;
};

/**
 * connections_stream() - the connection by which a guest moved
 * @connections: the connections
 * @passage: how it moved
 *
 * It carried data before the guest stopped, and after that; it did so only while the guest was on
 * one of the two hosts. Of several such, one over which nothing came any more once the guest ran
 * again; of several of those, the one that carried most.
 *
 * Return: the connection, NULL if there is none.
 */
const struct connection *connections_stream(const struct connections *connections,
					    const struct passage *passage);

/**
 * connections_streams() - the connections by which guests moved, each of which carries one
 * @connections: the connections
 * @passages: how they moved
 * @count: number of them
 * @found: set for each as of connections_stream(), NULL if there is none or if it is not clear
 * @unclear: set where two guests may have come by the same ones
 */
void connections_streams(const struct connections *connections, const struct passage *passages,
			 size_t count, const struct connection **found, bool *unclear);

/**
 * connections_free() - free connections
 * @connections: the connections, or NULL
 */
void connections_free(struct connections *connections);

#endif
