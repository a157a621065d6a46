// SPDX-License-Identifier: GPL-2.0
/*
 * CPU features as the kernel numbers them, see features.h.
 */
#include <cpuid.h>
#include <stdio.h>
#include <string.h>

#include "features.h"
#include "util.h"

enum cpuid_register { EAX, EBX, ECX, EDX };

struct cpuid_word {
	const char *name;
	uint32_t leaf;
	uint32_t subleaf;
	enum cpuid_register reg;
};

static const struct cpuid_word cpuid_words[] = {
	{ "word CPUID_1_EDX",		0x00000001, 0, EDX },
	{ "word CPUID_1_ECX",		0x00000001, 0, ECX },
	{ "word CPUID_8000_0001_EDX",	0x80000001, 0, EDX },
	{ "word CPUID_8000_0001_ECX",	0x80000001, 0, ECX },
	{ "word CPUID_7_0_EBX",		0x00000007, 0, EBX },
	{ "word CPUID_7_ECX",		0x00000007, 0, ECX },
	{ "word CPUID_7_EDX",		0x00000007, 0, EDX },
	{ "word CPUID_7_1_EAX",		0x00000007, 1, EAX },
	{ "word CPUID_D_1_EAX",		0x0000000d, 1, EAX },
	{ "word CPUID_8000_0008_EBX",	0x80000008, 0, EBX },
	{ "word CPUID_8000_0021_EAX",	0x80000021, 0, EAX },
};

static uint32_t cpuid_register(uint32_t leaf, uint32_t subleaf, enum cpuid_register reg)
{
	uint32_t regs[4] = { 0 };

	if (!__get_cpuid_count(leaf, subleaf, &regs[EAX], &regs[EBX], &regs[ECX], &regs[EDX]))
		return 0;
	return regs[reg];
}

static bool vendor_is(const char *vendor)
{
	uint32_t regs[4];
	char name[13] = "";

	if (!__get_cpuid(0, &regs[EAX], &regs[EBX], &regs[ECX], &regs[EDX]))
		return false;
	memcpy(name, &regs[EBX], 4);
	memcpy(name + 4, &regs[EDX], 4);
	memcpy(name + 8, &regs[ECX], 4);
	return !strcmp(name, vendor);
}

static bool is_intel(void)
{
	return vendor_is("GenuineIntel");
}

static bool is_amd(void)
{
	return vendor_is("AuthenticAMD");
}

static bool is_hygon(void)
{
	return vendor_is("HygonGenuine");
}

static bool is_centaur_or_zhaoxin(void)
{
	return vendor_is("CentaurHauls") || vendor_is("  Shanghai  ");
}

static uint32_t cpu_family(void)
{
	uint32_t eax = cpuid_register(1, 0, EAX);
	uint32_t family = eax >> 8 & 0xf;

	return family == 0xf ? family + (eax >> 20 & 0xff) : family;
}

/* With the extended model, which all families from 0xf on have */
static uint32_t cpu_model(void)
{
	uint32_t eax = cpuid_register(1, 0, EAX);

	return (eax >> 4 & 0xf) | (eax >> 12 & 0xf0);
}

static bool kernel_flag(const char *flag)
{
	FILE *cpuinfo = fopen("/proc/cpuinfo", "re");
	char line[8192], *word, *rest;
	bool found = false;

	while (cpuinfo && !found && fgets(line, sizeof(line), cpuinfo)) {
		if (strncmp(line, "flags", 5))
			continue;
		for (word = strtok_r(line, " \t\n", &rest); word && !found;
		     word = strtok_r(NULL, " \t\n", &rest))
			found = !strcmp(word, flag);
		break;
	}
	if (cpuinfo)
		fclose(cpuinfo);
	return found;
}

/* The kernel sets it for every 64-bit CPU of a vendor it knows: all have SSE2. */
static bool has_lfence_rdtsc(void)
{
	return is_intel() || is_amd() || is_hygon() || is_centaur_or_zhaoxin();
}

static bool has_syscall32(void)
{
	return is_amd() || is_hygon();
}

/* With FRED, 32-bit programs enter the kernel by INT 0x80 alone. */
static bool has_sysfast32(void)
{
	return !kernel_flag("fred");
}

static bool is_between(uint32_t value, uint32_t first, uint32_t last)
{
	return value >= first && value <= last;
}

/* The kernel knows the cores of a family, Zen 3 and 4 or Zen 5 and 6, by their models. */
static bool is_zen3(void)
{
	uint32_t model = cpu_model();

	return is_amd() && cpu_family() == 0x19 &&
	       (is_between(model, 0x00, 0x0f) || is_between(model, 0x20, 0x5f));
}

static bool is_zen5(void)
{
	uint32_t model = cpu_model();

	return is_amd() && cpu_family() == 0x1a &&
	       (is_between(model, 0x00, 0x2f) || is_between(model, 0x40, 0x4f) ||
		is_between(model, 0x60, 0x7f) || is_between(model, 0xd0, 0xd7));
}

static bool prefers_lfence_rdtsc(void)
{
	return is_zen3() || is_zen5();
}

static bool always(void)
{
	return true;
}

struct kernel_feature {
	const char *name;
	bool (*present)(void);
};

static const struct kernel_feature kernel_features[] = {
	{ "feature ALWAYS",		always },
	{ "feature LFENCE_RDTSC",	has_lfence_rdtsc },
	{ "feature SYSCALL32",		has_syscall32 },
	{ "feature SYSFAST32",		has_sysfast32 },
	{ "feature PREFER_LFENCE_RDTSC", prefers_lfence_rdtsc },
};

bool feature_present(const struct layout *layout, uint32_t feature)
{
	const struct cpuid_word *word;
	size_t i;

	/* First what the kernel decides itself: it does so for bits of CPUID, too. */
	for (i = 0; i < ARRAY_SIZE(kernel_features); i++) {
		/* Not every kernel has them all. */
		if (layout_has(layout, kernel_features[i].name) &&
		    layout_value(layout, kernel_features[i].name) == feature)
			return kernel_features[i].present();
	}

	for (i = 0; i < ARRAY_SIZE(cpuid_words); i++) {
		word = &cpuid_words[i];
		if (layout_value(layout, word->name) == feature / 32)
			return cpuid_register(word->leaf, word->subleaf, word->reg) >>
			       feature % 32 & 1;
	}

	fatal("an image depends on CPU feature %u*32+%u, of which this program does not know when the kernel sets it.\n"
	      "Add it to features.c and layout/vdso-layout.c of vdso-bench.",
	      feature / 32, feature % 32);
}
