// SPDX-License-Identifier: GPL-2.0
/*
 * Questions to the history of a vCPU.
 */
#include "internal.h"

static bool is_committed(const struct clocktrace_vcpu *vcpu)
{
	return guests_committed(vcpu->guests);
}

/* The last span that begins at or before a host time; the first begins at 0. */
static size_t span_at_host(const struct spans *spans, uint64_t host_time)
{
	size_t low = 0, high = spans->count;

	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;

		clocktrace_count_step();
		if (spans->list[middle].begin.host_time <= host_time)
			low = middle;
		else
			high = middle;
	}
	return low;
}

static size_t span_at_order(const struct spans *spans, uint64_t order)
{
	size_t low = 0, high = spans->count;

	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;

		clocktrace_count_step();
		if (spans->list[middle].begin.order <= order)
			low = middle;
		else
			high = middle;
	}
	return low;
}

/* The first span that holds for a host time: its end is part of it. */
static size_t span_until_host(const struct spans *spans, uint64_t host_time)
{
	/* The last span that begins before the time, if one does */
	return host_time ? span_at_host(spans, host_time - 1) : 0;
}

static const struct clocktrace_guest_counter *
span_tsc(const struct clocktrace_vcpu *vcpu, size_t i, unsigned int alternative)
{
	uint32_t record = vcpu->spans.list[i].record[alternative];

	return &vcpu->records.list[record].tsc;
}

static void tell_span(const struct clocktrace_vcpu *vcpu, size_t i,
		      struct clocktrace_span *told)
{
	const struct span *span = &vcpu->spans.list[i];
	unsigned int j;

	*told = (struct clocktrace_span){
		.begin = span->begin,
		.end = span_end(&vcpu->spans, i),
		.certainty = span->certainty,
		.alternatives = span->alternatives,
	};
	for (j = 0; j < span->alternatives; j++)
		told->tsc[j] = *span_tsc(vcpu, i, j);
}

enum clocktrace_status
clocktrace_vcpu_info(const struct clocktrace_vcpu *vcpu,
		     struct clocktrace_vcpu_info *info)
{
	const struct records *records = &vcpu->records;

	if (!is_committed(vcpu))
		return CLOCKTRACE_UNCOMMITTED;
	*info = (struct clocktrace_vcpu_info){
		.vm_id = vcpu->vm_id,
		.vm_pid = vcpu->vm_pid,
		.vcpu_id = vcpu->vcpu_id,
		.first = records->list[0].position,
		.last = records->list[records->count - 1].position,
		.events = records->count,
		.duplicates = vcpu->duplicates,
		.spans = vcpu->spans.count,
		.anomalies = vcpu->spans.anomaly_count,
	};
	return CLOCKTRACE_OK;
}

enum clocktrace_status
clocktrace_vcpu_span(const struct clocktrace_vcpu *vcpu, size_t index,
		     struct clocktrace_span *span)
{
	if (!is_committed(vcpu))
		return CLOCKTRACE_UNCOMMITTED;
	if (index >= vcpu->spans.count)
		return CLOCKTRACE_NONE;
	tell_span(vcpu, index, span);
	return CLOCKTRACE_OK;
}

enum clocktrace_status
clocktrace_vcpu_anomaly(const struct clocktrace_vcpu *vcpu, size_t index,
			struct clocktrace_anomaly *anomaly)
{
	if (!is_committed(vcpu))
		return CLOCKTRACE_UNCOMMITTED;
	if (index >= vcpu->spans.anomaly_count)
		return CLOCKTRACE_NONE;
	*anomaly = vcpu->spans.anomalies[index];
	return CLOCKTRACE_OK;
}

enum clocktrace_status
clocktrace_vcpu_at_host(const struct clocktrace_vcpu *vcpu, uint64_t host_time,
			struct clocktrace_span *span)
{
	if (!is_committed(vcpu))
		return CLOCKTRACE_UNCOMMITTED;
	tell_span(vcpu, span_at_host(&vcpu->spans, host_time), span);
	return CLOCKTRACE_OK;
}

enum clocktrace_status
clocktrace_vcpu_at_order(const struct clocktrace_vcpu *vcpu, uint64_t order,
			 struct clocktrace_span *span)
{
	if (!is_committed(vcpu))
		return CLOCKTRACE_UNCOMMITTED;
	tell_span(vcpu, span_at_order(&vcpu->spans, order), span);
	return CLOCKTRACE_OK;
}

