// SPDX-License-Identifier: GPL-2.0
/*
 * The sync check of the trace clock: the counters of two CPUs
 *
 * The reference measures the counter of another CPU against its own. Once both are
 * there, with interrupts disabled, they do two things:
 *
 *  1. Warps, as in arch/x86/kernel/tsc_sync.c: both read their counter as fast as
 *     they can, and compare it with the highest value that either has read before.
 *     A CPU that reads less has found a step back. There is no lock around it: a CPU
 *     reads the highest value, then its counter, and then raises the highest value
 *     if nobody else has meanwhile.
 *
 *  2. Bounds of the offset: a cache line is handed back and forth, with a reading
 *     of the counter at each stop. See struct clock_trace_bounds.
 *
 * Neither has a threshold: what is found is a proof that the counters differ, so a
 * synchronized counter never fails, however slow or disturbed the CPUs are. How
 * small an offset is found depends on the fastest hand-over, about half of which
 * can hide one; that is why it is part of the result.
 *
 * How they meet: the reference works in process context, and brings the other CPU
 * with an interrupt. The interrupt handler waits for the reference, which looks out
 * for it with interrupts and preemption enabled.
 *
 * Virtual CPUs may be away at any moment. If there are not enough real CPUs for all of
 * them, the interrupt may even be what takes the reference away, each time. For such
 * CPUs there is the patient way: a task on the other CPU stays there with interrupts
 * enabled, and keeps a counter going. Whenever the reference sees that counter move, it
 * disables interrupts and waits for the task to join. A meeting that fails says nothing
 * about the counter.
 *
 * Both CPUs have interrupts disabled while they measure, and one of them while it waits
 * for the other to join: 90 us at most, and less on PREEMPT_RT. Each CPU counts that
 * itself: by its counter, and, because a counter that is checked may as well stand
 * still, by the loops it makes.
 *
 * An interrupt or a task that comes too late finds that the reference has given up. The
 * reference does not wait for it with CPU hotplug blocked, but for a bounded time: until
 * it has come, no other measurement begins.
 */

#include <linux/atomic.h>
#include <linux/build_bug.h>
#include <linux/cache.h>
#include <linux/clock_trace.h>
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/irqflags.h>
#include <linux/math64.h>
#include <linux/percpu.h>
#include <linux/preempt.h>
#include <linux/sched.h>
#include <linux/sched/clock.h>
#include <linux/sched/cputime.h>
#include <linux/smp.h>
#include <linux/timekeeping.h>
#include <linux/workqueue.h>

#include "clock_trace_check.h"

/*
 * With interrupts disabled, a CPU first waits for the other one and then does both
 * measurements: so many us at most, whatever the other one does. Half of the fastest
 * hand-over limits what is found. A quarter of the time finds one almost as fast, so
 * PREEMPT_RT takes the lower latency.
 */
#ifdef CONFIG_PREEMPT_RT
#define MEETING_US	10
#define WARPS_US	5
#define HAND_OVERS_US	10
#else
#define MEETING_US	35
#define WARPS_US	15
#define HAND_OVERS_US	40
#endif

static_assert(MEETING_US + WARPS_US + HAND_OVERS_US <= 100,
	      "the sync check may not disable interrupts for longer");

/* What takes time, with the most that it may take in us */
enum phase {
	/* The reference looks out for the other CPU in the interrupt */
	INVITING,
	/* The reference waits, without sleeping, until the interrupt is over */
	PARTING,
	/* Two tasks look out for each other */
	STAYING,
	/* With interrupts disabled */
	MEETING,
	WARPS,
	HAND_OVERS,
	PHASES
};

static const unsigned int phase_us[PHASES] = {
	[INVITING]		= 1000,
	[PARTING]		= 2000,
	[STAYING]		= 30000,
	[MEETING]		= MEETING_US,
	[WARPS]		= WARPS_US,
	[HAND_OVERS]		= HAND_OVERS_US,
};

