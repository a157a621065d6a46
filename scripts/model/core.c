// SPDX-License-Identifier: GPL-2.0
/*
 * The core of the trace clock as it is, in a model of a machine: orders of events that no
 * test on a machine can bring about, or not each time. Prints TAP.
 */

#include <ucontext.h>

#include "../../kernel/kernel/time/clock_trace_internal.h"
#include "../../kernel/kernel/time/clock_trace_line.h"
#include "tests.h"

#define FREQUENCY 2000000000ULL

unsigned int model_cpu;
struct cpumask model_online = { 0xf };
unsigned long jiffies;
unsigned int model_delayed;
ktime_t tick_next_period = INT64_MAX / 2;
bool timekeeping_is_updated;

static struct vdso_arch_data vdso_page;
struct vdso_arch_data *vdso_k_arch_data = &vdso_page;
extern int (*model_initcall)(void);

/* Nanoseconds; each reading of a counter takes one */
static u64 now = 1000000;
static s64 offset[MODEL_CPUS];
static u64 lead_of_fast_clock;
/* CLOCK_MONOTONIC is made from the counters */
static bool tsc_keeps_time, condemned;
/* What happens while a task that reads CLOCK_MONOTONIC is preempted, once */
static void (*preempted)(void);

static int (*prepare)(unsigned int), (*dead)(unsigned int), (*dying)(unsigned int);
static struct notifier_block *vmfork;
static struct work_struct *queue[16];
static unsigned int queued;
static bool checked, rechecked;

/* --- a CPU that does something while another one is where a test wants it to be --- */

static ucontext_t this_cpu, other_cpu;
static bool lock_is_held, other_cpu_waits;
/* What happens at the next reading of a counter, and at the next barrier with an epoch */
static void (*while_counter_is_read)(void), (*at_barrier)(void);

struct model_held model_acquire(bool raw)
{
	if (raw && lock_is_held) {
		other_cpu_waits = true;
		swapcontext(&other_cpu, &this_cpu);
	}
	lock_is_held |= raw;
	return (struct model_held){ raw };
}

void model_release(struct model_held *held)
{
	unsigned int cpu = model_cpu;

	if (!held->raw)
		return;
	lock_is_held = false;
	if (!other_cpu_waits)
		return;
	other_cpu_waits = false;
	swapcontext(&this_cpu, &other_cpu);
	model_cpu = cpu;
}

/* Until it is through, or waits for the lock, which it gets when the current CPU releases it */
static void on_another_cpu(void (*fn)(void))
{
	static char stack[1 << 18];
	unsigned int cpu = model_cpu;

	getcontext(&other_cpu);
	other_cpu.uc_stack.ss_sp = stack;
	other_cpu.uc_stack.ss_size = sizeof(stack);
	other_cpu.uc_link = &this_cpu;
	makecontext(&other_cpu, fn, 0);
	swapcontext(&this_cpu, &other_cpu);
	model_cpu = cpu;
}

static void happen(void (**what)(void))
{
	void (*fn)(void) = *what;

	*what = NULL;
	if (fn)
		fn();
}

void model_barrier(void)
{
	if (clock_trace_live.epoch)
		happen(&at_barrier);
}

static u64 read_counter(void)
{
	happen(&while_counter_is_read);
	return ++now * (FREQUENCY / NSEC_PER_SEC) + offset[model_cpu];
}

u64 ktime_get_ns(void)
{
	void (*meanwhile)(void) = preempted;

	preempted = NULL;
	if (meanwhile)
		meanwhile();
	++now;
	return tsc_keeps_time ? now + offset[model_cpu] / (s64)(FREQUENCY / NSEC_PER_SEC) : now;
}

u64 ktime_get_mono_fast_ns(void)
{
	return ktime_get_ns() + (timekeeping_is_updated ? lead_of_fast_clock : 0);
}

bool ktime_try_get_ns(u64 *ns)
{
	*ns = ktime_get_ns();
	return !timekeeping_is_updated;
}

u32 get_random_u32(void)
{
	return random();
}

/* That of a clone is in the state of its source's */
void generate_random_uuid(u8 *bytes)
{
	memset(bytes, 0x42, sizeof(uuid_t));
}

int cpuhp_setup_state_nocalls(int state, const char *name, int (*up)(unsigned int),
			      int (*down)(unsigned int))
{
	if (state == CPUHP_BP_PREPARE_DYN) {
		prepare = up;
		dead = down;
	} else {
		dying = down;
	}
	return 0;
}

int register_random_vmfork_notifier(struct notifier_block *nb)
{
	vmfork = nb;
	return 0;
}

void on_each_cpu(void (*fn)(void *), void *data, int wait)
{
	unsigned int this = model_cpu;

	for (model_cpu = 0; model_cpu < MODEL_CPUS; model_cpu++)
		if (cpumask_test_cpu(model_cpu, cpu_online_mask))
			fn(data);
	model_cpu = this;
}

/* Interrupts are disabled, and timekeeping is suspended: nobody may be woken */
static bool suspended, woken;
static struct irq_work *interrupts[4];
static unsigned int nr_interrupts;

void model_queue_irq(struct irq_work *work)
{
	if (suspended)
		interrupts[nr_interrupts++] = work;
	else
		work->fn(work);
}

static void enable_interrupts(void)
{
	unsigned int i;

	suspended = false;
	for (i = 0; i < nr_interrupts; i++)
		interrupts[i]->fn(interrupts[i]);
	nr_interrupts = 0;
}

void model_queue(struct work_struct *work)
{
	woken |= suspended;
	if (work->pending)
		return;
	work->pending = true;
	queue[queued++] = work;
}

