/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Messages between hosts, out of the packets that their kernels saw. No I/O.
 *
 * A message is true: what it says was sent at @sent or later was received at @received or
 * earlier. Documentation/trace/hosts.rst says what is taken for granted for that.
 *
 * Times are in ns of the host's own counter, as in hosts/hosts.h. Packets and losses of a
 * host come in the order of its time; those of several hosts in any order, best in about that
 * in which they were: a packet that waits for its other end takes memory, see
 * struct packets_limits.
 */
#ifndef TRACE_PACKETS_MATCH_H
#define TRACE_PACKETS_MATCH_H

#include <stddef.h>
#include <stdint.h>

#include "hosts/hosts.h"
#include "packets/packet.h"

/* What packets_new() takes for 0 in struct packets_limits */
#define PACKETS_MAX_RECORDS 4000000
#define PACKETS_MAX_CONNECTIONS 100000
#define PACKETS_MAX_AGE INT64_C(60000000000)
#define PACKETS_MAX_TRANSIT INT64_C(1000000000)

struct packets;

/**
 * struct packets_limits - what is kept, and taken for granted; 0 is a default
 * @max_records: number of packets to remember, of up to 64 bytes each; and an eighth as many
 *	datagrams, of about 100 bytes
 * @max_connections: number of connections to remember, of about 400 bytes for each host that
 *	sees them
 * @max_age: how long a packet is remembered, in ns of its host; so hosts need not be further
 *	apart than that in the order in which packets come
 * @max_transit: how long a packet may be in the network at most, in ns, for those whose
 *	identification is used anew after a while
 */
struct packets_limits {
	size_t max_records;
	size_t max_connections;
	int64_t max_age;
	int64_t max_transit;
};

/**
 * struct packets_counts - what became of the packets
 * @sent: number of packets that were sent
 * @received: number of packets that were received
 * @messages: number of messages
 * @retransmitted: packets that were sent again, or by another interface of the same host
 * @unknown: packets of connections whose begin is not known
 * @expired: packets that were forgotten before their other end came
 * @conflicts: packets of connections that two hosts seem to have sent
 */
struct packets_counts {
	uint64_t sent;
	uint64_t received;
	uint64_t messages;
	uint64_t retransmitted;
	uint64_t unknown;
	uint64_t expired;
	uint64_t conflicts;
};

/**
 * typedef packets_handler - take a message
 * @data: as given to packets_new()
 * @message: the message, numbered from 1 on; for hosts_add()
 * @packet: the packet that completed it, whichever end that is; NULL for a guest that moved
 */
typedef void (*packets_handler)(void *data, const struct host_message *message,
				const struct packet *packet);

/**
 * packets_new() - nothing known of any packet
 * @hosts: number of hosts
 * @limits: of their clocks, as for hosts_new()
 * @kept: what to keep, NULL for all defaults
 * @handler: called for each message, from within the functions below
 * @data: for @handler
 *
 * Return: the packets, to be freed with packets_free().
 */
struct packets *packets_new(size_t hosts, const struct limits *limits,
			    const struct packets_limits *kept, packets_handler handler,
			    void *data);

/**
 * packets_sent() - a host hands a packet to one of its interfaces
 * @packets: the packets
 * @host: index of the host
 * @time: its time, rounded down
 * @packet: the packet
 *
 * One packet may pass several interfaces, real ones and virtual ones, and be sent and received
 * by the same host on its way out or in: hand on all of these.
 */
void packets_sent(struct packets *packets, size_t host, int64_t time,
		  const struct packet *packet);

/**
 * packets_received() - a host gets a packet from one of its interfaces
 * @packets: the packets
 * @host: index of the host
 * @time: its time, rounded up
 * @packet: the packet
 */
void packets_received(struct packets *packets, size_t host, int64_t time,
		      const struct packet *packet);

/**
 * packets_lost() - events of a host are missing
 * @packets: the packets
 * @host: index of the host
 * @from: a time up to which there are all, rounded down
 * @to: a time from which on there are all, rounded up
 *
 * To be called before packets of that host that are later than @from, on whichever CPU: when
 * a stream's next event has been read that says that others are lost before it, not when it is
 * that event's turn.
 *
 * Where it is known when a trace begins, this may be told, too: with a @from that is before all.
 */
void packets_lost(struct packets *packets, size_t host, int64_t from, int64_t to);

/**
 * packets_guest_moved() - a vCPU ran on one host, and after that on another one
 * @packets: the packets
 * @from_host: index of the host that it left
 * @last: when it certainly still ran there, rounded down: the last of its events or exits
 * @to_host: index of the host where it goes on
 * @first: when it first certainly ran there, rounded up
 *
 * Its last event here precedes its first one there: that is a message, too.
 */
void packets_guest_moved(struct packets *packets, size_t from_host, int64_t last,
			 size_t to_host, int64_t first);

/**
 * packets_counts() - what became of the packets
 * @packets: the packets
 */
const struct packets_counts *packets_counts(const struct packets *packets);

/**
 * packets_free() - free packets
 * @packets: the packets, or NULL
 */
void packets_free(struct packets *packets);

#endif
