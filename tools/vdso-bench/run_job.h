/* SPDX-License-Identifier: GPL-2.0 */
/* Jobs, and the processes that do them. */
#ifndef VDSO_BENCH_RUN_JOB_H
#define VDSO_BENCH_RUN_JOB_H

#include <stdbool.h>
#include <sys/types.h>

#include "image.h"
#include "job.h"

/* A job, the memory that is shared with its runner, and what is to be shown */
struct job_handle {
	struct job *job;
	int fd;
	size_t size;
	enum abi abi;
	const char *progress;		/* what the job does, for people; NULL: be quiet */
	pid_t pid;
};

/**
 * job_create() - make a job
 * @handle:	filled in
 * @template:	everything but the samples; the caller's images and rows are in it
 * @abi:	which runner is to do it
 */
void job_create(struct job_handle *handle, const struct job *template, enum abi abi);

/**
 * job_start() - start the runner
 * @handle:	created job
 * @traced:	whether it is to be traced by this process
 *
 * Exits with a message if this machine has no runner for the ABI.
 */
void job_start(struct job_handle *handle, bool traced);

/**
 * job_wait() - wait for the end of a runner that is not traced
 * @handle:	started job
 *
 * Shows its progress on a terminal. Exits with the runner's message if it failed.
 */
void job_wait(struct job_handle *handle);

/**
 * job_check_status() - judge how a runner ended
 * @handle:	started job
 * @status:	from waitpid()
 *
 * Exits with the runner's message if it failed.
 */
void job_check_status(struct job_handle *handle, int status);

/**
 * job_destroy() - free a job
 * @handle:	ended job
 */
void job_destroy(struct job_handle *handle);

#endif /* VDSO_BENCH_RUN_JOB_H */
