/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What is taken for granted of the clocks of two hosts.
 */
#ifndef TRACE_HOSTS_LIMITS_H
#define TRACE_HOSTS_LIMITS_H

#include <stdbool.h>
#include <stdint.h>

/* What holds for crystals; Documentation/trace/hosts.rst says why */
#define LIMITS_RATE_PPB 100000
#define LIMITS_DRIFT_PPT 100000

/* The largest that limits_set() accepts */
#define LIMITS_RATE_PPB_MAX 100000000
#define LIMITS_DRIFT_PPT_MAX 1000000000

/**
 * struct limits - how two clocks may differ
 * @rate: largest difference of their rates, in 2^-64
 * @half_drift: half of how fast that may change, in 2^-80 per ns
 *
 * Both hold in either direction: of the one clock as a function of the other.
 */
struct limits {
	uint64_t rate;
	uint64_t half_drift;
};

/**
 * limits_set() - limits from what the user declares
 * @limits: set
 * @rate_ppb: how far the rates may differ, in 1e-9
 * @drift_ppt: how fast that may change, in 1e-12 per second
 *
 * Rounded up. The inverse of a function whose slope is within 1 - R and 1 + R has a
 * slope within 1 - R / (1 - R) and 1 + R / (1 - R), and is bent by up to 1 / (1 - R)^3
 * times as much: @limits hold for both.
 *
 * Return: false if a value is larger than LIMITS_RATE_PPB_MAX or LIMITS_DRIFT_PPT_MAX.
 */
bool limits_set(struct limits *limits, uint64_t rate_ppb, uint64_t drift_ppt);

#endif
