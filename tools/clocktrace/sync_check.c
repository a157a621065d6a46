// SPDX-License-Identifier: GPL-2.0
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <json-c/json.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "number.h"
#include "output.h"
#include "sync_check.h"

/* No kernel has more CPUs. */
#define MAX_CPUS 65536
/* How often a CPU may be measured while its files are read. */
#define MAX_TRIES 16

bool sync_check_exists(const char *dir)
{
	char path[PATH_MAX];
	int length = snprintf(path, sizeof(path), "%s/check", dir);

	return length > 0 && (size_t)length < sizeof(path) && !access(path, F_OK);
}

static enum sysfs_result read_word(const char *dir, const char *name, char *word)
{
	char line[SYSFS_TEXT_SIZE];
	enum sysfs_result result = sysfs_read_line(dir, name, line);

	if (result != SYSFS_OK)
		return result;
	if (!line[0] || strlen(line) >= SYNC_WORD_SIZE ||
	    strspn(line, "abcdefghijklmnopqrstuvwxyz") != strlen(line)) {
		complain("%s/%s does not hold what it should", dir, name);
		return SYSFS_BAD;
	}
	strcpy(word, line);
	return SYSFS_OK;
}

static enum sysfs_result read_s64(const char *dir, const char *name, int64_t *number)
{
	char line[SYSFS_TEXT_SIZE];
	enum sysfs_result result = sysfs_read_line(dir, name, line);

	if (result != SYSFS_OK)
		return result;
	if (!parse_s64(line, number)) {
		complain("%s/%s does not hold what it should", dir, name);
		return SYSFS_BAD;
	}
	return SYSFS_OK;
}

static enum sysfs_result read_u64(const char *dir, const char *name, uint64_t *number)
{
	return sysfs_read_u64(dir, name, 0, UINT64_MAX, number);
}

enum sysfs_result sync_check_read_counts(const char *dir, struct sync_check *check)
{
	enum sysfs_result result;

	memset(check, 0, sizeof(*check));
	result = read_word(dir, "check", check->result);
	if (result == SYSFS_OK)
		result = read_u64(dir, "check_interval", &check->interval);
	if (result == SYSFS_OK)
		result = read_u64(dir, "checks", &check->checks);
	if (result == SYSFS_OK)
		result = read_u64(dir, "failures", &check->failures);
	if (result == SYSFS_OK)
		result = read_u64(dir, "incomplete", &check->incomplete);
	return result;
}

/* Reads the files of a CPU, so that they are of one measurement. */
static enum sysfs_result read_cpu(const char *dir, struct sync_cpu *cpu)
{
	uint64_t reference, after;
	enum sysfs_result result;
	char path[PATH_MAX];
	int tries, length;

	length = snprintf(path, sizeof(path), "%s/cpu%u", dir, cpu->cpu);
	if (length < 0 || (size_t)length >= sizeof(path)) {
		complain("the path of the sysfs directory is too long: give a shorter one");
		return SYSFS_BAD;
	}
	for (tries = 0; tries < MAX_TRIES; tries++) {
		result = read_u64(path, "time", &cpu->time_ns);
		if (result == SYSFS_OK)
			result = sysfs_read_u64(path, "reference", 0, MAX_CPUS - 1, &reference);
		if (result == SYSFS_OK)
			result = read_u64(path, "warp", &cpu->warp);
		if (result == SYSFS_OK)
			result = read_s64(path, "offset_min", &cpu->offset_min);
		if (result == SYSFS_OK)
			result = read_s64(path, "offset_max", &cpu->offset_max);
		if (result == SYSFS_OK)
			result = read_u64(path, "round_trip", &cpu->round_trip);
		if (result == SYSFS_OK)
			result = read_word(path, "result", cpu->result);
		if (result == SYSFS_OK)
			result = read_u64(path, "cost", &cpu->cost_ns);
		if (result == SYSFS_OK)
			result = read_u64(path, "time", &after);
		if (result != SYSFS_OK)
			return SYSFS_BAD;
		if (after == cpu->time_ns) {
			cpu->reference = (unsigned int)reference;
			return SYSFS_OK;
		}
	}
	complain("the files in %s change all the time", path);
	return SYSFS_BAD;
}

/* The number of a directory cpuN; false for all else that is there. */
static bool cpu_of(const char *name, unsigned int *cpu)
{
	int64_t number;

	if (strncmp(name, "cpu", 3) || name[3] == '-' || !parse_s64(name + 3, &number) ||
	    number >= MAX_CPUS)
		return false;
	*cpu = (unsigned int)number;
	return true;
}

static int compare_cpus(const void *a, const void *b)
{
	const struct sync_cpu *first = a, *second = b;

	return first->cpu < second->cpu ? -1 : first->cpu > second->cpu;
}

static enum sysfs_result find_cpus(const char *dir, struct sync_check *check)
{
	struct dirent *entry;
	struct sync_cpu *cpus;
	unsigned int cpu;
	DIR *stream;

