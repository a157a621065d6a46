// SPDX-License-Identifier: GPL-2.0
/*
 * The history of vCPUs: one case for each thing that a host's trace may hold.
 */
#include <string.h>

#include "../clocktrace_guest.h"
#include "tap.h"

#define VM 41
#define PID 1234

/* A guest at the host's speed, and one at half of it */
static const struct clocktrace_guest_counter plain = { 0, 1ull << 32, 32 };
static const struct clocktrace_guest_counter back = { -500, 1ull << 32, 32 };
static const struct clocktrace_guest_counter half = { 0, 1ull << 31, 32 };

static struct clocktrace_guests *guests;
static const struct clocktrace_vcpu *vcpu;

static struct clocktrace_position at(uint64_t host_time, uint64_t order)
{
	return (struct clocktrace_position){ host_time, order };
}

static const struct clocktrace_position end_of_time = { UINT64_MAX, UINT64_MAX };

static struct clocktrace_guest_event event(uint64_t host_time,
					   enum clocktrace_reason reason,
					   struct clocktrace_guest_counter tsc)
{
	/* Order numbers that grow with time, where a case needs no others */
	return (struct clocktrace_guest_event){
		.position = { host_time, host_time },
		.vm_id = VM,
		.vm_pid = PID,
		.vcpu_id = 0,
		.tsc = tsc,
		.reason = reason,
	};
}

static void begin(void)
{
	CHECK(!clocktrace_guests_new(0, &guests));
	vcpu = NULL;
}

static void add(uint64_t host_time, enum clocktrace_reason reason,
		struct clocktrace_guest_counter tsc)
{
	struct clocktrace_guest_event added = event(host_time, reason, tsc);

	CHECK(!clocktrace_guests_add(guests, &added));
}

static void commit(void)
{
	CHECK(!clocktrace_guests_commit(guests, NULL));
	vcpu = clocktrace_guests_vcpu(guests, VM, 0);
	CHECK(vcpu);
}

static void finish(void)
{
	clocktrace_guests_free(guests);
	guests = NULL;
}

static bool same_tsc(struct clocktrace_guest_counter a, struct clocktrace_guest_counter b)
{
	return a.offset == b.offset && a.ratio == b.ratio &&
	       a.frac_bits == b.frac_bits;
}

static enum clocktrace_certainty certainty_at(uint64_t host_time)
{
	struct clocktrace_span span = { .certainty = CLOCKTRACE_KNOWN };

	CHECK(!clocktrace_vcpu_at_host(vcpu, host_time, &span));
	return span.certainty;
}

/* Whether exactly these values hold at a host time, with this certainty */
static bool holds(uint64_t host_time, enum clocktrace_certainty certainty,
		  struct clocktrace_guest_counter tsc)
{
	struct clocktrace_span span;

	return !clocktrace_vcpu_at_host(vcpu, host_time, &span) &&
	       span.certainty == certainty && span.alternatives == 1 &&
	       same_tsc(span.tsc[0], tsc);
}

static struct clocktrace_vcpu_info info(void)
{
	struct clocktrace_vcpu_info info = { .events = 0 };

	CHECK(!clocktrace_vcpu_info(vcpu, &info));
	return info;
}

static struct clocktrace_window times(uint64_t first, uint64_t last)
{
	return (struct clocktrace_window){ { first, 0 }, { last, UINT64_MAX } };
}

static void test_whole_life(void)
{
	enum clocktrace_certainty certainty;
	uint64_t guest;

	begin();
	add(100, CLOCKTRACE_CREATED, plain);
	add(1000, CLOCKTRACE_OFFSET, back);
	add(2000, CLOCKTRACE_DESTROYED, back);
	commit();
	CHECK(info().spans == 4 && info().events == 3 && !info().anomalies);
	CHECK(certainty_at(0) == CLOCKTRACE_NO_VCPU);
	CHECK(certainty_at(99) == CLOCKTRACE_NO_VCPU);
	CHECK(holds(100, CLOCKTRACE_KNOWN, plain));
	CHECK(holds(999, CLOCKTRACE_KNOWN, plain));
	CHECK(holds(1000, CLOCKTRACE_KNOWN, back));
	CHECK(holds(1999, CLOCKTRACE_KNOWN, back));
	CHECK(certainty_at(2000) == CLOCKTRACE_NO_VCPU);
	CHECK(certainty_at(UINT64_MAX) == CLOCKTRACE_NO_VCPU);

	CHECK(!clocktrace_vcpu_to_guest(vcpu, 900, &guest, &certainty));
	CHECK(guest == 900 && certainty == CLOCKTRACE_KNOWN);
	CHECK(!clocktrace_vcpu_to_guest(vcpu, 1000, &guest, NULL));
	CHECK(guest == 500);
	CHECK(clocktrace_vcpu_to_guest(vcpu, 50, &guest, NULL) ==
	      CLOCKTRACE_ABSENT);
	finish();
}