/* A loop reads the counter in order, and so takes at least 25 ns or thereabouts */
#define LOOPS_PER_US	40

/* More than this many hand-overs do not make the bounds better */
#define MAX_HAND_OVERS	400

/* Interrupts that a measurement tries before it gives up */
#define INTERRUPTS	4
/* Then it sleeps for at most this long until the last interrupt or task is over */
#define RELEASE_MS	5

/* pair.state */
enum {
	/* The two CPUs have been asked to meet */
	INVITED,
	/* One waits for the other, with interrupts disabled */
	WAITING,
	/* Both are there and measure */
	MET,
	/* One of them has waited for too long */
	GIVEN_UP,
};

/* The CPU that has to go on; values up to this are counts of hand-overs */
#define TURN_END		U32_MAX

/**
 * struct pair - two CPUs that meet
 * @source:	the counter
 * @ticks:	how long each phase may last
 * @csd:	the interrupt that brings the other CPU
 * @released:	the interrupt or the task does not use this any more
 * @pending:	nobody has waited for @released yet
 * @stay:	the task on the other CPU
 * @beats:	what it keeps going
 * @state:	which of the two are there
 * @warp:	found by the other CPU
 * @last:	the highest value that either CPU has read
 * @turn:	odd: the other CPU's turn, even: the reference's
 * @value:	what the other CPU has read in its turn
 *
 * @last, and @turn with @value, are on cache lines of their own, because both CPUs
 * fight for them.
 */
struct pair {
	const struct clock_trace_source	*source;
	u64				ticks[PHASES];
	call_single_data_t		csd;
	struct completion		released;
	bool				pending;
	struct work_struct		stay;
	unsigned long			beats;
	atomic_t			state;
	u64				warp;
	atomic64_t			last ____cacheline_aligned_in_smp;
	u32				turn ____cacheline_aligned_in_smp;
	u64				value;
};

/* One CPU's time for a phase */
struct budget {
	const struct clock_trace_source	*source;
	u64				start;
	u64				ticks;
	unsigned int			loops;
};

/* ns that the check has cost each CPU */
static DEFINE_PER_CPU(atomic64_t, check_cost);

/**
 * clock_trace_check_cost - what the sync check has cost a CPU so far
 * @cpu:	the CPU
 *
 * The time in the interrupt, and the time that the tasks run which measure.
 *
 * Return: nanoseconds since boot.
 */
u64 clock_trace_check_cost(unsigned int cpu)
{
	return atomic64_read(&per_cpu(check_cost, cpu));
}

static void budget_begin(struct budget *budget, const struct pair *pair, enum phase phase)
{
	budget->source = pair->source;
	budget->start = pair->source->read();
	budget->ticks = pair->ticks[phase];
	budget->loops = phase_us[phase] * LOOPS_PER_US;
}

static __always_inline bool budget_spent(struct budget *budget)
{
	return !budget->loops-- || budget->source->read() - budget->start >= budget->ticks;
}

/* Returns the largest step back that this CPU has seen */
static u64 find_warps(struct pair *pair)
{
	struct budget budget;
	u64 now, warp = 0;
	s64 last;

	budget_begin(&budget, pair, WARPS);
	do {
		last = atomic64_read(&pair->last);
		/* Ordered after the load of @last, see struct clock_trace_source */
		now = clock_trace_check_read(pair->source);
		warp = max(warp, clock_trace_step_back(now, last));
		/*
		 * If the other CPU raised it meanwhile, its reading is as good as this one.
		 * On success, the barrier puts the reading before the store.
		 */
		if ((s64)(now - last) > 0)
			atomic64_try_cmpxchg(&pair->last, &last, now);
	} while (!budget_spent(&budget));

	return warp;
}

/*
 * Wait until it is this CPU's turn again. The counter is only looked at now and then,
 * so that a hand-over is noticed at once.
 */
