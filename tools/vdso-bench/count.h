/* SPDX-License-Identifier: GPL-2.0 */
/* Exact numbers of instructions, by stepping through calls of an image. */
#ifndef VDSO_BENCH_COUNT_H
#define VDSO_BENCH_COUNT_H

#include <stdbool.h>

#include "job.h"
#include "results.h"

/**
 * count_images() - count the instructions of one call of each clock
 * @results:	the counts are added to it
 * @template:	job with the images and the timebase
 * @abi:	ABI of the images
 * @trace:	whether to print each instruction as it is executed
 *
 * The numbers are the same each time: each call starts from the same state of the
 * data pages, and nobody writes them.
 */
void count_images(struct results *results, const struct job *template, enum abi abi,
		  bool trace);

#endif /* VDSO_BENCH_COUNT_H */
