// SPDX-License-Identifier: GPL-2.0
/*
 * Segments of TCP: which of those that a host received are of which that another host sent?
 *
 * A host that hands on a segment may cut it, and one that receives may put several together;
 * bytes stay what they are. A byte that was received was sent before, so its first
 * transmission is before any reception of it, whichever copy that is of. What has to be
 * certain is that the first transmission is the first one, and that the byte is the same one.
 *
 * Where a host has seen how a connection began and has lost no event since, all that is sent
 * in order and for the first time is known to be so, and bytes are counted from the first
 * sequence number, in 64 bits (EXACT below).
 *
 * Where it has not, or numbers are used anew after 4 GiB, a copy may have been sent that is not
 * known. Such a range is matched only if the host's trace is whole for twice the longest transit
 * before it and has no such numbers there, and if a message that is already known between the two
 * hosts proves that what was received was received so late that no earlier copy can have been on
 * its way any more (WEAK).
 *
 * In both cases acknowledgments must be equal, which tells connections apart that have the
 * same ends: of before, or of hosts behind different translators of addresses.
 */
#include <stdlib.h>

#include "packets/parts.h"

/* The most that a window can be, RFC 7323 */
#define WINDOW_MAX (UINT64_C(1) << 30)
#define WRAP (UINT64_C(1) << 32)
/* Positions begin here, so that none is negative */
#define BASE (2 * WRAP)
/* In an interval; in two of them less than what is left of a wrap-around without a window */
#define PACE_MAX ((WRAP - WINDOW_MAX) / 2)

enum relation { RELATION_NONE, RELATION_WEAK, RELATION_EXACT };

static bool are_contrary(const struct half *one, const struct half *other)
{
	return one->is_anchored && other->is_anchored && one->first != other->first;
}

static bool is_anchored(const struct view *view, int sender, enum kind kind)
{
	return view->halves[sender].is_anchored &&
	       (kind == KIND_DATA || view->halves[!sender].is_anchored);
}

/* How positions of a sender's view relate to those of a receiver's */
static enum relation relation_of(const struct view *from, const struct view *to, int sender,
				 enum kind kind)
{
	if (from->host == to->host || from->halves[sender].role != ROLE_SENDER)
		return RELATION_NONE;
	if (are_contrary(&from->halves[0], &to->halves[0]) ||
	    are_contrary(&from->halves[1], &to->halves[1]))
		return RELATION_NONE;
	if (from->halves[sender].is_exact && is_anchored(from, sender, kind) &&
	    is_anchored(to, sender, kind))
		return RELATION_EXACT;
	return RELATION_WEAK;
}

/* The latest view of the host that sent what the other one received: NULL if there is none yet,
 * or if two hosts say that they did. */
static struct view *find_sender(struct packets *packets, const struct flow *flow,
				const struct view *to, int sender, enum kind kind)
{
	struct view *view, *found = NULL;

	for (view = flow->views; view; view = view->next) {
		if (relation_of(view, to, sender, kind) == RELATION_NONE)
			continue;
		if (found && found->host != view->host) {
			packets->counts.conflicts++;
			return NULL;
		}
		if (!found)
			found = view;
	}
	return found;
}

/* Has the sender not sent so far yet? */
static bool is_ahead(const struct view *from, const struct view *to, int sender,
		     enum kind kind, const struct range *range)
{
	const struct lane *lane = &from->halves[sender].lanes[kind];

	if (!lane->begun)
		return true;
	if (relation_of(from, to, sender, kind) == RELATION_EXACT)
		return range->to > lane->next;
	return (int32_t)((uint32_t)range->to - (uint32_t)lane->next) > 0;
}

/* The last of the ranges that are sent and overlap with one that was received */
static struct range *find_overlap(const struct track *track, uint64_t from, uint64_t to,
				  uint32_t other)
{
	size_t i;

	for (i = track_before(track, to); i > 0; i--) {
		struct range *range = track_at(track, i - 1);

		if (range->to <= from)
			break;
		if (range->other == other)
			return range;
	}
	return NULL;
}

