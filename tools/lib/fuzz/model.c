// SPDX-License-Identifier: GPL-2.0
#include <string.h>

#include "model.h"

static const struct clocktrace_position beginning = { 0, 0 };
static const struct clocktrace_position end_of_time = { UINT64_MAX, UINT64_MAX };

bool model_before(struct clocktrace_position a, struct clocktrace_position b)
{
	return a.host_time < b.host_time ||
	       (a.host_time == b.host_time && a.order < b.order);
}

static bool same_position(struct clocktrace_position a,
			  struct clocktrace_position b)
{
	return a.host_time == b.host_time && a.order == b.order;
}

/*
 * The product, shifted, by long multiplication in digits of 16 bits.
 */
uint64_t model_forward(const struct clocktrace_guest_counter *tsc, uint64_t host)
{
	uint32_t digits[9] = { 0 };
	uint64_t guest = 0;
	unsigned int i, j, bit;

	for (i = 0; i < 4; i++) {
		for (j = 0; j < 4; j++) {
			uint64_t product = (host >> 16 * i & 0xffff) *
					   (tsc->ratio >> 16 * j & 0xffff);
			unsigned int at = i + j;

			while (product) {
				product += digits[at];
				digits[at++] = product & 0xffff;
				product >>= 16;
			}
		}
	}
	for (bit = 0; bit < 64; bit++) {
		unsigned int from = bit + tsc->frac_bits;

		if (digits[from / 16] >> from % 16 & 1)
			guest |= (uint64_t)1 << bit;
	}
	return guest + (uint64_t)tsc->offset;
}

static bool is_hidden(const struct clocktrace_guest_event *event)
{
	return event->flags & CLOCKTRACE_FLAG_PROTECTED;
}

static bool same_tsc(const struct clocktrace_guest_counter *a,
		     const struct clocktrace_guest_counter *b)
{
	return a->offset == b->offset && a->ratio == b->ratio &&
	       a->frac_bits == b->frac_bits;
}

static bool same_values(const struct clocktrace_guest_event *a,
			const struct clocktrace_guest_event *b)
{
	if (is_hidden(a) != is_hidden(b))
		return false;
	return is_hidden(a) || same_tsc(&a->tsc, &b->tsc);
}

static bool same_content(const struct clocktrace_guest_event *a,
			 const struct clocktrace_guest_event *b)
{
	return a->reason == b->reason && same_values(a, b);
}

/* Can the second event follow the first with nothing in between? */
static bool follows(const struct clocktrace_guest_event *a,
		    const struct clocktrace_guest_event *b)
{
	bool alive = a->reason != CLOCKTRACE_DESTROYED;

	switch (b->reason) {
	case CLOCKTRACE_CREATED:
		return !alive;
	case CLOCKTRACE_REFRESH:
	case CLOCKTRACE_DESTROYED:
		return alive && same_values(a, b);
	case CLOCKTRACE_OFFSET:
	case CLOCKTRACE_RATIO:
		break;
	}
	if (!alive || is_hidden(a) != is_hidden(b))
		return false;
	if (is_hidden(a))
		return true;
	if (a->tsc.frac_bits != b->tsc.frac_bits)
		return false;
	if (b->reason == CLOCKTRACE_OFFSET)
		return a->tsc.ratio == b->tsc.ratio &&
		       a->tsc.offset != b->tsc.offset;
	return a->tsc.ratio != b->tsc.ratio && a->tsc.offset == b->tsc.offset;
}

static void sort_events(struct model *model)
{
	struct clocktrace_guest_event *events = model->events, swap;
	size_t i, j, kept;

	for (i = 1; i < model->event_count; i++) {
		for (j = i; j && model_before(events[j].position,
					      events[j - 1].position); j--) {
			swap = events[j];
			events[j] = events[j - 1];
			events[j - 1] = swap;
		}
	}
	for (i = 0, kept = 0; i < model->event_count; i++) {
		if (kept && events[kept - 1].position.host_time ==
			    events[i].position.host_time &&
		    same_content(&events[kept - 1], &events[i]))
			model->duplicates++;
		else
			events[kept++] = events[i];
	}
	model->event_count = kept;
}

