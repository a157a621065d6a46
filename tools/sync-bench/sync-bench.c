// SPDX-License-Identifier: GPL-2.0
/*
 * Run the kernel's sync check on this machine's CPUs, in user space: what it costs
 * them, and which offsets it finds.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <getopt.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cpus.h"
#include "kernel.h"
#include "measure.h"
#include "output_file.h"
#include "report.h"
#include "simulate.h"
#include "timebase.h"
#include "util.h"

#define DEFAULT_CHECKS		1000
#define MAX_CHECKS		1000000
#define DEFAULT_TRIES		20
#define MAX_TRIES		10000
/* As check_interval of the kernel has it */
#define DEFAULT_INTERVAL	60
#define MAX_INTERVAL		3600
/* The most that the kernel lets a meeting take */
#define DEFAULT_MEETING_US	90
#define DEFAULT_SIMULATED	100
#define DEFAULT_SEED		1

struct options {
	unsigned int checks;
	unsigned int tries;
	unsigned int interval;
	int64_t skew;
	bool json;
	const char *json_file;
	bool strict;
	bool checks_given;
	struct simulation simulation;
};

static const struct option long_options[] = {
	{ "checks", required_argument, NULL, 'c' },
	{ "tries", required_argument, NULL, 't' },
	{ "interval", required_argument, NULL, 'i' },
	{ "skew", required_argument, NULL, 's' },
	{ "json", no_argument, NULL, 'j' },
	{ "json-file", required_argument, NULL, 'J' },
	{ "strict", no_argument, NULL, 'S' },
	{ "simulate", required_argument, NULL, 'N' },
	{ "unmet", required_argument, NULL, 'u' },
	{ "changes", required_argument, NULL, 'C' },
	{ "meeting", required_argument, NULL, 'm' },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 },
};

static void show_help(void)
{
	printf("Usage: sync-bench [OPTION]...\n"
	       "Run the sync check of CLOCK_TRACE on the CPUs of this machine, in user space: what\n"
	       "it costs them, and which offsets between their counters it finds.\n"
	       "\n"
	       "  --checks N      checks of all CPUs (default: %d)\n"
	       "  --tries N       measurements with each offset; 0: try none (default: %d)\n"
	       "  --interval S    seconds between periodic checks, for the cost (default: %d)\n"
	       "  --skew TICKS    add TICKS to what the last CPU reads, in the checks\n"
	       "  --json          JSON instead of a table\n"
	       "  --json-file F   JSON to a file, too\n"
	       "  --strict        exit with status 3 if a check failed or the limit did not hold\n"
	       "  --simulate N    run no meeting, but the code that chooses CPUs and schedules the\n"
	       "                  check, for N CPUs, in virtual time (default: %d checks)\n"
	       "  --unmet N       simulate that N of the CPUs cannot be met (default: 0)\n"
	       "  --changes N     simulate that N CPUs a second go offline or come online\n"
	       "                  (default: 0)\n"
	       "  --meeting US    simulate that a meeting takes US from each CPU (default: %d)\n"
	       "  -h, --help      show this help\n"
	       "\n"
	       "It takes all CPUs that it may run on; taskset(1) chooses others.\n",
	       DEFAULT_CHECKS, DEFAULT_TRIES, DEFAULT_INTERVAL, DEFAULT_SIMULATED,
	       DEFAULT_MEETING_US);
}

static int64_t parse_number(const char *name, const char *text, int64_t least, int64_t most)
{
	long long value;
	char *end;

	errno = 0;
	value = strtoll(text, &end, 10);
	if (errno || end == text || *end || value < least || value > most)
		fatal("--%s wants a number from %lld to %lld, not '%s'", name,
		      (long long)least, (long long)most, text);
	return value;
}

