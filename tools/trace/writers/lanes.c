// SPDX-License-Identifier: GPL-2.0
/*
 * What a picture of the time line consists of: lanes with stretches and points.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/array.h"
#include "common/message.h"
#include "correlate/account.h"
#include "writers/flights.h"
#include "writers/lanes.h"

#define TABLE_SIZE 65536
/* More lanes than this no picture can show; events of further threads are left out. */
#define LANES_MAX 32768

struct lane {
	size_t party;
	enum lane_kind kind;
	uint64_t number;
	bool open;
	/* Of a vCPU: the last entry, for links */
	uint64_t last_begin;
	/* What early events have begun and not ended, or NULL */
	char *before;
};

/* What has been done to a vCPU and has not had its effect yet */
struct cause {
	bool is_there;
	uint64_t time;
	size_t lane;
};

/* The last event of a guest that moves between hosts */
struct mover {
	bool is_there;
	size_t party;
	size_t lane;
	uint64_t time;
};

struct lanes {
	const struct timeline *timeline;
	struct lanes_sink sink;
	struct lane *list;
	size_t count;
	/* No event has come but early ones */
	bool early;
	/* Numbers of lanes plus 1, by hash */
	uint32_t *table;
	uint64_t last_time;
	/* For each vCPU */
	struct cause *wakeups;
	struct cause *interrupts;
	/* For each machine, the first one that is the same guest on another host, or itself */
	size_t *guest_of;
	/* For each of those */
	struct mover *movers;
	struct flight **flights;
	size_t nr_flights;
};

static size_t guest_of(const struct timeline *timeline, size_t party)
{
	size_t i;

	for (i = 0; timeline->parties[party].has_moved && i < party; i++)
		if (timeline->parties[i].has_moved &&
		    !strcmp(timeline->parties[i].name, timeline->parties[party].name))
			return i;
	return party;
}

struct lanes *lanes_new(const struct timeline *timeline, const struct lanes_sink *sink)
{
	struct lanes *lanes = zalloc(sizeof(*lanes));
	size_t i;

	lanes->timeline = timeline;
	lanes->sink = *sink;
	lanes->early = true;
	lanes->table = zalloc(TABLE_SIZE * sizeof(*lanes->table));
	lanes->wakeups = zalloc((timeline->nr_vcpus + 1) * sizeof(*lanes->wakeups));
	lanes->interrupts = zalloc((timeline->nr_vcpus + 1) * sizeof(*lanes->interrupts));
	lanes->last_time = timeline->origin;
	lanes->movers = zalloc((timeline->nr_parties + 1) * sizeof(*lanes->movers));
	lanes->guest_of = zalloc((timeline->nr_parties + 1) * sizeof(*lanes->guest_of));
	for (i = 0; i < timeline->nr_parties; i++)
		lanes->guest_of[i] = guest_of(timeline, i);
	lanes->nr_flights = timeline->moves ? timeline->moves->count : 0;
	lanes->flights = zalloc((lanes->nr_flights + 1) * sizeof(struct flight *));
	for (i = 0; i < lanes->nr_flights; i++)
		lanes->flights[i] = flight_new(timeline, &timeline->moves->list[i]);
	return lanes;
}

/* The guest whose trace is of a vCPU, the vCPU's host if none is */
static size_t party_of(const struct timeline *timeline, size_t home, const struct vcpu *vcpu)
{
	size_t i, j, k;

	for (i = 0; i < timeline->nr_parties; i++) {
		const struct match *match = timeline->parties[i].match;

		if (timeline->parties[i].home != home)
			continue;
		for (j = 0; match && j < match->nr_sections; j++)
			for (k = 0; k < match->sections[j].nr_vms; k++)
				if (match->sections[j].vms[k] == vcpu->vm_id)
					return i;
	}
	return home;
}

static const char *thread_name(const struct lanes *lanes, const struct placed *placed, int thread)
{
	struct reader *reader = placed->stream->reader;

	(void)lanes;
	return reader->class->thread_name ? reader->class->thread_name(reader, thread) : NULL;
}

static void announce(struct lanes *lanes, size_t number, const struct placed *placed)
{
	const struct lane *lane = &lanes->list[number];
	const struct timeline *timeline = lanes->timeline;
	struct lane_info info = {
		.party = lane->party, .kind = lane->kind, .number = lane->number,
	};
	const struct party *home;
	const struct vcpu *vcpu;
	const char *name;

	if (lane->kind == LANE_CPU) {
		snprintf(info.name, sizeof(info.name), "CPU %" PRIu64, lane->number);
	} else if (lane->kind == LANE_VCPU) {
		home = &timeline->parties[lane->party];
		vcpu = &home->host->vcpus[lane->number - home->first_vcpu];
		info.party = party_of(timeline, lane->party, vcpu);
		snprintf(info.name, sizeof(info.name), "VM %" PRIu64 " (process %d) vCPU %" PRIu32,
			 vcpu->vm_id, vcpu->vm_pid, vcpu->vcpu_id);
	} else {
		name = thread_name(lanes, placed, (int)lane->number);
		snprintf(info.name, sizeof(info.name), "thread %" PRIu64 "%s%.40s", lane->number,
			 name ? " " : "", name ? name : "");
	}
	lanes->sink.lane(lanes->sink.data, number, &info);
}

