// SPDX-License-Identifier: GPL-2.0
/*
 * Measures ticks per batch of calls. In each round every row gets one batch in
 * each mode, in another order each time, so that a change of the CPU's frequency
 * or a busy neighbour falls on all rows alike.
 *
 * Calls are made as the C library makes them: the function's address is loaded
 * and tested, the call is indirect, and its result is tested.
 */
#define _GNU_SOURCE
#include <cpuid.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "counter.h"
#include "tick.h"

#define CACHE_LINE		64
#define MAX_COLD_LINES		160
#define WARM_UP_CALLS		16
#define OVERHEAD_READINGS	1001

#define noinline_aligned	__attribute__((noinline, aligned(64)))
#define likely(x)		__builtin_expect(!!(x), 1)

/* What a batch needs to know of its row */
struct target {
	vdso_fn fn;
	int clock;

	const uint8_t *cold_lines[MAX_COLD_LINES];
	uint32_t nr_cold_lines;
};

/*
 * A zero that the compiler cannot know: adds the result of a call to the arguments
 * of the next without changing them.
 */
static volatile uint64_t zero;

static inline __attribute__((always_inline))
bool call_target(const struct target *target, struct timespec64 *ts)
{
	vdso_fn fn = *(const vdso_fn volatile *)&target->fn;
	int ret;

	if (likely(fn)) {
		ret = fn(target->clock, ts);
		if (likely(!ret))
			return true;
		if (ret != -ENOSYS) {
			errno = -ret;
			return false;
		}
	}
	errno = ENOSYS;
	return false;
}

/*
 * The two loops, for a call as well as for the inline instructions. Both return
 * the ticks that @n readings took, or 0 if one failed.
 */
#define DEFINE_BATCHES(name, read)						\
static noinline_aligned								\
uint64_t name##_throughput(const struct target *target, uint32_t n)		\
{										\
	struct timespec64 ts;							\
	uint64_t start;								\
	uint32_t i;								\
										\
	start = read_fenced();							\
	for (i = 0; i < n; i++) {						\
		if (!read(target, &ts))						\
			return 0;						\
	}									\
	return read_fenced() - start;						\
}										\
										\
static noinline_aligned								\
uint64_t name##_latency(const struct target *target, uint32_t n)		\
{										\
	const uintptr_t mask = zero;						\
	struct timespec64 buffer;						\
	struct timespec64 *ts = &buffer;					\
	uint64_t start;								\
	uint32_t i;								\
										\
	start = read_fenced();							\
	for (i = 0; i < n; i++) {						\
		if (!read(target, ts))						\
			return 0;						\
		/* Reading the TSC has no input: only a fence makes it wait. */	\
		ts = (void *)((uintptr_t)ts + ((uintptr_t)ts->tv_sec & mask));	\
		asm volatile("lfence" : "+r" (ts) :: "memory");			\
	}									\
	return read_fenced() - start;						\
}										\
										\
static noinline_aligned								\
uint64_t name##_cold(const struct target *target, uint32_t n)			\
{										\
	struct timespec64 ts;							\
	uint64_t start, sum = 0;						\
	uint32_t i, line;							\
										\
	for (i = 0; i < n; i++) {						\
		for (line = 0; line < target->nr_cold_lines; line++)		\
			__builtin_ia32_clflush(target->cold_lines[line]);	\
		__builtin_ia32_mfence();					\
		start = read_fenced();						\
		if (!read(target, &ts))						\
			return 0;						\
		sum += read_fenced() - start;					\
	}									\
	return sum;								\
}

