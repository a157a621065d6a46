// SPDX-License-Identifier: GPL-2.0
/*
 * The events of all vCPUs: taking them in, sorting and checking them.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

/* At three spans for each event, as many as their 32-bit numbers can count */
#define EVENTS_MAX ((size_t)1 << 30)

struct vm {
	uint64_t vm_id;
	int32_t vm_pid;
};

struct clocktrace_guests {
	size_t events_max;
	size_t event_count;
	bool committed;
	bool gaps_changed;
	/* Search trees of struct vm and struct clocktrace_vcpu */
	void *vms;
	void *vcpus;
	/* The same vCPUs in a row, sorted when committed */
	struct clocktrace_vcpu **vcpu_list;
	size_t vcpu_count;
	size_t vcpu_room;
	struct gaps gaps;
};

bool guests_committed(const struct clocktrace_guests *guests)
{
	return guests->committed;
}

static int compare_vms(const void *a, const void *b)
{
	const struct vm *x = a, *y = b;

	return (x->vm_id > y->vm_id) - (x->vm_id < y->vm_id);
}

static int compare_vcpus(const void *a, const void *b)
{
	const struct clocktrace_vcpu *x = a, *y = b;

	if (x->vm_id != y->vm_id)
		return x->vm_id > y->vm_id ? 1 : -1;
	return (x->vcpu_id > y->vcpu_id) - (x->vcpu_id < y->vcpu_id);
}

static int compare_listed_vcpus(const void *a, const void *b)
{
	return compare_vcpus(*(struct clocktrace_vcpu *const *)a,
			     *(struct clocktrace_vcpu *const *)b);
}

static int compare_gaps(const void *a, const void *b)
{
	const struct gap *x = a, *y = b;

	return position_compare(x->from, y->from);
}

/* A total order, for the result must not depend on the order of the input. */
static int compare_records(const void *a, const void *b)
{
	const struct record *x = a, *y = b;
	int compared = position_compare(x->position, y->position);

	if (compared)
		return compared;
	if (x->tsc.offset != y->tsc.offset)
		return x->tsc.offset > y->tsc.offset ? 1 : -1;
	if (x->tsc.ratio != y->tsc.ratio)
		return x->tsc.ratio > y->tsc.ratio ? 1 : -1;
	if (x->tsc.frac_bits != y->tsc.frac_bits)
		return x->tsc.frac_bits > y->tsc.frac_bits ? 1 : -1;
	if (x->flags != y->flags)
		return x->flags > y->flags ? 1 : -1;
	return (x->reason > y->reason) - (x->reason < y->reason);
}

enum clocktrace_status
clocktrace_guests_new(size_t events_max, struct clocktrace_guests **guests)
{
	struct clocktrace_guests *made;

	if (events_max > EVENTS_MAX)
		return CLOCKTRACE_INVALID;
	made = calloc(1, sizeof(*made));
	if (!made)
		return CLOCKTRACE_NOMEM;
	made->events_max = events_max ? events_max : EVENTS_MAX;
	made->committed = true;
	*guests = made;
	return CLOCKTRACE_OK;
}

static void free_nothing(void *node)
{
	(void)node;
}

void clocktrace_guests_free(struct clocktrace_guests *guests)
{
	size_t i;

	if (!guests)
		return;
	tdestroy(guests->vms, free);
	tdestroy(guests->vcpus, free_nothing);
	for (i = 0; i < guests->vcpu_count; i++) {
		struct clocktrace_vcpu *vcpu = guests->vcpu_list[i];

		free(vcpu->records.list);
		spans_free(&vcpu->spans);
		guest_index_free(&vcpu->index);
		free(vcpu);
	}
	free(guests->vcpu_list);
	free(guests->gaps.list);
	free(guests);
}

/* Check that a VM belongs to a process, and remember it. */
static enum clocktrace_status check_vm(struct clocktrace_guests *guests,
				       uint64_t vm_id, int32_t vm_pid)
{
	struct vm *made, **found;

	made = malloc(sizeof(*made));
	if (!made)
		return CLOCKTRACE_NOMEM;
	made->vm_id = vm_id;
	made->vm_pid = vm_pid;
	found = tsearch(made, &guests->vms, compare_vms);
	if (!found) {
		free(made);
		return CLOCKTRACE_NOMEM;
	}
	if (*found == made)
		return CLOCKTRACE_OK;
	free(made);
	return (*found)->vm_pid == vm_pid ? CLOCKTRACE_OK : CLOCKTRACE_CONFLICT;
}

