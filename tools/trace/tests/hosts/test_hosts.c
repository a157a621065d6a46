// SPDX-License-Identifier: GPL-2.0
/*
 * Bounds between hosts: cases whose answer can be worked out on paper.
 */
#include <stdlib.h>

#include "hosts/exact.h"
#include "hosts/hosts.h"
#include "hosts/relation.h"
#include "tap.h"

#define SECOND INT64_C(1000000000)

static struct limits limits;

static struct hosts *new_hosts(size_t count, size_t max_constraints)
{
	limits_set(&limits, LIMITS_RATE_PPB, LIMITS_DRIFT_PPT);
	return hosts_new(count, &limits, max_constraints);
}

static enum hosts_answer send(struct hosts *hosts, size_t from, int64_t sent, size_t to,
			      int64_t received, uint64_t number, struct contradiction *contradiction)
{
	const struct host_message message = {
		.from = from, .to = to, .sent = sent, .received = received, .number = number,
	};

	return hosts_add(hosts, &message, contradiction);
}

static void test_limits(void)
{
	CHECK(limits_set(&limits, LIMITS_RATE_PPB, LIMITS_DRIFT_PPT));
	/* 1e-4 / (1 - 1e-4) of 2^64, and 0.5e-16 / (1 - 1e-4)^3 of 2^80 */
	CHECK(limits.rate == UINT64_C(1844858893260282));
	CHECK(limits.half_drift == 60464430);
	CHECK(!limits_set(&limits, LIMITS_RATE_PPB_MAX + 1, 0));
	CHECK(!limits_set(&limits, 0, LIMITS_DRIFT_PPT_MAX + 1));
}

static void test_exact(void)
{
	const exact_unsigned large = ~(exact_unsigned)0;
	const struct exact square = exact_mul(large, large);

	CHECK(square.hi == large - 1 && square.lo == 1);
	CHECK(exact_shr_up((struct exact){ 0, 16 }, 4) == 1);
	CHECK(exact_shr_up((struct exact){ 0, 17 }, 4) == 2);
	CHECK(exact_scale_up(7, 1, 2) == 4 && exact_scale_up(-7, 1, 2) == -3);
	CHECK(exact_scale_up(6, 1, 2) == 3 && exact_scale_up(INT64_MAX, INT64_MAX, INT64_MAX) == INT64_MAX);
	CHECK(exact_add(EXACT_UNBOUNDED, 1) == EXACT_UNBOUNDED);
}

/* 100 ppm as seen from the other clock are 100.010001 us in a second. */
static void test_rate(void)
{
	struct hosts *hosts = new_hosts(2, 0);
	struct host_bound bound;

	CHECK(send(hosts, 1, 0, 0, 1000, 1, NULL) == HOSTS_ADDED);
	hosts_solve(hosts, 0);
	CHECK(!hosts_bound(hosts, 1, 0, 1, &bound));
	CHECK(send(hosts, 0, -500, 1, 0, 2, NULL) == HOSTS_ADDED);
	hosts_solve(hosts, 0);
	CHECK(hosts_bound(hosts, 1, 0, 0, &bound));
	CHECK(bound.earliest == -500 && bound.latest == 1000 && !bound.stepped);
	CHECK(hosts_bound(hosts, 1, SECOND, SECOND, &bound));
	CHECK(bound.latest == SECOND + 1000 + 100011);
	CHECK(bound.earliest == SECOND - 500 - 100011);
	hosts_free(hosts);
}

/* In the middle of 2 s the offset is up to 50.015 ns above the chord, whose end is at 1 ns. */
static void test_chord(void)
{
	struct relation relation = { 0 };
	const struct constraint points[] = { { 0, 0, 1 }, { 2 * SECOND, 1, 2 } };
	const struct constraint slow = { SECOND, 52, 3 }, fast = { SECOND, 50, 4 };

	limits_set(&limits, LIMITS_RATE_PPB, LIMITS_DRIFT_PPT);
	relation_add(&relation, &limits, SIDE_UPPER, &points[0], 100);
	relation_add(&relation, &limits, SIDE_UPPER, &points[1], 100);
	CHECK(relation_bound(&relation, &limits, SIDE_UPPER, SECOND, NULL) == 52);
	CHECK(!relation_add(&relation, &limits, SIDE_UPPER, &slow, 100));
	CHECK(relation_add(&relation, &limits, SIDE_UPPER, &fast, 100));
	CHECK(relation_bound(&relation, &limits, SIDE_UPPER, SECOND, NULL) == 50);
	CHECK(relation_bound(&relation, &limits, SIDE_LOWER, SECOND, NULL) == EXACT_UNBOUNDED);
	relation_clear(&relation);
}