static void test_ratio_change(void)
{
	begin();
	add(100, CLOCKTRACE_CREATED, plain);
	add(200, CLOCKTRACE_RATIO, half);
	commit();
	CHECK(!info().anomalies);
	CHECK(holds(150, CLOCKTRACE_KNOWN, plain));
	CHECK(holds(200, CLOCKTRACE_KNOWN, half));
	finish();
}

/* Two changes and a reading between them, all in one tick of a coarse counter */
static void test_order_in_one_tick(void)
{
	struct clocktrace_guest_event added = event(100, CLOCKTRACE_CREATED, plain);
	struct clocktrace_window window;
	struct clocktrace_match match;
	struct clocktrace_span span;

	begin();
	added.position.order = 10;
	CHECK(!clocktrace_guests_add(guests, &added));
	added = event(500, CLOCKTRACE_OFFSET, back);
	added.position.order = 20;
	CHECK(!clocktrace_guests_add(guests, &added));
	added = event(500, CLOCKTRACE_OFFSET, plain);
	added.position.order = 30;
	CHECK(!clocktrace_guests_add(guests, &added));
	commit();

	CHECK(!clocktrace_vcpu_at_order(vcpu, 19, &span));
	CHECK(same_tsc(span.tsc[0], plain));
	CHECK(span.end.host_time == 500 && span.end.order == 20);
	CHECK(!clocktrace_vcpu_at_order(vcpu, 20, &span));
	CHECK(same_tsc(span.tsc[0], back));
	CHECK(!clocktrace_vcpu_at_order(vcpu, 29, &span));
	CHECK(same_tsc(span.tsc[0], back));
	CHECK(!clocktrace_vcpu_at_order(vcpu, 30, &span));
	CHECK(same_tsc(span.tsc[0], plain));
	/* By time alone, the last one of the tick holds. */
	CHECK(!clocktrace_vcpu_at_host(vcpu, 500, &span));
	CHECK(same_tsc(span.tsc[0], plain) && span.begin.order == 30);

	/* kvm_entry 22, kvm_exit 25, both in the tick: only the middle holds. */
	window = (struct clocktrace_window){ { 500, 22 }, { 500, 25 } };
	CHECK(!clocktrace_vcpu_to_host(vcpu, 0, window, &match));
	CHECK(match.host.first == 500 && same_tsc(match.tsc, back));
	CHECK(clocktrace_vcpu_to_host(vcpu, 500, window, &match) ==
	      CLOCKTRACE_NONE);
	/* Before the first of them, the old values hold in the same tick. */
	window = (struct clocktrace_window){ { 490, 12 }, { 500, 15 } };
	CHECK(!clocktrace_vcpu_to_host(vcpu, 500, window, &match));
	CHECK(match.host.first == 500 && same_tsc(match.tsc, plain));
	/* A window whose times and orders do not meet */
	window = (struct clocktrace_window){ { 0, 31 }, { 50, 40 } };
	CHECK(clocktrace_vcpu_to_host(vcpu, 500, window, &match) ==
	      CLOCKTRACE_NONE);
	finish();
}

/* The first event is a refresh, and nobody tells when the trace began. */
static void test_late_attach(void)
{
	enum clocktrace_certainty certainty;
	uint64_t guest;

	begin();
	add(1000, CLOCKTRACE_REFRESH, back);
	commit();
	CHECK(holds(0, CLOCKTRACE_ASSUMED, back));
	CHECK(holds(999, CLOCKTRACE_ASSUMED, back));
	CHECK(holds(1000, CLOCKTRACE_KNOWN, back));
	CHECK(!clocktrace_vcpu_to_guest(vcpu, 999, &guest, &certainty));
	CHECK(guest == 499 && certainty == CLOCKTRACE_ASSUMED);
	CHECK(!info().anomalies);
	finish();
}

/* As it is told, what lies between it and the refresh is known. */
static void test_trace_limits(void)
{
	struct clocktrace_match match;

	begin();
	add(1000, CLOCKTRACE_REFRESH, back);
	add(1500, CLOCKTRACE_REFRESH, back);
	CHECK(!clocktrace_guests_lost(guests, at(0, 0), at(600, 0)));
	CHECK(!clocktrace_guests_lost(guests, at(1800, 1800), end_of_time));
	commit();
	CHECK(holds(599, CLOCKTRACE_ASSUMED, back));
	CHECK(holds(600, CLOCKTRACE_KNOWN, back));
	CHECK(holds(1799, CLOCKTRACE_KNOWN, back));
	CHECK(holds(1800, CLOCKTRACE_ASSUMED, back));
	CHECK(holds(UINT64_MAX, CLOCKTRACE_ASSUMED, back));
	CHECK(info().spans == 3 && !info().anomalies);
	/* What came before the trace has no order, and is found all the same. */
	CHECK(!clocktrace_vcpu_to_host(vcpu, 0, CLOCKTRACE_WINDOW_ALL, &match));
	CHECK(match.host.first == 500);
	CHECK(match.certainty == CLOCKTRACE_ASSUMED);
	finish();
}

