// SPDX-License-Identifier: GPL-2.0
/*
 * The TSC as counter of the trace clock, as it is: in which order it is read. No compiler that
 * is in use moves a store across RDTSC as it is called today, so that no test of the built
 * kernel can fail. Prints TAP.
 */

#include "model.h"

#include "tests.h"

/* What read() does, in order */
static char order[16];

static void note(char what)
{
	size_t length = strlen(order);

	if (length < sizeof(order) - 1)
		order[length] = what;
}

#define barrier() note('b')
#define rdtsc() (note('t'), 1ULL)
/* After all earlier loads, and nothing is said of stores */
#define rdtsc_ordered() (note('l'), note('t'), 1ULL)

#include "../../kernel/arch/x86/kernel/clock_trace_tsc.c"

bool tsc_clocksource_reliable;
static unsigned int features;
static const char *unusable;
static struct clock_trace_source *registered;
static enum clocksource_ids timekeeping;
static bool unstable;

bool boot_cpu_has(unsigned int feature) { return features & feature; }
bool check_tsc_unstable(void) { return unstable; }
void mark_tsc_unstable(char *reason) { unstable = true; }
void ktime_get_snapshot_id(clockid_t clock, struct system_time_snapshot *snapshot)
{
	snapshot->cs_id = timekeeping;
}

int clock_trace_register_source(struct clock_trace_source *source)
{
	registered = source;
	return 0;
}

void clock_trace_source_unusable(struct clock_trace_source *source, const char *reason)
{
	unusable = reason;
}

void clock_trace_source_lost(struct clock_trace_source *source, const char *reason) { }
void clock_trace_source_suspend(struct clock_trace_source *source) { }
void clock_trace_source_reset(struct clock_trace_source *source) { }

/* --- the tests --- */

static void read_in_order(void)
{
	features = X86_FEATURE_CONSTANT_TSC | X86_FEATURE_NONSTOP_TSC;
	clock_trace_tsc_register(2000000);
	point(registered && registered->read() == 1 && !strcmp(order, "ltb"),
	      "it is read after earlier loads and before later stores");
}

static void which_tsc(void)
{
	features = X86_FEATURE_CONSTANT_TSC;
	clock_trace_tsc_register(2000000);
	point(!registered && unusable, "one that may stop is not registered");
	tsc_clocksource_reliable = true;
	clock_trace_tsc_register(2000000);
	point(registered && registered->frequency == 2000000000, "but if it is declared reliable");
	registered = NULL;
	clock_trace_tsc_register(2000001);
	point(!registered && clock_trace_tsc.frequency == 2000000000,
	      "and it keeps the frequency that it has");
}

static void timekeeping_and_tsc(void)
{
	bool early, later;

	timekeeping = CSID_X86_TSC_EARLY;
	early = clock_trace_tsc.keeps_time(&clock_trace_tsc);
	timekeeping = CSID_X86_TSC;
	later = clock_trace_tsc.keeps_time(&clock_trace_tsc);
	timekeeping = CSID_GENERIC;
	point(early && later && !clock_trace_tsc.keeps_time(&clock_trace_tsc),
	      "timekeeping depends on the TSC while it is its clocksource");
	point(!clock_trace_tsc.is_leaving(&clock_trace_tsc), "it stays with a TSC that is stable");
	clock_trace_tsc.condemn(&clock_trace_tsc, "test");
	point(unstable && clock_trace_tsc.is_leaving(&clock_trace_tsc),
	      "and leaves one that the check has condemned");
}

static const struct model_test tests[] = {
	{ "order", read_in_order },
	{ "which TSC", which_tsc },
	{ "timekeeping", timekeeping_and_tsc },
};

static void begin_test(const struct model_test *test) { }

int main(int argc, char **argv)
{
	return run_model_test(argc, argv, "TSC, ", tests, ARRAY_SIZE(tests), begin_test);
}
