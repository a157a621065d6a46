/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the programs of this directory share: the points of a test, and the choice of one.
 */
#ifndef MODEL_TESTS_H
#define MODEL_TESTS_H

#include <stdarg.h>
#include <stdlib.h>

#include "model.h"

struct model_test {
	const char *name;
	void (*run)(void);
};

static unsigned int number, failed;

static void point(bool good, const char *format, ...)
{
	va_list args;

	printf("%sok %u - ", good ? "" : "not ", ++number);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
	failed += !good;
}

/*
 * Each test is a process of its own, as the clock cannot be set back: the one that the first
 * argument numbers. Without it, or with one that is too large, prints how many there are.
 */
static int run_model_test(int argc, char **argv, const char *prefix,
			  const struct model_test *tests, size_t count,
			  void (*prepare)(const struct model_test *test))
{
	unsigned long i = argc > 1 ? strtoul(argv[1], NULL, 10) : count;

	if (i >= count) {
		printf("%zu\n", count);
		return 0;
	}
	printf("# %s%s\n", prefix, tests[i].name);
	prepare(&tests[i]);
	tests[i].run();
	printf("1..%u\n", number);
	return failed != 0;
}

#endif
