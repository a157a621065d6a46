// SPDX-License-Identifier: GPL-2.0
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "stop.h"

#define NSEC_PER_SEC UINT64_C(1000000000)

static const int stop_signals[] = { SIGINT, SIGTERM, SIGHUP };

#define NR_SIGNALS (sizeof(stop_signals) / sizeof(stop_signals[0]))

static volatile sig_atomic_t stop_signal;

static void request_stop(int signal)
{
	stop_signal = signal;
}

void stop_on_signals(void)
{
	/* Without SA_RESTART, so that a write to a full pipe ends, too. */
	struct sigaction action = { .sa_handler = request_stop, .sa_flags = SA_RESETHAND };
	struct sigaction old;
	size_t i;

	for (i = 0; i < NR_SIGNALS; i++)
		if (!sigaction(stop_signals[i], NULL, &old) && old.sa_handler != SIG_IGN)
			sigaction(stop_signals[i], &action, NULL);
}

bool stop_requested(void)
{
	return stop_signal != 0;
}

int stop_wait(struct pollfd *fds, unsigned int nr_fds, uint64_t timeout_ns)
{
	struct timespec timeout = {
		.tv_sec = (time_t)(timeout_ns / NSEC_PER_SEC),
		.tv_nsec = (long)(timeout_ns % NSEC_PER_SEC),
	};
	sigset_t stopping, before;
	int ret = 0;
	size_t i;

	/* Between the test of the flag and ppoll() a signal has to wait, or it would be missed. */
	sigemptyset(&stopping);
	for (i = 0; i < NR_SIGNALS; i++)
		sigaddset(&stopping, stop_signals[i]);
	sigprocmask(SIG_BLOCK, &stopping, &before);
	if (!stop_signal)
		ret = ppoll(fds, nr_fds, timeout_ns == UINT64_MAX ? NULL : &timeout, &before);
	sigprocmask(SIG_SETMASK, &before, NULL);
	return ret;
}

void stop_by_signal(void)
{
	fflush(stdout);
	signal(stop_signal, SIG_DFL);
	raise(stop_signal);
	/* Reached where the signal is blocked. */
	exit(128 + stop_signal);
}
