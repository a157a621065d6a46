// SPDX-License-Identifier: GPL-2.0
/*
 * The monitor of the sync check as it is, on a core and on counters that the test makes up.
 * Prints TAP.
 */

#include <stdarg.h>
#include <stdlib.h>

#include "../../kernel/kernel/time/clock_trace_check.h"
#include "../../kernel/kernel/time/clock_trace_internal.h"

unsigned int model_cpu;
struct cpumask model_online = { 0xf };
unsigned long jiffies;
extern int (*model_initcall)(void);

static struct clock_trace_source source = { .name = "model", .frequency = 1000000000 };
static struct workqueue_struct { int unused; } own_wq;
struct workqueue_struct *system_freezable_wq = &own_wq;

static struct work_struct *queue[16];
static unsigned int queued, number, failed;
static struct notifier_block *pm;

/* What the core would know */
static unsigned long measured;
static unsigned int generation, restored, kept_up;
static bool barred;

/* What the machine does */
static bool no_memory;
static unsigned long unmet;
static void (*while_measured)(void);

unsigned int clock_trace_generation(void) { return generation; }
void clock_trace_cpu_passed(unsigned int cpu, unsigned int measured_in)
{
	if (measured_in == generation)
		measured |= 1UL << cpu;
}

bool clock_trace_cpu_has_passed(unsigned int cpu) { return measured >> cpu & 1; }
bool clock_trace_restore(void) { return restored += !barred && measured == model_online.bits; }
void clock_trace_keep_up(void) { kept_up++; }
void clock_trace_bar(void) { barred = true; }
void clock_trace_unbar(void)
{
	barred = false;
	measured = 1;
	generation++;
}

void clock_trace_source_checked(void) { }
void clock_trace_source_reset(struct clock_trace_source *source) { measured = 1UL << model_cpu; }
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

	while_measured = NULL;
	if (meanwhile)
		meanwhile();
	*m = (struct clock_trace_measurement){ .cpu = cpu, .reference = model_cpu };
	return unmet >> cpu & 1 ? CLOCK_TRACE_CHECK_INCOMPLETE : CLOCK_TRACE_CHECK_PASSED;
}

u64 ktime_get_ns(void)
{
	static u64 now;

	return now += 1000;
}

struct workqueue_struct *alloc_workqueue(const char *name, int flags, int active)
{
	return no_memory ? NULL : &own_wq;
}

int cpuhp_setup_state_nocalls(int state, const char *name, int (*up)(unsigned int),
			      int (*down)(unsigned int))
{
	return 0;
}

int register_pm_notifier(struct notifier_block *nb)
{
	pm = nb;
	return 0;
}

void model_queue(struct work_struct *work)
{
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

static void point(bool good, const char *format, ...)
{
	va_list args;

	printf("%sok %u - ", good ? "" : "not ", ++number);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
	failed += !good;
}

/* --- the tests --- */

static void first_check(void)
{
	clock_trace_monitor_start(&source);
	clock_trace_monitor_flush();
	point(clock_trace_monitor_passed() && measured == model_online.bits,
	      "all CPUs are measured when the waiter goes on");
}

static void no_workqueue(void)
{
	first_check();
}

static void disruption(void)
{
	measured = 1;
	generation++;
	clock_trace_monitor_recheck();
}

/* The marks are cleared while CPUs meet */
static void disrupted_meeting(void)
{
	unsigned long before;

	first_check();
	measured = 1;
	generation++;
	while_measured = disruption;
	clock_trace_monitor_recheck();
	before = measured;
	model_run_work();
	point(!(measured & ~before & 2), "a meeting that began before it marks no CPU");
	while (model_run_work())
		;
	point(measured == model_online.bits, "and all are measured after it");
}

static void unmet_cpu(void)
{
	unsigned int i, steps = 0;

	first_check();
	measured = 7;
	generation++;
	unmet = 8;
	kept_up = 0;
	clock_trace_monitor_recheck();
	for (i = 0; i < 100; i++)
		steps += model_run_work();
	point(steps == 100 && kept_up >= 50, "while a CPU cannot be met, the others are kept up with");
	unmet = 0;
	while (measured != model_online.bits && model_run_work())
		;
	point(measured == model_online.bits, "until it is measured");
}

static void suspend(void)
{
	unsigned int before;

	first_check();
	pm->notifier_call(pm, PM_SUSPEND_PREPARE, NULL);
	point(barred, "nobody reads the counter directly in a suspend");
	before = restored;
	while (model_run_work())
		;
	point(restored == before, "nor if the check runs");
	pm->notifier_call(pm, PM_POST_SUSPEND, NULL);
	while (model_run_work())
		;
	point(!barred && measured == model_online.bits && restored > before,
	      "all CPUs are measured after it, and the epoch is given back");
}

static const struct {
	const char *name;
	void (*run)(void);
} tests[] = {
	{ "first check", first_check },
	{ "no memory for a workqueue", no_workqueue },
	{ "disruption in a meeting", disrupted_meeting },
	{ "CPU that cannot be met", unmet_cpu },
	{ "suspend", suspend },
};

/* As core.c */
int main(int argc, char **argv)
{
	unsigned long i = argc > 1 ? strtoul(argv[1], NULL, 10) : ARRAY_SIZE(tests);

	if (i >= ARRAY_SIZE(tests)) {
		printf("%zu\n", ARRAY_SIZE(tests));
		return 0;
	}
	printf("# monitor, %s\n", tests[i].name);
	no_memory = tests[i].run == no_workqueue;
	model_initcall();
	tests[i].run();
	printf("1..%u\n", number);
	return failed != 0;
}
