// SPDX-License-Identifier: GPL-2.0
/* The CPU's name, see cpu_name.h. */
#include <cpuid.h>
#include <stdint.h>
#include <string.h>

#include "cpu_name.h"

const char *cpu_name(void)
{
	static char name[49];
	uint32_t leaf, regs[4];
	char *start = name;

	for (leaf = 0; leaf < 3; leaf++) {
		if (!__get_cpuid(0x80000002 + leaf, &regs[0], &regs[1], &regs[2], &regs[3]))
			return "unknown";
		memcpy(name + leaf * sizeof(regs), regs, sizeof(regs));
	}
	while (*start == ' ')
		start++;
	return start;
}