/*
 * From a lower constraint at 0 and an upper one at 10 s: the rate was 0.1 ppm at most, on
 * average. 1 s later the offset is up to 1000 + 100 + 550.165 ns.
 */
static void test_beyond(void)
{
	struct relation relation = { 0 };
	const struct constraint lower = { 0, 0, 1 }, upper = { 10 * SECOND, 1000, 2 };

	limits_set(&limits, LIMITS_RATE_PPB, LIMITS_DRIFT_PPT);
	relation_add(&relation, &limits, SIDE_LOWER, &lower, 100);
	relation_add(&relation, &limits, SIDE_UPPER, &upper, 100);
	CHECK(relation_bound(&relation, &limits, SIDE_UPPER, 11 * SECOND, NULL) == 1000 + 100 + 551);
	/* And before the lower one, seen from the upper one */
	CHECK(relation_bound(&relation, &limits, SIDE_LOWER, -SECOND, NULL) == 100 + 551);
	relation_clear(&relation);
}

static void test_paths(void)
{
	struct hosts *hosts = new_hosts(3, 0);
	struct host_bound bound;

	send(hosts, 2, 0, 1, 100, 1, NULL);
	send(hosts, 1, -70, 2, 0, 2, NULL);
	send(hosts, 1, 100, 0, 1100, 3, NULL);
	send(hosts, 0, -2000, 1, -70, 4, NULL);
	hosts_solve(hosts, 0);
	CHECK(hosts_bound(hosts, 2, 0, 0, &bound));
	CHECK(bound.earliest == -2000 && bound.latest == 1100);
	/* A direct message that is better on one side */
	send(hosts, 2, 0, 0, 900, 5, NULL);
	hosts_solve(hosts, 0);
	CHECK(hosts_bound(hosts, 2, 0, 0, &bound));
	CHECK(bound.earliest == -2000 && bound.latest == 900);
	hosts_free(hosts);
}

/* Host 1 steps by 1 s after 5 s. */
static void test_contradiction(void)
{
	struct hosts *hosts = new_hosts(2, 0);
	struct contradiction contradiction = { 0 };
	struct host_bound bound;
	int64_t t;

	for (t = 0; t < 10; t++) {
		const int64_t step = t > 5 ? SECOND : 0;
		const enum hosts_answer want = t == 6 ? HOSTS_SPLIT : HOSTS_ADDED;
		const enum hosts_answer there = send(hosts, 0, t * SECOND, 1, t * SECOND + step + 100,
						     (uint64_t)(2 * t + 1), &contradiction);
		const enum hosts_answer back = send(hosts, 1, t * SECOND + step + 200, 0,
						    t * SECOND + 300, (uint64_t)(2 * t + 2),
						    &contradiction);

		CHECK(there == HOSTS_ADDED && back == want);
	}
	CHECK(contradiction.hosts[0] == 1 && contradiction.hosts[1] == 0);
	CHECK(contradiction.messages[0] == 11 && contradiction.messages[1] == 14);
	CHECK(contradiction.from[0] == 5 * SECOND + 100 && contradiction.to[0] == 7 * SECOND + 200);
	CHECK(contradiction.from[1] == 5 * SECOND && contradiction.to[1] == 6 * SECOND + 300);
	hosts_solve(hosts, 0);
	CHECK(hosts_bound(hosts, 1, 4 * SECOND, 4 * SECOND, &bound));
	CHECK(!bound.stepped && bound.earliest >= 4 * SECOND - 200 && bound.latest <= 4 * SECOND + 200);
	CHECK(hosts_bound(hosts, 1, 9 * SECOND, 9 * SECOND, &bound));
	CHECK(!bound.stepped && bound.earliest >= 8 * SECOND - 200 && bound.latest <= 8 * SECOND + 200);
	CHECK(hosts_bound(hosts, 1, 6 * SECOND, 6 * SECOND, &bound));
	CHECK(bound.stepped && bound.earliest < 5 * SECOND + 1000 && bound.latest > 6 * SECOND - 1000);
	hosts_free(hosts);
}

