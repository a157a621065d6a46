// SPDX-License-Identifier: GPL-2.0
/*
 * How the TSC runs against the machine's own clocks, see timebase.h.
 */
#include <errno.h>
#include <string.h>
#include <time.h>

#include "counter.h"
#include "timebase.h"
#include "util.h"

#define NSEC_PER_SEC	1000000000LL
#define TRIES		64
#define INTERVAL_NS	500000000LL

/* As the kernel does for the TSC: the multiplication is to last for ten minutes. */
#define MAX_SECONDS	600

/* The rate may differ from that of CLOCK_MONOTONIC_RAW by what NTP can slew. */
#define MAX_SLEW	0.001

struct reading {
	uint64_t cycles;
	int64_t ns;
};

/* The reading that took the fewest cycles of several: the least disturbed one */
static struct reading read_clock(clockid_t clock)
{
	struct reading best = { 0 };
	uint64_t before, after, shortest = UINT64_MAX;
	struct timespec ts;
	int i;

	for (i = 0; i < TRIES; i++) {
		before = read_fenced();
		if (clock_gettime(clock, &ts))
			fatal("cannot read the machine's clock %d: %s", clock, strerror(errno));
		after = read_fenced();
		if (after - before >= shortest)
			continue;
		shortest = after - before;
		best.cycles = before + (after - before) / 2;
		best.ns = ts.tv_sec * NSEC_PER_SEC + ts.tv_nsec;
	}
	return best;
}

static double rate(struct reading start, struct reading end)
{
	return (end.cycles - start.cycles) * (double)NSEC_PER_SEC / (end.ns - start.ns);
}

static void set_mult_shift(double hz, uint32_t *mult, uint32_t *shift)
{
	double exact = 0;

	for (*shift = 32; *shift; --*shift) {
		exact = NSEC_PER_SEC * (double)(1ULL << *shift) / hz;
		if (exact < UINT32_MAX && exact * hz * MAX_SECONDS < INT64_MAX)
			break;
	}
	*mult = exact + 0.5;
}

static int64_t ns_at(clockid_t clock, uint64_t cycles, double hz)
{
	struct reading now = read_clock(clock);

	return now.ns - (int64_t)((int64_t)(now.cycles - cycles) * (double)NSEC_PER_SEC / hz);
}

void timebase_calibrate(struct job_timebase *base)
{
	const struct timespec interval = { .tv_nsec = INTERVAL_NS };
	struct reading raw, mono;
	double raw_hz, mono_hz;
	uint64_t max_mult;

	raw = read_clock(CLOCK_MONOTONIC_RAW);
	mono = read_clock(CLOCK_MONOTONIC);
	nanosleep(&interval, NULL);
	raw_hz = rate(raw, read_clock(CLOCK_MONOTONIC_RAW));
	mono_hz = rate(mono, read_clock(CLOCK_MONOTONIC));
	if (!(raw_hz > 0) || mono_hz < raw_hz * (1 - MAX_SLEW) ||
	    mono_hz > raw_hz * (1 + MAX_SLEW))
		fatal("the TSC does not keep time with this machine's clocks (%.0f and %.0f Hz)",
		      raw_hz, mono_hz);

	memset(base, 0, sizeof(*base));
	base->cycles = read_fenced();
	base->tsc_hz = raw_hz + 0.5;
	set_mult_shift(mono_hz, &base->mono_mult, &base->mono_shift);
	set_mult_shift(raw_hz, &base->raw_mult, &base->raw_shift);
	max_mult = base->mono_mult > base->raw_mult ? base->mono_mult : base->raw_mult;
	base->max_cycles = INT64_MAX / max_mult;

	base->realtime_ns = ns_at(CLOCK_REALTIME, base->cycles, mono_hz);
	base->monotonic_ns = ns_at(CLOCK_MONOTONIC, base->cycles, mono_hz);
	base->boottime_ns = ns_at(CLOCK_BOOTTIME, base->cycles, mono_hz);
	base->tai_ns = ns_at(CLOCK_TAI, base->cycles, mono_hz);
	base->raw_ns = ns_at(CLOCK_MONOTONIC_RAW, base->cycles, raw_hz);
	base->hrtimer_res_ns = 1;
}
