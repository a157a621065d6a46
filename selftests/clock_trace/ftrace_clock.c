// SPDX-License-Identifier: GPL-2.0
/*
 * Claim: with "clock_trace" as its trace clock, ftrace stamps events with the very
 * numbers that programs read from CLOCK_TRACE: an event that a program writes lies
 * between its readings before and after, to the tick, on every CPU. While a trace
 * instance has this clock, it keeps the clock's counter enabled, and no longer.
 */
#include <pthread.h>
#include <sys/stat.h>

#include "clock_trace_abi.h"

#define TRACEFS		"/sys/kernel/tracing/"
#define MAX_CPUS	64
#define MARKERS		1000
#define SWITCHES	50

/* An event, and what the program read before and after it was written */
struct bracket {
	__u64 before, after, event;
	bool found;
};

struct writer {
	pthread_t thread;
	pthread_barrier_t *barrier;
	int cpu, number, marker;
	const char *failed;
	struct bracket bracket[MARKERS];
};

/* Instances: two whose clock is changed, one that watches */
enum { FIRST, SECOND, WATCHER, INSTANCES };

FIXTURE(ftrace_clock) {
	char instance[INSTANCES][96];
	int cpu[MAX_CPUS];
	int cpus;
};

static int write_in(const char *instance, const char *file, const char *text)
{
	char path[160];

	snprintf(path, sizeof(path), "%s/%s", instance, file);
	return write_text(path, text);
}

static int set_clock(const char *instance, const char *clock)
{
	return write_in(instance, "trace_clock", clock);
}

/* The file has all clocks on one line, the selected one in brackets. */
static bool has_clock(const char *instance, const char *clock)
{
	char path[160], line[256];

	snprintf(path, sizeof(path), "%s/trace_clock", instance);
	return !read_text(path, line, sizeof(line)) && strstr(line, clock);
}

FIXTURE_SETUP(ftrace_clock)
{
	const char *why = abi_missing(&abi_vdso);
	int i;

	if (why)
		SKIP(return, "%s", why);
	if (geteuid())
		SKIP(return, "needs root");
	if (access(TRACEFS "instances", W_OK))
		SKIP(return, "no " TRACEFS "instances (CONFIG_FTRACE, tracefs)");

	self->cpus = usable_cpus(self->cpu, MAX_CPUS);
	for (i = 0; i < INSTANCES; i++) {
		char name[96];

		snprintf(name, sizeof(name), TRACEFS "instances/clock_trace_%d_%d",
			 getpid(), i);
		ASSERT_EQ(0, mkdir(name, 0700));
		snprintf(self->instance[i], sizeof(name), "%s", name);
	}
}

/* In the parent: also after a failed assertion or a crash. */
FIXTURE_TEARDOWN_PARENT(ftrace_clock)
{
	int i;

	for (i = 0; i < INSTANCES; i++)
		if (self->instance[i][0] && rmdir(self->instance[i]))
			EXPECT_EQ(ENOENT, errno);
}

static void *write_markers(void *arg)
{
	struct writer *writer = arg;
	char text[32];
	int i, len;

	if (pin_to_cpu(writer->cpu))
		writer->failed = "cannot be bound to its CPU";
	pthread_barrier_wait(writer->barrier);
	for (i = 0; i < MARKERS && !writer->failed; i++) {
		struct bracket *bracket = &writer->bracket[i];

		len = snprintf(text, sizeof(text), "bracket=%d,%d", writer->number, i);
		bracket->before = trace_read(CLOCK_TRACE);
		if (write(writer->marker, text, len) != len)
			writer->failed = "cannot write to trace_marker";
		bracket->after = trace_read(CLOCK_TRACE);
	}
	return NULL;
}

