// SPDX-License-Identifier: GPL-2.0
/*
 * From the events of a vCPU to the spans of its life.
 *
 * An event tells what holds after it and, more or less, what held before it: a
 * refresh tells all of it, a change of the offset that the ratio was the same
 * and the offset was not.  Between two events, both sides are compared:
 *
 *			they agree		they do not
 *   no gap announced	known			guessed from end to end
 *   before the gap	known			known, as the first event says
 *   in the gap		assumed			guessed
 *   after the gap	known if the second	known if the second
 *			event tells it,		event tells it, else untold
 *			else assumed
 *
 * Several gaps between two events count as one from the first's beginning to
 * the last's end.  What lies before the first event is a gap until told
 * otherwise.
 */
#include <stdlib.h>
#include <string.h>

#include "internal.h"

/* What one of the two events beside a gap says of it */
enum claim {
	SAYS_NOTHING,
	SAYS_ABSENT,
	SAYS_VALUES,
	/* Only on the far side: the offset, or the ratio, was another one */
	SAYS_OTHER_OFFSET,
	SAYS_OTHER_RATIO,
};

struct side {
	enum claim claim;
	uint32_t record;
};

struct builder {
	const struct records *records;
	const struct gaps *gaps;
	size_t gap;
	struct spans *spans;
};

static bool is_protected(const struct record *record)
{
	return record->flags & CLOCKTRACE_FLAG_PROTECTED;
}

static bool same_span(const struct builder *builder, const struct span *a,
		      const struct span *b)
{
	const struct record *list = builder->records->list;
	unsigned int i;

	if (a->certainty != b->certainty || a->alternatives != b->alternatives)
		return false;
	for (i = 0; i < a->alternatives; i++)
		if (!tsc_equal(&list[a->record[i]].tsc, &list[b->record[i]].tsc))
			return false;
	return true;
}

/*
 * Add the span from a position on, unless it is empty or goes on with what the
 * one before it says.
 */
static enum clocktrace_status append(struct builder *builder,
				     struct clocktrace_position begin,
				     struct clocktrace_position end,
				     struct span span)
{
	struct spans *spans = builder->spans;
	const struct span *before;

	if (position_compare(begin, end) >= 0)
		return CLOCKTRACE_OK;
	if (begin.order > end.order)
		return CLOCKTRACE_CONFLICT;
	span.begin = begin;
	if (spans->count) {
		before = &spans->list[spans->count - 1];
		if (same_span(builder, before, &span))
			return CLOCKTRACE_OK;
		span.known_before = before->known_before +
				    (before->certainty == CLOCKTRACE_KNOWN);
		span.untold_before = before->untold_before +
				     (before->certainty == CLOCKTRACE_UNTOLD);
		span.hidden_before = before->hidden_before +
				     (before->certainty == CLOCKTRACE_HIDDEN);
		span.absent_before = before->absent_before +
				     (before->certainty == CLOCKTRACE_NO_VCPU);
	}
	if (!make_room((void **)&spans->list, &spans->room, spans->count + 1,
		       sizeof(*spans->list)))
		return CLOCKTRACE_NOMEM;
	spans->list[spans->count++] = span;
	return CLOCKTRACE_OK;
}

/* A span in which what one side says holds, as certainly as given */
static struct span span_of(const struct builder *builder, struct side side,
			   enum clocktrace_certainty certainty)
{
	struct span span = { .certainty = CLOCKTRACE_UNTOLD };

	if (side.claim == SAYS_ABSENT) {
		span.certainty = CLOCKTRACE_NO_VCPU;
	} else if (side.claim == SAYS_VALUES) {
		if (is_protected(&builder->records->list[side.record])) {
			span.certainty = CLOCKTRACE_HIDDEN;
		} else {
			span.certainty = certainty;
			span.alternatives = 1;
			span.record[0] = side.record;
		}
	}
	return span;
}

/* A span in which what one side says was replaced by what the other says */
static struct span guessed_span(const struct builder *builder,
				struct side near, struct side far)
{
	struct span first = span_of(builder, near, CLOCKTRACE_GUESSED);
	struct span second = span_of(builder, far, CLOCKTRACE_GUESSED);

	if (!first.alternatives) {
		/* Absence is no bound on what the guest may have read. */
		if (!second.alternatives && second.certainty != CLOCKTRACE_HIDDEN)
			second.certainty = first.certainty == CLOCKTRACE_HIDDEN ?
					   CLOCKTRACE_HIDDEN : CLOCKTRACE_UNTOLD;
		return second;
	}
	if (second.alternatives)
		first.record[first.alternatives++] = second.record[0];
	return first;
}

static bool agree(const struct builder *builder, struct side near,
		  struct side far)
{
	const struct record *a, *b;

	if (near.claim == SAYS_NOTHING || far.claim == SAYS_NOTHING)
		return true;
	if (near.claim == SAYS_ABSENT || far.claim == SAYS_ABSENT)
		return near.claim == far.claim;

	a = &builder->records->list[near.record];
	b = &builder->records->list[far.record];
	if (far.claim == SAYS_VALUES)
		return tsc_equal(&a->tsc, &b->tsc);
	if (is_protected(a) || is_protected(b))
		return is_protected(a) && is_protected(b);
	if (a->tsc.frac_bits != b->tsc.frac_bits)
		return false;
	if (far.claim == SAYS_OTHER_OFFSET)
		return a->tsc.ratio == b->tsc.ratio &&
		       a->tsc.offset != b->tsc.offset;
	return a->tsc.ratio != b->tsc.ratio && a->tsc.offset == b->tsc.offset;
}

