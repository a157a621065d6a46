// SPDX-License-Identifier: GPL-2.0
/*
 * The TSC as counter of the trace clock
 */

#include <linux/clock_trace.h>
#include <linux/clocksource_ids.h>
#include <linux/compiler.h>
#include <linux/cpufeature.h>
#include <linux/timekeeping.h>

#include <asm/clock_trace.h>
#include <asm/tsc.h>
#include <asm/vdso/clock_trace.h>

/*
 * Later stores need no fence: RDTSC has read the counter when it retires, and stores become
 * visible in program order after they have retired. Only the compiler must not move them.
 */
static u64 notrace read_tsc(void)
{
	u64 value = arch_clock_trace_counter_ordered();

	barrier();
	return value;
}

/* A TSC that differs between CPUs is of no use to timekeeping either */
static void condemn_tsc(struct clock_trace_source *source, const char *reason)
{
	mark_tsc_unstable((char *)reason);
}

static bool tsc_keeps_time(struct clock_trace_source *source)
{
	struct system_time_snapshot snapshot;

	ktime_get_snapshot_id(CLOCK_MONOTONIC, &snapshot);
	return snapshot.cs_id == CSID_X86_TSC || snapshot.cs_id == CSID_X86_TSC_EARLY;
}

static bool tsc_is_leaving(struct clock_trace_source *source)
{
	return check_tsc_unstable();
}

static struct clock_trace_source clock_trace_tsc = {
	.name		= "tsc",
	.rating		= 300,
	.vdso		= true,
	.read		= read_tsc,
	.condemn	= condemn_tsc,
	.keeps_time	= tsc_keeps_time,
	.is_leaving	= tsc_is_leaving,
};

/**
 * clock_trace_tsc_suspend - the TSC may be reset soon
 *
 * A suspended machine may come back with its TSC set to 0, or shifted: from suspend to
 * RAM, hibernation, and from suspend-to-idle where the firmware powers down more than
 * the CPUs' idle states do. Called when timekeeping is suspended.
 */
void clock_trace_tsc_suspend(void)
{
	clock_trace_source_suspend(&clock_trace_tsc);
}

/**
 * clock_trace_tsc_resume - undo clock_trace_tsc_suspend()
 *
 * Called when timekeeping resumes, with the TSC as it will stay.
 */
void clock_trace_tsc_resume(void)
{
	clock_trace_source_reset(&clock_trace_tsc);
}

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
	clock_trace_register_source(&clock_trace_tsc);
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
