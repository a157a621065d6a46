// SPDX-License-Identifier: GPL-2.0
/*
 * The sync check of the trace clock: the counters of two CPUs
 *
 * The reference measures the counter of another CPU against its own. Once both are
 * there, with interrupts disabled, they do two things:
 *
 *  1. Warps, as in arch/x86/kernel/tsc_sync.c: both read their counter as fast as
 *     they can, and compare it with the highest value that either has read before.
 *     Whoever reads less has found a step back. There is no lock around it: a CPU
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
 * with an interrupt. That one waits in the interrupt for the reference, which waits
 * with interrupts enabled, to have seen it.
 *
 * Virtual CPUs may be away at any moment. If there are not enough real CPUs for all of
 * them, the interrupt may even be what takes the reference away, each time. So if a few
 * attempts have failed, a task on the other CPU stays there with interrupts enabled,
 * and keeps a counter going. Whenever the reference sees that run, it disables
 * interrupts and waits for the task to join. An attempt that fails says nothing about
 * the counter; if all fail there is no result.
 *
 * No CPU has interrupts disabled for longer than meeting and both measurements may
 * take, about 90 us. Each CPU counts that itself: by its counter, and, because a
 * counter that is checked may as well stand still, by the loops it makes.
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
 * measurements: so many us at most, whatever the other one does.
 */
#define CLOCK_TRACE_MEETING_US		35
#define CLOCK_TRACE_WARPS_US		15
#define CLOCK_TRACE_HAND_OVERS_US	40

static_assert(CLOCK_TRACE_MEETING_US + CLOCK_TRACE_WARPS_US + CLOCK_TRACE_HAND_OVERS_US <= 100,
	      "the sync check may not disable interrupts for longer");

/* What takes time, with the most that it may take in us */
enum clock_trace_phase {
	/* The reference waits for the interrupt, with preemption disabled */
	CLOCK_TRACE_INVITING,
	/* It waits until the interrupt is over that came too late */
	CLOCK_TRACE_PARTING,
	/* Two tasks wait for each other */
	CLOCK_TRACE_STAYING,
	/* With interrupts disabled */
	CLOCK_TRACE_MEETING,
	CLOCK_TRACE_WARPS,
	CLOCK_TRACE_HAND_OVERS,
	CLOCK_TRACE_PHASES
};

static const unsigned int clock_trace_phase_us[CLOCK_TRACE_PHASES] = {
	[CLOCK_TRACE_INVITING]		= 1000,
	[CLOCK_TRACE_PARTING]		= 2000,
	[CLOCK_TRACE_STAYING]		= 30000,
	[CLOCK_TRACE_MEETING]		= CLOCK_TRACE_MEETING_US,
	[CLOCK_TRACE_WARPS]		= CLOCK_TRACE_WARPS_US,
	[CLOCK_TRACE_HAND_OVERS]	= CLOCK_TRACE_HAND_OVERS_US,
};

/* A loop reads the counter in order, and so takes at least 25 ns or thereabouts */
#define CLOCK_TRACE_LOOPS_PER_US	40

/* More than this many hand-overs do not make the bounds better */
#define CLOCK_TRACE_MAX_HAND_OVERS	400

#define CLOCK_TRACE_INTERRUPTS		4
#define CLOCK_TRACE_STAYS		6
#define CLOCK_TRACE_PAUSE_US		5000

/* clock_trace_pair.state */
enum {
	/* The two CPUs have been asked to meet */
	CLOCK_TRACE_INVITED,
	/* One waits for the other, with interrupts disabled */
	CLOCK_TRACE_WAITING,
	/* Both are there and measure */
	CLOCK_TRACE_MET,
	/* One of them has waited for too long */
	CLOCK_TRACE_GIVEN_UP,
};

/* The CPU that has to go on; values up to this are counts of hand-overs */
#define CLOCK_TRACE_TURN_END		U32_MAX