static void run_work(void)
{
	unsigned int i;

	while (queued) {
		struct work_struct *work = queue[0];

		for (i = 1; i < queued; i++)
			queue[i - 1] = queue[i];
		queued--;
		work->pending = false;
		work->fn(work);
		jiffies += 2;
	}
}

/* --- what is not part of the test --- */

void clock_trace_announce(enum clock_trace_state state, const char *source, const char *reason) { }
void clock_trace_get_info(struct clock_trace_info *info) { memset(info, 0, sizeof(*info)); }
/* As clock_trace_unchecked.c has it */
static bool pass_on_start;
void clock_trace_monitor_start(struct clock_trace_source *source)
{
	clock_trace_forget_measured();
	if (pass_on_start)
		clock_trace_cpu_passed(0, clock_trace_generation());
}

void clock_trace_monitor_stop(void) { }
void clock_trace_monitor_flush(void) { }
bool clock_trace_monitor_passed(void) { return checked; }
void clock_trace_monitor_set_used(bool used) { }
void clock_trace_monitor_recheck(void)
{
	rechecked = true;
	woken |= suspended;
}

static void condemn(struct clock_trace_source *source, const char *reason)
{
	condemned = true;
	/* Another clocksource is there at once */
	tsc_keeps_time = false;
}

static bool keeps_time(struct clock_trace_source *source)
{
	return tsc_keeps_time;
}

static bool is_leaving(struct clock_trace_source *source)
{
	return condemned;
}

static struct clock_trace_source source = {
	.name = "model", .frequency = FREQUENCY, .rating = 1, .vdso = true,
	.read = read_counter, .condemn = condemn, .keeps_time = keeps_time,
	.is_leaving = is_leaving,
};

/* --- the tests --- */

static u64 read_on(unsigned int cpu)
{
	model_cpu = cpu;
	return clock_trace_read();
}

static struct clock_trace_sample sample_on(unsigned int cpu)
{
	struct clock_trace_sample sample;
	struct timespec64 ts;

	model_cpu = cpu;
	clock_trace_get_timespec(CLOCK_TRACE_FREQ, &ts);
	sample.frequency = ts.tv_sec;
	clock_trace_get_timespec(CLOCK_TRACE, &ts);
	sample.value = ts.tv_sec;
	sample.epoch = ts.tv_nsec;
	return sample;
}

static void all_pass(void)
{
	unsigned int cpu;

	for (cpu = 0; cpu < MODEL_CPUS; cpu++)
		if (cpumask_test_cpu(cpu, cpu_online_mask))
			clock_trace_cpu_passed(cpu, clock_trace_generation());
	clock_trace_restore();
}

static void boot(void)
{
	model_initcall();
	clock_trace_register_source(&source);
	checked = true;
	all_pass();
	clock_trace_source_checked();
	run_work();
}

static void first_use(void)
{
	u32 epoch = clock_trace_epoch();
	struct clock_trace_sample sample;
	struct timespec64 ts;
	u64 value;

	point(!vdso_page.clock_trace.epoch, "no epoch in the vDSO before the first system call");
	sample = sample_on(0);
	point(vdso_page.clock_trace.epoch == epoch && sample.epoch == epoch,
	      "the first system call publishes it");
	clock_trace_get_timespec32(CLOCK_TRACE, &ts);
	value = (u64)ts.tv_nsec << 32 | (u32)ts.tv_sec;
	clock_trace_get_timespec32(CLOCK_TRACE_FREQ, &ts);
	point(value > sample.value && value - sample.value < 100 && ts.tv_sec == FREQUENCY &&
	      !ts.tv_nsec, "with an old timespec it gives the number in halves");
}

static void firmware(void)
{
	u64 highest, value;

	offset[1] = 10000000;
	highest = read_on(1);
	/* As tsc_verify_tsc_adjust() does: first the loss, then the register */
	model_cpu = 1;
	clock_trace_source_lost(&source, "firmware");
	offset[1] = 0;
	value = read_on(1);
	point(value >= highest, "TSC_ADJUST is restored: %lld ticks later", value - highest);
	value = read_on(0);
	point(value >= highest, "another CPU does not go back either");
	run_work();
	value = read_on(0);
	point(value >= highest && clock_trace_live.line->state == CLOCK_TRACE_FALLBACK,
	      "nor the fallback");
}

static void failed_check(void)
{
	unsigned int i, still = 0, back = 0;
	u64 value, last;

	tsc_keeps_time = true;
	offset[3] = 100000000LL * (s64)(FREQUENCY / NSEC_PER_SEC);
	last = read_on(3);
	model_cpu = 0;
	clock_trace_source_condemned(&source, "CPU 3 is ahead");
	point(clock_trace_read() >= last || sample_on(0).epoch, "readers are answered meanwhile");
	run_work();
	point(condemned, "timekeeping was told");
	point(read_on(0) >= last, "the fallback begins where CPU 3 was");
	for (i = 0; i < 1000; i++) {
		last = read_on(3);
		value = read_on(0);
		still += value == last;
		back += value < last;
		now += 1000;
	}
	point(still <= 1 && !back, "%u of 1000 readings stood still, %u went back", still, back);
}

/* The core drops the counter before its work item has let timekeeping know */
static void failed_first_check(void)
{
	model_initcall();
	clock_trace_register_source(&source);
	tsc_keeps_time = true;
	clock_trace_source_condemned(&source, "CPU 3 is ahead");
	clock_trace_source_checked();
	point(!clock_trace_get_source(), "a counter that fails before it drives the clock is dropped");
	run_work();
	point(condemned, "and timekeeping is told all the same");
}