static size_t find_lane(struct lanes *lanes, size_t party, enum lane_kind kind, uint64_t number,
			const struct placed *placed)
{
	uint64_t key = number ^ (uint64_t)party << 40 ^ (uint64_t)kind << 60;
	size_t at = (key * UINT64_C(0x9e3779b97f4a7c15)) >> 48, i;

	for (; lanes->table[at]; at = (at + 1) % TABLE_SIZE) {
		const struct lane *lane = &lanes->list[lanes->table[at] - 1];

		if (lane->party == party && lane->kind == kind && lane->number == number)
			return lanes->table[at] - 1;
	}
	if (lanes->count == LANES_MAX)
		return SIZE_MAX;
	i = lanes->count++;
	lanes->list = array_room(lanes->list, i, sizeof(*lanes->list));
	lanes->list[i] = (struct lane){ .party = party, .kind = kind, .number = number };
	lanes->table[at] = (uint32_t)i + 1;
	announce(lanes, i, placed);
	return i;
}

static void end(struct lanes *lanes, size_t number, uint64_t time)
{
	if (number == SIZE_MAX)
		return;
	free(lanes->list[number].before);
	lanes->list[number].before = NULL;
	if (!lanes->list[number].open)
		return;
	lanes->sink.end(lanes->sink.data, number, time);
	lanes->list[number].open = false;
}

static void begin(struct lanes *lanes, size_t number, uint64_t time, const char *text)
{
	if (number == SIZE_MAX)
		return;
	end(lanes, number, time);
	if (lanes->early) {
		lanes->list[number].before = text_of("%s", text);
		return;
	}
	lanes->sink.begin(lanes->sink.data, number, time, text);
	lanes->list[number].open = true;
	lanes->list[number].last_begin = time;
}

static void take_effect(struct lanes *lanes, struct cause *cause, size_t lane, uint64_t time)
{
	if (cause->is_there && lane != SIZE_MAX)
		lanes->sink.link(lanes->sink.data, cause->lane, cause->time, lane, time,
				 LINK_CAUSE);
	cause->is_there = false;
}

static bool is_of_host(const struct lanes *lanes, const struct placed *placed)
{
	return lanes->timeline->parties[placed->party].is_host;
}

static void enter_guest(struct lanes *lanes, const struct placed *placed)
{
	size_t vcpu = timeline_vcpu(lanes->timeline, placed->party, placed->vcpu);
	size_t lane = find_lane(lanes, placed->party, LANE_VCPU, vcpu, placed);

	begin(lanes, lane, placed->time, "in guest");
	take_effect(lanes, &lanes->wakeups[vcpu], lane, placed->time);
}

static void leave_guest(struct lanes *lanes, const struct placed *placed)
{
	size_t lane = find_lane(lanes, placed->party, LANE_VCPU,
				timeline_vcpu(lanes->timeline, placed->party, placed->vcpu),
				placed);

	begin(lanes, lane, placed->time,
	      exit_reason_text(placed->event->exit_reason, placed->event->svm));
}

/* The host does something to the vCPU that a thread runs. */
static void cause(struct lanes *lanes, const struct placed *placed, size_t cpu, int thread,
		  struct cause *causes)
{
	const struct party *party = &lanes->timeline->parties[placed->party];
	const struct vcpu *vcpu = host_owner(party->host, thread, VCPU_UNKNOWN);

	if (party->is_host && vcpu && cpu != SIZE_MAX)
		causes[timeline_vcpu(lanes->timeline, placed->party, vcpu)] =
			(struct cause){ true, placed->time, cpu };
}

/* What goes across the border: a wake-up until the next entry, an interrupt until it is taken */
static void follow(struct lanes *lanes, const struct placed *placed, size_t lane)
{
	const struct event *event = placed->event;

	if (event->kind == EVENT_WAKEUP)
		cause(lanes, placed, lane, event->next, lanes->wakeups);
	else if (event->kind == EVENT_INJECT)
		cause(lanes, placed, lane, event->thread, lanes->interrupts);
	else if (event->kind == EVENT_INTERRUPT && !is_of_host(lanes, placed) && placed->vcpu)
		take_effect(lanes,
			    &lanes->interrupts[timeline_vcpu(lanes->timeline, placed->party,
							     placed->vcpu)],
			    lane, placed->time);
}

static void switch_thread(struct lanes *lanes, const struct placed *placed, size_t lane)
{
	const struct event *event = placed->event;
	char text[COMM_SIZE + 16];

	if (!event->next) {
		end(lanes, lane, placed->time);
		return;
	}
	snprintf(text, sizeof(text), "%.16s %d", event->comm, event->next);
	begin(lanes, lane, placed->time, text);
}

