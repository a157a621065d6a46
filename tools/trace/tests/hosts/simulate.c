// SPDX-License-Identifier: GPL-2.0
/*
 * Hosts whose clocks, and whose messages, are known. All limits of the defaults are made use
 * of: two clocks differ by up to 99.8 ppm, and by up to 0.0998 ppm more in each second.
 */
#include <math.h>
#include <stdlib.h>

#include "common/array.h"
#include "simulate.h"

#define PI 3.14159265358979323846L
#define SECOND 1e9L
#define RATE_MAX 49.9e-6L
/* Per ns */
#define DRIFT_MAX 0.0499e-15L

enum pattern { REQUESTS, INDEPENDENT, ONE_WAY, BURSTS, SILENCE, NR_PATTERNS };

struct link {
	size_t hosts[2];
	enum pattern pattern;
	/* Of either direction */
	long double delay[2], jitter[2];
	long double heavy, loss;
};

long double scenario_random(struct scenario *scenario)
{
	uint64_t z = scenario->state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	z ^= z >> 31;
	return (long double)(z >> 11) / (long double)(UINT64_C(1) << 53);
}

static long double between(struct scenario *scenario, long double low, long double high)
{
	return low + (high - low) * scenario_random(scenario);
}

/* As likely in each decade */
static long double scale_between(struct scenario *scenario, long double low, long double high)
{
	return low * powl(high / low, scenario_random(scenario));
}

static bool chance(struct scenario *scenario, long double probability)
{
	return scenario_random(scenario) < probability;
}

static long double exponential(struct scenario *scenario, long double mean)
{
	return -mean * logl(1 - scenario_random(scenario));
}

static long double bent(const struct sim_clock *clock, long double time)
{
	const long double period = clock->bend_period;
	long double u = fmodl(time + clock->bend_phase, period);

	if (u < period / 2)
		return clock->bend * u * (u - period / 2) / 2;
	u -= period / 2;
	return -clock->bend * u * (u - period / 2) / 2;
}

long double clock_at(const struct sim_clock *clock, long double time)
{
	long double value = time + clock->rate * time;
	size_t i;

	for (i = 0; i < WAVES; i++)
		if (clock->waves[i].amplitude != 0)
			value += clock->waves[i].amplitude / clock->waves[i].frequency *
				 (cosl(clock->waves[i].phase) -
				  cosl(clock->waves[i].phase + clock->waves[i].frequency * time));
	if (clock->bend != 0)
		value += bent(clock, time) - bent(clock, 0);
	if (clock->step != 0 && time >= clock->step_at)
		value += clock->step;
	return value;
}

long double realtime_error(const struct sim_clock *clock, long double time)
{
	return clock->realtime_bias +
	       clock->realtime_wander * sinl(2 * PI * time / clock->realtime_period);
}

static void make_clock(struct scenario *scenario, struct sim_clock *clock)
{
	long double rate = RATE_MAX, drift = DRIFT_MAX, amplitude;
	size_t i;

	clock->base = (int64_t)scale_between(scenario, 1e9L, 3e16L);
	if (chance(scenario, 0.2L)) {
		/* As fast and as bent as can be */
		clock->bend = DRIFT_MAX;
		clock->bend_period = scale_between(scenario, 2 * SECOND, 2000 * SECOND);
		clock->bend_phase = between(scenario, 0, clock->bend_period);
		rate -= DRIFT_MAX * clock->bend_period / 4;
		drift = 0;
	}
	for (i = 0; i < WAVES && drift > 0; i++) {
		if (chance(scenario, 0.3L))
			continue;
		clock->waves[i].frequency = 2 * PI / scale_between(scenario, 5 * SECOND,
								   5000 * SECOND);
		clock->waves[i].phase = between(scenario, 0, 2 * PI);
		amplitude = drift / clock->waves[i].frequency;
		if (amplitude > rate / 2)
			amplitude = rate / 2;
		amplitude *= between(scenario, 0, 1);
		clock->waves[i].amplitude = amplitude;
		rate -= amplitude;
		drift -= amplitude * clock->waves[i].frequency;
	}
	clock->rate = chance(scenario, 0.1L) ? (chance(scenario, 0.5L) ? rate : -rate) :
					       between(scenario, -rate, rate);

	/* NTP: some hosts are not regulated at all, and off by up to a minute. */
	clock->realtime_bias = scale_between(scenario, 1e4L, 1e7L) * (chance(scenario, 0.5L) ? 1 : -1);
	if (chance(scenario, 0.02L))
		clock->realtime_bias = between(scenario, -60, 60) * SECOND;
	clock->realtime_wander = scale_between(scenario, 5e3L, 5e5L);
	clock->realtime_period = scale_between(scenario, 64 * SECOND, 4096 * SECOND);
}

