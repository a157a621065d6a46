// SPDX-License-Identifier: GPL-2.0
/* A table and JSON, see report.h. */
#include <inttypes.h>
#include <stdio.h>

#include "cpu_name.h"
#include "json_results.h"
#include "report.h"
#include "util.h"

static const struct {
	const char *name;
	const char *key;
	double part;
} quantiles[] = {
	{ "least", "least", 0 }, { "p10", "p10", 0.1 }, { "median", "median", 0.5 },
	{ "p90", "p90", 0.9 }, { "most", "most", 1 },
};

double cost_of_cpu(const struct measured *measured, unsigned int i, double interval)
{
	return measured->cost[i] / 1e6 / (measured->checks * interval) * 100;
}

bool cost_is_held(const struct measured *measured, double interval)
{
	unsigned int i;

	for (i = 0; i < measured->nr_cpus; i++) {
		if (!(cost_of_cpu(measured, i, interval) < COST_LIMIT))
			return false;
	}
	return true;
}

static void print_samples(const char *name, const struct samples *samples, const char *format)
{
	size_t i;

	printf("%-44s", name);
	for (i = 0; i < ARRAY_SIZE(quantiles); i++)
		printf(format, samples_quantile(samples, quantiles[i].part));
	printf("\n");
}

static void print_detection(const struct detection *detection)
{
	const char *where = detection->direction > 0 ? "ahead" : "behind";

	if (detection->smallest)
		printf("Smallest offset found, other CPU %-6s  %" PRIu64 " ticks", where,
		       detection->smallest);
	else
		printf("No offset was found, other CPU %s", where);
	if (detection->always)
		printf("; found each time from %" PRIu64 " ticks on", detection->always);
	printf("\n");
}

void report_table(const struct measured *measured, double interval)
{
	size_t i;

	printf("%s, TSC %.3f MHz, %u CPUs\n", cpu_name(), measured->tsc_hz / 1e6,
	       measured->nr_cpus);
	printf("%u checks of all CPUs: %u failed, %u incomplete\n", measured->checks,
	       measured->failed, measured->incomplete);
	if (measured->failed)
		printf("The counters are not synchronized: %s.\n", measured->failure);

	printf("\n%-44s", "");
	for (i = 0; i < ARRAY_SIZE(quantiles); i++)
		printf("%9s", quantiles[i].name);
	printf("\n");
	print_samples("us of the reference for a check", &measured->reference, "%9.1f");
	print_samples("us of another CPU, in the interrupt", &measured->other, "%9.1f");
	print_samples("ticks of a hand-over there and back, fastest", &measured->round_trip,
		      "%9.0f");
	printf("\n");
	for (i = 0; i < ARRAY_SIZE(measured->detection); i++) {
		if (measured->detection[i].direction)
			print_detection(&measured->detection[i]);
	}

	printf("Time of each CPU at an interval of %g s:\n", interval);
	for (i = 0; i < measured->nr_cpus; i++)
		printf("  CPU %-3u %.6f %%\n", measured->cpus[i],
		       cost_of_cpu(measured, i, interval));
	printf("%-12s less than %g %% of the time of each CPU\n",
	       cost_is_held(measured, interval) ? "held" : "NOT HELD", COST_LIMIT);
}

static void add_samples(json_object *root, const char *key, const struct samples *samples)
{
	json_object *object = json_checked(json_object_new_object());
	size_t i;

	for (i = 0; i < ARRAY_SIZE(quantiles); i++)
		json_add_number(object, quantiles[i].key,
				samples_quantile(samples, quantiles[i].part), "%.3f");
	json_add_integer(object, "samples", samples->nr);
	json_add(root, key, object);
}

static void add_detection(json_object *array, const struct detection *detection)
{
	json_object *object = json_checked(json_object_new_object());

	json_add_integer(object, "smallest", detection->smallest);
	json_add_integer(object, "always", detection->always);
	json_add(array, detection->direction > 0 ? "ahead" : "behind", object);
}

void report_json(const struct measured *measured, double interval, const char *path)
{
	json_object *root = json_checked(json_object_new_object());
	json_object *cpus = json_checked(json_object_new_array());
	json_object *detection = json_checked(json_object_new_object());
	json_object *cpu;
	size_t i;

	json_add_string(root, "cpu", cpu_name());
	json_add_integer(root, "tsc_hz", measured->tsc_hz);
	json_add_integer(root, "checks", measured->checks);
	json_add_integer(root, "failed", measured->failed);
	json_add_integer(root, "incomplete", measured->incomplete);
	json_add_string(root, "failure", measured->failure);
	add_samples(root, "reference_us", &measured->reference);
	add_samples(root, "other_us", &measured->other);
	add_samples(root, "round_trip_ticks", &measured->round_trip);
	for (i = 0; i < ARRAY_SIZE(measured->detection); i++) {
		if (measured->detection[i].direction)
			add_detection(detection, &measured->detection[i]);
	}
	json_add(root, "offset_found_ticks", detection);
	json_add_number(root, "interval_s", interval, "%g");
	for (i = 0; i < measured->nr_cpus; i++) {
		cpu = json_checked(json_object_new_object());
		json_add_integer(cpu, "cpu", measured->cpus[i]);
		json_add_number(cpu, "percent", cost_of_cpu(measured, i, interval), "%.7f");
		json_append(cpus, cpu);
	}
	json_add(root, "cost", cpus);
	json_add_number(root, "limit_percent", COST_LIMIT, "%g");
	json_add_boolean(root, "held", cost_is_held(measured, interval));

	json_write(root, path);
}
