// SPDX-License-Identifier: GPL-2.0
/*
 * Many scenarios of hosts whose clocks are known: no bound may be false. Prints TAP, with what
 * the bounds and their rivals are worth as comments.
 */
#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "common/array.h"
#include "common/message.h"
#include "common/number.h"
#include "common/statistics.h"
#include "rivals.h"
#include "simulate.h"

#define EVENTS 200
/* What the truth itself may be off by, in ns */
#define TRUTH_ERROR 0.01L

struct values {
	double *values;
	size_t count;
};

/**
 * struct tally - over all scenarios
 * @events: events looked at, of hosts other than the reference
 * @unknown: those without a bound
 * @wrong: those with a false one
 * @width: latest - earliest, but for those near a step
 * @step_width: of those
 * @estimate: how far the estimate is off
 * @line: how far one line for the whole trace is off
 * @line_worst: the largest of a scenario: what that would have to state to be true
 * @line_wrong: events that it has a false bound for
 * @narrower: events with a bound that is narrower than that
 * @compared: events of scenarios without a step that both have a bound for
 * @pairs_failed: pairs that no straight line fits
 * @realtime: how far CLOCK_REALTIME is off
 * @realtime_wrong: events whose place by CLOCK_REALTIME is outside of the bound
 * @backward: messages that CLOCK_REALTIME lets arrive before they were sent
 * @messages: all messages
 * @steps: scenarios with a step
 * @splits: contradictions that were found
 * @false_splits: those in scenarios without a step
 */
struct tally {
	uint64_t events, unknown, wrong;
	struct values width, step_width, estimate, line, line_worst, realtime;
	uint64_t line_wrong, narrower, compared, pairs_failed;
	uint64_t realtime_wrong, backward, messages;
	uint64_t steps, splits, false_splits;
};

/**
 * struct worst - of one scenario
 * @halves: halves of the bounds' widths
 * @count: their number
 * @line: how far one line is off at most
 */
struct worst {
	long double halves[EVENTS];
	size_t count;
	long double line;
};

static void keep(struct values *values, long double value)
{
	values->values = array_room(values->values, values->count, sizeof(*values->values));
	values->values[values->count++] = (double)value;
}

static void count_realtime(const struct scenario *scenario, struct tally *tally)
{
	size_t i;

	for (i = 0; i < scenario->nr_messages; i++) {
		const struct sim_message *message = &scenario->messages[i];
		const struct sim_clock *from = &scenario->clocks[message->message.from];
		const struct sim_clock *to = &scenario->clocks[message->message.to];

		tally->messages++;
		tally->backward += message->received + realtime_error(to, message->received) <
				   message->sent + realtime_error(from, message->sent);
	}
}

/* True times of events: some around a step, and some of before and after all messages */
static long double time_of_event(struct scenario *scenario, size_t number)
{
	const struct sim_clock *stepped = &scenario->clocks[scenario->stepped];

	if (number % 8 == 0 && scenario->stepped < scenario->nr_hosts)
		return stepped->step_at + (scenario_random(scenario) - 0.5L) *
		       scenario->duration * powl(10, -6 * scenario_random(scenario));
	return (scenario_random(scenario) * 1.02L - 0.01L) * scenario->duration;
}

static void try_event(struct scenario *scenario, uint64_t seed, const struct hosts *hosts,
		      const struct lines *lines, struct tally *tally, size_t number,
		      struct worst *worst)
{
	const size_t host = 1 + (size_t)(scenario_random(scenario) *
					 (long double)(scenario->nr_hosts - 1));
	const long double time = time_of_event(scenario, number);
	const struct sim_clock *clock = &scenario->clocks[host], *reference = &scenario->clocks[0];
	const int64_t from = clock->base + (int64_t)floorl(clock_at(clock, time)), to = from + 1;
	/* All less the reference's base, so that it is exact */
	const long double truth = clock_at(reference, time);
	const long double realtime = realtime_error(clock, time) - realtime_error(reference, time);
	struct host_bound bound;
	int64_t earliest, latest;
	bool known;

	tally->events++;
	known = hosts_bound(hosts, host, from, to, &bound);
	if (!known) {
		tally->unknown++;
	} else {
		const long double low = (long double)(bound.earliest - reference->base);
		const long double high = (long double)(bound.latest - reference->base);

		if (truth < low - TRUTH_ERROR || truth > high + TRUTH_ERROR) {
			if (!tally->wrong++)
				printf("# scenario %llu, host %zu, true time %.3Lf s: %.3Lf ns is not in %.0Lf to %.0Lf (%s)\n",
				       (unsigned long long)seed, host, time / 1e9L, truth, low, high,
				       bound.stepped ? "stepped" : "smooth");
		}
		keep(bound.stepped ? &tally->step_width : &tally->width, high - low);
		keep(&tally->estimate,
		     fabsl((long double)(bound.estimate - reference->base) - truth));
		/* A step's surroundings are known to no rival. */
		if (!bound.stepped)
			worst->halves[worst->count++] = (high - low) / 2;
		tally->realtime_wrong += truth + realtime < low || truth + realtime > high;
	}
	keep(&tally->realtime, fabsl(realtime));
	if (lines_bound(lines, host, from, to, &earliest, &latest)) {
		const long double low = (long double)(earliest - reference->base);
		const long double high = (long double)(latest - reference->base);
		const long double off = fabsl((low + high) / 2 - truth);

		tally->line_wrong += truth < low - 1 || truth > high + 1;
		keep(&tally->line, off);
		if (off > worst->line)
			worst->line = off;
	}
}

