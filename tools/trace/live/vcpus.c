// SPDX-License-Identifier: GPL-2.0
/*
 * What a live host tells of its guests, of the recent past alone.
 */
#include <stdlib.h>
#include <string.h>

#include "common/array.h"
#include "live/vcpus.h"

#define BUCKETS 1024
#define CPUS_MAX 65536
/* What is kept of before the time that all is printed to, for events that come late */
#define STAYS_KEPT 1024
#define GAPS_KEPT 256
#define NOWHERE SIZE_MAX

struct live_stay {
	uint64_t entry;
	uint64_t exit;
	uint64_t order;
	struct clocktrace_guest_counter tsc;
};

struct live_era {
	uint64_t begin;
	struct clocktrace_guest_counter tsc;
};

/* A thread, and the vCPU that it runs */
struct lane {
	int thread;
	uint32_t vcpu_id;
	size_t vcpu;
};

struct bucket {
	struct lane *lanes;
	size_t count;
};

/* A CPU of the host, and the entry of the guest that it is in */
struct host_cpu {
	bool is_inside;
	uint64_t entry;
	uint64_t order;
	int thread;
	uint32_t vcpu_id;
	size_t vcpu;
};

struct live_gap {
	uint64_t from;
	uint64_t to;
};

struct live_vcpus {
	struct live_vcpu **list;
	size_t count;
	struct bucket buckets[BUCKETS];
	struct host_cpu *cpus;
	size_t nr_cpus;
	/* The last ones, a ring */
	struct live_gap gaps[GAPS_KEPT];
	size_t nr_gaps;
	/* Stays that ended before this may be forgotten. */
	uint64_t forgotten;
};

struct live_vcpus *live_vcpus_new(void)
{
	return zalloc(sizeof(struct live_vcpus));
}

size_t live_vcpus_count(const struct live_vcpus *vcpus)
{
	return vcpus->count;
}

struct live_vcpu *live_vcpus_get(const struct live_vcpus *vcpus, size_t number)
{
	return vcpus->list[number];
}

static struct bucket *bucket_of(const struct live_vcpus *vcpus, int thread)
{
	return (struct bucket *)&vcpus->buckets[(uint32_t)thread % BUCKETS];
}

static struct lane *find_lane(const struct live_vcpus *vcpus, int thread, uint32_t vcpu_id)
{
	struct bucket *bucket = bucket_of(vcpus, thread);
	size_t i;

	for (i = 0; i < bucket->count; i++)
		if (bucket->lanes[i].thread == thread && bucket->lanes[i].vcpu_id == vcpu_id)
			return &bucket->lanes[i];
	return NULL;
}

static void set_lane(struct live_vcpus *vcpus, int thread, uint32_t vcpu_id, size_t vcpu)
{
	struct lane *lane = find_lane(vcpus, thread, vcpu_id);
	struct bucket *bucket = bucket_of(vcpus, thread);

	if (lane) {
		lane->vcpu = vcpu;
		return;
	}
	bucket->lanes = array_room(bucket->lanes, bucket->count, sizeof(*bucket->lanes));
	bucket->lanes[bucket->count++] = (struct lane){ thread, vcpu_id, vcpu };
}

static void drop_lanes(struct live_vcpus *vcpus, size_t vcpu)
{
	size_t i, j;

	for (i = 0; i < BUCKETS; i++)
		for (j = 0; j < vcpus->buckets[i].count;)
			if (vcpus->buckets[i].lanes[j].vcpu == vcpu)
				vcpus->buckets[i].lanes[j] =
					vcpus->buckets[i].lanes[--vcpus->buckets[i].count];
			else
				j++;
}

static size_t owner_of(const struct live_vcpus *vcpus, int thread, uint32_t vcpu_id)
{
	const struct lane *lane = find_lane(vcpus, thread, vcpu_id);

	return lane ? lane->vcpu : NOWHERE;
}

struct live_vcpu *live_vcpus_owner(const struct live_vcpus *vcpus, const struct event *event)
{
	const size_t owner = owner_of(vcpus, event->thread, event->vcpu_id);

	return owner == NOWHERE ? NULL : vcpus->list[owner];
}

static size_t find_vcpu(struct live_vcpus *vcpus, const struct clocktrace_guest_event *event)
{
	struct live_vcpu *vcpu;
	size_t i;

	for (i = 0; i < vcpus->count; i++)
		if (vcpus->list[i]->vcpu.vm_id == event->vm_id &&
		    vcpus->list[i]->vcpu.vcpu_id == event->vcpu_id)
			return i;
	vcpu = zalloc(sizeof(*vcpu));
	vcpu->vcpu = (struct vcpu){
		.vm_id = event->vm_id,
		.vm_pid = event->vm_pid,
		.vcpu_id = event->vcpu_id,
	};
	vcpu->entered_on = NOWHERE;
	vcpu->told_from = UINT64_MAX;
	vcpus->list = array_room(vcpus->list, i, sizeof(struct live_vcpu *));
	vcpus->list[vcpus->count++] = vcpu;
	return i;
}