/* The first event is a change: what was before is not told. */
static void test_change_first(void)
{
	struct clocktrace_match match;
	uint64_t guest;

	begin();
	add(1000, CLOCKTRACE_OFFSET, back);
	commit();
	CHECK(certainty_at(999) == CLOCKTRACE_UNTOLD);
	CHECK(holds(1000, CLOCKTRACE_KNOWN, back));
	CHECK(clocktrace_vcpu_to_guest(vcpu, 999, &guest, NULL) ==
	      CLOCKTRACE_UNKNOWN);
	CHECK(clocktrace_vcpu_to_host(vcpu, 100, times(0, 999), &match) ==
	      CLOCKTRACE_UNKNOWN);
	finish();
}

/* A refresh with other values than the last proves that a change was lost. */
static void test_contradicting_refresh(void)
{
	const uint64_t guest_700 = 700;
	struct clocktrace_anomaly anomaly;
	struct clocktrace_cursor cursor;
	struct clocktrace_match match;
	struct clocktrace_place place;
	struct clocktrace_span span;
	uint64_t guest;

	begin();
	add(100, CLOCKTRACE_CREATED, plain);
	add(1000, CLOCKTRACE_REFRESH, plain);
	add(2000, CLOCKTRACE_REFRESH, back);
	commit();
	/* The refresh at 1000 confirms what was before it. */
	CHECK(holds(999, CLOCKTRACE_KNOWN, plain));
	CHECK(!clocktrace_vcpu_at_host(vcpu, 1500, &span));
	CHECK(span.certainty == CLOCKTRACE_GUESSED && span.alternatives == 2);
	CHECK(same_tsc(span.tsc[0], plain) && same_tsc(span.tsc[1], back));
	CHECK(span.begin.host_time == 1000 && span.end.host_time == 2000);
	CHECK(holds(2000, CLOCKTRACE_KNOWN, back));
	CHECK(clocktrace_vcpu_to_guest(vcpu, 1500, &guest, NULL) ==
	      CLOCKTRACE_UNCERTAIN);

	CHECK(info().anomalies == 1);
	CHECK(!clocktrace_vcpu_anomaly(vcpu, 0, &anomaly));
	CHECK(anomaly.kind == CLOCKTRACE_LOST_CHANGE && !anomaly.announced);
	CHECK(anomaly.from.host_time == 1000 && anomaly.to.host_time == 2000);

	/* Both sets of values are tried, and the matches say so. */
	CHECK(!clocktrace_vcpu_find(vcpu, 1100, times(1001, 1999), &cursor));
	CHECK(!cursor.complete);
	CHECK(!clocktrace_cursor_next(&cursor, &match));
	CHECK(match.host.first == 1100 && match.certainty == CLOCKTRACE_GUESSED);
	CHECK(!clocktrace_cursor_next(&cursor, &match));
	CHECK(match.host.first == 1600 && match.certainty == CLOCKTRACE_GUESSED);
	CHECK(clocktrace_cursor_next(&cursor, &match) == CLOCKTRACE_NONE);
	CHECK(clocktrace_cursor_next(&cursor, &match) == CLOCKTRACE_NONE);

	/* The tick between the known and the guessed is no more than guessed. */
	CHECK(!clocktrace_vcpu_to_host(vcpu, 1000, times(1000, 1000), &match));
	CHECK(match.host.first == 1000 && match.certainty == CLOCKTRACE_GUESSED);
	CHECK(!clocktrace_vcpu_to_host(vcpu, 999, times(999, 1000), &match));
	CHECK(match.host.first == 999 && match.certainty == CLOCKTRACE_KNOWN);
	/* 700 is known or guessed, and so no more than guessed. */
	CHECK(!clocktrace_vcpu_place(vcpu, &guest_700, 1, times(0, 1999), &place,
				     NULL));
	CHECK(place.host.first == 700 && place.host.last == 1200);
	CHECK(place.certainty == CLOCKTRACE_GUESSED && !place.unique);
	finish();
}

