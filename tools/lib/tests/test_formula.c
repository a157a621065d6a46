// SPDX-License-Identifier: GPL-2.0
/*
 * The formula of a guest's TSC and its inverse: against bc, against the plain
 * search, and against what number theory says.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "../clocktrace_guest.h"
#include "bc_reference.h"
#include "random.h"
#include "tap.h"

#define VECTORS 20000

struct vector {
	struct clocktrace_guest_counter tsc;
	struct clocktrace_ticks window;
	uint64_t guest;
};

static struct vector vectors[VECTORS];

static uint32_t random_frac_bits(void)
{
	static const uint32_t edges[] = { 0, 1, 32, 48, 63 };

	return random_below(2) ? edges[random_below(5)] : random_below(64);
}

/* Ratios around 1.0 as real guests have them, and extreme ones */
static struct clocktrace_guest_counter random_tsc(void)
{
	struct clocktrace_guest_counter tsc;
	uint64_t one;

	tsc.frac_bits = random_frac_bits();
	one = (uint64_t)1 << tsc.frac_bits;
	switch (random_below(5)) {
	case 0:
		tsc.ratio = one + random_below(3) - 1;
		break;
	case 1:
		tsc.ratio = one / 2 + random_below(one);
		break;
	case 2:
		tsc.ratio = random_bits();
		break;
	default:
		tsc.ratio = random_extreme();
	}
	if (!tsc.ratio)
		tsc.ratio = 1;
	tsc.offset = (int64_t)random_extreme();
	return tsc;
}

static uint64_t forward(const struct clocktrace_guest_counter *tsc, uint64_t host)
{
	uint64_t guest = 0;

	CHECK(clocktrace_guest_from_host(tsc, host, &guest) == CLOCKTRACE_OK);
	return guest;
}

static void test_forward_bc(void)
{
	char line[128];
	struct bc bc;
	size_t i;

	CHECK(bc_open(&bc));
	for (i = 0; i < VECTORS; i++) {
		struct vector *vector = &vectors[i];

		vector->tsc = random_tsc();
		if (!random_below(50))
			vector->tsc.ratio = 0;
		vector->window.first = random_extreme();
		fprintf(bc.script, "g(%" PRIu64 ",%" PRIu64 ",%" PRIu32 ",%" PRId64 ")\n",
			vector->window.first, vector->tsc.ratio,
			vector->tsc.frac_bits, vector->tsc.offset);
	}
	CHECK(bc_ask(&bc));
	for (i = 0; i < VECTORS; i++) {
		char got[32];

		snprintf(got, sizeof(got), "%" PRIu64,
			 forward(&vectors[i].tsc, vectors[i].window.first));
		if (!bc_answer(&bc, line, sizeof(line)))
			strcpy(line, "no answer");
		CHECK_MSG(!strcmp(line, got),
			  "host %" PRIu64 " ratio %" PRIu64 " frac %" PRIu32 " offset %" PRId64 ": bc says %s, not %s",
			  vectors[i].window.first, vectors[i].tsc.ratio,
			  vectors[i].tsc.frac_bits, vectors[i].tsc.offset,
			  line, got);
	}
	bc_close(&bc);
}

/*
 * A window in which the scaled counter wraps a few times at most, for bc takes
 * the wraps one by one
 */
static struct clocktrace_ticks random_window(const struct clocktrace_guest_counter *tsc)
{
	struct clocktrace_ticks window = { random_extreme(), UINT64_MAX };
	unsigned int bits = 0;
	uint64_t length;

	while (bits < 64 && tsc->ratio >> bits)
		bits++;
	/* ratio < 2^bits: this many ticks are less than 16 wraps. */
	bits = 64 + tsc->frac_bits - bits + 4;
	length = random_extreme();
	if (bits < 64)
		length &= ((uint64_t)1 << bits) - 1;
	if (UINT64_MAX - window.first > length)
		window.last = window.first + length;
	return window;
}