static struct host_cpu *find_cpu(struct live_vcpus *vcpus, unsigned int number)
{
	while (vcpus->nr_cpus <= number) {
		vcpus->cpus = array_room(vcpus->cpus, vcpus->nr_cpus, sizeof(*vcpus->cpus));
		vcpus->cpus[vcpus->nr_cpus++] = (struct host_cpu){ .vcpu = NOWHERE };
	}
	return &vcpus->cpus[number];
}

static void leave_cpu(struct live_vcpus *vcpus, struct host_cpu *cpu)
{
	if (cpu->is_inside && cpu->vcpu != NOWHERE)
		vcpus->list[cpu->vcpu]->entered_on = NOWHERE;
	cpu->is_inside = false;
}

static void enter(struct live_vcpus *vcpus, const struct event *event, uint64_t order)
{
	struct host_cpu *cpu = find_cpu(vcpus, event->cpu);

	leave_cpu(vcpus, cpu);
	*cpu = (struct host_cpu){
		.is_inside = true,
		.entry = event->time,
		.order = order,
		.thread = event->thread,
		.vcpu_id = event->vcpu_id,
		.vcpu = owner_of(vcpus, event->thread, event->vcpu_id),
	};
	if (cpu->vcpu != NOWHERE)
		vcpus->list[cpu->vcpu]->entered_on = event->cpu;
}

static void add_stay(struct live_vcpu *vcpu, const struct host_cpu *cpu, uint64_t exit)
{
	const size_t end = vcpu->first_stay + vcpu->nr_stays;
	const struct live_stay *last = end > vcpu->first_stay ? &vcpu->stays[end - 1] : NULL;

	/* They are in the order of time, as one vCPU is on one CPU. */
	if (last && cpu->entry < last->exit)
		return;
	vcpu->stays = array_room(vcpu->stays, end, sizeof(*vcpu->stays));
	vcpu->stays[end] = (struct live_stay){
		.entry = cpu->entry,
		.exit = exit,
		.order = cpu->order,
		.tsc = vcpu->tsc,
	};
	vcpu->nr_stays++;
}

static void leave(struct live_vcpus *vcpus, const struct event *event)
{
	struct host_cpu *cpu = find_cpu(vcpus, event->cpu);
	size_t owner;

	if (cpu->is_inside && cpu->thread == event->thread && cpu->vcpu_id == event->vcpu_id) {
		owner = owner_of(vcpus, event->thread, event->vcpu_id);
		if (owner != NOWHERE && !vcpus->list[owner]->is_protected)
			add_stay(vcpus->list[owner], cpu, event->time);
	}
	leave_cpu(vcpus, cpu);
}

static void take_values(struct live_vcpus *vcpus, const struct event *event)
{
	const size_t number = find_vcpu(vcpus, &event->tsc);
	struct live_vcpu *vcpu = vcpus->list[number];
	const struct clocktrace_guest_counter *tsc = &event->tsc.tsc;

	if (event->tsc.flags & CLOCKTRACE_FLAG_PROTECTED)
		vcpu->is_protected = true;
	if (event->tsc.reason == CLOCKTRACE_DESTROYED) {
		vcpu->is_gone = true;
		drop_lanes(vcpus, number);
		return;
	}
	if (tsc->ratio && tsc->frac_bits <= CLOCKTRACE_FRAC_BITS_MAX &&
	    (!vcpu->nr_eras || !same_tsc(&vcpu->tsc, tsc))) {
		vcpu->eras = array_room(vcpu->eras, vcpu->nr_eras, sizeof(*vcpu->eras));
		vcpu->eras[vcpu->nr_eras] = (struct live_era){
			.begin = vcpu->nr_eras ? event->time : 0,
			.tsc = *tsc,
		};
		vcpu->nr_eras++;
		vcpu->tsc = *tsc;
	}
	if (event->thread == THREAD_NONE)
		return;
	if (event->time < vcpu->told_from)
		vcpu->told_from = event->time;
	set_lane(vcpus, event->thread, event->tsc.vcpu_id, number);
	set_lane(vcpus, event->thread, VCPU_UNKNOWN, number);
}

