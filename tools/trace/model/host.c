// SPDX-License-Identifier: GPL-2.0
/*
 * What a host's trace tells of its guests, built event by event in constant memory but
 * for what the trace has of VMs, of changes of their TSC, and of losses.
 *
 * kvm_entry and kvm_exit do not name the VM. The thread that they are of has told the
 * values of its vCPU in a kvm_guest_counter before, or tells them soon: until then its stays
 * wait in memory, up to a limit.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/array.h"
#include "common/message.h"
#include "model/host_parts.h"

#define CPUS_MAX 65536
/* Stays that wait for their owner, for each thread */
#define WAITING_MAX 65536

struct host *host_new(char **error)
{
	struct host *host = zalloc(sizeof(*host));

	host->file = stay_file_new(error);
	if (!host->file) {
		free(host);
		return NULL;
	}
	if (clocktrace_guests_new(0, &host->history) != CLOCKTRACE_OK)
		die("out of memory");
	return host;
}

static struct vcpu *find_vcpu(struct host *host, const struct clocktrace_guest_event *event)
{
	size_t i;

	for (i = 0; i < host->nr_vcpus; i++)
		if (host->vcpus[i].vm_id == event->vm_id &&
		    host->vcpus[i].vcpu_id == event->vcpu_id)
			return &host->vcpus[i];
	host->vcpus = array_room(host->vcpus, i, sizeof(*host->vcpus));
	host->vcpus[i] = (struct vcpu){
		.vm_id = event->vm_id,
		.vm_pid = event->vm_pid,
		.vcpu_id = event->vcpu_id,
		.stays = stay_list_new(host->file),
	};
	host->nr_vcpus++;
	return &host->vcpus[i];
}

static size_t hash(int thread, uint32_t vcpu_id)
{
	uint64_t key = (uint64_t)(uint32_t)thread << 32 | vcpu_id;

	key *= UINT64_C(0x9e3779b97f4a7c15);
	return (size_t)(key >> 32);
}

static void grow_lane_table(struct host *host)
{
	size_t size = host->lane_table_size ? 2 * host->lane_table_size : 64, i, at;

	free(host->lane_table);
	host->lane_table = zalloc(size * sizeof(*host->lane_table));
	host->lane_table_size = size;
	for (i = 0; i < host->nr_lanes; i++) {
		at = hash(host->lanes[i].thread, host->lanes[i].vcpu_id) & (size - 1);
		while (host->lane_table[at])
			at = (at + 1) & (size - 1);
		host->lane_table[at] = i + 1;
	}
}

static struct lane *look_up_lane(const struct host *host, int thread, uint32_t vcpu_id, size_t *at)
{
	*at = hash(thread, vcpu_id) & (host->lane_table_size - 1);
	for (; host->lane_table[*at]; *at = (*at + 1) & (host->lane_table_size - 1)) {
		struct lane *lane = &host->lanes[host->lane_table[*at] - 1];

		if (lane->thread == thread && lane->vcpu_id == vcpu_id)
			return lane;
	}
	return NULL;
}

struct lane *host_lane(struct host *host, int thread, uint32_t vcpu_id)
{
	struct lane *lane;
	size_t at, i;

	if (2 * host->nr_lanes >= host->lane_table_size)
		grow_lane_table(host);
	lane = look_up_lane(host, thread, vcpu_id, &at);
	if (lane)
		return lane;
	i = host->nr_lanes++;
	host->lanes = array_room(host->lanes, i, sizeof(*host->lanes));
	host->lanes[i] = (struct lane){ .thread = thread, .vcpu_id = vcpu_id, .owner = NOBODY };
	host->lane_table[at] = i + 1;
	return &host->lanes[i];
}

const struct vcpu *host_owner(const struct host *host, int thread, uint32_t vcpu_id)
{
	const struct lane *lane;
	size_t at;

	if (!host->nr_lanes)
		return NULL;
	lane = look_up_lane(host, thread, vcpu_id, &at);
	return lane && lane->owner != NOBODY ? &host->vcpus[lane->owner] : NULL;
}

/* When can an event have been at the latest? */
static uint64_t latest(const struct host *host, uint64_t time)
{
	return time > UINT64_MAX - host->resolution ? UINT64_MAX : time + host->resolution;
}

uint64_t host_whole_from(const struct host *host)
{
	return latest(host, host->whole_from.host_time);
}

uint64_t host_gap_end(const struct host *host, const struct gap *gap)
{
	return latest(host, gap->to.host_time);
}