static void make_link(struct scenario *scenario, struct link *link, size_t a, size_t b)
{
	size_t i;

	*link = (struct link){ .hosts = { a, b } };
	link->pattern = (enum pattern)(scenario_random(scenario) * NR_PATTERNS);
	/* A step that no message shows cannot be known. */
	if (scenario->stepped < scenario->nr_hosts && link->pattern > INDEPENDENT)
		link->pattern = INDEPENDENT;
	link->delay[0] = scale_between(scenario, 300, 3e6L);
	/* Almost shared memory: bounds are of some ns, so that a wrong rounding shows. */
	if (chance(scenario, 0.15L))
		link->delay[0] = between(scenario, 0, 2);
	link->delay[1] = link->delay[0];
	if (chance(scenario, 0.5L))
		link->delay[1] *= scale_between(scenario, 0.05L, 20);
	for (i = 0; i < 2; i++)
		link->jitter[i] = link->delay[i] * scale_between(scenario, 0.01L, 10);
	link->heavy = chance(scenario, 0.3L) ? between(scenario, 0, 0.3L) : 0;
	link->loss = chance(scenario, 0.5L) ? between(scenario, 0, 0.5L) : 0;
}

static long double delay_of(struct scenario *scenario, const struct link *link, int direction)
{
	long double delay = link->delay[direction] + exponential(scenario, link->jitter[direction]);

	/* A queue that is full now and then */
	if (chance(scenario, link->heavy))
		delay += exponential(scenario, 50 * link->jitter[direction]);
	return delay;
}

static void stamp(const struct scenario *scenario, struct sim_message *message)
{
	const struct sim_clock *from = &scenario->clocks[message->message.from];
	const struct sim_clock *to = &scenario->clocks[message->message.to];

	message->message.sent = from->base + (int64_t)floorl(clock_at(from, message->sent));
	message->message.received = to->base + (int64_t)floorl(clock_at(to, message->received)) + 1;
}

static void record(struct scenario *scenario, const struct link *link, int direction,
		   long double sent, long double received)
{
	const size_t number = scenario->nr_messages;
	struct sim_message *message;

	if (received > scenario->duration || chance(scenario, link->loss))
		return;
	scenario->messages = array_room(scenario->messages, number, sizeof(*message));
	message = &scenario->messages[scenario->nr_messages++];
	message->sent = sent;
	message->received = received;
	message->message.from = link->hosts[direction];
	message->message.to = link->hosts[!direction];
	stamp(scenario, message);
}

static void make_messages(struct scenario *scenario, const struct link *link, size_t count)
{
	const long double duration = scenario->duration, pause = duration / (long double)(count + 1);
	const long double silence = between(scenario, 0.2L, 0.8L) * duration;
	long double time = 0, arrival;
	size_t i;

	for (i = 0; i < count; i++) {
		int direction = chance(scenario, 0.5L);

		time += exponential(scenario, pause);
		if (link->pattern == BURSTS && chance(scenario, 0.95L))
			time -= 0.9L * exponential(scenario, pause);
		if (time < 0)
			time = 0;
		if (link->pattern == ONE_WAY)
			direction = chance(scenario, 0.03L);
		if (link->pattern == SILENCE && time > silence)
			direction = 1;
		arrival = time + delay_of(scenario, link, direction);
		record(scenario, link, direction, time, arrival);
		if (link->pattern == REQUESTS) {
			arrival += exponential(scenario, 20000);
			record(scenario, link, !direction, arrival,
			       arrival + delay_of(scenario, link, !direction));
		}
	}
}

static int by_arrival(const void *a, const void *b)
{
	const struct sim_message *one = a, *other = b;

	return (one->received > other->received) - (one->received < other->received);
}