static struct range *find_weak(const struct packets *packets, const struct view *from,
			       const struct lane *lane, size_t to, const struct range *received)
{
	uint64_t length = received->to - received->from;
	uint64_t end = lane->next - ((uint32_t)lane->next - (uint32_t)received->to);
	struct range *range;

	for (; lane->track.count && end > track_at(&lane->track, 0)->from; end -= WRAP) {
		range = find_overlap(&lane->track, end - length, end, received->other);
		if (range && range->recent &&
		    message_is_recent(packets, from->host, range->time, to, received->time))
			return range;
	}
	return NULL;
}

static void match(struct packets *packets, const struct flow *flow, const struct view *to,
		  int sender, enum kind kind, const struct range *received,
		  const struct packet *packet)
{
	const struct view *newest = find_sender(packets, flow, to, sender, kind), *from;
	struct range *range = NULL;
	const struct lane *lane;

	for (from = newest; from && !range; from = from->next) {
		if (from->host != newest->host)
			continue;
		lane = &from->halves[sender].lanes[kind];
		switch (relation_of(from, to, sender, kind)) {
		case RELATION_EXACT:
			range = find_overlap(&lane->track, received->from, received->to,
					     received->other);
			break;
		case RELATION_WEAK:
			range = find_weak(packets, from, lane, to->host, received);
			break;
		case RELATION_NONE:
			break;
		}
	}
	/* Of the copies that a host received, the first one says most. */
	if (!range || range->matched == to->host + 1)
		return;
	range->matched = (uint16_t)(to->host + 1);
	message_emit(packets, newest->host, range->time, to->host, received->time, packet);
}

static bool make_room(struct packets *packets, struct flow *flow, struct track *track,
		      int64_t now)
{
	while (track->count && track_at(track, 0)->time < now - packets->kept.max_age) {
		if (!track_at(track, 0)->matched)
			packets->counts.expired++;
		track_pop(track);
		packets->nr_records--;
	}
	if (packets->nr_records < packets->kept.max_records)
		return true;
	packets->counts.expired++;
	if (track->count) {
		track_pop(track);
		packets->nr_records--;
		return true;
	}
	/* This flow was used last, and is the oldest one only if it is the only one. */
	if (flow->older)
		flows_drop_oldest(packets->flows, &packets->nr_records);
	return packets->nr_records < packets->kept.max_records;
}

static void push(struct packets *packets, struct flow *flow, struct track *track,
		 const struct range *range)
{
	if (!make_room(packets, flow, track, range->time))
		return;
	track_push(track, range);
	packets->nr_records++;
}

/* Ranges that were received and waited for the sender's packets to come */
static void settle(struct packets *packets, const struct flow *flow, struct view *to,
		   int sender, enum kind kind, const struct packet *packet)
{
	struct track *waiting = &to->halves[sender].lanes[kind].track;
	struct view *from;
	struct range range;

	while (waiting->count) {
		range = *track_at(waiting, 0);
		from = find_sender(packets, flow, to, sender, kind);
		if (!from || is_ahead(from, to, sender, kind, &range))
			return;
		track_pop(waiting);
		packets->nr_records--;
		match(packets, flow, to, sender, kind, &range, packet);
	}
}

/* Is it certain that no other range with the same numbers was sent for a while? */
static bool keep_pace(struct packets *packets, const struct view *view, struct lane *lane,
		      const struct range *range)
{
	struct pace *pace = &lane->pace;

	if (range->time <= view->since)
		return false;
	if (!pace->begun) {
		*pace = (struct pace){ true, false, range->time, range->from };
	} else if (range->time - pace->time > 2 * packets->kept.max_transit) {
		pace->was_slow = lane->next - pace->position < PACE_MAX;
		pace->time = range->time;
		pace->position = lane->next;
	}
	return pace->was_slow && range->to - pace->position < PACE_MAX;
}

static void add_sent(struct packets *packets, struct flow *flow, struct view *view, int sender,
		     enum kind kind, struct range range, const struct packet *packet)
{
	struct half *half = &view->halves[sender];
	struct lane *lane = &half->lanes[kind];
	struct view *to;

