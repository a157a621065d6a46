// SPDX-License-Identifier: GPL-2.0
/*
 * clocktrace bench - measure what a read of each clock costs
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <json-c/json.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "clock_trace.h"
#include "clocks.h"
#include "clocktrace.h"
#include "hypervisor.h"
#include "measure.h"
#include "common/number.h"
#include "output.h"

#define MAX_ROUNDS 1000000
#define MAX_CALLS 1000000000

/* The first is what the others are compared with. */
static const clockid_t measured[] = {
	CLOCK_MONOTONIC, CLOCK_MONOTONIC_RAW,	CLOCK_MONOTONIC_COARSE,
	CLOCK_BOOTTIME,	 CLOCK_REALTIME,	CLOCK_REALTIME_COARSE,
	CLOCK_TRACE,	 CLOCK_TRACE_UNORDERED,
};

#define NR_MEASURED (sizeof(measured) / sizeof(measured[0]))

static const char *const method_text[] = {
	[BY_LIBC] = "libc",
	[BY_SYSCALL] = "syscall",
};

struct bench {
	uint64_t rounds;
	uint64_t calls;
	/* Where it runs. */
	int cpu;
	bool is_virtual;
	char hypervisor[HYPERVISOR_SIZE];
	struct measurement all[2 * NR_MEASURED];
};

static void print_help(void)
{
	puts("Usage: clocktrace bench [OPTION]...\n"
	     "\n"
	     "Measure what a read of each clock costs, by the C library and by a system call,\n"
	     "on one CPU, in rounds that take turns. Print the median, the quartiles, and the\n"
	     "ratio to CLOCK_MONOTONIC by the C library in the same round.\n"
	     "\n"
	     "Options:\n"
	     "  -r, --rounds N  rounds (default 31)\n"
	     "  -n, --calls N   calls in a round (default 2000)\n"
	     "  -c, --cpu CPU   run on this CPU (default: where it happens to be)\n"
	     "      --json      print one JSON object\n"
	     "  -h, --help      print this help\n"
	     "      --version   print the version");
}

static const struct clock_name *clock_by_id(clockid_t id)
{
	size_t i;

	for (i = 0; i + 1 < nr_clocks && clocks[i].id != id; i++)
		;
	return &clocks[i];
}

/* Moves to the CPU, or stays on the present one if it is negative. */
static int pin(int cpu)
{
	cpu_set_t set;

	if (cpu < 0)
		cpu = sched_getcpu();
	if (cpu < 0 || cpu >= CPU_SETSIZE) {
		complain("cannot tell the CPU: give one with --cpu");
		return -1;
	}
	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set)) {
		complain("cannot run on CPU %d alone: %s; give another one with --cpu", cpu,
			 strerror(errno));
		return -1;
	}
	return cpu;
}

/* To a person only, as the whole takes seconds in an emulator. */
static void show_progress(size_t done, size_t rounds)
{
	fprintf(stderr, "\rround %zu of %zu%s", done, rounds, done == rounds ? "\n" : "");
}

static void print_notes(const struct bench *bench)
{
	if (hypervisor_emulates(bench->hypervisor))
		printf("\nThis CPU is emulated (%s): the times do not speak for hardware.\n",
		       bench->hypervisor);
	else if (bench->is_virtual)
		printf("\nThis is a virtual machine (%s): times may differ from bare hardware.\n",
		       bench->hypervisor[0] ? bench->hypervisor : "unnamed hypervisor");
}

static void print_text(const struct bench *bench)
{
	const char *ticks_name = measure_ticks_name();
	const struct measurement *m;
	size_t i;

	printf("Cost of a call: %" PRIu64 " rounds of %" PRIu64 " calls each, on CPU %d\n\n",
	       bench->rounds, bench->calls, bench->cpu);
	printf("%-23s %-8s %9s %19s %9s %7s\n", "clock", "by", "ns", "quartiles",
	       ticks_name ? "ticks" : "", "ratio");
	for (i = 0; i < 2 * NR_MEASURED; i++) {
		m = &bench->all[i];
		printf("%-23s %-8s ", m->clock->name, method_text[m->method]);
		if (m->error) {
			printf("cannot be read: %s\n", strerror(m->error));
			continue;
		}
		printf("%9.1f %9.1f %9.1f ", m->ns.median, m->ns.lower_quartile,
		       m->ns.upper_quartile);
		if (ticks_name)
			printf("%9.1f ", m->ticks.median);
		else
			printf("%9s ", "");
		printf("%7.2f\n", m->ratio.median);
	}
	if (ticks_name)
		printf("\nTicks are those of %s.\n", ticks_name);
	print_notes(bench);
}

static struct json_object *spread_as_json(const struct spread *spread)
{
	struct json_object *object = json_object_new_object();