static struct clocktrace_vcpu *find_vcpu(const struct clocktrace_guests *guests,
					 uint64_t vm_id, uint32_t vcpu_id)
{
	struct clocktrace_vcpu key = { .vm_id = vm_id, .vcpu_id = vcpu_id };
	struct clocktrace_vcpu **found;

	found = tfind(&key, &guests->vcpus, compare_vcpus);
	return found ? *found : NULL;
}

static struct clocktrace_vcpu *make_vcpu(struct clocktrace_guests *guests,
					 const struct clocktrace_guest_event *event)
{
	struct clocktrace_vcpu *vcpu;

	if (!make_room((void **)&guests->vcpu_list, &guests->vcpu_room,
		       guests->vcpu_count + 1, sizeof(*guests->vcpu_list)))
		return NULL;
	vcpu = calloc(1, sizeof(*vcpu));
	if (!vcpu)
		return NULL;
	vcpu->guests = guests;
	vcpu->vm_id = event->vm_id;
	vcpu->vm_pid = event->vm_pid;
	vcpu->vcpu_id = event->vcpu_id;
	if (!make_room((void **)&vcpu->records.list, &vcpu->records.room, 1,
		       sizeof(*vcpu->records.list)))
		goto no_memory;
	if (!tsearch(vcpu, &guests->vcpus, compare_vcpus))
		goto no_memory;
	guests->vcpu_list[guests->vcpu_count++] = vcpu;
	return vcpu;

no_memory:
	free(vcpu->records.list);
	free(vcpu);
	return NULL;
}

static bool is_valid(const struct clocktrace_guest_event *event)
{
	if (event->position.order == UINT64_MAX || event->vm_pid < 0 ||
	    (event->flags & ~CLOCKTRACE_FLAG_PROTECTED) ||
	    (unsigned int)event->reason > CLOCKTRACE_DESTROYED)
		return false;
	if (event->flags & CLOCKTRACE_FLAG_PROTECTED)
		return true;
	return event->tsc.ratio &&
	       event->tsc.frac_bits <= CLOCKTRACE_FRAC_BITS_MAX;
}

enum clocktrace_status
clocktrace_guests_add(struct clocktrace_guests *guests,
		      const struct clocktrace_guest_event *event)
{
	enum clocktrace_status status;
	struct clocktrace_vcpu *vcpu;
	struct records *records;
	struct record *record;

	if (!is_valid(event))
		return CLOCKTRACE_INVALID;
	if (guests->event_count >= guests->events_max)
		return CLOCKTRACE_LIMIT;
	vcpu = find_vcpu(guests, event->vm_id, event->vcpu_id);
	if (!vcpu) {
		status = check_vm(guests, event->vm_id, event->vm_pid);
		if (status)
			return status;
		vcpu = make_vcpu(guests, event);
		if (!vcpu)
			return CLOCKTRACE_NOMEM;
	}
	if (vcpu->vm_pid != event->vm_pid)
		return CLOCKTRACE_CONFLICT;

	records = &vcpu->records;
	if (!make_room((void **)&records->list, &records->room,
		       records->count + 1, sizeof(*records->list)))
		return CLOCKTRACE_NOMEM;
	record = &records->list[records->count++];
	*record = (struct record){
		.position = event->position,
		.reason = event->reason,
		.flags = (uint8_t)event->flags,
	};
	/* What a protected TSC comes with means nothing. */
	if (!(event->flags & CLOCKTRACE_FLAG_PROTECTED))
		record->tsc = event->tsc;
	guests->event_count++;
	vcpu->changed = true;
	guests->committed = false;
	return CLOCKTRACE_OK;
}

enum clocktrace_status
clocktrace_guests_lost(struct clocktrace_guests *guests,
		       struct clocktrace_position from,
		       struct clocktrace_position to)
{
	struct gaps *gaps = &guests->gaps;

	if (to.host_time < from.host_time || to.order < from.order)
		return CLOCKTRACE_INVALID;
	if (!position_compare(from, to))
		return CLOCKTRACE_OK;
	if (gaps->count >= guests->events_max)
		return CLOCKTRACE_LIMIT;
	if (!make_room((void **)&gaps->list, &gaps->room, gaps->count + 1,
		       sizeof(*gaps->list)))
		return CLOCKTRACE_NOMEM;
	gaps->list[gaps->count++] = (struct gap){ from, to };
	guests->gaps_changed = true;
	guests->committed = false;
	return CLOCKTRACE_OK;
}

/* Make the gaps come in order, none touching the next. */
static void sort_gaps(struct gaps *gaps)
{
	size_t i, kept = 0;

	if (!gaps->count)
		return;
	qsort(gaps->list, gaps->count, sizeof(*gaps->list), compare_gaps);
	for (i = 1; i < gaps->count; i++) {
		struct gap *last = &gaps->list[kept];
		const struct gap *gap = &gaps->list[i];

		if (position_compare(gap->from, last->to) > 0)
			gaps->list[++kept] = *gap;
		else if (position_compare(gap->to, last->to) > 0)
			last->to = gap->to;
	}
	gaps->count = kept + 1;
}