/* No vCPU leaves and enters within the nanosecond that a time may be too early. */
static void add_stay(struct host *host, size_t owner, const struct stay *stay)
{
	struct vcpu *vcpu = &host->vcpus[owner];
	struct stay longest = *stay;

	longest.exit = latest(host, stay->exit);
	if (!stay_list_add(vcpu->stays, &longest)) {
		host->ownerless++;
		return;
	}
	vcpu->in_guest += stay->exit - stay->entry;
	if (!vcpu->first_entry || stay->entry < vcpu->first_entry)
		vcpu->first_entry = stay->entry;
	if (stay->exit > vcpu->last_exit)
		vcpu->last_exit = stay->exit;
}

static void set_owner(struct host *host, struct lane *lane, size_t owner)
{
	size_t i;

	lane->owner = owner;
	for (i = 0; i < lane->nr_waiting; i++)
		add_stay(host, owner, &lane->waiting[i]);
	free(lane->waiting);
	lane->waiting = NULL;
	lane->nr_waiting = 0;
}

static void leave(struct host *host, struct host_cpu *cpu, const struct event *event,
		  struct clocktrace_position position)
{
	const struct stay stay = {
		.entry = cpu->entry.host_time,
		.entry_order = cpu->entry.order,
		.exit = position.host_time,
		.exit_order = position.order,
		.thread = event->thread,
		.cpu = event->cpu,
		.reason = event->exit_reason,
		.svm = event->svm,
	};
	struct lane *lane;

	if (!cpu->entry.order || cpu->thread != event->thread || cpu->vcpu_id != event->vcpu_id)
		return;
	lane = host_lane(host, event->thread, event->vcpu_id);
	if (lane->owner != NOBODY) {
		add_stay(host, lane->owner, &stay);
	} else if (lane->nr_waiting < WAITING_MAX) {
		lane->process = event->process;
		lane->waiting = array_room(lane->waiting, lane->nr_waiting, sizeof(stay));
		lane->waiting[lane->nr_waiting++] = stay;
	} else {
		host->ownerless++;
	}
}

static char *add_to_history(struct host *host, const struct clocktrace_guest_event *tsc)
{
	enum clocktrace_status status = clocktrace_guests_add(host->history, tsc);

	if (status != CLOCKTRACE_OK)
		return text_of("what is told of VM %" PRIu64 ", vCPU %" PRIu32 ": %s", tsc->vm_id,
			       tsc->vcpu_id, clocktrace_status_text(status));
	if (host->keeps_told) {
		host->told = array_room(host->told, host->nr_told, sizeof(*host->told));
		host->told[host->nr_told++] = *tsc;
	}
	return NULL;
}

static char *add_guest_counter(struct host *host, const struct event *event,
			       struct clocktrace_position position)
{
	struct clocktrace_guest_event tsc = event->tsc;
	char *error;
	size_t owner;

	tsc.position = position;
	error = add_to_history(host, &tsc);
	if (error)
		return error;
	owner = (size_t)(find_vcpu(host, &tsc) - host->vcpus);
	host->vcpus[owner].last_tsc = tsc.tsc;
	if (tsc.flags & CLOCKTRACE_FLAG_PROTECTED)
		host->vcpus[owner].is_protected = true;
	/* Whoever drops the last reference to a VM destroys its vCPUs. */
	if (tsc.reason == CLOCKTRACE_DESTROYED || event->thread == THREAD_NONE)
		return NULL;
	set_owner(host, host_lane(host, event->thread, tsc.vcpu_id), owner);
	set_owner(host, host_lane(host, event->thread, VCPU_UNKNOWN), owner);
	return NULL;
}

static void add_gap(struct host *host, struct host_cpu *cpu, struct clocktrace_position to)
{
	host->gaps = array_room(host->gaps, host->nr_gaps, sizeof(*host->gaps));
	host->gaps[host->nr_gaps++] = (struct gap){ cpu->last, to };
	host->lost++;
	if (!cpu->last.order)
		host->whole_from = to;
	/* The exit that follows may be another entry's. */
	cpu->entry = (struct clocktrace_position){ 0 };
}

static struct host_cpu *find_cpu(struct host *host, unsigned int number)
{
	while (host->nr_cpus <= number) {
		host->cpus = array_room(host->cpus, host->nr_cpus, sizeof(*host->cpus));
		host->cpus[host->nr_cpus++] = (struct host_cpu){ 0 };
	}
	return &host->cpus[number];
}

