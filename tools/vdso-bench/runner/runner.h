/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A runner maps the images of a job and calls them. It is built once for each
 * ABI, and knows nothing of ELF files or statistics: vdso-bench does that.
 */
#ifndef VDSO_BENCH_RUNNER_H
#define VDSO_BENCH_RUNNER_H

#include <stdbool.h>
#include <stdint.h>

#include "../job.h"
#include "timekeeper.h"

/* struct __kernel_timespec: the same for both ABIs */
struct timespec64 {
	job_s64 tv_sec;
	job_s64 tv_nsec;
};

/* All entries that are called take at most these two arguments */
typedef int (*vdso_fn)(int clock, void *result);

struct mapped_image {
	const struct job_image *image;
	const uint8_t *data;		/* as the image sees it: read-only */
	const uint8_t *text;
	uint8_t *data_writable;		/* the kernel's view of the same pages */
};

struct runner {
	struct job *job;
	struct mapped_image images[JOB_MAX_IMAGES];
	struct timekeeper timekeeper;
};

/**
 * die() - tell vdso-bench why the job cannot be done, and exit
 * @runner:	where the job is
 * @format:	as for printf()
 */
__attribute__((noreturn, format(printf, 2, 3)))
void die(struct runner *runner, const char *format, ...);

/**
 * map_images() - map the images of the job as the kernel does
 * @runner:	where the job is; its @images are filled in
 */
void map_images(struct runner *runner);

/**
 * find_entry() - find the code that a row calls
 * @runner:	with its images mapped
 * @row:	not of SOURCE_INLINE
 *
 * Return: the function, or NULL if the image or the machine does not have it.
 */
vdso_fn find_entry(const struct runner *runner, const struct job_row *row);

/**
 * update_images() - do what the timekeeping tick does, for all images
 * @runner:	with its images mapped
 *
 * No two threads may do so at the same time. Readers may run meanwhile.
 */
void update_images(struct runner *runner);

/**
 * set_trace_epoch() - write the clock_trace page of an image
 * @image:	mapped image
 * @epoch:	epoch; 0 makes readers ask the kernel
 * @frequency:	ticks per second
 *
 * Does nothing to an image without the clock.
 */
void set_trace_epoch(struct mapped_image *image, uint32_t epoch, uint64_t frequency);

/**
 * pin_to_cpu() - keep the calling thread on one CPU
 * @runner:	where the job is
 * @cpu:	number of the CPU
 */
void pin_to_cpu(struct runner *runner, int cpu);

/* The kinds of job: each returns when it is done, or dies */
void run_check(struct runner *runner);
void run_measure(struct runner *runner);
void run_count(struct runner *runner);
void run_compare(struct runner *runner);

#endif /* VDSO_BENCH_RUNNER_H */
