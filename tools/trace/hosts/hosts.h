/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The clocks of several hosts: what their messages prove about when an event of the one
 * was on the clock of another. No I/O.
 *
 * All times are in ns of the host's own counter, at its nominal frequency; of up to 73
 * years. A reading stands for the whole tick: round its begin down and its end up.
 */
#ifndef TRACE_HOSTS_HOSTS_H
#define TRACE_HOSTS_HOSTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hosts/limits.h"

/* Times must be less than this, and more than -this. */
#define HOSTS_TIME_MAX (INT64_C(1) << 61)

struct hosts;

/**
 * struct host_message - a message from a host to another
 * @from: index of the host that sent it
 * @to: index of the host that received it
 * @sent: time of the sender, rounded down: it was not sent before
 * @received: time of the receiver, rounded up: it was not received after
 * @number: the caller's name for it, not 0
 */
struct host_message {
	size_t from;
	size_t to;
	int64_t sent;
	int64_t received;
	uint64_t number;
};

/**
 * struct contradiction - two messages that cannot both be, within the limits
 * @hosts: the pair
 * @messages: numbers of an earlier message and of the one that was added
 * @from: on either host, a time before which its clock did not step
 * @to: on either host, a time after which it did not
 *
 * One of the two clocks stepped between the two times, or one of the messages is none.
 */
struct contradiction {
	size_t hosts[2];
	uint64_t messages[2];
	int64_t from[2];
	int64_t to[2];
};

/**
 * enum hosts_answer - what hosts_add() made of a message
 * @HOSTS_ADDED: it was added
 * @HOSTS_SPLIT: it was added, and the clocks of its hosts were split before it
 * @HOSTS_DROPPED: it is from where a clock stepped, and proves nothing
 * @HOSTS_FULL: it contradicts others, and the clocks were split too often already
 * @HOSTS_INVALID: a host or a time is out of range
 */
enum hosts_answer { HOSTS_ADDED, HOSTS_SPLIT, HOSTS_DROPPED, HOSTS_FULL, HOSTS_INVALID };

/**
 * struct host_bound - when an event was on the clock of the reference host
 * @earliest: not before
 * @latest: not after
 * @estimate: a guess between the two, which nothing proves
 * @stepped: a clock stepped nearby; the event may have been before or after that
 */
struct host_bound {
	int64_t earliest;
	int64_t latest;
	int64_t estimate;
	bool stepped;
};

/**
 * hosts_new() - a number of hosts about which nothing is known
 * @count: their number
 * @limits: of the clocks of any two of them
 * @max_constraints: how many to keep in all, 0 for a default of 4 million
 *
 * Memory is for @count * @count pairs, as far as they exchange messages, and for
 * @max_constraints (of 24 bytes), of which each pair gets at least some.
 *
 * Return: the hosts, to be freed with hosts_free().
 */
struct hosts *hosts_new(size_t count, const struct limits *limits, size_t max_constraints);

/**
 * hosts_add() - add a message
 * @hosts: the hosts
 * @message: the message; best in the order in which they were received
 * @contradiction: set for HOSTS_SPLIT and HOSTS_FULL
 *
 * Return: what became of it.
 */
enum hosts_answer hosts_add(struct hosts *hosts, const struct host_message *message,
			    struct contradiction *contradiction);

/**
 * hosts_solve() - combine what is known of pairs over all paths to one host
 * @hosts: the hosts
 * @reference: index of that host
 *
 * To be called again after more messages.
 */
void hosts_solve(struct hosts *hosts, size_t reference);

/**
 * hosts_bound() - when an event was on the clock of the reference host
 * @hosts: the hosts, after hosts_solve()
 * @host: index of the event's host
 * @from: time of the event on its own host, rounded down
 * @to: end of its tick, rounded up
 * @bound: set
 *
 * Return: false if there is no bound, or only on one side, or if messages around a loop of
 * hosts contradict each other where no pair does.
 */
bool hosts_bound(const struct hosts *hosts, size_t host, int64_t from, int64_t to,
		 struct host_bound *bound);

/**
 * hosts_constraints() - how many constraints are kept
 * @hosts: the hosts
 */
size_t hosts_constraints(const struct hosts *hosts);

/**
 * hosts_free() - free hosts
 * @hosts: the hosts, or NULL
 */
void hosts_free(struct hosts *hosts);

#endif
