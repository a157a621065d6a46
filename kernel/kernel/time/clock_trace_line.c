// SPDX-License-Identifier: GPL-2.0
/*
 * The trace clock's time lines and epochs, and when the counter may be read
 *
 * The epoch is published, in the kernel and in the vDSO, while readers may read the
 * counter directly on every CPU. It is withheld while a CPU runs that the sync check has
 * not measured, or that goes offline:
 *
 *  - from before a CPU starts until it has passed the check;
 *  - from the moment when a CPU begins to die until it is dead, as it cannot be asked for
 *    the highest value that it has read afterwards;
 *  - from suspend until all CPUs that run have passed the check after resume;
 *  - after a virtual machine was restored or cloned, until all CPUs have passed.
 *
 * Giving it back does not begin a new epoch: what the epoch vouches for has not changed.
 *
 * An epoch is drawn at random, so that a machine that was rebooted, cloned or restored
 * does not find the epoch again that it, or another one, had before.
 */

#include <linux/atomic.h>
#include <linux/cpu.h>
#include <linux/cpuhotplug.h>
#include <linux/export.h>
#include <linux/init.h>
#include <linux/irq_work.h>
#include <linux/jhash.h>
#include <linux/jiffies.h>
#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/notifier.h>
#include <linux/preempt.h>
#include <linux/random.h>
#include <linux/seqlock.h>
#include <linux/smp.h>
#include <linux/timekeeping.h>
#include <linux/timex.h>
#include <linux/workqueue.h>

#include "clock_trace_internal.h"
#include "clock_trace_line.h"
#include "tick-internal.h"
#include "timekeeping.h"

/* How often to look whether the counter has caught up with the highest value */
#define RESTORE_MS	10

/*
 * The current line, and those to prepare the next ones in. Readers may still use the
 * line before the current one, and the fallback the highest value of the counter's.
 */
static struct clock_trace_line lines[4] = {
	{
		.epoch		= 1,
		.state		= CLOCK_TRACE_MONOTONIC,
		.frequency	= NSEC_PER_SEC,
		.rate		= { .ticks = 1 },
		.highest	= &lines[0].own_highest,
	},
};

struct clock_trace_live clock_trace_live ____cacheline_aligned = {
	.line	= &lines[0],
};

struct cpumask clock_trace_measured __read_mostly;
/* Described in clock_trace_line.h */
DEFINE_MUTEX(clock_trace_mutex);
DEFINE_RAW_SPINLOCK(clock_trace_lock);
bool clock_trace_user_space __read_mostly;

/* The clock without a counter keeps its epoch, when it comes back, until this changes */
static u32 monotonic_epoch = 1;
static u32 epoch_key;

/* How often clock_trace_measured has been cleared. Protected by clock_trace_lock */
static unsigned int generation;

/* From clock_trace_bar() to clock_trace_unbar(). Protected by clock_trace_lock */
static bool barred;

/* How far the counter was when clock_trace_look_for_reset() looked. Likewise */
static struct clock_trace_held last_look;

u64 notrace clock_trace_no_counter(void)
{
	return 0;
}

DEFINE_STATIC_CALL(clock_trace_counter, clock_trace_no_counter);

/* Not get_random_u32(), which takes a lock that sleeps on PREEMPT_RT */
static u32 draw_epoch(void)
{
	static u32 last, count;
	u32 hash;

	lockdep_assert_held(&clock_trace_lock);

	do {
		hash = jhash_3words(++count, last, random_get_entropy(), epoch_key);
		hash = reciprocal_scale(hash, CLOCK_TRACE_EPOCH_MAX) + 1;
	} while (hash == last || hash == monotonic_epoch);
	last = hash;
	return hash;
}

/* Take the epoch away, before anything that it vouches for is changed */
static void unpublish(void)
{
	lockdep_assert_held(&clock_trace_lock);

	WRITE_ONCE(clock_trace_live.epoch, 0);
	WRITE_ONCE(clock_trace_vdso_data()->epoch, 0);
}

