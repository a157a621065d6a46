/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The first pass over a guest's trace, after that over the hosts'.
 */
#ifndef TRACE_GUEST_PASS_H
#define TRACE_GUEST_PASS_H

#include "correlate/timeline.h"

/**
 * guest_pass() - match a guest with the VMs of hosts
 * @timelines: a time line for each host
 * @parties: the guest, once for each of them; its epochs, match and bound are set
 * @count: number of hosts
 * @machine: its traces, open
 * @progress: called now and then, or NULL
 *
 * Return: NULL, or what is wrong, to be freed.
 */
char *guest_pass(struct timeline *const *timelines, struct party *const *parties, size_t count,
		 struct machine *machine, progress_handler progress);

#endif