void host_lose_end(struct host *host, unsigned int cpu)
{
	const bool is_known = cpu < host->nr_cpus && host->cpus[cpu].last.order;
	const struct gap gap = { is_known ? host->cpus[cpu].last : host->first, host->last };

	if (!host->last.order)
		return;
	host->gaps = array_room(host->gaps, host->nr_gaps, sizeof(*host->gaps));
	host->gaps[host->nr_gaps++] = gap;
	host->lost++;
}

/* What was read beside the trace; its place is the event before it, or the first one. */
static char *add_reading(struct host *host, const struct event *event)
{
	host->has_readings = true;
	if (host->first.order) {
		host->last.order++;
		return add_guest_counter(host, event, host->last);
	}
	host->early = array_room(host->early, host->nr_early, sizeof(*host->early));
	host->early[host->nr_early++] = *event;
	return NULL;
}

static char *add_early(struct host *host, uint64_t time)
{
	char *error = NULL;
	size_t i;

	for (i = 0; i < host->nr_early && !error; i++) {
		host->last = (struct clocktrace_position){ time, host->last.order + 1 };
		error = add_guest_counter(host, &host->early[i], host->last);
	}
	return error;
}

static void note_written(struct host *host, const struct event *event,
			 struct clocktrace_position position)
{
	host->written = array_room(host->written, host->nr_written, sizeof(*host->written));
	host->written[host->nr_written++] = (struct written_offset){
		.position = position,
		.thread = event->thread,
		.vcpu_id = event->vcpu_id,
		.offset = event->tsc.tsc.offset,
	};
}

/*
 * kvm_write_tsc_offset names no VM. Its thread is known by what was read before or after.
 * Where the kernel has told all in kvm_guest_counter, it says nothing new.
 */
static char *add_written(struct host *host)
{
	char *error = NULL;
	size_t i;

	for (i = 0; host->has_readings && i < host->nr_written && !error; i++) {
		const struct written_offset *one = &host->written[i];
		const struct vcpu *vcpu = host_owner(host, one->thread, one->vcpu_id);
		struct clocktrace_guest_event event = {
			.position = one->position,
			.vcpu_id = one->vcpu_id,
			.reason = CLOCKTRACE_OFFSET,
		};

		if (!vcpu)
			continue;
		event.vm_id = vcpu->vm_id;
		event.vm_pid = vcpu->vm_pid;
		event.tsc = vcpu->last_tsc;
		event.tsc.offset = one->offset;
		error = add_to_history(host, &event);
	}
	return error;
}

char *host_add(struct host *host, const struct event *event)
{
	struct clocktrace_position position;
	struct host_cpu *cpu;
	char *error;
	bool first;

	if (event->cpu == CPU_NONE)
		return add_reading(host, event);
	if (event->cpu >= CPUS_MAX)
		return text_of("it has a CPU %u", event->cpu);
	if (event->time < host->last.host_time)
		return text_of("it goes back in time at %" PRIu64, event->time);
	error = host->first.order ? NULL : add_early(host, event->time);
	if (error)
		return error;
	position = (struct clocktrace_position){ event->time, host->last.order + 1 };
	if (!host->first.order)
		host->first = host->whole_from = position;
	host->last = position;
	cpu = find_cpu(host, event->cpu);
	first = !cpu->last.order;
	if (event->lost_before)
		add_gap(host, cpu, position);
	cpu->last = position;

	if (event->kind == EVENT_ENTRY) {
		/* An entry that is still open has not come to pass. */
		cpu->entry = position;
		cpu->thread = event->thread;
		cpu->vcpu_id = event->vcpu_id;
	} else if (event->kind == EVENT_EXIT) {
		if (first)
			/* The CPU was in the guest when the trace began. */
			host->whole_from = position;
		else
			leave(host, cpu, event, position);
		cpu->entry = (struct clocktrace_position){ 0 };
	} else if (event->kind == EVENT_GUEST_COUNTER) {
		return add_guest_counter(host, event, position);
	} else if (event->kind == EVENT_WRITE_OFFSET) {
		note_written(host, event, position);
	}
	return NULL;
}