static __always_inline bool await_turn(struct pair *pair, u32 turn, struct budget *budget)
{
	u32 seen;
	int i;

	do {
		for (i = 0; i < 8; i++) {
			/* Pairs with the release in hand_over() */
			seen = smp_load_acquire(&pair->turn);
			if (seen == turn)
				return true;
			if (seen == TURN_END)
				return false;
		}
	} while (!budget_spent(budget));

	return false;
}

static __always_inline void hand_over(struct pair *pair, u32 turn)
{
	/*
	 * Pairs with the acquire in await_turn(): the other CPU reads its
	 * counter after this one has read its own, and finds the value.
	 */
	smp_store_release(&pair->turn, turn);
}

/* The reference's part of the hand-overs */
static void bound_offset(struct pair *pair, struct clock_trace_bounds *bounds)
{
	struct budget budget;
	u64 before, after;
	u32 turn;

	budget_begin(&budget, pair, HAND_OVERS);
	before = clock_trace_check_read(pair->source);
	for (turn = 0; turn < 2 * MAX_HAND_OVERS; turn += 2) {
		hand_over(pair, turn + 1);
		if (!await_turn(pair, turn + 2, &budget))
			break;
		after = clock_trace_check_read(pair->source);
		clock_trace_bounds_add(bounds, before, READ_ONCE(pair->value), after);
		if (budget_spent(&budget))
			break;
		before = after;
	}
	hand_over(pair, TURN_END);
}

/* The other CPU's part */
static void answer_hand_overs(struct pair *pair)
{
	struct budget budget;
	u32 turn = 1;

	budget_begin(&budget, pair, HAND_OVERS);
	while (await_turn(pair, turn, &budget)) {
		WRITE_ONCE(pair->value, clock_trace_check_read(pair->source));
		hand_over(pair, turn + 1);
		turn += 2;
	}
}

static void measure_here(struct pair *pair, u64 *warp, struct clock_trace_bounds *bounds)
{
	*warp = find_warps(pair);
	bound_offset(pair, bounds);
}

static void measure_there(struct pair *pair)
{
	pair->warp = find_warps(pair);
	answer_hand_overs(pair);
}

/*
 * Wait for the other one to join, with interrupts disabled. Returns true if it did.
 * The atomic operation here and the one in join_other() are fully ordered, and
 * one of the two CPUs does its own first: both get the same idea of whether they met.
 */
static bool await_other(struct pair *pair, int otherwise)
{
	struct budget budget;

	lockdep_assert_irqs_disabled();

	/* A hypervisor may take cpu_relax() for a wish to be away for longer */
	budget_begin(&budget, pair, MEETING);
	while (atomic_read(&pair->state) == WAITING &&
	       !budget_spent(&budget))
		;
	return atomic_cmpxchg(&pair->state, WAITING, otherwise) == MET;
}

/* Join the one that waits. Returns false if it does not, or not any more */
static bool join_other(struct pair *pair)
{
	lockdep_assert_irqs_disabled();

	return atomic_cmpxchg(&pair->state, WAITING, MET) ==
	       WAITING;
}

/* The other CPU in the interrupt */
static void meeting_interrupt(void *data)
{
	struct pair *pair = data;
	u64 start = local_clock();

	if (atomic_cmpxchg(&pair->state, INVITED, WAITING) ==
	    INVITED && await_other(pair, GIVEN_UP))
		measure_there(pair);

	atomic64_add(local_clock() - start, this_cpu_ptr(&check_cost));
	complete(&pair->released);
}

/*
 * The reference, while the interrupt is on its way. If it is interrupted or preempted
 * once it has seen the other CPU, that one gives up. Returns true if they met.
 */
static bool await_interrupt(struct pair *pair, u64 *warp, struct clock_trace_bounds *bounds)
{
	struct budget budget;

	budget_begin(&budget, pair, INVITING);
	while (atomic_read(&pair->state) == INVITED && !budget_spent(&budget))
		cond_resched();

	guard(irqsave)();
	if (!join_other(pair)) {
		atomic_set(&pair->state, GIVEN_UP);
		return false;
	}
	measure_here(pair, warp, bounds);
	return true;
}