/* Out of order, the same constraints remain. */
static void test_order(void)
{
	enum { COUNT = 2000 };
	static struct constraint points[COUNT];
	struct hull hulls[2] = { { 0 } };
	uint64_t random = 1;
	size_t i;

	for (i = 0; i < COUNT; i++) {
		random = random * UINT64_C(6364136223846793005) + 1442695040888963407;
		points[i] = (struct constraint){ (int64_t)i * SECOND, (int64_t)(random >> 52), i + 1 };
		hull_add(&hulls[0], &limits, &points[i], COUNT + 1);
	}
	for (i = 0; i < COUNT; i++)
		hull_add(&hulls[1], &limits, &points[i * 1237 % COUNT], COUNT + 1);
	CHECK(hulls[0].count == hulls[1].count && hulls[0].count < COUNT);
	for (i = 0; i < hulls[0].count && i < hulls[1].count; i++)
		CHECK(hulls[0].points[i].x == hulls[1].points[i].x &&
		      hulls[0].points[i].y == hulls[1].points[i].y);
	hull_clear(&hulls[0]);
	hull_clear(&hulls[1]);
}

/* A message each 10 s, all of them needed */
static void test_memory(void)
{
	struct hosts *hosts = new_hosts(2, 2000);
	struct host_bound bound;
	int64_t t;

	for (t = 0; t < 100000; t++) {
		send(hosts, 0, t * 10 * SECOND, 1, t * 10 * SECOND + 100, (uint64_t)(2 * t + 1), NULL);
		send(hosts, 1, t * 10 * SECOND + 200, 0, t * 10 * SECOND + 300,
		     (uint64_t)(2 * t + 2), NULL);
	}
	hosts_solve(hosts, 0);
	CHECK_MSG(hosts_constraints(hosts) <= 4000, "%zu constraints", hosts_constraints(hosts));
	CHECK(hosts_bound(hosts, 1, 0, 0, &bound));
	CHECK(hosts_bound(hosts, 1, 500000 * SECOND, 500000 * SECOND, &bound));
	CHECK(bound.earliest <= 500000 * SECOND && bound.latest >= 500000 * SECOND);
	hosts_free(hosts);
}

static void test_invalid(void)
{
	struct hosts *hosts = new_hosts(2, 0);
	struct host_bound bound;

	CHECK(send(hosts, 0, 0, 0, 1, 1, NULL) == HOSTS_INVALID);
	CHECK(send(hosts, 0, 0, 2, 1, 1, NULL) == HOSTS_INVALID);
	CHECK(send(hosts, 0, HOSTS_TIME_MAX, 1, 1, 1, NULL) == HOSTS_INVALID);
	CHECK(send(hosts, 0, 0, 1, -HOSTS_TIME_MAX, 1, NULL) == HOSTS_INVALID);
	CHECK(send(hosts, 0, HOSTS_TIME_MAX - 1, 1, 1 - HOSTS_TIME_MAX, 1, NULL) == HOSTS_ADDED);
	CHECK(!hosts_bound(hosts, 1, 0, 1, &bound));
	hosts_free(hosts);
	hosts_free(NULL);
}

int main(void)
{
	tap_begin();
	tap_run(test_limits, "hosts: limits are rounded up, and hold for both directions");
	tap_run(test_exact, "hosts: 256 bits, and quotients rounded up");
	tap_run(test_rate, "hosts: a bound by the rate alone");
	tap_run(test_chord, "hosts: a bound between two messages");
	tap_run(test_beyond, "hosts: a bound beyond the last message");
	tap_run(test_paths, "hosts: a bound over a third host, and a better direct one");
	tap_run(test_contradiction, "hosts: a contradiction is named, and splits the line there");
	tap_run(test_order, "hosts: the order of messages does not matter");
	tap_run(test_memory, "hosts: memory has a limit");
	tap_run(test_invalid, "hosts: what is out of range is refused");
	return tap_end();
}
