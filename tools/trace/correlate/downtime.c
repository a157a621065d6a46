// SPDX-License-Identifier: GPL-2.0
/*
 * How long a guest that moved from host to host did not run, and what took so long.
 *
 * The guest stops with the last exit of all of its vCPUs on the one host, and runs with the
 * first entry of any on the other one. What the stream did meanwhile, its packets tell: those
 * that were sent, on the clock of the one host, those that were received, on that of the other
 * one. Each part of the downtime but the way through the network is on one clock.
 */
#include <stdlib.h>
#include <string.h>

#include "common/array.h"
#include "correlate/axis_parts.h"
#include "correlate/downtime.h"

#define NS INT64_C(1000000000)

static struct timeline *timeline_of(const struct axis *axis, size_t host)
{
	return axis->hosts[host].timeline;
}

/* What the vCPU's counter was at a host time */
static bool guest_at(const struct host *host, size_t vcpu, uint64_t time, uint64_t *guest,
		     const struct era **found)
{
	size_t i;

	*found = NULL;
	for (i = 0; i < host->nr_eras; i++) {
		const struct era *era = &host->eras[i];

		if (era->vcpu == vcpu && (!*found || era->begin.host_time <= time))
			*found = era;
	}
	return *found && !clocktrace_guest_from_host(&(*found)->tsc, time, guest);
}

/* The vCPU of a VM that ran last, or first */
static const struct vcpu *find_end(const struct host *host, uint64_t vm_id, bool is_last)
{
	const struct vcpu *found = NULL;
	size_t i;

	for (i = 0; i < host->nr_vcpus; i++) {
		const struct vcpu *vcpu = &host->vcpus[i];

		if (vcpu->vm_id != vm_id || !stay_list_count(vcpu->stays))
			continue;
		if (!found || (is_last ? vcpu->last_exit > found->last_exit :
					 vcpu->first_entry < found->first_entry))
			found = vcpu;
	}
	return found;
}

static bool lacks_events(const struct host *host, uint64_t from, uint64_t to)
{
	const struct gap *gap = host_gap_until(host, to);

	return gap && host_gap_end(host, gap) >= from;
}

/* From one host's time to another's, in ns of the reference */
static bool measure(const struct axis *axis, size_t from, uint64_t begin, size_t to, uint64_t end,
		    int64_t *least, int64_t *most)
{
	const uint64_t hertz[2] = { timeline_of(axis, from)->frequency,
				    timeline_of(axis, to)->frequency };
	struct host_bound bounds[2];

	if (!hosts_bound(axis->bounds, from, ns_from(begin, hertz[0]), ns_to(begin, hertz[0]),
			 &bounds[0]) ||
	    !hosts_bound(axis->bounds, to, ns_from(end, hertz[1]), ns_to(end, hertz[1]),
			 &bounds[1]))
		return false;
	*least = bounds[1].earliest - bounds[0].latest;
	*most = bounds[1].latest - bounds[0].earliest;
	if (*least < 0)
		*least = 0;
	return *most >= 0;
}

static bool find_times(const struct axis *axis, struct move *move)
{
	const struct timeline *from = timeline_of(axis, move->from);
	const struct timeline *to = timeline_of(axis, move->to);
	const struct vcpu *last = find_end(from->host, move->vms[0], true);
	const struct vcpu *first = find_end(to->host, move->vms[1], false);
	struct downtime *down = &move->down;
	const struct era *era, *other;
	uint64_t since, until;
	long double hertz;

	if (!last || !first)
		return false;
	down->stop = last->last_exit;
	down->resume = first->first_entry;
	if (!guest_at(from->host, (size_t)(last - from->host->vcpus), down->stop, &down->guest[0],
		      &era) ||
	    !guest_at(to->host, (size_t)(first - to->host->vcpus), down->resume,
		      &down->guest[1], &other))
		return false;
	if (!era->tsc.ratio ||
	    !measure(axis, move->from, down->stop, move->to, down->resume, &down->least,
		     &down->most))
		return false;
	hertz = (long double)from->frequency * (long double)era->tsc.ratio /
		(long double)(UINT64_C(1) << era->tsc.frac_bits);
	down->counted = (int64_t)((long double)(int64_t)(down->guest[1] - down->guest[0]) * NS /
				  hertz);
	/* The bounds may reach beyond what a counter can say. */
	if (__builtin_add_overflow(down->stop, (uint64_t)ticks_from(down->most, from->frequency),
				   &until))
		until = UINT64_MAX;
	if (__builtin_sub_overflow(down->resume, (uint64_t)ticks_from(down->most, to->frequency),
				   &since))
		since = 0;
	down->may_lack = lacks_events(from->host, down->stop, until) ||
			 lacks_events(to->host, since, down->resume);
	return true;
}

static struct passage passage_of(const struct axis *axis, const struct move *move)
{
	const struct timeline *from = timeline_of(axis, move->from);
	const struct timeline *to = timeline_of(axis, move->to);