static char *commit(struct host *host)
{
	const struct clocktrace_position beginning = { 0, 0 };
	const struct clocktrace_position end = { UINT64_MAX, UINT64_MAX };
	struct clocktrace_guest_event offender;
	enum clocktrace_status status;
	size_t i;

	status = clocktrace_guests_lost(host->history, beginning, host->whole_from);
	if (status == CLOCKTRACE_OK)
		status = clocktrace_guests_lost(host->history, host->last, end);
	for (i = 0; status == CLOCKTRACE_OK && i < host->nr_gaps; i++)
		status = clocktrace_guests_lost(host->history, host->gaps[i].from,
						host->gaps[i].to);
	if (status == CLOCKTRACE_OK)
		status = clocktrace_guests_commit(host->history, &offender);
	if (status == CLOCKTRACE_CONFLICT)
		return text_of("kvm_guest_counter at %" PRIu64 ", event %" PRIu64 ": %s",
			       offender.position.host_time, offender.position.order,
			       clocktrace_status_text(status));
	return status == CLOCKTRACE_OK ? NULL : text_of("%s", clocktrace_status_text(status));
}

bool same_tsc(const struct clocktrace_guest_counter *a, const struct clocktrace_guest_counter *b)
{
	return a->offset == b->offset && a->ratio == b->ratio && a->frac_bits == b->frac_bits;
}

static void add_era(struct host *host, size_t vcpu, const struct clocktrace_span *span,
		    const struct clocktrace_guest_counter *tsc)
{
	struct era *last = host->nr_eras ? &host->eras[host->nr_eras - 1] : NULL;

	if (last && last->vcpu == vcpu && same_tsc(&last->tsc, tsc)) {
		last->end = span->end;
		return;
	}
	host->eras = array_room(host->eras, host->nr_eras, sizeof(*host->eras));
	host->eras[host->nr_eras++] = (struct era){ vcpu, *tsc, span->begin, span->end };
}

static void find_eras(struct host *host, size_t number)
{
	struct vcpu *vcpu = &host->vcpus[number];
	struct clocktrace_anomaly anomaly;
	struct clocktrace_span span;
	size_t i, j;

	vcpu->history = clocktrace_guests_vcpu(host->history, vcpu->vm_id, vcpu->vcpu_id);
	/* A kept model may name a vCPU that no event does. */
	if (!vcpu->history)
		return;
	for (i = 0; !clocktrace_vcpu_span(vcpu->history, i, &span); i++)
		for (j = 0; j < span.alternatives; j++)
			add_era(host, number, &span, &span.tsc[j]);
	for (i = 0; !clocktrace_vcpu_anomaly(vcpu->history, i, &anomaly); i++)
		vcpu->contradictions += !anomaly.announced;
}

/* The only vCPU of that number, of that process if the tracer tells it; or NOBODY */
static size_t only_vcpu(const struct host *host, uint32_t vcpu_id, int process)
{
	size_t i, found = NOBODY;

	for (i = 0; i < host->nr_vcpus; i++) {
		if (host->vcpus[i].vcpu_id != vcpu_id ||
		    (process != PROCESS_UNKNOWN && host->vcpus[i].vm_pid != process))
			continue;
		if (found != NOBODY)
			return NOBODY;
		found = i;
	}
	return found;
}

/* A thread whose event was lost: where only one vCPU can be meant, it is that one. */
static void settle(struct host *host, struct lane *lane)
{
	size_t owner = NOBODY;

	if (lane->nr_waiting && lane->vcpu_id != VCPU_UNKNOWN)
		owner = only_vcpu(host, lane->vcpu_id, lane->process);
	if (owner != NOBODY)
		set_owner(host, lane, owner);
	host->ownerless += lane->nr_waiting;
}

static int compare_positions(struct clocktrace_position a, struct clocktrace_position b)
{
	if (a.host_time != b.host_time)
		return a.host_time < b.host_time ? -1 : 1;
	return a.order < b.order ? -1 : a.order > b.order;
}

static int compare_gaps(const void *a, const void *b)
{
	return compare_positions(((const struct gap *)a)->from, ((const struct gap *)b)->from);
}

/* Those of different CPUs may overlap. */
static void join_gaps(struct host *host)
{
	size_t i, count = 0;

	if (!host->nr_gaps)
		return;
	qsort(host->gaps, host->nr_gaps, sizeof(*host->gaps), compare_gaps);
	for (i = 1; i < host->nr_gaps; i++) {
		if (compare_positions(host->gaps[i].from, host->gaps[count].to) > 0)
			host->gaps[++count] = host->gaps[i];
		else if (compare_positions(host->gaps[i].to, host->gaps[count].to) > 0)
			host->gaps[count].to = host->gaps[i].to;
	}
	host->nr_gaps = count + 1;
}

