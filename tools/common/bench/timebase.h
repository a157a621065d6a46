/* SPDX-License-Identifier: GPL-2.0 */
/* How the TSC runs against the machine's own clocks. */
#ifndef BENCH_TIMEBASE_H
#define BENCH_TIMEBASE_H

#include "timebase_values.h"

/**
 * timebase_calibrate() - measure the TSC and set clocks for it to drive
 * @base:	filled in
 *
 * Takes half a second. Exits with a message if the machine's TSC does not keep
 * time with its clocks.
 */
void timebase_calibrate(struct job_timebase *base);

#endif /* BENCH_TIMEBASE_H */
