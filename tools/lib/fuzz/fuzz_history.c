// SPDX-License-Identifier: GPL-2.0
/*
 * Take bytes as events, gaps and questions, and compare every answer of the
 * library with the plain model's.  A difference aborts.
 *
 * Two vCPUs get up to MODEL_EVENTS events each within EPOCH_TICKS host ticks,
 * few enough to try each tick.  The first byte chooses where in 64 bits these
 * ticks lie.
 */
#include <stdio.h>
#include <stdlib.h>

#include "../clocktrace_guest.h"
#include "model.h"

#define VCPUS 2
#define EPOCH_TICKS 80
/* Ticks tried on both sides of the events */
#define MARGIN 8
#define TRIED_TICKS (EPOCH_TICKS + 2 * MARGIN)
#define PLACED 4
/* In 2^64 ticks a guest time may have 2^63 matches. */
#define MATCHES_MAX 300

#define REQUIRE(condition) \
	do { \
		if (!(condition)) { \
			fprintf(stderr, "%s:%d: %s does not hold\n", \
				__FILE__, __LINE__, #condition); \
			abort(); \
		} \
	} while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct input {
	const uint8_t *data;
	size_t size;
};

struct run {
	struct input input;
	uint64_t base;
	struct clocktrace_guests *guests;
	struct model models[VCPUS];
	enum model_verdict verdicts[VCPUS];
};

static uint8_t next_byte(struct input *input)
{
	if (!input->size)
		return 0;
	input->size--;
	return *input->data++;
}

static uint64_t next_word(struct input *input)
{
	uint64_t word = 0;
	unsigned int i;

	for (i = 0; i < 8; i++)
		word = word << 8 | next_byte(input);
	return word;
}

/* Places that fit together, some in one tick; rarely one that does not fit */
static struct clocktrace_position next_position(struct run *run)
{
	uint8_t byte = next_byte(&run->input);
	struct clocktrace_position position;

	position.order = 1 + byte % EPOCH_TICKS;
	position.host_time = run->base + position.order * 3 / 4;
	if (byte >= 252)
		position.order = next_byte(&run->input) % EPOCH_TICKS;
	return position;
}

static struct clocktrace_guest_counter next_tsc(struct run *run)
{
	static const struct clocktrace_guest_counter usual[] = {
		{ 0, 1, 0 },			{ 5, 1, 0 },
		{ -30, 1ull << 32, 32 },	{ 10, 1ull << 32, 32 },
		{ 0, 1ull << 47, 48 },		{ 20, 1ull << 47, 48 },
		{ 0, 3ull << 31, 32 },		{ -40, 3ull << 31, 32 },
		{ 7, 5ull << 61, 63 },		{ 7, UINT64_MAX, 63 },
		{ INT64_MIN, 1ull << 48, 48 },	{ INT64_MAX, 1, 0 },
		{ 3, 1, 63 },			{ -1, 3, 1 },
		{ 11, 1ull << 60, 0 },
	};
	uint8_t byte = next_byte(&run->input);
	struct clocktrace_guest_counter tsc;

	if (byte % 16 < sizeof(usual) / sizeof(*usual))
		return usual[byte % 16];
	tsc.offset = (int64_t)next_word(&run->input);
	tsc.ratio = next_word(&run->input);
	tsc.frac_bits = next_byte(&run->input) % 72;
	return tsc;
}

static void add_event(struct run *run)
{
	uint8_t byte = next_byte(&run->input);
	struct clocktrace_guest_event event = {
		.vm_id = 7,
		.vm_pid = 100,
		.vcpu_id = byte & 1,
		.reason = (byte >> 1) % 6,
		.flags = byte >= 240 ? CLOCKTRACE_FLAG_PROTECTED : 0,
	};
	struct model *model = &run->models[event.vcpu_id];
	enum clocktrace_status status;
	bool valid;

	event.position = next_position(run);
	event.tsc = next_tsc(run);
	if (model->event_count + model->duplicates >= MODEL_EVENTS)
		return;
	status = clocktrace_guests_add(run->guests, &event);
	valid = event.reason <= CLOCKTRACE_DESTROYED &&
		(event.flags || (event.tsc.ratio && event.tsc.frac_bits < 64));
	REQUIRE(status == (valid ? CLOCKTRACE_OK : CLOCKTRACE_INVALID));
	if (valid)
		model->events[model->event_count++] = event;
}

static void add_gap(struct run *run)
{
	struct clocktrace_position from = next_position(run);
	struct clocktrace_position to = next_position(run);
	uint8_t byte = next_byte(&run->input);
	enum clocktrace_status status;
	unsigned int i;
	bool valid;

	if (byte < 32)
		from = (struct clocktrace_position){ 0, 0 };
	else if (byte < 64)
		to = (struct clocktrace_position){ UINT64_MAX, UINT64_MAX };
	if (run->models[0].gap_count >= MODEL_GAPS)
		return;
	status = clocktrace_guests_lost(run->guests, from, to);
	valid = from.host_time <= to.host_time && from.order <= to.order;
	REQUIRE(status == (valid ? CLOCKTRACE_OK : CLOCKTRACE_INVALID));
	if (!valid)
		return;
	for (i = 0; i < VCPUS; i++) {
		struct model *model = &run->models[i];

		model->gaps[model->gap_count++] = (struct model_gap){ from, to };
	}
}

static bool same_tsc(const struct clocktrace_guest_counter *a,
		     const struct clocktrace_guest_counter *b)
{
	return a->offset == b->offset && a->ratio == b->ratio &&
	       a->frac_bits == b->frac_bits;
}

static bool same_position(struct clocktrace_position a,
			  struct clocktrace_position b)
{
	return a.host_time == b.host_time && a.order == b.order;
}

static void compare_span(const struct clocktrace_span *got,
			 const struct clocktrace_span *expected)
{
	unsigned int i;

	REQUIRE(same_position(got->begin, expected->begin));
	REQUIRE(same_position(got->end, expected->end));
	REQUIRE(got->certainty == expected->certainty);
	REQUIRE(got->alternatives == expected->alternatives);
	for (i = 0; i < got->alternatives; i++)
		REQUIRE(same_tsc(&got->tsc[i], &expected->tsc[i]));
}

static void compare_contents(const struct clocktrace_vcpu *vcpu,
			     const struct model *model)
{
	struct clocktrace_vcpu_info info;
	struct clocktrace_anomaly anomaly;
	struct clocktrace_span span;
	size_t i;

	REQUIRE(!clocktrace_vcpu_info(vcpu, &info));
	REQUIRE(info.events == model->event_count);
	REQUIRE(info.duplicates == model->duplicates);
	REQUIRE(info.spans == model->span_count);
	REQUIRE(info.anomalies == model->anomaly_count);
	REQUIRE(same_position(info.first, model->events[0].position));
	REQUIRE(same_position(info.last,
			      model->events[info.events - 1].position));
	for (i = 0; i < info.spans; i++) {
		REQUIRE(!clocktrace_vcpu_span(vcpu, i, &span));
		compare_span(&span, &model->spans[i]);
	}
	REQUIRE(clocktrace_vcpu_span(vcpu, i, &span) == CLOCKTRACE_NONE);
	for (i = 0; i < info.anomalies; i++) {
		REQUIRE(!clocktrace_vcpu_anomaly(vcpu, i, &anomaly));
		REQUIRE(anomaly.kind == model->anomalies[i].kind);
		REQUIRE(anomaly.announced == model->anomalies[i].announced);
		REQUIRE(same_position(anomaly.from, model->anomalies[i].from));
		REQUIRE(same_position(anomaly.to, model->anomalies[i].to));
	}
	REQUIRE(clocktrace_vcpu_anomaly(vcpu, i, &anomaly) == CLOCKTRACE_NONE);
}

/* Lookups by order and by host time, and the guest times they give */
static void compare_lookups(struct run *run, const struct clocktrace_vcpu *vcpu,
			    const struct model *model)
{
	const struct clocktrace_span *expected = NULL;
	enum clocktrace_certainty certainty;
	enum clocktrace_status status;
	struct clocktrace_span span;
	uint64_t guest, time;
	size_t i, order;

	for (order = 0; order <= EPOCH_TICKS + 1; order++) {
		for (i = 0; i < model->span_count; i++)
			if (model->spans[i].begin.order <= order)
				expected = &model->spans[i];
		REQUIRE(!clocktrace_vcpu_at_order(vcpu, order, &span));
		compare_span(&span, expected);
	}

	time = run->base + next_byte(&run->input) % EPOCH_TICKS;
	for (i = 0; i < model->span_count; i++)
		if (model->spans[i].begin.host_time <= time)
			expected = &model->spans[i];
	REQUIRE(!clocktrace_vcpu_at_host(vcpu, time, &span));
	compare_span(&span, expected);

	status = clocktrace_vcpu_to_guest(vcpu, time, &guest, &certainty);
	switch (expected->certainty) {
	case CLOCKTRACE_KNOWN:
	case CLOCKTRACE_ASSUMED:
		REQUIRE(status == CLOCKTRACE_OK);
		REQUIRE(certainty == expected->certainty);
		REQUIRE(guest == model_forward(&expected->tsc[0], time));
		break;
	case CLOCKTRACE_GUESSED:
		REQUIRE(status == CLOCKTRACE_UNCERTAIN);
		break;
	case CLOCKTRACE_UNTOLD:
		REQUIRE(status == CLOCKTRACE_UNKNOWN);
		break;
	case CLOCKTRACE_HIDDEN:
		REQUIRE(status == CLOCKTRACE_PROTECTED);
		break;
	case CLOCKTRACE_NO_VCPU:
		REQUIRE(status == CLOCKTRACE_ABSENT);
		break;
	}
}

static uint64_t first_tried(const struct run *run)
{
	return run->base < MARGIN ? 0 : run->base - MARGIN;
}

/* Ticks of the epoch, as a set for each span and set of values */
struct matches {
	bool hit[MODEL_SPANS][2][TRIED_TICKS];
};

static bool span_in_window(const struct clocktrace_span *span,
			   const struct clocktrace_window *window)
{
	bool is_last = span->end.order == UINT64_MAX &&
		       span->end.host_time == UINT64_MAX;

	if (span->begin.host_time > window->end.host_time ||
	    span->begin.order > window->end.order)
		return false;
	if (is_last)
		return true;
	return span->end.host_time >= window->begin.host_time &&
	       (!window->begin.order ||
		span->end.order > window->begin.order);
}

/* All that match, found by trying every tick */
static void try_all(const struct run *run, const struct model *model,
		    uint64_t guest, const struct clocktrace_window *window,
		    struct matches *matches)
{
	uint64_t first = first_tried(run), time;
	unsigned int j, k;
	size_t i;

	for (i = 0; i < model->span_count; i++) {
		const struct clocktrace_span *span = &model->spans[i];

		for (j = 0; j < 2; j++) {
			for (k = 0; k < TRIED_TICKS; k++) {
				time = first + k;
				matches->hit[i][j][k] =
					j < span->alternatives &&
					time >= first &&
					span_in_window(span, window) &&
					time >= window->begin.host_time &&
					time <= window->end.host_time &&
					time >= span->begin.host_time &&
					time <= span->end.host_time &&
					model_forward(&span->tsc[j], time) == guest;
			}
		}
	}
}

static enum clocktrace_status
expected_find(const struct model *model, const struct clocktrace_window *window,
	      bool *complete)
{
	bool any = false, values = false, hidden = false, untold = false;
	size_t i;

	*complete = true;
	if (window->begin.host_time > window->end.host_time ||
	    window->begin.order > window->end.order)
		return CLOCKTRACE_INVALID;
	for (i = 0; i < model->span_count; i++) {
		const struct clocktrace_span *span = &model->spans[i];

		if (!span_in_window(span, window))
			continue;
		any = true;
		values |= span->alternatives > 0;
		hidden |= span->certainty == CLOCKTRACE_HIDDEN;
		untold |= span->certainty == CLOCKTRACE_UNTOLD;
		if (span->certainty != CLOCKTRACE_KNOWN &&
		    span->certainty != CLOCKTRACE_NO_VCPU)
			*complete = false;
	}
	if (!any)
		return CLOCKTRACE_NONE;
	if (values)
		return CLOCKTRACE_OK;
	return hidden ? CLOCKTRACE_PROTECTED :
	       untold ? CLOCKTRACE_UNKNOWN : CLOCKTRACE_ABSENT;
}

/* The model's span and set of values that a match is of */
static void identify(const struct model *model,
		     const struct clocktrace_match *match, size_t *i,
		     unsigned int *j)
{
	for (*i = 0; *i < model->span_count; ++*i)
		if (same_position(model->spans[*i].begin, match->begin))
			break;
	REQUIRE(*i < model->span_count);
	for (*j = 0; *j < model->spans[*i].alternatives; ++*j)
		if (same_tsc(&model->spans[*i].tsc[*j], &match->tsc))
			break;
	REQUIRE(*j < model->spans[*i].alternatives);
	REQUIRE(match->certainty == model->spans[*i].certainty);
}

static void compare_matches(const struct run *run,
			    const struct clocktrace_vcpu *vcpu,
			    const struct model *model, uint64_t guest,
			    struct clocktrace_window window)
{
	static struct matches expected;
	struct clocktrace_match match, only = { .certainty = 0 };
	struct clocktrace_match last = only;
	uint64_t first = first_tried(run), time;
	size_t i, last_i = 0, count = 0, runs = 0;
	struct clocktrace_cursor cursor;
	enum clocktrace_status status;
	unsigned int j, last_j = 0, k;
	bool complete;

	status = clocktrace_vcpu_find(vcpu, guest, window, &cursor);
	REQUIRE(status == expected_find(model, &window, &complete));
	if (status)
		return;
	REQUIRE(cursor.complete == complete);
	try_all(run, model, guest, &window, &expected);

	while (count < MATCHES_MAX && !clocktrace_cursor_next(&cursor, &match)) {
		identify(model, &match, &i, &j);
		REQUIRE(match.host.first <= match.host.last);
		REQUIRE(match.host.first >= window.begin.host_time);
		REQUIRE(match.host.last <= window.end.host_time);
		REQUIRE(match.host.first >= model->spans[i].begin.host_time);
		REQUIRE(match.host.last <= model->spans[i].end.host_time);
		REQUIRE(model_forward(&match.tsc, match.host.first) == guest);
		REQUIRE(model_forward(&match.tsc, match.host.last) == guest);
		if (count) {
			REQUIRE(i >= last_i);
			if (i == last_i)
				REQUIRE(match.host.first >= last.host.first);
			/* Runs of the same values do not touch. */
			if (i == last_i && j == last_j)
				REQUIRE(match.host.first > last.host.last + 1);
		}
		if (!count || match.host.first != only.host.first ||
		    match.host.last != only.host.last)
			runs++;
		if (!count)
			only = match;
		for (k = 0; k < TRIED_TICKS; k++) {
			time = first + k;
			if (time < match.host.first || time > match.host.last)
				continue;
			if (time < first)
				break;
			REQUIRE(expected.hit[i][j][k]);
			expected.hit[i][j][k] = false;
		}
		last = match;
		last_i = i;
		last_j = j;
		count++;
	}

	status = clocktrace_vcpu_to_host(vcpu, guest, window, &match);
	REQUIRE(status == (!runs ? CLOCKTRACE_NONE :
			   runs == 1 ? CLOCKTRACE_OK : CLOCKTRACE_AMBIGUOUS));
	if (runs) {
		REQUIRE(match.host.first == only.host.first);
		REQUIRE(match.host.last == only.host.last);
	}

	if (count == MATCHES_MAX)
		return;
	for (i = 0; i < model->span_count; i++)
		for (j = 0; j < 2; j++)
			for (k = 0; k < TRIED_TICKS; k++)
				REQUIRE(!expected.hit[i][j][k]);
}

/* Placing by order, against the earliest and latest ticks found one by one */
static void compare_places(const struct run *run,
			   const struct clocktrace_vcpu *vcpu,
			   const struct model *model, const uint64_t *guest,
			   struct clocktrace_window window)
{
	static struct matches matches;
	bool possible[PLACED][TRIED_TICKS] = { { false } };
	struct clocktrace_place places[PLACED];
	size_t i, j, k, at, failed = PLACED;
	enum clocktrace_status status;
	size_t earliest[PLACED];
	bool complete;

	status = clocktrace_vcpu_place(vcpu, guest, PLACED, window, places,
				       &failed);
	if (expected_find(model, &window, &complete)) {
		REQUIRE(status == expected_find(model, &window, &complete));
		return;
	}
	for (i = 0; i < PLACED; i++) {
		try_all(run, model, guest[i], &window, &matches);
		for (j = 0; j < model->span_count; j++)
			for (k = 0; k < TRIED_TICKS; k++)
				possible[i][k] |= matches.hit[j][0][k] |
						  matches.hit[j][1][k];
	}
	for (i = 0, at = 0; i < PLACED; i++) {
		while (at < TRIED_TICKS && !possible[i][at])
			at++;
		if (at == TRIED_TICKS) {
			REQUIRE(status == CLOCKTRACE_NONE);
			REQUIRE(failed == i);
			return;
		}
		earliest[i] = at;
	}
	REQUIRE(status == CLOCKTRACE_OK);
	for (i = PLACED, at = TRIED_TICKS - 1; i--; ) {
		while (!possible[i][at])
			at--;
		REQUIRE(places[i].host.first == first_tried(run) + earliest[i]);
		REQUIRE(places[i].host.last == first_tried(run) + at);
		if (places[i].unique)
			for (k = earliest[i]; k <= at; k++)
				REQUIRE(possible[i][k]);
	}
}

static struct clocktrace_window next_window(struct run *run)
{
	struct clocktrace_window window = CLOCKTRACE_WINDOW_ALL;
	uint8_t byte = next_byte(&run->input);

	if (byte < 160) {
		window.begin.host_time = first_tried(run) +
					 next_byte(&run->input) % TRIED_TICKS;
		window.end.host_time = window.begin.host_time +
				       next_byte(&run->input) % TRIED_TICKS;
		if (window.end.host_time < window.begin.host_time)
			window.end.host_time = UINT64_MAX;
	}
	if (byte & 1) {
		window.begin.order = next_byte(&run->input) % EPOCH_TICKS;
		window.end.order = next_byte(&run->input) % EPOCH_TICKS;
	}
	return window;
}

/* What a guest reads there under some of the events' values, or beside it */
static uint64_t next_guest(struct run *run, const struct model *model)
{
	uint64_t time = first_tried(run) + next_byte(&run->input) % TRIED_TICKS;
	uint8_t byte = next_byte(&run->input);
	const struct clocktrace_guest_event *event =
		&model->events[byte % model->event_count];

	if (event->flags)
		return next_byte(&run->input);
	return model_forward(&event->tsc, time) + (byte >= 240) -
	       (byte >= 248) * 2;
}

static void ask(struct run *run)
{
	unsigned int number = next_byte(&run->input) % VCPUS;
	const struct clocktrace_vcpu *vcpu =
		clocktrace_guests_vcpu(run->guests, 7, number);
	const struct model *model = &run->models[number];
	struct clocktrace_window window;
	uint64_t guest[PLACED];
	unsigned int i;

	REQUIRE(!!vcpu == !!model->event_count);
	if (!vcpu || run->verdicts[number] != MODEL_CONSISTENT)
		return;
	compare_lookups(run, vcpu, model);
	for (i = 0; i < PLACED; i++)
		guest[i] = next_guest(run, model);
	window = next_window(run);
	for (i = 0; i < PLACED; i++)
		compare_matches(run, vcpu, model, guest[i], window);

	/* A window that can be tried tick by tick */
	if (window.begin.host_time < first_tried(run))
		window.begin.host_time = first_tried(run);
	if (window.end.host_time - first_tried(run) >= TRIED_TICKS)
		window.end.host_time = first_tried(run) + TRIED_TICKS - 1;
	compare_places(run, vcpu, model, guest, window);
}

/* Return whether the history can go on. */
static bool commit(struct run *run)
{
	struct clocktrace_guest_event offender = { .vm_id = 0 };
	bool conflict = false, either = false;
	enum clocktrace_status status;
	unsigned int i;

	for (i = 0; i < VCPUS; i++) {
		struct model *model = &run->models[i];
		const struct clocktrace_vcpu *vcpu;

		if (!model->event_count)
			continue;
		run->verdicts[i] = model_build(model);
		conflict |= run->verdicts[i] == MODEL_CONFLICT;
		either |= run->verdicts[i] == MODEL_EITHER;
		vcpu = clocktrace_guests_vcpu(run->guests, 7, i);
		REQUIRE(vcpu);
	}
	status = clocktrace_guests_commit(run->guests, &offender);
	if (conflict || (either && status)) {
		REQUIRE(status == CLOCKTRACE_CONFLICT);
		REQUIRE(offender.vm_id == 7 && offender.vcpu_id < VCPUS);
		REQUIRE(run->verdicts[offender.vcpu_id] != MODEL_CONSISTENT);
		REQUIRE(clocktrace_guests_commit(run->guests, NULL) ==
			CLOCKTRACE_CONFLICT);
		return false;
	}
	REQUIRE(status == CLOCKTRACE_OK);
	for (i = 0; i < VCPUS; i++) {
		if (run->models[i].event_count &&
		    run->verdicts[i] == MODEL_CONSISTENT)
			compare_contents(clocktrace_guests_vcpu(run->guests, 7, i),
					 &run->models[i]);
	}
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint64_t bases[] = {
		0, 5, (1ull << 32) - 20, 1ull << 63,
		UINT64_MAX - EPOCH_TICKS - MARGIN,
	};
	static struct run run;
	bool committed = true;

	run = (struct run){ .input = { data, size } };
	run.base = bases[next_byte(&run.input) % 5];
	REQUIRE(!clocktrace_guests_new(2 * MODEL_EVENTS, &run.guests));
	while (run.input.size) {
		uint8_t byte = next_byte(&run.input);

		if (byte < 150) {
			add_event(&run);
			committed = false;
		} else if (byte < 180) {
			add_gap(&run);
			committed = false;
		} else {
			if (!committed && !commit(&run))
				break;
			committed = true;
			ask(&run);
		}
	}
	clocktrace_guests_free(run.guests);
	return 0;
}
