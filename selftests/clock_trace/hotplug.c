// SPDX-License-Identifier: GPL-2.0
/*
 * Claim: CPUs may go offline and come back while threads read CLOCK_TRACE on all
 * of them: nobody sees it step back, and as long as the counter of the CPU that
 * comes back is in step, the epoch stays.
 */
#include "clock_trace_handover.h"

#define MAX_CPUS	64
/*
 * Handed-over reads that there have to be after each CPU that came or went, or a part of
 * what is asked of the test of the order
 */
#define READS_BETWEEN	20000UL
#define SHARE_BETWEEN	500

FIXTURE(hotplug) {
	struct reader_group group;
	struct reading before;
	int cpu[MAX_CPUS];
	int cpus;
};

static int set_online(int cpu, bool online)
{
	char path[64];

	snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%d/online", cpu);
	return write_text(path, online ? "1" : "0");
}

/* The online CPUs that can be taken offline; the first CPU often cannot. */
static int find_cpus(int *cpu, int max)
{
	char path[64], text[8];
	int i, n = 0;

	for (i = 1; i < CPU_SETSIZE && n < max; i++) {
		snprintf(path, sizeof(path),
			 "/sys/devices/system/cpu/cpu%d/online", i);
		if (!access(path, W_OK) && !read_text(path, text, sizeof(text)) &&
		    !strcmp(text, "1"))
			cpu[n++] = i;
	}
	return n;
}

FIXTURE_SETUP(hotplug)
{
	const char *why = no_counter() ?: abi_missing(&abi_vdso);

	if (why)
		SKIP(return, "%s", why);
	if (geteuid())
		SKIP(return, "needs root");
	self->cpus = find_cpus(self->cpu, MAX_CPUS);
	if (!self->cpus)
		SKIP(return, "no CPU can be taken offline (CONFIG_HOTPLUG_CPU)");

	ASSERT_EQ(0, abi_read(&abi_vdso, CLOCK_TRACE, &self->before));
	self->group.readers = MAX_READERS;
	ASSERT_EQ(0, readers_start(&self->group, NULL));
}

/* In the parent: also after a failed assertion or a crash. */
FIXTURE_TEARDOWN_PARENT(hotplug)
{
	int i;

	for (i = 0; i < self->cpus; i++)
		EXPECT_EQ(0, set_online(self->cpu[i], true));
}

static void read_on(struct reader_group *group)
{
	unsigned long sum, start = readers_handed_over(group), wanted = READS_BETWEEN;
	const char *text = getenv("CLOCK_TRACE_HANDOVERS");

	if (text)
		wanted = strtoul(text, NULL, 10) / SHARE_BETWEEN + 1;

	do {
		usleep(1000);
		sum = readers_handed_over(group);
	} while (sum < start + wanted && !readers_stopped(group));
}

static void expect_still_good(struct __test_metadata *_metadata,
			      struct reader_group *group,
			      const struct reading *before)
{
	struct reading after;

	readers_stop(_metadata, group);
	ASSERT_EQ(0, abi_read(&abi_vdso, CLOCK_TRACE, &after));
	EXPECT_LT(before->value, after.value);
	EXPECT_EQ(before->epoch, after.epoch);
	EXPECT_TRUE(!no_counter())
		TH_LOG("%s", no_counter());
	TH_LOG("%lu handed-over reads", readers_handed_over(group));
}

TEST_F_TIMEOUT(hotplug, one_after_the_other, LONG_TIMEOUT)
{
	int i;

	for (i = 0; i < self->cpus; i++) {
		ASSERT_EQ(0, set_online(self->cpu[i], false));
		read_on(&self->group);
		ASSERT_EQ(0, set_online(self->cpu[i], true));
		read_on(&self->group);
	}
	expect_still_good(_metadata, &self->group, &self->before);
}

TEST_F_TIMEOUT(hotplug, all_at_once, LONG_TIMEOUT)
{
	int i;

	for (i = 0; i < self->cpus; i++)
		ASSERT_EQ(0, set_online(self->cpu[i], false));
	read_on(&self->group);
	for (i = 0; i < self->cpus; i++)
		ASSERT_EQ(0, set_online(self->cpu[i], true));
	read_on(&self->group);
	expect_still_good(_metadata, &self->group, &self->before);
}

int main(int argc, char **argv)
{
	skip_without_clock();
	return test_harness_run(argc, argv);
}
