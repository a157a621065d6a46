/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The clocks that the commands know by name.
 */
#ifndef CLOCKS_H
#define CLOCKS_H

#include <stddef.h>
#include <time.h>

struct clock_name {
	/* As <time.h> calls it, "CLOCK_MONOTONIC". */
	const char *name;
	clockid_t id;
	/* For a command line, "monotonic"; NULL for one that ticks cannot be converted to. */
	const char *option;
};

extern const struct clock_name clocks[];
extern const size_t nr_clocks;

/**
 * clock_by_option() - find a clock by its name on the command line
 * @option: the name
 *
 * Return: the clock, or NULL
 */
const struct clock_name *clock_by_option(const char *option);

#endif
