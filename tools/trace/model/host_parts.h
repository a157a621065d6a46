/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the parts of the model of a host share.
 */
#ifndef TRACE_HOST_PARTS_H
#define TRACE_HOST_PARTS_H

#include "model/host.h"

#define NOBODY SIZE_MAX

/* A thread that runs a vCPU: whose stays they are */
struct lane {
	int thread;
	uint32_t vcpu_id;
	int process;
	size_t owner;
	struct stay *waiting;
	size_t nr_waiting;
};

/*
 * What was last seen of a CPU of the host. A stay in the guest begins and ends on the
 * same CPU. An order of 0 is none, for orders begin at 1.
 */
struct host_cpu {
	struct clocktrace_position last;
	struct clocktrace_position entry;
	int thread;
	uint32_t vcpu_id;
};

/* A change of an offset of which only the thread tells the VM */
struct written_offset {
	struct clocktrace_position position;
	int thread;
	uint32_t vcpu_id;
	int64_t offset;
};

/**
 * host_lane() - the lane of a thread, a new one without an owner if need be
 * @host: the host
 * @thread: the thread
 * @vcpu_id: what its events name, or %VCPU_UNKNOWN
 */
struct lane *host_lane(struct host *host, int thread, uint32_t vcpu_id);

#endif
