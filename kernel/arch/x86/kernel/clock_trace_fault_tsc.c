// SPDX-License-Identifier: GPL-2.0
/*
 * Fault injection for the TSC as counter of the trace clock, in
 * /sys/kernel/debug/clock_trace/
 *
 *  lose      Write a reason in words: mark_tsc_unstable() is called with it in interrupt
 *            context on the CPU of the writer, or on PREEMPT_RT in a thread.
 *  watchdog  Write 1: the TSC is treated as if the clocksource watchdog had found it
 *            unstable.
 *  adjust    Write TICKS: MSR_IA32_TSC_ADJUST of the writer's CPU is raised by that, as
 *            broken firmware would do it. ENODEV if the CPU does not have it.
 *
 * The first two are permanent until reboot, for timekeeping as well. If the TSC is unstable
 * already they answer EALREADY. The kernel finds and undoes the third, but the trace clock
 * does not trust the TSC any more.
 */

#include <linux/cleanup.h>
#include <linux/cpufeature.h>
#include <linux/dcache.h>
#include <linux/debugfs.h>
#include <linux/init.h>
#include <linux/irq_work.h>
#include <linux/irqflags.h>
#include <linux/kstrtox.h>
#include <linux/mutex.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include <asm/clock_trace.h>
#include <asm/msr.h>
#include <asm/tsc.h>

/* Protects the reason and the work that takes it */
static DEFINE_MUTEX(lose_mutex);
static char lose_reason[64];

static void lose_irq(struct irq_work *work)
{
	mark_tsc_unstable(lose_reason);
}

/* Not a hard one: the clocksources have a lock that sleeps on PREEMPT_RT */
static struct irq_work lose_work = IRQ_WORK_INIT(lose_irq);

static ssize_t lose_write(struct file *file, const char __user *from, size_t count,
			  loff_t *ppos)
{
	char reason[sizeof(lose_reason)];
	char *words;

	if (!count || count >= sizeof(reason))
		return -EINVAL;
	if (copy_from_user(reason, from, count))
		return -EFAULT;
	reason[count] = '\0';
	words = strim(reason);
	if (!*words)
		return -EINVAL;

	guard(mutex)(&lose_mutex);
	if (check_tsc_unstable())
		return -EALREADY;
	strscpy(lose_reason, words);
	irq_work_queue(&lose_work);
	irq_work_sync(&lose_work);
	return count;
}

static const struct file_operations lose_fops = {
	.open	= simple_open,
	.write	= lose_write,
};

static ssize_t watchdog_write(struct file *file, const char __user *from,
			      size_t count, loff_t *ppos)
{
	bool object;
	int err;

	err = kstrtobool_from_user(from, count, &object);
	if (err)
		return err;
	if (!object)
		return -EINVAL;
	if (check_tsc_unstable())
		return -EALREADY;
	clock_trace_tsc_object();
	return count;
}

static const struct file_operations watchdog_fops = {
	.open	= simple_open,
	.write	= watchdog_write,
};

static ssize_t adjust_write(struct file *file, const char __user *from, size_t count,
			    loff_t *ppos)
{
	s64 ticks, value;
	int err;

	if (!boot_cpu_has(X86_FEATURE_TSC_ADJUST))
		return -ENODEV;
	err = kstrtos64_from_user(from, count, 10, &ticks);
	if (err)
		return err;

	guard(irqsave)();
	rdmsrq(MSR_IA32_TSC_ADJUST, value);
	wrmsrq(MSR_IA32_TSC_ADJUST, value + ticks);
	return count;
}

static const struct file_operations adjust_fops = {
	.open	= simple_open,
	.write	= adjust_write,
};

static int __init fault_tsc_init(void)
{
	struct dentry *dir = debugfs_lookup("clock_trace", NULL);

	debugfs_create_file("lose", 0200, dir, NULL, &lose_fops);
	debugfs_create_file("watchdog", 0200, dir, NULL, &watchdog_fops);
	debugfs_create_file("adjust", 0200, dir, NULL, &adjust_fops);
	dput(dir);
	return 0;
}
device_initcall(fault_tsc_init);