char *host_file_error(const struct host *host)
{
	bool is_of_reading;
	int error = stay_file_error(host->file, &is_of_reading);

	if (!error)
		return NULL;
	if (is_of_reading)
		return text_of("the temporary file cannot be read: %s", strerror(error));
	return text_of("the temporary file cannot be written: %s; set TMPDIR to a directory with more room",
		       strerror(error));
}

char *host_finish(struct host *host)
{
	char *error;
	size_t i;

	if (!host->last.order)
		return text_of("it holds no events");
	error = add_written(host);
	if (!error)
		error = commit(host);
	if (error)
		return error;
	join_gaps(host);
	for (i = 0; i < host->nr_lanes; i++)
		settle(host, &host->lanes[i]);
	error = host_file_error(host);
	if (error)
		return error;
	for (i = 0; i < host->nr_vcpus; i++)
		find_eras(host, i);
	return NULL;
}

const struct gap *host_gap_until(const struct host *host, uint64_t time)
{
	size_t low = 0, high = host->nr_gaps, middle;

	while (low < high) {
		middle = low + (high - low) / 2;
		if (host->gaps[middle].from.host_time <= time)
			low = middle + 1;
		else
			high = middle;
	}
	return low ? &host->gaps[low - 1] : NULL;
}

bool host_in_gap(const struct host *host, uint64_t time)
{
	const struct gap *gap = host_gap_until(host, time);

	return gap && time <= host_gap_end(host, gap);
}

bool era_to_host(const struct host *host, const struct era *era, uint64_t guest,
		 struct clocktrace_ticks *ticks)
{
	struct clocktrace_ticks window = { era->begin.host_time, era->end.host_time };

	if (window.first < host->first.host_time)
		window.first = host->first.host_time;
	window.last = latest(host, window.last < host->last.host_time ?
			     window.last : host->last.host_time);
	if (window.first > window.last)
		return false;
	/* What all guests have that are not scaled */
	if (era->tsc.ratio == UINT64_C(1) << era->tsc.frac_bits) {
		ticks->first = ticks->last = guest - (uint64_t)era->tsc.offset;
		return ticks->first >= window.first && ticks->first <= window.last;
	}
	return clocktrace_host_first(&era->tsc, guest, window, ticks) == CLOCKTRACE_OK;
}

/* The host times of all that the guest may have read; a single one may have none. */
static bool all_to_host(const struct host *host, const struct era *era, uint64_t guest,
			uint64_t resolution, struct clocktrace_ticks *ticks)
{
	struct clocktrace_ticks last;
	uint64_t i, j;

	for (i = 0; !era_to_host(host, era, guest + i, ticks); i++)
		if (i == resolution)
			return false;
	for (j = resolution; j > i; j--)
		if (era_to_host(host, era, guest + j, &last)) {
			ticks->last = last.last;
			break;
		}
	return true;
}

enum stay_answer era_find_stay(const struct host *host, const struct era *era,
			       struct stay_cursor *cursor, uint64_t guest, uint64_t resolution,
			       struct clocktrace_ticks *ticks)
{
	const uint64_t after = era->begin.order, before = era->end.order;
	const struct stay *stay;

	if (!all_to_host(host, era, guest, resolution, ticks) ||
	    ticks->last < host->whole_from.host_time)
		return STAY_NOT_COVERED;
	stay = stay_find(cursor, ticks->first, after, before);
	if (!stay && ticks->last != ticks->first)
		stay = stay_find(cursor, ticks->last, after, before);
	if (!stay)
		return STAY_NONE;
	if (ticks->first < stay->entry)
		ticks->first = stay->entry;
	if (ticks->last > stay->exit) {
		const struct stay first = *stay;

		if (!stay_find(cursor, ticks->last, after, before))
			ticks->last = first.exit;
		cursor->found = first;
	}
	return STAY_FOUND;
}

void host_free(struct host *host)
{
	size_t i;

	if (!host)
		return;
	for (i = 0; i < host->nr_vcpus; i++)
		stay_list_free(host->vcpus[i].stays);
	for (i = 0; i < host->nr_lanes; i++)
		free(host->lanes[i].waiting);
	clocktrace_guests_free(host->history);
	stay_file_free(host->file);
	free(host->vcpus);
	free(host->eras);
	free(host->gaps);
	free(host->told);
	free(host->early);
	free(host->written);
	free(host->cpus);
	free(host->lanes);
	free(host->lane_table);
	free(host);
}