/* With an announced gap, the loss is where the gap is. */
static void test_announced_loss(void)
{
	struct clocktrace_anomaly anomaly;
	struct clocktrace_span span;

	begin();
	add(100, CLOCKTRACE_CREATED, plain);
	add(2000, CLOCKTRACE_REFRESH, back);
	add(4000, CLOCKTRACE_REFRESH, back);
	add(5000, CLOCKTRACE_OFFSET, plain);
	CHECK(!clocktrace_guests_lost(guests, at(500, 500), at(600, 600)));
	CHECK(!clocktrace_guests_lost(guests, at(650, 650), at(700, 700)));
	CHECK(!clocktrace_guests_lost(guests, at(3000, 3000), at(3100, 3100)));
	CHECK(!clocktrace_guests_lost(guests, at(4500, 4500), at(4600, 4600)));
	commit();
	/* Two gaps and a contradiction: guessed from the first to the second */
	CHECK(holds(499, CLOCKTRACE_KNOWN, plain));
	CHECK(!clocktrace_vcpu_at_host(vcpu, 620, &span));
	CHECK(span.certainty == CLOCKTRACE_GUESSED && span.alternatives == 2);
	CHECK(span.begin.host_time == 500 && span.end.host_time == 700);
	CHECK(holds(700, CLOCKTRACE_KNOWN, back));
	/* A gap between two events that agree */
	CHECK(holds(2999, CLOCKTRACE_KNOWN, back));
	CHECK(holds(3000, CLOCKTRACE_ASSUMED, back));
	CHECK(holds(3099, CLOCKTRACE_ASSUMED, back));
	CHECK(holds(3100, CLOCKTRACE_KNOWN, back));
	/* A gap before a change, which does not tell the offset before it */
	CHECK(holds(4499, CLOCKTRACE_KNOWN, back));
	CHECK(holds(4500, CLOCKTRACE_ASSUMED, back));
	CHECK(holds(4999, CLOCKTRACE_ASSUMED, back));
	CHECK(holds(5000, CLOCKTRACE_KNOWN, plain));
	CHECK(info().anomalies == 1);
	CHECK(!clocktrace_vcpu_anomaly(vcpu, 0, &anomaly));
	CHECK(anomaly.announced);
	finish();
}

/* A change that tells the same as before, or changes what it should not */
static void test_impossible_changes(void)
{
	static const struct clocktrace_guest_counter both = { -500, 1ull << 31, 32 };
	static const struct clocktrace_guest_counter other_format = { 7, 1ull << 32, 48 };
	const struct {
		enum clocktrace_reason reason;
		struct clocktrace_guest_counter tsc;
	} cases[] = {
		{ CLOCKTRACE_OFFSET, plain },
		{ CLOCKTRACE_RATIO, plain },
		{ CLOCKTRACE_OFFSET, half },
		{ CLOCKTRACE_RATIO, back },
		{ CLOCKTRACE_OFFSET, both },
		{ CLOCKTRACE_RATIO, both },
		{ CLOCKTRACE_OFFSET, other_format },
	};
	struct clocktrace_anomaly anomaly;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		begin();
		add(100, CLOCKTRACE_CREATED, plain);
		add(1000, cases[i].reason, cases[i].tsc);
		commit();
		CHECK_MSG(holds(500, CLOCKTRACE_GUESSED, plain), "case %zu", i);
		CHECK_MSG(holds(1000, CLOCKTRACE_KNOWN, cases[i].tsc),
			  "case %zu", i);
		CHECK(info().anomalies == 1);
		CHECK(!clocktrace_vcpu_anomaly(vcpu, 0, &anomaly));
		CHECK(anomaly.kind == CLOCKTRACE_LOST_CHANGE);
		finish();
	}
}

static void test_created_twice(void)
{
	struct clocktrace_anomaly anomaly;

	begin();
	add(100, CLOCKTRACE_CREATED, plain);
	add(1000, CLOCKTRACE_CREATED, back);
	commit();
	CHECK(holds(500, CLOCKTRACE_GUESSED, plain));
	CHECK(holds(1000, CLOCKTRACE_KNOWN, back));
	CHECK(!clocktrace_vcpu_anomaly(vcpu, 0, &anomaly));
	CHECK(anomaly.kind == CLOCKTRACE_LOST_DESTRUCTION);
	finish();
}

static void test_alive_after_death(void)
{
	struct clocktrace_anomaly anomaly;

	begin();
	add(100, CLOCKTRACE_DESTROYED, plain);
	add(1000, CLOCKTRACE_REFRESH, back);
	add(1100, CLOCKTRACE_DESTROYED, back);
	add(1200, CLOCKTRACE_OFFSET, plain);
	add(1300, CLOCKTRACE_DESTROYED, plain);
	add(1400, CLOCKTRACE_CREATED, plain);
	commit();
	CHECK(holds(50, CLOCKTRACE_ASSUMED, plain));
	CHECK(holds(500, CLOCKTRACE_GUESSED, back));
	CHECK(holds(1000, CLOCKTRACE_KNOWN, back));
	CHECK(certainty_at(1150) == CLOCKTRACE_UNTOLD);
	CHECK(certainty_at(1350) == CLOCKTRACE_NO_VCPU);
	CHECK(holds(1400, CLOCKTRACE_KNOWN, plain));
	CHECK(info().anomalies == 2);
	CHECK(!clocktrace_vcpu_anomaly(vcpu, 0, &anomaly));
	CHECK(anomaly.kind == CLOCKTRACE_LOST_CREATION);
	CHECK(!clocktrace_vcpu_anomaly(vcpu, 1, &anomaly));
	CHECK(anomaly.kind == CLOCKTRACE_LOST_CREATION);
	CHECK(anomaly.from.host_time == 1100);
	finish();
}