/**
 * struct clock_trace_pair - two CPUs that meet
 * @source:	the counter
 * @ticks:	how long each phase may last
 * @csd:	the interrupt that brings the other CPU
 * @left:	the interrupt is over
 * @stay:	the task on the other CPU
 * @beats:	what it keeps going
 * @state:	who is there
 * @warp:	found by the other CPU
 * @last:	the highest value that either CPU has read
 * @turn:	odd: the other CPU's turn, even: the reference's
 * @value:	what the other CPU has read in its turn
 *
 * @last, and @turn with @value, are on cache lines of their own, because both CPUs
 * fight for them.
 */
struct clock_trace_pair {
	const struct clock_trace_source	*source;
	u64				ticks[CLOCK_TRACE_PHASES];
	call_single_data_t		csd;
	struct completion		left;
	struct work_struct		stay;
	unsigned long			beats;
	atomic_t			state;
	u64				warp;
	atomic64_t			last ____cacheline_aligned_in_smp;
	u32				turn ____cacheline_aligned_in_smp;
	u64				value;
};

/* One CPU's time for a phase */
struct clock_trace_budget {
	const struct clock_trace_source	*source;
	u64				start;
	u64				ticks;
	unsigned int			loops;
};

/* ns that the check has cost each CPU */
static DEFINE_PER_CPU(atomic64_t, clock_trace_cost);

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
	return atomic64_read(&per_cpu(clock_trace_cost, cpu));
}

static void clock_trace_budget_begin(struct clock_trace_budget *budget,
				     const struct clock_trace_pair *pair,
				     enum clock_trace_phase phase)
{
	budget->source = pair->source;
	budget->start = pair->source->read();
	budget->ticks = pair->ticks[phase];
	budget->loops = clock_trace_phase_us[phase] * CLOCK_TRACE_LOOPS_PER_US;
}

static __always_inline bool clock_trace_budget_spent(struct clock_trace_budget *budget)
{
	return !budget->loops-- || budget->source->read() - budget->start >= budget->ticks;
}

/* Returns the largest step back that this CPU has seen */
static u64 clock_trace_find_warps(struct clock_trace_pair *pair)
{
	struct clock_trace_budget budget;
	u64 now, warp = 0;
	s64 last;

	clock_trace_budget_begin(&budget, pair, CLOCK_TRACE_WARPS);
	do {
		last = atomic64_read(&pair->last);
		/* Ordered after the load of @last, see struct clock_trace_source */
		now = clock_trace_check_read(pair->source);
		warp = max(warp, clock_trace_step_back(now, last));
		/*
		 * Whoever raised it meanwhile has published a reading as good as this
		 * one. On success, the barrier puts the reading before the store.
		 */
		if ((s64)(now - last) > 0)
			atomic64_try_cmpxchg(&pair->last, &last, now);
	} while (!clock_trace_budget_spent(&budget));

	return warp;
}

/*
 * Wait until it is this CPU's turn again. The counter is only looked at now and then,
 * so that a hand-over is noticed at once.
 */
static __always_inline bool clock_trace_await_turn(struct clock_trace_pair *pair, u32 turn,
						   struct clock_trace_budget *budget)
{
	u32 seen;
	int i;

	do {
		for (i = 0; i < 8; i++) {
			/* Pairs with the release in clock_trace_hand_over() */
			seen = smp_load_acquire(&pair->turn);
			if (seen == turn)
				return true;
			if (seen == CLOCK_TRACE_TURN_END)
				return false;
		}
	} while (!clock_trace_budget_spent(budget));

	return false;
}

static __always_inline void clock_trace_hand_over(struct clock_trace_pair *pair, u32 turn)
{
	/*
	 * Pairs with the acquire in clock_trace_await_turn(): the other CPU reads its
	 * counter after this one has read its own, and finds the value.
	 */
	smp_store_release(&pair->turn, turn);
}

