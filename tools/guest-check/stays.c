// SPDX-License-Identifier: GPL-2.0
/*
 * Whose stay in the guest is it? kvm_entry and kvm_exit do not name the VM, but the
 * thread that they are of has told the values of its vCPU.
 */
#include <stdlib.h>

#include "trace.h"

/* The threads' events by thread, then by order */
static int compare_by_thread(const void *a, const void *b)
{
	const struct told *one = *(const struct told *const *)a;
	const struct told *other = *(const struct told *const *)b;

	if (one->thread != other->thread)
		return one->thread < other->thread ? -1 : 1;
	if (one->event.position.order != other->event.position.order)
		return one->event.position.order < other->event.position.order ? -1 : 1;
	return 0;
}

/* By thread and vCPU, then by order */
static int compare_told(const void *a, const void *b)
{
	const struct told *one = *(const struct told *const *)a;
	const struct told *other = *(const struct told *const *)b;

	if (one->thread == other->thread &&
	    one->event.vcpu_id != other->event.vcpu_id)
		return one->event.vcpu_id < other->event.vcpu_id ? -1 : 1;
	return compare_by_thread(a, b);
}

static int compare_stays(const void *a, const void *b)
{
	const struct stay *one = a, *other = b;

	if (one->vm_id != other->vm_id)
		return one->vm_id < other->vm_id ? -1 : 1;
	if (one->vcpu_id != other->vcpu_id)
		return one->vcpu_id < other->vcpu_id ? -1 : 1;
	if (one->entry.order != other->entry.order)
		return one->entry.order < other->entry.order ? -1 : 1;
	return 0;
}

static bool same_vcpu(const struct told *told, const struct stay *stay)
{
	return told->thread == stay->thread &&
	       (stay->vcpu_id == VCPU_UNKNOWN ||
		told->event.vcpu_id == stay->vcpu_id);
}

/* Fill in the VM, and the vCPU where it is unknown; @told is sorted by @compare */
static void find_owner(const struct told *const *told, size_t count,
		       int (*compare)(const void *, const void *), struct stay *stay)
{
	const struct told key = {
		.event.vcpu_id = stay->vcpu_id,
		.event.position = stay->entry,
		.thread = stay->thread,
	};
	const struct told *wanted = &key, *found = NULL;
	size_t low = 0, high = count, middle;

	while (low < high) {
		middle = low + (high - low) / 2;
		if (compare(&told[middle], &wanted) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	if (low > 0 && same_vcpu(told[low - 1], stay))
		found = told[low - 1];
	else if (low < count && same_vcpu(told[low], stay))
		found = told[low];
	if (!found)
		return;
	stay->vm_id = found->event.vm_id;
	stay->vcpu_id = found->event.vcpu_id;
}

void trace_finish(struct host_trace *trace)
{
	const struct told **told = calloc(trace->nr_told + 1, sizeof(*told));
	/* A reader knows the vCPU of all stays or of none. */
	bool unknown = trace->nr_stays && trace->stays[0].vcpu_id == VCPU_UNKNOWN;
	int (*compare)(const void *a, const void *b) = unknown ? compare_by_thread :
								 compare_told;
	size_t count = 0, i;

	for (i = 0; told && i < trace->nr_told; i++)
		/* Whoever drops the last reference to a VM destroys its vCPUs. */
		if (trace->told[i].event.reason != CLOCKTRACE_DESTROYED &&
		    trace->told[i].thread != THREAD_NONE)
			told[count++] = &trace->told[i];
	if (count)
		qsort(told, count, sizeof(*told), compare);
	for (i = 0; i < trace->nr_stays; i++)
		find_owner(told, count, compare, &trace->stays[i]);
	free(told);
	if (trace->nr_stays)
		qsort(trace->stays, trace->nr_stays, sizeof(*trace->stays),
		      compare_stays);
}

struct stay *trace_stays(const struct host_trace *trace, uint64_t vm_id,
			 uint32_t vcpu_id, size_t *count)
{
	struct stay *stays = NULL;
	size_t i;

	*count = 0;
	for (i = 0; i < trace->nr_stays; i++) {
		struct stay *stay = &trace->stays[i];

		if (stay->vm_id != vm_id || stay->vcpu_id != vcpu_id)
			continue;
		if (!stays)
			stays = stay;
		(*count)++;
	}
	return stays;
}

void trace_free(struct host_trace *trace)
{
	free(trace->told);
	free(trace->stays);
	free(trace->gaps);
	*trace = (struct host_trace){ 0 };
}