static bool contradict(struct clocktrace_position a,
		       struct clocktrace_position b)
{
	return model_before(a, b) ? a.order > b.order : a.order < b.order;
}

/* Compare all with all. */
static enum model_verdict check_order(const struct model *model)
{
	const struct clocktrace_guest_event *events = model->events;
	struct clocktrace_position edges[2 * MODEL_GAPS];
	size_t i, j, edge_count = 0;

	for (i = 0; i < model->event_count; i++) {
		for (j = 0; j < i; j++) {
			if (same_position(events[i].position,
					  events[j].position)) {
				if (!same_content(&events[i], &events[j]))
					return MODEL_CONFLICT;
			} else if (events[i].position.order ==
				   events[j].position.order ||
				   contradict(events[i].position,
					      events[j].position)) {
				return MODEL_CONFLICT;
			}
		}
	}
	for (i = 0; i < model->gap_count; i++) {
		edges[edge_count++] = model->gaps[i].from;
		edges[edge_count++] = model->gaps[i].to;
	}
	for (i = 0; i < edge_count; i++) {
		for (j = 0; j < model->event_count; j++)
			if (contradict(edges[i], events[j].position))
				return MODEL_EITHER;
		for (j = 0; j < i; j++)
			if (contradict(edges[i], edges[j]))
				return MODEL_EITHER;
	}
	return MODEL_CONSISTENT;
}

static struct clocktrace_span no_values(enum clocktrace_certainty certainty)
{
	return (struct clocktrace_span){ .certainty = certainty };
}

static struct clocktrace_span one_set(const struct clocktrace_guest_event *event,
				      enum clocktrace_certainty certainty)
{
	struct clocktrace_span span = {
		.certainty = certainty, .alternatives = 1,
	};

	if (is_hidden(event))
		return no_values(CLOCKTRACE_HIDDEN);
	span.tsc[0] = event->tsc;
	return span;
}

/* What the event says of the time before it */
static struct clocktrace_span told_before(const struct clocktrace_guest_event *event,
					  enum clocktrace_certainty certainty)
{
	if (event->reason == CLOCKTRACE_CREATED)
		return no_values(CLOCKTRACE_NO_VCPU);
	if (event->reason == CLOCKTRACE_REFRESH ||
	    event->reason == CLOCKTRACE_DESTROYED)
		return one_set(event, certainty);
	return no_values(CLOCKTRACE_UNTOLD);
}

static struct clocktrace_span told_after(const struct clocktrace_guest_event *event,
					 enum clocktrace_certainty certainty)
{
	if (event->reason == CLOCKTRACE_DESTROYED)
		return no_values(CLOCKTRACE_NO_VCPU);
	return one_set(event, certainty);
}

/* Something changed unseen between two events */
static struct clocktrace_span guess(const struct clocktrace_guest_event *a,
				    const struct clocktrace_guest_event *b)
{
	struct clocktrace_span left = told_after(a, CLOCKTRACE_GUESSED);
	struct clocktrace_span right = told_before(b, CLOCKTRACE_GUESSED);

	if (left.alternatives && right.alternatives) {
		left.tsc[1] = right.tsc[0];
		left.alternatives = 2;
		return left;
	}
	if (left.alternatives)
		return left;
	if (right.alternatives)
		return right;
	if (left.certainty == CLOCKTRACE_HIDDEN ||
	    right.certainty == CLOCKTRACE_HIDDEN)
		return no_values(CLOCKTRACE_HIDDEN);
	return no_values(CLOCKTRACE_UNTOLD);
}

/* What is in force from a position on, whatever it was before */
static struct clocktrace_span state_at(const struct model *model,
				       struct clocktrace_position at)
{
	const struct clocktrace_guest_event *a = NULL, *b = NULL;
	struct clocktrace_position begin, end, from, to;
	bool lossy = false;
	size_t i;

	for (i = 0; i < model->event_count && !b; i++) {
		if (model_before(at, model->events[i].position))
			b = &model->events[i];
		else
			a = &model->events[i];
	}
	begin = a ? a->position : beginning;
	end = b ? b->position : end_of_time;
	from = end;
	to = begin;
	for (i = 0; i < model->gap_count; i++) {
		const struct model_gap *gap = &model->gaps[i];

		if (!model_before(gap->from, end) || !model_before(begin, gap->to) ||
		    same_position(gap->from, gap->to))
			continue;
		lossy = true;
		if (model_before(gap->from, from))
			from = gap->from;
		if (model_before(to, gap->to))
			to = gap->to;
	}

