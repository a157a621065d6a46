/* SPDX-License-Identifier: GPL-2.0 */
/* The goals of the project, held against what was measured. */
#ifndef VDSO_BENCH_LIMITS_H
#define VDSO_BENCH_LIMITS_H

#include "results.h"
#include "syscall_counts.h"

/**
 * limits_check() - judge all limits
 * @results:		finished results; the limits are added to it
 * @syscall_counts:	instructions of system calls
 *
 * A limit for which something was not measured is not held.
 */
void limits_check(struct results *results, const struct syscall_counts *syscall_counts);

/**
 * limit_verdict() - the verdict on a limit in words
 * @limit:	judged
 *
 * Return: static string.
 */
const char *limit_verdict(const struct limit *limit);

/**
 * limit_is_held() - did a limit hold?
 * @limit:	judged
 *
 * Return: true if it was measured and held, if its value is at it by no more than its spread,
 * or if it is a figure that is not judged.
 */
bool limit_is_held(const struct limit *limit);

/**
 * limits_all_held() - did all limits hold?
 * @results:	with its limits judged
 *
 * Return: true if limit_is_held() for each of them.
 */
bool limits_all_held(const struct results *results);

#endif /* VDSO_BENCH_LIMITS_H */
