// SPDX-License-Identifier: GPL-2.0
/*
 * The TSC as counter of the trace clock
 */

#include <linux/clock_trace.h>
#include <linux/cpufeature.h>
#include <linux/init.h>
#include <linux/syscore_ops.h>

#include <asm/clock_trace.h>
#include <asm/tsc.h>
#include <asm/vdso/clock_trace.h>

static u64 notrace clock_trace_read_tsc(void)
{
	return arch_clock_trace_counter_ordered();
}

static struct clock_trace_source clock_trace_tsc = {
	.name	= "tsc",
	.rating	= 300,
	.vdso	= true,
	.read	= clock_trace_read_tsc,
};

/* A suspended machine may come back with its TSC set to 0 */
static int clock_trace_tsc_suspend(void *data)
{
	clock_trace_source_suspend(&clock_trace_tsc);
	return 0;
}

static void clock_trace_tsc_resume(void *data)
{
	clock_trace_source_reset(&clock_trace_tsc);
}

static const struct syscore_ops clock_trace_tsc_syscore_ops = {
	.suspend	= clock_trace_tsc_suspend,
	.resume		= clock_trace_tsc_resume,
};

static struct syscore clock_trace_tsc_syscore = {
	.ops	= &clock_trace_tsc_syscore_ops,
};

/**
 * clock_trace_tsc_register - let the TSC drive the trace clock
 * @khz:	the final frequency of the TSC
 *
 * Called when the kernel has refined the frequency and registers the TSC as
 * clocksource, which it does again at the end of tsc=recalibrate.
 */
void clock_trace_tsc_register(unsigned int khz)
{
	if (clock_trace_tsc.frequency)
		return;

	if (!tsc_clocksource_reliable &&
	    !(boot_cpu_has(X86_FEATURE_CONSTANT_TSC) && boot_cpu_has(X86_FEATURE_NONSTOP_TSC))) {
		clock_trace_source_unusable(&clock_trace_tsc,
					    "not constant and nonstop, and not declared reliable");
		return;
	}

	clock_trace_tsc.frequency = (u64)khz * 1000;
	if (clock_trace_register_source(&clock_trace_tsc))
		return;
	register_syscore(&clock_trace_tsc_syscore);
}

/**
 * clock_trace_tsc_lost - the TSC is not to be trusted any more
 * @reason:	the reason in words
 *
 * Any context.
 */
void clock_trace_tsc_lost(const char *reason)
{
	clock_trace_source_lost(&clock_trace_tsc, reason);
}
