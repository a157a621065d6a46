// SPDX-License-Identifier: GPL-2.0
/*
 * Names of exit reasons, of VMX and SVM.
 */
#include <stddef.h>
#include <stdio.h>

#include "correlate/account.h"

struct name {
	uint32_t reason;
	const char *text;
};

static const struct name vmx[] = {
	{ 0, "exception or NMI" }, { 1, "external interrupt" }, { 7, "interrupt window" },
	{ 8, "NMI window" }, { 10, "CPUID" }, { 12, "HLT" }, { 13, "INVD" }, { 14, "INVLPG" },
	{ 15, "RDPMC" }, { 16, "RDTSC" }, { 18, "VMCALL" }, { 28, "CR access" },
	{ 29, "DR access" }, { 30, "I/O" }, { 31, "RDMSR" }, { 32, "WRMSR" }, { 36, "MWAIT" },
	{ 40, "PAUSE" }, { 43, "TPR below threshold" }, { 44, "APIC access" },
	{ 45, "EOI induced" }, { 48, "EPT violation" }, { 49, "EPT misconfiguration" },
	{ 51, "RDTSCP" }, { 52, "preemption timer" }, { 54, "WBINVD" }, { 55, "XSETBV" },
	{ 56, "APIC write" }, { 62, "page modification log full" },
};

static const struct name svm[] = {
	{ 0x4e, "page fault" }, { 0x60, "interrupt" }, { 0x61, "NMI" }, { 0x64, "interrupt window" },
	{ 0x6e, "RDTSC" }, { 0x6f, "RDPMC" }, { 0x72, "CPUID" }, { 0x77, "PAUSE" },
	{ 0x78, "HLT" }, { 0x79, "INVLPG" }, { 0x7b, "I/O" }, { 0x7c, "MSR" },
	{ 0x7f, "shutdown" }, { 0x80, "VMRUN" }, { 0x81, "VMMCALL" }, { 0x84, "STGI" },
	{ 0x85, "CLGI" }, { 0x87, "RDTSCP" }, { 0x89, "WBINVD" }, { 0x8b, "MWAIT" },
	{ 0x8d, "XSETBV" }, { 0x400, "nested page fault" }, { 0x401, "AVIC incomplete IPI" },
	{ 0x402, "AVIC unaccelerated access" }, { 0x403, "VMGEXIT" },
};

const char *exit_reason_text(uint32_t reason, bool is_svm)
{
	const struct name *names = is_svm ? svm : vmx;
	size_t count = is_svm ? sizeof(svm) / sizeof(svm[0]) : sizeof(vmx) / sizeof(vmx[0]), i;
	static char text[32];

	for (i = 0; i < count; i++)
		if (names[i].reason == reason)
			return names[i].text;
	if (is_svm && reason < 0x20)
		snprintf(text, sizeof(text), "access to CR%u", reason % 16);
	else if (is_svm && reason >= 0x40 && reason < 0x60)
		snprintf(text, sizeof(text), "exception %u", reason - 0x40);
	else
		snprintf(text, sizeof(text), "reason 0x%x", reason);
	return text;
}
