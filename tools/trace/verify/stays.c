// SPDX-License-Identifier: GPL-2.0
/*
 * Whose stay in the guest is it? kvm_entry and kvm_exit do not name the VM, but their
 * thread has emitted the values of its vCPU. Where it has not, the number of the vCPU and
 * the process may leave only one answer.
 */
#include <stdlib.h>

#include "verify/trace.h"

/* The threads' events by thread, then by order */
static int compare_by_thread(const void *a, const void *b)
{
	const struct tsc_event *one = *(const struct tsc_event *const *)a;
	const struct tsc_event *other = *(const struct tsc_event *const *)b;

	if (one->thread != other->thread)
		return one->thread < other->thread ? -1 : 1;
	if (one->event.position.order != other->event.position.order)
		return one->event.position.order < other->event.position.order ? -1 : 1;
	return 0;
}

/* By thread and vCPU, then by order */
static int compare_tsc_events(const void *a, const void *b)
{
	const struct tsc_event *one = *(const struct tsc_event *const *)a;
	const struct tsc_event *other = *(const struct tsc_event *const *)b;

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

static bool same_vcpu(const struct tsc_event *tsc_event, const struct stay *stay)
{
	return tsc_event->thread == stay->thread &&
	       (stay->vcpu_id == VCPU_UNKNOWN ||
		tsc_event->event.vcpu_id == stay->vcpu_id);
}

/* Fill in the VM, and the vCPU where it is unknown; @tsc_events is sorted by @compare */
static void find_owner(const struct tsc_event *const *tsc_events, size_t count,
		       int (*compare)(const void *, const void *), struct stay *stay)
{
	const struct tsc_event key = {
		.event.vcpu_id = stay->vcpu_id,
		.event.position = stay->entry,
		.thread = stay->thread,
	};
	const struct tsc_event *wanted = &key, *found = NULL;
	size_t low = 0, high = count, middle;

	while (low < high) {
		middle = low + (high - low) / 2;
		if (compare(&tsc_events[middle], &wanted) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	if (low > 0 && same_vcpu(tsc_events[low - 1], stay))
		found = tsc_events[low - 1];
	else if (low < count && same_vcpu(tsc_events[low], stay))
		found = tsc_events[low];
	if (!found)
		return;
	stay->vm_id = found->event.vm_id;
	stay->vcpu_id = found->event.vcpu_id;
}

/* The only VM of a process that has a vCPU of that number, 0 if there is no such VM */
struct only_vm {
	uint32_t vcpu_id;
	int process;
	uint64_t vm_id;
};

/* @only is the last answer, for there are many stays and few vCPUs. */
static uint64_t find_only_vm(const struct host_trace *trace, struct only_vm *only,
			     const struct stay *stay)
{
	size_t i;

	if (only->vcpu_id == stay->vcpu_id && only->process == stay->process)
		return only->vm_id;
	*only = (struct only_vm){ stay->vcpu_id, stay->process, 0 };
	for (i = 0; i < trace->nr_tsc_events; i++) {
		const struct clocktrace_guest_event *event = &trace->tsc_events[i].event;

		if (event->vcpu_id != stay->vcpu_id || event->vm_id == only->vm_id ||
		    (stay->process != PROCESS_UNKNOWN && event->vm_pid != stay->process))
			continue;
		if (only->vm_id) {
			only->vm_id = 0;
			break;
		}
		only->vm_id = event->vm_id;
	}
	return only->vm_id;
}

void trace_finish(struct host_trace *trace)
{
	const struct tsc_event **tsc_events = calloc(trace->nr_tsc_events + 1,
						     sizeof(*tsc_events));
	/* A reader knows the vCPU of all stays or of none. */
	bool unknown = trace->nr_stays && trace->stays[0].vcpu_id == VCPU_UNKNOWN;
	int (*compare)(const void *a, const void *b) = unknown ? compare_by_thread :
								 compare_tsc_events;
	struct only_vm only = { .vcpu_id = VCPU_UNKNOWN };
	size_t count = 0, i;

	for (i = 0; tsc_events && i < trace->nr_tsc_events; i++)
		/* Whoever drops the last reference to a VM destroys its vCPUs. */
		if (trace->tsc_events[i].event.reason != CLOCKTRACE_DESTROYED)
			tsc_events[count++] = &trace->tsc_events[i];
	if (count)
		qsort(tsc_events, count, sizeof(*tsc_events), compare);
	for (i = 0; i < trace->nr_stays; i++) {
		struct stay *stay = &trace->stays[i];

		find_owner(tsc_events, count, compare, stay);
		if (!stay->vm_id && stay->vcpu_id != VCPU_UNKNOWN)
			stay->vm_id = find_only_vm(trace, &only, stay);
	}
	free(tsc_events);
	if (trace->nr_stays)
		qsort(trace->stays, trace->nr_stays, sizeof(*trace->stays),
		      compare_stays);
}

/* Number of stays that are sorted before those of a vCPU, or with them */
static size_t stays_before(const struct host_trace *trace, uint64_t vm_id, uint32_t vcpu_id,
			   bool with)
{
	size_t low = 0, high = trace->nr_stays, middle;

	while (low < high) {
		const struct stay *stay;

		middle = low + (high - low) / 2;
		stay = &trace->stays[middle];
		if (stay->vm_id < vm_id || (stay->vm_id == vm_id && stay->vcpu_id < vcpu_id) ||
		    (with && stay->vm_id == vm_id && stay->vcpu_id == vcpu_id))
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct stay *trace_stays(const struct host_trace *trace, uint64_t vm_id,
			 uint32_t vcpu_id, size_t *count)
{
	size_t first = stays_before(trace, vm_id, vcpu_id, false);

	*count = stays_before(trace, vm_id, vcpu_id, true) - first;
	return *count ? &trace->stays[first] : NULL;
}

void trace_free(struct host_trace *trace)
{
	free(trace->tsc_events);
	free(trace->stays);
	free(trace->gaps);
	*trace = (struct host_trace){ 0 };
}
