/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the parts of axis.h share.
 */
#ifndef TRACE_AXIS_PARTS_H
#define TRACE_AXIS_PARTS_H

#include "correlate/axis.h"
#include "correlate/connections.h"
#include "packets/match.h"

/**
 * axis_message() - use a message between two hosts
 * @axis: the axis
 * @message: the message; its number is set
 */
void axis_message(struct axis *axis, const struct host_message *message);

/**
 * ns_from() - where a tick begins, in ns, rounded down
 * @ticks: the tick
 * @frequency: ticks per second
 */
int64_t ns_from(uint64_t ticks, uint64_t frequency);

/**
 * ns_to() - where a tick ends, in ns, rounded up
 * @ticks: the tick
 * @frequency: ticks per second
 */
int64_t ns_to(uint64_t ticks, uint64_t frequency);

/**
 * ticks_from() - the tick that a time is in
 * @ns: the time; may be before 0
 * @frequency: ticks per second
 */
int64_t ticks_from(int64_t ns, uint64_t frequency);

/**
 * axis_read_hosts() - the first pass over all hosts at once
 * @axis: the axis, whose hosts' time lines are empty
 * @limits: of the clocks
 * @connections: those that the hosts have with each other are added
 * @progress: called now and then, or NULL
 *
 * Return: NULL, or what is wrong, to be freed.
 */
char *axis_read_hosts(struct axis *axis, const struct limits *limits,
		      struct connections *connections, progress_handler progress);

#endif
