// SPDX-License-Identifier: GPL-2.0
/*
 * What a host's trace tells, kept in a file: the kvm_guest_counter events as they came, of
 * which the library makes the history once more, and the stays.
 */
#include <stdlib.h>

#include "common/array.h"
#include "common/message.h"
#include "model/host_keep.h"
#include "model/host_parts.h"

/* Bytes of what there may be many of */
#define EVENT_SIZE (10 * sizeof(uint64_t))
#define STAY_SIZE (8 * sizeof(uint64_t))
#define LANE_SIZE (4 * sizeof(uint64_t))
#define GAP_SIZE (4 * sizeof(uint64_t))
#define VCPU_SIZE (8 * sizeof(uint64_t))

static void put_position(struct binary_file *binary, struct clocktrace_position position)
{
	binary_put(binary, position.host_time);
	binary_put(binary, position.order);
}

static struct clocktrace_position get_position(struct binary_file *binary)
{
	struct clocktrace_position position;

	position.host_time = binary_get(binary);
	position.order = binary_get(binary);
	return position;
}

static void put_events(const struct host *host, struct binary_file *binary)
{
	size_t i;

	binary_put(binary, host->nr_told);
	for (i = 0; i < host->nr_told; i++) {
		const struct clocktrace_guest_event *event = &host->told[i];

		put_position(binary, event->position);
		binary_put(binary, event->vm_id);
		binary_put(binary, (uint64_t)event->vm_pid);
		binary_put(binary, event->vcpu_id);
		binary_put(binary, (uint64_t)event->tsc.offset);
		binary_put(binary, event->tsc.ratio);
		binary_put(binary, event->tsc.frac_bits);
		binary_put(binary, event->flags);
		binary_put(binary, event->reason);
	}
}

static enum clocktrace_status get_events(struct host *host, struct binary_file *binary)
{
	enum clocktrace_status status = CLOCKTRACE_OK;
	size_t count = binary_get_count(binary, EVENT_SIZE), i;

	for (i = 0; i < count && status == CLOCKTRACE_OK && !binary->failed; i++) {
		struct clocktrace_guest_event event = { .position = get_position(binary) };

		event.vm_id = binary_get(binary);
		event.vm_pid = (int32_t)binary_get(binary);
		event.vcpu_id = (uint32_t)binary_get(binary);
		event.tsc.offset = (int64_t)binary_get(binary);
		event.tsc.ratio = binary_get(binary);
		event.tsc.frac_bits = (uint32_t)binary_get(binary);
		event.flags = (uint32_t)binary_get(binary);
		event.reason = (enum clocktrace_reason)binary_get(binary);
		if (!binary->failed)
			status = clocktrace_guests_add(host->history, &event);
	}
	return status;
}

static void put_stay(struct binary_file *binary, const struct stay *stay)
{
	binary_put(binary, stay->entry);
	binary_put(binary, stay->entry_order);
	binary_put(binary, stay->exit);
	binary_put(binary, stay->exit_order);
	binary_put(binary, (uint64_t)stay->thread);
	binary_put(binary, stay->cpu);
	binary_put(binary, stay->reason);
	binary_put(binary, stay->svm);
}

static struct stay get_stay(struct binary_file *binary)
{
	struct stay stay = { .entry = binary_get(binary) };

	stay.entry_order = binary_get(binary);
	stay.exit = binary_get(binary);
	stay.exit_order = binary_get(binary);
	stay.thread = (int32_t)binary_get(binary);
	stay.cpu = (uint32_t)binary_get(binary);
	stay.reason = (uint32_t)binary_get(binary);
	stay.svm = (uint32_t)binary_get(binary);
	return stay;
}

static void put_vcpu(const struct vcpu *vcpu, struct binary_file *binary)
{
	struct stay_cursor cursor = { .list = vcpu->stays };
	const struct stay *stay;
	uint64_t i, count = stay_list_count(vcpu->stays);

	binary_put(binary, vcpu->vm_id);
	binary_put(binary, (uint64_t)vcpu->vm_pid);
	binary_put(binary, vcpu->vcpu_id);
	binary_put(binary, vcpu->in_guest);
	binary_put(binary, vcpu->first_entry);
	binary_put(binary, vcpu->last_exit);
	binary_put(binary, vcpu->is_protected);
	binary_put(binary, count);
	for (i = 0; i < count; i++) {
		stay = stay_any(&cursor, i);
		if (!stay) {
			binary->failed = true;
			return;
		}
		put_stay(binary, stay);
	}
}

