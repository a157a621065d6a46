// SPDX-License-Identifier: GPL-2.0
/*
 * Which vCPU is each CPU of a guest? This is a matching in a bipartite graph, which is found
 * by augmenting paths. It is the only one if no CPU can do with another vCPU.
 */
#include <stdlib.h>

#include "common/array.h"
#include "verify/fit.h"

struct graph {
	const bool *fits;
	size_t nr_vcpus;
	/* For each vCPU, the CPU that has it, or FIT_NONE */
	size_t *owners;
	/* vCPUs that were tried for the current CPU */
	bool *tried;
	/* This CPU may not have this vCPU. */
	size_t barred_cpu;
	size_t barred_vcpu;
};

/* Find a vCPU for @cpu; another CPU may have to take another one. */
static bool augment(struct graph *graph, size_t cpu)
{
	size_t i;

	for (i = 0; i < graph->nr_vcpus; i++) {
		if (!graph->fits[cpu * graph->nr_vcpus + i] || graph->tried[i] ||
		    (cpu == graph->barred_cpu && i == graph->barred_vcpu))
			continue;
		graph->tried[i] = true;
		if (graph->owners[i] == FIT_NONE || augment(graph, graph->owners[i])) {
			graph->owners[i] = cpu;
			return true;
		}
	}
	return false;
}

static bool try_cpu(struct graph *graph, size_t cpu)
{
	size_t i;

	for (i = 0; i < graph->nr_vcpus; i++)
		graph->tried[i] = false;
	return augment(graph, cpu);
}

static size_t vcpu_of(const struct graph *graph, size_t cpu)
{
	size_t i;

	for (i = 0; i < graph->nr_vcpus; i++)
		if (graph->owners[i] == cpu)
			return i;
	return FIT_NONE;
}

/* Another vCPU for a CPU that has one; the graph stays as it was. */
static size_t find_rival(struct graph *graph, size_t cpu, size_t vcpu)
{
	size_t *owners = graph->owners;
	size_t rival = FIT_NONE, i;

	graph->owners = zalloc((graph->nr_vcpus + 1) * sizeof(*owners));
	for (i = 0; i < graph->nr_vcpus; i++)
		graph->owners[i] = owners[i];
	graph->owners[vcpu] = FIT_NONE;
	graph->barred_cpu = cpu;
	graph->barred_vcpu = vcpu;
	if (try_cpu(graph, cpu))
		rival = vcpu_of(graph, cpu);
	free(graph->owners);
	graph->owners = owners;
	graph->barred_cpu = graph->barred_vcpu = FIT_NONE;
	return rival;
}

void fit_cpus(const bool *fits, size_t nr_cpus, size_t nr_vcpus, size_t *chosen, size_t *rivals)
{
	struct graph graph = {
		.fits = fits,
		.nr_vcpus = nr_vcpus,
		.owners = zalloc((nr_vcpus + 1) * sizeof(size_t)),
		.tried = zalloc(nr_vcpus + 1),
		.barred_cpu = FIT_NONE,
		.barred_vcpu = FIT_NONE,
	};
	size_t i;

	for (i = 0; i < nr_vcpus; i++)
		graph.owners[i] = FIT_NONE;
	for (i = 0; i < nr_cpus; i++)
		try_cpu(&graph, i);
	for (i = 0; i < nr_cpus; i++) {
		chosen[i] = vcpu_of(&graph, i);
		rivals[i] = chosen[i] == FIT_NONE ? FIT_NONE : find_rival(&graph, i, chosen[i]);
	}
	free(graph.owners);
	free(graph.tried);
}
