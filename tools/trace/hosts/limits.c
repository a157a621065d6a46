// SPDX-License-Identifier: GPL-2.0
/*
 * What is taken for granted of the clocks of two hosts.
 */
#include "hosts/exact.h"
#include "hosts/limits.h"

#define BILLION 1000000000
/* A drift of 1e-12 per s is 1e-21 per ns, and half of it 2^-80 * 2^58 / 5^21. */
#define HALF_DRIFT_UNIT (UINT64_C(1) << 58)
#define HALF_DRIFT_DIVISOR UINT64_C(476837158203125)

static uint64_t quotient_up(exact_unsigned value, uint64_t divisor)
{
	return (uint64_t)((value + divisor - 1) / divisor);
}

bool limits_set(struct limits *limits, uint64_t rate_ppb, uint64_t drift_ppt)
{
	uint64_t half_drift;
	int i;

	if (rate_ppb > LIMITS_RATE_PPB_MAX || drift_ppt > LIMITS_DRIFT_PPT_MAX)
		return false;
	half_drift = quotient_up((exact_unsigned)drift_ppt * HALF_DRIFT_UNIT, HALF_DRIFT_DIVISOR);
	for (i = 0; i < 3; i++)
		half_drift = quotient_up((exact_unsigned)half_drift * BILLION, BILLION - rate_ppb);
	limits->half_drift = half_drift;
	limits->rate = quotient_up((exact_unsigned)rate_ppb << 64, BILLION - rate_ppb);
	return true;
}