/* LTTng tells the end of the packet that follows; the loss was before the packet's first event. */
static void end_gap(struct live_vcpus *vcpus, const struct event *event)
{
	size_t i;

	for (i = 0; i < vcpus->nr_gaps && i < GAPS_KEPT; i++)
		if (vcpus->gaps[i].from == event->lost_from && vcpus->gaps[i].to > event->time)
			vcpus->gaps[i].to = event->time;
	/* The exit that follows may be another entry's. */
	if (event->cpu < vcpus->nr_cpus)
		leave_cpu(vcpus, &vcpus->cpus[event->cpu]);
}

void live_vcpus_add(struct live_vcpus *vcpus, const struct event *event, uint64_t order)
{
	if (event->cpu >= CPUS_MAX)
		return;
	if (event->lost_before)
		end_gap(vcpus, event);
	if (event->kind == EVENT_ENTRY)
		enter(vcpus, event, order);
	else if (event->kind == EVENT_EXIT)
		leave(vcpus, event);
	else if (event->kind == EVENT_GUEST_COUNTER)
		take_values(vcpus, event);
}

void live_vcpus_lost(struct live_vcpus *vcpus, uint64_t from, uint64_t to)
{
	vcpus->gaps[vcpus->nr_gaps++ % GAPS_KEPT] = (struct live_gap){ from, to };
}

static bool is_in_gap(const struct live_vcpus *vcpus, uint64_t time)
{
	size_t i;

	for (i = 0; i < vcpus->nr_gaps && i < GAPS_KEPT; i++)
		if (time >= vcpus->gaps[i].from && time <= vcpus->gaps[i].to)
			return true;
	return false;
}

/* The first stay that ends at a time or after it; NULL if there is none */
static const struct live_stay *first_stay_at(const struct live_vcpu *vcpu, uint64_t time)
{
	size_t low = vcpu->first_stay, high = vcpu->first_stay + vcpu->nr_stays;
	const size_t end = high;

	while (low < high) {
		const size_t middle = low + (high - low) / 2;

		if (vcpu->stays[middle].exit < time)
			low = middle + 1;
		else
			high = middle;
	}
	return low < end ? &vcpu->stays[low] : NULL;
}

static bool clip(struct clocktrace_ticks ticks, uint64_t entry, uint64_t exit, uint64_t order,
		 struct live_place *place)
{
	if (ticks.last < entry || ticks.first > exit)
		return false;
	if (ticks.first < entry)
		ticks.first = entry;
	if (ticks.last > exit)
		ticks.last = exit;
	*place = (struct live_place){ ticks, order };
	return true;
}

static enum live_answer place_in(const struct live_vcpus *vcpus, const struct live_vcpu *vcpu,
				 const struct live_era *era, struct clocktrace_ticks ticks,
				 uint64_t known_to, struct live_place *place)
{
	const struct live_stay *stay = first_stay_at(vcpu, ticks.first);

	if (stay && same_tsc(&stay->tsc, &era->tsc) &&
	    clip(ticks, stay->entry, stay->exit, stay->order, place))
		return LIVE_FOUND;
	/* An exit of before what is known of the host would be known. */
	if (vcpu->entered_on != NOWHERE && same_tsc(&vcpu->tsc, &era->tsc) &&
	    ticks.first < known_to && !is_in_gap(vcpus, ticks.first)) {
		const struct host_cpu *cpu = &vcpus->cpus[vcpu->entered_on];

		if (clip(ticks, cpu->entry, UINT64_MAX, cpu->order, place))
			return LIVE_FOUND;
	}
	if (ticks.first >= known_to) {
		place->ticks = ticks;
		return LIVE_WAIT;
	}
	if (ticks.first < vcpu->told_from)
		return LIVE_BEFORE;
	if (is_in_gap(vcpus, ticks.first) ||
	    (ticks.first < vcpus->forgotten &&
	     (!vcpu->nr_stays || ticks.first < vcpu->stays[vcpu->first_stay].entry)))
		return LIVE_LOST;
	return LIVE_OUTSIDE;
}

static uint64_t era_end(const struct live_vcpu *vcpu, size_t era)
{
	return era + 1 < vcpu->nr_eras ? vcpu->eras[era + 1].begin : UINT64_MAX;
}

/* Which of two answers says more: found, then to wait, then why it is not there */
static bool says_more(enum live_answer answer, enum live_answer than)
{
	static const int weight[] = {
		[LIVE_FOUND] = 4, [LIVE_WAIT] = 3, [LIVE_LOST] = 2, [LIVE_OUTSIDE] = 1,
		[LIVE_BEFORE] = 0,
	};

	return weight[answer] > weight[than];
}

