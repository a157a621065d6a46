/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
#ifndef _UAPI_LINUX_CLOCK_TRACE_H
#define _UAPI_LINUX_CLOCK_TRACE_H

/*
 * Clock ids of the trace clock, for clock_gettime() and clock_getres().
 *
 * The clock is one cycle counter for the kernel and all programs. It is read
 * directly only while it is trusted to show all CPUs one time line; otherwise
 * CLOCK_MONOTONIC drives it.
 *
 * clock_gettime() does not store seconds and nanoseconds for these ids:
 *
 *  - With a 64-bit tv_sec, tv_sec holds an unsigned 64-bit number (the value or
 *    the frequency) and tv_nsec holds the epoch, 1 to 999999999. Numbers with
 *    equal epochs are on one time line and have one frequency; nothing else may
 *    be concluded from an epoch.
 *  - With the 32-bit struct timespec of old 32-bit programs, the 8 bytes hold
 *    the unsigned 64-bit number in native byte order, and no epoch is given.
 *
 * This file may be included together with the C library's <time.h>.
 */

/* Value without a fence: for one thread's own intervals, at the lowest cost */
#define CLOCK_TRACE_UNORDERED		13
/* Frequency of the value in Hz */
#define CLOCK_TRACE_FREQ		14
/* Value, read after all earlier loads: safe to compare between CPUs */
#define CLOCK_TRACE			15

#endif /* _UAPI_LINUX_CLOCK_TRACE_H */
