// SPDX-License-Identifier: GPL-2.0
/*
 * Hosts that exchange packets: connections of TCP that are cut and put together, lost, sent
 * again, doubled and overtaken, datagrams whose identification is soon used anew, interfaces
 * behind each other, hosts that forward, translators of addresses, ends that are used anew,
 * traces that begin late and lose events.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/array.h"
#include "network.h"

#define DURATION 1e9L
#define GAPS_MAX 3
#define TRIES_MAX 6

/* When a host's trace begins and ends, and where it has lost events */
struct trace {
	long double begin, end;
	struct {
		long double from, to, lost;
	} gaps[GAPS_MAX];
	size_t nr_gaps;
};

struct path {
	/* Hosts: the two ends, and up to two in between that forward */
	size_t ends[2], forwarders[2], nr_forwarders;
	/* The tracer of the second one does not recognize what is received */
	bool is_opaque;
	/* An end that has no trace */
	bool hidden[2];
	/* Interfaces that packets pass on each end */
	size_t hops[2];
	/* Addresses are translated: by the first end, or on the way */
	bool translated_inside, translated;
	long double delay[2], jitter[2], loss, twice;
	uint8_t address[2], outside;
	uint16_t port[2], outside_port;
	uint8_t version;
};

struct piece {
	uint64_t from, to;
	bool received;
	unsigned int tries;
};

/* What one end sends: offsets from its first sequence number */
struct stream {
	uint32_t first;
	uint64_t next, end, acknowledged, received;
	struct piece *pieces;
	size_t nr_pieces, first_missing;
	/* Bytes that the receiver puts together */
	bool gathers;
	uint64_t from, to, generation;
	uint32_t acknowledgment;
};

enum action { SEND, DELIVER, FLUSH, AGAIN, HEAR, OPEN, OPENED };

struct entry {
	long double time;
	enum action action;
	int end;
	size_t first, last;
	uint64_t number;
};

struct connection {
	struct network *network;
	struct trace *traces;
	const struct path *path;
	struct stream streams[2];
	struct entry *heap;
	size_t nr_heap;
	uint64_t unit;
	uint16_t window;
	unsigned int shift;
	long double pause, patience;
	bool open[2];
};

static long double between(struct network *network, long double low, long double high)
{
	return low + (high - low) * scenario_random(network->scenario);
}

static long double scale_between(struct network *network, long double low, long double high)
{
	return low * powl(high / low, scenario_random(network->scenario));
}

static size_t below(struct network *network, size_t count)
{
	return (size_t)(scenario_random(network->scenario) * (long double)count);
}

static bool chance(struct network *network, long double probability)
{
	return scenario_random(network->scenario) < probability;
}

static int64_t local_time(const struct network *network, size_t host, long double time)
{
	const struct sim_clock *clock = &network->scenario->clocks[host];

	return clock->base + (int64_t)floorl(clock_at(clock, time));
}

static struct sight *add_sight(struct network *network, size_t host, long double time,
			       enum seen seen)
{
	size_t count = network->nr_sights[host];
	struct sight *sight;

	network->sights[host] = array_room(network->sights[host], count, sizeof(*sight));
	network->nr_sights[host]++;
	sight = &network->sights[host][count];
	*sight = (struct sight){ .time = time, .host = host, .seen = seen };
	sight->from = local_time(network, host, time) + (seen == SEEN_RECEIVED);
	return sight;
}

static void record(struct network *network, const struct trace *traces, size_t host,
		   long double time, enum seen seen, const struct packet *packet)
{
	const struct trace *trace = &traces[host];
	size_t i;

	if (time < trace->begin || time > trace->end)
		return;
	for (i = 0; i < trace->nr_gaps; i++)
		if (time > trace->gaps[i].from && time < trace->gaps[i].to &&
		    chance(network, trace->gaps[i].lost))
			return;
	add_sight(network, host, time, seen)->packet = *packet;
}

static void see(struct network *network, const struct trace *traces, const struct path *path,
		int end, long double time, enum seen seen, const struct packet *packet)
{
	if (!path->hidden[end])
		record(network, traces, path->ends[end], time, seen, packet);
}

