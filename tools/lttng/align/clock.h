/* SPDX-License-Identifier: GPL-2.0 */
#ifndef CLOCK_H
#define CLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CLOCK_NAME_SIZE 64
#define CLOCK_HOST_SIZE 256

/**
 * struct clock - what a trace says of its clock
 * @uuid:	identifies it
 * @name:	of it, cut short if need be
 * @frequency:	ticks per second
 * @offset:	ticks from the Epoch to the clock's zero
 * @offset_s:	seconds in addition to that
 * @host:	name of the machine, "" where the trace does not tell
 * @kernel:	it is the trace of the kernel
 * @created:	when the session was created, in seconds since the Epoch; 0 where the
 *		trace does not tell
 * @registered:	likewise when the process registered, of a trace of one process
 * @slot:	where in the text the offset is: all between the '=' and the ';'
 * @slot_size:	its size
 * @uuid_slot:	where in the text the UUID is
 */
struct clock {
	char uuid[37];
	char name[CLOCK_NAME_SIZE];
	char host[CLOCK_HOST_SIZE];
	uint64_t frequency;
	int64_t offset;
	int64_t offset_s;
	bool kernel;
	int64_t created;
	int64_t registered;
	size_t slot;
	size_t slot_size;
	size_t uuid_slot;
};

int clock_find(const char *text, struct clock *clock, const char **why);

#endif
