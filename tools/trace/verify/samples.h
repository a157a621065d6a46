/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a guest has sampled.
 */
#ifndef TRACE_VERIFY_SAMPLES_H
#define TRACE_VERIFY_SAMPLES_H

#include <stddef.h>
#include <stdint.h>

#include "readers/samples/sample.h"

/**
 * struct guest_samples - the samples of a guest
 * @pid: the process that created its first VM
 * @items: the samples in the order in which they arrived
 * @pids: for each, the process that created the VM
 * @count: their number
 * @boots: number of boots that they are from
 * @rewinds: how often a vCPU went back in its own sequence of samples, as when a
 *	snapshot is loaded
 */
struct guest_samples {
	int32_t pid;
	struct guest_sample *items;
	int32_t *pids;
	size_t count;
	size_t boots;
	size_t rewinds;
};

/**
 * samples_read() - read a guest's samples
 * @argument: "PID:FILE", and ",PID:FILE" for each VM that the guest has moved to; FILE
 *	is of clocktrace-guest-sampler, or a directory with traces of LTTng
 * @samples: filled; free it with samples_free()
 *
 * A sample that is cut at the end of the file, by the guest's sudden death, does not
 * count. Ends the program if a file cannot be used.
 */
void samples_read(const char *argument, struct guest_samples *samples);

/**
 * samples_free() - free what samples_read() has made
 * @samples: the samples
 */
void samples_free(struct guest_samples *samples);

#endif