static bool get_vcpu(struct host *host, struct binary_file *binary)
{
	struct vcpu vcpu = { .vm_id = binary_get(binary) };
	size_t count, i;

	vcpu.vm_pid = (int32_t)binary_get(binary);
	vcpu.vcpu_id = (uint32_t)binary_get(binary);
	vcpu.in_guest = binary_get(binary);
	vcpu.first_entry = binary_get(binary);
	vcpu.last_exit = binary_get(binary);
	vcpu.is_protected = binary_get(binary);
	count = binary_get_count(binary, STAY_SIZE);
	if (binary->failed)
		return false;
	vcpu.stays = stay_list_new(host->file);
	host->vcpus = array_room(host->vcpus, host->nr_vcpus, sizeof(*host->vcpus));
	host->vcpus[host->nr_vcpus++] = vcpu;
	for (i = 0; i < count; i++) {
		const struct stay stay = get_stay(binary);

		if (!stay_list_add(vcpu.stays, &stay))
			return false;
	}
	return !binary->failed;
}

static void put_lanes(const struct host *host, struct binary_file *binary)
{
	size_t i;

	binary_put(binary, host->nr_lanes);
	for (i = 0; i < host->nr_lanes; i++) {
		const struct lane *lane = &host->lanes[i];

		binary_put(binary, (uint64_t)lane->thread);
		binary_put(binary, lane->vcpu_id);
		binary_put(binary, (uint64_t)lane->process);
		binary_put(binary, lane->owner);
	}
}

static void get_lanes(struct host *host, struct binary_file *binary)
{
	size_t count = binary_get_count(binary, LANE_SIZE), i;

	for (i = 0; i < count; i++) {
		int thread = (int)binary_get(binary);
		struct lane *lane = host_lane(host, thread, (uint32_t)binary_get(binary));

		lane->process = (int)binary_get(binary);
		lane->owner = (size_t)binary_get(binary);
		if (lane->owner >= host->nr_vcpus)
			lane->owner = NOBODY;
	}
}

static void put_gaps(const struct host *host, struct binary_file *binary)
{
	size_t i;

	binary_put(binary, host->nr_gaps);
	for (i = 0; i < host->nr_gaps; i++) {
		put_position(binary, host->gaps[i].from);
		put_position(binary, host->gaps[i].to);
	}
}

static void get_gaps(struct host *host, struct binary_file *binary)
{
	size_t count = binary_get_count(binary, GAP_SIZE), i;

	for (i = 0; i < count; i++) {
		host->gaps = array_room(host->gaps, i, sizeof(*host->gaps));
		host->gaps[i].from = get_position(binary);
		host->gaps[i].to = get_position(binary);
		host->nr_gaps++;
	}
}

void host_keep(const struct host *host, struct binary_file *binary)
{
	size_t i;

	put_position(binary, host->first);
	put_position(binary, host->last);
	put_position(binary, host->whole_from);
	binary_put(binary, host->resolution);
	binary_put(binary, host->lost);
	binary_put(binary, host->ownerless);
	put_gaps(host, binary);
	put_events(host, binary);
	binary_put(binary, host->nr_vcpus);
	for (i = 0; i < host->nr_vcpus; i++)
		put_vcpu(&host->vcpus[i], binary);
	put_lanes(host, binary);
	binary_put(binary, host->nr_eras);
}

struct host *host_recall(struct binary_file *binary, char **error)
{
	struct host *host = host_new(error);
	uint64_t lost, ownerless;
	size_t count, i;
	bool good;

	if (!host)
		return NULL;
	host->first = get_position(binary);
	host->last = get_position(binary);
	host->whole_from = get_position(binary);
	host->resolution = binary_get(binary);
	binary->failed |= host->resolution > RESOLUTION_MAX;
	lost = binary_get(binary);
	ownerless = binary_get(binary);
	get_gaps(host, binary);
	good = get_events(host, binary) == CLOCKTRACE_OK;
	count = binary_get_count(binary, VCPU_SIZE);
	for (i = 0; i < count && good; i++)
		good = get_vcpu(host, binary);
	if (good)
		get_lanes(host, binary);
	good = good && !binary->failed;
	*error = good ? host_finish(host) : host_file_error(host);
	for (i = 0; i < host->nr_vcpus; i++)
		good = good && host->vcpus[i].history;
	host->lost = (size_t)lost;
	host->ownerless = ownerless;
	if (!*error && (!good || binary_get(binary) != host->nr_eras))
		*error = text_of("it is damaged");
	if (!*error)
		return host;
	host_free(host);
	return NULL;
}
