// SPDX-License-Identifier: GPL-2.0
/*
 * A million changes of one vCPU: lookups stay logarithmic, also for what is
 * made to make them slow.  Steps are counted, not time.
 */
#include <stdlib.h>

#include "../clocktrace_guest.h"
#include "random.h"
#include "tap.h"

#define EVENTS (1u << 20)
#define LOOKUPS 20000
/* log2(3 * EVENTS), rounded up */
#define LEVELS 22

extern uint64_t clocktrace_steps;
uint64_t clocktrace_steps;

static struct clocktrace_guests *guests;
static const struct clocktrace_vcpu *vcpu;

/* A change every 100 ticks, added in a random order */
static void build(int64_t (*offset)(unsigned int i))
{
	unsigned int *shuffled = malloc(EVENTS * sizeof(*shuffled)), i;
	struct clocktrace_guest_event event = {
		.vm_id = 1, .tsc = { 0, 1ull << 48, 48 },
	};

	CHECK(!clocktrace_guests_new(0, &guests));
	for (i = 0; i < EVENTS; i++) {
		unsigned int j = random_below(i + 1);

		shuffled[i] = shuffled[j];
		shuffled[j] = i;
	}
	for (i = 0; i < EVENTS; i++) {
		unsigned int number = shuffled[i];

		event.position.host_time = (number + 1) * 100ull;
		event.position.order = number + 1;
		event.tsc.offset = offset(number);
		event.reason = number ? CLOCKTRACE_OFFSET : CLOCKTRACE_CREATED;
		CHECK(!clocktrace_guests_add(guests, &event));
	}
	free(shuffled);
	CHECK(!clocktrace_guests_commit(guests, NULL));
	vcpu = clocktrace_guests_vcpu(guests, 1, 0);
}

static void check_steps(const char *what, uint64_t limit)
{
	CHECK_MSG(clocktrace_steps <= limit, "%s took %llu steps, above %llu",
		  what, (unsigned long long)clocktrace_steps,
		  (unsigned long long)limit);
	clocktrace_steps = 0;
}

/* The same snapshot is loaded again and again: all spans read the same times */
static int64_t snapshot(unsigned int i)
{
	return -100 * (int64_t)(i + 1) - (i & 1);
}

/* Spans in turn before and behind a range of guest times that none reads */
static int64_t hole(unsigned int i)
{
	return i & 1 ? INT64_MAX / 2 : -(int64_t)(i & 2);
}

static void test_lookups(void)
{
	struct clocktrace_span span;
	unsigned int i;

	build(snapshot);
	clocktrace_steps = 0;
	for (i = 0; i < LOOKUPS; i++) {
		uint64_t number = random_below(EVENTS);

		CHECK(!clocktrace_vcpu_at_host(vcpu, (number + 1) * 100 + 7,
					       &span));
		CHECK(span.tsc[0].offset == snapshot(number));
		check_steps("a lookup by host time", LEVELS);
		CHECK(!clocktrace_vcpu_at_order(vcpu, number + 1, &span));
		CHECK(span.tsc[0].offset == snapshot(number));
		check_steps("a lookup by order", LEVELS);
	}
}

/* Each guest time has a million matches, any of which is quick to get. */
static void test_snapshots(void)
{
	struct clocktrace_cursor cursor;
	struct clocktrace_window window;
	struct clocktrace_match match;
	unsigned int i;

	for (i = 0; i < LOOKUPS; i++) {
		uint64_t number = random_below(EVENTS);
		uint64_t guest = 2 + random_below(90);

		window = CLOCKTRACE_WINDOW_ALL;
		window.begin.host_time = (number + 1) * 100;
		CHECK(!clocktrace_vcpu_find(vcpu, guest, window, &cursor));
		CHECK(!clocktrace_cursor_next(&cursor, &match));
		CHECK(match.host.first == window.begin.host_time + guest +
					  (number & 1));
		check_steps("a first match", LEVELS * (LEVELS + 4));
		if (number + 1 < EVENTS) {
			CHECK(!clocktrace_cursor_next(&cursor, &match));
			CHECK(match.host.first > window.begin.host_time + 100);
			check_steps("a second match", LEVELS * (LEVELS + 4));
		}
	}
}

/* The window of kvm_entry and kvm_exit leaves one, without the index. */
static void test_windows(void)
{
	struct clocktrace_window window;
	struct clocktrace_match match;
	unsigned int i;

	for (i = 0; i < LOOKUPS; i++) {
		uint64_t number = random_below(EVENTS);
		uint64_t guest = 2 + random_below(90);

		window.begin.host_time = (number + 1) * 100 + 1;
		window.begin.order = number + 1;
		window.end.host_time = (number + 1) * 100 + 99;
		window.end.order = number + 1;
		CHECK(!clocktrace_vcpu_to_host(vcpu, guest, window, &match));
		CHECK(match.host.first == window.begin.host_time - 1 + guest +
					  (number & 1));
		check_steps("a conversion in a window", 6 * LEVELS);
	}
	clocktrace_guests_free(guests);
}

static void test_hole(void)
{
	struct clocktrace_window window = CLOCKTRACE_WINDOW_ALL;
	struct clocktrace_match match;
	unsigned int i;

	build(hole);
	clocktrace_steps = 0;
	/* The last span of all, which never ends, reads every time. */
	window.end.order = EVENTS - 1;
	window.end.host_time = EVENTS * 100ull;
	for (i = 0; i < LOOKUPS; i++) {
		uint64_t guest = INT64_MAX / 4 + random_below(1000000);

		CHECK(clocktrace_vcpu_to_host(vcpu, guest, window, &match) ==
		      CLOCKTRACE_NONE);
		check_steps("a search for nothing", LEVELS * (LEVELS + 4));
	}
	clocktrace_guests_free(guests);
}

/* The inverse needs no more steps than Euclid's algorithm does. */
static void test_inverse(void)
{
	const struct clocktrace_ticks all = { 0, UINT64_MAX };
	/* Neighbours in Fibonacci's series make Euclid's algorithm slowest. */
	struct clocktrace_guest_counter tsc = { 0, 12200160415121876738u, 0 };
	struct clocktrace_ticks host;
	unsigned int i;

	for (i = 0; i < LOOKUPS; i++) {
		clocktrace_steps = 0;
		clocktrace_host_first(&tsc, random_bits(), all, &host);
		check_steps("an inverse", 93);
		tsc.ratio = random_extreme();
		tsc.frac_bits = random_below(64);
	}
}

int main(void)
{
	tap_begin();
	tap_run(test_lookups, "lookups by host time and order are logarithmic");
	tap_run(test_snapshots, "a match among a million is quick");
	tap_run(test_windows, "a conversion in its window is quick");
	tap_run(test_hole, "a search for what is not there is quick");
	tap_run(test_inverse, "the inverse is quick for every ratio");
	return tap_end();
}
