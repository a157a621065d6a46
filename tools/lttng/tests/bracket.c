// SPDX-License-Identifier: GPL-2.0
/*
 * Write UST events, each between two system calls of the same thread
 *
 * A thread a CPU calls getpgid(N), writes the event clock_trace_test:bracketed with
 * the number N, and calls getsid(N). In the trace, the event lies between the exit
 * from the one and the entry to the other if both tracers have one clock. No other
 * program that runs here meanwhile makes these two calls.
 *
 * With BURST, each thread sleeps for a millisecond after that many events. On a virtual
 * CPU they are then of many stays in the guest, not of one or two.
 */

#include <err.h>
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "bracket_tp.h"

static uint32_t per_thread, burst;

static void *write_brackets(void *arg)
{
	const struct timespec millisecond = { .tv_nsec = 1000000 };
	int cpu = (int)(intptr_t)arg;
	pid_t tid = gettid();
	cpu_set_t set;
	uint32_t i;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		err(1, "CPU %d", cpu);
	for (i = 0; i < per_thread; i++) {
		syscall(SYS_getpgid, i);
		lttng_ust_tracepoint(clock_trace_test, bracketed, tid, i);
		syscall(SYS_getsid, i);
		if (burst && i % burst == burst - 1)
			nanosleep(&millisecond, NULL);
	}
	return NULL;
}

static uint32_t number(const char *word)
{
	char *end;
	unsigned long value = strtoul(word, &end, 10);

	if (!value || value > UINT32_MAX || *end)
		errx(2, "Usage: bracket EVENTS-PER-CPU [BURST]");
	return (uint32_t)value;
}

int main(int argc, char **argv)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	pthread_t threads[64];
	long i;

	per_thread = number(argc == 2 || argc == 3 ? argv[1] : "");
	burst = argc == 3 ? number(argv[2]) : 0;
	if (cpus < 1 || cpus > 64)
		errx(1, "%ld CPUs", cpus);
	for (i = 0; i < cpus; i++)
		if (pthread_create(&threads[i], NULL, write_brackets, (void *)(intptr_t)i))
			errx(1, "cannot create a thread");
	for (i = 0; i < cpus; i++)
		pthread_join(threads[i], NULL);
	return 0;
}
