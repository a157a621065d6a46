// SPDX-License-Identifier: GPL-2.0
/*
 * What reading a clock costs: CLOCK_TRACE's ids beside those that a program would take
 * otherwise, through the vDSO and by system call, alone and while other CPUs read the
 * same clock.
 *
 * Claim: no result is impossible. Each read succeeds, the clock does not go back, the
 * ticks that passed during a measurement fit the time that it took. A result that is slow
 * is no failure.
 *
 * Diagnostics show a table, in nanoseconds; one line, "# JSON: ", has the same for
 * scripts. See usage() for a run that loses the counter, which shows the clock in
 * fallback as well and wants a boot of its own.
 */
#include <getopt.h>
#include <pthread.h>
#include <stdalign.h>

#include "clock_trace_loss.h"

#define MAX_READERS	64
#define MAX_ROUNDS	1001
/* What makes reading CLOCK_MONOTONIC_RAW around a batch not matter */
#define BATCH_NS	200000
#define MAX_BATCH	16777216UL
/* Long enough for all readers to get their turn where CPUs are virtual */
#define RATE_NS		50000000

typedef long (*gettime_fn)(clockid_t id, void *ts);

struct clock {
	clockid_t id;
	const char *name;
};

/* The first one is what the others are compared with. */
static const struct clock clocks[] = {
	{ CLOCK_MONOTONIC, "MONOTONIC" },
	{ CLOCK_MONOTONIC_RAW, "MONOTONIC_RAW" },
	{ CLOCK_MONOTONIC_COARSE, "MONOTONIC_COARSE" },
	{ CLOCK_TRACE, "TRACE" },
	{ CLOCK_TRACE_UNORDERED, "TRACE_UNORDERED" },
	{ CLOCK_TRACE_FREQ, "TRACE_FREQ" },
};

#define NR_CLOCKS	ARRAY_SIZE(clocks)

/**
 * struct path - a way to read a clock
 * @abi: its name, and clock_gettime() where @vdso_name is negative
 * @vdso_name: the function in the vDSO
 */
struct path {
	const struct clock_abi *abi;
	int vdso_name;
};

static const struct path paths[] = {
#if __SIZEOF_LONG__ == 8
	{ &abi_vdso, VDSO_NAME_GETTIME },
#else
	{ &abi_vdso, VDSO_NAME_GETTIME64 },
	{ &abi_vdso_time32, VDSO_NAME_GETTIME },
	{ &abi_sys_time32, -1 },
#endif
	{ &abi_sys, -1 },
};

#define NR_PATHS	ARRAY_SIZE(paths)

/**
 * struct work - what all readers read at the moment
 * @number: counts up with each change, even while the other members change
 * @gettime: the function
 * @clock: its argument
 * @stop: the readers end
 */
static struct {
	alignas(64) unsigned int number;
	gettime_fn gettime;
	clockid_t clock;
	bool stop;
} work;

/**
 * struct reader - a thread that reads while the main thread measures
 * @number: the work that it has begun
 * @reads: how often it has read
 * @failed: reads that returned an error
 * @cpu: where it stays
 * @error: why it could not do its work, -errno
 * @thread: the thread
 */
struct reader {
	alignas(64) unsigned int number;
	unsigned long reads;
	unsigned long failed;
	int cpu;
	int error;
	pthread_t thread;
};

static struct reader readers[MAX_READERS];

/**
 * struct result - of a clock, on one path, with a number of readers
 * @ns: ns for each read, one for each batch; sorted when they are complete
 * @samples: number of batches
 * @per_second: reads per second of all readers together
 */
struct result {
	double ns[MAX_ROUNDS];
	unsigned int samples;
	double per_second;
};

static vdso_fn vdso_gettime_fn;
static unsigned int rounds = 31;
static __u64 granularity_ns;
static int cpus[MAX_READERS], nr_cpus;

static long call_vdso(clockid_t id, void *ts)
{
	return vdso_gettime_fn(id, ts);
}

static __u64 raw_ns(void)
{
	struct timespec ts;

	if (clock_gettime(CLOCK_MONOTONIC_RAW, &ts))
		ksft_exit_fail_msg("cannot read CLOCK_MONOTONIC_RAW\n");
	return ts.tv_sec * NSEC_PER_SEC + ts.tv_nsec;
}