/* A guest time that the window gives, or one beside it, or any */
static uint64_t random_guest(const struct clocktrace_guest_counter *tsc,
			     struct clocktrace_ticks window)
{
	uint64_t length = window.last - window.first;
	uint64_t host = window.first + (length == UINT64_MAX ?
					random_extreme() :
					random_extreme() % (length + 1));

	switch (random_below(8)) {
	case 0:
		return random_extreme();
	case 1:
		return forward(tsc, host) + 1;
	case 2:
		return forward(tsc, host) - 1;
	default:
		return forward(tsc, host);
	}
}

static void make_inverse_vectors(struct bc *bc, const char *function)
{
	size_t i;

	for (i = 0; i < VECTORS; i++) {
		struct vector *vector = &vectors[i];

		vector->tsc = random_tsc();
		vector->window = random_window(&vector->tsc);
		vector->guest = random_guest(&vector->tsc, vector->window);
		fprintf(bc->script, "%s(%" PRIu64 ",%" PRIu64 ",%" PRIu32 ",%" PRId64 ",%" PRIu64 ",%" PRIu64 ")\n",
			function, vector->guest, vector->tsc.ratio,
			vector->tsc.frac_bits, vector->tsc.offset,
			vector->window.first, vector->window.last);
	}
}

static void compare_inverse(enum clocktrace_status (*inverse)(
				const struct clocktrace_guest_counter *tsc,
				uint64_t guest, struct clocktrace_ticks window,
				struct clocktrace_ticks *host),
			    const char *function)
{
	size_t i, found = 0, none = 0;
	char line[128], got[64];
	struct bc bc;

	CHECK(bc_open(&bc));
	make_inverse_vectors(&bc, function);
	CHECK(bc_ask(&bc));
	for (i = 0; i < VECTORS; i++) {
		const struct vector *vector = &vectors[i];
		struct clocktrace_ticks host = { 0, 0 };

		switch (inverse(&vector->tsc, vector->guest, vector->window,
				&host)) {
		case CLOCKTRACE_OK:
			snprintf(got, sizeof(got), "%" PRIu64 " %" PRIu64,
				 host.first, host.last);
			found++;
			break;
		case CLOCKTRACE_NONE:
			strcpy(got, "none");
			none++;
			break;
		default:
			strcpy(got, "an error");
		}
		if (!bc_answer(&bc, line, sizeof(line)))
			strcpy(line, "no answer");
		CHECK_MSG(!strcmp(line, got),
			  "guest %" PRIu64 " ratio %" PRIu64 " frac %" PRIu32 " offset %" PRId64 " window %" PRIu64 "-%" PRIu64 ": bc says %s, not %s",
			  vector->guest, vector->tsc.ratio,
			  vector->tsc.frac_bits, vector->tsc.offset,
			  vector->window.first, vector->window.last, line, got);
	}
	bc_close(&bc);
	/* Vectors that all have the same answer would show little. */
	CHECK(found > VECTORS / 4);
	CHECK(none > VECTORS / 20);
}

static void test_first_bc(void)
{
	compare_inverse(clocktrace_host_first, "s");
}

static void test_last_bc(void)
{
	compare_inverse(clocktrace_host_last, "z");
}

/* All runs of short windows, with ratios that wrap in every few ticks */
static void test_plain_search(void)
{
	unsigned int i;

	for (i = 0; i < 20000; i++) {
		struct clocktrace_guest_counter tsc = random_tsc();
		struct clocktrace_ticks window, host, run;
		uint64_t guest, h;
		bool found = false;

		if (random_below(2))
			tsc.frac_bits = random_below(8);
		if (!random_below(20))
			tsc.ratio = 0;
		window.first = random_extreme();
		window.last = window.first + random_below(300);
		if (window.last < window.first)
			window.last = UINT64_MAX;
		guest = random_guest(&tsc, window);

		/* Runs one after the other, each compared with the library's */
		run = window;
		for (h = window.first; ; h++) {
			if (forward(&tsc, h) == guest) {
				found = true;
				CHECK(!clocktrace_host_first(&tsc, guest, run,
							     &host));
				CHECK(host.first == h);
				while (h < window.last &&
				       forward(&tsc, h + 1) == guest)
					h++;
				CHECK(host.last == h);
				run.first = h + 1;
				CHECK(!clocktrace_host_last(&tsc, guest,
					(struct clocktrace_ticks){
						window.first, h }, &run));
				CHECK(run.last == h && run.first == host.first);
				run.first = h + 1;
				run.last = window.last;
			}
			if (h >= window.last)
				break;
		}
		if (!found)
			CHECK(clocktrace_host_first(&tsc, guest, window, &host) ==
			      CLOCKTRACE_NONE);
		if (run.first <= run.last && run.first > window.first)
			CHECK(clocktrace_host_first(&tsc, guest, run, &host) ==
			      CLOCKTRACE_NONE);
	}
}