/* Without another clocksource */
static void no_other_clocksource(void)
{
	u64 value, last = 0;
	bool back = false;
	unsigned int i;

	source.condemn = NULL;
	condemned = true;
	tsc_keeps_time = true;
	offset[3] = 1000000;
	clock_trace_source_condemned(&source, "CPU 3 is ahead");
	run_work();
	for (i = 0; i < 1000; i++) {
		value = sample_on(i % 4).value;
		back |= value < last;
		last = value;
	}
	point(clock_trace_live.line->clamped && !clock_trace_live.line->direct_epoch && !back,
	      "a fallback on the condemned counter does not go back");
}

static void dying_cpu(void)
{
	u64 highest, value;

	sample_on(0);
	offset[3] = 1000000;
	model_cpu = 3;
	dying(3);
	/* Its last events */
	now += 60000;
	point(!vdso_page.clock_trace.epoch && !clock_trace_live.epoch, "the epoch is withheld");
	highest = read_on(3);
	cpumask_clear_cpu(3, &model_online);
	model_cpu = 0;
	dead(3);
	point(!vdso_page.clock_trace.epoch && read_on(0) >= highest,
	      "and nobody reads less when the CPU is dead");
	/* Less than it was ahead */
	now += 1000;
	clock_trace_source_lost(&source, "test");
	run_work();
	value = read_on(0);
	point(value >= highest, "what a dying CPU has read last counts: %lld ticks",
	      value - highest);

}

static void dead_cpu(void)
{
	u32 epoch = clock_trace_epoch();

	sample_on(0);
	model_cpu = 3;
	dying(3);
	read_on(3);
	cpumask_clear_cpu(3, &model_online);
	model_cpu = 0;
	dead(3);
	point(vdso_page.clock_trace.epoch == epoch, "the epoch is given back when a CPU is dead");
}

/* Jiffies run twice as fast as the counter, which no slewing explains */
static void fast_jiffies(void)
{
	u32 epoch = clock_trace_epoch();
	u64 value;

	sample_on(0);
	cpumask_clear_cpu(3, &model_online);
	dead(3);
	model_cpu = 0;
	prepare(3);
	cpumask_set_cpu(3, &model_online);
	now += NSEC_PER_SEC;
	jiffies += 2 * HZ;
	value = read_on(3);
	model_cpu = 0;
	clock_trace_cpu_passed(3, clock_trace_generation());
	point(!clock_trace_restore() && !vdso_page.clock_trace.epoch && read_on(0) >= value,
	      "nobody reads the counter while it is behind what a CPU got");
	now += NSEC_PER_SEC;
	run_work();
	point(vdso_page.clock_trace.epoch == epoch && read_on(0) >= value,
	      "it is read directly again when it has caught up");
}

static void unmeasured_cpu(void)
{
	u64 before = read_on(0), value, last;
	u32 epoch = clock_trace_epoch();

	sample_on(0);
	cpumask_clear_cpu(3, &model_online);
	dead(3);
	model_cpu = 0;
	prepare(3);
	offset[3] = 500000000;
	value = read_on(3);
	point(value >= before && value < before + 10000, "a CPU that is not measured is not read");
	cpumask_set_cpu(3, &model_online);
	model_cpu = 0;
	point(!clock_trace_restore() && !vdso_page.clock_trace.epoch, "the epoch stays withheld");
	last = read_on(0);
	value = read_on(3);
	point(value >= last && value < last + 10000, "its counter does not spoil the line");
	/*
	 * Nobody else reads. The clock that jiffies count is slewed by a tenth and an eighth: three
	 * quarters of 1.225 s, less a jiffy, are more than 0.9 s.
	 */
	now += NSEC_PER_SEC;
	jiffies += HZ + HZ / 10 + HZ / 8;
	value = read_on(3);
	point(value > last + FREQUENCY * 9 / 10, "the clock does not stand still there: %lld ticks",
	      value - last);
	point(value <= read_on(0), "and is not ahead of a CPU that is measured");
	offset[3] = 0;
	clock_trace_cpu_passed(3, clock_trace_generation());
	point(clock_trace_restore() && clock_trace_epoch() == epoch && vdso_page.clock_trace.epoch == epoch,
	      "the same epoch is given back when it has passed");
	point(read_on(3) >= last, "and it does not go back");
}

/* A CPU cannot be measured for minutes, and nobody else reads; see step_work_fn() */
static void long_unmeasured_cpu(void)
{
	u64 value, counter, last = 0, lag = 0, ahead = 0, back = 0;
	unsigned int second, fast;

	sample_on(0);
	cpumask_clear_cpu(3, &model_online);
	dead(3);
	model_cpu = 0;
	prepare(3);
	offset[3] = 500000000;
	cpumask_set_cpu(3, &model_online);
	for (second = 1; second < 300; second++) {
		/* Jiffies are faster than the counter for a while, as far as NTP goes, and not */
		fast = second < 150 ? HZ / 10 + HZ / 8 : 0;
		now += NSEC_PER_SEC;
		jiffies += HZ + fast;
		value = read_on(3);
		counter = now * (FREQUENCY / NSEC_PER_SEC);
		back += value < last;
		ahead += value > counter;
		lag = max(lag, counter - value);
		last = value;
		model_cpu = 0;
		if (second % 10 == 0)
			clock_trace_keep_up();
	}
	point(!back && !ahead, "what it reads neither goes back nor gets ahead of the counter");
	/* A quarter of 10 s, and the first jiffy */
	point(lag < FREQUENCY * 5 / 2 + 2 * FREQUENCY / HZ, "and falls behind by %llu ms at most",
	      (unsigned long long)lag / (FREQUENCY / 1000));
}