/* The smallest step of the clock that times the batches */
static __u64 find_granularity(void)
{
	__u64 smallest = UINT64_MAX, last = raw_ns(), now;
	int i;

	for (i = 0; i < 100; i++) {
		do {
			now = raw_ns();
		} while (now == last);
		if (now < last)
			ksft_exit_fail_msg("CLOCK_MONOTONIC_RAW went back\n");
		if (now - last < smallest)
			smallest = now - last;
		last = now;
	}
	return smallest;
}

static void *reader_main(void *data)
{
	gettime_fn gettime = NULL;
	unsigned int number, begun = 0;
	__u64 ts[2] = { 0, 0 };
	struct reader *r = data;
	unsigned long reads = 0;
	clockid_t clock = 0;

	r->error = pin_to_cpu(r->cpu);
	while (!r->error && !__atomic_load_n(&work.stop, __ATOMIC_ACQUIRE)) {
		number = __atomic_load_n(&work.number, __ATOMIC_ACQUIRE);
		if (number != begun) {
			gettime = __atomic_load_n(&work.gettime, __ATOMIC_RELAXED);
			clock = __atomic_load_n(&work.clock, __ATOMIC_RELAXED);
			begun = number;
			__atomic_store_n(&r->number, begun, __ATOMIC_RELEASE);
		}
		if (!gettime)
			continue;
		r->failed += gettime(clock, ts) != 0;
		__atomic_store_n(&r->reads, ++reads, __ATOMIC_RELAXED);
	}
	return NULL;
}

static void start_readers(int nr)
{
	int i, err;

	__atomic_store_n(&work.stop, false, __ATOMIC_RELEASE);
	for (i = 1; i < nr; i++) {
		memset(&readers[i], 0, sizeof(readers[i]));
		readers[i].cpu = cpus[i];
		err = pthread_create(&readers[i].thread, NULL, reader_main, &readers[i]);
		if (err)
			ksft_exit_fail_msg("cannot start a thread: %s\n", strerror(err));
	}
}

/* Returns the reads that failed */
static unsigned long stop_readers(int nr)
{
	unsigned long failed = 0;
	int i;

	__atomic_store_n(&work.stop, true, __ATOMIC_RELEASE);
	for (i = 1; i < nr; i++) {
		pthread_join(readers[i].thread, NULL);
		if (readers[i].error)
			ksft_exit_fail_msg("cannot pin a thread to CPU %d\n", readers[i].cpu);
		failed += readers[i].failed;
	}
	return failed;
}

/* Have the readers read another clock, and wait until all of them do */
static void set_work(int nr, clockid_t clock, gettime_fn gettime)
{
	unsigned int number = work.number + 1;
	int i;

	__atomic_store_n(&work.clock, clock, __ATOMIC_RELAXED);
	__atomic_store_n(&work.gettime, gettime, __ATOMIC_RELAXED);
	__atomic_store_n(&work.number, number, __ATOMIC_RELEASE);
	for (i = 1; i < nr; i++)
		while (__atomic_load_n(&readers[i].number, __ATOMIC_ACQUIRE) != number &&
		       !__atomic_load_n(&readers[i].error, __ATOMIC_RELAXED))
			;
}

/**
 * struct run - all measurements in one state of the clock
 * @state: the state in words
 * @frequency: of CLOCK_TRACE
 * @epoch: its epoch
 * @impossible: results that cannot be
 */
static struct {
	char state[32];
	__u64 frequency;
	__u64 epoch;
	unsigned long impossible;
} run;

/* The first few impossible results, in full */
static void __printf(1, 2) impossible(const char *format, ...)
{
	va_list args;

	if (run.impossible++ >= 10)
		return;
	printf("# impossible: ");
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
}

static bool counts_ticks(clockid_t id)
{
	return id == CLOCK_TRACE || id == CLOCK_TRACE_UNORDERED;
}

static double ticks_to_ns(__u64 ticks)
{
	return (double)ticks * NSEC_PER_SEC / run.frequency;
}

