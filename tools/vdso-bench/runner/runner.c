// SPDX-License-Identifier: GPL-2.0
/*
 * Runs one job of vdso-bench in the ABI that it was built for, see runner.h.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "runner.h"

void die(struct runner *runner, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(runner->job->error, sizeof(runner->job->error), format, args);
	va_end(args);
	exit(EXIT_FAILURE);
}

void pin_to_cpu(struct runner *runner, int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		die(runner, "cannot run on CPU %d: %s", cpu, strerror(errno));
}

static struct job *map_job(void)
{
	struct stat stat;
	struct job *job;

	if (fstat(JOB_FD, &stat) || (size_t)stat.st_size < sizeof(*job))
		return NULL;

	job = mmap(NULL, stat.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, JOB_FD, 0);
	if (job == MAP_FAILED || job->magic != JOB_MAGIC || job->size != sizeof(*job))
		return NULL;

	return job;
}

int main(void)
{
	struct runner runner = { .job = map_job() };

	if (!runner.job) {
		fputs("This program is started by vdso-bench, with a job of the same build.\n"
		      "Run vdso-bench instead; 'vdso-bench --help' tells how.\n", stderr);
		return EXIT_FAILURE;
	}

	map_images(&runner);
	timekeeper_init(&runner.timekeeper, &runner.job->timebase);
	update_images(&runner);

	switch (runner.job->kind) {
	case JOB_CHECK:
		run_check(&runner);
		break;
	case JOB_MEASURE:
		run_measure(&runner);
		break;
	case JOB_COUNT:
		run_count(&runner);
		break;
	case JOB_COMPARE:
		run_compare(&runner);
		break;
	default:
		die(&runner, "unknown kind of job: %u", runner.job->kind);
	}

	runner.job->done = 1;
	return EXIT_SUCCESS;
}