	json_object_object_add(object, "median", json_object_new_double(spread->median));
	json_object_object_add(object, "lower_quartile",
			       json_object_new_double(spread->lower_quartile));
	json_object_object_add(object, "upper_quartile",
			       json_object_new_double(spread->upper_quartile));
	return object;
}

static struct json_object *measurement_as_json(const struct measurement *m)
{
	struct json_object *object = json_object_new_object();

	json_object_object_add(object, "clock", json_object_new_string(m->clock->name));
	json_object_object_add(object, "by", json_object_new_string(method_text[m->method]));
	if (m->error) {
		json_object_object_add(object, "error",
				       json_object_new_string(strerror(m->error)));
		return object;
	}
	json_object_object_add(object, "ns", spread_as_json(&m->ns));
	if (measure_ticks_name())
		json_object_object_add(object, "ticks", spread_as_json(&m->ticks));
	json_object_object_add(object, "ratio", spread_as_json(&m->ratio));
	return object;
}

static void print_as_json(const struct bench *bench)
{
	struct json_object *object = json_object_new_object();
	struct json_object *results = json_object_new_array();
	const char *ticks_name = measure_ticks_name();
	size_t i;

	for (i = 0; i < 2 * NR_MEASURED; i++)
		json_object_array_add(results, measurement_as_json(&bench->all[i]));
	json_object_object_add(object, "rounds", json_object_new_uint64(bench->rounds));
	json_object_object_add(object, "calls", json_object_new_uint64(bench->calls));
	json_object_object_add(object, "cpu", json_object_new_int(bench->cpu));
	json_object_object_add(object, "ticks_of",
			       ticks_name ? json_object_new_string(ticks_name) : NULL);
	json_object_object_add(object, "hypervisor",
			       bench->is_virtual ? json_object_new_string(bench->hypervisor)
						 : NULL);
	json_object_object_add(object, "emulated",
			       json_object_new_boolean(hypervisor_emulates(bench->hypervisor)));
	json_object_object_add(object, "results", results);
	print_json(object);
}

static int run(struct bench *bench, bool json)
{
	bool show = isatty(STDERR_FILENO);
	size_t i;

	for (i = 0; i < NR_MEASURED; i++) {
		bench->all[i].clock = clock_by_id(measured[i]);
		bench->all[i].method = BY_LIBC;
		bench->all[NR_MEASURED + i].clock = clock_by_id(measured[i]);
		bench->all[NR_MEASURED + i].method = BY_SYSCALL;
	}
	bench->cpu = pin(bench->cpu);
	if (bench->cpu < 0)
		return STATUS_UNUSABLE;
	bench->is_virtual = hypervisor_name(bench->hypervisor);
	if (!measure_all(bench->all, 2 * NR_MEASURED, bench->rounds, bench->calls,
			 show ? show_progress : NULL))
		return STATUS_UNUSABLE;

	if (json)
		print_as_json(bench);
	else
		print_text(bench);
	/* The others are worth knowing without it, but that it is missing is no success. */
	if (!clock_trace_available()) {
		errno = EINVAL;
		return clock_failure();
	}
	return STATUS_YES;
}

int cmd_bench(int argc, char **argv)
{
	static const struct option options[] = {
		{ "calls", required_argument, NULL, 'n' },
		{ "cpu", required_argument, NULL, 'c' },
		{ "help", no_argument, NULL, 'h' },
		{ "json", no_argument, NULL, 'j' },
		{ "rounds", required_argument, NULL, 'r' },
		{ "version", no_argument, NULL, OPTION_VERSION },
		{ NULL, 0, NULL, 0 },
	};
	struct bench bench = { .rounds = 31, .calls = 2000, .cpu = -1 };
	bool json = false;
	uint64_t cpu;
	int option;

	while ((option = getopt_long(argc, argv, "c:hn:r:", options, NULL)) != -1) {
		switch (option) {
		case 'c':
			if (!parse_u64(optarg, 0, CPU_SETSIZE - 1, &cpu))
				return try_help("bench");
			bench.cpu = (int)cpu;
			break;
		case 'h':
			print_help();
			return STATUS_YES;
		case OPTION_VERSION:
			return print_version("bench");
		case 'j':
			json = true;
			break;
		case 'n':
			if (!parse_u64(optarg, 1, MAX_CALLS, &bench.calls))
				return try_help("bench");
			break;
		case 'r':
			if (!parse_u64(optarg, 1, MAX_ROUNDS, &bench.rounds))
				return try_help("bench");
			break;
		default:
			return try_help("bench");
		}
	}
	if (optind < argc) {
		complain("bench takes no argument, so '%s' makes no sense", argv[optind]);
		return try_help("bench");
	}
	return run(&bench, json);
}
