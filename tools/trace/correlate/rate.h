/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The rate of a guest's clock, as an interval: how many ticks of the host may pass between
 * two events of the guest.
 */
#ifndef TRACE_RATE_H
#define TRACE_RATE_H

#include <stdint.h>

/* Wide enough for any sum and difference of times */
typedef __int128 wide;

/**
 * struct rate - ticks of the host for a tick of the guest's clock
 * @host: frequency of the host's counter, in Hz
 * @guest: frequency of the guest's clock, in Hz
 */
struct rate {
	uint64_t host;
	uint64_t guest;
};

/**
 * rate_least() - the least number of the host's ticks from one event to another
 * @rate: the rate
 * @ticks: ticks of the guest's clock from the one to the other
 *
 * A reading of a clock is its time rounded down, so that the true distance may be less by one
 * tick of either clock.
 */
wide rate_least(const struct rate *rate, uint64_t ticks);

/**
 * rate_most() - the largest number of the host's ticks from one event to another
 * @rate: the rate
 * @ticks: ticks of the guest's clock from the one to the other
 */
wide rate_most(const struct rate *rate, uint64_t ticks);

#endif
