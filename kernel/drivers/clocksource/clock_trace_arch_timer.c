// SPDX-License-Identifier: GPL-2.0
/*
 * The Arm architected timer's virtual counter as counter of the trace clock
 *
 * Programs read the virtual counter in the vDSO, so the kernel reads that one, too: in a
 * kernel that runs at EL2, where the clocksource is the physical counter, both are the same.
 */

#include <linux/clock_trace.h>
#include <linux/clocksource_ids.h>
#include <linux/init.h>
#include <linux/preempt.h>
#include <linux/syscore_ops.h>
#include <linux/timekeeping.h>

#include <asm/arch_timer.h>
#include <asm/barrier.h>
#include <asm/vdso/clock_trace.h>

#include <clocksource/arm_arch_timer.h>

#include "clock_trace_arch_timer.h"

#ifdef CONFIG_ARM64
#define wait_for_loads()	dsb(ishld)
#else
/* ARMv7 has no variant for loads */
#define wait_for_loads()	dsb()
#endif

/*
 * Reading the counter is not a load. An ISB orders it after the branches before it, but not
 * after each load: wait for these. The sync check proves with such readings that two
 * counters differ.
 */
static u64 notrace read_counter(void)
{
	u64 value;

	wait_for_loads();
	value = arch_clock_trace_counter_ordered();
	/* On arm64 a load that depends on the counter stands for it, before all later accesses */
	smp_rmb();
	return value;
}

/* The same where some CPU has an erratum, by the workaround of the current CPU */
static u64 notrace read_counter_stable(void)
{
	u64 value;

	preempt_disable_notrace();
	wait_for_loads();
	value = __arch_counter_get_cntvct_stable();
	/* As above */
	smp_rmb();
	if (IS_ENABLED(CONFIG_ARM))
		isb();
	preempt_enable_notrace();
	return value;
}

static bool counter_keeps_time(struct clock_trace_source *source)
{
	struct system_time_snapshot snapshot;

	ktime_get_snapshot_id(CLOCK_MONOTONIC, &snapshot);
	return snapshot.cs_id == CSID_ARM_ARCH_COUNTER;
}

static struct clock_trace_source clock_trace_arch_timer = {
	.name		= "arch_sys_counter",
	.rating		= 400,
	.keeps_time	= counter_keeps_time,
};

/**
 * clock_trace_arch_timer_suspend - the counter may stop or be reset soon
 *
 * On the last CPU that runs, with interrupts disabled.
 */
void clock_trace_arch_timer_suspend(void)
{
	clock_trace_source_suspend(&clock_trace_arch_timer);
}

/**
 * clock_trace_arch_timer_resume - undo clock_trace_arch_timer_suspend()
 */
void clock_trace_arch_timer_resume(void)
{
	clock_trace_source_reset(&clock_trace_arch_timer);
}

static int syscore_suspend_counter(void *data)
{
	clock_trace_arch_timer_suspend();
	return 0;
}

static void syscore_resume_counter(void *data)
{
	clock_trace_arch_timer_resume();
}

/*
 * A counter that does not stop is reset nevertheless by hibernation, and may be by the
 * firmware in suspend to RAM. In suspend-to-idle it keeps its line, for it goes on.
 */
static const struct syscore_ops counter_syscore_ops = {
	.suspend	= syscore_suspend_counter,
	.resume		= syscore_resume_counter,
};

static struct syscore counter_syscore = {
	.ops	= &counter_syscore_ops,
};

/*
 * When all CPUs of the boot have been started, as each may have an erratum of its own. A CPU
 * that is started later and has one that these do not have is turned away by the kernel.
 */
static int __init clock_trace_arch_timer_init(void)
{
	u32 rate = arch_timer_get_rate();

	if (!rate)
		return 0;
	if (!arch_timer_virtual_counter_works()) {
		clock_trace_source_unusable(&clock_trace_arch_timer,
					    "firmware has not set its offset");
		return 0;
	}

	clock_trace_arch_timer.frequency = rate;
	clock_trace_arch_timer.vdso = arch_timer_vdso_has_counter();
	clock_trace_arch_timer.read = clock_trace_arch_timer.vdso ? read_counter :
								    read_counter_stable;
	/* Where it stops, arm_arch_timer.c does so for suspend-to-idle as well */
	if (!arch_timer_stops_in_suspend())
		register_syscore(&counter_syscore);
	return clock_trace_register_source(&clock_trace_arch_timer);
}
device_initcall(clock_trace_arch_timer_init);