/* The reference's part of the hand-overs */
static void clock_trace_bound_offset(struct clock_trace_pair *pair,
				     struct clock_trace_bounds *bounds)
{
	struct clock_trace_budget budget;
	u64 before, after;
	u32 turn;

	clock_trace_budget_begin(&budget, pair, CLOCK_TRACE_HAND_OVERS);
	before = clock_trace_check_read(pair->source);
	for (turn = 0; turn < 2 * CLOCK_TRACE_MAX_HAND_OVERS; turn += 2) {
		clock_trace_hand_over(pair, turn + 1);
		if (!clock_trace_await_turn(pair, turn + 2, &budget))
			break;
		after = clock_trace_check_read(pair->source);
		clock_trace_bounds_add(bounds, before, READ_ONCE(pair->value), after);
		if (clock_trace_budget_spent(&budget))
			break;
		before = after;
	}
	clock_trace_hand_over(pair, CLOCK_TRACE_TURN_END);
}

/* The other CPU's part */
static void clock_trace_answer(struct clock_trace_pair *pair)
{
	struct clock_trace_budget budget;
	u32 turn = 1;

	clock_trace_budget_begin(&budget, pair, CLOCK_TRACE_HAND_OVERS);
	while (clock_trace_await_turn(pair, turn, &budget)) {
		WRITE_ONCE(pair->value, clock_trace_check_read(pair->source));
		clock_trace_hand_over(pair, turn + 1);
		turn += 2;
	}
}

static void clock_trace_measure_here(struct clock_trace_pair *pair, u64 *warp,
				     struct clock_trace_bounds *bounds)
{
	*warp = clock_trace_find_warps(pair);
	clock_trace_bound_offset(pair, bounds);
}

static void clock_trace_measure_there(struct clock_trace_pair *pair)
{
	pair->warp = clock_trace_find_warps(pair);
	clock_trace_answer(pair);
}

/*
 * Wait for the other one to join, with interrupts disabled. Returns true if it did.
 * The atomic operation here and the one in clock_trace_join() are fully ordered, and
 * one of the two CPUs does its own first: both get the same idea of whether they met.
 */
static bool clock_trace_wait(struct clock_trace_pair *pair, int otherwise)
{
	struct clock_trace_budget budget;

	lockdep_assert_irqs_disabled();

	/* A hypervisor may take cpu_relax() for a wish to be away for longer */
	clock_trace_budget_begin(&budget, pair, CLOCK_TRACE_MEETING);
	while (atomic_read(&pair->state) == CLOCK_TRACE_WAITING &&
	       !clock_trace_budget_spent(&budget))
		;
	return atomic_cmpxchg(&pair->state, CLOCK_TRACE_WAITING, otherwise) == CLOCK_TRACE_MET;
}

/* Join the one that waits. Returns false if it does not, or not any more */
static bool clock_trace_join(struct clock_trace_pair *pair)
{
	lockdep_assert_irqs_disabled();

	return atomic_cmpxchg(&pair->state, CLOCK_TRACE_WAITING, CLOCK_TRACE_MET) ==
	       CLOCK_TRACE_WAITING;
}

/* The other CPU in the interrupt */
static void clock_trace_interrupt(void *data)
{
	struct clock_trace_pair *pair = data;
	u64 start = local_clock();

	if (atomic_cmpxchg(&pair->state, CLOCK_TRACE_INVITED, CLOCK_TRACE_WAITING) ==
	    CLOCK_TRACE_INVITED && clock_trace_wait(pair, CLOCK_TRACE_GIVEN_UP))
		clock_trace_measure_there(pair);

	atomic64_add(local_clock() - start, this_cpu_ptr(&clock_trace_cost));
	complete(&pair->left);
}

/* The reference, while the interrupt is on its way. Returns true if they met */
static bool clock_trace_await_interrupt(struct clock_trace_pair *pair, u64 *warp,
					struct clock_trace_bounds *bounds)
{
	struct clock_trace_budget budget;

	lockdep_assert_preemption_disabled();

