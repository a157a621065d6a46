// SPDX-License-Identifier: GPL-2.0
/*
 * The trace clock without a sync check: the kernel's own verdict
 *
 * Nothing here compares the counters of the CPUs. A counter that the architecture has
 * registered, and has not declared lost, counts as synchronized on every CPU that is
 * online. Until a CPU is online, after resume, and after a virtual machine was restored,
 * the epoch is withheld as it is with a sync check.
 */

#include <linux/cpu.h>
#include <linux/cpuhotplug.h>
#include <linux/cpumask.h>
#include <linux/init.h>
#include <linux/workqueue.h>

#include "clock_trace_internal.h"

static void pass_online_cpus(void)
{
	unsigned int cpu;

	lockdep_assert_cpus_held();

	for_each_online_cpu(cpu)
		clock_trace_cpu_passed(cpu, clock_trace_generation());
}

void clock_trace_monitor_start(struct clock_trace_source *source)
{
	guard(cpus_read_lock)();
	clock_trace_forget_measured();
	pass_online_cpus();
}

static void recheck_work_fn(struct work_struct *work)
{
	guard(cpus_read_lock)();
	pass_online_cpus();
	clock_trace_restore();
}

static DECLARE_WORK(recheck_work, recheck_work_fn);

void clock_trace_monitor_recheck(void)
{
	schedule_work(&recheck_work);
}

static int cpu_online_fn(unsigned int cpu)
{
	clock_trace_cpu_passed(cpu, clock_trace_generation());
	clock_trace_restore();
	return 0;
}

static int __init clock_trace_unchecked_init(void)
{
	int err;

	err = cpuhp_setup_state_nocalls(CPUHP_AP_ONLINE_DYN, "clock_trace:online",
					cpu_online_fn, NULL);
	return err < 0 ? err : 0;
}
core_initcall(clock_trace_unchecked_init);