static void test_protected(void)
{
	static const struct clocktrace_guest_counter garbage = { 9, 0, 200 };
	struct clocktrace_guest_event added = event(100, CLOCKTRACE_CREATED, garbage);
	struct clocktrace_match match;
	uint64_t guest;

	begin();
	added.flags = CLOCKTRACE_FLAG_PROTECTED;
	CHECK(!clocktrace_guests_add(guests, &added));
	added = event(200, CLOCKTRACE_REFRESH, plain);
	added.flags = CLOCKTRACE_FLAG_PROTECTED;
	CHECK(!clocktrace_guests_add(guests, &added));
	commit();
	CHECK(certainty_at(150) == CLOCKTRACE_HIDDEN);
	CHECK(clocktrace_vcpu_to_guest(vcpu, 150, &guest, NULL) ==
	      CLOCKTRACE_PROTECTED);
	CHECK(clocktrace_vcpu_to_host(vcpu, 150, CLOCKTRACE_WINDOW_ALL, &match) ==
	      CLOCKTRACE_PROTECTED);
	/* What the events tell of a protected TSC is not compared. */
	CHECK(!info().anomalies && info().spans == 2);
	finish();
}

/* The machine is reset at 1000: guest times 500 to 1000 come twice. */
static void reset_guest(void)
{
	begin();
	add(100, CLOCKTRACE_CREATED, plain);
	add(1000, CLOCKTRACE_OFFSET, back);
	add(2000, CLOCKTRACE_DESTROYED, back);
	commit();
}

static void test_ambiguous_guest_time(void)
{
	struct clocktrace_cursor cursor;
	struct clocktrace_match match;

	reset_guest();
	CHECK(!clocktrace_vcpu_find(vcpu, 700, CLOCKTRACE_WINDOW_ALL, &cursor));
	CHECK(cursor.complete);
	CHECK(!clocktrace_cursor_next(&cursor, &match));
	CHECK(match.host.first == 700 && match.host.last == 700);
	CHECK(match.begin.host_time == 100);
	CHECK(!clocktrace_cursor_next(&cursor, &match));
	CHECK(match.host.first == 1200 && match.certainty == CLOCKTRACE_KNOWN);
	CHECK(clocktrace_cursor_next(&cursor, &match) == CLOCKTRACE_NONE);

	CHECK(clocktrace_vcpu_to_host(vcpu, 700, CLOCKTRACE_WINDOW_ALL, &match) ==
	      CLOCKTRACE_AMBIGUOUS);
	CHECK(match.host.first == 700);
	/* Its window of kvm_entry and kvm_exit tells which one it is. */
	CHECK(!clocktrace_vcpu_to_host(vcpu, 700, times(1190, 1210), &match));
	CHECK(match.host.first == 1200);
	CHECK(clocktrace_vcpu_to_host(vcpu, 700, times(1201, 1210), &match) ==
	      CLOCKTRACE_NONE);
	CHECK(clocktrace_vcpu_to_host(vcpu, 1600, CLOCKTRACE_WINDOW_ALL, &match) ==
	      CLOCKTRACE_NONE);
	CHECK(clocktrace_vcpu_to_host(vcpu, 50, times(0, 50), &match) ==
	      CLOCKTRACE_ABSENT);
	CHECK(clocktrace_vcpu_to_host(vcpu, 50, times(50, 0), &match) ==
	      CLOCKTRACE_INVALID);
	finish();
}

static void test_place_by_neighbours(void)
{
	/* 400 was before the reset, 1200 after it; 700 may be either. */
	static const uint64_t open[] = { 400, 700, 1200 };
	static const uint64_t before[] = { 700, 950, 900 };
	static const uint64_t after[] = { 900, 600, 800 };
	static const uint64_t wrong[] = { 1200, 300 };
	struct clocktrace_place places[3];
	size_t failed = 9;

	reset_guest();
	CHECK(!clocktrace_vcpu_place(vcpu, open, 3, CLOCKTRACE_WINDOW_ALL, places,
				     &failed));
	CHECK(places[0].unique && places[0].host.first == 400);
	CHECK(places[0].host.last == 400);
	CHECK(!places[1].unique && places[1].host.first == 700);
	CHECK(places[1].host.last == 1200);
	CHECK(places[2].unique && places[2].host.first == 1700);
	CHECK(places[2].certainty == CLOCKTRACE_KNOWN);

	/* The step back from 950 to 900 is the reset. */
	CHECK(!clocktrace_vcpu_place(vcpu, before, 3, CLOCKTRACE_WINDOW_ALL,
				     places, &failed));
	CHECK(places[0].unique && places[0].host.first == 700);
	CHECK(places[1].unique && places[1].host.first == 950);
	CHECK(places[2].unique && places[2].host.first == 1400);

	CHECK(!clocktrace_vcpu_place(vcpu, after, 3, CLOCKTRACE_WINDOW_ALL, places,
				     &failed));
	CHECK(places[0].unique && places[0].host.first == 900);
	CHECK(places[1].unique && places[1].host.first == 1100);
	CHECK(places[2].unique && places[2].host.first == 1300);

	CHECK(clocktrace_vcpu_place(vcpu, wrong, 2, CLOCKTRACE_WINDOW_ALL, places,
				    &failed) == CLOCKTRACE_NONE);
	CHECK(failed == 1);
	CHECK(!clocktrace_vcpu_place(vcpu, wrong, 0, CLOCKTRACE_WINDOW_ALL, places,
				     &failed));
	finish();
}