enum clocktrace_status
clocktrace_vcpu_to_guest(const struct clocktrace_vcpu *vcpu, uint64_t host_time,
			 uint64_t *guest, enum clocktrace_certainty *certainty)
{
	const struct span *span;
	size_t i;

	if (!is_committed(vcpu))
		return CLOCKTRACE_UNCOMMITTED;
	i = span_at_host(&vcpu->spans, host_time);
	span = &vcpu->spans.list[i];
	switch (span->certainty) {
	case CLOCKTRACE_GUESSED:
		return CLOCKTRACE_UNCERTAIN;
	case CLOCKTRACE_UNTOLD:
		return CLOCKTRACE_UNKNOWN;
	case CLOCKTRACE_HIDDEN:
		return CLOCKTRACE_PROTECTED;
	case CLOCKTRACE_NO_VCPU:
		return CLOCKTRACE_ABSENT;
	}
	if (certainty)
		*certainty = span->certainty;
	return clocktrace_guest_from_host(span_tsc(vcpu, i, 0), host_time,
					  guest);
}

/* The spans that a window meets, or that there are none */
static bool spans_in(const struct spans *spans, struct clocktrace_window window,
		     size_t *first, size_t *last)
{
	size_t first_by_order = 0, last_by_order;

	/* Order 0 shuts nothing out, not even what came before the trace. */
	if (window.begin.order)
		first_by_order = span_at_order(spans, window.begin.order);
	last_by_order = span_at_order(spans, window.end.order);
	*first = span_until_host(spans, window.begin.host_time);
	*last = span_at_host(spans, window.end.host_time);
	if (*first < first_by_order)
		*first = first_by_order;
	if (*last > last_by_order)
		*last = last_by_order;
	return *first <= *last;
}

enum clocktrace_status
clocktrace_vcpu_find(const struct clocktrace_vcpu *vcpu, uint64_t guest,
		     struct clocktrace_window window,
		     struct clocktrace_cursor *cursor)
{
	const struct spans *spans = &vcpu->spans;
	size_t known, untold, hidden, absent;
	const struct span *begin, *end;
	size_t first, last;

	if (!is_committed(vcpu))
		return CLOCKTRACE_UNCOMMITTED;
	if (window.begin.host_time > window.end.host_time ||
	    window.begin.order > window.end.order)
		return CLOCKTRACE_INVALID;
	if (!spans_in(spans, window, &first, &last))
		return CLOCKTRACE_NONE;

	begin = &spans->list[first];
	end = &spans->list[last];
	known = end->known_before - begin->known_before +
		(end->certainty == CLOCKTRACE_KNOWN);
	untold = end->untold_before - begin->untold_before +
		 (end->certainty == CLOCKTRACE_UNTOLD);
	hidden = end->hidden_before - begin->hidden_before +
		 (end->certainty == CLOCKTRACE_HIDDEN);
	absent = end->absent_before - begin->absent_before +
		 (end->certainty == CLOCKTRACE_NO_VCPU);
	if (untold + hidden + absent == last - first + 1) {
		if (hidden)
			return CLOCKTRACE_PROTECTED;
		return untold ? CLOCKTRACE_UNKNOWN : CLOCKTRACE_ABSENT;
	}

	*cursor = (struct clocktrace_cursor){
		.complete = known + absent == last - first + 1,
		.vcpu = vcpu,
		.guest = guest,
		.limits = { window.begin.host_time, window.end.host_time },
		.span = first,
		.last_span = last,
	};
	return CLOCKTRACE_OK;
}

/* The host times that are both in a span and in the window */
static bool limits_in_span(const struct clocktrace_cursor *cursor, size_t i,
			   struct clocktrace_ticks *limits)
{
	const struct spans *spans = &cursor->vcpu->spans;

	limits->first = spans->list[i].begin.host_time;
	limits->last = span_end(spans, i).host_time;
	if (limits->first < cursor->limits.first)
		limits->first = cursor->limits.first;
	if (limits->last > cursor->limits.last)
		limits->last = cursor->limits.last;
	return limits->first <= limits->last;
}

static struct clocktrace_match match_of(const struct clocktrace_cursor *cursor,
					size_t i, unsigned int alternative,
					struct clocktrace_ticks host)
{
	const struct span *span = &cursor->vcpu->spans.list[i];

	return (struct clocktrace_match){
		.host = host,
		.tsc = *span_tsc(cursor->vcpu, i, alternative),
		.certainty = span->certainty,
		.begin = span->begin,
	};
}

/* The next match in the cursor's span: the earliest of its sets of values */
static bool next_in_span(struct clocktrace_cursor *cursor,
			 struct clocktrace_match *match)
{
	const struct span *span = &cursor->vcpu->spans.list[cursor->span];
	struct clocktrace_ticks limits, window, host, best = { 0 };
	unsigned int j, chosen = 2;

