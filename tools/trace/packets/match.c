// SPDX-License-Identifier: GPL-2.0
/*
 * Messages between hosts, out of the packets that their kernels saw.
 */
#include <stdlib.h>

#include "common/array.h"
#include "packets/parts.h"

#define HOSTS_MAX UINT16_MAX

/* The longest time in which a host hands on what it has received, in ns */
#define FORWARD_MAX 10000000

/* A datagram takes about four times as much as a range. */
#define DATAGRAMS_SHARE 8

struct packets *packets_new(size_t hosts, const struct limits *limits,
			    const struct packets_limits *kept, packets_handler handler, void *data)
{
	struct packets *packets;
	size_t i;

	if (hosts >= HOSTS_MAX)
		return NULL;
	packets = zalloc(sizeof(*packets));
	packets->limits = *limits;
	if (kept)
		packets->kept = *kept;
	if (!packets->kept.max_records)
		packets->kept.max_records = PACKETS_MAX_RECORDS;
	if (!packets->kept.max_connections)
		packets->kept.max_connections = PACKETS_MAX_CONNECTIONS;
	if (!packets->kept.max_age)
		packets->kept.max_age = PACKETS_MAX_AGE;
	if (!packets->kept.max_transit)
		packets->kept.max_transit = PACKETS_MAX_TRANSIT;
	packets->handler = handler;
	packets->data = data;
	packets->nr_hosts = hosts;
	packets->hosts = zalloc((hosts + 1) * sizeof(*packets->hosts));
	for (i = 0; i < hosts; i++)
		packets->hosts[i] = (struct packet_host){
			.gap_to = -HOSTS_TIME_MAX,
			.next_gap_from = INT64_MAX,
			.opaque = -HOSTS_TIME_MAX,
		};
	packets->references = zalloc((hosts * hosts + 1) * sizeof(*packets->references));
	packets->flows = flows_new(packets->kept.max_connections);
	packets->datagrams = datagrams_new(hosts, packets->kept.max_records / DATAGRAMS_SHARE);
	return packets;
}

/* At least what the sender's clock showed when the receiver's showed @received */
static int64_t not_before(const struct packets *packets, const struct reference *reference,
			  int64_t received)
{
	const int64_t passed = received - reference->received;
	const uint64_t length = (uint64_t)(passed < 0 ? -passed : passed);
	const unsigned __int128 product = (unsigned __int128)length * packets->limits.rate;

	return reference->sent + passed - (int64_t)(product >> 64) - 1;
}

bool message_is_recent(const struct packets *packets, size_t from, int64_t sent, size_t to,
		       int64_t received)
{
	const struct reference *reference = &packets->references[from * packets->nr_hosts + to];

	return reference->is_known &&
	       sent - packets->kept.max_transit < not_before(packets, reference, received);
}

void message_emit(struct packets *packets, size_t from, int64_t sent, size_t to,
		  int64_t received, const struct packet *packet)
{
	const struct host_message message = {
		.from = from, .to = to, .sent = sent, .received = received,
		.number = ++packets->counts.messages,
	};
	struct reference *reference = &packets->references[from * packets->nr_hosts + to];

	if (!reference->is_known || sent >= not_before(packets, reference, received))
		*reference = (struct reference){ true, sent, received };
	packets->handler(packets->data, &message, packet);
}

static bool is_in_range(const struct packets *packets, size_t host, int64_t time)
{
	return host < packets->nr_hosts && time > -HOSTS_TIME_MAX && time < HOSTS_TIME_MAX;
}

/* Has the host's time come to where events are lost? */
static void take_time(struct packet_host *host, int64_t time)
{
	if (!host->has_packets) {
		host->has_packets = true;
		host->first = time;
	}
	if (time > host->next_gap_from) {
		host->gap++;
		if (host->next_gap_to > host->gap_to)
			host->gap_to = host->next_gap_to;
		host->next_gap_from = INT64_MAX;
	}
}

bool packets_may_forward(const struct packets *packets, const struct sighting *seen)
{
	const struct packet_host *host = &packets->hosts[seen->host];

	return seen->time - host->opaque < FORWARD_MAX || seen->time - host->gap_to < FORWARD_MAX;
}

bool packets_is_first(const struct packets *packets, const struct sighting *seen)
{
	return seen->time - packets->hosts[seen->host].first < FORWARD_MAX;
}

static void add(struct packets *packets, size_t host, int64_t time, const struct packet *packet,
		bool sent)
{
	struct sighting seen = {
		.packet = packet, .host = host, .time = time, .sent = sent,
	};

	if (!is_in_range(packets, host, time))
		return;
	if (sent)
		packets->counts.sent++;
	else
		packets->counts.received++;
	take_time(&packets->hosts[host], time);
	if (!packet->version && !sent)
		packets->hosts[host].opaque = time;
	seen.sender = tuple_of(packet, &seen.tuple);
	if (!packet->version || tuple_is_local(&seen.tuple))
		return;
	if (packet->protocol == PACKET_TCP)
		tcp_add(packets, &seen);
	else if (packet->protocol == PACKET_UDP ||
		 (packet->protocol == PACKET_ICMP && packet->version == 4))
		datagrams_add(packets, &seen);
}

void packets_sent(struct packets *packets, size_t host, int64_t time, const struct packet *packet)
{
	add(packets, host, time, packet, true);
}

void packets_received(struct packets *packets, size_t host, int64_t time,
		      const struct packet *packet)
{
	add(packets, host, time, packet, false);
}

void packets_lost(struct packets *packets, size_t number, int64_t from, int64_t to)
{
	struct packet_host *host;

	if (number >= packets->nr_hosts || to <= from)
		return;
	host = &packets->hosts[number];
	if (host->next_gap_from == INT64_MAX || to > host->next_gap_to)
		host->next_gap_to = to;
	if (from < host->next_gap_from)
		host->next_gap_from = from;
}

void packets_guest_moved(struct packets *packets, size_t from_host, int64_t last, size_t to_host,
			 int64_t first)
{
	if (is_in_range(packets, from_host, last) && is_in_range(packets, to_host, first) &&
	    from_host != to_host)
		message_emit(packets, from_host, last, to_host, first, NULL);
}

const struct packets_counts *packets_counts(const struct packets *packets)
{
	return &packets->counts;
}

void packets_free(struct packets *packets)
{
	if (!packets)
		return;
	flows_free(packets->flows);
	datagrams_free(packets->datagrams);
	free(packets->hosts);
	free(packets->references);
	free(packets);
}