/**
 * clock_trace_publish_vdso - let programs read the counter in the current epoch
 *
 * Programs get what they have asked for: not before the first system call. With
 * clock_trace_lock held. The caller looks for a loss afterwards.
 */
void clock_trace_publish_vdso(void)
{
	struct clock_trace_line *line = clock_trace_live.line;

	lockdep_assert_held(&clock_trace_lock);

	if (!clock_trace_user_space || !line->source->vdso)
		return;

	WRITE_ONCE(clock_trace_vdso_data()->frequency, line->frequency);
	/* Pairs with the first barrier in vdso_clock_trace_read() */
	smp_store_release(&clock_trace_vdso_data()->epoch, READ_ONCE(clock_trace_live.epoch));
}

/*
 * How far a counter is at least. Whatever slews CLOCK_MONOTONIC, and jiffies with it, makes it
 * less than a quarter faster than the counter: adjtimex() allows a tenth with ADJ_TICK and an
 * eighth with ADJ_OFFSET. The first jiffy may have been nearly over.
 */
static __always_inline u64 least_since(const struct clock_trace_held *held, u64 frequency)
{
	long passed = READ_ONCE(jiffies) - held->jiffies;

	if (passed <= 0)
		return held->ticks;

	return held->ticks + 3 * ((u64)(passed - 1) * ((u32)(frequency >> 2) / HZ));
}

/**
 * clock_trace_from_jiffies - how far a counter is at least
 * @line:	its line, whose epoch is taken away
 *
 * For CPUs whose own counter is not measured. Any context, including NMI.
 *
 * Return: no more than the counter of a measured CPU, which it follows by steps of a jiffy. It
 * falls behind by about a quarter of the time since the last clock_trace_keep_up().
 */
u64 notrace clock_trace_from_jiffies(const struct clock_trace_line *line)
{
	struct clock_trace_held held;
	unsigned int seq;

	do {
		seq = raw_read_seqcount_latch(&line->held_seq);
		held = line->held[seq & 1];
	} while (raw_read_seqcount_latch_retry(&line->held_seq, seq));

	return least_since(&held, line->frequency);
}

/* What jiffies would be now if no tick was late: they catch up at once */
static unsigned long jiffies_due(void)
{
	unsigned long due;
	unsigned int seq;
	ktime_t next;
	s64 late;

	do {
		seq = read_seqcount_begin(&jiffies_seq);
		due = jiffies;
		next = tick_next_period;
	} while (read_seqcount_retry(&jiffies_seq, seq));

	late = ktime_get_mono_fast_ns() - next;
	return late < 0 ? due : due + 1 + div_u64(late, TICK_NSEC);
}

/* With clock_trace_lock held, or on a line that is being prepared */
static void hold(struct clock_trace_line *line)
{
	struct clock_trace_held held;

	held.ticks = clock_trace_note_counter(line);
	held.jiffies = jiffies_due();

	write_seqcount_latch_begin(&line->held_seq);
	line->held[0] = held;
	write_seqcount_latch(&line->held_seq);
	line->held[1] = held;
	write_seqcount_latch_end(&line->held_seq);
}

/**
 * clock_trace_withhold_locked - clock_trace_withhold() with clock_trace_lock held
 */
void clock_trace_withhold_locked(void)
{
	struct clock_trace_line *line = clock_trace_live.line;

	unpublish();
	if (line->state != CLOCK_TRACE_COUNTER)
		return;

	/*
	 * Whoever has communicated a value to this CPU has read less than hold() does. For
	 * others see clock_trace_note_everywhere(). Pairs with the last barriers in
	 * read_counter() and in the vDSO.
	 */
	smp_mb();
	/*
	 * A CPU that is not measured gets no less than the highest value. Readers of the
	 * counter do not raise that as long as there is an epoch: do it now.
	 */
	hold(line);
}

/* Runs on every CPU, with interrupts disabled */
static void note_counter(void *line)
{
	clock_trace_note_counter(line);
}