	if (!limits_in_span(cursor, cursor->span, &limits))
		return false;
	for (j = 0; j < span->alternatives; j++) {
		if (cursor->done[j])
			continue;
		window = limits;
		if (window.first < cursor->next[j])
			window.first = cursor->next[j];
		if (clocktrace_host_first(span_tsc(cursor->vcpu, cursor->span, j),
					  cursor->guest, window, &host)) {
			cursor->done[j] = true;
		} else if (chosen == 2 || host.first < best.first) {
			chosen = j;
			best = host;
		}
	}
	if (chosen == 2)
		return false;
	if (best.last == limits.last)
		cursor->done[chosen] = true;
	else
		cursor->next[chosen] = best.last + 1;
	*match = match_of(cursor, cursor->span, chosen, best);
	return true;
}

enum clocktrace_status clocktrace_cursor_next(struct clocktrace_cursor *cursor,
					      struct clocktrace_match *match)
{
	while (cursor->span <= cursor->last_span) {
		if (next_in_span(cursor, match))
			return CLOCKTRACE_OK;
		cursor->span++;
		cursor->done[0] = false;
		cursor->done[1] = false;
		if (cursor->span <= cursor->last_span)
			cursor->span = guest_index_next(&cursor->vcpu->index,
							cursor->guest,
							cursor->span);
	}
	return CLOCKTRACE_NONE;
}

enum clocktrace_status
clocktrace_vcpu_to_host(const struct clocktrace_vcpu *vcpu, uint64_t guest,
			struct clocktrace_window window,
			struct clocktrace_match *match)
{
	struct clocktrace_cursor cursor;
	struct clocktrace_match another;
	enum clocktrace_status status;

	status = clocktrace_vcpu_find(vcpu, guest, window, &cursor);
	if (!status)
		status = clocktrace_cursor_next(&cursor, match);
	if (status)
		return status;
	while (!clocktrace_cursor_next(&cursor, &another)) {
		if (another.host.first != match->host.first ||
		    another.host.last != match->host.last)
			return CLOCKTRACE_AMBIGUOUS;
		/* Another set of values that gives the same host times */
		if (another.certainty > match->certainty)
			match->certainty = another.certainty;
	}
	return CLOCKTRACE_OK;
}

/* The last match in a span: the latest of its sets of values */
static bool last_in_span(const struct clocktrace_cursor *cursor, size_t i,
			 struct clocktrace_match *match)
{
	const struct span *span = &cursor->vcpu->spans.list[i];
	struct clocktrace_ticks limits, host;
	bool found = false;
	unsigned int j;

	if (!limits_in_span(cursor, i, &limits))
		return false;
	for (j = 0; j < span->alternatives; j++) {
		if (clocktrace_host_last(span_tsc(cursor->vcpu, i, j),
					 cursor->guest, limits, &host))
			continue;
		if (found && host.last <= match->host.last)
			continue;
		*match = match_of(cursor, i, j, host);
		found = true;
	}
	return found;
}

/* The last match of a fresh cursor */
static bool last_match(const struct clocktrace_cursor *cursor,
		       struct clocktrace_match *match)
{
	size_t i = cursor->last_span;

	while (!last_in_span(cursor, i, match)) {
		if (i == cursor->span)
			return false;
		i = guest_index_previous(&cursor->vcpu->index, cursor->guest,
					 i - 1);
		if (i == INDEX_NONE || i < cursor->span)
			return false;
	}
	return true;
}

/*
 * A place is first taken as early, then as late as the neighbours allow.  Where
 * both end in the same match, every tick between them is possible, and nothing
 * else is.
 */
enum clocktrace_status
clocktrace_vcpu_place(const struct clocktrace_vcpu *vcpu,
		      const uint64_t *guest, size_t count,
		      struct clocktrace_window window,
		      struct clocktrace_place *places, size_t *failed)
{
	struct clocktrace_window rest = window;
	struct clocktrace_cursor cursor;
	enum clocktrace_status status;
	struct clocktrace_match match;
	size_t i;

	for (i = 0; i < count; i++) {
		status = clocktrace_vcpu_find(vcpu, guest[i], rest, &cursor);
		if (!status)
			status = clocktrace_cursor_next(&cursor, &match);
		if (status) {
			if (failed)
				*failed = i;
			return i ? CLOCKTRACE_NONE : status;
		}
		places[i].host = match.host;
		places[i].certainty = match.certainty;
		rest.begin.host_time = match.host.first;
	}

	rest = window;
	while (i--) {
		struct clocktrace_place *place = &places[i];

		status = clocktrace_vcpu_find(vcpu, guest[i], rest, &cursor);
		if (status || !last_match(&cursor, &match))
			return CLOCKTRACE_NONE;
		place->unique = match.host.last <= place->host.last;
		place->host.last = match.host.last;
		if (match.certainty > place->certainty)
			place->certainty = match.certainty;
		rest.end.host_time = match.host.last;
	}
	return CLOCKTRACE_OK;
}
