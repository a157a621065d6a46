// SPDX-License-Identifier: GPL-2.0
/*
 * Which connection is the stream of a migration.
 */
#include <stdlib.h>

#include "correlate/connections.h"
#include "tap.h"

static const struct passage passage = {
	.from = 0, .to = 1, .first = 100, .stop = 1000, .resume = 2000, .last = 3000,
};

static struct connections *connections;

/* A message from host 0 to host 1, of a connection that has this port */
static void carry(uint32_t port, uint32_t bytes, int64_t sent, int64_t received)
{
	const struct host_message message = {
		.from = 0, .to = 1, .sent = sent, .received = received, .number = 1,
	};
	const struct packet packet = {
		.version = 4, .protocol = PACKET_TCP, .source = { 10, 0, 0, 1 },
		.destination = { 10, 0, 0, 2, (uint8_t)(port >> 16) }, .source_port = 4444,
		.destination_port = (uint16_t)port, .length = bytes,
	};

	connections_add(connections, &message, &packet);
}

/* The port of the stream, 0 if there is none */
static unsigned int stream(const struct passage *of)
{
	const struct connection *found = connections_stream(connections, of);

	return found ? found->tuple.ends[!found->sender].port : 0;
}

static uint64_t bytes(void)
{
	const struct connection *found = connections_stream(connections, &passage);

	return found ? found->bytes : 0;
}

static void begin(void)
{
	connections = connections_new();
}

static void end(void)
{
	connections_free(connections);
}

static void test_choice(void)
{
	struct passage back = passage;

	begin();
	CHECK(!stream(&passage));
	carry(1, 10, 500, 510);
	CHECK(!stream(&passage));
	carry(1, 10, 1500, 1510);
	CHECK(stream(&passage) == 1);
	back.from = 1;
	back.to = 0;
	CHECK(!stream(&back));
	/* It has carried more. */
	carry(2, 100, 500, 510);
	carry(2, 1, 1000, 1010);
	CHECK(stream(&passage) == 2);
	/* More still, but it goes on, whichever came first */
	carry(3, 1000, 500, 510);
	carry(3, 1000, 1500, 2001);
	CHECK(stream(&passage) == 2);
	CHECK(bytes() == 101);
	end();
}

/* A connection that goes on, if there is no other */
static void test_goes_on(void)
{
	begin();
	carry(3, 1000, 500, 510);
	carry(3, 1000, 2500, 2600);
	CHECK(stream(&passage) == 3);
	/* It goes on, and has carried less: the other one's order */
	carry(1, 10, 500, 510);
	carry(1, 10, 1500, 1510);
	CHECK(stream(&passage) == 1);
	end();
}

/* What was there before the guest, or after it, or not both before and after its stop, is none. */
static void test_none(void)
{
	begin();
	carry(1, 1000, 99, 109);
	carry(1, 1000, 1500, 1510);
	carry(2, 1000, 1001, 1011);
	carry(2, 1000, 1500, 1510);
	carry(3, 1000, 500, 510);
	carry(3, 1000, 999, 1011);
	carry(4, 1000, 500, 510);
	carry(4, 1000, 2500, 3001);
	/* Acknowledgments carry nothing. */
	carry(5, 0, 500, 510);
	carry(5, 0, 1500, 1510);
	CHECK(!stream(&passage));
	end();
}

/* Of very many, those that carry most are kept. */
static void test_many(void)
{
	uint32_t i;

	begin();
	carry(60000, 100000, 500, 510);
	for (i = 1; i < 50000; i++) {
		carry(i, i < 40 ? 5000 : 10, 500, 510);
		if (i % 1000 == 0)
			carry(60000, 100000, 600, 610);
	}
	carry(7, 10, 1500, 1510);
	CHECK(stream(&passage) == 7);
	carry(60000, 10, 1500, 1510);
	CHECK(stream(&passage) == 60000);
	CHECK(bytes() == 50 * 100000 + 10);
	end();
}

/* Two guests move at once: by one connection each, and where that is not clear nothing is said. */
static void test_two(void)
{
	struct passage two[2] = { passage, passage };
	const struct connection *found[2];
	bool unclear[2];

	two[0].resume = 1800;
	begin();
	/* It ends before both run, and carries most; the other one when the second one runs. */
	carry(1, 1000, 500, 510);
	carry(1, 1000, 1500, 1510);
	carry(2, 10, 500, 510);
	carry(2, 10, 1900, 1910);
	/* One that cannot be told apart takes nothing away. */
	carry(3, 1, 500, 510);
	carry(3, 1, 1500, 1510);
	connections_streams(connections, two, 2, found, unclear);
	CHECK(!unclear[0] && found[0] && found[0]->bytes == 2000);
	CHECK(!unclear[1] && found[1] && found[1]->bytes == 20);
	two[1].resume = 1800;
	connections_streams(connections, two, 2, found, unclear);
	CHECK(unclear[0] && unclear[1] && !found[0] && !found[1]);
	/* The other way round, it is another one's. */
	two[1].from = 1;
	two[1].to = 0;
	connections_streams(connections, two, 2, found, unclear);
	CHECK(!unclear[0] && found[0] && found[0]->bytes == 2000);
	CHECK(!unclear[1] && !found[1]);
	end();
}

int main(void)
{
	tap_begin();
	tap_run(test_choice, "connections: the stream is what ends when the guest runs");
	tap_run(test_goes_on, "connections: a stream that goes on");
	tap_run(test_none, "connections: what cannot be the stream");
	tap_run(test_two, "connections: two guests that move at once");
	tap_run(test_many, "connections: many of them");
	return tap_end();
}
