// SPDX-License-Identifier: GPL-2.0
/*
 * Messages out of packets: cases whose answer can be worked out on paper.
 */
#include <stdlib.h>
#include <string.h>

#include "packets/match.h"
#include "tap.h"

#define A 0
#define B 1
#define C 2
#define HOSTS 3
#define TRANSIT INT64_C(1000)
#define FIRST 1000
#define FIRST_OF_ANSWER 77000
#define GIB (UINT32_C(1) << 30)
#define MESSAGES_MAX 64

static struct packets *packets;
static struct host_message messages[MESSAGES_MAX];
static size_t nr_messages;

static void take(void *data, const struct host_message *message, const struct packet *packet)
{
	(void)data;
	(void)packet;
	if (nr_messages < MESSAGES_MAX)
		messages[nr_messages] = *message;
	nr_messages++;
}

static void begin(size_t max_records)
{
	const struct packets_limits kept = { .max_records = max_records, .max_transit = TRANSIT };
	struct limits limits;

	limits_set(&limits, LIMITS_RATE_PPB, LIMITS_DRIFT_PPT);
	packets = packets_new(HOSTS, &limits, &kept, take, NULL);
	nr_messages = 0;
}

static bool is_message(size_t number, size_t from, int64_t sent, size_t to, int64_t received)
{
	const struct host_message *message = &messages[number];

	if (number >= nr_messages)
		return false;
	if (message->from == from && message->sent == sent && message->to == to &&
	    message->received == received && message->number == number + 1)
		return true;
	printf("# message %zu is from %zu, sent %lld, to %zu, received %lld\n", number, message->from,
	       (long long)message->sent, message->to, (long long)message->received);
	return false;
}

/* From 10.0.0.1, which is A, to 10.0.0.2, or back */
static struct packet packet_of(bool back, uint8_t protocol)
{
	return (struct packet){
		.version = 4,
		.protocol = protocol,
		.source = { 10, 0, 0, back ? 2 : 1 },
		.destination = { 10, 0, 0, back ? 1 : 2 },
		.source_port = back ? 80 : 4000,
		.destination_port = back ? 4000 : 80,
		.flags = PACKET_ACK,
	};
}

/* Bytes by their number in the connection, from 1 on */
static struct packet data(uint32_t from, uint32_t length)
{
	struct packet packet = packet_of(false, PACKET_TCP);

	packet.sequence = FIRST + from;
	packet.length = length;
	packet.acknowledgment = FIRST_OF_ANSWER + 1;
	return packet;
}

static struct packet acknowledgment(uint32_t to)
{
	struct packet packet = packet_of(true, PACKET_TCP);

	packet.sequence = FIRST_OF_ANSWER + 1;
	packet.acknowledgment = FIRST + to;
	return packet;
}

static void sent(size_t host, int64_t time, struct packet packet)
{
	packets_sent(packets, host, time, &packet);
}

static void received(size_t host, int64_t time, struct packet packet)
{
	packets_received(packets, host, time, &packet);
}

/* SYN and its answer between A and B, from which no message follows */
static void open_with(int64_t time, uint32_t first, uint32_t first_of_answer)
{
	struct packet packet = packet_of(false, PACKET_TCP);

	packet.flags = PACKET_SYN;
	packet.sequence = first;
	sent(A, time, packet);
	received(B, time + 1, packet);
	packet = packet_of(true, PACKET_TCP);
	packet.flags = PACKET_SYN | PACKET_ACK;
	packet.sequence = first_of_answer;
	packet.acknowledgment = first + 1;
	sent(B, time + 2, packet);
	received(A, time + 3, packet);
}

static void open_connection(void)
{
	open_with(0, FIRST, FIRST_OF_ANSWER);
}

/* A message of which nothing needs to be known but what it says */
static void know(size_t from, int64_t time, size_t to, int64_t arrival)
{
	packets_guest_moved(packets, from, time, to, arrival);
}

static void end(void)
{
	packets_free(packets);
}

