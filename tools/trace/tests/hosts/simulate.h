/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Hosts whose clocks, and whose messages, are known: what bounds are tested against.
 */
#ifndef TRACE_TESTS_SIMULATE_H
#define TRACE_TESTS_SIMULATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hosts/hosts.h"

#define WAVES 3

/**
 * struct sim_clock - the counter of a host, and its CLOCK_REALTIME
 * @base: its reading at the begin, whole ns
 * @rate: how much faster than true time
 * @waves: of temperature: amplitude of the rate, angular frequency per ns, phase
 * @bend: slope of a rate that goes up and down as fast as the limit allows, per ns
 * @bend_period: the period of that, in ns
 * @bend_phase: where in the period it begins
 * @step_at: true time of a step
 * @step: the step, in ns
 * @realtime_bias: error of CLOCK_REALTIME: what NTP cannot see
 * @realtime_wander: and what it regulates to and fro
 * @realtime_period: how fast, in ns
 */
struct sim_clock {
	int64_t base;
	long double rate;
	struct {
		long double amplitude, frequency, phase;
	} waves[WAVES];
	long double bend, bend_period, bend_phase;
	long double step_at, step;
	long double realtime_bias, realtime_wander, realtime_period;
};

enum shape { SHAPE_RING, SHAPE_STAR, SHAPE_MESH, NR_SHAPES };

/**
 * struct sim_message - a message with the truth about it
 * @message: what the traces tell
 * @sent: true time of sending it
 * @received: true time of its arrival, by which messages are sorted
 */
struct sim_message {
	struct host_message message;
	long double sent, received;
};

/**
 * struct scenario - all of it
 * @shape: which hosts exchange messages
 * @nr_hosts: number of hosts
 * @clocks: their clocks
 * @duration: true time from begin to end
 * @messages: what was recorded
 * @nr_messages: their number
 * @stepped: index of the host whose counter steps, @nr_hosts if none does
 * @max_constraints: for hosts_new()
 * @state: of the random numbers
 */
struct scenario {
	enum shape shape;
	size_t nr_hosts;
	struct sim_clock *clocks;
	long double duration;
	struct sim_message *messages;
	size_t nr_messages;
	size_t stepped;
	size_t max_constraints;
	uint64_t state;
};

/* The scenario of a seed; of @nr_hosts, or any number if that is 0, with @nr_messages or any. */
struct scenario *scenario_new(uint64_t seed, size_t nr_hosts, size_t nr_messages);

void scenario_free(struct scenario *scenario);

/* From 0 to 1 */
long double scenario_random(struct scenario *scenario);

/* What the counter shows at a true time, less its base */
long double clock_at(const struct sim_clock *clock, long double time);

/* The error of CLOCK_REALTIME at a true time */
long double realtime_error(const struct sim_clock *clock, long double time);

#endif
