// SPDX-License-Identifier: GPL-2.0
/*
 * Datagrams of UDP and echoes of ICMP: told apart by IPv4's identification, as routers do
 * that put fragments together.
 *
 * It is used anew after 65,536 packets. So a datagram is matched only if its sender has not
 * sent another one of the same kind for twice the longest transit, and if a message that is
 * already known between the two hosts proves that it was received so late that the one before
 * cannot have been on its way any more.
 */
#include <stdlib.h>
#include <string.h>

#include "common/array.h"
#include "packets/parts.h"

/**
 * struct datagram_key - what identifies a datagram
 * @tuple: its two ends
 * @length: of its payload
 * @sequence: of ICMP
 * @checksum: of ICMP
 * @identification: of IPv4
 * @sender: which end sent it
 * @type: of ICMP
 */
struct datagram_key {
	struct tuple tuple;
	uint32_t length;
	uint32_t sequence;
	uint16_t checksum;
	uint16_t identification;
	uint8_t sender;
	uint8_t type;
};

/**
 * struct datagram - a datagram as one host saw it
 * @chain: 1 + index of the next one with the same hash, 0 if none
 * @host: index of the host
 * @sent: it was sent by that host
 * @first: when it was seen first
 * @last: when it, or another one with the same key, was seen last
 * @recent: if it was sent: it is known that none with the same key was sent for a while before
 * @is_free: it is not in the table any more
 * @matched: 1 + index of the host whose reception was matched last, 0 if none
 * @key: what identifies it
 */
struct datagram {
	uint32_t chain;
	uint32_t host;
	int64_t first;
	int64_t last;
	bool sent;
	bool recent;
	bool is_free;
	uint16_t matched;
	struct datagram_key key;
};

/**
 * struct datagrams - the last of them
 * @ring: first in, first out
 * @size: of the ring now
 * @max: how large it may become
 * @next: where the next one goes
 * @buckets: 1 + index of the first one with a hash
 * @nr_buckets: their number, a power of two
 * @forgotten: for each host, the last time of what the ring had no more room for
 */
struct datagrams {
	struct datagram *ring;
	size_t size;
	size_t max;
	size_t next;
	uint32_t *buckets;
	size_t nr_buckets;
	int64_t *forgotten;
};

struct datagrams *datagrams_new(size_t hosts, size_t max)
{
	struct datagrams *datagrams = zalloc(sizeof(*datagrams));
	size_t i;

	datagrams->max = max ? max : 1;
	for (datagrams->nr_buckets = 16; datagrams->nr_buckets < datagrams->max; )
		datagrams->nr_buckets *= 2;
	datagrams->buckets = zalloc(datagrams->nr_buckets * sizeof(uint32_t));
	datagrams->forgotten = zalloc((hosts + 1) * sizeof(int64_t));
	for (i = 0; i < hosts; i++)
		datagrams->forgotten[i] = INT64_MIN;
	return datagrams;
}

void datagrams_free(struct datagrams *datagrams)
{
	free(datagrams->ring);
	free(datagrams->buckets);
	free(datagrams->forgotten);
	free(datagrams);
}

static uint32_t *bucket_of(struct datagrams *datagrams, const struct datagram_key *key)
{
	return &datagrams->buckets[hash_of(key, sizeof(*key)) & (datagrams->nr_buckets - 1)];
}

/* Of all hosts: begin with the bucket, go on with the chain. */
static struct datagram *next_of(struct datagrams *datagrams, uint32_t index,
				const struct datagram_key *key)
{
	while (index) {
		struct datagram *datagram = &datagrams->ring[index - 1];

		if (!memcmp(&datagram->key, key, sizeof(*key)))
			return datagram;
		index = datagram->chain;
	}
	return NULL;
}

static void remove_from_table(struct datagrams *datagrams, struct datagram *datagram)
{
	uint32_t index = (uint32_t)(datagram - datagrams->ring) + 1;
	uint32_t *link = bucket_of(datagrams, &datagram->key);

	while (*link != index)
		link = &datagrams->ring[*link - 1].chain;
	*link = datagram->chain;
	datagram->is_free = true;
}

static void forget(struct packets *packets, struct datagram *datagram)
{
	struct datagrams *datagrams = packets->datagrams;

	if (datagram->is_free)
		return;
	remove_from_table(datagrams, datagram);
	if (datagram->last > datagrams->forgotten[datagram->host])
		datagrams->forgotten[datagram->host] = datagram->last;
	if (!datagram->matched)
		packets->counts.expired++;
}

static struct datagram *new_datagram(struct packets *packets, const struct datagram_key *key)
{
	struct datagrams *datagrams = packets->datagrams;
	uint32_t *bucket = bucket_of(datagrams, key);
	struct datagram *datagram;