/**
 * clock_trace_note_everywhere - have every CPU raise the highest value to its counter
 * @line:	a counter's line, whose epoch is taken away
 *
 * This CPU's counter is not enough where another CPU may have read the clock and has not
 * communicated with this one since: it may be ahead by as much as the check cannot find. An
 * interrupt comes between two instructions: a reader that it interrupts has either read its
 * counter before, and so got no more than the interrupt handler gets, or will find the epoch
 * gone.
 *
 * Process context, with CPU hotplug blocked.
 */
void clock_trace_note_everywhere(struct clock_trace_line *line)
{
	on_each_cpu(note_counter, line, true);
}

/* Returns when no CPU has read more than the highest value, if a counter drives the clock */
static void withhold_everywhere(void)
{
	struct clock_trace_line *line;

	scoped_guard(raw_spinlock_irqsave, &clock_trace_lock) {
		clock_trace_withhold_locked();
		line = clock_trace_live.line;
	}
	if (line->state == CLOCK_TRACE_COUNTER)
		clock_trace_note_everywhere(line);
}

void clock_trace_withhold(void)
{
	guard(raw_spinlock_irqsave)(&clock_trace_lock);
	clock_trace_withhold_locked();
}

void clock_trace_keep_up(void)
{
	guard(raw_spinlock_irqsave)(&clock_trace_lock);
	if (!READ_ONCE(clock_trace_live.epoch))
		clock_trace_withhold_locked();
}

static void restore_work_fn(struct work_struct *work)
{
	guard(cpus_read_lock)();
	clock_trace_restore();
}

static DECLARE_DELAYED_WORK(restore_work, restore_work_fn);

/* Is the counter behind what a CPU that was not measured has got, or one that was ahead? */
static bool behind_highest(const struct clock_trace_line *line)
{
	u64 highest = atomic64_read(line->highest);

	/* The counter is read after that */
	return static_call(clock_trace_counter)() < highest;
}

/**
 * clock_trace_restore_locked - clock_trace_restore() with clock_trace_lock held
 *
 * Return: true if the counter may be read directly now.
 */
bool clock_trace_restore_locked(void)
{
	struct clock_trace_line *line = clock_trace_live.line;

	lockdep_assert_held(&clock_trace_lock);

	if (barred || line->state != CLOCK_TRACE_COUNTER ||
	    READ_ONCE(line->source->trust) != CLOCK_TRACE_TRUSTED ||
	    !cpumask_subset(cpu_online_mask, &clock_trace_measured))
		return false;

	/* Direct readers would go back: try again when it has caught up */
	if (behind_highest(line)) {
		schedule_delayed_work(&restore_work, msecs_to_jiffies(RESTORE_MS));
		return false;
	}

	WRITE_ONCE(clock_trace_live.frequency, line->frequency);
	/* Pairs with the first barrier in read_sample() */
	smp_store_release(&clock_trace_live.epoch, line->epoch);
	clock_trace_publish_vdso();
	clock_trace_look_for_loss(line->source);
	return true;
}

bool clock_trace_restore(void)
{
	lockdep_assert_cpus_held();

	guard(raw_spinlock_irqsave)(&clock_trace_lock);
	return clock_trace_restore_locked();
}

unsigned int clock_trace_generation(void)
{
	guard(raw_spinlock_irqsave)(&clock_trace_lock);
	return generation;
}

void clock_trace_cpu_passed(unsigned int cpu, unsigned int measured_in)
{
	guard(raw_spinlock_irqsave)(&clock_trace_lock);
	/* Firmware may change the counter until the suspend is over */
	if (!barred && measured_in == generation)
		cpumask_set_cpu(cpu, &clock_trace_measured);
}

bool clock_trace_cpu_has_passed(unsigned int cpu)
{
	return cpumask_test_cpu(cpu, &clock_trace_measured);
}

/* All measurements so far are void. Those that are under way as well */
static void forget_measured(void)
{
	lockdep_assert_held(&clock_trace_lock);

	cpumask_clear(&clock_trace_measured);
	generation++;
}

void clock_trace_forget_measured(void)
{
	guard(raw_spinlock_irqsave)(&clock_trace_lock);
	forget_measured();
}