	return (struct passage){
		.from = move->from,
		.to = move->to,
		.first = ns_from(find_end(from->host, move->vms[0], false)->first_entry,
				 from->frequency),
		.stop = ns_from(move->down.stop, from->frequency),
		.resume = ns_to(move->down.resume, to->frequency),
		.last = ns_to(find_end(to->host, move->vms[1], true)->last_exit, to->frequency),
	};
}

void downtime_find(struct axis *axis, const struct connections *connections)
{
	const size_t room = axis->moves.count + 1;
	const struct connection **found = zalloc(room * sizeof(*found));
	struct passage *passages = zalloc(room * sizeof(*passages));
	struct move **moves = zalloc(room * sizeof(*moves));
	bool *unclear = zalloc(room * sizeof(*unclear));
	size_t i, count = 0;

	for (i = 0; i < axis->moves.count; i++) {
		struct move *move = &axis->moves.list[i];

		move->down.is_known = find_times(axis, move);
		if (!move->down.is_known)
			continue;
		moves[count] = move;
		passages[count++] = passage_of(axis, move);
	}
	connections_streams(connections, passages, count, found, unclear);
	for (i = 0; i < count; i++) {
		moves[i]->down.stream.is_unclear = unclear[i];
		moves[i]->down.stream.is_known = found[i];
		if (found[i])
			moves[i]->down.stream.connection = *found[i];
	}
	free(found);
	free(passages);
	free(moves);
	free(unclear);
}

bool stream_data(const struct stream_seen *stream, const struct event *event)
{
	struct tuple tuple;

	if (!stream->is_known || !event->packet || event->packet->protocol != PACKET_TCP ||
	    !event->packet->length)
		return false;
	return tuple_of(event->packet, &tuple) == stream->connection.sender &&
	       !memcmp(&tuple, &stream->connection.tuple, sizeof(tuple));
}

static void take_sent(struct downtime *down, const struct placed *own)
{
	const struct packet *packet = own->event->packet;
	const uint32_t next = packet->sequence + packet->length;
	struct stream_seen *stream = &down->stream;

	if (!stream->has_begun) {
		stream->has_begun = true;
		stream->begin = own->time;
		stream->next = stream->stop_next = packet->sequence;
	}
	/* What is sent again is no progress. */
	if ((int32_t)(next - stream->next) <= 0)
		return;
	if (own->time <= down->stop) {
		stream->before += next - stream->next;
		stream->stop_next = next;
	} else {
		stream->after = array_room(stream->after, stream->nr_after, sizeof(*stream->after));
		stream->after[stream->nr_after++] = (struct sent_data){ own->time, next };
	}
	stream->next = next;
}

static void take_received(struct downtime *down, const struct placed *own)
{
	const struct packet *packet = own->event->packet;
	const uint32_t next = packet->sequence + packet->length;
	struct stream_seen *stream = &down->stream;

	if (own->time > down->resume) {
		stream->goes_on = true;
		return;
	}
	if (stream->has_received && (int32_t)(next - stream->received_next) <= 0)
		return;
	stream->has_received = true;
	stream->received = own->time;
	stream->received_next = next;
}

void downtime_event(struct axis *axis, size_t host, const struct placed *own)
{
	const enum event_kind kind = own->event->kind;
	size_t i;

	if ((kind != EVENT_SENT && kind != EVENT_RECEIVED) || !own->event->packet)
		return;
	for (i = 0; i < axis->moves.count; i++) {
		struct move *move = &axis->moves.list[i];

		if (!stream_data(&move->down.stream, own->event))
			continue;
		if (kind == EVENT_SENT && host == move->from)
			take_sent(&move->down, own);
		else if (kind == EVENT_RECEIVED && host == move->to)
			take_received(&move->down, own);
	}
}

static int64_t span(const struct axis *axis, size_t host, uint64_t from, uint64_t to)
{
	return (int64_t)timeline_ns(timeline_of(axis, host), to - from);
}

bool downtime_parts(const struct axis *axis, const struct move *move,
		    struct downtime_parts *parts)
{
	const struct downtime *down = &move->down;
	const struct stream_seen *stream = &down->stream;
	const struct sent_data *last = NULL;
	size_t i;

	if (!down->is_known || !stream->is_known || !stream->has_received)
		return false;
	for (i = 0; i < stream->nr_after && !last; i++)
		if ((int32_t)(stream->after[i].next - stream->received_next) >= 0)
			last = &stream->after[i];
	/* Nothing that was sent after the stop was received before the resume. */
	if (!last)
		return false;
	*parts = (struct downtime_parts){
		.least[PART_SAVING] = span(axis, move->from, down->stop, stream->after[0].time),
		.least[PART_SENDING] = span(axis, move->from, stream->after[0].time, last->time),
		.least[PART_LOADING] = span(axis, move->to, stream->received, down->resume),
		.bytes = last->next - stream->stop_next,
	};
	memcpy(parts->most, parts->least, sizeof(parts->most));
	if (!measure(axis, move->from, last->time, move->to, stream->received,
		     &parts->least[PART_NETWORK], &parts->most[PART_NETWORK]))
		return false;
	for (i = 0; i < DOWNTIME_PARTS; i++)
		if (parts->least[i] > parts->least[parts->longest])
			parts->longest = (enum downtime_part)i;
	return true;
}
