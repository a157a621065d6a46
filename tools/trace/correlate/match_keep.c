// SPDX-License-Identifier: GPL-2.0
/*
 * Which VM a guest's trace is of, kept in a file.
 */
#include "common/array.h"
#include "correlate/match_keep.h"

#define NUMBER_SIZE sizeof(uint64_t)
#define UNIT_SIZE (6 * NUMBER_SIZE)
#define SECTION_SIZE (9 * NUMBER_SIZE)

static void keep_unit(const struct unit *unit, struct binary_file *binary)
{
	size_t i;

	binary_put(binary, unit->section);
	binary_put(binary, unit->cpu);
	binary_put(binary, unit->events);
	binary_put(binary, unit->is_choice);
	binary_put(binary, unit->nr_vcpus);
	for (i = 0; i < unit->nr_vcpus; i++)
		binary_put(binary, unit->vcpus[i]);
	binary_put(binary, unit->nr_eras);
	for (i = 0; i < unit->nr_eras; i++) {
		binary_put(binary, unit->eras[i]);
		binary_put(binary, unit->from[i]);
	}
}

static size_t get_index(struct binary_file *binary, size_t count)
{
	uint64_t index = binary_get(binary);

	if (index < count)
		return (size_t)index;
	binary->failed = true;
	return 0;
}

static void recall_unit(const struct host *host, struct unit *unit, struct binary_file *binary)
{
	size_t i, count;

	unit->section = (unsigned int)binary_get(binary);
	unit->cpu = (unsigned int)binary_get(binary);
	unit->events = binary_get(binary);
	unit->is_choice = binary_get(binary);
	count = binary_get_count(binary, NUMBER_SIZE);
	unit->vcpus = zalloc((count + 1) * sizeof(*unit->vcpus));
	for (i = 0; i < count; i++)
		unit->vcpus[i] = get_index(binary, host->nr_vcpus);
	unit->nr_vcpus = count;
	count = binary_get_count(binary, 2 * NUMBER_SIZE);
	unit->eras = zalloc((count + 1) * sizeof(*unit->eras));
	unit->from = zalloc((count + 1) * sizeof(*unit->from));
	for (i = 0; i < count; i++) {
		unit->eras[i] = get_index(binary, host->nr_eras);
		unit->from[i] = binary_get(binary);
	}
	unit->nr_eras = count;
}

static void keep_section(const struct section *section, struct binary_file *binary)
{
	size_t i;

	binary_put(binary, section->verdict);
	binary_put(binary, section->events);
	binary_put(binary, section->inside);
	binary_put(binary, section->rival);
	binary_put(binary, section->rival_cpu);
	binary_put(binary, section->rival_vcpus[0]);
	binary_put(binary, section->rival_vcpus[1]);
	binary_put(binary, section->by_chance);
	binary_put(binary, section->nr_vms);
	for (i = 0; i < section->nr_vms; i++)
		binary_put(binary, section->vms[i]);
}

static void recall_section(struct section *section, struct binary_file *binary)
{
	size_t i, count;

	section->verdict = (enum verdict)get_index(binary, VERDICT_EMPTY + 1);
	section->events = binary_get(binary);
	section->inside = binary_get(binary);
	section->rival = binary_get(binary);
	section->rival_cpu = (uint32_t)binary_get(binary);
	section->rival_vcpus[0] = (uint32_t)binary_get(binary);
	section->rival_vcpus[1] = (uint32_t)binary_get(binary);
	section->by_chance = binary_get(binary);
	count = binary_get_count(binary, NUMBER_SIZE);
	section->vms = zalloc((count + 1) * sizeof(*section->vms));
	for (i = 0; i < count; i++)
		section->vms[i] = binary_get(binary);
	section->nr_vms = count;
	/* Who fits names a VM. */
	if (!count && section->verdict != VERDICT_NONE && section->verdict != VERDICT_EMPTY)
		binary->failed = true;
}

void match_keep(const struct match *match, struct binary_file *binary)
{
	size_t i;

	binary_put(binary, match->nr_units);
	for (i = 0; i < match->nr_units; i++)
		keep_unit(&match->units[i], binary);
	binary_put(binary, match->nr_sections);
	for (i = 0; i < match->nr_sections; i++)
		keep_section(&match->sections[i], binary);
}

struct match *match_recall(const struct host *host, struct binary_file *binary)
{
	struct match *match = match_new(host);
	size_t i;

	match->nr_units = binary_get_count(binary, UNIT_SIZE);
	match->units = zalloc((match->nr_units + 1) * sizeof(*match->units));
	for (i = 0; i < match->nr_units; i++)
		recall_unit(host, &match->units[i], binary);
	match->nr_sections = binary_get_count(binary, SECTION_SIZE);
	match->sections = zalloc((match->nr_sections + 1) * sizeof(*match->sections));
	for (i = 0; i < match->nr_sections; i++)
		recall_section(&match->sections[i], binary);
	return match;
}
