// SPDX-License-Identifier: GPL-2.0
/*
 * Whose stay in the guest is it? kvm_entry and kvm_exit do not name the VM, but the
 * thread that they are of has told the values of its vCPU.
 */
#include <stdlib.h>

#include "trace.h"

/* The threads' events by thread and vCPU, then by order */
static int compare_told(const void *a, const void *b)
{
	const struct told *one = *(const struct told *const *)a;
	const struct told *other = *(const struct told *const *)b;

	if (one->thread != other->thread)
		return one->thread < other->thread ? -1 : 1;
	if (one->event.vcpu_id != other->event.vcpu_id)
		return one->event.vcpu_id < other->event.vcpu_id ? -1 : 1;
	if (one->event.position.order != other->event.position.order)
		return one->event.position.order < other->event.position.order ? -1 : 1;
	return 0;
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
	       told->event.vcpu_id == stay->vcpu_id;
}

static uint64_t find_vm(const struct told *const *told, size_t count,
			const struct stay *stay)
{
	const struct told key = {
		.event.vcpu_id = stay->vcpu_id,
		.event.position = stay->entry,
		.thread = stay->thread,
	};
	const struct told *wanted = &key;
	size_t low = 0, high = count, middle;

	while (low < high) {
		middle = low + (high - low) / 2;
		if (compare_told(&told[middle], &wanted) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	if (low > 0 && same_vcpu(told[low - 1], stay))
		return told[low - 1]->event.vm_id;
	if (low < count && same_vcpu(told[low], stay))
		return told[low]->event.vm_id;
	return 0;
}

void trace_finish(struct host_trace *trace)
{
	const struct told **told = calloc(trace->nr_told + 1, sizeof(*told));
	size_t count = 0, i;

	for (i = 0; told && i < trace->nr_told; i++)
		/* Whoever drops the last reference to a VM destroys its vCPUs. */
		if (trace->told[i].event.reason != CLOCKTRACE_DESTROYED)
			told[count++] = &trace->told[i];
	if (count)
		qsort(told, count, sizeof(*told), compare_told);
	for (i = 0; i < trace->nr_stays; i++)
		trace->stays[i].vm_id = find_vm(told, count, &trace->stays[i]);
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
