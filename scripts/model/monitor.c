// SPDX-License-Identifier: GPL-2.0
/*
 * The monitor of the sync check as it is, on a core and on counters that the test makes up.
 * Prints TAP.
 */

#include "../../kernel/kernel/time/clock_trace_check.h"
#include "../../kernel/kernel/time/clock_trace_internal.h"
#include "tests.h"

unsigned int model_cpu;
struct cpumask model_online = { 0xf };
struct cpumask model_housekeeping = { 0xf };
unsigned long jiffies;
unsigned long model_delay;
unsigned int model_delayed;
extern int (*model_initcall)(void);

static struct clock_trace_source source = { .name = "model", .frequency = 1000000000 };
static struct workqueue_struct { int unused; } own_wq;
struct workqueue_struct *system_freezable_wq = &own_wq;

static struct work_struct *queue[16];
static unsigned int queued;
static struct notifier_block *pm;
static int (*online)(unsigned int);

/* What the core would know */
static unsigned long measured;
static unsigned int generation, restored, kept_up, looked;
static bool barred, set_back;

/* The CPUs that each has been compared with on this time line, directly or not, and itself */
static unsigned long compared[MODEL_CPUS];
static bool guessed;

/* What the machine does */
static bool no_memory;
static unsigned long unmet;
static unsigned int meetings;
static void (*while_measured)(void), (*when_queued)(void);
/* In so many calls of the core, or readings of the time, clock_trace_disrupted() has an effect */
static unsigned int disrupted_in, disrupted_on;

/* Only one CPU is on the time line that begins now */
static void begin_time_line(unsigned int on)
{
	unsigned int cpu;

	for (cpu = 0; cpu < MODEL_CPUS; cpu++)
		compared[cpu] = 1UL << cpu;
	measured = 1UL << on;
	generation++;
}

static void maybe_disrupted(void)
{
	if (!disrupted_in || --disrupted_in)
		return;
	begin_time_line(disrupted_on);
	clock_trace_monitor_recheck();
}

static void compare(unsigned int a, unsigned int b)
{
	unsigned long both = compared[a] | compared[b];
	unsigned int cpu;

	for (cpu = 0; cpu < MODEL_CPUS; cpu++)
		if (both >> cpu & 1)
			compared[cpu] = both;
}

/* CPUs are trusted that nobody has compared */
static void look_for_guess(void)
{
	unsigned int cpu;

	for (cpu = 0; cpu < MODEL_CPUS; cpu++)
		guessed |= measured >> cpu & 1 && measured & ~compared[cpu];
}

unsigned int clock_trace_generation(void)
{
	maybe_disrupted();
	return generation;
}

void clock_trace_cpu_passed(unsigned int cpu, unsigned int measured_in)
{
	if (!barred && measured_in == generation)
		measured |= 1UL << cpu;
}

bool clock_trace_cpu_has_passed(unsigned int cpu)
{
	maybe_disrupted();
	return measured >> cpu & 1;
}

bool clock_trace_restore(void)
{
	look_for_guess();
	return restored += !barred && measured == model_online.bits;
}

void clock_trace_keep_up(void) { kept_up++; }
bool clock_trace_look_for_reset(void)
{
	looked++;
	maybe_disrupted();
	if (!set_back)
		return false;
	set_back = false;
	begin_time_line(model_cpu);
	return true;
}

void clock_trace_bar(const struct cpumask *preferred)
{
	barred = true;
	begin_time_line(cpumask_first(preferred));
}

bool clock_trace_is_barred(void) { return barred; }
void clock_trace_unbar(void) { barred = false; }

void clock_trace_forget_measured(void)
{
	measured = 0;
	generation++;
}

void clock_trace_source_checked(void) { }
void clock_trace_source_reset(struct clock_trace_source *source) { begin_time_line(model_cpu); }
void clock_trace_source_condemned(struct clock_trace_source *source, const char *reason)
{
	source->trust = CLOCK_TRACE_LOST;
}

void clock_trace_measure_finish(void) { }
enum clock_trace_check_result clock_trace_measure(const struct clock_trace_source *source,
						  unsigned int cpu, bool patient,
						  struct clock_trace_measurement *m)
{
	void (*meanwhile)(void) = while_measured;
	unsigned int before = generation;

	look_for_guess();
	maybe_disrupted();
	while_measured = NULL;
	if (meanwhile)
		meanwhile();
	*m = (struct clock_trace_measurement){ .cpu = cpu, .reference = model_cpu };
	if (unmet >> cpu & 1)
		return CLOCK_TRACE_CHECK_INCOMPLETE;
	meetings++;
	if (generation == before)
		compare(cpu, model_cpu);
	maybe_disrupted();
	return CLOCK_TRACE_CHECK_PASSED;
}

struct model_held model_acquire(bool raw) { return (struct model_held){ raw }; }
void model_release(struct model_held *held) { }

u64 ktime_get_ns(void)
{
	static u64 now;

	maybe_disrupted();
	return now += 1000;
}

struct workqueue_struct *alloc_workqueue(const char *name, int flags, int active)
{
	return no_memory ? NULL : &own_wq;
}