static void test_segments(void)
{
	begin(0);
	open_connection();
	CHECK(nr_messages == 0);
	/* One that is cut: its first part says most. */
	sent(A, 100, data(1, 3000));
	received(B, 150, data(1, 1000));
	received(B, 160, data(1001, 2000));
	CHECK(nr_messages == 1 && is_message(0, A, 100, B, 150));
	/* Two that are put together: the last one says most. */
	sent(A, 200, data(3001, 1000));
	sent(A, 210, data(4001, 1000));
	received(B, 250, data(3001, 2000));
	CHECK(nr_messages == 2 && is_message(1, A, 210, B, 250));
	end();
}

static void test_retransmission(void)
{
	begin(0);
	open_connection();
	sent(A, 100, data(1, 1000));
	sent(A, 110, data(1001, 1000));
	sent(A, 300, data(1, 1000));
	/* Half of this was sent before. */
	sent(A, 310, data(1501, 1000));
	received(B, 350, data(1, 1000));
	received(B, 360, data(2001, 500));
	received(B, 370, data(1, 1000));
	CHECK(nr_messages == 2);
	CHECK(is_message(0, A, 100, B, 350) && is_message(1, A, 310, B, 360));
	end();
}

static void test_acknowledgments(void)
{
	begin(0);
	open_connection();
	sent(A, 100, data(1, 1000));
	sent(B, 200, acknowledgment(1001));
	/* The same once more: it was sent at 200 or later. */
	sent(B, 210, acknowledgment(1001));
	received(A, 260, acknowledgment(1001));
	received(A, 270, acknowledgment(1001));
	CHECK(nr_messages == 1 && is_message(0, B, 200, A, 260));
	end();
}

/* Sequence numbers wrap around, and come again after 4 GiB. */
static void test_wrap(void)
{
	uint32_t i;

	begin(0);
	open_with(0, UINT32_MAX - 10, FIRST_OF_ANSWER);
	for (i = 0; i < 9; i++) {
		struct packet packet = data(0, GIB / 2);

		packet.sequence = UINT32_MAX - 9 + i * (GIB / 2);
		sent(A, 1000 * i + 100, packet);
		received(B, 1000 * i + 200, packet);
		CHECK(is_message(i, A, 1000 * i + 100, B, 1000 * i + 200));
	}
	CHECK(nr_messages == 9);
	end();
}

/* The same with all that the receiver saw first */
static void test_order(void)
{
	uint32_t i;

	begin(0);
	open_connection();
	for (i = 0; i < 9; i++)
		received(B, 1000 * i + 200, data(1 + i * (GIB / 2), GIB / 2));
	CHECK(nr_messages == 0);
	for (i = 0; i < 9; i++)
		sent(A, 1000 * i + 100, data(1 + i * (GIB / 2), GIB / 2));
	CHECK(nr_messages == 9);
	for (i = 0; i < 9; i++)
		CHECK(is_message(i, A, 1000 * i + 100, B, 1000 * i + 200));
	end();
}

/* The second connection between the same ends has other first numbers. */
static void test_reuse(void)
{
	begin(0);
	open_connection();
	received(B, 100, data(5001, 1000));
	open_with(200, FIRST + 4000, FIRST_OF_ANSWER + 500);
	sent(A, 300, data(4001, 1000));
	sent(A, 310, data(5001, 1000));
	CHECK(nr_messages == 0);
	received(B, 350, data(5001, 1000));
	CHECK(nr_messages == 1 && is_message(0, A, 310, B, 350));
	end();
}

static void test_interfaces(void)
{
	begin(0);
	open_connection();
	/* A container, a bridge, a card; and into a container */
	sent(A, 100, data(1, 1000));
	received(A, 101, data(1, 1000));
	sent(A, 102, data(1, 1000));
	received(A, 103, data(1, 1000));
	sent(A, 104, data(1, 1000));
	received(B, 150, data(1, 1000));
	sent(B, 151, data(1, 1000));
	received(B, 152, data(1, 1000));
	CHECK(nr_messages == 1 && is_message(0, A, 100, B, 150));
	end();
}

static void test_forwarder(void)
{
	begin(0);
	open_connection();
	sent(A, 100, data(1, 1000));
	/* C saw no SYN, and has to be judged by a message. */
	received(C, 120, data(1, 1000));
	sent(C, 130, data(1, 1000));
	received(B, 150, data(1, 1000));
	CHECK(nr_messages == 1 && is_message(0, A, 100, B, 150));
	end();
}