static void parse_options(struct options *options, int argc, char **argv)
{
	struct simulation *simulation = &options->simulation;
	int id, index = 0;
	const char *name;

	while ((id = getopt_long(argc, argv, "h", long_options, &index)) != -1) {
		name = long_options[index].name;
		switch (id) {
		case 'c':
			options->checks = parse_number(name, optarg, 1, MAX_CHECKS);
			options->checks_given = true;
			break;
		case 't':
			options->tries = parse_number(name, optarg, 0, MAX_TRIES);
			break;
		case 'i':
			options->interval = parse_number(name, optarg, 1, MAX_INTERVAL);
			break;
		case 's':
			options->skew = parse_number(name, optarg, INT64_MIN, INT64_MAX);
			break;
		case 'j':
			options->json = true;
			break;
		case 'J':
			options->json_file = optarg;
			break;
		case 'S':
			options->strict = true;
			break;
		case 'N':
			simulation->nr_cpus = parse_number(name, optarg, 2, NR_CPUS);
			break;
		case 'u':
			simulation->unmet = parse_number(name, optarg, 0, NR_CPUS - 1);
			break;
		case 'C':
			simulation->changes = parse_number(name, optarg, 0, 1000);
			break;
		case 'm':
			simulation->meeting_us = parse_number(name, optarg, 1, 1000);
			break;
		case 'h':
			show_help();
			close_stdout();
			exit(EXIT_SUCCESS);
		default:
			fatal("'sync-bench --help' lists the options");
		}
	}
	if (optind < argc)
		fatal("'%s' is no option; 'sync-bench --help' lists them", argv[optind]);
	if (simulation->nr_cpus && simulation->unmet >= simulation->nr_cpus)
		fatal("--unmet wants fewer CPUs than --simulate");
	simulation->checks = options->checks_given ? options->checks : DEFAULT_SIMULATED;
}

static unsigned int usable_cpus(unsigned int *cpus)
{
	unsigned int cpu, nr = 0;
	cpu_set_t set;

	if (sched_getaffinity(0, sizeof(set), &set))
		fatal("cannot find out which CPUs may be used: %s", strerror(errno));
	for (cpu = 0; cpu < NR_CPUS && cpu < CPU_SETSIZE; cpu++) {
		if (CPU_ISSET(cpu, &set))
			cpus[nr++] = cpu;
	}
	return nr;
}

static void say(const char *what)
{
	if (isatty(STDERR_FILENO))
		fprintf(stderr, "sync-bench: %s\n", what);
}

static int run_simulation(struct options *options)
{
	struct simulation *simulation = &options->simulation;

	simulate(simulation, options->interval);
	if (options->json_file)
		simulation_json(simulation, options->interval, options->json_file);
	if (options->json)
		simulation_json(simulation, options->interval, NULL);
	else
		simulation_print(simulation, options->interval);
	close_stdout();
	return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
	static unsigned int cpus[NR_CPUS];
	struct options options = {
		.checks		= DEFAULT_CHECKS,
		.tries		= DEFAULT_TRIES,
		.interval	= DEFAULT_INTERVAL,
		.simulation	= { .meeting_us = DEFAULT_MEETING_US, .seed = DEFAULT_SEED },
	};
	struct measured measured = { .cpus = cpus };
	struct job_timebase base;

	parse_options(&options, argc, argv);
	if (options.json_file)
		output_file_check(options.json_file);
	if (options.simulation.nr_cpus)
		return run_simulation(&options);
	measured.nr_cpus = usable_cpus(cpus);
	if (measured.nr_cpus < 2)
		fatal("only CPU %u may be used; the check needs two, and taskset(1) gives more",
		      cpus[0]);

	timebase_calibrate(&base);
	measured.tsc_hz = base.tsc_hz;
	cpus_start(cpus, measured.nr_cpus);

	say("checking all CPUs");
	measure_checks(&measured, options.checks, options.skew);
	if (options.tries) {
		say("looking for the smallest offset that is found");
		measure_detection(&measured, options.tries);
	}

	if (options.json_file)
		report_json(&measured, options.interval, options.json_file);
	if (options.json)
		report_json(&measured, options.interval, NULL);
	else
		report_table(&measured, options.interval);
	close_stdout();
	return options.strict && (measured.failed || !cost_is_held(&measured, options.interval)) ?
	       3 : EXIT_SUCCESS;
}