	stream = opendir(dir);
	if (!stream) {
		complain("cannot open %s: %s", dir, strerror(errno));
		return SYSFS_BAD;
	}
	while ((entry = readdir(stream))) {
		if (!cpu_of(entry->d_name, &cpu))
			continue;
		cpus = reallocarray(check->cpus, check->nr_cpus + 1, sizeof(*cpus));
		if (!cpus) {
			complain("not enough memory");
			closedir(stream);
			return SYSFS_BAD;
		}
		check->cpus = cpus;
		check->cpus[check->nr_cpus++].cpu = cpu;
	}
	closedir(stream);
	if (check->nr_cpus)
		qsort(check->cpus, check->nr_cpus, sizeof(*check->cpus), compare_cpus);
	return SYSFS_OK;
}

enum sysfs_result sync_check_read(const char *dir, struct sync_check *check)
{
	enum sysfs_result result;
	size_t i;

	result = sync_check_read_counts(dir, check);
	if (result != SYSFS_OK)
		return result;
	result = find_cpus(dir, check);
	for (i = 0; result == SYSFS_OK && i < check->nr_cpus; i++)
		result = read_cpu(dir, &check->cpus[i]);
	if (result != SYSFS_OK)
		sync_check_release(check);
	return result;
}

void sync_check_release(struct sync_check *check)
{
	free(check->cpus);
	check->cpus = NULL;
	check->nr_cpus = 0;
}

static void print_cell(bool known, const char *format, uint64_t value)
{
	char text[32] = "unknown";

	if (known)
		snprintf(text, sizeof(text), format, value);
	printf("  %10s", text);
}

static void print_cpu(const struct sync_cpu *cpu, uint64_t now_ns)
{
	uint64_t ago_ns = now_ns > cpu->time_ns ? now_ns - cpu->time_ns : 0;

	printf("%5u", cpu->cpu);
	if (cpu->reference == cpu->cpu) {
		printf("  %7s  %10s  %10s  %10s  %10s", "-", "-", "-", "-", "-");
	} else {
		printf("  %7u", cpu->reference);
		print_cell(true, "%" PRIu64, cpu->warp);
		print_cell(cpu->offset_min != INT64_MIN, "%" PRId64, (uint64_t)cpu->offset_min);
		print_cell(cpu->offset_max != INT64_MAX, "%" PRId64, (uint64_t)cpu->offset_max);
		print_cell(cpu->round_trip != UINT64_MAX, "%" PRIu64, cpu->round_trip);
	}
	printf("  %6.1f  %s\n", (double)ago_ns / 1e9,
	       cpu->reference == cpu->cpu ? "reference" : cpu->result);
}

void sync_check_print(const struct sync_check *check)
{
	struct timespec now;
	size_t i;

	printf("sync check:  %s\n", check->result);
	printf("checks:      %" PRIu64 " complete, %" PRIu64 " of them failed; %" PRIu64
	       " incomplete\n",
	       check->checks, check->failures, check->incomplete);
	if (check->interval)
		printf("interval:    %" PRIu64 " s\n", check->interval);
	else
		printf("interval:    none\n");
	if (!check->nr_cpus)
		return;

	clock_gettime(CLOCK_MONOTONIC, &now);
	printf("\n%5s  %7s  %10s  %10s  %10s  %10s  %6s\n", "CPU", "against", "warp",
	       "offset >=", "offset <=", "round trip", "ago");
	printf("%5s  %7s  %10s  %10s  %10s  %10s  %6s\n", "", "CPU", "ticks", "ticks", "ticks",
	       "ticks", "s");
	for (i = 0; i < check->nr_cpus; i++)
		print_cpu(&check->cpus[i],
			  (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec);
}

static void add_number(struct json_object *object, const char *key, uint64_t number)
{
	json_object_object_add(object, key, json_object_new_uint64(number));
}

static void add_signed(struct json_object *object, const char *key, int64_t number, bool known)
{
	json_object_object_add(object, key, known ? json_object_new_int64(number) : NULL);
}

static struct json_object *cpu_json(const struct sync_cpu *cpu)
{
	struct json_object *object = json_object_new_object();

	add_number(object, "cpu", cpu->cpu);
	add_number(object, "reference", cpu->reference);
	json_object_object_add(object, "result", json_object_new_string(cpu->result));
	add_number(object, "warp", cpu->warp);
	add_signed(object, "offset_min", cpu->offset_min, cpu->offset_min != INT64_MIN);
	add_signed(object, "offset_max", cpu->offset_max, cpu->offset_max != INT64_MAX);
	json_object_object_add(object, "round_trip",
			       cpu->round_trip == UINT64_MAX
				       ? NULL
				       : json_object_new_uint64(cpu->round_trip));
	add_number(object, "time_ns", cpu->time_ns);
	add_number(object, "cost_ns", cpu->cost_ns);
	return object;
}

struct json_object *sync_check_json(const struct sync_check *check)
{
	struct json_object *object = json_object_new_object();
	struct json_object *cpus = json_object_new_array();
	size_t i;

	json_object_object_add(object, "result", json_object_new_string(check->result));
	add_number(object, "checks", check->checks);
	add_number(object, "failures", check->failures);
	add_number(object, "incomplete", check->incomplete);
	add_number(object, "interval_s", check->interval);
	for (i = 0; i < check->nr_cpus; i++)
		json_object_array_add(cpus, cpu_json(&check->cpus[i]));
	json_object_object_add(object, "cpus", cpus);
	return object;
}