/* What was sent when events were lost may be sent again after that. */
static void test_open_in_gap(void)
{
	begin(0);
	packets_lost(packets, A, -10, 60);
	open_connection();
	/* Sent at about 55, which is lost */
	received(B, 60, data(1, 1000));
	sent(A, 200, data(1, 1000));
	received(B, 210, data(1, 1000));
	CHECK(nr_messages == 0);
	end();
}

/* An answer to a SYN with data, and more, from before the trace: both are sent again. */
static void test_answer_alone(void)
{
	struct packet syn = packet_of(false, PACKET_TCP), answer = packet_of(true, PACKET_TCP);
	struct packet more;

	begin(0);
	syn.flags = PACKET_SYN;
	syn.sequence = FIRST;
	syn.length = 100;
	answer.sequence = FIRST_OF_ANSWER;
	answer.acknowledgment = FIRST + 101;
	more = answer;
	more.sequence++;
	more.length = 1000;
	answer.flags |= PACKET_SYN;
	sent(A, 0, syn);
	received(A, 10, answer);
	received(A, 20, more);
	sent(B, 500, answer);
	sent(B, 510, more);
	received(A, 505, answer);
	received(A, 515, more);
	CHECK(nr_messages == 0);
	end();
}

/* C is a clone of A: which of them sent it nobody knows. */
static void test_clones(void)
{
	struct packet packet = packet_of(false, PACKET_TCP);

	begin(0);
	packet.flags = PACKET_SYN;
	packet.sequence = FIRST;
	sent(C, -10, packet);
	open_connection();
	sent(C, 100, data(1, 1000));
	received(B, 150, data(1, 1000));
	sent(A, 300, data(1, 1000));
	received(B, 350, data(1, 1000));
	CHECK(nr_messages == 0 && packets_counts(packets)->conflicts > 0);
	end();
}

/*
 * A host with two networks of the same addresses, and a connection in both: the other one's
 * numbers are almost 2 GiB ahead, and come to those of this one soon after this one has sent
 * them.
 */
static void test_two_at_once(void)
{
	const uint32_t jump = GIB - 2000, step = 11 * (GIB / 16);
	uint32_t next = 2001;

	begin(0);
	received(A, -20000000, acknowledgment(1));
	sent(A, 0, data(1, 1000));
	sent(A, 2100, data(1001, 1000));
	know(A, 2100, B, 2110);
	next += jump;
	sent(A, 2200, data(next, 1000));
	next += 1000 + jump;
	sent(A, 4300, data(next, 1000));
	next += 1000;
	sent(A, 6400, data(next, 1000));
	next += 1000;
	/* This one, which B receives */
	sent(A, 8350, data(2001, 1000));
	sent(A, 8360, data(next, step));
	next += step;
	sent(A, 8370, data(next, step));
	next += step;
	sent(A, 8410, data(next, 2001 - next));
	sent(A, 8500, data(2001, 1000));
	received(B, 8360, data(2001, 1000));
	CHECK(nr_messages == 1);
	end();
}

/* Where the tracer does not know what a host received, the host may forward what it sends. */
static void test_unknown_packets(void)
{
	const int64_t later = 20000000;
	struct packet unknown = { 0 };

	begin(0);
	received(A, -1000, unknown);
	open_connection();
	sent(A, 100, data(1, 1000));
	received(B, 150, data(1, 1000));
	CHECK(nr_messages == 0);
	/* Not so long after it was received */
	open_with(later, FIRST + 5000, FIRST_OF_ANSWER);
	received(A, later + 50, unknown);
	sent(A, later + 100, data(5001, 1000));
	received(B, later + 150, data(5001, 1000));
	CHECK(nr_messages == 1 && is_message(0, A, later + 100, B, later + 150));
	end();
}

