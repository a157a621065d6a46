// SPDX-License-Identifier: GPL-2.0
/*
 * Test module for the trace clock: reads in NMI, between reads in all other contexts
 *
 * While the module is loaded, a thread on each CPU reads the clock and sends NMIs to the
 * next CPU, a timer reads the clock in hard interrupts, and the NMI handler reads it
 * wherever the NMI has struck. All of them share the newest value of each epoch. NMIs from
 * outside, such as those that a virtual machine's monitor injects, are handled as well;
 * on all CPUs with the kernel parameter apic_extnmi=all.
 *
 * /sys/kernel/debug/clock_trace_nmi_test has what was read, and what must not be:
 *
 *  back   values smaller than one of the same epoch that the reader had seen before
 *  late   reads of an epoch after the reader had seen a newer one
 *  torn   epochs out of range, and frequencies that do not belong to the epoch
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/atomic.h>
#include <linux/clock_trace.h>
#include <linux/cpumask.h>
#include <linux/debugfs.h>
#include <linux/delay.h>
#include <linux/hrtimer.h>
#include <linux/module.h>
#include <linux/percpu.h>
#include <linux/preempt.h>
#include <linux/sched.h>
#include <linux/seq_file.h>
#include <linux/smpboot.h>

#include <asm/apic.h>
#include <asm/nmi.h>

#define NAME		"clock_trace_nmi_test"
/* Epochs that the module can tell apart; one more counts as torn */
#define MAX_LINES	16
/* Reads of a thread for each NMI that it sends */
#define READS_PER_NMI	20
/* Leaves the CPU to others, which are to lose the counter meanwhile */
#define PAUSE_US	200
/* Between a CPU's interrupts */
#define TIMER_NS	(500 * NSEC_PER_USEC)
/* Failures that are logged in full */
#define MAX_MESSAGES	10

enum context { IN_TASK, IN_IRQ, IN_NMI, NR_CONTEXTS };

/**
 * struct line - what was read in one epoch
 * @epoch:	it, 0 while nothing was
 * @frequency:	its frequency, set by the first reader
 * @newest:	the highest value
 * @lowest:	the lowest value
 * @nmi_reads:	how many were read in NMI
 */
struct line {
	atomic_t	epoch;
	atomic64_t	frequency;
	atomic64_t	newest;
	atomic64_t	lowest;
	atomic64_t	nmi_reads;
};

static struct line lines[MAX_LINES];
/* Index of the newest epoch that anybody has seen */
static atomic_t latest_line;
static atomic64_t nr_back, nr_late, nr_torn, nr_external;
static atomic_t nr_messages;

static DEFINE_PER_CPU(u64 [NR_CONTEXTS], nr_reads);
static DEFINE_PER_CPU(struct hrtimer, read_timer);
static DEFINE_PER_CPU(struct task_struct *, read_thread);
/* An NMI is on its way to this CPU */
static DEFINE_PER_CPU(atomic_t, nmi_sent);

static void fail(atomic64_t *counter, const char *what, u64 value, u32 epoch, u64 seen)
{
	atomic64_inc(counter);
	if (atomic_inc_return(&nr_messages) <= MAX_MESSAGES)
		pr_err("%s: %llu in epoch %u after %llu%s\n", what, value, epoch, seen,
		       in_nmi() ? ", in NMI" : "");
}

/* Epochs get their places in the order in which they are seen */
static int line_of(u32 epoch)
{
	int i, found;

	if (!epoch || epoch >= NSEC_PER_SEC)
		return -1;
	for (i = 0; i < MAX_LINES; i++) {
		found = atomic_cmpxchg(&lines[i].epoch, 0, epoch);
		if (!found || found == epoch)
			return i;
	}
	return -1;
}

static void raise(atomic64_t *highest, s64 value)
{
	s64 old = atomic64_read(highest);

	while (old < value && !atomic64_try_cmpxchg(highest, &old, value))
		;
}

static void lower(atomic64_t *lowest, s64 value)
{
	s64 old = atomic64_read(lowest);

	while (old > value && !atomic64_try_cmpxchg(lowest, &old, value))
		;
}

static void check_value(struct line *line, u64 value, u64 frequency)
{
	s64 known = atomic64_cmpxchg(&line->frequency, 0, frequency);

	if (known && known != frequency)
		fail(&nr_torn, "frequency", frequency, atomic_read(&line->epoch), known);
	lower(&line->lowest, value);
	raise(&line->newest, value);
}

static void read_clock(enum context context)
{
	/* Ordered before all that follows, as a reader that has seen a value must be */
	int latest = atomic_read_acquire(&latest_line);
	s64 seen = atomic64_read_acquire(&lines[latest].newest);
	u64 value, frequency;
	u32 epoch;
	int i;

	this_cpu_inc(nr_reads[context]);
	epoch = clock_trace_epoch();
	value = clock_trace_read();
	frequency = clock_trace_freq();
	/* No epoch comes back: the value is of this one */
	if (clock_trace_epoch() != epoch)
		return;

	i = line_of(epoch);
	if (i < 0) {
		fail(&nr_torn, "epoch", value, epoch, seen);
		return;
	}
	if (i < latest)
		fail(&nr_late, "late", value, epoch, seen);
	else if (i == latest && (s64)value < seen)
		fail(&nr_back, "back", value, epoch, seen);
	check_value(&lines[i], value, frequency);
	if (context == IN_NMI)
		atomic64_inc(&lines[i].nmi_reads);
	while (latest < i && !atomic_try_cmpxchg(&latest_line, &latest, i))
		;
}

