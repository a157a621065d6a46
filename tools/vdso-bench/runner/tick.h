/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The timekeeping tick of another CPU: a thread that updates the time data pages
 * of all images at a fixed rate while it is switched on.
 */
#ifndef VDSO_BENCH_TICK_H
#define VDSO_BENCH_TICK_H

#include <pthread.h>
#include <stdatomic.h>

#include "runner.h"

struct tick_writer {
	struct runner *runner;
	pthread_t thread;
	atomic_int wanted;		/* enum tick_state, set by the owner */
	atomic_int actual;		/* set by the thread */
};

/**
 * tick_start() - start the thread, switched off
 * @tick:	to be filled in; must not move while the thread runs
 * @runner:	the job says which CPU and which rate
 */
void tick_start(struct tick_writer *tick, struct runner *runner);

/**
 * tick_switch() - switch the writer on or off
 * @tick:	started writer
 * @on:		whether it is to write from now on
 *
 * Off, the thread sleeps. When this returns, the writer has changed over: after
 * switching off, the caller may update the images itself.
 */
void tick_switch(struct tick_writer *tick, bool on);

/**
 * tick_stop() - end the thread
 * @tick:	started writer
 */
void tick_stop(struct tick_writer *tick);

#endif /* VDSO_BENCH_TICK_H */