/**
 * struct batch - what was read in and around a batch of reads
 * @before: ahead of @start_ns
 * @first: behind @start_ns
 * @last: ahead of @end_ns
 * @after: behind @end_ns
 * @start_ns: CLOCK_MONOTONIC_RAW
 * @end_ns: the same
 * @failed: reads that returned an error
 */
struct batch {
	__u64 before[2], first[2], last[2], after[2];
	__u64 start_ns, end_ns;
	unsigned long failed;
};

static void measure_batch(struct batch *b, gettime_fn gettime, clockid_t id, unsigned long reads)
{
	unsigned long i;

	memset(b, 0, sizeof(*b));
	b->failed += gettime(id, b->before) != 0;
	b->start_ns = raw_ns();
	b->failed += gettime(id, b->first) != 0;
	for (i = 1; i < reads; i++)
		b->failed += gettime(id, b->last) != 0;
	b->end_ns = raw_ns();
	b->failed += gettime(id, b->after) != 0;
}

/*
 * The clock has to pass as much time as another one does, within 1 %: far more than two
 * clocks of one machine are apart, far less than is missing in one that stands still or
 * whose values are not its own.
 */
static void check_batch(const struct batch *b, const struct path *path, const struct clock *clock)
{
	double ns = b->end_ns - b->start_ns, slack = ns / 100 + 2000 + 2 * granularity_ns;
	const char *name = path->abi->name;

	if (b->failed)
		impossible("%s, %s: %lu reads failed", name, clock->name, b->failed);
	if (clock->id == CLOCK_TRACE_FREQ && b->last[0] != run.frequency)
		impossible("%s: the frequency is %llu, and was %llu", name, b->last[0],
			   run.frequency);
	if (!counts_ticks(clock->id))
		return;
	if (b->before[0] > b->first[0] || b->first[0] > b->last[0] || b->last[0] > b->after[0])
		impossible("%s, %s: %llu, then %llu, %llu, and %llu", name, clock->name,
			   b->before[0], b->first[0], b->last[0], b->after[0]);
	else if (ticks_to_ns(b->last[0] - b->first[0]) > ns + slack ||
		 ticks_to_ns(b->after[0] - b->before[0]) < ns - slack)
		impossible("%s, %s: %.0f to %.0f ns passed in what took %.0f ns", name,
			   clock->name, ticks_to_ns(b->last[0] - b->first[0]),
			   ticks_to_ns(b->after[0] - b->before[0]), ns);
}

/* How many reads take long enough to be timed */
static unsigned long size_of_batch(gettime_fn gettime, clockid_t id)
{
	unsigned long reads;
	struct batch b;

	for (reads = 16; reads < MAX_BATCH; reads *= 2) {
		measure_batch(&b, gettime, id, reads);
		if (b.end_ns - b.start_ns >= BATCH_NS + 100 * granularity_ns)
			break;
	}
	return reads;
}

static unsigned long reads_of_others(int nr_readers)
{
	unsigned long sum = 0;
	int i;

	for (i = 1; i < nr_readers; i++)
		sum += __atomic_load_n(&readers[i].reads, __ATOMIC_RELAXED);
	return sum;
}

static void add_sample(struct result *r, const struct path *path, const struct clock *clock,
		       gettime_fn gettime, unsigned long reads, int nr_readers)
{
	struct batch b;

	set_work(nr_readers, clock->id, gettime);
	measure_batch(&b, gettime, clock->id, reads);
	check_batch(&b, path, clock);
	if (b.end_ns <= b.start_ns)
		impossible("%s, %s: %lu reads took no time", path->abi->name, clock->name, reads);
	r->ns[r->samples++] = (double)(b.end_ns - b.start_ns) / reads;
}

