// SPDX-License-Identifier: GPL-2.0
/*
 * Does what is measured tell the time? Every clock of every image is held against
 * the machine's own for a second, at first with the data page at rest, then with
 * the tick writer on it; CLOCK_TRACE must lie between two readings of the TSC.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "counter.h"
#include "tick.h"

#define NSEC_PER_SEC		1000000000LL
#define LIMIT_NS		1000000
#define STEPS			20
#define STEP_US			50000
#define TRACE_READINGS		1000

/* Readings of the machine that lie further apart prove little: try again. */
#define WINDOW_NS		20000
#define TRIES			100

/* An epoch that the running kernel, should it be asked by mistake, hardly has */
#define EPOCH			987654321

static const int hres_clocks[] = {
	CLOCK_MONOTONIC, CLOCK_REALTIME, CLOCK_MONOTONIC_RAW, CLOCK_BOOTTIME, CLOCK_TAI,
};

static int64_t machine_ns(struct runner *runner, int clock)
{
	struct timespec ts;

	if (clock_gettime(clock, &ts))
		die(runner, "the machine's clock %d cannot be read: %s", clock,
		    strerror(errno));
	return ts.tv_sec * NSEC_PER_SEC + ts.tv_nsec;
}

static vdso_fn gettime_of(struct runner *runner, uint32_t image)
{
	struct job_row row = { .source = SOURCE_IMAGE, .image = image };
	vdso_fn fn;

	row.entry = ENTRY_GETTIME;
	fn = find_entry(runner, &row);
	if (!fn)
		die(runner, "the %s image has no clock_gettime()",
		    runner->job->images[image].name);
	return fn;
}

static void call(struct runner *runner, uint32_t image, int clock, struct timespec64 *ts)
{
	int ret = gettime_of(runner, image)(clock, ts);

	if (ret)
		die(runner, "clock %d of the %s image fails: %s", clock,
		    runner->job->images[image].name, strerror(-ret));
}

/* @value was read between the machine's @before and @after. */
static void judge(struct runner *runner, uint32_t image, int clock, int64_t before,
		  int64_t value, int64_t after)
{
	struct job_check *check = &runner->job->check[image];
	int64_t off = value < before ? before - value : value > after ? value - after : 0;

	if (off > LIMIT_NS)
		die(runner, "clock %d of the %s image is wrong: %lld ns, %lld ns from the machine's clock",
		    clock, runner->job->images[image].name, (long long)value, (long long)off);

	check->readings++;
	if (off > check->worst_ns) {
		check->worst_ns = off;
		check->worst_clock = clock;
	}
}

static int64_t image_ns(struct runner *runner, uint32_t image, int clock)
{
	struct timespec64 ts;

	call(runner, image, clock, &ts);
	if (ts.tv_nsec < 0 || ts.tv_nsec >= NSEC_PER_SEC)
		die(runner, "clock %d of the %s image is wrong: it has %lld nanoseconds", clock,
		    runner->job->images[image].name, (long long)ts.tv_nsec);
	return ts.tv_sec * NSEC_PER_SEC + ts.tv_nsec;
}

static void check_hres(struct runner *runner, uint32_t image, int clock)
{
	int64_t before, value, after;
	int tries = 0;

	do {
		before = machine_ns(runner, clock);
		value = image_ns(runner, image, clock);
		after = machine_ns(runner, clock);
	} while (after - before > WINDOW_NS && ++tries < TRIES);

	judge(runner, image, clock, before, value, after);
}

/* A coarse clock stands still between ticks: it has the time of the last one. */
static void check_coarse(struct runner *runner, uint32_t image, int clock, int machine_clock)
{
	int64_t before, value, after;

	before = machine_ns(runner, machine_clock);
	update_images(runner);
	value = image_ns(runner, image, clock);
	after = machine_ns(runner, machine_clock);

	judge(runner, image, clock, before, value, after);
}

static void check_time(struct runner *runner, uint32_t image, bool ticking)
{
	size_t i;

	for (i = 0; i < sizeof(hres_clocks) / sizeof(hres_clocks[0]); i++)
		check_hres(runner, image, hres_clocks[i]);

	/* Ticks are the other thread's to make then. */
	if (ticking)
		return;
	check_coarse(runner, image, CLOCK_MONOTONIC_COARSE, CLOCK_MONOTONIC);
	check_coarse(runner, image, CLOCK_REALTIME_COARSE, CLOCK_REALTIME);
}

static void check_trace_clock(struct runner *runner, uint32_t image, int clock)
{
	uint64_t before, after, value;
	struct timespec64 ts;
	int i;

	for (i = 0; i < TRACE_READINGS; i++) {
		before = read_fenced();
		call(runner, image, clock, &ts);
		after = read_fenced();
		value = ts.tv_sec;
		if (value < before || value > after || ts.tv_nsec != EPOCH)
			die(runner, "clock %d of the %s image is wrong: value %llu, epoch %lld, not between the TSC's %llu and %llu with epoch %d",
			    clock, runner->job->images[image].name,
			    (unsigned long long)value, (long long)ts.tv_nsec,
			    (unsigned long long)before, (unsigned long long)after, EPOCH);
		runner->job->check[image].trace_readings++;
	}
}

static void check_trace(struct runner *runner, uint32_t image)
{
	const struct job *job = runner->job;
	struct timespec64 ts;

	if (job->images[image].trace_data == JOB_NONE)
		return;

	check_trace_clock(runner, image, JOB_CLOCK_TRACE);
	check_trace_clock(runner, image, JOB_CLOCK_TRACE_UNORDERED);

	call(runner, image, JOB_CLOCK_TRACE_FREQ, &ts);
	if ((uint64_t)ts.tv_sec != job->timebase.tsc_hz)
		die(runner, "the frequency of CLOCK_TRACE of the %s image is wrong: %llu instead of %llu",
		    job->images[image].name, (unsigned long long)ts.tv_sec,
		    (unsigned long long)job->timebase.tsc_hz);
}

void run_check(struct runner *runner)
{
	struct job *job = runner->job;
	bool has_tick = job->writer_cpu >= 0;
	struct tick_writer tick;
	bool ticking = false;
	uint32_t i;
	int step;

	pin_to_cpu(runner, job->cpu);
	if (has_tick)
		tick_start(&tick, runner);

	for (i = 0; i < job->nr_images; i++)
		set_trace_epoch(&runner->images[i], EPOCH, job->timebase.tsc_hz);

	for (step = 0; step < STEPS; step++) {
		if (has_tick && step == STEPS / 2) {
			tick_switch(&tick, true);
			ticking = true;
		}
		for (i = 0; i < job->nr_images; i++) {
			check_time(runner, i, ticking);
			check_trace(runner, i);
		}
		usleep(STEP_US);
	}

	if (has_tick)
		tick_stop(&tick);
}