/* At half speed two host ticks give one guest tick: neighbours narrow it. */
static void test_place_narrows(void)
{
	static const uint64_t guest[] = { 300, 300 };
	struct clocktrace_place places[2];

	begin();
	add(100, CLOCKTRACE_CREATED, half);
	commit();
	CHECK(!clocktrace_vcpu_place(vcpu, guest, 2, times(601, 900), places,
				     NULL));
	CHECK(places[0].unique && places[0].host.first == 601);
	CHECK(places[0].host.last == 601);
	CHECK(!clocktrace_vcpu_place(vcpu, guest, 2, times(0, 900), places, NULL));
	CHECK(places[1].unique && places[1].host.first == 600);
	CHECK(places[1].host.last == 601);
	finish();
}

/* The guest's counter wraps within a span. */
static void test_guest_wrap(void)
{
	static const struct clocktrace_guest_counter late = { -1000, 1, 0 };
	struct clocktrace_match match;

	begin();
	add(100, CLOCKTRACE_CREATED, late);
	add(5000, CLOCKTRACE_DESTROYED, late);
	commit();
	CHECK(!clocktrace_vcpu_to_host(vcpu, UINT64_MAX, CLOCKTRACE_WINDOW_ALL,
				       &match));
	CHECK(match.host.first == 999);
	CHECK(!clocktrace_vcpu_to_host(vcpu, 0, CLOCKTRACE_WINDOW_ALL, &match));
	CHECK(match.host.first == 1000);
	CHECK(!clocktrace_vcpu_to_host(vcpu, 4000, CLOCKTRACE_WINDOW_ALL, &match));
	CHECK(match.host.first == 5000);
	CHECK(clocktrace_vcpu_to_host(vcpu, 4001, CLOCKTRACE_WINDOW_ALL, &match) ==
	      CLOCKTRACE_NONE);
	CHECK(clocktrace_vcpu_to_host(vcpu, (uint64_t)-901,
				      CLOCKTRACE_WINDOW_ALL, &match) ==
	      CLOCKTRACE_NONE);
	finish();
}

static void test_extreme_times(void)
{
	static const struct clocktrace_guest_counter lowest = { INT64_MIN, 1ull << 48, 48 };
	struct clocktrace_guest_event added = event(UINT64_MAX, CLOCKTRACE_REFRESH,
						    lowest);
	struct clocktrace_match match;

	begin();
	added.position.order = UINT64_MAX - 1;
	CHECK(!clocktrace_guests_add(guests, &added));
	added.position = at(0, 0);
	added.reason = CLOCKTRACE_CREATED;
	CHECK(!clocktrace_guests_add(guests, &added));
	commit();
	CHECK(info().spans == 1);
	CHECK(holds(0, CLOCKTRACE_KNOWN, lowest));
	CHECK(holds(UINT64_MAX, CLOCKTRACE_KNOWN, lowest));
	CHECK(!clocktrace_vcpu_to_host(vcpu, (uint64_t)INT64_MAX,
				       CLOCKTRACE_WINDOW_ALL, &match));
	CHECK(match.host.first == UINT64_MAX);
	finish();
}

static void test_any_input_order(void)
{
	static const unsigned int orders[][4] = {
		{ 0, 1, 2, 3 }, { 3, 2, 1, 0 }, { 2, 0, 3, 1 },
	};
	struct clocktrace_guest_event events[4] = {
		event(100, CLOCKTRACE_CREATED, plain),
		event(200, CLOCKTRACE_OFFSET, back),
		event(200, CLOCKTRACE_OFFSET, back),
		event(300, CLOCKTRACE_REFRESH, back),
	};
	unsigned int i, j;

	/* One tracer twice: the same event with another order number */
	events[2].position.order = 201;
	for (i = 0; i < 3; i++) {
		begin();
		for (j = 0; j < 4; j++)
			CHECK(!clocktrace_guests_add(guests, &events[orders[i][j]]));
		commit();
		CHECK(info().duplicates == 1 && info().events == 3);
		CHECK(!info().anomalies && info().spans == 3);
		CHECK(info().first.host_time == 100);
		CHECK(info().last.host_time == 300);
		CHECK(holds(199, CLOCKTRACE_KNOWN, plain));
		CHECK(holds(200, CLOCKTRACE_KNOWN, back));
		finish();
	}
}