/* Out of a host, through its interfaces: the time when it has left */
static long double leave(struct network *network, const struct trace *traces,
			 const struct path *path, int end, long double time, struct packet *packet)
{
	size_t i;

	for (i = 0; i < path->hops[end]; i++) {
		see(network, traces, path, end, time, SEEN_SENT, packet);
		time += between(network, 100, 3000);
		see(network, traces, path, end, time, SEEN_RECEIVED, packet);
		time += between(network, 100, 3000);
	}
	if (path->translated_inside && !end) {
		packet->source[3] = path->outside;
		packet->source_port = path->outside_port;
	}
	see(network, traces, path, end, time, SEEN_SENT, packet);
	return time + between(network, 10, 1000);
}

/* Into a host */
static void arrive(struct network *network, const struct trace *traces, const struct path *path,
		   int end, long double time, struct packet packet)
{
	size_t i;

	if (path->translated && end) {
		packet.source[3] = path->outside;
		packet.source_port = path->outside_port;
	}
	if (path->translated_inside && !end) {
		packet.destination[3] = path->outside;
		packet.destination_port = path->outside_port;
	}
	see(network, traces, path, end, time, SEEN_RECEIVED, &packet);
	if (path->translated_inside && !end) {
		packet.destination[3] = path->address[0];
		packet.destination_port = path->port[0];
	}
	for (i = 0; i < path->hops[end]; i++) {
		time += between(network, 100, 3000);
		see(network, traces, path, end, time, SEEN_SENT, &packet);
		time += between(network, 100, 3000);
		see(network, traces, path, end, time, SEEN_RECEIVED, &packet);
	}
}

static long double travel(struct network *network, const struct trace *traces,
			  const struct path *path, int end, long double time,
			  const struct packet *packet)
{
	const struct packet unknown = { 0 };
	size_t i;
	long double delay = path->delay[end] -
			    path->jitter[end] * logl(1 - scenario_random(network->scenario));

	if (delay > NETWORK_TRANSIT / 2)
		delay = NETWORK_TRANSIT / 2;
	for (i = 0; i < path->nr_forwarders; i++) {
		const size_t number = end ? path->nr_forwarders - 1 - i : i;
		const size_t host = path->forwarders[number];
		const long double arrival = time + delay * (0.2L + 0.4L * (long double)i);

		record(network, traces, host, arrival, SEEN_RECEIVED,
		       path->is_opaque && number == 1 ? &unknown : packet);
		record(network, traces, host, arrival + delay * 0.2L, SEEN_SENT, packet);
	}
	return time + delay;
}

static struct packet packet_of(const struct path *path, int end, uint8_t protocol)
{
	struct packet packet = {
		.version = path->version,
		.protocol = protocol,
		.source = { 10, 0, 0, path->address[end] },
		.destination = { 10, 0, 0, path->address[!end] },
	};

	if (protocol != PACKET_ICMP) {
		packet.source_port = path->port[end];
		packet.destination_port = path->port[!end];
	}
	if (path->translated && end) {
		packet.destination[3] = path->outside;
		packet.destination_port = path->outside_port;
	}
	if (path->translated_inside && end) {
		packet.destination[3] = path->outside;
		packet.destination_port = path->outside_port;
	}
	return packet;
}

static void plan(struct connection *connection, struct entry entry)
{
	size_t i = connection->nr_heap++;
	struct entry *heap;

	connection->heap = array_room(connection->heap, i, sizeof(*connection->heap));
	heap = connection->heap;
	for (; i && heap[(i - 1) / 2].time > entry.time; i = (i - 1) / 2)
		heap[i] = heap[(i - 1) / 2];
	heap[i] = entry;
}

static struct entry next_entry(struct connection *connection)
{
	struct entry *heap = connection->heap, first = heap[0];
	struct entry last = heap[--connection->nr_heap];
	size_t i = 0, child;

	while ((child = 2 * i + 1) < connection->nr_heap) {
		if (child + 1 < connection->nr_heap && heap[child + 1].time < heap[child].time)
			child++;
		if (heap[child].time >= last.time)
			break;
		heap[i] = heap[child];
		i = child;
	}
	heap[i] = last;
	return first;
}

static struct packet segment_of(const struct connection *connection, int end, uint64_t from,
				uint64_t to, uint8_t flags)
{
	const struct stream *stream = &connection->streams[end];
	struct packet packet = packet_of(connection->path, end, PACKET_TCP);

	packet.sequence = stream->first + (uint32_t)from;
	packet.length = (uint32_t)(to - from);
	packet.flags = flags;
	if (flags & PACKET_ACK)
		packet.acknowledgment = connection->streams[!end].first +
					(uint32_t)connection->streams[!end].received;
	return packet;
}