static void loss_with_unmeasured_cpu(void)
{
	u64 before, value;

	cpumask_clear_cpu(3, &model_online);
	dead(3);
	prepare(3);
	offset[3] = 500000000;
	cpumask_set_cpu(3, &model_online);
	before = read_on(0);
	clock_trace_source_condemned(&source, "CPU 3 is ahead");
	run_work();
	value = read_on(0);
	point(value >= before && value < before + 100000,
	      "a CPU that failed before it was used is not where the fallback begins");
}

static void resume(void)
{
	u32 epoch = clock_trace_epoch();
	u64 before = read_on(0), value;

	sample_on(0);
	clock_trace_source_suspend(&source);
	point(!vdso_page.clock_trace.epoch, "suspend withholds the epoch");
	offset[0] = -900000;
	offset[1] = 7000000;
	model_cpu = 0;
	suspended = true;
	clock_trace_source_reset(&source);
	point(clock_trace_epoch() != epoch, "resume begins another one");
	point(!woken && !rechecked, "nobody is woken while timekeeping is suspended");
	enable_interrupts();
	point(!vdso_page.clock_trace.epoch && rechecked, "which is withheld, and the CPUs are checked");
	value = read_on(1);
	point(value < before, "the counter of a CPU that was not measured is not read");
	offset[1] = offset[2] = offset[3] = offset[0];
	all_pass();
	point(vdso_page.clock_trace.epoch == clock_trace_epoch(), "until all have passed");
}

/* A hypervisor sets all counters back, and notifies nobody */
static void set_back(void)
{
	u32 epoch = clock_trace_epoch();
	unsigned int cpu, i, resets = 0;
	u64 before;

	sample_on(0);
	rechecked = false;
	/* Each CPU is a little behind the one that looked before it, and jiffies are fast */
	for (i = 0; i < 100; i++) {
		offset[i % MODEL_CPUS] -= 100;
		now += NSEC_PER_SEC / 10;
		jiffies += HZ / 10 + HZ / 45;
		model_cpu = i % MODEL_CPUS;
		resets += clock_trace_look_for_reset();
	}
	point(!resets && clock_trace_epoch() == epoch && vdso_page.clock_trace.epoch == epoch,
	      "a counter that goes on keeps its epoch");

	before = read_on(1);
	for (cpu = 0; cpu < MODEL_CPUS; cpu++)
		offset[cpu] -= FREQUENCY * 10;
	now += NSEC_PER_SEC;
	jiffies += HZ;
	point(read_on(1) < before && clock_trace_epoch() == epoch,
	      "until a check looks, readers go back with a counter that was set back");
	model_cpu = 1;
	point(clock_trace_look_for_reset() && clock_trace_epoch() != epoch &&
	      !vdso_page.clock_trace.epoch && rechecked,
	      "then another epoch begins, which is withheld until the CPUs are measured");
	before = read_on(1);
	now += NSEC_PER_SEC;
	point(read_on(1) > before, "in which the clock does not stand still");
	all_pass();
	epoch = clock_trace_epoch();
	point(vdso_page.clock_trace.epoch == epoch, "until all have passed");

	model_cpu = 2;
	clock_trace_look_for_reset();
	/* A check a minute, and half a minute */
	now += 60 * NSEC_PER_SEC;
	jiffies += 60 * HZ;
	for (cpu = 0; cpu < MODEL_CPUS; cpu++)
		offset[cpu] -= FREQUENCY * 30;
	point(clock_trace_look_for_reset() && clock_trace_epoch() != epoch,
	      "one that was set back by less than the time since the last check is found, too");

	/* CLOCK_MONOTONIC depends on the counter: it stands still, and jiffies with it */
	all_pass();
	epoch = clock_trace_epoch();
	for (cpu = 0; cpu < MODEL_CPUS; cpu++)
		offset[cpu] -= FREQUENCY;
	point(clock_trace_look_for_reset() && clock_trace_epoch() != epoch,
	      "or while jiffies stand still");

	all_pass();
	epoch = clock_trace_epoch();
	cpumask_clear_cpu(3, &clock_trace_measured);
	model_cpu = 3;
	offset[3] -= FREQUENCY;
	point(!clock_trace_look_for_reset() && clock_trace_epoch() == epoch,
	      "a CPU that is not measured tells nothing");
	clock_trace_bar(cpu_online_mask);
	for (cpu = 0; cpu < MODEL_CPUS; cpu++)
		offset[cpu] -= FREQUENCY;
	model_cpu = 0;
	point(!clock_trace_look_for_reset(), "nor does anyone in a suspend");
	clock_trace_unbar();
	point(clock_trace_look_for_reset(), "but after it");

	all_pass();
	clock_trace_source_suspend(&source);
	for (cpu = 0; cpu < MODEL_CPUS; cpu++)
		offset[cpu] -= FREQUENCY;
	clock_trace_source_reset(&source);
	all_pass();
	point(!clock_trace_look_for_reset(), "one that was reset in a suspend is not found twice");
	clock_trace_source_lost(&source, "test");
	run_work();
	before = now;
	point(!clock_trace_look_for_reset() && now == before, "and in the fallback none is read");
}