static enum clocktrace_status note_anomaly(struct spans *spans,
					   struct side near, struct side far,
					   struct clocktrace_anomaly anomaly)
{
	if (near.claim == SAYS_ABSENT)
		anomaly.kind = CLOCKTRACE_LOST_CREATION;
	else if (far.claim == SAYS_ABSENT)
		anomaly.kind = CLOCKTRACE_LOST_DESTRUCTION;
	else
		anomaly.kind = CLOCKTRACE_LOST_CHANGE;
	if (!make_room((void **)&spans->anomalies, &spans->anomaly_room,
		       spans->anomaly_count + 1, sizeof(*spans->anomalies)))
		return CLOCKTRACE_NOMEM;
	spans->anomalies[spans->anomaly_count++] = anomaly;
	return CLOCKTRACE_OK;
}

/*
 * The hull of the announced gaps between two positions.  They come in order,
 * as do the calls, so each gap is passed once.
 */
static bool gap_between(struct builder *builder,
			struct clocktrace_position begin,
			struct clocktrace_position end, struct gap *hull)
{
	const struct gaps *gaps = builder->gaps;
	bool found = false;

	while (builder->gap < gaps->count) {
		const struct gap *gap = &gaps->list[builder->gap];

		if (position_compare(gap->from, end) >= 0)
			break;
		if (position_compare(gap->to, begin) > 0) {
			if (!found) {
				hull->from = gap->from;
				if (position_compare(hull->from, begin) < 0)
					hull->from = begin;
			}
			hull->to = gap->to;
			found = true;
			/* It goes on behind the event: keep it for the next. */
			if (position_compare(gap->to, end) > 0) {
				hull->to = end;
				break;
			}
		}
		builder->gap++;
	}
	return found;
}

/* The spans between two events */
static enum clocktrace_status append_between(struct builder *builder,
					     struct clocktrace_position begin,
					     struct side near,
					     struct clocktrace_position end,
					     struct side far)
{
	bool agreed = agree(builder, near, far);
	enum clocktrace_status status;
	struct span before, within, after;
	struct gap gap = { begin, end };
	bool announced = gap_between(builder, begin, end, &gap);

	if (!agreed) {
		struct clocktrace_anomaly anomaly = {
			.announced = announced, .from = begin, .to = end,
		};

		status = note_anomaly(builder->spans, near, far, anomaly);
		if (status)
			return status;
	}

	if (near.claim == SAYS_NOTHING) {
		before = span_of(builder, far, CLOCKTRACE_ASSUMED);
		within = before;
		after = span_of(builder, far, CLOCKTRACE_KNOWN);
	} else if (!agreed) {
		before = span_of(builder, near, CLOCKTRACE_KNOWN);
		within = guessed_span(builder, near, far);
		after = span_of(builder, far, CLOCKTRACE_KNOWN);
	} else {
		before = span_of(builder, near, CLOCKTRACE_KNOWN);
		within = span_of(builder, near, CLOCKTRACE_ASSUMED);
		after = far.claim == SAYS_VALUES ? before : within;
		if (!announced)
			within = before;
	}

	status = append(builder, begin, gap.from, before);
	if (!status)
		status = append(builder, gap.from, gap.to, within);
	if (!status)
		status = append(builder, gap.to, end, after);
	return status;
}

static struct side before_record(const struct records *records, uint32_t i)
{
	static const enum claim claims[] = {
		[CLOCKTRACE_CREATED] = SAYS_ABSENT,
		[CLOCKTRACE_OFFSET] = SAYS_OTHER_OFFSET,
		[CLOCKTRACE_RATIO] = SAYS_OTHER_RATIO,
		[CLOCKTRACE_REFRESH] = SAYS_VALUES,
		[CLOCKTRACE_DESTROYED] = SAYS_VALUES,
	};

	return (struct side){ claims[records->list[i].reason], i };
}

static struct side after_record(const struct records *records, uint32_t i)
{
	if (records->list[i].reason == CLOCKTRACE_DESTROYED)
		return (struct side){ SAYS_ABSENT, i };
	return (struct side){ SAYS_VALUES, i };
}

/*
 * Build the spans and anomalies of sorted records and gaps.  Positions that
 * contradict each other give CLOCKTRACE_CONFLICT, with the record at or after
 * the contradiction.
 */
enum clocktrace_status spans_build(const struct records *records,
				   const struct gaps *gaps,
				   struct spans *spans, size_t *offender)
{
	struct builder builder = {
		.records = records, .gaps = gaps, .spans = spans,
	};
	struct side near = { SAYS_NOTHING, 0 };
	struct clocktrace_position begin = { 0, 0 };
	enum clocktrace_status status;
	uint32_t i;

	for (i = 0; i < records->count; i++) {
		struct clocktrace_position end = records->list[i].position;

		*offender = i;
		status = append_between(&builder, begin, near, end,
					before_record(records, i));
		if (status)
			return status;
		begin = end;
		near = after_record(records, i);
	}
	return append_between(&builder, begin, near, POSITION_MAX,
			      (struct side){ SAYS_NOTHING, 0 });
}

void spans_free(struct spans *spans)
{
	free(spans->list);
	free(spans->anomalies);
	memset(spans, 0, sizeof(*spans));
}

struct clocktrace_position span_end(const struct spans *spans, size_t i)
{
	return i + 1 < spans->count ? spans->list[i + 1].begin : POSITION_MAX;
}