static void test_nobody(void)
{
	struct packet packet;

	begin(0);
	open_connection();
	sent(A, 100, data(1, 1000));
	/* Addresses are translated. */
	packet = data(1, 1000);
	packet.source[3] = 9;
	received(B, 150, packet);
	/* What it acknowledges is another connection's. */
	packet = data(1, 1000);
	packet.acknowledgment++;
	received(B, 160, packet);
	/* A RST has any number. */
	packet = data(1, 1000);
	packet.flags |= PACKET_RST;
	received(B, 170, packet);
	/* The loopback has the same addresses everywhere. */
	packet = data(1, 1000);
	packet.source[0] = packet.destination[0] = 127;
	sent(A, 200, packet);
	received(A, 210, packet);
	received(B, 220, packet);
	CHECK(nr_messages == 0);
	/* No hosts, no times */
	packets_sent(packets, HOSTS, 300, &packet);
	packets_received(packets, B, INT64_MAX, &packet);
	packets_lost(packets, HOSTS, 0, 1);
	packets_guest_moved(packets, A, 0, HOSTS, 1);
	CHECK(nr_messages == 0);
	end();
}

static void test_ipv6(void)
{
	static const uint8_t source[] = { 0xfd, 1, [15] = 1 }, destination[] = { 0xfd, 1, [15] = 2 };
	struct packet packet = packet_of(false, PACKET_TCP);
	bool loopback;

	begin(0);
	for (loopback = false;; loopback = true) {
		packet.version = 6;
		memcpy(packet.source, source, sizeof(source));
		memcpy(packet.destination, destination, sizeof(destination));
		if (loopback) {
			memset(packet.source, 0, 15);
			memset(packet.destination, 0, 15);
		}
		packet.flags = PACKET_SYN;
		packet.length = 0;
		packet.sequence = FIRST;
		sent(A, 10, packet);
		received(B, 20, packet);
		packet.flags = PACKET_ACK;
		packet.sequence++;
		packet.length = 100;
		sent(A, 100, packet);
		received(B, 200, packet);
		CHECK(nr_messages == 1 && is_message(0, A, 100, B, 200));
		if (loopback)
			break;
	}
	end();
}

static void test_guest(void)
{
	begin(0);
	know(A, 100, B, -50);
	know(A, 100, A, 150);
	CHECK(nr_messages == 1 && is_message(0, A, 100, B, -50));
	end();
}

/* What was sent before an event was lost may be sent again after it. */
static void test_loss(void)
{
	uint32_t i, position = 2001;

	begin(0);
	open_connection();
	sent(A, 100, data(1, 1000));
	received(B, 150, data(1, 1000));
	CHECK(nr_messages == 1);
	packets_lost(packets, A, 200, 300);
	received(B, 250, data(1001, 1000));
	sent(A, 400, data(1001, 1000));
	CHECK(nr_messages == 1);
	received(A, 410, acknowledgment(1001));
	for (i = 0; i < 40; i++) {
		const int64_t time = 1000 + 100 * i;
		struct packet packet = data(position, 1000000);

		sent(A, time, packet);
		received(B, time + 10, packet);
		position += 1000000;
	}
	/* Twice the longest transit after 400, when it went on */
	CHECK(is_message(1, A, 2500, B, 2510));
	CHECK(is_message(nr_messages - 1, A, 1000 + 100 * 39, B, 1010 + 100 * 39));
	end();
}

/* A connection whose begin no trace has */
static void test_unknown_begin(void)
{
	int64_t time;
	uint32_t i;

	begin(0);
	received(A, -20000000, acknowledgment(1));
	for (i = 0; i < 100; i++) {
		time = 10 + 100 * i;
		sent(A, time, data(1 + i * 1000000, 1000000));
		received(B, time + 10, data(1 + i * 1000000, 1000000));
	}
	CHECK(nr_messages == 0);
	/* Nothing is known of the two hosts so far, and then that they are about equal. */
	know(A, time, B, time + 100);
	for (; i < 110; i++) {
		time = 10 + 100 * i;
		sent(A, time, data(1 + i * 1000000, 1000000));
		received(B, time + 10, data(1 + i * 1000000, 1000000));
	}
	CHECK(nr_messages == 11 && is_message(10, A, time, B, time + 10));
	end();
}

static struct packet datagram(uint16_t identification)
{
	struct packet packet = packet_of(false, PACKET_UDP);

	packet.identification = identification;
	packet.length = 100;
	return packet;
}

