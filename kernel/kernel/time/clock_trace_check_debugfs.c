// SPDX-License-Identifier: GPL-2.0
/*
 * The sync check of the trace clock in /sys/kernel/debug/clock_trace/
 *
 *  cpus    What the last measurement of each CPU has found, and what the check has cost
 *          it: a line with the names of the columns, and one for each CPU that has been
 *          measured. The columns are those of struct clock_trace_measurement and
 *          clock_trace_check_cost(). New ones may come; find them by their names.
 */

#include <linux/clock_trace.h>
#include <linux/cpumask.h>
#include <linux/dcache.h>
#include <linux/debugfs.h>
#include <linux/init.h>
#include <linux/seq_file.h>

#include "clock_trace_check.h"

static void *cpus_start(struct seq_file *m, loff_t *pos)
{
	unsigned int cpu;

	if (!*pos)
		return SEQ_START_TOKEN;

	/* Position n is CPU n - 1 or the next one that is possible */
	cpu = cpumask_next((int)min_t(loff_t, *pos - 1, nr_cpu_ids) - 1, cpu_possible_mask);
	*pos = cpu + 1;
	return cpu < nr_cpu_ids ? pos : NULL;
}

static void *cpus_next(struct seq_file *m, void *v, loff_t *pos)
{
	++*pos;
	return cpus_start(m, pos);
}

static void cpus_stop(struct seq_file *m, void *v)
{
}

static int cpus_show(struct seq_file *m, void *v)
{
	struct clock_trace_measurement one;
	unsigned int cpu;

	if (v == SEQ_START_TOKEN) {
		seq_puts(m, "cpu reference result warp offset_min offset_max round_trip time cost\n");
		return 0;
	}

	cpu = *(loff_t *)v - 1;
	if (!clock_trace_get_measurement(cpu, &one))
		return SEQ_SKIP;
	seq_printf(m, "%u %u %s %llu %lld %lld %llu %llu %llu\n", cpu, one.reference,
		   one.failed ? "failed" : "passed", one.warp, one.offset_min, one.offset_max,
		   one.round_trip, one.time, clock_trace_check_cost(cpu));
	return 0;
}

static const struct seq_operations cpus_sops = {
	.start	= cpus_start,
	.next	= cpus_next,
	.stop	= cpus_stop,
	.show	= cpus_show,
};
DEFINE_SEQ_ATTRIBUTE(cpus);

static int __init clock_trace_check_debugfs_init(void)
{
	struct dentry *dir = debugfs_lookup("clock_trace", NULL);

	/* Fault injection uses the same directory, if there is any */
	if (dir) {
		debugfs_create_file("cpus", 0400, dir, NULL, &cpus_fops);
		dput(dir);
	} else {
		debugfs_create_file("cpus", 0400, debugfs_create_dir("clock_trace", NULL), NULL,
				    &cpus_fops);
	}
	return 0;
}
subsys_initcall_sync(clock_trace_check_debugfs_init);