/* What both have to find when they meet */
static void set_up(struct pair *pair)
{
	pair->warp = 0;
	pair->turn = 0;
	guard(preempt)();
	atomic64_set(&pair->last, clock_trace_check_read(pair->source));
	/* The interrupt or the work makes all of this visible to the other CPU */
	atomic_set(&pair->state, INVITED);
}

/* Returns false if the interrupt or the task is still on its way */
static bool await_release(struct pair *pair, unsigned long timeout)
{
	if (pair->pending && wait_for_completion_timeout(&pair->released, timeout))
		pair->pending = false;
	return !pair->pending;
}

static bool meet_in_interrupt(struct pair *pair, unsigned int cpu, u64 *warp,
			      struct clock_trace_bounds *bounds)
{
	struct budget budget;
	bool met;

	set_up(pair);
	if (smp_call_function_single_async(cpu, &pair->csd))
		return false;
	pair->pending = true;
	met = await_interrupt(pair, warp, bounds);

	/* To sleep at once would mean to be late for the next attempt */
	budget_begin(&budget, pair, PARTING);
	while (!completion_done(&pair->released) && !budget_spent(&budget))
		cond_resched();
	/* The other CPU's results are complete when the interrupt is over */
	return await_release(pair, msecs_to_jiffies(RELEASE_MS)) && met;
}

/* The other CPU in a task */
static void stay_task(struct work_struct *work)
{
	struct pair *pair = container_of(work, struct pair, stay);
	struct budget budget;
	u64 start = task_sched_runtime(current);
	bool met = false;

	budget_begin(&budget, pair, STAYING);
	do {
		WRITE_ONCE(pair->beats, pair->beats + 1);
		if (atomic_read(&pair->state) == WAITING) {
			guard(irqsave)();
			met = join_other(pair);
			if (met)
				measure_there(pair);
		}
		cond_resched();
	} while (!met && atomic_read(&pair->state) != GIVEN_UP &&
		 !budget_spent(&budget));

	atomic64_add(task_sched_runtime(current) - start,
		     &per_cpu(check_cost, raw_smp_processor_id()));
	complete(&pair->released);
}

static bool await_task(struct pair *pair, u64 *warp, struct clock_trace_bounds *bounds)
{
	guard(irqsave)();
	atomic_set(&pair->state, WAITING);
	if (!await_other(pair, INVITED))
		return false;

	measure_here(pair, warp, bounds);
	return true;
}

static bool meet_in_task(struct pair *pair, unsigned int cpu, u64 *warp,
			 struct clock_trace_bounds *bounds)
{
	struct budget budget;
	unsigned long seen, beats;
	bool met = false;

	set_up(pair);
	seen = pair->beats;
	pair->pending = true;
	queue_work_on(cpu, system_highpri_wq, &pair->stay);
	budget_begin(&budget, pair, STAYING);
	do {
		beats = READ_ONCE(pair->beats);
		if (beats != seen)
			met = await_task(pair, warp, bounds);
		seen = beats;
		cond_resched();
	} while (!met && !budget_spent(&budget));

	if (!met)
		atomic_set(&pair->state, GIVEN_UP);
	if (cancel_work(&pair->stay))
		pair->pending = false;
	return await_release(pair, msecs_to_jiffies(RELEASE_MS)) && met;
}

static enum clock_trace_check_result judge(const struct pair *pair, u64 warp,
					   const struct clock_trace_bounds *bounds,
					   struct clock_trace_measurement *m)
{
	/* The other CPU has written its results before it left */
	m->warp = max(warp, pair->warp);
	m->warp_cpu = warp > pair->warp ? m->reference : m->cpu;
	m->offset_min = bounds->min;
	m->offset_max = bounds->max;
	m->round_trip = bounds->round_trip;
	m->time = ktime_get_ns();
	m->failed = clock_trace_counters_differ(m->warp, bounds);
	if (m->failed)
		return CLOCK_TRACE_CHECK_FAILED;