/* Hand pieces to the network as one segment, which is cut there. */
static void send_pieces(struct connection *connection, int end, size_t first, size_t last,
			long double time)
{
	struct network *network = connection->network;
	const struct path *path = connection->path;
	struct stream *stream = &connection->streams[end];
	struct packet packet = segment_of(connection, end, stream->pieces[first].from,
					  stream->pieces[last].to, PACKET_ACK), wire;
	uint32_t acknowledgment = packet.acknowledgment;
	long double departure = leave(network, connection->traces, path, end, time, &packet);
	size_t i;

	for (i = first; i <= last; i++) {
		struct piece *piece = &stream->pieces[i];

		departure += between(network, 10, 1000);
		wire = packet;
		wire.sequence = stream->first + (uint32_t)piece->from;
		wire.length = (uint32_t)(piece->to - piece->from);
		if (piece->tries++ >= TRIES_MAX || !chance(network, path->loss))
			plan(connection, (struct entry){
				travel(network, connection->traces, path, end, departure, &wire),
				DELIVER, end, i, i, acknowledgment });
		if (chance(network, path->twice))
			plan(connection, (struct entry){
				travel(network, connection->traces, path, end, departure, &wire),
				DELIVER, end, i, i, acknowledgment });
	}
	plan(connection, (struct entry){ time + connection->patience * between(network, 0.5L, 2),
					 AGAIN, end, first, last, 0 });
}

static void send_new(struct connection *connection, int end, long double time)
{
	struct network *network = connection->network;
	struct stream *stream = &connection->streams[end];
	const uint64_t room = (uint64_t)connection->window << connection->shift;
	size_t count = 1 + below(network, 12), first = stream->nr_pieces, i;
	long double pause = connection->pause;

	for (i = 0; i < count && stream->next < stream->end; i++) {
		uint64_t length = connection->unit * (1 + below(network, 3));

		if (stream->next + length > stream->acknowledged + room)
			break;
		stream->pieces = array_room(stream->pieces, stream->nr_pieces,
					    sizeof(*stream->pieces));
		stream->pieces[stream->nr_pieces++] = (struct piece){
			.from = stream->next, .to = stream->next + length,
		};
		stream->next += length;
	}
	if (stream->nr_pieces > first)
		send_pieces(connection, end, first, stream->nr_pieces - 1, time);
	/* Now and then a break */
	if (chance(network, 0.02L))
		pause += between(network, 0, 10 * NETWORK_TRANSIT);
	if (stream->next < stream->end)
		plan(connection, (struct entry){ time + pause * between(network, 0.1L, 2), SEND,
						 end, 0, 0, 0 });
}

static void acknowledge(struct connection *connection, int end, long double time)
{
	struct network *network = connection->network;
	const struct path *path = connection->path;
	struct stream *stream = &connection->streams[end];
	struct packet packet = segment_of(connection, end, stream->next, stream->next, PACKET_ACK);
	uint64_t received = connection->streams[!end].received;
	long double departure = leave(network, connection->traces, path, end, time, &packet);
	size_t i;

	for (i = 0; i < 2; i++)
		if (!chance(network, i ? 1 - path->twice : path->loss)) {
			departure = travel(network, connection->traces, path, end, departure, &packet);
			arrive(network, connection->traces, path, !end, departure, packet);
			plan(connection, (struct entry){ departure, HEAR, !end, 0, 0, received });
		}
}

/* What was put together goes up. */
static void flush(struct connection *connection, int end, long double time)
{
	struct network *network = connection->network;
	struct stream *stream = &connection->streams[end];
	struct packet packet = segment_of(connection, end, stream->from, stream->to, PACKET_ACK);
	size_t i;

	if (!stream->gathers)
		return;
	stream->gathers = false;
	stream->generation++;
	packet.acknowledgment = stream->acknowledgment;
	arrive(network, connection->traces, connection->path, !end, time, packet);
	for (i = stream->first_missing; i < stream->nr_pieces; i++) {
		struct piece *piece = &stream->pieces[i];

		if (piece->from >= stream->from && piece->to <= stream->to)
			piece->received = true;
	}
	while (stream->first_missing < stream->nr_pieces &&
	       stream->pieces[stream->first_missing].received)
		stream->received = stream->pieces[stream->first_missing++].to;
	if (chance(network, 0.7L) || stream->received == stream->end)
		acknowledge(connection, !end, time + between(network, 500, 50000));
}