/* The time is the number between the flags and the next colon. */
static bool parse_time(const char *line, __u64 *time)
{
	const char *field = strstr(line, "] ");
	char *end;

	if (!field)
		return false;
	field += 2;
	field += strcspn(field, " ");
	errno = 0;
	*time = strtoull(field, &end, 10);
	return !errno && end != field && *end == ':';
}

static void read_events(struct __test_metadata *_metadata, const char *instance,
			struct writer *writers, int nr_writers)
{
	char path[160], line[512];
	unsigned int writer, i;
	FILE *trace;
	int fields;

	snprintf(path, sizeof(path), "%s/trace", instance);
	trace = fopen(path, "r");
	ASSERT_NE(NULL, trace);
	while (fgets(line, sizeof(line), trace)) {
		const char *mark = strstr(line, "bracket=");
		struct bracket *bracket;

		if (!mark)
			continue;
		fields = sscanf(mark, "bracket=%u,%u", &writer, &i);
		ASSERT_EQ(2, fields);
		ASSERT_GT(nr_writers, writer);
		ASSERT_GT(MARKERS, i);
		bracket = &writers[writer].bracket[i];
		EXPECT_FALSE(bracket->found)
			TH_LOG("twice: %s", line);
		bracket->found = true;
		ASSERT_TRUE(parse_time(line, &bracket->event))
			TH_LOG("no time in: %s", line);
	}
	fclose(trace);
}

/* All events of all CPUs have to be there, each in its bracket. */
static void check_brackets(struct __test_metadata *_metadata, const char *instance,
			   const int *cpu, int cpus)
{
	struct writer *writers = calloc(cpus, sizeof(*writers));
	int marker, i, j, inside = 0;
	pthread_barrier_t barrier;
	char path[160];

	ASSERT_NE(NULL, writers);
	snprintf(path, sizeof(path), "%s/trace_marker", instance);
	marker = open(path, O_WRONLY | O_CLOEXEC);
	ASSERT_LE(0, marker);
	ASSERT_EQ(0, pthread_barrier_init(&barrier, NULL, cpus));
	for (i = 0; i < cpus; i++) {
		writers[i].barrier = &barrier;
		writers[i].cpu = cpu[i];
		writers[i].number = i;
		writers[i].marker = marker;
		ASSERT_EQ(0, pthread_create(&writers[i].thread, NULL, write_markers,
					    &writers[i]));
	}
	for (i = 0; i < cpus; i++) {
		ASSERT_EQ(0, pthread_join(writers[i].thread, NULL));
		ASSERT_EQ(NULL, writers[i].failed)
			TH_LOG("thread %d %s", i, writers[i].failed);
	}
	close(marker);

	read_events(_metadata, instance, writers, cpus);
	for (i = 0; i < cpus; i++) {
		for (j = 0; j < MARKERS; j++) {
			struct bracket *bracket = &writers[i].bracket[j];

			ASSERT_TRUE(bracket->found);
			ASSERT_LE(bracket->before, bracket->event);
			ASSERT_LE(bracket->event, bracket->after);
			inside++;
		}
	}
	TH_LOG("%d of %d events of %d CPUs are in their brackets", inside,
	       cpus * MARKERS, cpus);
	free(writers);
}

static void check_one_epoch(struct __test_metadata *_metadata, const char *instance,
			    const int *cpu, int cpus)
{
	struct reading before, after;

	ASSERT_EQ(0, set_clock(instance, "clock_trace"));
	ASSERT_TRUE(has_clock(instance, "[clock_trace]"));
	ASSERT_EQ(0, abi_read(&abi_vdso, CLOCK_TRACE, &before));
	check_brackets(_metadata, instance, cpu, cpus);
	ASSERT_EQ(0, abi_read(&abi_vdso, CLOCK_TRACE, &after));
	EXPECT_EQ(before.epoch, after.epoch);
}

TEST_F_TIMEOUT(ftrace_clock, events_of_one_cpu, LONG_TIMEOUT)
{
	check_one_epoch(_metadata, self->instance[FIRST], self->cpu, 1);
}

