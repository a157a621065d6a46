/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Which vCPU is each CPU of a guest, given which ones it can be?
 */
#ifndef TRACE_VERIFY_FIT_H
#define TRACE_VERIFY_FIT_H

#include <stdbool.h>
#include <stddef.h>

#define FIT_NONE ((size_t)-1)

/**
 * fit_cpus() - give each CPU a vCPU that it can be, no vCPU twice
 * @fits: for each CPU and each vCPU, whether they fit: @fits[cpu * @nr_vcpus + vcpu]
 * @nr_cpus: number of CPUs
 * @nr_vcpus: number of vCPUs
 * @chosen: set to the vCPU of each CPU, %FIT_NONE if none is left for it
 * @rivals: set to another vCPU that a CPU can be, while all others that have one keep a
 *	vCPU; %FIT_NONE if there is none
 */
void fit_cpus(const bool *fits, size_t nr_cpus, size_t nr_vcpus, size_t *chosen, size_t *rivals);

#endif