	clock_trace_budget_begin(&budget, pair, CLOCK_TRACE_INVITING);
	while (atomic_read(&pair->state) == CLOCK_TRACE_INVITED &&
	       !clock_trace_budget_spent(&budget))
		;

	guard(irqsave)();
	if (!clock_trace_join(pair)) {
		atomic_set(&pair->state, CLOCK_TRACE_GIVEN_UP);
		return false;
	}
	clock_trace_measure_here(pair, warp, bounds);
	return true;
}

/* What both have to find when they meet */
static void clock_trace_set_up(struct clock_trace_pair *pair)
{
	pair->warp = 0;
	pair->turn = 0;
	guard(preempt)();
	atomic64_set(&pair->last, clock_trace_check_read(pair->source));
	/* The interrupt or the work makes all of this visible to the other CPU */
	atomic_set(&pair->state, CLOCK_TRACE_INVITED);
}

static bool clock_trace_meet_in_interrupt(struct clock_trace_pair *pair, unsigned int cpu,
					  u64 *warp, struct clock_trace_bounds *bounds)
{
	struct clock_trace_budget budget;
	bool met;

	clock_trace_set_up(pair);
	reinit_completion(&pair->left);
	scoped_guard(preempt) {
		if (smp_call_function_single_async(cpu, &pair->csd))
			return false;
		met = clock_trace_await_interrupt(pair, warp, bounds);
	}

	/* To sleep at once would mean to be late for the next attempt */
	clock_trace_budget_begin(&budget, pair, CLOCK_TRACE_PARTING);
	while (!completion_done(&pair->left) && !clock_trace_budget_spent(&budget))
		cond_resched();
	wait_for_completion(&pair->left);
	return met;
}

/* The other CPU in a task */
static void clock_trace_stay(struct work_struct *work)
{
	struct clock_trace_pair *pair = container_of(work, struct clock_trace_pair, stay);
	struct clock_trace_budget budget;
	u64 start = task_sched_runtime(current);
	bool met = false;

	clock_trace_budget_begin(&budget, pair, CLOCK_TRACE_STAYING);
	do {
		WRITE_ONCE(pair->beats, pair->beats + 1);
		if (atomic_read(&pair->state) == CLOCK_TRACE_WAITING) {
			guard(irqsave)();
			met = clock_trace_join(pair);
			if (met)
				clock_trace_measure_there(pair);
		}
		cond_resched();
	} while (!met && atomic_read(&pair->state) != CLOCK_TRACE_GIVEN_UP &&
		 !clock_trace_budget_spent(&budget));

	atomic64_add(task_sched_runtime(current) - start,
		     &per_cpu(clock_trace_cost, raw_smp_processor_id()));
}

static bool clock_trace_await_task(struct clock_trace_pair *pair, u64 *warp,
				   struct clock_trace_bounds *bounds)
{
	guard(irqsave)();
	atomic_set(&pair->state, CLOCK_TRACE_WAITING);
	if (!clock_trace_wait(pair, CLOCK_TRACE_INVITED))
		return false;

	clock_trace_measure_here(pair, warp, bounds);
	return true;
}

static bool clock_trace_meet_in_task(struct clock_trace_pair *pair, unsigned int cpu,
				     u64 *warp, struct clock_trace_bounds *bounds)
{
	struct clock_trace_budget budget;
	unsigned long seen, beats;
	bool met = false;

	clock_trace_set_up(pair);
	seen = pair->beats;
	queue_work_on(cpu, system_highpri_wq, &pair->stay);
	clock_trace_budget_begin(&budget, pair, CLOCK_TRACE_STAYING);
	do {
		beats = READ_ONCE(pair->beats);
		if (beats != seen)
			met = clock_trace_await_task(pair, warp, bounds);
		seen = beats;
		cond_resched();
	} while (!met && !clock_trace_budget_spent(&budget));

	if (!met)
		atomic_set(&pair->state, CLOCK_TRACE_GIVEN_UP);
	cancel_work_sync(&pair->stay);
	return met;
}