	if (!lane->begun) {
		lane->begun = true;
		lane->next = range.from;
	}
	if (range.to <= lane->next) {
		packets->counts.retransmitted++;
		return;
	}
	if (range.from < lane->next)
		range.from = lane->next;
	range.recent = keep_pace(packets, view, lane, &range);
	lane->next = range.to;
	if (half->is_exact || range.recent)
		push(packets, flow, &lane->track, &range);
	else
		packets->counts.unknown++;
	for (to = flow->views; to; to = to->next)
		if (to->host != view->host && to->halves[sender].role == ROLE_RECEIVER)
			settle(packets, flow, to, sender, kind, packet);
}

static void add_received(struct packets *packets, struct flow *flow, struct view *view,
			 int sender, enum kind kind, const struct range *range,
			 const struct packet *packet)
{
	const struct view *from = find_sender(packets, flow, view, sender, kind);

	if (from && !is_ahead(from, view, sender, kind, range))
		match(packets, flow, view, sender, kind, range, packet);
	else
		push(packets, flow, &view->halves[sender].lanes[kind].track, range);
}

static struct view *begin_view(struct packets *packets, struct flow *flow,
			       const struct sighting *seen)
{
	const struct packet_host *host = &packets->hosts[seen->host];
	struct view *view = flow_add_view(flow, seen->host, &packets->nr_records);

	view->gap = host->gap;
	view->since = seen->time > host->gap_to ? seen->time : host->gap_to;
	return view;
}

/* After a gap: the same connection, of which the host may have sent what is not known. */
static struct view *go_on(struct packets *packets, struct flow *flow, const struct view *old,
			  const struct sighting *seen)
{
	struct view *view = begin_view(packets, flow, seen);
	int i;

	view->since = packets->hosts[seen->host].gap_to;
	for (i = 0; i < 2; i++) {
		const struct half *half = &old->halves[i];

		view->halves[i] = (struct half){
			.role = half->role,
			.is_anchored = half->is_anchored,
			.first = half->first,
			.has_position = half->has_position,
			.position = half->position,
			.may_jump = true,
		};
	}
	return view;
}

static enum role first_role(const struct packets *packets, const struct sighting *seen)
{
	if (!seen->sent)
		return ROLE_RECEIVER;
	return packets_may_forward(packets, seen) ? ROLE_NONE : ROLE_SENDER;
}

static void anchor(struct half *half, uint32_t first)
{
	half->is_anchored = true;
	half->first = first;
	half->has_position = true;
	half->position = BASE + first;
}

/* The first packet of a connection, or of its second direction */
static struct view *take_syn(struct packets *packets, struct flow *flow, struct view *view,
			     const struct sighting *seen)
{
	const struct packet *packet = seen->packet;
	const bool is_answer = packet->flags & PACKET_ACK, is_plain = !packet->length;
	struct half *half = &view->halves[seen->sender], *other = &view->halves[!seen->sender];
	bool is_whole = true;

	if (half->is_anchored && half->first == packet->sequence &&
	    (!is_answer || (other->is_anchored && other->first == packet->acknowledgment - 1)))
		return view;
	if (!is_answer || half->has_position ||
	    (other->has_position && !(other->is_anchored &&
				      other->first == packet->acknowledgment - 1))) {
		view = begin_view(packets, flow, seen);
		half = &view->halves[seen->sender];
		other = &view->halves[!seen->sender];
	}
	anchor(half, packet->sequence);
	/* In a gap, and soon after it, no host is a sender: what follows is of no such begin. */
	half->role = first_role(packets, seen);
	if (is_answer) {
		/* Data that came with the SYN may have been answered before the SYN was. */
		is_whole = other->by_plain_syn;
		if (!other->is_anchored)
			anchor(other, packet->acknowledgment - 1);
	} else {
		half->by_plain_syn = is_plain;
	}
	half->is_exact = seen->sent && is_whole && is_plain;
	return view;
}

/* The position of a sequence number, near to what was seen last */
static uint64_t position_of(struct half *half, uint32_t sequence)
{
	if (!half->has_position) {
		half->has_position = true;
		half->position = BASE + sequence;
	}
	return half->position + (uint64_t)(int64_t)(int32_t)(sequence - (uint32_t)half->position);
}

