// SPDX-License-Identifier: GPL-2.0
/*
 * Many networks of hosts: no message that is made of their packets may be false, and no bound
 * that follows from these. Prints TAP.
 */
#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/array.h"
#include "common/message.h"
#include "common/number.h"
#include "network.h"
#include "packets/match.h"

#define EVENTS 50
/* What the truth itself may be off by, in ns */
#define TRUTH_ERROR 0.01L

/**
 * struct tally - over all networks
 * @networks: number of networks
 * @messages: by protocol
 * @false_messages: those that were received before they were sent
 * @contradictions: messages that contradicted others
 * @pairs: ordered pairs of hosts with messages
 * @bounds: events with a bound
 * @events: events of other hosts than the reference
 * @false_bounds: bounds that the truth is not within
 * @counts: sums of what became of packets
 */
struct tally {
	uint64_t networks, messages[UINT8_MAX + 1], false_messages, contradictions, pairs;
	uint64_t bounds, events, false_bounds;
	struct packets_counts counts;
};

struct trial {
	uint64_t seed;
	struct network *network;
	struct hosts *hosts;
	struct tally *tally;
	bool *pairs;
};

/* True time of when a clock showed something: rates are almost 1, so this converges fast. */
static long double true_time(const struct sim_clock *clock, int64_t local)
{
	const long double value = (long double)(local - clock->base);
	long double time = value;
	int i;

	for (i = 0; i < 6; i++)
		time -= clock_at(clock, time) - value;
	return time;
}

static void take(void *data, const struct host_message *message, const struct packet *packet)
{
	struct trial *trial = data;
	const struct scenario *scenario = trial->network->scenario;
	struct tally *tally = trial->tally;
	const long double sent = true_time(&scenario->clocks[message->from], message->sent);
	const long double received = true_time(&scenario->clocks[message->to], message->received);
	struct contradiction contradiction;

	tally->messages[packet->protocol]++;
	trial->pairs[message->from * scenario->nr_hosts + message->to] = true;
	if (sent > received + TRUTH_ERROR && !tally->false_messages++)
		printf("# network %llu: from host %zu to host %zu, sent at %.0Lf, received at %.0Lf: protocol %u, sequence %u\n",
		       (unsigned long long)trial->seed, message->from, message->to, sent, received,
		       packet->protocol, packet->sequence);
	if (hosts_add(trial->hosts, message, &contradiction) != HOSTS_ADDED)
		tally->contradictions++;
}

static void hand_on(struct packets *packets, const struct sight *sight)
{
	if (sight->seen == SEEN_SENT)
		packets_sent(packets, sight->host, sight->from, &sight->packet);
	else if (sight->seen == SEEN_RECEIVED)
		packets_received(packets, sight->host, sight->from, &sight->packet);
	else
		packets_lost(packets, sight->host, sight->from, sight->to);
}

/* In the order of true time, or with hosts that lag behind, or one host after the other */
static void feed(struct network *network, struct packets *packets, uint64_t order)
{
	const size_t nr_hosts = network->scenario->nr_hosts;
	size_t *next = zalloc(nr_hosts * sizeof(*next)), i, first;
	long double *lag = zalloc(nr_hosts * sizeof(*lag));

	for (i = 0; i < nr_hosts; i++) {
		if (order == 1)
			lag[i] = scenario_random(network->scenario) * 5e8L;
		else if (order == 2)
			lag[i] = 1e10L * scenario_random(network->scenario);
	}
	for (;;) {
		first = nr_hosts;
		for (i = 0; i < nr_hosts; i++)
			if (next[i] < network->nr_sights[i] &&
			    (first == nr_hosts ||
			     network->sights[i][next[i]].time + lag[i] <
			     network->sights[first][next[first]].time + lag[first]))
				first = i;
		if (first == nr_hosts)
			break;
		hand_on(packets, &network->sights[first][next[first]++]);
	}
	free(next);
	free(lag);
}

static void try_bounds(struct trial *trial)
{
	struct scenario *scenario = trial->network->scenario;
	const struct sim_clock *reference = &scenario->clocks[0], *clock;
	struct host_bound bound;
	long double time, truth;
	int64_t from;
	size_t i, host;

	hosts_solve(trial->hosts, 0);
	for (i = 0; i < EVENTS; i++) {
		host = 1 + (size_t)(scenario_random(scenario) *
				    (long double)(scenario->nr_hosts - 1));
		time = (scenario_random(scenario) * 1.2L - 0.1L) * 1e9L;
		clock = &scenario->clocks[host];
		from = clock->base + (int64_t)floorl(clock_at(clock, time));
		truth = clock_at(reference, time);
		trial->tally->events++;
		if (!hosts_bound(trial->hosts, host, from, from + 1, &bound))
			continue;
		trial->tally->bounds++;
		if (truth < (long double)(bound.earliest - reference->base) - TRUTH_ERROR ||
		    truth > (long double)(bound.latest - reference->base) + TRUTH_ERROR)
			trial->tally->false_bounds++;
	}
}