/* Events after a commit, earlier and later than those before it */
static void test_more_after_commit(void)
{
	struct clocktrace_span span;
	uint64_t guest;

	begin();
	add(1000, CLOCKTRACE_REFRESH, back);
	commit();
	add(100, CLOCKTRACE_CREATED, plain);
	CHECK(clocktrace_vcpu_at_host(vcpu, 1, &span) == CLOCKTRACE_UNCOMMITTED);
	CHECK(clocktrace_vcpu_to_guest(vcpu, 1, &guest, NULL) ==
	      CLOCKTRACE_UNCOMMITTED);
	CHECK(!clocktrace_guests_next(guests, NULL));
	add(500, CLOCKTRACE_OFFSET, back);
	commit();
	CHECK(!info().anomalies && info().spans == 3);
	CHECK(holds(499, CLOCKTRACE_KNOWN, plain));
	/* A gap told later counts too. */
	CHECK(!clocktrace_guests_lost(guests, at(600, 600), at(700, 700)));
	CHECK(clocktrace_vcpu_at_host(vcpu, 1, &span) == CLOCKTRACE_UNCOMMITTED);
	commit();
	CHECK(holds(650, CLOCKTRACE_ASSUMED, back));
	finish();
}

static void test_conflicts(void)
{
	struct clocktrace_guest_event added, offender;

	/* Two different events in one place */
	begin();
	add(100, CLOCKTRACE_CREATED, plain);
	add(200, CLOCKTRACE_OFFSET, back);
	added = event(200, CLOCKTRACE_REFRESH, half);
	CHECK(!clocktrace_guests_add(guests, &added));
	CHECK(clocktrace_guests_commit(guests, &offender) == CLOCKTRACE_CONFLICT);
	CHECK(offender.position.host_time == 200 && offender.vm_id == VM);
	CHECK(clocktrace_guests_commit(guests, NULL) == CLOCKTRACE_CONFLICT);
	finish();

	/* An order that contradicts the time */
	begin();
	add(100, CLOCKTRACE_CREATED, plain);
	added = event(200, CLOCKTRACE_OFFSET, back);
	added.position.order = 99;
	CHECK(!clocktrace_guests_add(guests, &added));
	CHECK(clocktrace_guests_commit(guests, &offender) == CLOCKTRACE_CONFLICT);
	CHECK(offender.position.order == 99);
	finish();

	/* A gap whose order contradicts that of the events */
	begin();
	add(100, CLOCKTRACE_CREATED, plain);
	add(200, CLOCKTRACE_OFFSET, back);
	CHECK(!clocktrace_guests_lost(guests, at(150, 50), at(160, 60)));
	CHECK(clocktrace_guests_commit(guests, &offender) == CLOCKTRACE_CONFLICT);
	finish();

	/* A VM of two processes */
	begin();
	add(100, CLOCKTRACE_CREATED, plain);
	added = event(200, CLOCKTRACE_OFFSET, back);
	added.vm_pid = PID + 1;
	CHECK(clocktrace_guests_add(guests, &added) == CLOCKTRACE_CONFLICT);
	added.vcpu_id = 1;
	CHECK(clocktrace_guests_add(guests, &added) == CLOCKTRACE_CONFLICT);
	CHECK(!clocktrace_guests_vcpu(guests, VM, 1));
	commit();
	CHECK(info().events == 1);
	finish();
}

static void test_invalid_events(void)
{
	struct clocktrace_guest_event good = event(100, CLOCKTRACE_CREATED, plain);
	struct clocktrace_guest_event bad;

	begin();
	bad = good;
	bad.tsc.frac_bits = 64;
	CHECK(clocktrace_guests_add(guests, &bad) == CLOCKTRACE_INVALID);
	bad = good;
	bad.tsc.ratio = 0;
	CHECK(clocktrace_guests_add(guests, &bad) == CLOCKTRACE_INVALID);
	bad = good;
	bad.flags = 2;
	CHECK(clocktrace_guests_add(guests, &bad) == CLOCKTRACE_INVALID);
	bad = good;
	bad.reason = 5;
	CHECK(clocktrace_guests_add(guests, &bad) == CLOCKTRACE_INVALID);
	bad.reason = -1;
	CHECK(clocktrace_guests_add(guests, &bad) == CLOCKTRACE_INVALID);
	bad = good;
	bad.vm_pid = -1;
	CHECK(clocktrace_guests_add(guests, &bad) == CLOCKTRACE_INVALID);
	bad = good;
	bad.position.order = UINT64_MAX;
	CHECK(clocktrace_guests_add(guests, &bad) == CLOCKTRACE_INVALID);
	CHECK(clocktrace_guests_lost(guests, at(2, 1), at(1, 2)) ==
	      CLOCKTRACE_INVALID);
	CHECK(clocktrace_guests_lost(guests, at(1, 2), at(2, 1)) ==
	      CLOCKTRACE_INVALID);
	CHECK(!clocktrace_guests_vcpu(guests, VM, 0));
	CHECK(!clocktrace_guests_next(guests, NULL));
	CHECK(!clocktrace_guests_commit(guests, NULL));
	finish();
	CHECK(clocktrace_guests_new((size_t)1 << 31, &guests) ==
	      CLOCKTRACE_INVALID);
	clocktrace_guests_free(NULL);
}

