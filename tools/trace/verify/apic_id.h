/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The APIC ID of the CPU that this is read on, by which KVM numbers vCPUs.
 */
#ifndef TRACE_VERIFY_APIC_ID_H
#define TRACE_VERIFY_APIC_ID_H

#include <stdint.h>

struct cpuid {
	uint32_t eax;
	uint32_t ebx;
	uint32_t ecx;
	uint32_t edx;
};

/* Executes CPUID; a test has one of its own. */
typedef struct cpuid (*cpuid_reader)(uint32_t leaf, uint32_t subleaf);

/* APIC IDs above 255 are in the leaves of the topology only. */
enum { APIC_LEAF_FEATURES = 0x1, APIC_LEAF_TOPOLOGY = 0xb, APIC_LEAF_TOPOLOGY_V2 = 0x1f };

/**
 * apic_id_leaf() - find the leaf of CPUID that has the whole APIC ID
 * @read: executes CPUID
 *
 * Return: the leaf, which is the same on all CPUs.
 */
static inline uint32_t apic_id_leaf(cpuid_reader read)
{
	uint32_t last = read(0, 0).eax;

	if (last >= APIC_LEAF_TOPOLOGY_V2 && read(APIC_LEAF_TOPOLOGY_V2, 0).ebx)
		return APIC_LEAF_TOPOLOGY_V2;
	if (last >= APIC_LEAF_TOPOLOGY && read(APIC_LEAF_TOPOLOGY, 0).ebx)
		return APIC_LEAF_TOPOLOGY;
	return APIC_LEAF_FEATURES;
}

/**
 * apic_id() - read the APIC ID, with one execution of CPUID
 * @read: executes CPUID
 * @leaf: what apic_id_leaf() has found
 */
static inline uint32_t apic_id(cpuid_reader read, uint32_t leaf)
{
	const struct cpuid cpuid = read(leaf, 0);

	return leaf == APIC_LEAF_FEATURES ? cpuid.ebx >> 24 : cpuid.edx;
}

#endif