/* Only the counter of this CPU is known to be on the line that begins now */
static void measured_is_this_cpu(void)
{
	forget_measured();
	cpumask_set_cpu(smp_processor_id(), &clock_trace_measured);
}

void clock_trace_bar(const struct cpumask *preferred)
{
	unsigned int cpu;

	lockdep_assert_cpus_held();

	scoped_guard(raw_spinlock_irqsave, &clock_trace_lock)
		WRITE_ONCE(barred, true);
	/* What CPUs have read is not noted any more when they do not count as measured */
	withhold_everywhere();

	guard(raw_spinlock_irqsave)(&clock_trace_lock);
	cpu = cpumask_any_and(preferred, &clock_trace_measured);
	if (cpu >= nr_cpu_ids)
		cpu = cpumask_any_and(cpu_online_mask, &clock_trace_measured);
	forget_measured();
	if (cpu < nr_cpu_ids)
		cpumask_set_cpu(cpu, &clock_trace_measured);
}

bool clock_trace_is_barred(void)
{
	return READ_ONCE(barred);
}

void clock_trace_unbar(void)
{
	lockdep_assert_cpus_held();

	guard(raw_spinlock_irqsave)(&clock_trace_lock);
	WRITE_ONCE(barred, false);
	/* With a single CPU online there is nothing to measure */
	clock_trace_restore_locked();
}

/**
 * clock_trace_look_for_loss - begin a loss that was decided while an epoch was published
 * @source:	the counter that drives the clock
 */
void clock_trace_look_for_loss(struct clock_trace_source *source)
{
	/*
	 * Pairs with the barrier in clock_trace_source_lost(): a loss either finds what
	 * was published before, or is found here.
	 */
	smp_mb();
	if (READ_ONCE(source->trust) != CLOCK_TRACE_TRUSTED)
		clock_trace_begin_loss(source, clock_trace_live.line->epoch);
}

/**
 * clock_trace_begin_line - prepare a new time line
 * @state:	what drives it
 * @frequency:	ticks per second
 *
 * Takes the epoch away. With clock_trace_lock held; clock_trace_set_line() follows.
 *
 * Return: the line, with value 0 at 0 ns, and never read.
 */
struct clock_trace_line *clock_trace_begin_line(enum clock_trace_state state, u64 frequency)
{
	struct clock_trace_line *line = clock_trace_live.line + 1;

	if (line == lines + ARRAY_SIZE(lines))
		line = lines;

	unpublish();
	WRITE_ONCE(line->epoch, 0);
	WRITE_ONCE(line->direct_epoch, 0);
	/* Pairs with the last barriers of the functions in clock_trace.c, and in the vDSO */
	smp_wmb();
	line->state = state;
	line->clamped = false;
	line->frequency = frequency;
	line->rate = clock_trace_make_rate(frequency);
	line->source = NULL;
	line->base_ticks = 0;
	line->base_ns = 0;
	atomic64_set(&line->own_highest, 0);
	line->highest = &line->own_highest;
	return line;
}

/**
 * clock_trace_update_direct - let system calls read the current line directly, or not
 *
 * With clock_trace_lock held.
 */
void clock_trace_update_direct(void)
{
	struct clock_trace_line *line = clock_trace_live.line;
	bool direct = clock_trace_user_space && !line->clamped &&
		      line->state != CLOCK_TRACE_COUNTER;

	lockdep_assert_held(&clock_trace_lock);

	/* Pairs with the acquire in clock_trace_get_timespec() */
	smp_store_release(&line->direct_epoch, direct ? line->epoch : 0);
}

/**
 * clock_trace_set_line - have all readers use a new line
 * @line:	what clock_trace_begin_line() has returned, completed by the caller
 *
 * It gets a new epoch, unless CLOCK_MONOTONIC drives it in nanoseconds: that is the same
 * time line whenever it comes back.
 */
