/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Which vCPU does each CPU get, where each vCPU is one CPU at most? A matching in a bipartite
 * graph, which is found by augmenting paths.
 */
#ifndef TRACE_ASSIGN_H
#define TRACE_ASSIGN_H

#include <stdbool.h>
#include <stddef.h>

#define ASSIGN_NONE ((size_t)-1)

/**
 * struct assignment - CPUs and vCPUs
 * @nr_cpus: number of CPUs
 * @nr_vcpus: number of vCPUs
 * @grades: for each CPU, and for it for each vCPU: how well the two fit, 0 if they do not
 * @wishes: for each CPU: the vCPU that it gets rather than another of the best grade, or
 *	%ASSIGN_NONE
 * @vcpu_of: for each CPU its vCPU, or %ASSIGN_NONE
 */
struct assignment {
	size_t nr_cpus;
	size_t nr_vcpus;
	unsigned char *grades;
	size_t *wishes;
	size_t *vcpu_of;
	/* private: for each vCPU its CPU, and whether it was tried */
	size_t *owners;
	bool *tried;
};

/**
 * assign_begin() - set up
 * @assignment: set up, with all grades 0 and no wishes
 * @nr_cpus: number of CPUs
 * @nr_vcpus: number of vCPUs
 */
void assign_begin(struct assignment *assignment, size_t nr_cpus, size_t nr_vcpus);

/**
 * assign() - give vCPUs to as many CPUs as possible that have none
 * @assignment: the assignment
 * @least: with this grade or a better one
 *
 * A CPU that has a vCPU keeps one, but it may be another one.
 */
void assign(struct assignment *assignment, unsigned char least);

/**
 * assign_can_be() - could a CPU have another vCPU, and no CPU be without one for that?
 * @assignment: the assignment, which stays as it is
 * @cpu: the CPU, which has a vCPU
 * @vcpu: the other one
 * @least: with this grade or a better one
 */
bool assign_can_be(struct assignment *assignment, size_t cpu, size_t vcpu, unsigned char least);

/**
 * assign_end() - free what assign_begin() has allocated
 * @assignment: the assignment
 */
void assign_end(struct assignment *assignment);

#endif