/* Large enough that the rates cannot explain it, whatever a message was delayed by */
static void make_step(struct scenario *scenario, struct link *links, size_t nr_links, size_t count)
{
	struct sim_clock *clock = &scenario->clocks[scenario->stepped];
	long double slowest = 0, smallest;
	size_t i;
	int j;

	for (i = 0; i < nr_links; i++)
		for (j = 0; j < 2; j++)
			if (links[i].delay[j] + links[i].jitter[j] > slowest)
				slowest = links[i].delay[j] + links[i].jitter[j];
	smallest = 20 * slowest + 40e-4L * scenario->duration / (long double)(count + 1) + 1000;
	clock->step = scale_between(scenario, smallest, smallest + 10 * SECOND);
	clock->step_at = between(scenario, 0.2L, 0.8L) * scenario->duration;
}

/*
 * Do messages show the step? No bound can be true after one that none does. A message that
 * the host sent after it has to arrive, by the rates alone, before another one that the host
 * received from there before it.
 */
static bool is_step_shown(const struct scenario *scenario)
{
	const long double step_at = scenario->clocks[scenario->stepped].step_at;
	const struct sim_message **last = zalloc(scenario->nr_hosts * sizeof(*last)), *message;
	bool shown = false;
	size_t i;

	for (i = 0; i < scenario->nr_messages && !shown; i++) {
		message = &scenario->messages[i];
		if (message->message.to == scenario->stepped && message->received < step_at)
			last[message->message.from] = message;
		if (message->message.from == scenario->stepped && message->sent >= step_at &&
		    last[message->message.to]) {
			const struct host_message *before = &last[message->message.to]->message;
			const long double passed = (long double)(message->message.sent -
								 before->received);

			shown = (long double)(message->message.received - before->sent) <
				passed * (1 - 1.1e-4L);
		}
	}
	free(last);
	return shown;
}

struct scenario *scenario_new(uint64_t seed, size_t nr_hosts, size_t nr_messages)
{
	struct scenario *scenario = zalloc(sizeof(*scenario));
	size_t i, j, nr_links = 0, count;
	struct link *links;

	scenario->state = seed * UINT64_C(0xd1342543de82ef95) + 1;
	scenario->shape = (enum shape)(scenario_random(scenario) * NR_SHAPES);
	/* Few of many hosts, which take most of the time */
	scenario->nr_hosts = nr_hosts ? nr_hosts :
			     (size_t)(2 + 63 * powl(scenario_random(scenario), 4));
	scenario->duration = scale_between(scenario, SECOND, 3000 * SECOND);
	/* Some have to do with little memory. */
	scenario->max_constraints = chance(scenario, 0.25L) ? 1 : 0;
	scenario->stepped = scenario->nr_hosts;
	if (chance(scenario, 0.2L))
		scenario->stepped = (size_t)(scenario_random(scenario) *
					     (long double)scenario->nr_hosts);
	scenario->clocks = zalloc(scenario->nr_hosts * sizeof(*scenario->clocks));
	for (i = 0; i < scenario->nr_hosts; i++)
		make_clock(scenario, &scenario->clocks[i]);

	links = zalloc(scenario->nr_hosts * scenario->nr_hosts * sizeof(*links));
	for (i = 0; i < scenario->nr_hosts; i++)
		for (j = i + 1; j < scenario->nr_hosts; j++)
			if (scenario->shape == SHAPE_MESH || (scenario->shape == SHAPE_STAR && !i) ||
			    (scenario->shape == SHAPE_RING &&
			     (j == i + 1 || (!i && j + 1 == scenario->nr_hosts))))
				make_link(scenario, &links[nr_links++], i, j);
	count = nr_messages ? nr_messages : (size_t)scale_between(scenario, 100, 5000);
	count = count / nr_links + 10;
	if (scenario->stepped < scenario->nr_hosts)
		make_step(scenario, links, nr_links, count);
	for (i = 0; i < nr_links; i++)
		make_messages(scenario, &links[i], count);
	free(links);

	qsort(scenario->messages, scenario->nr_messages, sizeof(*scenario->messages), by_arrival);
	for (i = 0; i < scenario->nr_messages; i++)
		scenario->messages[i].message.number = i + 1;
	if (scenario->stepped < scenario->nr_hosts && !is_step_shown(scenario)) {
		scenario->clocks[scenario->stepped].step = 0;
		scenario->stepped = scenario->nr_hosts;
		for (i = 0; i < scenario->nr_messages; i++)
			stamp(scenario, &scenario->messages[i]);
	}
	return scenario;
}

void scenario_free(struct scenario *scenario)
{
	free(scenario->messages);
	free(scenario->clocks);
	free(scenario);
}