void clock_trace_set_line(struct clock_trace_line *line)
{
	u32 epoch = line->state == CLOCK_TRACE_MONOTONIC ? monotonic_epoch : draw_epoch();

	lockdep_assert_held(&clock_trace_lock);

	/* Pairs with the acquires of the epoch in clock_trace.c */
	smp_store_release(&line->epoch, epoch);
	/* Pairs with the acquires of the line there */
	smp_store_release(&clock_trace_live.line, line);
	clock_trace_update_direct();
}

/**
 * clock_trace_begin_counter_line - a counter drives the clock from now on
 * @source:	the counter, which is the one that is enabled
 *
 * The epoch is withheld. With clock_trace_lock held.
 */
void clock_trace_begin_counter_line(struct clock_trace_source *source)
{
	struct clock_trace_line *line;

	line = clock_trace_begin_line(CLOCK_TRACE_COUNTER, source->frequency);
	line->source = source;
	hold(line);
	last_look = line->held[0];
	clock_trace_set_line(line);
}

/*
 * A counter's line after which only this CPU's counter is known to be on the next one. CPUs
 * that are not measured any more may still read the line that ends, and get its highest
 * value, which must be up to date then.
 */
static void begin_line_of_this_cpu(struct clock_trace_source *source)
{
	clock_trace_withhold_locked();
	measured_is_this_cpu();
	clock_trace_begin_counter_line(source);
	/* With a single CPU online there is nothing to measure */
	clock_trace_restore_locked();
}

/**
 * clock_trace_begin_monotonic_line - CLOCK_MONOTONIC drives the clock, in nanoseconds
 *
 * With clock_trace_lock held.
 */
void clock_trace_begin_monotonic_line(void)
{
	clock_trace_set_line(clock_trace_begin_line(CLOCK_TRACE_MONOTONIC, NSEC_PER_SEC));
}

/**
 * clock_trace_source_suspend - a counter may be reset soon
 * @source:	the counter
 *
 * Until clock_trace_source_reset() readers get no value below what the counter has
 * now. To be called on the last CPU that runs, with interrupts disabled.
 */
void clock_trace_source_suspend(struct clock_trace_source *source)
{
	lockdep_assert_irqs_disabled();

	guard(raw_spinlock)(&clock_trace_lock);
	if (clock_trace_live.line->source == source)
		clock_trace_withhold_locked();
}

static void recheck_irq(struct irq_work *work)
{
	clock_trace_monitor_recheck();
}

static DEFINE_IRQ_WORK(recheck_irq_work, recheck_irq);

/**
 * clock_trace_source_reset - a counter may have been reset
 * @source:	the counter
 *
 * Follows clock_trace_source_suspend(): what is read from now on is on a new time line.
 * Its epoch is withheld until all CPUs have been measured. To be called on the first CPU
 * that runs, with interrupts disabled.
 */
void clock_trace_source_reset(struct clock_trace_source *source)
{
	lockdep_assert_irqs_disabled();

	scoped_guard(raw_spinlock, &clock_trace_lock) {
		if (clock_trace_live.line->source != source ||
		    READ_ONCE(source->trust) != CLOCK_TRACE_TRUSTED)
			return;
		begin_line_of_this_cpu(source);
	}
	clock_trace_announce(CLOCK_TRACE_COUNTER, source->name, "");
	/* Timekeeping may not have resumed yet, but the scheduler reads it to wake a task */
	irq_work_queue(&recheck_irq_work);
}

/* Returns the source of the counter if it has been set back, else NULL */
static struct clock_trace_source *set_back(void)
{
	struct clock_trace_line *line = clock_trace_live.line;
	u64 least = least_since(&last_look, line->frequency);

	lockdep_assert_held(&clock_trace_lock);

	if (barred || line->state != CLOCK_TRACE_COUNTER ||
	    !cpumask_test_cpu(smp_processor_id(), &clock_trace_measured))
		return NULL;

	/* Not what another CPU may have read: whether two CPUs differ is for the check to find */
	last_look.ticks = static_call(clock_trace_counter)();
	last_look.jiffies = jiffies_due();
	return last_look.ticks < least ? line->source : NULL;
}