static void try_scenario(uint64_t seed, uint64_t drift_ppt, struct tally *tally)
{
	struct scenario *scenario = scenario_new(seed, 0, 0);
	struct worst worst = { .line = -1 };
	struct contradiction contradiction;
	struct lines *lines = lines_new(scenario);
	struct limits limits;
	struct hosts *hosts;
	size_t i;

	limits_set(&limits, LIMITS_RATE_PPB, drift_ppt);
	hosts = hosts_new(scenario->nr_hosts, &limits, scenario->max_constraints);
	tally->steps += scenario->stepped < scenario->nr_hosts;
	for (i = 0; i < scenario->nr_messages; i++)
		if (hosts_add(hosts, &scenario->messages[i].message, &contradiction) == HOSTS_SPLIT) {
			tally->splits++;
			tally->false_splits += scenario->stepped == scenario->nr_hosts;
		}
	hosts_solve(hosts, 0);
	count_realtime(scenario, tally);
	tally->pairs_failed += lines_failed(lines);
	for (i = 0; i < EVENTS; i++)
		try_event(scenario, seed, hosts, lines, tally, i, &worst);
	/* What one line has to do with a step would not be a fair question. */
	if (scenario->stepped == scenario->nr_hosts && worst.count && worst.line >= 0) {
		for (i = 0; i < worst.count; i++) {
			tally->compared++;
			tally->narrower += worst.halves[i] < worst.line;
		}
		keep(&tally->line_worst, worst.line);
	}
	hosts_free(hosts);
	lines_free(lines);
	scenario_free(scenario);
}

static void print_values(const char *what, struct values *values)
{
	struct spread spread;

	if (!values->count)
		return;
	spread = spread_of(values->values, values->count);
	printf("# %-58s %12.3f %12.3f\n", what, spread.median / 1e3,
	       values->values[values->count - 1] / 1e3);
}

static void report(struct tally *tally)
{
	printf("# %-58s %12s %12s\n", "in us", "median", "worst");
	print_values("bound, latest - earliest", &tally->width);
	print_values("the same, where a clock may have stepped", &tally->step_width);
	print_values("estimate, off by", &tally->estimate);
	print_values("one line for the whole trace, off by", &tally->line);
	print_values("CLOCK_REALTIME, off by", &tally->realtime);
	print_values("one line, the +- that it would have to state to be true", &tally->line_worst);
	printf("# false: %llu of %llu bounds, %llu of one line, %llu of CLOCK_REALTIME (proven by the bound)\n",
	       (unsigned long long)tally->wrong,
	       (unsigned long long)(tally->events - tally->unknown),
	       (unsigned long long)tally->line_wrong, (unsigned long long)tally->realtime_wrong);
	printf("# no bound: %llu events; no straight line: %llu pairs of hosts\n",
	       (unsigned long long)tally->unknown, (unsigned long long)tally->pairs_failed);
	printf("# the bound is narrower than that for %llu of %llu events of scenarios without a step\n",
	       (unsigned long long)tally->narrower, (unsigned long long)tally->compared);
	printf("# CLOCK_REALTIME lets %llu of %llu messages arrive before they were sent\n",
	       (unsigned long long)tally->backward, (unsigned long long)tally->messages);
	printf("# %llu scenarios with a step, %llu splits, of them %llu without a step\n",
	       (unsigned long long)tally->steps, (unsigned long long)tally->splits,
	       (unsigned long long)tally->false_splits);
}

static uint64_t number_of(const char *text)
{
	uint64_t number;

	if (!parse_u64(text, 0, UINT64_MAX, &number))
		exit(STATUS_UNUSABLE);
	return number;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "first", required_argument, NULL, 'f' },
		{ "count", required_argument, NULL, 'c' },
		{ "drift", required_argument, NULL, 'd' },
		{ "until-false", no_argument, NULL, 'u' },
		{ "progress", no_argument, NULL, 'p' },
		{ 0 }
	};
	uint64_t first = 1, count = 100, drift = LIMITS_DRIFT_PPT, i;
	const time_t begin = time(NULL);
	struct tally tally = { 0 };
	bool progress = false, until_false = false;
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case 'f':
			first = number_of(optarg);
			break;
		case 'c':
			count = number_of(optarg);
			break;
		case 'd':
			drift = number_of(optarg);
			break;
		case 'u':
			until_false = true;
			break;
		case 'p':
			progress = true;
			break;
		default:
			fputs("Usage: scenarios [--first SEED] [--count NUMBER] [--drift PPT] [--until-false] [--progress]\n",
			      stderr);
			return 2;
		}
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	puts("TAP version 13\n1..1");
	for (i = 0; i < count && !(until_false && tally.wrong); i++) {
		try_scenario(first + i, drift, &tally);
		if (progress && (i + 1) % 100 == 0)
			fprintf(stderr, "%llu of %llu scenarios, %llu false bounds, %.0f s\n",
				(unsigned long long)(i + 1), (unsigned long long)count,
				(unsigned long long)tally.wrong, difftime(time(NULL), begin));
	}
	report(&tally);
	printf("%sok 1 - hosts: no bound is false in %llu scenarios, from seed %llu on\n",
	       tally.wrong || !tally.events ? "not " : "", (unsigned long long)i,
	       (unsigned long long)first);
	free(tally.width.values);
	free(tally.step_width.values);
	free(tally.estimate.values);
	free(tally.line.values);
	free(tally.line_worst.values);
	free(tally.realtime.values);
	return tally.wrong || !tally.events;
}