static void clones(void)
{
	u32 epoch = clock_trace_epoch(), first;
	uuid_t uuids[4];

	sample_on(0);
	clock_trace_get_uuid(&uuids[0]);
	clock_trace_get_uuid(&uuids[1]);
	point(!memcmp(&uuids[0], &uuids[1], sizeof(uuids[0])), "the clock has one identity");
	vmfork->notifier_call(vmfork, 0, NULL);
	run_work();
	first = clock_trace_epoch();
	point(first != epoch && !vdso_page.clock_trace.epoch && rechecked,
	      "a cloned machine has another epoch, withheld until it is checked");
	clock_trace_get_uuid(&uuids[1]);
	all_pass();
	point(vdso_page.clock_trace.epoch == first, "which is the one that it gets then");
	/* As the driver of the vmclock device does it */
	clock_trace_disrupted();
	run_work();
	clock_trace_get_uuid(&uuids[2]);
	point(clock_trace_epoch() != first, "so has one of which vmclock tells");
	all_pass();
	clock_trace_source_suspend(&source);
	clock_trace_source_reset(&source);
	clock_trace_get_uuid(&uuids[3]);
	point(memcmp(&uuids[0], &uuids[1], sizeof(uuids[0])) &&
	      memcmp(&uuids[1], &uuids[2], sizeof(uuids[0])) &&
	      memcmp(&uuids[0], &uuids[2], sizeof(uuids[0])),
	      "both have another identity, whatever the random number generator gives");
	point(!memcmp(&uuids[2], &uuids[3], sizeof(uuids[0])), "which a resume does not change");
	all_pass();

	clock_trace_source_lost(&source, "test");
	run_work();
	epoch = clock_trace_epoch();
	vmfork->notifier_call(vmfork, 0, NULL);
	run_work();
	point(clock_trace_epoch() != epoch, "a clone in the fallback has another epoch as well");
}

/* A reader that interrupted an update of timekeeping gets a time that is a little ahead */
static void update_of_timekeeping(void)
{
	u64 ahead, value;

	clock_trace_source_lost(&source, "test");
	run_work();
	timekeeping_is_updated = true;
	lead_of_fast_clock = 500;
	ahead = read_on(2);
	timekeeping_is_updated = false;
	value = read_on(0);
	point(value >= ahead, "nobody goes back behind an update of timekeeping");
	point(sample_on(1).value >= ahead, "nor does a system call");
	now += 1000;
	read_on(0);
	point((u64)atomic64_read(clock_trace_live.line->highest) == ahead,
	      "a reader that interrupts no update writes nothing");
}

static void loss_while_withheld(void)
{
	u64 before;

	sample_on(0);
	clock_trace_withhold();
	before = read_on(2);
	clock_trace_source_lost(&source, "test");
	point(!clock_trace_restore() && !clock_trace_live.epoch && !vdso_page.clock_trace.epoch,
	      "a lost counter does not get its epoch back");
	run_work();
	point(read_on(1) >= before && clock_trace_live.line->state == CLOCK_TRACE_FALLBACK,
	      "and the fallback begins");
}

static const struct clock_trace_line *first_line;

/* A counter drives the clock, is reset twice and lost: that is four lines more */
static void reuse_line(void)
{
	unsigned int i;

	checked = true;
	all_pass();
	clock_trace_source_checked();
	for (i = 0; i < 2; i++) {
		clock_trace_source_suspend(&source);
		clock_trace_source_reset(&source);
		all_pass();
	}
	clock_trace_source_lost(&source, "test");
	run_work();
	point(clock_trace_live.line == first_line && first_line->state == CLOCK_TRACE_FALLBACK,
	      "the structure of the line is in use for another one");
}

/* A system call that is preempted while CLOCK_MONOTONIC drives the clock */
static void preempted_call(void)
{
	struct timespec64 ts;
	u64 before, after;

	model_initcall();
	clock_trace_register_source(&source);
	sample_on(0);
	first_line = clock_trace_live.line;
	point(first_line->direct_epoch && first_line->direct_epoch == first_line->epoch,
	      "system calls read CLOCK_MONOTONIC directly");
	preempted = reuse_line;
	clock_trace_get_timespec(CLOCK_TRACE, &ts);
	after = read_on(0);
	before = after - 100 * (FREQUENCY / NSEC_PER_SEC);
	point(ts.tv_nsec == clock_trace_epoch() && ts.tv_sec >= before && ts.tv_sec <= after,
	      "a system call that began before gets a value of the line that is in use");
	point(first_line->direct_epoch == first_line->epoch, "and the next one reads it directly");
}

static void direct_calls(void)
{
	const struct clock_trace_line *line;

	sample_on(0);
	point(!clock_trace_live.line->direct_epoch, "no system call reads a counter's line directly");
	clock_trace_source_lost(&source, "test");
	run_work();
	line = clock_trace_live.line;
	point(line->direct_epoch == line->epoch, "but the fallback");
	vmfork->notifier_call(vmfork, 0, NULL);
	run_work();
	point(line != clock_trace_live.line && sample_on(0).epoch == clock_trace_epoch() &&
	      clock_trace_live.line->direct_epoch == clock_trace_epoch(),
	      "and the line that follows, under its own epoch");
}

/* The fallback goes on, under another epoch, in another structure */
static void restore_machine(void)
{
	vmfork->notifier_call(vmfork, 0, NULL);
	run_work();
	/* Its CLOCK_MONOTONIC has been set */
	now += NSEC_PER_SEC;
}

/* The line of a reader ends, and its structure is not used for another one */
static void restored_while_read(void)
{
	struct clock_trace_sample sample;
	struct timespec64 ts;
	u32 epoch;

	sample_on(0);
	clock_trace_source_lost(&source, "test");
	run_work();
	epoch = clock_trace_epoch();
	preempted = restore_machine;
	clock_trace_get_timespec(CLOCK_TRACE, &ts);
	point(ts.tv_nsec != epoch && ts.tv_nsec == clock_trace_epoch(),
	      "a system call that began before gets an epoch and a time from after it");

	epoch = clock_trace_epoch();
	preempted = restore_machine;
	clock_trace_read_sample(&sample);
	point(sample.epoch != epoch && sample.epoch == clock_trace_epoch(),
	      "and so does a reader in the kernel");
}