static void deliver(struct connection *connection, const struct entry *entry)
{
	struct network *network = connection->network;
	struct stream *stream = &connection->streams[entry->end];
	const struct piece *piece = &stream->pieces[entry->first];

	if (stream->gathers && stream->to == piece->from &&
	    stream->acknowledgment == (uint32_t)entry->number && chance(network, 0.8L)) {
		stream->to = piece->to;
		return;
	}
	flush(connection, entry->end, entry->time);
	stream->gathers = true;
	stream->from = piece->from;
	stream->to = piece->to;
	stream->acknowledgment = (uint32_t)entry->number;
	plan(connection, (struct entry){ entry->time + between(network, 10, 20000), FLUSH,
					 entry->end, 0, 0, stream->generation });
}

static void send_again(struct connection *connection, const struct entry *entry)
{
	struct stream *stream = &connection->streams[entry->end];
	size_t first = entry->first, last = entry->last;

	while (first <= last && stream->pieces[first].to <= stream->acknowledged)
		first++;
	if (first > last)
		return;
	last = first + below(connection->network, last - first + 1);
	send_pieces(connection, entry->end, first, last, entry->time);
	if (last < entry->last)
		plan(connection, (struct entry){ entry->time + 1000, AGAIN, entry->end, last + 1,
						 entry->last, 0 });
}

/* SYN and its answer: each again until the other end has it */
static void open_end(struct connection *connection, const struct entry *entry)
{
	struct network *network = connection->network;
	const struct path *path = connection->path;
	const int end = entry->end;
	struct packet packet;
	long double arrival;

	if (connection->open[end])
		return;
	packet = segment_of(connection, end, 0, 0, end ? PACKET_SYN | PACKET_ACK : PACKET_SYN);
	arrival = leave(network, connection->traces, path, end, entry->time, &packet);
	if (!chance(network, path->loss) || entry->number == TRIES_MAX) {
		arrival = travel(network, connection->traces, path, end, arrival, &packet);
		arrive(network, connection->traces, path, !end, arrival, packet);
		plan(connection, (struct entry){ arrival, OPENED, end, 0, 0, 0 });
	}
	plan(connection, (struct entry){ entry->time + 1.1L * NETWORK_TRANSIT, OPEN, end, 0, 0,
					 entry->number + 1 });
}

static void opened(struct connection *connection, const struct entry *entry)
{
	const int end = entry->end;
	const bool before = connection->open[end];

	connection->open[end] = true;
	connection->streams[end].received = 1;
	if (!end) {
		if (!before)
			plan(connection, (struct entry){ entry->time + 1000, OPEN, 1, 0, 0, 0 });
		return;
	}
	acknowledge(connection, 0, entry->time + 500);
	if (before)
		return;
	plan(connection, (struct entry){ entry->time + 2000, SEND, 0, 0, 0, 0 });
	plan(connection, (struct entry){ entry->time + NETWORK_TRANSIT, SEND, 1, 0, 0, 0 });
}

static void act(struct connection *connection, const struct entry *entry)
{
	struct stream *stream = &connection->streams[entry->end];

	switch (entry->action) {
	case OPEN:
		open_end(connection, entry);
		break;
	case OPENED:
		opened(connection, entry);
		break;
	case SEND:
		send_new(connection, entry->end, entry->time);
		break;
	case DELIVER:
		deliver(connection, entry);
		break;
	case FLUSH:
		if (stream->gathers && stream->generation == entry->number)
			flush(connection, entry->end, entry->time);
		break;
	case AGAIN:
		send_again(connection, entry);
		break;
	case HEAR:
		if (entry->number > stream->acknowledged)
			stream->acknowledged = entry->number;
		break;
	}
}