static void test_limit(void)
{
	struct clocktrace_guest_event added = event(300, CLOCKTRACE_REFRESH, plain);
	unsigned int i;

	CHECK(!clocktrace_guests_new(2, &guests));
	add(100, CLOCKTRACE_CREATED, plain);
	add(200, CLOCKTRACE_REFRESH, plain);
	CHECK(clocktrace_guests_add(guests, &added) == CLOCKTRACE_LIMIT);
	added.vcpu_id = 1;
	CHECK(clocktrace_guests_add(guests, &added) == CLOCKTRACE_LIMIT);
	for (i = 0; i < 2; i++)
		CHECK(!clocktrace_guests_lost(guests, at(i, i), at(i + 1, i + 1)));
	CHECK(clocktrace_guests_lost(guests, at(1, 1), at(9, 9)) ==
	      CLOCKTRACE_LIMIT);
	/* An empty gap takes no room. */
	CHECK(!clocktrace_guests_lost(guests, at(1, 1), at(1, 1)));
	commit();
	CHECK(info().events == 2);
	finish();
}

/* Several VMs, of one process and of another that got its number later */
static void test_walk(void)
{
	static const struct {
		uint64_t vm_id;
		uint32_t vcpu_id;
	} sorted[] = { { 3, 0 }, { 3, 1 }, { 9, 0 }, { 1ull << 40, 5 } };
	static const unsigned int input[] = { 2, 0, 3, 1, 2, 0 };
	struct clocktrace_guest_event added = event(0, CLOCKTRACE_REFRESH, plain);
	struct clocktrace_vcpu_info walked;
	size_t i;

	begin();
	for (i = 0; i < 6; i++) {
		added.vm_id = sorted[input[i]].vm_id;
		added.vcpu_id = sorted[input[i]].vcpu_id;
		added.position = at(100 + i, i);
		CHECK(!clocktrace_guests_add(guests, &added));
	}
	CHECK(!clocktrace_guests_commit(guests, NULL));
	for (i = 0; i < 4; i++) {
		vcpu = clocktrace_guests_next(guests, vcpu);
		CHECK(vcpu);
		CHECK(vcpu == clocktrace_guests_vcpu(guests, sorted[i].vm_id,
						     sorted[i].vcpu_id));
		CHECK(!clocktrace_vcpu_info(vcpu, &walked));
		CHECK(walked.vm_id == sorted[i].vm_id);
		CHECK(walked.vcpu_id == sorted[i].vcpu_id);
		CHECK(walked.vm_pid == PID);
	}
	CHECK(!clocktrace_guests_next(guests, vcpu));
	CHECK(!clocktrace_guests_vcpu(guests, 3, 2));
	finish();
}

static void test_status_texts(void)
{
	enum clocktrace_status i, j;

	for (i = CLOCKTRACE_OK; i <= CLOCKTRACE_UNCOMMITTED; i++)
		for (j = CLOCKTRACE_OK; j < i; j++)
			CHECK(strcmp(clocktrace_status_text(i),
				     clocktrace_status_text(j)));
	CHECK(clocktrace_status_text(1000));
}

int main(void)
{
	tap_begin();
	tap_run(test_whole_life, "creation, change and end of a vCPU");
	tap_run(test_ratio_change, "a change of the ratio");
	tap_run(test_order_in_one_tick, "the order tells apart events of one tick");
	tap_run(test_late_attach, "a late tracer: earlier values are assumed");
	tap_run(test_trace_limits, "the limits of the trace tell known from assumed");
	tap_run(test_change_first, "a change alone does not tell the values before");
	tap_run(test_contradicting_refresh, "a contradicting refresh proves a loss");
	tap_run(test_announced_loss, "an announced gap confines a loss");
	tap_run(test_impossible_changes, "a change that cannot be proves a loss");
	tap_run(test_created_twice, "a second creation proves a lost destruction");
	tap_run(test_alive_after_death, "an event after the end proves a lost creation");
	tap_run(test_protected, "protected guests are refused with their own status");
	tap_run(test_ambiguous_guest_time, "all host times of a guest time are found");
	tap_run(test_place_by_neighbours, "neighbours tell which host time it is");
	tap_run(test_place_narrows, "neighbours narrow a run of host ticks");
	tap_run(test_guest_wrap, "a guest's counter wraps");
	tap_run(test_extreme_times, "the first and the last tick of 64 bits");
	tap_run(test_any_input_order, "events in any order, duplicates among them");
	tap_run(test_more_after_commit, "more events after a commit");
	tap_run(test_conflicts, "contradicting events are refused, with the offender");
	tap_run(test_invalid_events, "values out of range are refused");
	tap_run(test_limit, "the limit of events is kept");
	tap_run(test_walk, "vCPUs of several VMs in order");
	tap_run(test_status_texts, "each status has a text of its own");
	return tap_end();
}
