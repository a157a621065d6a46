/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Test points in TAP, for tests in C.
 */
#ifndef TAP_H
#define TAP_H

#include <stdarg.h>
#include <stdio.h>

static int tap_points;
static int tap_failures;

/* Prints a point, ok or not ok; returns whether it is ok. */
__attribute__((format(printf, 2, 3))) static inline int tap_ok(int ok, const char *format, ...)
{
	va_list args;

	printf("%sok %d - ", ok ? "" : "not ", ++tap_points);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
	fflush(stdout);
	if (!ok)
		tap_failures++;
	return ok;
}

/* Prints a point that could not be tested, and why. */
static inline void tap_skip(const char *name, const char *reason)
{
	printf("ok %d - %s # SKIP %s\n", ++tap_points, name, reason);
}

static inline void tap_begin(void)
{
	puts("TAP version 13");
}

/* Prints the plan; returns the exit status. */
static inline int tap_end(void)
{
	printf("1..%d\n", tap_points);
	return tap_failures != 0;
}

#endif