static long double run_connection(struct network *network, struct trace *traces,
				  const struct path *path, long double time, uint32_t near,
				  uint32_t answer, bool is_same)
{
	struct connection connection = { .network = network, .traces = traces, .path = path };
	const bool is_long = chance(network, 0.2L);
	struct entry entry;
	size_t i;

	connection.unit = is_long ? (uint64_t)scale_between(network, 1 << 20, 1 << 25) : 1448;
	connection.window = (uint16_t)scale_between(network, 64, 65535);
	connection.shift = is_long ? 14 : (unsigned int)below(network, 15);
	connection.pause = scale_between(network, 1e4L, 4e6L);
	connection.patience = scale_between(network, 1e5L, 3e7L);
	/* Bursts that are sent again before the next one */
	if (chance(network, 0.3L)) {
		connection.pause = scale_between(network, 3e7L, 1e8L);
		connection.patience = scale_between(network, 2e7L, 8e7L);
	}
	if (((uint64_t)connection.window << connection.shift) < 4 * connection.unit)
		connection.window = 65535;
	for (i = 0; i < 2; i++) {
		struct stream *stream = &connection.streams[i];
		uint64_t count = (uint64_t)scale_between(network, 1, 300);

		stream->first = near + (uint32_t)below(network, 3) * 1448;
		if (chance(network, 0.3L))
			stream->first = UINT32_MAX - (uint32_t)below(network, 100000);
		if (chance(network, 0.3L) || i)
			stream->first = (uint32_t)below(network, UINT32_MAX);
		if (is_same && i)
			stream->first = answer;
		stream->next = stream->acknowledged = 1;
		/* One way for the most part */
		if (i && chance(network, 0.7L))
			count = 0;
		stream->end = 1 + count * connection.unit;
	}
	plan(&connection, (struct entry){ time, OPEN, 0, 0, 0, 0 });
	while (connection.nr_heap) {
		entry = next_entry(&connection);
		if (entry.time > DURATION)
			break;
		time = entry.time;
		act(&connection, &entry);
	}
	free(connection.heap);
	free(connection.streams[0].pieces);
	free(connection.streams[1].pieces);
	return time;
}

static void run_datagrams(struct network *network, struct trace *traces, const struct path *path,
			  bool is_echo)
{
	const size_t count = (size_t)scale_between(network, 10, 300);
	const size_t period = chance(network, 0.3L) ? 65535 : 1 + below(network, 32);
	const long double pause = DURATION / (long double)count * between(network, 0.1L, 1);
	long double time = between(network, 0, 0.3L) * DURATION, departure, arrival;
	struct packet packet;
	size_t i, j;

	for (i = 0; i < count && time < DURATION; i++) {
		packet = packet_of(path, 0, is_echo ? PACKET_ICMP : PACKET_UDP);
		packet.identification = (uint16_t)(1 + i % period);
		packet.length = 100;
		packet.type = is_echo ? PACKET_ECHO : 0;
		packet.sequence = is_echo ? (uint32_t)(7 << 16 | i % period) : 0;
		packet.checksum = is_echo ? (uint16_t)(i % period) : 0;
		departure = leave(network, traces, path, 0, time, &packet);
		for (j = 0; j < 2; j++)
			if (!chance(network, j ? 1 - path->twice : path->loss)) {
				arrival = travel(network, traces, path, 0, departure, &packet);
				arrive(network, traces, path, 1, arrival, packet);
			}
		time += pause * between(network, 0.1L, 2);
	}
}

static void make_path(struct network *network, struct path *path, uint8_t number)
{
	const size_t hosts = network->scenario->nr_hosts;
	size_t i;

	*path = (struct path){ .ends[0] = below(network, hosts), .version = 4 };
	path->ends[1] = (path->ends[0] + 1 + below(network, hosts - 1)) % hosts;
	for (i = 0; i < hosts; i++)
		if (i != path->ends[0] && i != path->ends[1] && path->nr_forwarders < 2 &&
		    chance(network, 0.3L))
			path->forwarders[path->nr_forwarders++] = i;
	/* Two hosts with guests of their own, which are not traced */
	if (path->nr_forwarders == 2) {
		path->is_opaque = chance(network, 0.5L);
		path->hidden[0] = path->hidden[1] = chance(network, 0.5L);
	}
	path->translated_inside = chance(network, 0.1L);
	path->translated = !path->translated_inside && !path->nr_forwarders && chance(network, 0.1L);
	path->loss = chance(network, 0.5L) ? between(network, 0, 0.4L) : 0;
	path->twice = chance(network, 0.3L) ? between(network, 0, 0.3L) : 0;
	path->outside = (uint8_t)(100 + number);
	path->outside_port = (uint16_t)(50000 + number);
	if (chance(network, 0.2L))
		path->version = 6;
	for (i = 0; i < 2; i++) {
		path->hops[i] = chance(network, 0.3L) ? 1 + below(network, 2) : 0;
		path->delay[i] = scale_between(network, 1000, 1e6L);
		path->jitter[i] = path->delay[i] * scale_between(network, 0.01L, 3);
		path->address[i] = (uint8_t)(1 + path->ends[i]);
		path->port[i] = (uint16_t)(1000 + number * 2 + i);
	}
}

