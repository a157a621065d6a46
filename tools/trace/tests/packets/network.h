/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Hosts that exchange packets, and what their traces tell of that: what messages are tested
 * against. Clocks are those of tests/hosts/simulate.h.
 */
#ifndef TRACE_TESTS_NETWORK_H
#define TRACE_TESTS_NETWORK_H

#include "packets/packet.h"
#include "tests/hosts/simulate.h"

/* No packet of the simulation is longer on its way than that, in ns */
#define NETWORK_TRANSIT 10000000

enum seen { SEEN_SENT, SEEN_RECEIVED, SEEN_LOSS };

/**
 * struct sight - an entry of a trace
 * @time: true time, by which those of a host are sorted
 * @host: index of the host
 * @seen: what it is
 * @from: time of the host: of a packet; of a loss: where it begins
 * @to: of a loss: where it ends
 * @packet: the packet
 */
struct sight {
	long double time;
	size_t host;
	enum seen seen;
	int64_t from, to;
	struct packet packet;
};

/**
 * struct network - all of it
 * @scenario: the clocks, and random numbers
 * @sights: of each host, one after the other
 * @nr_sights: number of each host's
 */
struct network {
	struct scenario *scenario;
	struct sight **sights;
	size_t *nr_sights;
};

/* The network of a seed */
struct network *network_new(uint64_t seed);

void network_free(struct network *network);

#endif
