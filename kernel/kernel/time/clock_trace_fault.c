// SPDX-License-Identifier: GPL-2.0
/*
 * Fault injection for the trace clock, in /sys/kernel/debug/clock_trace/
 *
 * Lets a test see how the sync check finds a fault that the hardware's counter does not
 * have. Only what the sync check reads is changed: readers of the clock still get what
 * the hardware counts.
 *
 *  skew    Write "CPU TICKS": the check reads the counter of CPU with TICKS, which
 *          has a sign, added. 0 ends that. Reads as such lines, one for each CPU
 *          that is skewed.
 *  drift   Write "CPU TICKS_PER_SECOND": the same with ticks that begin at 0 when
 *          it is written, and become more, or with a sign less, in every second.
 */

#include <linux/cleanup.h>
#include <linux/clock_trace.h>
#include <linux/cpumask.h>
#include <linux/debugfs.h>
#include <linux/init.h>
#include <linux/kstrtox.h>
#include <linux/math64.h>
#include <linux/mutex.h>
#include <linux/percpu.h>
#include <linux/seq_file.h>
#include <linux/string.h>
#include <linux/timekeeping.h>
#include <linux/uaccess.h>

#include "clock_trace_check.h"
#include "clock_trace_internal.h"

/* Longest line that can be written */
#define FAULT_LINE	64

/**
 * struct fault - by how much the check misreads the counter of a CPU
 * @skew:	ticks that are added
 * @drift:	ticks that are added for each second since @start
 * @start:	CLOCK_MONOTONIC in ns
 */
struct fault {
	s64	skew;
	s32	drift;
	u64	start;
};

static DEFINE_PER_CPU(struct fault, faults);
static DEFINE_MUTEX(fault_mutex);

static s64 drifted(const struct fault *fault)
{
	/* Pairs with the release in set_drift() */
	s32 drift = smp_load_acquire(&fault->drift);
	u64 ns, ticks;

	if (likely(!drift))
		return 0;

	ns = max_t(s64, ktime_get_mono_fast_ns() - fault->start, 0);
	ticks = mul_u64_u64_div_u64(ns, abs((s64)drift), NSEC_PER_SEC);
	return drift < 0 ? -ticks : ticks;
}

/**
 * clock_trace_inject_fault - distort a reading of the sync check
 * @value:	what the check has read
 *
 * Any context, on the CPU that has read @value, with preemption disabled.
 *
 * Return: @value with the skew and the drift of this CPU added.
 */
u64 clock_trace_inject_fault(u64 value)
{
	const struct fault *fault = this_cpu_ptr(&faults);

	return value + READ_ONCE(fault->skew) + drifted(fault);
}

static void set_skew(struct fault *fault, s64 skew)
{
	WRITE_ONCE(fault->skew, skew);
}

static s64 get_skew(const struct fault *fault)
{
	return fault->skew;
}

static void set_drift(struct fault *fault, s64 drift)
{
	lockdep_assert_held(&fault_mutex);

	/* A check that has read the old drift before may still apply it from the new start */
	WRITE_ONCE(fault->drift, 0);
	fault->start = ktime_get_mono_fast_ns();
	/* Pairs with the acquire in drifted() */
	smp_store_release(&fault->drift, drift);
}

static s64 get_drift(const struct fault *fault)
{
	return fault->drift;
}

/* What distinguishes the two files */
struct fault_kind {
	s64	min;
	s64	max;
	void	(*set)(struct fault *fault, s64 ticks);
	s64	(*get)(const struct fault *fault);
};

static const struct fault_kind skew_kind = {
	.min	= S64_MIN,
	.max	= S64_MAX,
	.set	= set_skew,
	.get	= get_skew,
};

static const struct fault_kind drift_kind = {
	.min	= S32_MIN,
	.max	= S32_MAX,
	.set	= set_drift,
	.get	= get_drift,
};

static int fault_show(struct seq_file *m, void *unused)
{
	const struct fault_kind *kind = m->private;
	unsigned int cpu;
	s64 ticks;

	guard(mutex)(&fault_mutex);
	for_each_possible_cpu(cpu) {
		ticks = kind->get(&per_cpu(faults, cpu));
		if (ticks)
			seq_printf(m, "%u %lld\n", cpu, ticks);
	}
	return 0;
}

static ssize_t fault_write(struct file *file, const char __user *from, size_t count,
			   loff_t *ppos)
{
	const struct fault_kind *kind = file_inode(file)->i_private;
	char line[FAULT_LINE], *ticks = line, *number;
	unsigned int cpu;
	s64 value;

	if (count >= sizeof(line))
		return -EINVAL;
	if (copy_from_user(line, from, count))
		return -EFAULT;
	line[count] = '\0';

	number = strsep(&ticks, " ");
	if (!ticks || kstrtouint(number, 10, &cpu) || kstrtos64(ticks, 10, &value))
		return -EINVAL;
	if (!cpu_possible(cpu))
		return -ENXIO;
	if (value < kind->min || value > kind->max)
		return -ERANGE;

	guard(mutex)(&fault_mutex);
	kind->set(&per_cpu(faults, cpu), value);
	return count;
}

static int fault_open(struct inode *inode, struct file *file)
{
	return single_open(file, fault_show, inode->i_private);
}

static const struct file_operations fault_fops = {
	.open		= fault_open,
	.read		= seq_read,
	.write		= fault_write,
	.llseek		= seq_lseek,
	.release	= single_release,
};

static int __init fault_init(void)
{
	struct dentry *dir = debugfs_create_dir("clock_trace", NULL);

	debugfs_create_file("skew", 0600, dir, (void *)&skew_kind, &fault_fops);
	debugfs_create_file("drift", 0600, dir, (void *)&drift_kind, &fault_fops);
	return 0;
}
subsys_initcall(fault_init);