/* How much all readers read together */
static void measure_rate(struct result *r, const struct clock *clock, gettime_fn gettime,
			 unsigned long reads, int nr_readers)
{
	unsigned long others, own = 0;
	__u64 start, end;
	struct batch b;

	set_work(nr_readers, clock->id, gettime);
	others = reads_of_others(nr_readers);
	start = raw_ns();
	do {
		measure_batch(&b, gettime, clock->id, reads);
		own += reads;
		end = raw_ns();
	} while (end - start < RATE_NS);
	others = reads_of_others(nr_readers) - others;
	r->per_second = (own + others) * (double)NSEC_PER_SEC / (end - start);
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* @quarters is 1 or 3 for a quartile, 2 for the median */
static double quantile(const double *sorted, unsigned int samples, int quarters)
{
	return sorted[(samples - 1) * quarters / 4];
}

static void report(const struct result *results, const char *path, int nr_readers, FILE *json)
{
	double lower, median, upper, ratio, base = 0;
	static const char *separator = "";
	const struct result *r;
	size_t i;

	for (i = 0; i < NR_CLOCKS; i++) {
		r = &results[i];
		lower = quantile(r->ns, r->samples, 1);
		median = quantile(r->ns, r->samples, 2);
		upper = quantile(r->ns, r->samples, 3);
		if (!i)
			base = median;
		ratio = median / base;
		printf("# %-27s %7d  %-16s %8.1f  %8.1f to %8.1f  %6.3f  %11.0f\n", path,
		       nr_readers, clocks[i].name, median, lower, upper, ratio,
		       r->per_second);
		fprintf(json, "%s{\"state\": \"%s\", \"path\": \"%s\", \"readers\": %d, ",
			separator, run.state, path, nr_readers);
		fprintf(json, "\"clock\": \"CLOCK_%s\", \"median_ns\": %.2f, ", clocks[i].name,
			median);
		fprintf(json, "\"quartiles_ns\": [%.2f, %.2f], \"least_ns\": %.2f, ", lower,
			upper, r->ns[0]);
		fprintf(json, "\"ratio\": %.4f, \"reads_per_second\": %.0f}", ratio,
			r->per_second);
		separator = ", ";
	}
}

/* The clocks in turn, so that what disturbs the machine for a while disturbs all of them */
static void measure(const struct path *path, int nr_readers, FILE *json)
{
	gettime_fn gettime = path->abi->gettime;
	static struct result results[NR_CLOCKS];
	unsigned long reads[NR_CLOCKS], failed;
	unsigned int round;
	size_t i;

	if (path->vdso_name >= 0) {
		vdso_gettime_fn = vdso_lookup(path->vdso_name);
		gettime = call_vdso;
	}
	for (i = 0; i < NR_CLOCKS; i++)
		reads[i] = size_of_batch(gettime, clocks[i].id);

	memset(results, 0, sizeof(results));
	start_readers(nr_readers);
	for (round = 0; round < rounds; round++)
		for (i = 0; i < NR_CLOCKS; i++)
			add_sample(&results[i], path, &clocks[i], gettime, reads[i], nr_readers);
	for (i = 0; i < NR_CLOCKS; i++)
		measure_rate(&results[i], &clocks[i], gettime, reads[i], nr_readers);
	failed = stop_readers(nr_readers);
	if (failed)
		impossible("%s: %lu reads of other CPUs failed", path->abi->name, failed);

	for (i = 0; i < NR_CLOCKS; i++)
		qsort(results[i].ns, results[i].samples, sizeof(double), compare);
	report(results, path->abi->name, nr_readers, json);
}

static __u64 current_epoch(void)
{
	struct reading r;

	if (abi_read(&abi_sys, CLOCK_TRACE_FREQ, &r))
		ksft_exit_fail_msg("cannot read the frequency\n");
	run.frequency = r.value;
	return r.epoch;
}

/* 1, 2, 4, ... and the highest number of readers */
static int next_number(int nr_readers)
{
	if (nr_readers == nr_cpus)
		return nr_cpus + 1;
	return nr_readers * 2 < nr_cpus ? nr_readers * 2 : nr_cpus;
}

static void measure_path(const struct path *path, FILE *json)
{
	const char *why = abi_missing(path->abi);
	int nr_readers;
	__u64 epoch;

	if (why) {
		ksft_test_result_skip("%s: %s, %s\n", run.state, path->abi->name, why);
		return;
	}
	run.impossible = 0;
	for (nr_readers = 1; nr_readers <= nr_cpus; nr_readers = next_number(nr_readers))
		measure(path, nr_readers, json);
	epoch = current_epoch();
	if (epoch != run.epoch) {
		ksft_test_result_skip("%s: %s, epoch %llu became %llu: these are figures of both\n",
				      run.state, path->abi->name, run.epoch, epoch);
		run.epoch = epoch;
		return;
	}
	ksft_test_result(!run.impossible, "%s: %s, with 1 to %d readers\n", run.state,
			 path->abi->name, nr_cpus);
}

static void measure_state(FILE *json)
{
	size_t i;

	if (read_text(CLOCK_TRACE_SYSFS "state", run.state, sizeof(run.state)))
		snprintf(run.state, sizeof(run.state), "unknown");
	run.epoch = current_epoch();
	printf("# %d-bit program, %d CPUs, CLOCK_TRACE in state \"%s\", %llu Hz\n",
	       8 * __SIZEOF_LONG__, nr_cpus, run.state, run.frequency);
	printf("# %-27s %7s  %-16s %8s  %20s  %6s  %11s\n", "ns per read", "readers", "clock",
	       "median", "quartiles", "ratio", "reads/s");
	for (i = 0; i < NR_PATHS; i++)
		measure_path(&paths[i], json);
}

/* What @writes asks for takes the counter away */
static void lose_counter(char **writes, int nr_writes)
{
	__u64 epoch = run.epoch;
	int i, err;

	for (i = 0; i < nr_writes; i++) {
		err = do_write(writes[i]);
		if (err)
			ksft_exit_fail_msg("%s: %s\n", writes[i], strerror(-err));
	}
	for (i = 0; i < 1000 * LONG_TIMEOUT; i++) {
		if (current_epoch() != epoch && no_counter())
			return;
		usleep(1000);
	}
	ksft_exit_fail_msg("the counter was not taken away\n");
}

static void usage(const char *name)
{
	printf("Usage: %s [OPTION]...\n"
	       "Measure what reading CLOCK_TRACE costs, beside other clocks.\n"
	       "  -n READERS    at most so many CPUs read at once (all)\n"
	       "  -r ROUNDS     measurements of each clock (%u)\n"
	       "  -w FILE=TEXT  then write TEXT to FILE, which is to take the counter away, and\n"
	       "                measure again (may be repeated)\n", name, rounds);
}

int main(int argc, char **argv)
{
	char *text = NULL, *writes[8];
	int nr_writes = 0, option;
	size_t length = 0;
	FILE *json;

	setvbuf(stdout, NULL, _IOLBF, 0);
	nr_cpus = usable_cpus(cpus, MAX_READERS);
	while ((option = getopt(argc, argv, "hn:r:w:")) != -1) {
		switch (option) {
		case 'n':
			nr_cpus = parse_count(optarg, nr_cpus);
			break;
		case 'r':
			rounds = parse_count(optarg, MAX_ROUNDS);
			break;
		case 'w':
			if (nr_writes == ARRAY_SIZE(writes))
				ksft_exit_fail_msg("at most %zu files\n", ARRAY_SIZE(writes));
			writes[nr_writes++] = optarg;
			break;
		default:
			usage(argv[0]);
			return option == 'h' ? 0 : KSFT_FAIL;
		}
	}

	skip_without_clock();
	ksft_print_header();
	if (nr_writes && no_counter())
		ksft_exit_skip("%s\n", no_counter());
	if (nr_cpus < 1 || pin_to_cpu(cpus[0]))
		ksft_exit_fail_msg("cannot stay on a CPU\n");
	ksft_set_plan(NR_PATHS * (nr_writes ? 2 : 1));

	granularity_ns = find_granularity();
	json = open_memstream(&text, &length);
	if (!json)
		ksft_exit_fail_msg("no memory\n");
	fprintf(json, "{\"bits\": %d, \"cpus\": %d, \"rounds\": %u, \"results\": [",
		8 * __SIZEOF_LONG__, nr_cpus, rounds);
	measure_state(json);
	if (nr_writes) {
		lose_counter(writes, nr_writes);
		measure_state(json);
	}
	fprintf(json, "]}");
	if (fclose(json))
		ksft_exit_fail_msg("no memory\n");
	printf("# JSON: %s\n", text);
	free(text);
	ksft_finished();
}