#define DEFINE_INLINE(name)							\
static inline __attribute__((always_inline))					\
bool name##_target(const struct target *target, struct timespec64 *ts)		\
{										\
	(void)target;								\
	*(volatile job_s64 *)&ts->tv_sec = read_##name();			\
	return true;								\
}										\
DEFINE_BATCHES(name, name##_target)

DEFINE_BATCHES(call, call_target)
DEFINE_INLINE(rdtsc)
DEFINE_INLINE(lfence_rdtsc)
DEFINE_INLINE(rdtscp)

/* The least that a clock behind a call can cost: it takes the counter on trust. */
#define DEFINE_CALLED(name)							\
static noinline_aligned								\
int called_##name(int clock, void *result)					\
{										\
	struct timespec64 *ts = result;						\
										\
	(void)clock;								\
	ts->tv_sec = read_##name();						\
	ts->tv_nsec = 1;							\
	return 0;								\
}

DEFINE_CALLED(rdtsc)
DEFINE_CALLED(lfence_rdtsc)
DEFINE_CALLED(rdtscp)

typedef uint64_t (*batch_fn)(const struct target *target, uint32_t n);

#define BATCHES(name)	{							\
	[MODE_THROUGHPUT] = name##_throughput, [MODE_LATENCY] = name##_latency,	\
	[MODE_TICK_WRITER] = name##_throughput, [MODE_COLD] = name##_cold }

static const batch_fn call_batches[NR_MODES] = BATCHES(call);
static const vdso_fn called_functions[] = {
	[CALLED_RDTSC] = called_rdtsc,
	[CALLED_LFENCE_RDTSC] = called_lfence_rdtsc,
	[CALLED_RDTSCP] = called_rdtscp,
};

static const batch_fn inline_batches[][NR_MODES] = {
	[INLINE_RDTSC] = BATCHES(rdtsc),
	[INLINE_LFENCE_RDTSC] = BATCHES(lfence_rdtsc),
	[INLINE_RDTSCP] = BATCHES(rdtscp),
};

struct measurement {
	struct runner *runner;
	struct target targets[JOB_MAX_ROWS];
	const batch_fn *batches[JOB_MAX_ROWS];
	uint32_t order[JOB_MAX_ROWS];
	uint32_t nr_order;
	uint64_t seed;
};

static bool has_rdtscp(void)
{
	unsigned int eax, ebx, ecx, edx;

	return __get_cpuid(0x80000001, &eax, &ebx, &ecx, &edx) && edx & (1 << 27);
}

static void add_cold_lines(struct target *target, const uint8_t *start, uint32_t size)
{
	const uint8_t *end = start + size;
	const uint8_t *line = (const uint8_t *)((uintptr_t)start & ~(CACHE_LINE - 1UL));

	for (; line < end && target->nr_cold_lines < MAX_COLD_LINES; line += CACHE_LINE)
		target->cold_lines[target->nr_cold_lines++] = line;
}

static void add_cold_lines_of_image(struct target *target, const struct mapped_image *mapped)
{
	const struct job_image *image = mapped->image;
	const uint8_t *time_page = mapped->data + image->time_data;

	add_cold_lines(target, time_page + image->time.hres, image->time.clock_size);
	add_cold_lines(target, time_page + image->time.raw, image->time.clock_size);
	if (image->trace_data != JOB_NONE)
		add_cold_lines(target, mapped->data + image->trace_data, image->trace.size);
}

static void add_cold_lines_of_machine(struct target *target)
{
	FILE *maps = fopen("/proc/self/maps", "r");
	unsigned long start;
	char line[512];

	while (maps && fgets(line, sizeof(line), maps)) {
		if (!strstr(line, "[vvar]") || sscanf(line, "%lx", &start) != 1)
			continue;
		add_cold_lines(target, (const uint8_t *)start, JOB_PAGE_SIZE);
	}
	if (maps)
		fclose(maps);
}

static bool prepare_target(struct measurement *m, uint32_t index)
{
	struct runner *runner = m->runner;
	struct job_row *row = &runner->job->rows[index];
	struct target *target = &m->targets[index];
	struct timespec64 ts;

	if (row->source == SOURCE_INLINE) {
		if ((row->clock == INLINE_RDTSCP || row->clock == CALLED_RDTSCP) && !has_rdtscp())
			return false;
		/* The same flushes before the call as for an image, to be comparable */
		if (runner->job->nr_images)
			add_cold_lines_of_image(target, &runner->images[0]);
		if (row->clock < CALLED_RDTSC) {
			m->batches[index] = inline_batches[row->clock];
		} else {
			target->fn = called_functions[row->clock];
			m->batches[index] = call_batches;
		}
		return true;
	}

	target->fn = find_entry(runner, row);
	target->clock = row->clock;
	m->batches[index] = call_batches;

	if (row->source == SOURCE_IMAGE) {
		add_cold_lines_of_image(target, &runner->images[row->image]);
		if (!call_target(target, &ts))
			die(runner, "clock %d of the %s image fails: %s", row->clock,
			    runner->job->images[row->image].name, strerror(errno));
		return true;
	}

	add_cold_lines_of_machine(target);
	return call_target(target, &ts);
}

static uint64_t random_below(struct measurement *m, uint64_t limit)
{
	m->seed ^= m->seed << 13;
	m->seed ^= m->seed >> 7;
	m->seed ^= m->seed << 17;
	return m->seed % limit;
}

static void shuffle(struct measurement *m)
{
	uint32_t i, j, row;

	for (i = m->nr_order; i > 1; i--) {
		j = random_below(m, i);
		row = m->order[i - 1];
		m->order[i - 1] = m->order[j];
		m->order[j] = row;
	}
}

/* How often the thread has left its CPU, of its own will or not */
static long context_switches(void)
{
	struct rusage usage;

	getrusage(RUSAGE_THREAD, &usage);
	return usage.ru_nivcsw + usage.ru_nvcsw;
}

static void sample(struct measurement *m, uint32_t mode, uint32_t row, uint32_t round)
{
	struct job *job = m->runner->job;
	uint32_t n = mode == MODE_COLD ? job->cold_batch : job->batch;
	batch_fn batch = m->batches[row][mode];
	const struct target *target = &m->targets[row];
	uint64_t ticks;
	long switches;

	switches = context_switches();
	if (mode != MODE_COLD)
		batch(target, WARM_UP_CALLS);
	ticks = batch(target, n);
	if (!ticks)
		die(m->runner, "clock %d failed while it was measured: %s",
		    job->rows[row].clock, strerror(errno));
	if (context_switches() != switches)
		ticks = SAMPLE_PREEMPTED;

	*job_sample(job, mode, row, round) = ticks;
}

static bool wants(const struct job *job, uint32_t mode)
{
	return job->modes & (1U << mode);
}

static void measure_round(struct measurement *m, struct tick_writer *tick, uint32_t round)
{
	struct job *job = m->runner->job;
	uint32_t i, mode;

	update_images(m->runner);
	shuffle(m);
	for (i = 0; i < m->nr_order; i++) {
		for (mode = 0; mode < NR_MODES; mode++) {
			if (mode != MODE_TICK_WRITER && wants(job, mode))
				sample(m, mode, m->order[i], round);
		}
	}

	if (!wants(job, MODE_TICK_WRITER))
		return;

	tick_switch(tick, true);
	for (i = 0; i < m->nr_order; i++) {
		/* The machine's own page is the kernel's to write. */
		if (job->rows[m->order[i]].source != SOURCE_MACHINE)
			sample(m, MODE_TICK_WRITER, m->order[i], round);
	}
	tick_switch(tick, false);
}

static int compare_ticks(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

/* What the cold loop measures of itself: the median of empty readings */
static uint64_t cold_overhead(void)
{
	static uint64_t ticks[OVERHEAD_READINGS];
	uint64_t start;
	uint32_t i;

	for (i = 0; i < OVERHEAD_READINGS; i++) {
		start = read_fenced();
		ticks[i] = read_fenced() - start;
	}
	qsort(ticks, OVERHEAD_READINGS, sizeof(ticks[0]), compare_ticks);
	return ticks[OVERHEAD_READINGS / 2];
}

void run_measure(struct runner *runner)
{
	static struct measurement m;
	struct job *job = runner->job;
	struct tick_writer tick;
	uint32_t i;

	m.runner = runner;
	m.seed = read_rdtsc() | 1;
	pin_to_cpu(runner, job->cpu);
	if (wants(job, MODE_TICK_WRITER))
		tick_start(&tick, runner);

	for (i = 0; i < job->nr_rows; i++) {
		job->rows[i].present = prepare_target(&m, i);
		if (job->rows[i].present)
			m.order[m.nr_order++] = i;
	}
	job->cold_overhead = cold_overhead();

	for (i = 0; i < job->rounds; i++) {
		measure_round(&m, &tick, i);
		job->rounds_done = i + 1;
	}

	if (wants(job, MODE_TICK_WRITER))
		tick_stop(&tick);
}
