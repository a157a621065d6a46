// SPDX-License-Identifier: GPL-2.0
/*
 * The Cortex-A9's global timer as counter of the trace clock
 *
 * With clock_trace.global_timer on the kernel's command line, the timer is left alone until
 * somebody uses the trace clock, and switched off when nobody does any more. It is a single
 * counter that all CPUs read through the snoop control unit. Programs cannot: they read it
 * by the system call.
 *
 * Registers: Cortex-A9 MPCore Technical Reference Manual, "Global timer".
 */

#include <linux/clk.h>
#include <linux/clock_trace.h>
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/io.h>
#include <linux/kernel.h>
#include <linux/mod_devicetable.h>
#include <linux/moduleparam.h>
#include <linux/notifier.h>
#include <linux/platform_device.h>
#include <linux/pm.h>
#include <linux/pm_qos.h>
#include <linux/syscore_ops.h>

#include <asm/barrier.h>

#include "clock_trace_global_timer.h"

#undef MODULE_PARAM_PREFIX
#define MODULE_PARAM_PREFIX "clock_trace."

#define COUNTER_LOW		0x00
#define COUNTER_HIGH		0x04
#define CONTROL			0x08
/* One for all CPUs. The other bits are of the comparator, and the prescaler */
#define CONTROL_ENABLE		BIT(0)

static bool global_timer __ro_after_init;
module_param(global_timer, bool, 0444);

static void __iomem *base;
static struct clk *timer_clk;
/* Before its rate is read, so that a rate that changes is noticed */
static bool is_enabled;
/* Deeper idle states than WFI may stop the timer */
static struct pm_qos_request latency;

bool clock_trace_has_global_timer(void)
{
	return global_timer;
}

/*
 * The barriers wait until what was accessed before has been, and the same for the counter
 * before anything that follows.
 */
static u64 notrace read_counter(void)
{
	u32 low, high, before;

	dsb();
	high = readl_relaxed(base + COUNTER_HIGH);
	do {
		before = high;
		low = readl_relaxed(base + COUNTER_LOW);
		high = readl_relaxed(base + COUNTER_HIGH);
	} while (high != before);
	dsb();
	return (u64)high << 32 | low;
}

static void switch_off(void)
{
	writel(0, base + CONTROL);
	/* It has arrived before the clock stops */
	readl(base + CONTROL);
}

static void disable_counter(struct clock_trace_source *source)
{
	cpu_latency_qos_remove_request(&latency);
	WRITE_ONCE(is_enabled, false);
	switch_off();
	clk_disable_unprepare(timer_clk);
}

static int enable_counter(struct clock_trace_source *source)
{
	unsigned long rate;
	u64 before;
	int err;

	err = clk_prepare_enable(timer_clk);
	if (err)
		return err;
	WRITE_ONCE(is_enabled, true);
	cpu_latency_qos_add_request(&latency, 1);
	writel(CONTROL_ENABLE, base + CONTROL);

	/* Where firmware keeps the timer to itself, it stands still at 0 */
	before = read_counter();
	usleep_range(10, 100);
	rate = clk_get_rate(timer_clk);
	if (!rate || read_counter() == before) {
		disable_counter(source);
		return -ENODEV;
	}
	/* It may have changed as long as nobody used the counter */
	source->frequency = rate;
	return 0;
}

static struct clock_trace_source source = {
	.name		= "arm_global_timer",
	.rating		= 300,
	.read		= read_counter,
	.enable		= enable_counter,
	.disable	= disable_counter,
};

/* A frequency that changes is none */
static int rate_changes(struct notifier_block *nb, unsigned long event, void *data)
{
	const struct clk_notifier_data *change = data;

	/* Not all clocks tell before they change */
	if (event != ABORT_RATE_CHANGE && READ_ONCE(is_enabled) &&
	    change->new_rate != change->old_rate)
		clock_trace_source_lost(&source, "its frequency changes");
	return NOTIFY_DONE;
}

static struct notifier_block rate_nb = {
	.notifier_call	= rate_changes,
};

static int suspend_counter(void *data)
{
	if (is_enabled)
		clock_trace_source_suspend(&source);
	return 0;
}

static void resume_counter(void *data)
{
	if (!is_enabled)
		return;
	/* Its power may have been switched off */
	writel(CONTROL_ENABLE, base + CONTROL);
	clock_trace_source_reset(&source);
}

/* In suspend-to-idle the CPUs are in their deepest state, and resume_counter() is not called */
static int resume_noirq(struct device *dev)
{
	guard(irqsave)();
	resume_counter(NULL);
	return 0;
}

static DEFINE_NOIRQ_DEV_PM_OPS(global_timer_pm_ops, NULL, resume_noirq);

static const struct syscore_ops global_timer_syscore_ops = {
	.suspend	= suspend_counter,
	.resume		= resume_counter,
};

static struct syscore global_timer_syscore = {
	.ops	= &global_timer_syscore_ops,
};

static int global_timer_probe(struct platform_device *pdev)
{
	struct device *dev = &pdev->dev;
	int err;

	/* There is one in a machine */
	if (!global_timer || base)
		return -ENODEV;

	timer_clk = devm_clk_get(dev, NULL);
	if (IS_ERR(timer_clk))
		return dev_err_probe(dev, PTR_ERR(timer_clk), "no clock\n");
	err = devm_clk_notifier_register(dev, timer_clk, &rate_nb);
	if (err)
		return dev_err_probe(dev, err, "cannot be told of another rate\n");

	base = devm_platform_ioremap_resource(pdev, 0);
	if (IS_ERR(base)) {
		err = PTR_ERR(base);
		base = NULL;
		return err;
	}
	/* What the boot loader has used it for is over */
	err = clk_prepare_enable(timer_clk);
	if (err) {
		base = NULL;
		return dev_err_probe(dev, err, "its clock cannot be enabled\n");
	}
	source.frequency = clk_get_rate(timer_clk);
	switch_off();
	clk_disable_unprepare(timer_clk);
	if (!source.frequency) {
		base = NULL;
		return dev_err_probe(dev, -EINVAL, "its clock has no rate\n");
	}
	register_syscore(&global_timer_syscore);
	return clock_trace_register_source(&source);
}

static const struct of_device_id global_timer_of_match[] = {
	{ .compatible = "arm,cortex-a9-global-timer" },
	{ }
};

static struct platform_driver global_timer_driver = {
	.driver	= {
		.name			= "clock_trace_global_timer",
		.of_match_table		= global_timer_of_match,
		/* The clock keeps its counter until reboot */
		.suppress_bind_attrs	= true,
		.pm			= pm_sleep_ptr(&global_timer_pm_ops),
	},
	.probe	= global_timer_probe,
};
builtin_platform_driver(global_timer_driver);