/* Ours, if one was sent. Another one may have come first, then ours counts as external */
static int local_nmi(unsigned int type, struct pt_regs *regs)
{
	if (!atomic_xchg(this_cpu_ptr(&nmi_sent), 0))
		return NMI_DONE;

	read_clock(IN_NMI);
	return NMI_HANDLED;
}

static int external_nmi(unsigned int type, struct pt_regs *regs)
{
	atomic64_inc(&nr_external);
	read_clock(IN_NMI);
	return NMI_HANDLED;
}

static enum hrtimer_restart read_in_irq(struct hrtimer *timer)
{
	read_clock(IN_IRQ);
	hrtimer_forward_now(timer, ns_to_ktime(TIMER_NS));
	return HRTIMER_RESTART;
}

static void send_nmi(void)
{
	unsigned int cpu;

	guard(preempt)();
	cpu = cpumask_next_wrap(smp_processor_id(), cpu_online_mask);
	if (atomic_xchg(per_cpu_ptr(&nmi_sent, cpu), 1))
		return;
	__apic_send_IPI_mask(cpumask_of(cpu), NMI_VECTOR);
}

static void read_in_thread(unsigned int cpu)
{
	int i;

	for (i = 0; i < READS_PER_NMI; i++)
		read_clock(IN_TASK);
	send_nmi();
	usleep_range(PAUSE_US, 2 * PAUSE_US);
}

static int thread_should_run(unsigned int cpu)
{
	return true;
}

static void start_timer(unsigned int cpu)
{
	hrtimer_start(per_cpu_ptr(&read_timer, cpu), ns_to_ktime(TIMER_NS),
		      HRTIMER_MODE_REL_PINNED_HARD);
}

static void stop_timer(unsigned int cpu)
{
	hrtimer_cancel(per_cpu_ptr(&read_timer, cpu));
}

static void setup_timer(unsigned int cpu)
{
	hrtimer_setup(per_cpu_ptr(&read_timer, cpu), read_in_irq, CLOCK_MONOTONIC,
		      HRTIMER_MODE_REL_PINNED_HARD);
	start_timer(cpu);
}

static void cleanup_timer(unsigned int cpu, bool online)
{
	stop_timer(cpu);
}

/* Threads and timers of a CPU that goes offline wait until it is back */
static struct smp_hotplug_thread read_threads = {
	.store			= &read_thread,
	.thread_should_run	= thread_should_run,
	.thread_fn		= read_in_thread,
	.setup			= setup_timer,
	.cleanup		= cleanup_timer,
	.park			= stop_timer,
	.unpark			= start_timer,
	.thread_comm		= "clock_trace/%u",
};

static int results_show(struct seq_file *m, void *unused)
{
	u64 reads[NR_CONTEXTS] = { };
	unsigned int cpu;
	int i;

	for_each_possible_cpu(cpu)
		for (i = 0; i < NR_CONTEXTS; i++)
			reads[i] += per_cpu(nr_reads[i], cpu);
	seq_printf(m, "reads: task %llu, irq %llu, NMI %llu\n", reads[IN_TASK], reads[IN_IRQ],
		   reads[IN_NMI]);
	seq_printf(m, "external NMIs: %lld\n", atomic64_read(&nr_external));
	seq_printf(m, "back: %lld\n", atomic64_read(&nr_back));
	seq_printf(m, "late: %lld\n", atomic64_read(&nr_late));
	seq_printf(m, "torn: %lld\n", atomic64_read(&nr_torn));
	for (i = 0; i < MAX_LINES && atomic_read(&lines[i].epoch); i++)
		seq_printf(m, "epoch: %u, %lld Hz, from %lld to %lld, NMI reads %lld\n",
			   atomic_read(&lines[i].epoch), atomic64_read(&lines[i].frequency),
			   atomic64_read(&lines[i].lowest), atomic64_read(&lines[i].newest),
			   atomic64_read(&lines[i].nmi_reads));
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(results);

static struct dentry *results_file;

static int __init clock_trace_nmi_test_init(void)
{
	int i, err;

	for (i = 0; i < MAX_LINES; i++)
		atomic64_set(&lines[i].lowest, S64_MAX);
	err = register_nmi_handler(NMI_LOCAL, local_nmi, 0, NAME);
	if (err)
		return err;
	err = register_nmi_handler(NMI_UNKNOWN, external_nmi, 0, NAME);
	if (err)
		goto local;
	err = smpboot_register_percpu_thread(&read_threads);
	if (err)
		goto unknown;
	results_file = debugfs_create_file(NAME, 0400, NULL, NULL, &results_fops);
	return 0;

unknown:
	unregister_nmi_handler(NMI_UNKNOWN, NAME);
local:
	unregister_nmi_handler(NMI_LOCAL, NAME);
	return err;
}
module_init(clock_trace_nmi_test_init);

static void __exit clock_trace_nmi_test_exit(void)
{
	debugfs_remove(results_file);
	smpboot_unregister_percpu_thread(&read_threads);
	/* An NMI that is still on its way must find a handler */
	msleep(100);
	unregister_nmi_handler(NMI_UNKNOWN, NAME);
	unregister_nmi_handler(NMI_LOCAL, NAME);
}
module_exit(clock_trace_nmi_test_exit);

MODULE_DESCRIPTION("Reads of the trace clock in NMI");
MODULE_LICENSE("GPL");