/* What a reader on CPU 1 got last, and whether it has gone back within an epoch */
static struct clock_trace_sample elsewhere;
static bool went_back;
static unsigned int read_again;

/* Reads whenever CLOCK_MONOTONIC is read, as the end of a counter's line does under its lock */
static void read_elsewhere(void)
{
	struct clock_trace_sample sample;
	unsigned int this = model_cpu;

	model_cpu = 1;
	clock_trace_read_any(&sample);
	model_cpu = this;
	went_back |= sample.epoch == elsewhere.epoch && sample.value < elsewhere.value;
	elsewhere = sample;
	read_again++;
	preempted = read_elsewhere;
}

static void disrupted_while_read(void)
{
	u32 epoch;

	sample_on(0);
	now += NSEC_PER_SEC;
	read_elsewhere();
	epoch = elsewhere.epoch;
	model_cpu = 0;
	vmfork->notifier_call(vmfork, 0, NULL);
	run_work();
	preempted = NULL;
	point(read_again > 1 && !went_back, "%u readings on another CPU, none goes back in its epoch",
	      read_again);
	point(epoch != clock_trace_epoch(), "and another epoch begins");
}

/* A counter may be ahead of another one by less than the check can find */
#define UNSEEN 100

/* Once its counter is not read any more */
static void read_when_unmeasured(void)
{
	if (clock_trace_cpu_has_passed(1))
		preempted = read_when_unmeasured;
	else
		read_elsewhere();
}

static void unseen_offset(void)
{
	u64 value;

	sample_on(0);
	cpumask_clear_cpu(3, &model_online);
	dead(3);
	offset[1] = UNSEEN;
	value = read_on(1);
	model_cpu = 0;
	prepare(3);
	point(read_on(3) >= value, "a CPU that is not measured yet gets no less than any other has read");
	cpumask_set_cpu(3, &model_online);
	now += UNSEEN;
	all_pass();

	value = read_on(1);
	model_cpu = 0;
	clock_trace_bar(cpu_online_mask);
	point(read_on(2) >= value, "nor does one that is not any more, in a suspend");
	clock_trace_unbar();
	now += UNSEEN;
	all_pass();

	read_elsewhere();
	preempted = read_when_unmeasured;
	model_cpu = 0;
	vmfork->notifier_call(vmfork, 0, NULL);
	run_work();
	preempted = NULL;
	point(read_again > 1 && !went_back, "nor when the machine was restored");
}

/* The structure of a reader's line is the current one again */
static void reused_while_read(void)
{
	struct clock_trace_sample sample;
	struct timespec64 ts;

	model_initcall();
	clock_trace_register_source(&source);
	first_line = clock_trace_live.line;
	preempted = reuse_line;
	clock_trace_read_sample(&sample);
	clock_trace_get_timespec(CLOCK_TRACE, &ts);
	point(sample.epoch == clock_trace_epoch() && sample.frequency == FREQUENCY &&
	      sample.value <= ts.tv_sec && ts.tv_sec - sample.value < FREQUENCY / 1000,
	      "a reader in the kernel gets value, frequency and epoch of one line");
}

static void late_tick(void)
{
	u64 value;

	sample_on(0);
	cpumask_clear_cpu(3, &model_online);
	dead(3);
	tick_next_period = now + TICK_NSEC;
	/* Jiffies are not counted meanwhile */
	now += 5 * TICK_NSEC;
	model_cpu = 0;
	prepare(3);
	cpumask_set_cpu(3, &model_online);
	/* And then all at once */
	now += 2 * TICK_NSEC;
	jiffies += 7;
	value = read_on(3);
	point(value <= read_on(0), "a CPU that is not measured is not ahead when a tick was late");
	clock_trace_cpu_passed(3, clock_trace_generation());
	point(clock_trace_restore() && read_on(0) >= value, "nor does the clock go back");
}

static void firmware_everywhere(void)
{
	u64 highest, value;

	offset[1] = 100;
	offset[2] = 10000000;
	highest = read_on(2);
	model_cpu = 1;
	clock_trace_source_lost(&source, "firmware changed TSC_ADJUST");
	offset[1] = 0;
	/* Before the loss is finished */
	model_cpu = 2;
	clock_trace_source_lost(&source, "firmware changed TSC_ADJUST");
	offset[2] = 0;
	value = read_on(2);
	point(value >= highest, "a second CPU that is set back does not go back");
	run_work();
	point(read_on(2) >= value, "nor does the fallback");
}

/* Firmware has raised all counters; CPU 1 is the first one where the kernel finds it */
static u64 read_before;
static bool mended, epoch_seen;

static void mend_cpu_1(void)
{
	model_cpu = 1;
	clock_trace_source_lost(&source, "firmware changed TSC_ADJUST");
	offset[1] = 0;
	mended = true;
}

static void find_change(void)
{
	on_another_cpu(mend_cpu_1);
}

static void read_with_new_epoch(void)
{
	unsigned int this = model_cpu;

	epoch_seen = true;
	went_back |= read_on(1) < read_before;
	model_cpu = this;
}