static bool is_sorted(const struct records *records)
{
	size_t i;

	for (i = 1; i < records->count; i++)
		if (compare_records(&records->list[i - 1],
				    &records->list[i]) > 0)
			return false;
	return true;
}

/* The same event, but perhaps for its order */
static bool is_duplicate(const struct record *a, const struct record *b)
{
	struct record copy = *b;

	copy.position.order = a->position.order;
	return !compare_records(a, &copy);
}

static enum clocktrace_status sort_records(struct clocktrace_vcpu *vcpu,
					   size_t *offender)
{
	struct records *records = &vcpu->records;
	size_t i, kept = 0;

	if (!is_sorted(records))
		qsort(records->list, records->count, sizeof(*records->list),
		      compare_records);
	for (i = 1; i < records->count; i++) {
		const struct record *last = &records->list[i - 1];
		const struct record *record = &records->list[i];

		if (record->position.order <= last->position.order &&
		    compare_records(last, record)) {
			*offender = i;
			return CLOCKTRACE_CONFLICT;
		}
	}

	for (i = 0; i < records->count; i++) {
		if (!kept || !is_duplicate(&records->list[kept - 1],
					   &records->list[i]))
			records->list[kept++] = records->list[i];
	}
	vcpu->duplicates += records->count - kept;
	records->count = kept;
	return CLOCKTRACE_OK;
}

/* Replace what the lookups use by what the events now say, or change nothing */
static enum clocktrace_status commit_vcpu(struct clocktrace_vcpu *vcpu,
					  const struct gaps *gaps,
					  size_t *offender)
{
	enum clocktrace_status status;
	struct spans spans = { 0 };
	struct guest_index index;

	status = sort_records(vcpu, offender);
	if (status)
		return status;
	status = spans_build(&vcpu->records, gaps, &spans, offender);
	if (!status)
		status = guest_index_build(&vcpu->records, &spans, &index);
	if (status) {
		spans_free(&spans);
		return status;
	}
	spans_free(&vcpu->spans);
	guest_index_free(&vcpu->index);
	vcpu->spans = spans;
	vcpu->index = index;
	vcpu->changed = false;
	return CLOCKTRACE_OK;
}

static struct clocktrace_guest_event event_of(const struct clocktrace_vcpu *vcpu,
					      size_t i)
{
	const struct record *record = &vcpu->records.list[i];

	return (struct clocktrace_guest_event){
		.position = record->position,
		.vm_id = vcpu->vm_id,
		.vm_pid = vcpu->vm_pid,
		.vcpu_id = vcpu->vcpu_id,
		.tsc = record->tsc,
		.flags = record->flags,
		.reason = record->reason,
	};
}

enum clocktrace_status
clocktrace_guests_commit(struct clocktrace_guests *guests,
			 struct clocktrace_guest_event *offender)
{
	enum clocktrace_status status;
	size_t i, j;

	if (guests->committed)
		return CLOCKTRACE_OK;
	if (guests->vcpu_count)
		qsort(guests->vcpu_list, guests->vcpu_count,
		      sizeof(*guests->vcpu_list), compare_listed_vcpus);
	for (i = 0; i < guests->vcpu_count; i++)
		guests->vcpu_list[i]->number = i;
	sort_gaps(&guests->gaps);

	for (i = 0; i < guests->vcpu_count; i++) {
		struct clocktrace_vcpu *vcpu = guests->vcpu_list[i];

		if (!vcpu->changed && !guests->gaps_changed)
			continue;
		status = commit_vcpu(vcpu, &guests->gaps, &j);
		if (status == CLOCKTRACE_CONFLICT && offender)
			*offender = event_of(vcpu, j);
		if (status)
			return status;
	}
	guests->gaps_changed = false;
	guests->committed = true;
	return CLOCKTRACE_OK;
}

const struct clocktrace_vcpu *
clocktrace_guests_vcpu(const struct clocktrace_guests *guests, uint64_t vm_id,
		       uint32_t vcpu_id)
{
	return find_vcpu(guests, vm_id, vcpu_id);
}

const struct clocktrace_vcpu *
clocktrace_guests_next(const struct clocktrace_guests *guests,
		       const struct clocktrace_vcpu *vcpu)
{
	size_t i = vcpu ? vcpu->number + 1 : 0;

	if (!guests->committed || i >= guests->vcpu_count)
		return NULL;
	return guests->vcpu_list[i];
}
