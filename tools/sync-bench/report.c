// SPDX-License-Identifier: GPL-2.0
/* A table and JSON, see report.h. */
#include <inttypes.h>
#include <json-c/json.h>
#include <math.h>
#include <stdio.h>

#include "cpu_name.h"
#include "output_file.h"
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

static json_object *checked(json_object *object)
{
	if (!object)
		fatal("out of memory");
	return object;
}

static void add(json_object *object, const char *key, json_object *value)
{
	if (json_object_object_add(object, key, value))
		fatal("out of memory");
}

static void add_number(json_object *object, const char *key, double value, const char *format)
{
	char text[64];

	/* Without samples there is no number */
	if (!isfinite(value)) {
		add(object, key, NULL);
		return;
	}
	snprintf(text, sizeof(text), format, value);
	add(object, key, checked(json_object_new_double_s(value, text)));
}

static void add_integer(json_object *object, const char *key, uint64_t value)
{
	add(object, key, checked(json_object_new_uint64(value)));
}

static void add_samples(json_object *root, const char *key, const struct samples *samples)
{
	json_object *object = checked(json_object_new_object());
	size_t i;

	for (i = 0; i < ARRAY_SIZE(quantiles); i++)
		add_number(object, quantiles[i].key,
			   samples_quantile(samples, quantiles[i].part), "%.3f");
	add_integer(object, "samples", samples->nr);
	add(root, key, object);
}

static void add_detection(json_object *array, const struct detection *detection)
{
	json_object *object = checked(json_object_new_object());

	add_integer(object, "smallest", detection->smallest);
	add_integer(object, "always", detection->always);
	add(array, detection->direction > 0 ? "ahead" : "behind", object);
}

static void write_json(json_object *root, const char *path)
{
	const char *text = json_object_to_json_string_ext(root, JSON_C_TO_STRING_PRETTY |
							  JSON_C_TO_STRING_SPACED |
							  JSON_C_TO_STRING_NOSLASHESCAPE);
	struct output_file output;

	if (!text)
		fatal("out of memory");
	if (path) {
		output_file_open(&output, path);
		fprintf(output.file, "%s\n", text);
		output_file_close(&output);
	} else {
		printf("%s\n", text);
	}
	json_object_put(root);
}

void report_json(const struct measured *measured, double interval, const char *path)
{
	json_object *root = checked(json_object_new_object());
	json_object *cpus = checked(json_object_new_array());
	json_object *detection = checked(json_object_new_object());
	json_object *cpu;
	size_t i;

	add(root, "cpu", checked(json_object_new_string(cpu_name())));
	add_integer(root, "tsc_hz", measured->tsc_hz);
	add_integer(root, "checks", measured->checks);
	add_integer(root, "failed", measured->failed);
	add_integer(root, "incomplete", measured->incomplete);
	add(root, "failure", checked(json_object_new_string(measured->failure)));
	add_samples(root, "reference_us", &measured->reference);
	add_samples(root, "other_us", &measured->other);
	add_samples(root, "round_trip_ticks", &measured->round_trip);
	for (i = 0; i < ARRAY_SIZE(measured->detection); i++) {
		if (measured->detection[i].direction)
			add_detection(detection, &measured->detection[i]);
	}
	add(root, "offset_found_ticks", detection);
	add_number(root, "interval_s", interval, "%g");
	for (i = 0; i < measured->nr_cpus; i++) {
		cpu = checked(json_object_new_object());
		add_integer(cpu, "cpu", measured->cpus[i]);
		add_number(cpu, "percent", cost_of_cpu(measured, i, interval), "%.7f");
		if (json_object_array_add(cpus, cpu))
			fatal("out of memory");
	}
	add(root, "cost", cpus);
	add_number(root, "limit_percent", COST_LIMIT, "%g");
	add(root, "held", checked(json_object_new_boolean(cost_is_held(measured, interval))));

	write_json(root, path);
}
