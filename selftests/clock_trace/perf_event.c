// SPDX-License-Identifier: GPL-2.0
/*
 * Claim: perf events may have CLOCK_TRACE as their clock, and their samples then have
 * the very numbers that programs read: a sample lies between the program's readings
 * before and after what it samples, to the tick. An event holds the clock from its
 * opening until it is freed, however it ends, and children that inherit it need not.
 */
#include <linux/perf_event.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "clock_trace_abi.h"

#define SAMPLES		100000
#define DATA_PAGES	64
/* So often, another page faults as well. */
#define OTHER_FAULT	16
#define WATCHER		"/sys/kernel/tracing/instances/clock_trace_perf_%d"

/* Its size divides that of the buffer, so no sample wraps. */
struct sample {
	struct perf_event_header header;
	__u64 time;
	__u64 address;
	__u32 cpu, reserved;
};

FIXTURE(perf_event) {
	char watcher[96];
	long page;
};

static int open_event(struct perf_event_attr *attr, pid_t pid, int cpu, int group)
{
	attr->size = sizeof(*attr);
	return RAW_SYSCALL(__NR_perf_event_open, attr, pid, cpu, group,
			   PERF_FLAG_FD_CLOEXEC);
}

/* A sample for each page fault of a task, with its time and the address */
static struct perf_event_attr page_faults(clockid_t clock)
{
	return (struct perf_event_attr){
		.type		= PERF_TYPE_SOFTWARE,
		.config		= PERF_COUNT_SW_PAGE_FAULTS_MIN,
		.sample_period	= 1,
		.sample_type	= PERF_SAMPLE_TIME | PERF_SAMPLE_ADDR | PERF_SAMPLE_CPU,
		.disabled	= 1,
		.exclude_hv	= 1,
		.use_clockid	= 1,
		.clockid	= clock,
	};
}

static int open_page_faults(clockid_t clock)
{
	struct perf_event_attr attr = page_faults(clock);

	return open_event(&attr, 0, -1, -1);
}

FIXTURE_SETUP(perf_event)
{
	const char *why = abi_missing(&abi_vdso);
	int fd;

	self->page = sysconf(_SC_PAGESIZE);
	if (why)
		SKIP(return, "%s", why);
	fd = open_page_faults(CLOCK_MONOTONIC);
	if (fd < 0)
		SKIP(return, "no perf events here: %s", strerror(-fd));
	close(fd);
}

FIXTURE_TEARDOWN_PARENT(perf_event)
{
	if (self->watcher[0])
		rmdir(self->watcher);
}

TEST_F(perf_event, clock_ids)
{
	int fd = open_page_faults(CLOCK_TRACE);

	EXPECT_LE(0, fd);
	close(fd);
	EXPECT_EQ(-EINVAL, open_page_faults(CLOCK_TRACE_UNORDERED));
	EXPECT_EQ(-EINVAL, open_page_faults(CLOCK_TRACE_FREQ));
	EXPECT_EQ(-EINVAL, open_page_faults(CLOCK_TRACE + 1));
}

/* Also those whose samples come in NMIs, where the CPU has such */
TEST_F(perf_event, kinds_of_events)
{
	static const struct {
		__u32 type;
		__u64 config;
	} kind[] = {
		{ PERF_TYPE_SOFTWARE, PERF_COUNT_SW_CPU_CLOCK },
		{ PERF_TYPE_SOFTWARE, PERF_COUNT_SW_TASK_CLOCK },
		{ PERF_TYPE_SOFTWARE, PERF_COUNT_SW_CONTEXT_SWITCHES },
		{ PERF_TYPE_SOFTWARE, PERF_COUNT_SW_DUMMY },
		{ PERF_TYPE_HARDWARE, PERF_COUNT_HW_CPU_CYCLES },
	};
	unsigned int i;
	int opened = 0;

	for (i = 0; i < ARRAY_SIZE(kind); i++) {
		struct perf_event_attr attr = page_faults(CLOCK_MONOTONIC);
		int mono, trace;

		attr.type = kind[i].type;
		attr.config = kind[i].config;
		mono = open_event(&attr, 0, -1, -1);
		attr.clockid = CLOCK_TRACE;
		trace = open_event(&attr, 0, -1, -1);
		EXPECT_EQ(mono < 0, trace < 0)
			TH_LOG("event %u/%llu: %d and %d", kind[i].type, kind[i].config,
			       mono, trace);
		opened += trace >= 0;
		if (mono >= 0)
			close(mono);
		if (trace >= 0)
			close(trace);
	}
	EXPECT_LE(4, opened);
}

