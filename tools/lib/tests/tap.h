/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Test points in TAP: each test function is one claim, and fails if any of its
 * checks does.
 */
#ifndef CLOCKTRACE_TESTS_TAP_H
#define CLOCKTRACE_TESTS_TAP_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>

static unsigned int tap_points;
static unsigned int tap_failures;
static unsigned int tap_failed_checks;

/* Tell a failed check; of a claim's many, only the first few. */
__attribute__((format(printf, 4, 5), unused))
static void tap_check(bool holds, const char *file, int line,
		      const char *format, ...)
{
	va_list arguments;

	if (holds || tap_failed_checks++ >= 10)
		return;
	printf("# %s:%d: ", file, line);
	va_start(arguments, format);
	vprintf(format, arguments);
	va_end(arguments);
	putchar('\n');
}

#define CHECK(condition) \
	tap_check(condition, __FILE__, __LINE__, "%s does not hold", #condition)
#define CHECK_MSG(condition, ...) \
	tap_check(condition, __FILE__, __LINE__, __VA_ARGS__)

static inline void tap_begin(void)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	puts("TAP version 13");
}

static inline void tap_run(void (*test)(void), const char *claim)
{
	tap_failed_checks = 0;
	test();
	if (tap_failed_checks)
		tap_failures++;
	printf("%sok %u - %s\n", tap_failed_checks ? "not " : "", ++tap_points,
	       claim);
}

static inline void tap_skip(const char *claim, const char *reason)
{
	printf("ok %u - %s # SKIP %s\n", ++tap_points, claim, reason);
}

/* Return the exit status of the program */
static inline int tap_end(void)
{
	printf("1..%u\n", tap_points);
	return tap_failures ? 1 : 0;
}

#endif /* CLOCKTRACE_TESTS_TAP_H */
