// SPDX-License-Identifier: GPL-2.0
/*
 * The timekeeping tick of another CPU, see tick.h.
 */
#define _GNU_SOURCE
#include <limits.h>
#include <linux/futex.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "counter.h"
#include "tick.h"

enum tick_state {
	TICK_OFF,
	TICK_ON,
	TICK_END,
};

static void futex_wait(atomic_int *word, int value)
{
	syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, value, NULL, NULL, 0);
}

static void futex_wake(atomic_int *word)
{
	syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL, 0);
}

static void announce(struct tick_writer *tick, int state)
{
	atomic_store(&tick->actual, state);
	futex_wake(&tick->actual);
}

static void write_ticks(struct tick_writer *tick)
{
	struct job *job = tick->runner->job;
	uint64_t period = job->timebase.tsc_hz / job->tick_hz;
	uint64_t next = read_lfence_rdtsc();

	while (atomic_load_explicit(&tick->wanted, memory_order_relaxed) == TICK_ON) {
		if (read_lfence_rdtsc() < next) {
			__builtin_ia32_pause();
			continue;
		}
		update_images(tick->runner);
		job->ticks_written++;
		next += period;
	}
}

static void *tick_thread(void *data)
{
	struct tick_writer *tick = data;
	int state;

	pin_to_cpu(tick->runner, tick->runner->job->writer_cpu);
	announce(tick, TICK_OFF);

	while ((state = atomic_load(&tick->wanted)) != TICK_END) {
		if (state == TICK_OFF) {
			futex_wait(&tick->wanted, TICK_OFF);
			continue;
		}
		announce(tick, TICK_ON);
		write_ticks(tick);
		announce(tick, TICK_OFF);
	}
	return NULL;
}

static void wait_for(struct tick_writer *tick, int state)
{
	int actual;

	while ((actual = atomic_load(&tick->actual)) != state)
		futex_wait(&tick->actual, actual);
}

void tick_start(struct tick_writer *tick, struct runner *runner)
{
	int err;

	tick->runner = runner;
	atomic_init(&tick->wanted, TICK_OFF);
	atomic_init(&tick->actual, TICK_ON);

	err = pthread_create(&tick->thread, NULL, tick_thread, tick);
	if (err)
		die(runner, "cannot start the tick writer: %s", strerror(err));
	wait_for(tick, TICK_OFF);
}

void tick_switch(struct tick_writer *tick, bool on)
{
	atomic_store(&tick->wanted, on ? TICK_ON : TICK_OFF);
	futex_wake(&tick->wanted);
	wait_for(tick, on ? TICK_ON : TICK_OFF);
}

void tick_stop(struct tick_writer *tick)
{
	atomic_store(&tick->wanted, TICK_END);
	futex_wake(&tick->wanted);
	pthread_join(tick->thread, NULL);
}