static void test_datagrams(void)
{
	begin(0);
	sent(A, 0, datagram(1));
	/* Nothing is known of before, or of the hosts. */
	sent(A, 1000, datagram(2));
	received(B, 1010, datagram(2));
	sent(A, 4000, datagram(3));
	received(B, 4010, datagram(3));
	CHECK(nr_messages == 0);
	know(A, 5000, B, 5050);
	sent(A, 6000, datagram(4));
	sent(A, 6001, datagram(4));
	received(B, 6020, datagram(4));
	received(B, 6030, datagram(4));
	CHECK(nr_messages == 2 && is_message(1, A, 6000, B, 6020));
	/* Without identification */
	sent(A, 7000, datagram(0));
	received(B, 7010, datagram(0));
	/* An identification that was used recently: the first one */
	sent(A, 7900, datagram(4));
	received(B, 7910, datagram(4));
	CHECK(nr_messages == 2);
	/* One that comes again, of which the first one was received only now */
	received(B, 20000, datagram(9));
	sent(A, 30000, datagram(9));
	CHECK(nr_messages == 2);
	received(B, 30010, datagram(9));
	CHECK(nr_messages == 3 && is_message(2, A, 30000, B, 30010));
	/* Some may have been lost. */
	packets_lost(packets, A, 40000, 41000);
	sent(A, 42000, datagram(10));
	received(B, 42010, datagram(10));
	CHECK(nr_messages == 3);
	know(A, 20040000, B, 20040050);
	sent(A, 20042000, datagram(11));
	received(B, 20042010, datagram(11));
	CHECK(nr_messages == 5 && is_message(4, A, 20042000, B, 20042010));
	end();
}

static void test_echo(void)
{
	struct packet packet = packet_of(false, PACKET_ICMP);

	begin(0);
	know(A, 0, B, 50);
	packet.source_port = packet.destination_port = 0;
	packet.identification = 5;
	packet.type = PACKET_ECHO;
	sent(A, 0, packet);
	packet.sequence = 7;
	sent(A, 5000, packet);
	received(B, 5020, packet);
	CHECK(nr_messages == 2 && is_message(1, A, 5000, B, 5020));
	/* "Unreachable" has no number of its own. */
	packet.type = 3;
	sent(A, 6000, packet);
	received(B, 6020, packet);
	CHECK(nr_messages == 2);
	end();
}

/* What is not received is forgotten, and what comes then is not harmed. */
static void test_memory(void)
{
	uint32_t i;

	begin(100);
	open_connection();
	for (i = 0; i < 10000; i++) {
		sent(A, 100 + i, data(1 + i * 10, 10));
		sent(A, 100 + i, datagram((uint16_t)i));
	}
	CHECK(packets_counts(packets)->expired >= 10000 - 100);
	received(B, 20000, data(1, 10));
	CHECK(nr_messages == 0);
	received(B, 20010, data(1 + 9999 * 10, 10));
	CHECK(nr_messages == 1 && is_message(0, A, 100 + 9999, B, 20010));
	end();
}

int main(void)
{
	tap_begin();
	tap_run(test_segments, "packets: a segment is cut, or put together with others");
	tap_run(test_retransmission, "packets: the first transmission counts");
	tap_run(test_acknowledgments, "packets: acknowledgments without data");
	tap_run(test_wrap, "packets: sequence numbers wrap around");
	tap_run(test_order, "packets: what was received may come first");
	tap_run(test_reuse, "packets: two connections between the same ends");
	tap_run(test_interfaces, "packets: interfaces behind each other");
	tap_run(test_forwarder, "packets: a host that forwards sends nothing");
	tap_run(test_unknown_packets, "packets: what a tracer does not know may be forwarded");
	tap_run(test_open_in_gap, "packets: a connection that begins where events are lost");
	tap_run(test_answer_alone, "packets: an answer to a SYN that was not seen");
	tap_run(test_clones, "packets: two hosts that send the same");
	tap_run(test_two_at_once, "packets: two connections between the same ends at once");
	tap_run(test_nobody, "packets: what matches nothing");
	tap_run(test_ipv6, "packets: IPv6");
	tap_run(test_guest, "packets: a guest that moves is a message");
	tap_run(test_loss, "packets: after a loss, what is not sent again");
	tap_run(test_unknown_begin, "packets: a connection whose begin is not known");
	tap_run(test_datagrams, "packets: datagrams");
	tap_run(test_echo, "packets: echoes of ICMP");
	tap_run(test_memory, "packets: memory is bounded");
	return tap_end();
}