TEST_F_TIMEOUT(ftrace_clock, events_of_all_cpus, LONG_TIMEOUT)
{
	if (self->cpus < 2)
		SKIP(return, "needs 2 CPUs");
	check_one_epoch(_metadata, self->instance[FIRST], self->cpu, self->cpus);
}

TEST_F_TIMEOUT(ftrace_clock, selected_in_one_of_two, LONG_TIMEOUT)
{
	ASSERT_EQ(0, set_clock(self->instance[FIRST], "clock_trace"));
	EXPECT_TRUE(has_clock(self->instance[SECOND], "[local]"));
	EXPECT_FALSE(has_clock(self->instance[SECOND], "[clock_trace]"));

	ASSERT_EQ(0, set_clock(self->instance[SECOND], "clock_trace"));
	ASSERT_EQ(0, set_clock(self->instance[FIRST], "global"));
	EXPECT_TRUE(has_clock(self->instance[FIRST], "[global]"));
	check_brackets(_metadata, self->instance[SECOND], self->cpu, self->cpus);
}

TEST_F(ftrace_clock, name_is_exact)
{
	const char *instance = self->instance[FIRST];

	ASSERT_EQ(0, set_clock(instance, "clock_trace"));
	EXPECT_EQ(-EINVAL, set_clock(instance, "clock_trac"));
	EXPECT_EQ(-EINVAL, set_clock(instance, "clock_trace_"));
	EXPECT_TRUE(has_clock(instance, "[clock_trace]"));
}

/* How often this process, from now on, calls what holds the clock */
static const char *start_watching(const char *instance)
{
	char pid[16];

	snprintf(pid, sizeof(pid), "%d", getpid());
	if (write_in(instance, "set_ftrace_filter", "clock_trace_get") ||
	    write_in(instance, "set_ftrace_filter", "clock_trace_put") ||
	    write_in(instance, "options/function-fork", "1") ||
	    write_in(instance, "set_ftrace_pid", pid) ||
	    write_in(instance, "current_tracer", "function"))
		return "cannot watch the calls (CONFIG_FUNCTION_TRACER)";
	return NULL;
}

static void expect_calls(struct __test_metadata *_metadata, const char *instance,
			 unsigned int gets, unsigned int puts)
{
	unsigned int seen_gets = 0, seen_puts = 0, kept, written;
	char path[160], line[512];
	bool complete = false;
	FILE *trace;

	snprintf(path, sizeof(path), "%s/trace", instance);
	trace = fopen(path, "r");
	ASSERT_NE(NULL, trace);
	while (fgets(line, sizeof(line), trace)) {
		if (sscanf(line, "# entries-in-buffer/entries-written: %u/%u",
			   &kept, &written) == 2)
			complete = kept == written;
		else if (strstr(line, ": clock_trace_get "))
			seen_gets++;
		else if (strstr(line, ": clock_trace_put "))
			seen_puts++;
	}
	fclose(trace);
	EXPECT_TRUE(complete);
	EXPECT_EQ(gets, seen_gets);
	EXPECT_EQ(puts, seen_puts);
}

TEST_F_TIMEOUT(ftrace_clock, held_while_selected, LONG_TIMEOUT)
{
	const char *watcher = self->instance[WATCHER];
	const char *first = self->instance[FIRST];
	const char *second = self->instance[SECOND];
	const char *why = start_watching(watcher);

	if (why)
		SKIP(return, "%s", why);

	ASSERT_EQ(0, set_clock(first, "global"));
	expect_calls(_metadata, watcher, 0, 0);
	ASSERT_EQ(0, set_clock(first, "clock_trace"));
	expect_calls(_metadata, watcher, 1, 0);
	ASSERT_EQ(0, set_clock(second, "clock_trace"));
	expect_calls(_metadata, watcher, 2, 0);
	/* Selected again: one is for the old selection, one for the new. */
	ASSERT_EQ(0, set_clock(first, "clock_trace"));
	expect_calls(_metadata, watcher, 3, 1);
	EXPECT_EQ(-EINVAL, set_clock(first, "no_such_clock"));
	expect_calls(_metadata, watcher, 3, 1);
	ASSERT_EQ(0, set_clock(first, "local"));
	expect_calls(_metadata, watcher, 3, 2);
	ASSERT_EQ(0, rmdir(second));
	expect_calls(_metadata, watcher, 3, 3);
	ASSERT_EQ(0, rmdir(first));
	expect_calls(_metadata, watcher, 3, 3);
}

