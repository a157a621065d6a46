// SPDX-License-Identifier: GPL-2.0
/*
 * What a picture shows of guests that go from host to host: when they do not run, and packets
 * of the stream by which they go.
 */
#include <stdlib.h>

#include "common/array.h"
#include "writers/flights.h"

/* Packets that are on their way at once; of more, the first ones are forgotten. */
#define ON_THE_WAY 256
/* At most so many packets in a second are shown, and more while the guest does not run. */
#define PER_SECOND 1000
#define PER_SECOND_DOWN 10000

struct sent_packet {
	struct flight_packet where;
	uint32_t next;
};

struct flight {
	const struct timeline *timeline;
	const struct move *move;
	/* Parties of the two hosts */
	size_t homes[2];
	bool is_down;
	bool is_over;
	bool has_sent;
	uint64_t last_sent;
	/* A ring */
	struct sent_packet sent[ON_THE_WAY];
	size_t first;
	size_t count;
};

/* The party of the host with that number */
static size_t home_of(const struct timeline *timeline, size_t host)
{
	size_t i;

	for (i = 0; i < timeline->nr_parties; i++)
		if (timeline->parties[i].is_host && !host--)
			return i;
	return SIZE_MAX;
}

struct flight *flight_new(const struct timeline *timeline, const struct move *move)
{
	struct flight *flight = zalloc(sizeof(*flight));

	flight->timeline = timeline;
	flight->move = move;
	flight->homes[0] = home_of(timeline, move->from);
	flight->homes[1] = home_of(timeline, move->to);
	flight->is_over = !move->down.is_known;
	return flight;
}

bool flight_is_of(const struct flight *flight, size_t home, const struct vcpu *vcpu)
{
	return home == flight->homes[0] && vcpu->vm_id == flight->move->vms[0];
}

enum flight_change flight_change(struct flight *flight, const struct placed *placed)
{
	const struct downtime *down = &flight->move->down;
	const struct timeline *timeline = flight->timeline;
	uint64_t resolution;

	if (flight->is_over || !placed->vcpu)
		return FLIGHT_NONE;
	if (placed->party == flight->homes[0] && placed->event->kind == EVENT_EXIT &&
	    !flight->is_down && placed->vcpu->vm_id == flight->move->vms[0]) {
		resolution = timeline->parties[placed->party].host->resolution;
		flight->is_down = placed->own_time + resolution == down->stop;
		return flight->is_down ? FLIGHT_STOPS : FLIGHT_NONE;
	}
	if (placed->party != flight->homes[1] || placed->event->kind != EVENT_ENTRY ||
	    placed->own_time != down->resume || placed->vcpu->vm_id != flight->move->vms[1])
		return FLIGHT_NONE;
	flight->is_over = true;
	return FLIGHT_RUNS;
}

static void send(struct flight *flight, const struct placed *placed, size_t lane)
{
	const struct packet *packet = placed->event->packet;
	const uint64_t per_second = flight->is_down ? PER_SECOND_DOWN : PER_SECOND;

	if (flight->has_sent &&
	    placed->time - flight->last_sent < flight->timeline->frequency / per_second)
		return;
	flight->has_sent = true;
	flight->last_sent = placed->time;
	if (flight->count == ON_THE_WAY) {
		flight->first++;
		flight->count--;
	}
	flight->sent[(flight->first + flight->count++) % ON_THE_WAY] = (struct sent_packet){
		{ lane, placed->time }, packet->sequence + packet->length,
	};
}

/* What was sent may arrive in parts: with the last one it is there. */
static bool receive(struct flight *flight, const struct packet *packet,
		    struct flight_packet *sent)
{
	const uint32_t next = packet->sequence + packet->length;
	bool found = false;

	while (flight->count) {
		const struct sent_packet *one = &flight->sent[flight->first % ON_THE_WAY];

		if ((int32_t)(one->next - next) > 0)
			break;
		if ((int32_t)(one->next - packet->sequence) > 0) {
			*sent = one->where;
			found = true;
		}
		flight->first++;
		flight->count--;
	}
	return found;
}

bool flight_packet(struct flight *flight, const struct placed *placed, size_t lane,
		   struct flight_packet *sent)
{
	const struct event *event = placed->event;

	if ((event->kind != EVENT_SENT && event->kind != EVENT_RECEIVED) ||
	    !stream_data(&flight->move->down.stream, event))
		return false;
	if (event->kind == EVENT_SENT && placed->party == flight->homes[0])
		send(flight, placed, lane);
	if (event->kind == EVENT_RECEIVED && placed->party == flight->homes[1])
		return receive(flight, event->packet, sent);
	return false;
}

void flight_free(struct flight *flight)
{
	free(flight);
}