bool clock_trace_look_for_reset(void)
{
	struct clock_trace_source *source;

	guard(irqsave)();
	scoped_guard(raw_spinlock, &clock_trace_lock)
		source = set_back();
	if (!source)
		return false;

	clock_trace_source_reset(source);
	return true;
}

/* The line of CLOCK_MONOTONIC goes on, under another epoch */
static void rename_line(void)
{
	struct clock_trace_line *old = clock_trace_live.line, *line;

	line = clock_trace_begin_line(old->state, old->frequency);
	line->clamped = old->clamped;
	line->base_ticks = old->base_ticks;
	line->base_ns = old->base_ns;
	atomic64_set(&line->own_highest, atomic64_read(old->highest));
	clock_trace_set_line(line);
}

static void disrupted_work_fn(struct work_struct *work)
{
	u32 key = get_random_u32();
	struct clock_trace_info info;

	/* A reader that finds the new epoch must find the new identity, too */
	clock_trace_forget_uuid();
	scoped_guard(mutex, &clock_trace_mutex) {
		/* No CPU is on its way up or down, for which the epoch is withheld */
		guard(cpus_read_lock)();
		withhold_everywhere();

		guard(raw_spinlock_irqsave)(&clock_trace_lock);
		epoch_key ^= key;
		monotonic_epoch = draw_epoch();
		if (clock_trace_live.line->state == CLOCK_TRACE_COUNTER) {
			begin_line_of_this_cpu(clock_trace_live.line->source);
		} else {
			measured_is_this_cpu();
			rename_line();
		}
	}
	clock_trace_monitor_recheck();
	clock_trace_get_info(&info);
	clock_trace_announce(info.state, info.source, info.reason);
}

static DECLARE_WORK(disrupted_work, disrupted_work_fn);

/**
 * clock_trace_disrupted - this machine may be another one than before
 *
 * A virtual machine was restored from a snapshot, cloned or migrated: counters and
 * CLOCK_MONOTONIC have another relation to what was read before, and another machine may
 * go on from the same state. Begins a new epoch soon, whatever drives the clock, and has
 * all CPUs measured anew.
 *
 * Any context but NMI.
 */
void clock_trace_disrupted(void)
{
	/* The CPU where it runs is the first one on the new line: not one that is isolated */
	queue_work(system_dfl_wq, &disrupted_work);
}
EXPORT_SYMBOL_GPL(clock_trace_disrupted);

static int vmfork_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	clock_trace_disrupted();
	return NOTIFY_OK;
}

static struct notifier_block vmfork_nb = {
	.notifier_call	= vmfork_notify,
};

/* Before a CPU starts */
static int hotplug_prepare(unsigned int cpu)
{
	withhold_everywhere();
	return 0;
}

/*
 * With interrupts disabled on the CPU that goes: from here on, what it reads is noted. It has
 * communicated with all others, which have interrupts disabled as well.
 */
static int hotplug_dying(unsigned int cpu)
{
	clock_trace_withhold();
	return 0;
}

/* It does not read the clock any more. Also called if it has not come up */
static int hotplug_dead(unsigned int cpu)
{
	scoped_guard(raw_spinlock_irqsave, &clock_trace_lock)
		cpumask_clear_cpu(cpu, &clock_trace_measured);
	clock_trace_restore();
	return 0;
}

static int __init clock_trace_line_init(void)
{
	u32 key = get_random_u32();
	int err;

	/* No program has seen the epoch with which the kernel was built */
	scoped_guard(raw_spinlock_irqsave, &clock_trace_lock) {
		epoch_key = key;
		monotonic_epoch = draw_epoch();
		rename_line();
	}

	err = cpuhp_setup_state_nocalls(CPUHP_BP_PREPARE_DYN, "clock_trace:prepare",
					hotplug_prepare, hotplug_dead);
	if (err < 0)
		return err;
	err = cpuhp_setup_state_nocalls(CPUHP_AP_CLOCK_TRACE_DYING, "clock_trace:dying",
					NULL, hotplug_dying);
	if (err < 0)
		return err;
	return register_random_vmfork_notifier(&vmfork_nb);
}
core_initcall(clock_trace_line_init);