static void firmware_and_restore(void)
{
	unsigned int cpu;

	sample_on(0);
	for (cpu = 0; cpu < MODEL_CPUS; cpu++)
		offset[cpu] = 10000000;
	read_before = read_on(1);
	model_cpu = 0;
	clock_trace_withhold();
	while_counter_is_read = find_change;
	at_barrier = read_with_new_epoch;
	clock_trace_restore();
	at_barrier = NULL;
	point(epoch_seen && mended && !went_back,
	      "no reader finds an epoch that is given back while the counter is set back");
	point(!clock_trace_live.epoch && !vdso_page.clock_trace.epoch && read_on(1) >= read_before,
	      "and then there is none");
	run_work();
	point(read_on(1) >= read_before, "nor does the fallback go back");
}

static void firmware_and_timekeeping(void)
{
	u64 value;

	tsc_keeps_time = true;
	now += NSEC_PER_SEC;
	offset[1] = offset[2] = -10000000;
	model_cpu = 1;
	clock_trace_source_lost(&source, "firmware changed TSC_ADJUST");
	offset[1] = 0;
	run_work();
	now += 100000000;
	value = read_on(1);
	point(read_on(2) >= value, "the fallback does not go back on a CPU that was not mended yet");
}

static void offline_in_suspend(void)
{
	u32 epoch = clock_trace_epoch();
	unsigned int before;
	u64 value;

	sample_on(0);
	before = clock_trace_generation();
	clock_trace_bar(cpu_online_mask);
	model_cpu = 3;
	dying(3);
	cpumask_clear_cpu(3, &model_online);
	model_cpu = 0;
	dead(3);
	point(!vdso_page.clock_trace.epoch, "the epoch stays withheld when a CPU goes offline");
	all_pass();
	point(!vdso_page.clock_trace.epoch && !clock_trace_live.epoch,
	      "and when the CPUs pass in the suspend");
	/* Firmware has changed the counter of a CPU; the code that knows runs on another one */
	offset[1] = 500000000;
	model_cpu = 2;
	clock_trace_unbar();
	model_cpu = 0;
	clock_trace_cpu_passed(1, before);
	clock_trace_cpu_passed(2, before);
	value = read_on(0) + FREQUENCY / 10;
	point(!clock_trace_restore() && read_on(1) < value,
	      "no CPU but one is read after it, whatever was measured before");
	offset[1] = 0;
	all_pass();
	point(vdso_page.clock_trace.epoch == epoch, "until the CPUs have passed");

	clock_trace_bar(cpu_online_mask);
	model_online.bits = 1;
	clock_trace_unbar();
	point(vdso_page.clock_trace.epoch == epoch, "a CPU that is the only one needs no check");

	/* Only one is left whose counter was never measured */
	clock_trace_bar(cpu_online_mask);
	model_online.bits = 8;
	clock_trace_unbar();
	point(!clock_trace_cpu_has_passed(3), "a CPU that was not measured is none to measure against");
}

/* What programs read in the vDSO before a suspend in which no new epoch begins */
static void ahead_before_suspend(void)
{
	u64 highest, value;

	sample_on(0);
	model_cpu = 3;
	offset[3] = 500000000;
	highest = read_counter();
	point(vdso_page.clock_trace.epoch, "a program reads the counter of a CPU that is ahead");
	model_cpu = 0;
	clock_trace_bar(cpu_online_mask);
	now += 1000000;
	clock_trace_unbar();
	clock_trace_source_condemned(&source, "CPU 3 is ahead");
	run_work();
	value = sample_on(0).value;
	point(value >= highest && clock_trace_live.line->state == CLOCK_TRACE_FALLBACK,
	      "a fallback after the suspend does not begin below: %lld ticks",
	      (s64)(value - highest));
}

/* Tasks run again after suspend-to-idle, and nobody knows yet that it is over */
static void changed_in_suspend(void)
{
	u64 limit, value;

	sample_on(0);
	model_cpu = 0;
	clock_trace_bar(&(struct cpumask){ 0xc });
	offset[3] = 500000000;
	all_pass();
	limit = read_on(2) + FREQUENCY / 10;
	value = read_on(3);
	point(value < limit, "a counter that was changed in suspend-to-idle is not read");
	point(clock_trace_cpu_has_passed(2) && !clock_trace_cpu_has_passed(0) &&
	      !clock_trace_cpu_has_passed(1) && !clock_trace_cpu_has_passed(3),
	      "one CPU, a preferred one, stays measured whatever passes meanwhile");
	clock_trace_unbar();
	point(read_on(3) < limit, "nor is it when the suspend is over");
	offset[3] = 0;
	all_pass();
	point(clock_trace_live.epoch, "until it has passed");

	/* No preferred CPU is measured */
	clock_trace_bar(&(struct cpumask){ 0 });
	point(clock_trace_cpu_has_passed(0), "without a preferred CPU, another one stays measured");
}

/* Readers that have seen the epoch, in the idle loop as well, where RCU is not watching */
static bool reads, reads_in_idle;
static unsigned int enabled, read_when_off;

/* It ends what began before, and nothing else */
void model_wait_for_readers(bool idle)
{
	*(idle ? &reads_in_idle : &reads) = clock_trace_live.epoch;
}

static int enable(struct clock_trace_source *source)
{
	enabled++;
	return 0;
}

static void disable(struct clock_trace_source *source)
{
	enabled--;
	read_when_off += reads + reads_in_idle;
}

static void readers_without_rcu(void)
{
	model_initcall();
	source.enable = enable;
	source.disable = disable;
	checked = true;
	all_pass();
	clock_trace_register_source(&source);
	pass_on_start = true;
	model_online.bits = 1;
	clock_trace_get();
	point(enabled == 1 && clock_trace_live.epoch, "a counter that can be switched off drives the clock");
	reads = reads_in_idle = true;
	clock_trace_put();
	point(!enabled && !read_when_off, "its last user goes, and nobody reads it when it is off");

	clock_trace_get();
	point(enabled == 1 && clock_trace_live.epoch, "it is enabled again");
	reads = reads_in_idle = true;
	clock_trace_source_lost(&source, "test");
	run_work();
	point(!enabled && !read_when_off, "it is lost, and nobody reads it when it is off");
}

