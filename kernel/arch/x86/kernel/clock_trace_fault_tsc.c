// SPDX-License-Identifier: GPL-2.0
/*
 * Fault injection for the TSC as counter of the trace clock, in
 * /sys/kernel/debug/clock_trace/
 *
 *  lose      Write a reason in words: mark_tsc_unstable() is called with it in interrupt
 *            context on the CPU of the writer, or on PREEMPT_RT in a thread.
 *  watchdog  Write 1: the TSC gets what it gets when the clocksource watchdog finds
 *            it unstable.
 *
 * Both are permanent until reboot, for timekeeping as well. If the TSC is unstable
 * already they answer EALREADY.
 */

#include <linux/cleanup.h>
#include <linux/dcache.h>
#include <linux/debugfs.h>
#include <linux/init.h>
#include <linux/irq_work.h>
#include <linux/kstrtox.h>
#include <linux/mutex.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include <asm/clock_trace.h>
#include <asm/tsc.h>

/* Protects the reason and the work that takes it */
static DEFINE_MUTEX(clock_trace_lose_mutex);
static char clock_trace_lose_reason[64];

static void clock_trace_lose_irq(struct irq_work *work)
{
	mark_tsc_unstable(clock_trace_lose_reason);
}

/* Not a hard one: the clocksources have a lock that sleeps on PREEMPT_RT */
static struct irq_work clock_trace_lose_work = IRQ_WORK_INIT(clock_trace_lose_irq);

static ssize_t clock_trace_lose_write(struct file *file, const char __user *from, size_t count,
				      loff_t *ppos)
{
	char reason[sizeof(clock_trace_lose_reason)];
	char *words;

	if (!count || count >= sizeof(reason))
		return -EINVAL;
	if (copy_from_user(reason, from, count))
		return -EFAULT;
	reason[count] = '\0';
	words = strim(reason);
	if (!*words)
		return -EINVAL;

	guard(mutex)(&clock_trace_lose_mutex);
	if (check_tsc_unstable())
		return -EALREADY;
	strscpy(clock_trace_lose_reason, words);
	irq_work_queue(&clock_trace_lose_work);
	irq_work_sync(&clock_trace_lose_work);
	return count;
}

static const struct file_operations clock_trace_lose_fops = {
	.open	= simple_open,
	.write	= clock_trace_lose_write,
};

static ssize_t clock_trace_watchdog_write(struct file *file, const char __user *from,
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

static const struct file_operations clock_trace_watchdog_fops = {
	.open	= simple_open,
	.write	= clock_trace_watchdog_write,
};

static int __init clock_trace_fault_tsc_init(void)
{
	struct dentry *dir = debugfs_lookup("clock_trace", NULL);

	debugfs_create_file("lose", 0200, dir, NULL, &clock_trace_lose_fops);
	debugfs_create_file("watchdog", 0200, dir, NULL, &clock_trace_watchdog_fops);
	dput(dir);
	return 0;
}
device_initcall(clock_trace_fault_tsc_init);
