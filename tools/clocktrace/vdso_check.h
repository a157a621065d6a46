/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Does the vDSO answer, or does a read end in the kernel?
 */
#ifndef VDSO_CHECK_H
#define VDSO_CHECK_H

enum vdso_use {
	/* CLOCK_TRACE was read without a system call. */
	VDSO_ANSWERS,
	/* It took a system call. */
	VDSO_CALLS_KERNEL,
	/* It could not be found out, as the kernel cannot filter system calls. */
	VDSO_UNKNOWN,
};

/**
 * vdso_check() - find out whether CLOCK_TRACE is read without a system call
 *
 * Reads it in a child process that is forbidden the system call, so the answer does not rest on a
 * measurement of time. The clock must have been read before, as the first read may have to enable
 * it.
 *
 * Return: see enum vdso_use
 */
enum vdso_use vdso_check(void);

#endif