static unsigned int told, told_used;

static int be_told(struct notifier_block *nb, unsigned long used, void *unused)
{
	told++;
	told_used = used;
	return NOTIFY_OK;
}

/* Who polls does so only while somebody uses the clock. */
static void use_notifier(void)
{
	struct notifier_block first = { be_told }, second = { be_told };

	model_initcall();
	model_online.bits = 1;
	point(!clock_trace_register_use_notifier(&first) && !told, "nobody uses the clock yet");
	clock_trace_get();
	clock_trace_get();
	point(told == 1 && told_used, "the first user is told of");
	clock_trace_put();
	point(told == 1, "while there is another one, nothing is");
	clock_trace_put();
	point(told == 2 && !told_used, "the last one that goes is");
	point(!clock_trace_unregister_use_notifier(&first) &&
	      clock_trace_unregister_use_notifier(&first) == -ENOENT, "it is registered once");
	clock_trace_begin_user_space();
	run_work();
	point(told == 2, "who has left is told nothing");
	clock_trace_register_use_notifier(&second);
	point(told == 3 && told_used, "who comes while the clock is used is told at once");
	clock_trace_unregister_use_notifier(&second);
}

static int lose_in_enable(struct clock_trace_source *source)
{
	clock_trace_source_lost(source, "while it was enabled");
	return 0;
}

static void lost_while_enabled(void)
{
	model_initcall();
	source.enable = lose_in_enable;
	checked = true;
	model_online.bits = 1;
	clock_trace_register_source(&source);
	model_cpu = 0;
	pass_on_start = true;
	clock_trace_get();
	run_work();
	point(clock_trace_live.line->state != CLOCK_TRACE_COUNTER, "it does not drive the clock");
}

/* A measurement that is under way when the marks of the measured CPUs are cleared */
static void stale_measurement(void)
{
	unsigned int before;
	u64 value, limit;

	sample_on(0);
	before = clock_trace_generation();
	vmfork->notifier_call(vmfork, 0, NULL);
	run_work();
	/* CPU 3 was where the others are when it was measured, and is not any more */
	offset[3] = 500000000;
	model_cpu = 0;
	clock_trace_cpu_passed(1, clock_trace_generation());
	clock_trace_cpu_passed(2, clock_trace_generation());
	clock_trace_cpu_passed(3, before);
	point(!clock_trace_cpu_has_passed(3) && !clock_trace_restore() &&
	      !vdso_page.clock_trace.epoch,
	      "a CPU that was measured on the time line before has not passed");
	limit = read_on(0) + offset[3] / 2;
	value = read_on(3);
	point(value < limit, "and its counter is not read");
	model_cpu = 0;
	offset[3] = 0;
	/* run_work() has counted jiffies */
	now += 10 * TICK_NSEC;
	clock_trace_cpu_passed(3, clock_trace_generation());
	point(clock_trace_restore() && vdso_page.clock_trace.epoch,
	      "until it has been measured on this one");

	clock_trace_source_suspend(&source);
	before = clock_trace_generation();
	clock_trace_source_reset(&source);
	clock_trace_cpu_passed(3, before);
	point(!clock_trace_cpu_has_passed(3), "nor has one that was measured before resume");
}

static const struct model_test tests[] = {
	{ "first use", first_use },
	{ "firmware", firmware },
	{ "failed check", failed_check },
	{ "failed first check", failed_first_check },
	{ "no other clocksource", no_other_clocksource },
	{ "dying CPU", dying_cpu },
	{ "dead CPU", dead_cpu },
	{ "jiffies that are too fast", fast_jiffies },
	{ "unmeasured CPU", unmeasured_cpu },
	{ "CPU that cannot be measured for long", long_unmeasured_cpu },
	{ "loss with an unmeasured CPU", loss_with_unmeasured_cpu },
	{ "resume", resume },
	{ "counter that is set back", set_back },
	{ "clones", clones },
	{ "users", use_notifier },
	{ "update of timekeeping", update_of_timekeeping },
	{ "loss while withheld", loss_while_withheld },
	{ "preempted system call", preempted_call },
	{ "direct system calls", direct_calls },
	{ "machine restored while the clock is read", restored_while_read },
	{ "machine restored while the counter is read", disrupted_while_read },
	{ "offset that the check cannot find", unseen_offset },
	{ "structure of a line reused while it is read", reused_while_read },
	{ "late tick", late_tick },
	{ "firmware on several CPUs", firmware_everywhere },
	{ "firmware and an epoch that is given back", firmware_and_restore },
	{ "firmware and timekeeping", firmware_and_timekeeping },
	{ "offline in suspend", offline_in_suspend },
	{ "counter that is changed in suspend", changed_in_suspend },
	{ "CPU that was ahead before suspend", ahead_before_suspend },
	{ "a counter that is lost while it is enabled", lost_while_enabled },
	{ "measurement before a disruption", stale_measurement },
	{ "readers where RCU is not watching", readers_without_rcu },
};

static void begin_test(const struct model_test *test)
{
	srandom(test - tests + 1);
	/* These begin before there is a counter */
	if (test->run != preempted_call && test->run != reused_while_read &&
	    test->run != lost_while_enabled && test->run != failed_first_check &&
	    test->run != readers_without_rcu)
		boot();
}

int main(int argc, char **argv)
{
	return run_model_test(argc, argv, "", tests, ARRAY_SIZE(tests), begin_test);
}