enum live_answer live_vcpus_place(const struct live_vcpus *vcpus, const struct live_vcpu *vcpu,
				  uint64_t guest, uint64_t known_to, struct live_place *place)
{
	enum live_answer best = LIVE_BEFORE, answer;
	struct clocktrace_ticks window, ticks;
	struct live_place one;
	bool is_mapped = false;
	size_t i;

	for (i = vcpu->nr_eras; i-- > 0 && best != LIVE_FOUND;) {
		window = (struct clocktrace_ticks){ vcpu->eras[i].begin, era_end(vcpu, i) };
		if (clocktrace_host_first(&vcpu->eras[i].tsc, guest, window, &ticks) !=
		    CLOCKTRACE_OK)
			continue;
		is_mapped = true;
		answer = place_in(vcpus, vcpu, &vcpu->eras[i], ticks, known_to, &one);
		if (says_more(answer, best))
			best = answer;
		if (answer == best && (answer == LIVE_FOUND || answer == LIVE_WAIT))
			*place = one;
	}
	return is_mapped || !vcpu->nr_eras ? best : LIVE_OUTSIDE;
}

/* Does the formula give @guest, or what is after it, at a host time? */
static bool has_come(const struct clocktrace_guest_counter *tsc, uint64_t host, uint64_t guest)
{
	uint64_t now;

	return clocktrace_guest_from_host(tsc, host, &now) != CLOCKTRACE_OK ||
	       (int64_t)(now - guest) >= 0;
}

/* The first host time from @begin on at which it does. Some ticks of a guest whose counter is
 * the faster one are given by no tick of the host, so that the exact inverse will not do. */
static uint64_t first_come(const struct clocktrace_guest_counter *tsc, uint64_t begin,
			   uint64_t guest)
{
	uint64_t low = begin, step = 1, high;

	if (has_come(tsc, begin, guest))
		return begin;
	while (step < UINT64_C(1) << 60 && !has_come(tsc, begin + step, guest)) {
		low = begin + step;
		step *= 2;
	}
	high = begin + step;
	while (high - low > 1) {
		const uint64_t middle = low + (high - low) / 2;

		if (has_come(tsc, middle, guest))
			high = middle;
		else
			low = middle;
	}
	return high;
}

uint64_t live_vcpus_frontier(const struct live_vcpu *vcpu, uint64_t guest, uint64_t from)
{
	uint64_t frontier = UINT64_MAX;
	size_t i;

	for (i = 0; i < vcpu->nr_eras; i++) {
		const uint64_t end = era_end(vcpu, i);
		const uint64_t begin = vcpu->eras[i].begin > from ? vcpu->eras[i].begin : from;
		uint64_t first;

		if (end < begin)
			continue;
		first = first_come(&vcpu->eras[i].tsc, begin, guest);
		if (first <= end && first < frontier)
			frontier = first;
	}
	return frontier;
}

static void forget_stays(struct live_vcpu *vcpu, uint64_t before)
{
	while (vcpu->nr_stays > STAYS_KEPT && vcpu->stays[vcpu->first_stay].exit < before) {
		vcpu->first_stay++;
		vcpu->nr_stays--;
	}
	if (vcpu->first_stay < STAYS_KEPT || vcpu->first_stay < vcpu->nr_stays)
		return;
	memmove(vcpu->stays, vcpu->stays + vcpu->first_stay,
		vcpu->nr_stays * sizeof(*vcpu->stays));
	vcpu->first_stay = 0;
}

static void forget_eras(struct live_vcpu *vcpu, uint64_t before)
{
	size_t gone = 0;

	while (gone + 1 < vcpu->nr_eras && vcpu->eras[gone + 1].begin < before)
		gone++;
	if (!gone || vcpu->nr_eras < 16)
		return;
	vcpu->nr_eras -= gone;
	memmove(vcpu->eras, vcpu->eras + gone, vcpu->nr_eras * sizeof(*vcpu->eras));
}

void live_vcpus_forget(struct live_vcpus *vcpus, uint64_t before)
{
	size_t i;

	for (i = 0; i < vcpus->count; i++) {
		forget_stays(vcpus->list[i], before);
		forget_eras(vcpus->list[i], before);
	}
	vcpus->forgotten = before;
}

void live_vcpus_free(struct live_vcpus *vcpus)
{
	size_t i;

	if (!vcpus)
		return;
	for (i = 0; i < vcpus->count; i++) {
		free(vcpus->list[i]->stays);
		free(vcpus->list[i]->eras);
		free(vcpus->list[i]);
	}
	for (i = 0; i < BUCKETS; i++)
		free(vcpus->buckets[i].lanes);
	free(vcpus->list);
	free(vcpus->cpus);
	free(vcpus);
}