	if (datagrams->size < datagrams->max) {
		datagrams->ring = array_room(datagrams->ring, datagrams->size,
					     sizeof(*datagrams->ring));
		datagram = &datagrams->ring[datagrams->size++];
	} else {
		datagram = &datagrams->ring[datagrams->next];
		datagrams->next = (datagrams->next + 1) % datagrams->size;
		forget(packets, datagram);
	}
	*datagram = (struct datagram){ .chain = *bucket };
	memcpy(&datagram->key, key, sizeof(*key));
	*bucket = (uint32_t)(datagram - datagrams->ring) + 1;
	return datagram;
}

/* What a host sent that it did not receive before; NULL if none or several did */
static struct datagram *find_sender(struct packets *packets, const struct datagram_key *key)
{
	struct datagram *datagram, *found = NULL;
	uint32_t index = *bucket_of(packets->datagrams, key);

	for (; (datagram = next_of(packets->datagrams, index, key)); index = datagram->chain) {
		if (!datagram->sent)
			continue;
		if (found) {
			packets->counts.conflicts++;
			return NULL;
		}
		found = datagram;
	}
	return found;
}

static void match(struct packets *packets, struct datagram *from, struct datagram *to,
		  const struct packet *packet)
{
	if (from->host == to->host || from->matched == to->host + 1 || !from->recent ||
	    !message_is_recent(packets, from->host, from->first, to->host, to->first))
		return;
	from->matched = (uint16_t)(to->host + 1);
	to->matched = (uint16_t)(from->host + 1);
	message_emit(packets, from->host, from->first, to->host, to->first, packet);
}

static struct datagram *find_own(struct packets *packets, const struct datagram_key *key,
				 size_t host)
{
	struct datagram *datagram;
	uint32_t index = *bucket_of(packets->datagrams, key);

	for (; (datagram = next_of(packets->datagrams, index, key)); index = datagram->chain)
		if (datagram->host == host)
			return datagram;
	return NULL;
}

/* Is all known that the host has sent for twice the longest transit? */
static bool is_recent(const struct packets *packets, const struct sighting *seen)
{
	const struct packet_host *host = &packets->hosts[seen->host];
	int64_t from = packets->datagrams->forgotten[seen->host];

	if (host->gap_to > from)
		from = host->gap_to;
	if (host->first > from)
		from = host->first;
	return !packets_may_forward(packets, seen) && seen->time > from &&
	       seen->time - from > 2 * packets->kept.max_transit;
}

static void add_new(struct packets *packets, const struct sighting *seen,
		    const struct datagram_key *key, struct datagram *datagram)
{
	struct datagram *other;
	uint32_t index;

	datagram->host = (uint32_t)seen->host;
	datagram->sent = seen->sent;
	datagram->first = datagram->last = seen->time;
	datagram->recent = seen->sent && is_recent(packets, seen);
	if (seen->sent && !datagram->recent)
		packets->counts.unknown++;
	if (!seen->sent) {
		other = find_sender(packets, key);
		if (other)
			match(packets, other, datagram, seen->packet);
		return;
	}
	if (find_sender(packets, key) != datagram)
		return;
	index = *bucket_of(packets->datagrams, key);
	for (; (other = next_of(packets->datagrams, index, key)); index = other->chain)
		if (!other->sent)
			match(packets, datagram, other, seen->packet);
}

void datagrams_add(struct packets *packets, const struct sighting *seen)
{
	const struct packet *packet = seen->packet;
	struct datagram_key key;
	struct datagram *own;

	if (!packet->identification)
		return;
	memset(&key, 0, sizeof(key));
	memcpy(&key.tuple, &seen->tuple, sizeof(key.tuple));
	key.length = packet->length;
	key.identification = packet->identification;
	key.sender = (uint8_t)seen->sender;
	if (packet->protocol == PACKET_ICMP) {
		if (packet->type != PACKET_ECHO && packet->type != PACKET_ECHO_REPLY)
			return;
		key.sequence = packet->sequence;
		key.checksum = packet->checksum;
		key.type = packet->type;
	}
	own = find_own(packets, &key, seen->host);
	if (own && seen->time - own->last > 2 * packets->kept.max_transit) {
		remove_from_table(packets->datagrams, own);
		own = NULL;
	}
	if (!own) {
		add_new(packets, seen, &key, new_datagram(packets, &key));
		return;
	}
	/* By another interface of the same host, or so soon that it may be the same one */
	own->last = seen->time;
	if (seen->sent)
		packets->counts.retransmitted++;
}