static void add_counts(struct packets_counts *sum, const struct packets_counts *counts)
{
	sum->sent += counts->sent;
	sum->received += counts->received;
	sum->messages += counts->messages;
	sum->retransmitted += counts->retransmitted;
	sum->unknown += counts->unknown;
	sum->expired += counts->expired;
	sum->conflicts += counts->conflicts;
}

static void try_network(uint64_t seed, struct tally *tally)
{
	struct packets_limits kept = { .max_transit = NETWORK_TRANSIT };
	struct network *network = network_new(seed);
	const size_t nr_hosts = network->scenario->nr_hosts;
	struct trial trial = {
		.seed = seed, .network = network, .tally = tally,
		.pairs = zalloc(nr_hosts * nr_hosts),
	};
	struct packets *packets;
	struct limits limits;
	size_t i;

	/* Some have to do with little memory. */
	if (seed % 5 == 0) {
		kept.max_records = 16 + seed * 7 % 200;
		kept.max_connections = 2;
		kept.max_age = 100000000;
	}
	limits_set(&limits, LIMITS_RATE_PPB, LIMITS_DRIFT_PPT);
	trial.hosts = hosts_new(nr_hosts, &limits, 0);
	packets = packets_new(nr_hosts, &limits, &kept, take, &trial);
	feed(network, packets, seed / 4 % 3);
	add_counts(&tally->counts, packets_counts(packets));
	packets_free(packets);
	try_bounds(&trial);
	for (i = 0; i < nr_hosts * nr_hosts; i++)
		tally->pairs += trial.pairs[i];
	tally->networks++;
	hosts_free(trial.hosts);
	free(trial.pairs);
	network_free(network);
}

static void report(const struct tally *tally)
{
	const struct packets_counts *counts = &tally->counts;

	printf("# %llu packets sent, %llu received; messages: %llu of TCP, %llu of UDP, %llu of ICMP, between %llu ordered pairs of hosts\n",
	       (unsigned long long)counts->sent, (unsigned long long)counts->received,
	       (unsigned long long)tally->messages[PACKET_TCP],
	       (unsigned long long)tally->messages[PACKET_UDP],
	       (unsigned long long)tally->messages[PACKET_ICMP], (unsigned long long)tally->pairs);
	printf("# sent again or by another interface: %llu; not certain: %llu; expired: %llu; of two hosts: %llu\n",
	       (unsigned long long)counts->retransmitted, (unsigned long long)counts->unknown,
	       (unsigned long long)counts->expired, (unsigned long long)counts->conflicts);
	printf("# events with a bound: %llu of %llu; contradictions: %llu\n",
	       (unsigned long long)tally->bounds, (unsigned long long)tally->events,
	       (unsigned long long)tally->contradictions);
}

static uint64_t number_of(const char *text)
{
	uint64_t number;

	if (!parse_u64(text, 0, UINT64_MAX, &number))
		exit(STATUS_UNUSABLE);
	return number;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "first", required_argument, NULL, 'f' },
		{ "count", required_argument, NULL, 'c' },
		{ "until-false", no_argument, NULL, 'u' },
		{ 0 }
	};
	uint64_t first = 1, count = 100, i;
	struct tally tally = { 0 };
	bool until_false = false, enough;
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case 'f':
			first = number_of(optarg);
			break;
		case 'c':
			count = number_of(optarg);
			break;
		case 'u':
			until_false = true;
			break;
		default:
			fputs("Usage: networks [--first SEED] [--count NUMBER] [--until-false]\n",
			      stderr);
			return 2;
		}
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	puts("TAP version 13\n1..3");
	for (i = 0; i < count && !(until_false && tally.false_messages); i++)
		try_network(first + i, &tally);
	report(&tally);
	printf("%sok 1 - packets: no message is false in %llu networks, from seed %llu on\n",
	       tally.false_messages ? "not " : "", (unsigned long long)tally.networks,
	       (unsigned long long)first);
	printf("%sok 2 - packets: no bound that follows is false\n",
	       tally.false_bounds || tally.contradictions ? "not " : "");
	/* Nothing is false where nothing is said. */
	enough = tally.messages[PACKET_TCP] > 50 * tally.networks &&
		 tally.messages[PACKET_UDP] > tally.networks &&
		 tally.messages[PACKET_ICMP] > tally.networks && tally.bounds > tally.networks;
	printf("%sok 3 - packets: there are messages of TCP, UDP and ICMP\n", enough ? "" : "not ");
	return tally.false_messages || tally.false_bounds || tally.contradictions || !enough;
}