/* Connections one after the other between the same ends */
static void run_path(struct network *network, struct trace *traces, const struct path *path,
		     uint32_t near, bool is_same)
{
	/* Some are older than all traces. */
	long double time = between(network, -0.2L, 0.2L) * DURATION;
	size_t i;

	for (i = 0; i < 3 && time < 0.9L * DURATION; i++)
		time = run_connection(network, traces, path, time, near + (uint32_t)i * 3 * 1448,
				      near, is_same) + between(network, 0, 0.1L) * DURATION;
}

static void make_traces(struct network *network, struct trace *traces)
{
	size_t i, j;

	for (i = 0; i < network->scenario->nr_hosts; i++) {
		struct trace *trace = &traces[i];

		trace->begin = -DURATION;
		trace->end = DURATION;
		if (chance(network, 0.5L))
			trace->begin = between(network, -0.2L, 0.5L) * DURATION;
		if (chance(network, 0.2L))
			trace->end = between(network, 0.5L, 1) * DURATION;
		trace->nr_gaps = chance(network, 0.4L) ? 1 + below(network, GAPS_MAX) : 0;
		for (j = 0; j < trace->nr_gaps; j++) {
			trace->gaps[j].from = between(network, 0, 0.7L) * DURATION;
			trace->gaps[j].to = trace->gaps[j].from + scale_between(network, 1e4L, 1e8L);
			trace->gaps[j].lost = between(network, 0.2L, 1);
		}
	}
}

static void add_losses(struct network *network, const struct trace *traces)
{
	struct sight *sight;
	size_t i, j;

	for (i = 0; i < network->scenario->nr_hosts; i++) {
		sight = add_sight(network, i, -2 * DURATION, SEEN_LOSS);
		sight->from = -HOSTS_TIME_MAX + 1;
		sight->to = local_time(network, i, traces[i].begin) + 1;
		for (j = 0; j < traces[i].nr_gaps; j++)
			add_sight(network, i, traces[i].gaps[j].from, SEEN_LOSS)->to =
				local_time(network, i, traces[i].gaps[j].to) + 1;
	}
}

static int by_time(const void *a, const void *b)
{
	const struct sight *one = a, *other = b;

	return (one->time > other->time) - (one->time < other->time);
}

struct network *network_new(uint64_t seed)
{
	struct network *network = zalloc(sizeof(*network));
	struct trace *traces;
	struct path path;
	uint32_t near;
	size_t i, nr_paths;
	bool twin;

	network->scenario = scenario_new(seed, 2 + seed % 4, 1);
	if (network->scenario->stepped < network->scenario->nr_hosts)
		network->scenario->clocks[network->scenario->stepped].step = 0;
	network->sights = zalloc(network->scenario->nr_hosts * sizeof(*network->sights));
	network->nr_sights = zalloc(network->scenario->nr_hosts * sizeof(size_t));
	traces = zalloc(network->scenario->nr_hosts * sizeof(*traces));
	make_traces(network, traces);
	add_losses(network, traces);
	near = (uint32_t)below(network, UINT32_MAX);
	nr_paths = 1 + below(network, 4);
	for (i = 0; i < nr_paths; i++) {
		make_path(network, &path, (uint8_t)i);
		twin = chance(network, 0.2L);
		path.hidden[1] |= twin && chance(network, 0.5L);
		/* What the second end sends first may be as in the connection before. */
		run_path(network, traces, &path, near, !twin && chance(network, 0.3L));
		if (chance(network, 0.4L))
			run_datagrams(network, traces, &path, chance(network, 0.5L));
		/* The same private addresses elsewhere */
		if (twin) {
			path.hidden[0] = chance(network, 0.7L);
			path.hidden[1] = false;
			path.ends[0] = below(network, network->scenario->nr_hosts);
			path.ends[1] = (path.ends[0] + 1) % network->scenario->nr_hosts;
			path.nr_forwarders = 0;
			run_path(network, traces, &path, near, false);
		}
	}
	free(traces);
	for (i = 0; i < network->scenario->nr_hosts; i++)
		if (network->nr_sights[i])
			qsort(network->sights[i], network->nr_sights[i], sizeof(struct sight),
			      by_time);
	return network;
}

void network_free(struct network *network)
{
	size_t i;

	for (i = 0; i < network->scenario->nr_hosts; i++)
		free(network->sights[i]);
	free(network->sights);
	free(network->nr_sights);
	scenario_free(network->scenario);
	free(network);
}