	if (!a)
		return told_before(b, lossy && !model_before(at, to) ?
				   CLOCKTRACE_KNOWN : CLOCKTRACE_ASSUMED);
	if (b && !follows(a, b)) {
		if (!lossy)
			return guess(a, b);
		if (model_before(at, from))
			return told_after(a, CLOCKTRACE_KNOWN);
		if (model_before(at, to))
			return guess(a, b);
		return told_before(b, CLOCKTRACE_KNOWN);
	}
	if (!lossy || model_before(at, from))
		return told_after(a, CLOCKTRACE_KNOWN);
	if (!model_before(at, to) && b && (b->reason == CLOCKTRACE_REFRESH ||
					   b->reason == CLOCKTRACE_DESTROYED))
		return told_after(a, CLOCKTRACE_KNOWN);
	return told_after(a, CLOCKTRACE_ASSUMED);
}

static bool same_state(const struct clocktrace_span *a,
		       const struct clocktrace_span *b)
{
	unsigned int i;

	if (a->certainty != b->certainty || a->alternatives != b->alternatives)
		return false;
	for (i = 0; i < a->alternatives; i++)
		if (!same_tsc(&a->tsc[i], &b->tsc[i]))
			return false;
	return true;
}

static void build_spans(struct model *model)
{
	struct clocktrace_position edges[MODEL_EVENTS + 2 * MODEL_GAPS + 1];
	struct clocktrace_position swap;
	size_t count = 0, i, j;

	edges[count++] = beginning;
	for (i = 0; i < model->event_count; i++)
		edges[count++] = model->events[i].position;
	for (i = 0; i < model->gap_count; i++) {
		edges[count++] = model->gaps[i].from;
		edges[count++] = model->gaps[i].to;
	}
	for (i = 0; i < count; i++) {
		for (j = i + 1; j < count; j++) {
			if (model_before(edges[j], edges[i])) {
				swap = edges[i];
				edges[i] = edges[j];
				edges[j] = swap;
			}
		}
	}
	model->span_count = 0;
	for (i = 0; i < count; i++) {
		struct clocktrace_span state;

		if (same_position(edges[i], end_of_time))
			break;
		state = state_at(model, edges[i]);
		state.begin = edges[i];
		state.end = end_of_time;
		if (model->span_count) {
			struct clocktrace_span *last =
				&model->spans[model->span_count - 1];

			if (same_position(last->begin, edges[i]) ||
			    same_state(last, &state))
				continue;
			last->end = edges[i];
		}
		model->spans[model->span_count++] = state;
	}
}

static void find_anomalies(struct model *model)
{
	size_t i, j;

	model->anomaly_count = 0;
	for (i = 1; i < model->event_count; i++) {
		const struct clocktrace_guest_event *a = &model->events[i - 1];
		const struct clocktrace_guest_event *b = &model->events[i];
		struct clocktrace_anomaly *anomaly;

		if (follows(a, b))
			continue;
		anomaly = &model->anomalies[model->anomaly_count++];
		anomaly->kind = CLOCKTRACE_LOST_CHANGE;
		if (b->reason == CLOCKTRACE_CREATED)
			anomaly->kind = CLOCKTRACE_LOST_DESTRUCTION;
		if (a->reason == CLOCKTRACE_DESTROYED)
			anomaly->kind = CLOCKTRACE_LOST_CREATION;
		anomaly->from = a->position;
		anomaly->to = b->position;
		anomaly->announced = false;
		for (j = 0; j < model->gap_count; j++)
			if (!same_position(model->gaps[j].from,
					   model->gaps[j].to) &&
			    model_before(model->gaps[j].from, b->position) &&
			    model_before(a->position, model->gaps[j].to))
				anomaly->announced = true;
	}
}

enum model_verdict model_build(struct model *model)
{
	enum model_verdict verdict = check_order(model);

	sort_events(model);
	if (verdict == MODEL_CONSISTENT) {
		build_spans(model);
		find_anomalies(model);
	}
	return verdict;
}