/*
 * Without fraction bits, guest - offset = host * ratio modulo 2^64.  An odd
 * ratio has one inverse, so that all of 2^64 ticks hold exactly one answer, up
 * to 2^64 wraps away.  Each factor of 2 doubles the answers, or leaves none.
 */
static void test_modular_inverse(void)
{
	unsigned int i, j;

	for (i = 0; i < 100000; i++) {
		unsigned int twos = random_below(2) ? 0 : random_below(64);
		uint64_t odd = random_extreme() | 1, inverse = odd;
		uint64_t mask = UINT64_MAX >> twos;
		struct clocktrace_guest_counter tsc = {
			.offset = (int64_t)random_extreme(),
			.ratio = odd << twos,
		};
		struct clocktrace_ticks all = { 0, UINT64_MAX }, first, last;
		uint64_t guest, scaled = random_extreme();
		enum clocktrace_status status;

		for (j = 0; j < 5; j++)
			inverse *= 2 - odd * inverse;
		guest = scaled + (uint64_t)tsc.offset;
		status = clocktrace_host_first(&tsc, guest, all, &first);
		if (scaled & ~(mask << twos)) {
			CHECK(status == CLOCKTRACE_NONE);
			CHECK(clocktrace_host_last(&tsc, guest, all, &last) ==
			      CLOCKTRACE_NONE);
			continue;
		}
		CHECK(status == CLOCKTRACE_OK);
		CHECK(first.first == ((scaled >> twos) * inverse & mask));
		CHECK(first.last == first.first);
		CHECK(!clocktrace_host_last(&tsc, guest, all, &last));
		CHECK(last.last == (first.first | ~mask));
		CHECK(last.first == last.last);
	}
}

/* Every host tick lies in the inverse of its guest tick. */
static void test_round_trip(void)
{
	unsigned int i;

	for (i = 0; i < 300000; i++) {
		struct clocktrace_guest_counter tsc = random_tsc();
		struct clocktrace_ticks run, back, window;
		uint64_t host = random_extreme();
		uint64_t guest = forward(&tsc, host);

		/* Searched from the tick itself on, the run begins with it. */
		window = (struct clocktrace_ticks){ host, UINT64_MAX };
		CHECK(!clocktrace_host_first(&tsc, guest, window, &run));
		CHECK(run.first == host);
		CHECK(forward(&tsc, run.last) == guest);
		if (run.last != UINT64_MAX)
			CHECK(forward(&tsc, run.last + 1) != guest);

		window = (struct clocktrace_ticks){ 0, host };
		CHECK(!clocktrace_host_last(&tsc, guest, window, &back));
		CHECK(back.last == host);
		CHECK(forward(&tsc, back.first) == guest);
		if (back.first)
			CHECK(forward(&tsc, back.first - 1) != guest);

		/* Searched from far away, any answer is a right one. */
		window = (struct clocktrace_ticks){ 0, UINT64_MAX };
		CHECK(!clocktrace_host_first(&tsc, guest, window, &run));
		CHECK(run.first <= back.first);
		CHECK(forward(&tsc, run.first) == guest);
		CHECK(forward(&tsc, run.last) == guest);
	}
}

