// SPDX-License-Identifier: GPL-2.0
/*
 * Ending a command that runs until it is told to stop, see stop.h.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/output.h"
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

void stop_wait(const struct pollfd *fds, unsigned int nr_fds, uint64_t timeout_ns)
{
	struct timespec timeout = {
		.tv_sec = (time_t)(timeout_ns / NSEC_PER_SEC),
		.tv_nsec = (long)(timeout_ns % NSEC_PER_SEC),
	};
	struct pollfd all[STOP_FDS_MAX + 1];
	sigset_t stopping, before;
	int ret = 0;
	size_t i;

	if (nr_fds)
		memcpy(all, fds, nr_fds * sizeof(*fds));
	/* Without any event: only that nobody reads any more is worth waking up for. */
	all[nr_fds] = (struct pollfd){ .fd = STDOUT_FILENO };
	/* Between the test of the flag and ppoll() a signal has to wait, or it would be missed. */
	sigemptyset(&stopping);
	for (i = 0; i < NR_SIGNALS; i++)
		sigaddset(&stopping, stop_signals[i]);
	sigprocmask(SIG_BLOCK, &stopping, &before);
	if (!stop_signal)
		ret = ppoll(all, nr_fds + 1, timeout_ns == UINT64_MAX ? NULL : &timeout, &before);
	sigprocmask(SIG_SETMASK, &before, NULL);
	if (ret > 0 && all[nr_fds].revents & (POLLERR | POLLHUP)) {
		/* What a write would do; SIGPIPE may be ignored. */
		raise(SIGPIPE);
		fail_output(EPIPE);
	}
}

void stop_by_signal(void)
{
	fflush(stdout);
	signal(stop_signal, SIG_DFL);
	raise(stop_signal);
	/* Reached where the signal is blocked. */
	exit(128 + stop_signal);
}