/* Is this where the packet begins, or comes from elsewhere? False if it is neither. */
static bool take_role(const struct packets *packets, struct half *half,
		      const struct sighting *seen, uint64_t to)
{
	const struct lane *lane = &half->lanes[KIND_DATA];

	/* What the host received before its trace began, it may send now. */
	if (half->role == ROLE_UNKNOWN)
		half->role = seen->sent && packets_is_first(packets, seen) ?
				     ROLE_NONE : first_role(packets, seen);
	if (half->role == ROLE_SENDER && !seen->sent && lane->begun && to > lane->next)
		half->role = ROLE_NONE;
	return half->role == (seen->sent ? ROLE_SENDER : ROLE_RECEIVER);
}

/*
 * A sender begins where it has ended. If it does not, the packet is another connection's, as of
 * two networks that have the same addresses; but when a view begins, a packet that is sent
 * again may be seen first.
 */
static bool follows(struct half *half, uint64_t from)
{
	struct lane *lane = &half->lanes[KIND_DATA];

	if (lane->begun && from > lane->next && (half->is_exact || lane->track.count)) {
		half->role = ROLE_NONE;
		return false;
	}
	if (!lane->begun || from > lane->next)
		lane->next = from;
	lane->begun = true;
	return true;
}

static void take_segment(struct packets *packets, struct flow *flow, struct view *view,
			 const struct sighting *seen)
{
	const struct packet *packet = seen->packet;
	struct half *half = &view->halves[seen->sender];
	const uint64_t from = position_of(half, packet->sequence);
	const uint64_t to = from + packet->length + !!(packet->flags & PACKET_FIN);
	struct range range = { .from = from, .to = to, .time = seen->time,
			       .other = packet->acknowledgment };
	enum kind kind = KIND_DATA;

	/* No window reaches so far: the header is damaged, or another connection's. */
	if (!half->may_jump && (int64_t)(from - half->position) > (int64_t)WINDOW_MAX) {
		if (half->role == ROLE_SENDER)
			half->role = ROLE_NONE;
		return;
	}
	half->may_jump = false;
	if ((int64_t)(to - half->position) > 0)
		half->position = to;
	if (!take_role(packets, half, seen, to))
		return;
	if (seen->sent && !follows(half, from))
		return;
	if (from == to) {
		/* The sender has sent more: a probe, or what went another way on this host */
		if (seen->sent && from < half->lanes[KIND_DATA].next) {
			packets->counts.retransmitted++;
			return;
		}
		kind = KIND_ACKS;
		range.from = position_of(&view->halves[!seen->sender], packet->acknowledgment);
		range.to = range.from + 1;
		range.other = packet->sequence;
	}
	if (seen->sent)
		add_sent(packets, flow, view, seen->sender, kind, range, packet);
	else
		add_received(packets, flow, view, seen->sender, kind, &range, packet);
}

void tcp_add(struct packets *packets, const struct sighting *seen)
{
	const struct packet *packet = seen->packet;
	struct half *half;
	struct flow *flow;
	struct view *view;

	/* The numbers of a RST need not be of the connection. */
	if (packet->flags & PACKET_RST || !(packet->flags & (PACKET_SYN | PACKET_ACK)))
		return;
	flow = flows_get(packets->flows, &seen->tuple, &packets->nr_records);
	view = flow_view(flow, seen->host);
	if (!view)
		view = begin_view(packets, flow, seen);
	else if (view->gap != packets->hosts[seen->host].gap)
		view = go_on(packets, flow, view, seen);
	if (!(packet->flags & PACKET_SYN)) {
		take_segment(packets, flow, view, seen);
		return;
	}
	/* A SYN may be sent again long after the first one, of before the trace: no message. */
	view = take_syn(packets, flow, view, seen);
	half = &view->halves[seen->sender];
	if (half->role == ROLE_SENDER && !half->lanes[KIND_DATA].begun) {
		half->lanes[KIND_DATA].begun = true;
		half->lanes[KIND_DATA].next = half->position + 1 + packet->length;
	}
}