int cpuhp_setup_state_nocalls(int state, const char *name, int (*up)(unsigned int),
			      int (*down)(unsigned int))
{
	online = up;
	return 0;
}

int register_pm_notifier(struct notifier_block *nb)
{
	pm = nb;
	return 0;
}

void model_queue(struct work_struct *work)
{
	void (*meanwhile)(void) = when_queued;

	when_queued = NULL;
	if (meanwhile)
		meanwhile();
	if (work->pending)
		return;
	work->pending = true;
	queue[queued++] = work;
}

/* The oldest one. Returns false if there is none */
bool model_run_work(void)
{
	struct work_struct *work = queue[0];
	unsigned int i;

	if (!queued)
		return false;
	for (i = 1; i < queued; i++)
		queue[i - 1] = queue[i];
	queued--;
	work->pending = false;
	work->fn(work);
	return true;
}

void model_waits_for_ever(void)
{
	printf("not ok %u - a waiter that nobody wakes\n", ++number);
	exit(1);
}

/* --- the tests --- */

static void first_check(void)
{
	clock_trace_monitor_start(&source);
	clock_trace_monitor_flush();
	point(clock_trace_monitor_passed() && measured == model_online.bits,
	      "all CPUs are measured when the waiter goes on");
}

static void other_counter(void)
{
	struct clock_trace_source other = { .name = "other", .frequency = 1000000000 };

	first_check();
	clock_trace_monitor_start(&other);
	point(!measured && !clock_trace_monitor_passed(), "with another counter no CPU is measured");
	clock_trace_monitor_flush();
	point(measured == model_online.bits, "until it has been checked");
}

static void no_workqueue(void)
{
	first_check();
}

static void run_work(void)
{
	while (model_run_work())
		;
}

static void disruption(void)
{
	begin_time_line(0);
	clock_trace_monitor_recheck();
}

/* The marks are cleared while CPUs meet */
static void disrupted_meeting(void)
{
	unsigned long before;

	first_check();
	begin_time_line(0);
	while_measured = disruption;
	clock_trace_monitor_recheck();
	before = measured;
	model_run_work();
	point(!(measured & ~before & 2), "a meeting that began before it marks no CPU");
	run_work();
	point(measured == model_online.bits, "and all are measured after it");
}

static enum clock_trace_check_result request(void)
{
	enum clock_trace_check_result result;

	clock_trace_check_all(&result);
	return result;
}

static void check_all(void)
{
	request();
}

static void suspend_begins(void)
{
	barred = true;
}

static void check_after_resume(void)
{
	begin_time_line(1);
	clock_trace_monitor_recheck();
}

static void check_periodically(void)
{
	unsigned int i;

	clock_trace_monitor_set_used(true);
	for (i = 0; i < 5; i++)
		model_run_work();
	clock_trace_monitor_set_used(false);
}

static void check_new_cpu(void)
{
	measured &= ~8UL;
	compared[0] = compared[1] = compared[2] = 7;
	compared[3] = 8;
	online(3);
}

/* Each place where a check can be disrupted, on each CPU */
static void disrupt(const char *name, void (*check)(void))
{
	unsigned int last = 0, cpu, i;
	bool complete = true;

	guessed = false;
	for (cpu = 0; cpu < MODEL_CPUS; cpu++) {
		i = 0;
		do {
			disrupted_in = ++i;
			disrupted_on = cpu;
			check();
			run_work();
			complete &= measured == model_online.bits;
			look_for_guess();
			last = disrupted_in;
		} while (!last);
		disrupted_in = 0;
	}
	point(!guessed && complete && i > 5, "%s, disrupted at any of %u places, trusts no CPU "
	      "that was not compared", name, i - 1);
}

static void disrupted_checks(void)
{
	first_check();
	disrupt("a check of all CPUs", check_all);
	disrupt("one after resume", check_after_resume);
	disrupt("one of a new CPU", check_new_cpu);
	disrupt("a periodic one", check_periodically);
}

static void unmet_cpu(void)
{
	unsigned int i, steps = 0;

	first_check();
	begin_time_line(0);
	unmet = 8;
	kept_up = 0;
	clock_trace_monitor_recheck();
	for (i = 0; i < 100; i++)
		steps += model_run_work();
	point(steps == 100 && kept_up >= 50, "while a CPU cannot be met, the others are kept up with");
	/* Until the pauses are as long as they get */
	for (i = 0; i < 1000; i++)
		model_run_work();
	model_delay = 0;
	check_all();
	point(model_delay && model_delay <= 10000,
	      "after a check of all CPUs, the next attempt comes in 10 s at most: %lu ms", model_delay);
	unmet = 0;
	while (measured != model_online.bits && model_run_work())
		;
	point(measured == model_online.bits, "until it is measured");
}