	/* No round trip, or only such as would hide an offset: a CPU did not run */
	if (bounds->round_trip > pair->ticks[HAND_OVERS])
		return CLOCK_TRACE_CHECK_INCOMPLETE;

	return CLOCK_TRACE_CHECK_PASSED;
}

static enum clock_trace_check_result attempt(struct pair *pair, bool patient,
					     struct clock_trace_measurement *m)
{
	struct clock_trace_bounds bounds = CLOCK_TRACE_BOUNDS_INIT;
	bool met;
	u64 warp = 0;

	met = patient ? meet_in_task(pair, m->cpu, &warp, &bounds) :
			meet_in_interrupt(pair, m->cpu, &warp, &bounds);
	return met ? judge(pair, warp, &bounds, m) : CLOCK_TRACE_CHECK_INCOMPLETE;
}

static struct pair the_pair = {
	.csd		= CSD_INIT(meeting_interrupt, &the_pair),
	.released	= COMPLETION_INITIALIZER(the_pair.released),
	.stay		= __WORK_INITIALIZER(the_pair.stay, stay_task),
};

/**
 * clock_trace_measure - measure a CPU's counter against the one of this CPU
 * @source:	the counter, which has to be enabled
 * @cpu:	the other CPU, which has to be online and stay so
 * @patient:	meet in a task, which takes up to 45 ms, rather than in an interrupt,
 *		which takes up to 25 ms
 * @m:		where the result is stored, unless it is incomplete
 *
 * Process context, in a task that is bound to its CPU. One at a time.
 *
 * Return: CLOCK_TRACE_CHECK_PASSED, CLOCK_TRACE_CHECK_FAILED,
 * CLOCK_TRACE_CHECK_INCOMPLETE if the other CPU could not be met in time, or
 * CLOCK_TRACE_CHECK_NONE if no meeting can begin now, because the last one is not over.
 */
enum clock_trace_check_result clock_trace_measure(const struct clock_trace_source *source,
						  unsigned int cpu, bool patient,
						  struct clock_trace_measurement *m)
{
	enum clock_trace_check_result one_result, result = CLOCK_TRACE_CHECK_INCOMPLETE;
	struct clock_trace_measurement one = {
		.cpu		= cpu,
		.reference	= raw_smp_processor_id(),
	};
	int i, attempts = patient ? 1 : INTERRUPTS;
	u64 start = task_sched_runtime(current);
	struct pair *pair = &the_pair;

	/* One that came too late has to be through, see clock_trace_measure_finish() */
	if (!await_release(pair, 0))
		return CLOCK_TRACE_CHECK_NONE;

	pair->source = source;
	for (i = 0; i < PHASES; i++)
		pair->ticks[i] = mul_u64_u32_div(source->frequency, phase_us[i],
						 USEC_PER_SEC) + 1;

	for (i = 0; i < attempts && !pair->pending; i++) {
		one_result = attempt(pair, patient, &one);
		if (one_result == CLOCK_TRACE_CHECK_INCOMPLETE)
			continue;
		/* A warp alone is proof enough. But try a little to tell by how much */
		if (result != CLOCK_TRACE_CHECK_FAILED ||
		    one_result == CLOCK_TRACE_CHECK_FAILED) {
			result = one_result;
			*m = one;
		}
		if (one.round_trip != U64_MAX)
			break;
	}
	atomic64_add(task_sched_runtime(current) - start,
		     &per_cpu(check_cost, one.reference));
	return result;
}

/**
 * clock_trace_measure_finish - wait for an interrupt or a task that came too late
 *
 * When it returns, no CPU reads the counter for a measurement any more.
 *
 * Process context, while nobody calls clock_trace_measure().
 */
void clock_trace_measure_finish(void)
{
	await_release(&the_pair, MAX_SCHEDULE_TIMEOUT);
}
