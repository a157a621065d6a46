// SPDX-License-Identifier: GPL-2.0
#include <string.h>

#if defined(__x86_64__) || defined(__i386__)
#include <cpuid.h>
#endif

#include "hypervisor.h"

bool hypervisor_name(char name[HYPERVISOR_SIZE])
{
	memset(name, 0, HYPERVISOR_SIZE);
#if defined(__x86_64__) || defined(__i386__)
	const unsigned int hypervisor_bit = 1u << 31, hypervisor_leaf = 0x40000000;
	unsigned int eax, ebx, ecx, edx;
	int i;

	if (!__get_cpuid(1, &eax, &ebx, &ecx, &edx) || !(ecx & hypervisor_bit))
		return false;
	__cpuid(hypervisor_leaf, eax, ebx, ecx, edx);
	memcpy(name, &ebx, sizeof(ebx));
	memcpy(name + 4, &ecx, sizeof(ecx));
	memcpy(name + 8, &edx, sizeof(edx));
	/* Whatever it is, it is going to be printed. */
	for (i = 0; name[i]; i++)
		if (name[i] < ' ' || name[i] > '~')
			name[i] = '?';
	return true;
#else
	return false;
#endif
}

bool hypervisor_emulates(const char *name)
{
	return !strcmp(name, "TCGTCGTCGTCG");
}