/* The periodic check of the others goes on, and one of them that cannot be met takes turns. */
static void unmet_cpu_in_use(void)
{
	unsigned int i, tried = 0;

	first_check();
	clock_trace_monitor_set_used(true);
	measured &= ~8UL;
	unmet = 8;
	meetings = 0;
	clock_trace_monitor_recheck();
	for (i = 0; i < 1000; i++)
		model_run_work();
	point(meetings >= 10, "the others are checked: %u meetings", meetings);
	unmet = 0xc;
	for (i = 0; i < 1000; i++)
		model_run_work();
	unmet = 4;
	for (i = 0; i < 1000 && !(measured & 8); i++)
		tried += model_run_work();
	point(measured & 8, "where another one cannot be met, it is still tried");
	unmet = 0;
	clock_trace_monitor_set_used(false);
	run_work();
	point(measured == model_online.bits, "until all are measured");
}

/* Fewer than two CPUs are measured that may be disturbed, so the others have nothing to do. */
static void unmet_cpu_and_one(unsigned long housekeeping, unsigned long cpus, const char *name)
{
	unsigned int i;

	model_housekeeping.bits = housekeeping;
	first_check();
	clock_trace_monitor_set_used(true);
	measured &= ~cpus;
	unmet = cpus;
	clock_trace_monitor_recheck();
	for (i = 0; i < 1000; i++)
		model_run_work();
	unmet = 0;
	for (i = 0; i < 1000 && measured != model_online.bits; i++)
		model_run_work();
	point(measured == model_online.bits, "%s", name);
	clock_trace_monitor_set_used(false);
	run_work();
}

static void unmet_all_others(void)
{
	unmet_cpu_and_one(0xf, 0xe, "all others are measured when they can be met");
}

static void unmet_isolated(void)
{
	unmet_cpu_and_one(1, 8, "a CPU is measured when it can be met, though the others are isolated");
}

/* A CPU that is plugged again and again does not put the check of the others off. */
static void plugged_in_use(void)
{
	unsigned int before, i;

	first_check();
	clock_trace_monitor_set_used(true);
	for (i = 0; i < 20; i++)
		model_run_work();
	measured &= ~8UL;
	before = model_delayed;
	clock_trace_monitor_recheck();
	while (!(measured & 8) && model_run_work())
		;
	point(model_delayed == before, "the check of the others comes when it was to come");
	clock_trace_monitor_set_used(false);
	run_work();
}

static void suspend(void)
{
	unsigned int before;

	first_check();
	model_housekeeping.bits = 0xc;
	pm->notifier_call(pm, PM_SUSPEND_PREPARE, NULL);
	point(measured == 4, "a CPU that is not isolated stays measured");
	point(barred, "nobody reads the counter directly in a suspend");
	before = restored;
	clock_trace_monitor_recheck();
	check_all();
	online(1);
	run_work();
	point(restored == before && measured == 4, "nor if a check is wanted, which ends at once");
	point(request() == CLOCK_TRACE_CHECK_INCOMPLETE, "as an incomplete one");
	pm->notifier_call(pm, PM_POST_SUSPEND, NULL);
	run_work();
	look_for_guess();
	point(!guessed, "the others are compared with it");
	point(!barred && measured == model_online.bits && restored > before,
	      "all CPUs are measured after it, and the epoch is given back");
	when_queued = suspend_begins;
	point(request() == CLOCK_TRACE_CHECK_INCOMPLETE, "a suspend begins before a check that was wanted");
	barred = false;
	source.trust = CLOCK_TRACE_LOST;
	point(request() == CLOCK_TRACE_CHECK_NONE, "without a counter there is nothing to check");
}

static void counter_set_back(void)
{
	unsigned int before, steps = 0;

	first_check();
	set_back = true;
	check_periodically();
	run_work();
	look_for_guess();
	point(!set_back && !guessed && measured == model_online.bits,
	      "the periodic check finds it, and all CPUs are measured on the new time line");

	set_back = true;
	check_all();
	run_work();
	point(!set_back && measured == model_online.bits, "so does one on request");

	/* It cannot measure anything */
	model_online.bits = measured = 1;
	set_back = true;
	check_periodically();
	point(!set_back, "and the periodic one of a single CPU");

	model_online.bits = 0xf;
	begin_time_line(0);
	unmet = 8;
	before = looked;
	while (steps < 5)
		steps += model_run_work();
	point(looked - before <= 1, "it looks once in a sweep");
	unmet = 0;
}

static const struct model_test tests[] = {
	{ "first check", first_check },
	{ "another counter", other_counter },
	{ "no memory for a workqueue", no_workqueue },
	{ "disruption in a meeting", disrupted_meeting },
	{ "disruption of a check", disrupted_checks },
	{ "CPU that cannot be met", unmet_cpu },
	{ "CPU that cannot be met, of a clock in use", unmet_cpu_in_use },
	{ "others that cannot be met, of a clock in use", unmet_all_others },
	{ "isolated CPUs, and one that cannot be met", unmet_isolated },
	{ "CPU that is plugged, of a clock in use", plugged_in_use },
	{ "suspend", suspend },
	{ "counter that is set back", counter_set_back },
};

static void begin_test(const struct model_test *test)
{
	no_memory = test->run == no_workqueue;
	begin_time_line(0);
	measured = 0;
	model_initcall();
}

int main(int argc, char **argv)
{
	return run_model_test(argc, argv, "monitor, ", tests, ARRAY_SIZE(tests), begin_test);
}
