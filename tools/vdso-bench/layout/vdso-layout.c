// SPDX-License-Identifier: GPL-2.0
/*
 * What vdso-bench has to know about a kernel build to run its vDSO images:
 * offsets in the data pages, numbers of CPU features, flags of alternatives.
 * Kbuild compiles this file with the headers and the configuration of that
 * build. It is never linked: vdso-bench reads the table from the object file.
 */
#include <linux/stddef.h>
#include <linux/types.h>
#include <linux/version.h>

#include <asm/alternative.h>
#include <asm/cpufeature.h>
#include <asm/vdso/vsyscall.h>

#include <vdso/clocksource.h>
#include <vdso/datapage.h>

/* Names are stored in place, so that the object needs no relocation to be read */
struct vdso_layout_entry {
	char name[56];
	u64 value;
};

#define VALUE(name, value)	{ name, value }
#define SIZE(type)		{ "sizeof " #type, sizeof(struct type) }
#define FIELD(type, field)	{ #type "." #field, offsetof(struct type, field) }
#define CLOCK(base, clock)	\
	{ "basetime " #clock,	\
	  offsetof(struct vdso_time_data, clock_data[base].basetime[clock]) }
#define FEATURE(name)		{ "feature " #name, X86_FEATURE_##name }
#define WORD(leaf)		{ "word " #leaf, leaf }

static const struct vdso_layout_entry vdso_layout[]
__section(".vdso_layout") __used = {
	VALUE("LINUX_VERSION_CODE", LINUX_VERSION_CODE),
	VALUE("__VDSO_PAGES", __VDSO_PAGES),
	VALUE("VDSO_NR_VCLOCK_PAGES", VDSO_NR_VCLOCK_PAGES),
	VALUE("VDSO_CLOCKMODE_TSC", VDSO_CLOCKMODE_TSC),
	VALUE("ALT_FLAG_NOT", ALT_FLAG_NOT),

	SIZE(vdso_time_data),
	SIZE(vdso_clock),
	SIZE(vdso_timestamp),
	FIELD(vdso_time_data, clock_data[CS_HRES_COARSE]),
	FIELD(vdso_time_data, clock_data[CS_RAW]),
	FIELD(vdso_time_data, hrtimer_res),
	FIELD(vdso_clock, seq),
	FIELD(vdso_clock, clock_mode),
	FIELD(vdso_clock, cycle_last),
#ifdef CONFIG_GENERIC_VDSO_OVERFLOW_PROTECT
	FIELD(vdso_clock, max_cycles),
#endif
	FIELD(vdso_clock, mask),
	FIELD(vdso_clock, mult),
	FIELD(vdso_clock, shift),
	CLOCK(CS_HRES_COARSE, CLOCK_REALTIME),
	CLOCK(CS_HRES_COARSE, CLOCK_MONOTONIC),
	CLOCK(CS_HRES_COARSE, CLOCK_BOOTTIME),
	CLOCK(CS_HRES_COARSE, CLOCK_TAI),
	CLOCK(CS_HRES_COARSE, CLOCK_REALTIME_COARSE),
	CLOCK(CS_HRES_COARSE, CLOCK_MONOTONIC_COARSE),
	CLOCK(CS_RAW, CLOCK_MONOTONIC_RAW),
	FIELD(vdso_timestamp, sec),
	FIELD(vdso_timestamp, nsec),

#ifdef CONFIG_CLOCK_TRACE
	FIELD(vdso_arch_data, clock_trace),
	SIZE(vdso_clock_trace),
	FIELD(vdso_clock_trace, epoch),
	FIELD(vdso_clock_trace, frequency),
#endif

	SIZE(alt_instr),
	FIELD(alt_instr, instr_offset),
	FIELD(alt_instr, repl_offset),
	FIELD(alt_instr, ft_flags),
	FIELD(alt_instr, instrlen),
	FIELD(alt_instr, replacementlen),

	/* Words of features that are a CPUID register as it is */
	WORD(CPUID_1_EDX),
	WORD(CPUID_1_ECX),
	WORD(CPUID_8000_0001_EDX),
	WORD(CPUID_8000_0001_ECX),
	WORD(CPUID_7_0_EBX),
	WORD(CPUID_7_ECX),
	WORD(CPUID_7_EDX),
	WORD(CPUID_7_1_EAX),
	WORD(CPUID_D_1_EAX),
	WORD(CPUID_8000_0008_EBX),
	WORD(CPUID_8000_0021_EAX),

	/* Features that the kernel sets by rules of its own */
	FEATURE(ALWAYS),
	FEATURE(LFENCE_RDTSC),
	FEATURE(SYSCALL32),
	FEATURE(SYSFAST32),
#ifdef X86_FEATURE_PREFER_LFENCE_RDTSC
	FEATURE(PREFER_LFENCE_RDTSC),
#endif
};