static void test_known_values(void)
{
	/* 1.5 GHz guest on a 1 GHz host, in the formats of SVM and VMX */
	const struct clocktrace_guest_counter svm = { -100, 3ull << 31, 32 };
	const struct clocktrace_guest_counter vmx = { -100, 3ull << 47, 48 };
	const struct clocktrace_guest_counter half = { 7, 1ull << 31, 32 };
	const struct clocktrace_guest_counter still = { 7, 0, 32 };
	const struct clocktrace_ticks all = { 0, UINT64_MAX };
	const struct clocktrace_ticks early = { 0, (uint64_t)1 << 63 };
	struct clocktrace_ticks host;

	CHECK(forward(&svm, 1000) == 1400);
	CHECK(forward(&vmx, 1000) == 1400);
	CHECK(forward(&svm, 0) == (uint64_t)-100);
	CHECK(forward(&svm, 1001) == 1401);
	CHECK(clocktrace_host_first(&svm, 1402, early, &host) == CLOCKTRACE_NONE);
	/* 1402 is reached after the wrap: (2^64 + 1502) / 1.5 = ...412 */
	CHECK(!clocktrace_host_first(&svm, 1402, all, &host));
	CHECK(host.first == 12297829382473035412u && host.last == host.first);
	CHECK(!clocktrace_host_first(&svm, 1403, all, &host));
	CHECK(host.first == 1002 && host.last == 1002);

	CHECK(forward(&half, 1000) == 507 && forward(&half, 1001) == 507);
	CHECK(!clocktrace_host_first(&half, 507, all, &host));
	CHECK(host.first == 1000 && host.last == 1001);

	CHECK(!clocktrace_host_first(&still, 7, all, &host));
	CHECK(host.first == 0 && host.last == UINT64_MAX);
	CHECK(!clocktrace_host_last(&still, 7, all, &host));
	CHECK(host.first == 0 && host.last == UINT64_MAX);
	CHECK(clocktrace_host_first(&still, 8, all, &host) == CLOCKTRACE_NONE);
}

static void test_invalid(void)
{
	const struct clocktrace_guest_counter wide = { 0, 1, 64 };
	const struct clocktrace_guest_counter one = { 0, 1, 0 };
	const struct clocktrace_ticks all = { 0, UINT64_MAX };
	const struct clocktrace_ticks reversed = { 1, 0 };
	struct clocktrace_ticks host;
	uint64_t guest;

	CHECK(clocktrace_guest_from_host(&wide, 1, &guest) == CLOCKTRACE_INVALID);
	CHECK(clocktrace_host_first(&wide, 1, all, &host) == CLOCKTRACE_INVALID);
	CHECK(clocktrace_host_last(&wide, 1, all, &host) == CLOCKTRACE_INVALID);
	CHECK(clocktrace_host_first(&one, 1, reversed, &host) ==
	      CLOCKTRACE_INVALID);
	CHECK(clocktrace_host_last(&one, 1, reversed, &host) ==
	      CLOCKTRACE_INVALID);
}

int main(void)
{
	const char *no_bc = "bc is not installed: apt-get install bc";
	bool bc = bc_is_there();
	const struct {
		void (*test)(void);
		const char *claim;
	} against_bc[] = {
		{ test_forward_bc, "guest time of a host time equals bc's" },
		{ test_first_bc, "first host times of a guest time equal bc's" },
		{ test_last_bc, "last host times of a guest time equal bc's" },
	};
	size_t i;

	tap_begin();
	tap_run(test_known_values, "values computed by hand");
	tap_run(test_invalid, "bad arguments are refused");
	for (i = 0; i < sizeof(against_bc) / sizeof(*against_bc); i++) {
		if (bc)
			tap_run(against_bc[i].test, against_bc[i].claim);
		else
			tap_skip(against_bc[i].claim, no_bc);
	}
	tap_run(test_plain_search, "the inverse equals a plain search");
	tap_run(test_modular_inverse, "the inverse equals the modular inverse");
	tap_run(test_round_trip, "every host tick is in its guest tick's inverse");
	return tap_end();
}
