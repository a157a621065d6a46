/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the parts of match.h share.
 */
#ifndef TRACE_PACKETS_PARTS_H
#define TRACE_PACKETS_PARTS_H

#include "packets/flow.h"
#include "packets/match.h"

struct datagrams;

/**
 * struct packet_host - what is known of a host's trace
 * @has_packets: @first is set
 * @first: time of its first packet
 * @gap: number of the last gap that packets have reached, 0 for none
 * @gap_to: from that time on there are all packets again
 * @next_gap_from: where the next gap begins, %INT64_MAX if none was announced
 * @next_gap_to: and where it ends
 * @opaque: when it received a packet last that the tracer has not recognized
 */
struct packet_host {
	bool has_packets;
	int64_t first;
	uint64_t gap;
	int64_t gap_to;
	int64_t next_gap_from;
	int64_t next_gap_to;
	int64_t opaque;
};

/**
 * struct reference - a message between two hosts, by which others are judged
 * @is_known: there is one
 * @sent: when it was sent
 * @received: when it was received
 */
struct reference {
	bool is_known;
	int64_t sent;
	int64_t received;
};

/**
 * struct packets - all of it
 * @limits: of the clocks
 * @kept: what to keep
 * @handler: takes messages
 * @data: for @handler
 * @counts: what became of packets
 * @nr_hosts: number of hosts
 * @hosts: the hosts
 * @references: [from * @nr_hosts + to]
 * @flows: connections of TCP
 * @nr_records: number of ranges that are kept of them
 * @datagrams: of UDP and ICMP
 */
struct packets {
	struct limits limits;
	struct packets_limits kept;
	packets_handler handler;
	void *data;
	struct packets_counts counts;
	size_t nr_hosts;
	struct packet_host *hosts;
	struct reference *references;
	struct flows *flows;
	size_t nr_records;
	struct datagrams *datagrams;
};

/**
 * struct sighting - a packet as a host saw it
 * @packet: the packet
 * @tuple: its two ends
 * @sender: which of these sent it
 * @host: index of the host
 * @time: its time
 * @sent: the host sent it, and did not receive it
 */
struct sighting {
	const struct packet *packet;
	struct tuple tuple;
	int sender;
	size_t host;
	int64_t time;
	bool sent;
};

/* May what a host sends be what it has just received without the tracer's knowing what it was? */
bool packets_may_forward(const struct packets *packets, const struct sighting *seen);

/* The same of what it may have received before its first packet in the trace */
bool packets_is_first(const struct packets *packets, const struct sighting *seen);

void tcp_add(struct packets *packets, const struct sighting *seen);

struct datagrams *datagrams_new(size_t hosts, size_t max);
void datagrams_add(struct packets *packets, const struct sighting *seen);
void datagrams_free(struct datagrams *datagrams);

/* Hand on a message. */
void message_emit(struct packets *packets, size_t from, int64_t sent, size_t to,
		  int64_t received, const struct packet *packet);

/* For datagrams and ranges whose numbers are used anew: was what @to received at @received
 * certainly not sent before @sent, less the longest transit? */
bool message_is_recent(const struct packets *packets, size_t from, int64_t sent, size_t to,
		       int64_t received);

#endif
