/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Ending a command that runs until it is told to stop, without losing what it has printed.
 */
#ifndef STOP_H
#define STOP_H

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>

/**
 * stop_on_signals() - have SIGINT, SIGTERM and SIGHUP ask the command to stop
 *
 * A second signal ends it at once, even while it is blocked in a write. A signal that is ignored
 * stays ignored.
 */
void stop_on_signals(void);

/**
 * stop_requested() - has a signal asked to stop?
 */
bool stop_requested(void);

/* How many file descriptors stop_wait() takes */
#define STOP_FDS_MAX 8

/**
 * stop_wait() - wait for file descriptors, for some time, or for a signal that asks to stop
 * @fds: as for poll(), but that the events that came are not told
 * @nr_fds: number of them, up to %STOP_FDS_MAX
 * @timeout_ns: for how many ns at most, or UINT64_MAX for no limit
 *
 * Returns early also for a signal that came before the call, so none is missed. Where nobody
 * reads standard output any more, it does what a write there would do: SIGPIPE, or
 * flush_output() fails from then on.
 */
void stop_wait(const struct pollfd *fds, unsigned int nr_fds, uint64_t timeout_ns);

/**
 * stop_by_signal() - flush standard output and end by the signal that asked to stop
 *
 * By the signal itself, so that a shell that runs the command in a loop sees it and stops, too.
 */
void stop_by_signal(void);

#endif