/* An instance that is in use is not removed, and goes on to hold the clock. */
TEST_F_TIMEOUT(ftrace_clock, removal_while_in_use, LONG_TIMEOUT)
{
	const char *watcher = self->instance[WATCHER];
	const char *first = self->instance[FIRST];
	const char *why = start_watching(watcher);
	char path[160];
	int marker;

	if (why)
		SKIP(return, "%s", why);

	ASSERT_EQ(0, set_clock(first, "clock_trace"));
	snprintf(path, sizeof(path), "%s/trace_marker", first);
	marker = open(path, O_WRONLY | O_CLOEXEC);
	ASSERT_LE(0, marker);
	EXPECT_EQ(-1, rmdir(first));
	EXPECT_EQ(EBUSY, errno);
	expect_calls(_metadata, watcher, 1, 0);
	close(marker);
	check_brackets(_metadata, first, self->cpu, 1);
	ASSERT_EQ(0, rmdir(first));
	expect_calls(_metadata, watcher, 1, 1);
}

struct switcher {
	pthread_t thread;
	const char *instance;
	long err;
	bool done;
};

static void *switch_clocks(void *arg)
{
	struct switcher *switcher = arg;
	int i;

	for (i = 0; i < SWITCHES && !switcher->err; i++) {
		switcher->err = set_clock(switcher->instance, "clock_trace");
		if (!switcher->err)
			switcher->err = set_clock(switcher->instance, "mono");
	}
	__atomic_store_n(&switcher->done, true, __ATOMIC_RELEASE);
	return NULL;
}

/* Several at once, in the same instance and in others, while events are written */
TEST_F_TIMEOUT(ftrace_clock, switched_at_once, LONG_TIMEOUT)
{
	const char *watcher = self->instance[WATCHER];
	struct switcher switcher[3] = {
		{ .instance = self->instance[FIRST] },
		{ .instance = self->instance[FIRST] },
		{ .instance = self->instance[SECOND] },
	};
	const char *why = start_watching(watcher);
	unsigned int gets = 3 * SWITCHES;
	int i, running, err;

	if (why)
		SKIP(return, "%s", why);

	for (i = 0; i < 3; i++)
		ASSERT_EQ(0, pthread_create(&switcher[i].thread, NULL, switch_clocks,
					    &switcher[i]));
	do {
		for (i = 0, running = 0; i < 3; i++) {
			running += !__atomic_load_n(&switcher[i].done, __ATOMIC_ACQUIRE);
			err = write_in(switcher[i].instance, "trace_marker", "noise");
			/* While the buffer is being reset, nothing is recorded. */
			EXPECT_TRUE(!err || err == -EBADF);
		}
	} while (running);
	for (i = 0; i < 3; i++) {
		ASSERT_EQ(0, pthread_join(switcher[i].thread, NULL));
		EXPECT_EQ(0, switcher[i].err);
	}
	EXPECT_TRUE(has_clock(self->instance[FIRST], "[mono]"));
	EXPECT_TRUE(has_clock(self->instance[SECOND], "[mono]"));
	expect_calls(_metadata, watcher, gets, gets);
}

int main(int argc, char **argv)
{
	skip_without_clock();
	return test_harness_run(argc, argv);
}
