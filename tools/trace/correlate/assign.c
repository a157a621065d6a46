// SPDX-License-Identifier: GPL-2.0
/*
 * Which vCPU does each CPU get? A CPU that finds all of its vCPUs taken asks their CPUs to
 * take other ones. What is taken first does not matter then: no CPU is left without a vCPU
 * for a choice that another one had.
 */
#include <stdlib.h>
#include <string.h>

#include "common/array.h"
#include "correlate/assign.h"

void assign_begin(struct assignment *assignment, size_t nr_cpus, size_t nr_vcpus)
{
	size_t i;

	*assignment = (struct assignment){
		.nr_cpus = nr_cpus,
		.nr_vcpus = nr_vcpus,
		.grades = zalloc(nr_cpus * nr_vcpus + 1),
		.wishes = zalloc((nr_cpus + 1) * sizeof(size_t)),
		.vcpu_of = zalloc((nr_cpus + 1) * sizeof(size_t)),
		.owners = zalloc((nr_vcpus + 1) * sizeof(size_t)),
		.tried = zalloc((nr_vcpus + 1) * sizeof(bool)),
	};
	for (i = 0; i < nr_cpus; i++)
		assignment->wishes[i] = assignment->vcpu_of[i] = ASSIGN_NONE;
	for (i = 0; i < nr_vcpus; i++)
		assignment->owners[i] = ASSIGN_NONE;
}

static unsigned char grade(const struct assignment *assignment, size_t cpu, size_t vcpu)
{
	return assignment->grades[cpu * assignment->nr_vcpus + vcpu];
}

static bool augment(struct assignment *assignment, size_t cpu, unsigned char least)
{
	size_t *owners = assignment->owners;
	size_t i;

	/* No CPU has to change where a vCPU is free. */
	for (i = 0; i < assignment->nr_vcpus; i++)
		if (owners[i] == ASSIGN_NONE && !assignment->tried[i] &&
		    grade(assignment, cpu, i) >= least) {
			owners[i] = cpu;
			return true;
		}
	for (i = 0; i < assignment->nr_vcpus; i++) {
		if (grade(assignment, cpu, i) < least || assignment->tried[i])
			continue;
		assignment->tried[i] = true;
		if (augment(assignment, owners[i], least)) {
			owners[i] = cpu;
			return true;
		}
	}
	return false;
}

static void begin_trial(struct assignment *assignment)
{
	memset(assignment->tried, 0, assignment->nr_vcpus * sizeof(bool));
}

static void note_owners(struct assignment *assignment)
{
	size_t i;

	for (i = 0; i < assignment->nr_cpus; i++)
		assignment->vcpu_of[i] = ASSIGN_NONE;
	for (i = 0; i < assignment->nr_vcpus; i++)
		if (assignment->owners[i] != ASSIGN_NONE)
			assignment->vcpu_of[assignment->owners[i]] = i;
}

void assign(struct assignment *assignment, unsigned char least)
{
	size_t i;

	for (i = 0; i < assignment->nr_cpus; i++) {
		size_t wish = assignment->wishes[i];

		if (assignment->vcpu_of[i] != ASSIGN_NONE || wish == ASSIGN_NONE ||
		    assignment->owners[wish] != ASSIGN_NONE ||
		    grade(assignment, i, wish) < least)
			continue;
		assignment->owners[wish] = i;
		assignment->vcpu_of[i] = wish;
	}
	for (i = 0; i < assignment->nr_cpus; i++) {
		if (assignment->vcpu_of[i] != ASSIGN_NONE)
			continue;
		begin_trial(assignment);
		if (augment(assignment, i, least))
			note_owners(assignment);
	}
}

bool assign_can_be(struct assignment *assignment, size_t cpu, size_t vcpu, unsigned char least)
{
	size_t *owners = assignment->owners, other = owners[vcpu];
	bool can_be;

	if (grade(assignment, cpu, vcpu) < least)
		return false;
	if (other == ASSIGN_NONE)
		return true;
	assignment->owners = zalloc((assignment->nr_vcpus + 1) * sizeof(*owners));
	memcpy(assignment->owners, owners, assignment->nr_vcpus * sizeof(*owners));
	assignment->owners[assignment->vcpu_of[cpu]] = ASSIGN_NONE;
	begin_trial(assignment);
	/* That one is @cpu's now. */
	assignment->tried[vcpu] = true;
	can_be = augment(assignment, other, least);
	free(assignment->owners);
	assignment->owners = owners;
	return can_be;
}

void assign_end(struct assignment *assignment)
{
	free(assignment->grades);
	free(assignment->wishes);
	free(assignment->vcpu_of);
	free(assignment->owners);
	free(assignment->tried);
}
