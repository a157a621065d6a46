// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <inttypes.h>
#include <json-c/json.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/number.h"
#include "output.h"
#include "sync_check.h"

/* No kernel has more CPUs. */
#define MAX_CPUS 65536
/* No table of CPUs has more columns. */
#define MAX_COLUMNS 64

bool sync_check_exists(const char *dir)
{
	char path[PATH_MAX];
	int length = snprintf(path, sizeof(path), "%s/check", dir);

	return length > 0 && (size_t)length < sizeof(path) && !access(path, F_OK);
}

static bool parse_word(const char *text, char *word)
{
	if (!*text || strlen(text) >= SYNC_WORD_SIZE ||
	    strspn(text, "abcdefghijklmnopqrstuvwxyz") != strlen(text))
		return false;
	strcpy(word, text);
	return true;
}

static enum sysfs_result read_word(const char *dir, const char *name, char *word)
{
	char line[SYSFS_TEXT_SIZE];
	enum sysfs_result result = sysfs_read_line(dir, name, line);

	if (result != SYSFS_OK)
		return result;
	if (!parse_word(line, word)) {
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

/* The columns of the table of CPUs, in the order of struct sync_cpu's use of them below. */
enum column {
	CPU, REFERENCE, RESULT, WARP, OFFSET_MIN, OFFSET_MAX, ROUND_TRIP, TIME, COST, COLUMNS
};

static const char *const column_names[COLUMNS] = {
	"cpu",	      "reference",  "result", "warp", "offset_min",
	"offset_max", "round_trip", "time",   "cost",
};

/* Splits a line at its blanks, in place. Returns the number of words. */
static size_t split(char *line, char **words, size_t room)
{
	char *word, *rest = line;
	size_t nr = 0;

	while ((word = strtok_r(rest, " \n", &rest)) && nr < room)
		words[nr++] = word;
	return nr;
}

/* Finds out where each column is; a newer kernel may have more of them. */
static bool find_columns(char *line, size_t *places)
{
	char *words[MAX_COLUMNS];
	size_t nr = split(line, words, MAX_COLUMNS), i, place;

	for (i = 0; i < COLUMNS; i++) {
		for (place = 0; place < nr && strcmp(words[place], column_names[i]); place++)
			;
		if (place == nr)
			return false;
		places[i] = place;
	}
	return true;
}

static bool parse_u64_word(const char *text, uint64_t *number)
{
	return parse_u64(text, 0, UINT64_MAX, number);
}

static bool parse_cpu_number(const char *text, unsigned int *cpu)
{
	uint64_t number;

	if (!parse_u64_word(text, &number) || number >= MAX_CPUS)
		return false;
	*cpu = (unsigned int)number;
	return true;
}

static bool parse_cpu(char *line, const size_t *places, struct sync_cpu *cpu)
{
	char *words[MAX_COLUMNS], *field[COLUMNS];
	size_t nr = split(line, words, MAX_COLUMNS), i;

	for (i = 0; i < COLUMNS; i++) {
		if (places[i] >= nr)
			return false;
		field[i] = words[places[i]];
	}
	return parse_cpu_number(field[CPU], &cpu->cpu) &&
	       parse_cpu_number(field[REFERENCE], &cpu->reference) &&
	       parse_word(field[RESULT], cpu->result) &&
	       parse_u64_word(field[WARP], &cpu->warp) &&
	       parse_s64(field[OFFSET_MIN], &cpu->offset_min) &&
	       parse_s64(field[OFFSET_MAX], &cpu->offset_max) &&
	       parse_u64_word(field[ROUND_TRIP], &cpu->round_trip) &&
	       parse_u64_word(field[TIME], &cpu->time_ns) && parse_u64_word(field[COST], &cpu->cost_ns);
}

static int compare_cpus(const void *a, const void *b)
{
	const struct sync_cpu *first = a, *second = b;

	return first->cpu < second->cpu ? -1 : first->cpu > second->cpu;
}

static bool add_cpu(struct sync_check *check, const struct sync_cpu *cpu)
{
	struct sync_cpu *cpus = reallocarray(check->cpus, check->nr_cpus + 1, sizeof(*cpus));

	if (!cpus) {
		complain("not enough memory");
		return false;
	}
	check->cpus = cpus;
	check->cpus[check->nr_cpus++] = *cpu;
	return true;
}

static enum sysfs_result read_table(const char *path, FILE *file, struct sync_check *check)
{
	size_t places[COLUMNS], size = 0, number = 1;
	struct sync_cpu cpu = { 0 };
	enum sysfs_result result = SYSFS_OK;
	char *line = NULL;

	if (getline(&line, &size, file) < 0 || !find_columns(line, places))
		result = SYSFS_BAD;
	while (result == SYSFS_OK && getline(&line, &size, file) >= 0) {
		number++;
		if (!parse_cpu(line, places, &cpu))
			result = SYSFS_BAD;
		else if (!add_cpu(check, &cpu))
			break;
	}
	if (result != SYSFS_OK)
		complain("%s, line %zu does not hold what it should", path, number);
	else if (!feof(file))
		result = SYSFS_BAD;
	free(line);
	return result;
}

static enum sysfs_result read_cpus(const char *debugfs, struct sync_check *check)
{
	enum sysfs_result result;
	char path[PATH_MAX];
	int length;
	FILE *file;

	length = snprintf(path, sizeof(path), "%s/cpus", debugfs);
	if (length < 0 || (size_t)length >= sizeof(path)) {
		complain("the path of the debugfs directory is too long: give a shorter one");
		return SYSFS_BAD;
	}
	file = fopen(path, "re");
	if (!file) {
		/* Only root may look into debugfs, and a kernel may be without it. */
		check->no_cpus = errno;
		return SYSFS_OK;
	}
	result = read_table(path, file, check);
	fclose(file);
	if (check->nr_cpus)
		qsort(check->cpus, check->nr_cpus, sizeof(*check->cpus), compare_cpus);
	return result;
}

enum sysfs_result sync_check_read(const char *dir, const char *debugfs, struct sync_check *check)
{
	enum sysfs_result result;

	result = sync_check_read_counts(dir, check);
	if (result != SYSFS_OK)
		return result;
	result = read_cpus(debugfs, check);
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
	if (check->no_cpus)
		printf("CPUs:        %s\n",
		       check->no_cpus == EACCES ? "only root may see the figures of each CPU" :
						  "no debugfs, which has the figures of each CPU");
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
