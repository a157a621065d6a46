/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Is a trace of a clock whose times can be placed?
 */
#ifndef TRACE_CLOCK_CHECK_H
#define TRACE_CLOCK_CHECK_H

#include "readers/machine.h"

/**
 * clock_check() - look at the clocks of a machine's traces
 * @machine: the machine
 * @assumed: set if one is the TSC itself, which no one vouches for
 *
 * Return: NULL, or what is wrong with the command that records it right, to be freed.
 */
char *clock_check(const struct machine *machine, bool *assumed);

/**
 * clock_check_name() - look at the clock of a session of LTTng
 * @path: what to call it
 * @clock: name of its clock
 * @assumed: set as of clock_check()
 *
 * Return: as of clock_check().
 */
char *clock_check_name(const char *path, const char *clock, bool *assumed);

#endif