TEST_F(perf_event, one_clock_in_a_group)
{
	struct perf_event_attr attr = page_faults(CLOCK_TRACE);
	int leader, member;

	leader = open_event(&attr, 0, -1, -1);
	ASSERT_LE(0, leader);
	member = open_event(&attr, 0, -1, leader);
	EXPECT_LE(0, member);
	attr.clockid = CLOCK_MONOTONIC;
	EXPECT_EQ(-EINVAL, open_event(&attr, 0, -1, leader));
	attr.use_clockid = 0;
	attr.clockid = 0;
	EXPECT_EQ(-EINVAL, open_event(&attr, 0, -1, leader));
	close(member);
	close(leader);
}

static struct perf_event_mmap_page *map_event(int fd, long page)
{
	void *map = mmap(NULL, (1 + DATA_PAGES) * page, PROT_READ | PROT_WRITE,
			 MAP_SHARED, fd, 0);

	return map == MAP_FAILED ? NULL : map;
}

/*
 * Reads the next sample of a fault at this address, or of any fault without one. Others
 * are skipped: the kernel may take a page of the program's own away at any time, and the
 * dynamic linker touches pages for the first time when a function is first called.
 */
static bool next_sample(struct perf_event_mmap_page *map, long page, const void *address,
			__u64 *time)
{
	__u64 head = __atomic_load_n(&map->data_head, __ATOMIC_ACQUIRE);
	struct sample *sample;
	bool found = false;

	while (!found && map->data_tail != head) {
		sample = (void *)((char *)map + page + map->data_tail % (DATA_PAGES * page));
		if (sample->header.type == PERF_RECORD_SAMPLE &&
		    sample->header.size == sizeof(*sample)) {
			*time = sample->time;
			found = !address || sample->address == (uintptr_t)address;
		}
		__atomic_store_n(&map->data_tail, map->data_tail + sample->header.size,
				 __ATOMIC_RELEASE);
	}
	return found;
}

static char *map_memory(long page)
{
	void *map = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return map == MAP_FAILED ? NULL : map;
}

/* Makes the next access to this page fault */
static int drop_memory(void *memory, long page)
{
	return madvise(memory, page, MADV_DONTNEED);
}

TEST_F_TIMEOUT(perf_event, samples_in_their_brackets, LONG_TIMEOUT)
{
	struct reading before, after;
	struct perf_event_mmap_page *map;
	char *touched, *other;
	int fd, i, inside = 0;
	__u64 time, epoch;

	fd = open_page_faults(CLOCK_TRACE);
	ASSERT_LE(0, fd);
	map = map_event(fd, self->page);
	ASSERT_NE(NULL, map);
	touched = map_memory(self->page);
	ASSERT_NE(NULL, touched);
	other = map_memory(self->page);
	ASSERT_NE(NULL, other);
	ASSERT_EQ(0, abi_read(&abi_vdso, CLOCK_TRACE, &before));
	ASSERT_EQ(0, abi_read(&abi_vdso, CLOCK_TRACE, &after));
	epoch = before.epoch;
	ASSERT_EQ(0, ioctl(fd, PERF_EVENT_IOC_ENABLE, 0));
	for (i = 0; i < SAMPLES; i++) {
		while (next_sample(map, self->page, NULL, &time))
			;
		ASSERT_EQ(0, drop_memory(touched, self->page));
		if (i % OTHER_FAULT == 0) {
			ASSERT_EQ(0, drop_memory(other, self->page));
			__atomic_store_n(other, 1, __ATOMIC_RELAXED);
		}
		abi_read(&abi_vdso, CLOCK_TRACE, &before);
		__atomic_store_n(touched, 1, __ATOMIC_RELAXED);
		abi_read(&abi_vdso, CLOCK_TRACE, &after);
		ASSERT_TRUE(next_sample(map, self->page, touched, &time));
		ASSERT_LE(before.value, time);
		ASSERT_GE(after.value, time);
		ASSERT_EQ(epoch, after.epoch);
		inside++;
	}
	TH_LOG("%d of %d samples are in their brackets", inside, SAMPLES);
	close(fd);
}

/* time_zero would have user space take these times for those of the default clock */
TEST_F(perf_event, no_time_zero)
{
	struct perf_event_attr attr = page_faults(0);
	struct perf_event_mmap_page *map;
	int fd;

	attr.use_clockid = 0;
	fd = open_event(&attr, 0, -1, -1);
	ASSERT_LE(0, fd);
	map = map_event(fd, self->page);
	ASSERT_NE(NULL, map);
	TH_LOG("default clock: cap_user_time %u, cap_user_time_zero %u",
	       (unsigned int)map->cap_user_time, (unsigned int)map->cap_user_time_zero);
	close(fd);
	fd = open_page_faults(CLOCK_TRACE);
	ASSERT_LE(0, fd);
	map = map_event(fd, self->page);
	ASSERT_NE(NULL, map);
	ASSERT_EQ(0, ioctl(fd, PERF_EVENT_IOC_ENABLE, 0));
	EXPECT_FALSE((bool)map->cap_user_time_zero);
	close(fd);
}