/* The guest's lanes on the host that it has left show that until it runs on the other one. */
static void show_down(struct lanes *lanes, const struct flight *flight, uint64_t time,
		      bool is_down)
{
	size_t i;

	for (i = 0; i < lanes->count; i++) {
		const struct lane *lane = &lanes->list[i];
		const struct party *home = &lanes->timeline->parties[lane->party];

		if (lane->kind != LANE_VCPU ||
		    !flight_is_of(flight, lane->party,
				  &home->host->vcpus[lane->number - home->first_vcpu]))
			continue;
		if (is_down)
			begin(lanes, i, time, "moves to another host");
		else
			end(lanes, i, time);
	}
}

static void follow_flights(struct lanes *lanes, const struct placed *placed)
{
	enum flight_change change;
	size_t i;

	for (i = 0; i < lanes->nr_flights; i++) {
		change = flight_change(lanes->flights[i], placed);
		if (change != FLIGHT_NONE)
			show_down(lanes, lanes->flights[i], placed->time, change == FLIGHT_STOPS);
	}
}

/* Does the event begin or end a stretch? If so, take it. */
static bool take_state(struct lanes *lanes, const struct placed *placed, size_t lane)
{
	const struct event *event = placed->event;

	if (is_of_host(lanes, placed) && event->kind == EVENT_ENTRY && placed->vcpu)
		enter_guest(lanes, placed);
	else if (is_of_host(lanes, placed) && event->kind == EVENT_EXIT && placed->vcpu)
		leave_guest(lanes, placed);
	else if (event->kind == EVENT_SWITCH)
		switch_thread(lanes, placed, lane);
	else
		return false;
	if (is_of_host(lanes, placed))
		follow_flights(lanes, placed);
	return true;
}

static size_t lane_of(struct lanes *lanes, const struct placed *placed)
{
	const struct event *event = placed->event;

	if (placed->stream->reader->user_space && event->thread != THREAD_NONE)
		return find_lane(lanes, placed->party, LANE_PROGRAM, (uint64_t)event->thread,
				 placed);
	return find_lane(lanes, placed->party, LANE_CPU, event->cpu, placed);
}

void lanes_before(struct lanes *lanes, const struct placed *placed)
{
	take_state(lanes, placed, lane_of(lanes, placed));
}

/* What has begun before the first event that is wanted goes on now. */
static void leave_early(struct lanes *lanes, uint64_t time)
{
	size_t i;

	lanes->early = false;
	for (i = 0; i < lanes->count; i++) {
		char *text = lanes->list[i].before;

		lanes->list[i].before = NULL;
		if (text)
			begin(lanes, i, time, text);
		free(text);
	}
}

/* A guest that goes on on another host has moved there since its last event. */
static void follow_move(struct lanes *lanes, const struct placed *placed, size_t lane)
{
	struct mover *mover = &lanes->movers[lanes->guest_of[placed->party]];

	if (!lanes->timeline->parties[placed->party].has_moved || lane == SIZE_MAX)
		return;
	if (mover->is_there && mover->party != placed->party)
		lanes->sink.link(lanes->sink.data, mover->lane, mover->time, lane, placed->time,
				 LINK_MOVE);
	*mover = (struct mover){ true, placed->party, lane, placed->time };
}

static void follow_streams(struct lanes *lanes, const struct placed *placed, size_t lane)
{
	struct flight_packet sent;
	size_t i;

	for (i = 0; lane != SIZE_MAX && i < lanes->nr_flights; i++)
		if (flight_packet(lanes->flights[i], placed, lane, &sent))
			lanes->sink.link(lanes->sink.data, sent.lane, sent.time, lane,
					 placed->time, LINK_STREAM);
}

void lanes_event(struct lanes *lanes, const struct placed *placed)
{
	size_t lane;

	if (lanes->early)
		leave_early(lanes, placed->time);
	lanes->last_time = placed->time;
	lane = lane_of(lanes, placed);
	follow_move(lanes, placed, lane);
	if (take_state(lanes, placed, lane))
		return;
	follow(lanes, placed, lane);
	follow_streams(lanes, placed, lane);
	if (lane != SIZE_MAX)
		lanes->sink.point(lanes->sink.data, lane, placed);
}

void lanes_finish(struct lanes *lanes)
{
	size_t i;

	for (i = 0; i < lanes->count; i++)
		end(lanes, i, lanes->last_time);
	free(lanes->list);
	free(lanes->table);
	free(lanes->wakeups);
	free(lanes->interrupts);
	free(lanes->guest_of);
	free(lanes->movers);
	for (i = 0; i < lanes->nr_flights; i++)
		flight_free(lanes->flights[i]);
	free(lanes->flights);
	free(lanes);
}