static enum clock_trace_check_result
clock_trace_judge(const struct clock_trace_pair *pair, u64 warp,
		  const struct clock_trace_bounds *bounds, struct clock_trace_measurement *m)
{
	/* What the other CPU has written, it has written before it left */
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
	if (bounds->round_trip > pair->ticks[CLOCK_TRACE_HAND_OVERS])
		return CLOCK_TRACE_CHECK_INCOMPLETE;

	return CLOCK_TRACE_CHECK_PASSED;
}

static enum clock_trace_check_result clock_trace_attempt(struct clock_trace_pair *pair,
							 struct clock_trace_measurement *m,
							 bool interrupt)
{
	struct clock_trace_bounds bounds = CLOCK_TRACE_BOUNDS_INIT;
	bool met;
	u64 warp;

	met = interrupt ? clock_trace_meet_in_interrupt(pair, m->cpu, &warp, &bounds) :
			  clock_trace_meet_in_task(pair, m->cpu, &warp, &bounds);
	return met ? clock_trace_judge(pair, warp, &bounds, m) : CLOCK_TRACE_CHECK_INCOMPLETE;
}

/**
 * clock_trace_measure - measure a CPU's counter against the one of this CPU
 * @source:	the counter, which has to be enabled
 * @cpu:	the other CPU, which has to be online and stay so
 * @patient:	spend up to 0.2 s on it if need be, rather than 10 ms
 * @m:		where the result is stored, unless it is incomplete
 *
 * Process context, in a task that is bound to its CPU. One at a time.
 *
 * Return: CLOCK_TRACE_CHECK_PASSED, CLOCK_TRACE_CHECK_FAILED, or
 * CLOCK_TRACE_CHECK_INCOMPLETE if the other CPU could not be met in time.
 */
enum clock_trace_check_result clock_trace_measure(const struct clock_trace_source *source,
						  unsigned int cpu, bool patient,
						  struct clock_trace_measurement *m)
{
	static struct clock_trace_pair pair = {
		.csd	= CSD_INIT(clock_trace_interrupt, &pair),
		.left	= COMPLETION_INITIALIZER(pair.left),
		.stay	= __WORK_INITIALIZER(pair.stay, clock_trace_stay),
	};
	enum clock_trace_check_result one_result, result = CLOCK_TRACE_CHECK_INCOMPLETE;
	struct clock_trace_measurement one = {
		.cpu		= cpu,
		.reference	= raw_smp_processor_id(),
	};
	u64 start = task_sched_runtime(current);
	int i, attempts;

	pair.source = source;
	for (i = 0; i < CLOCK_TRACE_PHASES; i++)
		pair.ticks[i] = mul_u64_u32_div(source->frequency, clock_trace_phase_us[i],
						USEC_PER_SEC) + 1;

	attempts = CLOCK_TRACE_INTERRUPTS + (patient ? CLOCK_TRACE_STAYS : 0);
	for (i = 0; i < attempts; i++) {
		one_result = clock_trace_attempt(&pair, &one, i < CLOCK_TRACE_INTERRUPTS);
		if (one_result == CLOCK_TRACE_CHECK_INCOMPLETE) {
			if (i >= CLOCK_TRACE_INTERRUPTS)
				fsleep(CLOCK_TRACE_PAUSE_US);
			continue;
		}
		/* A warp alone is proof enough. But try a little to tell by how much */
		if (result != CLOCK_TRACE_CHECK_FAILED ||
		    one_result == CLOCK_TRACE_CHECK_FAILED) {
			result = one_result;
			*m = one;
		}
		if (one.round_trip != U64_MAX || i >= CLOCK_TRACE_INTERRUPTS)
			break;
	}
	atomic64_add(task_sched_runtime(current) - start,
		     &per_cpu(clock_trace_cost, one.reference));
	return result;
}