/* A buffer has the records of several events in the order of one clock. */
TEST_F(perf_event, one_clock_in_a_buffer)
{
	int fd, same, other;

	fd = open_page_faults(CLOCK_TRACE);
	ASSERT_LE(0, fd);
	ASSERT_NE(NULL, map_event(fd, self->page));
	same = open_page_faults(CLOCK_TRACE);
	ASSERT_LE(0, same);
	other = open_page_faults(CLOCK_MONOTONIC);
	ASSERT_LE(0, other);
	EXPECT_EQ(0, ioctl(same, PERF_EVENT_IOC_SET_OUTPUT, fd));
	EXPECT_EQ(-1, ioctl(other, PERF_EVENT_IOC_SET_OUTPUT, fd));
	EXPECT_EQ(EINVAL, errno);
	close(other);
	close(same);
	close(fd);
}

/* From now on, calls that hold the clock or let go of it, by any task */
static const char *start_watching(char *watcher, size_t size)
{
	static const char *const setting[][2] = {
		{ "set_ftrace_filter", "clock_trace_get" },
		{ "set_ftrace_filter", "clock_trace_put" },
		{ "current_tracer", "function" },
	};
	char path[160];
	int i;

	snprintf(watcher, size, WATCHER, getpid());
	if (mkdir(watcher, 0700)) {
		watcher[0] = '\0';
		return "no trace instance can be made (root, CONFIG_FTRACE, tracefs)";
	}
	for (i = 0; i < 3; i++) {
		snprintf(path, sizeof(path), "%s/%s", watcher, setting[i][0]);
		if (write_text(path, setting[i][1]))
			return "cannot watch the calls (CONFIG_FUNCTION_TRACER)";
	}
	return NULL;
}

static void expect_calls(struct __test_metadata *_metadata, const char *watcher,
			 int gets, int puts)
{
	int seen_gets = 0, seen_puts = 0;
	char path[160], line[512];
	FILE *trace;

	snprintf(path, sizeof(path), "%s/trace", watcher);
	trace = fopen(path, "r");
	ASSERT_NE(NULL, trace);
	while (fgets(line, sizeof(line), trace)) {
		seen_gets += !!strstr(line, ": clock_trace_get ");
		seen_puts += !!strstr(line, ": clock_trace_put ");
	}
	fclose(trace);
	EXPECT_EQ(gets, seen_gets);
	EXPECT_EQ(puts, seen_puts);
}

TEST_F_TIMEOUT(perf_event, held_while_open, LONG_TIMEOUT)
{
	struct perf_event_attr attr = page_faults(CLOCK_TRACE);
	struct perf_event_mmap_page *map;
	const char *why = start_watching(self->watcher, sizeof(self->watcher));
	int fd, other;

	if (why)
		SKIP(return, "%s", why);
	fd = open_page_faults(CLOCK_TRACE);
	ASSERT_LE(0, fd);
	expect_calls(_metadata, self->watcher, 1, 0);
	close(fd);
	expect_calls(_metadata, self->watcher, 1, 1);

	/* The mapping keeps the event. */
	fd = open_page_faults(CLOCK_TRACE);
	ASSERT_LE(0, fd);
	map = map_event(fd, self->page);
	ASSERT_NE(NULL, map);
	close(fd);
	ASSERT_EQ(0, munmap(map, (1 + DATA_PAGES) * self->page));
	expect_calls(_metadata, self->watcher, 2, 2);

	/* Refused after the clock was set: the group has another one. */
	other = open_page_faults(CLOCK_MONOTONIC);
	ASSERT_LE(0, other);
	expect_calls(_metadata, self->watcher, 2, 2);
	EXPECT_EQ(-EINVAL, open_event(&attr, 0, -1, other));
	expect_calls(_metadata, self->watcher, 3, 3);
	close(other);
	expect_calls(_metadata, self->watcher, 3, 3);
}

TEST_F_TIMEOUT(perf_event, held_while_inherited, LONG_TIMEOUT)
{
	struct perf_event_attr attr = page_faults(CLOCK_TRACE);
	const char *why = start_watching(self->watcher, sizeof(self->watcher));
	int fd, go[2], status;
	pid_t child;
	char c;

	if (why)
		SKIP(return, "%s", why);
	attr.inherit = 1;
	fd = open_event(&attr, 0, -1, -1);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, pipe(go));
	child = fork();
	ASSERT_LE(0, child);
	if (!child) {
		close(go[1]);
		_exit(read(go[0], &c, 1) != 1);
	}
	expect_calls(_metadata, self->watcher, 1, 0);
	/* The child's copy refers to the event, which closing the last file ends. */
	close(fd);
	ASSERT_EQ(1, write(go[1], "g", 1));
	ASSERT_EQ(child, waitpid(child, &status, 0));
	EXPECT_EQ(0, status);
	expect_calls(_metadata, self->watcher, 1, 1);
}

int main(int argc, char **argv)
{
	skip_without_clock();
	return test_harness_run(argc, argv);
}
