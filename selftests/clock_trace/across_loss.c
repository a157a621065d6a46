// SPDX-License-Identifier: GPL-2.0
/*
 * Claim: CLOCK_TRACE loses its counter while threads on all CPUs read it as fast as
 * they can. None of them sees a step back, a torn value, or a value of one time
 * line with the epoch of the other; and once anybody has seen the new epoch, nobody
 * gets the old one any more.
 *
 * The arguments say how trust is lost: this program writes to files, or something else
 * takes it away after "READY" was printed. See usage().
 */
#include <getopt.h>
#include <pthread.h>
#include <stdalign.h>
#include <stdarg.h>

#include "clock_trace_loss.h"

#define MAX_THREADS	64
#define MAX_WRITES	8
/* Reads of each thread before anything is written */
#define WARM_UP		20000UL
/* Every how many reads is one by system call, and one followed by a frequency */
#define SYSCALL_EVERY	16
#define READER_PRIORITY	10
#define FREQ_EVERY	32

/* The time line before the loss and the one after it */
enum { OLD, NEW, LINES };

/**
 * struct thread - one reader
 * @newest: its newest value of each time line, which the others look at
 * @reads: how many values of each line it has got
 * @highest: the highest value of each line
 * @lowest: the lowest one
 * @back: values that were less than one that was read before
 * @torn: values with an epoch or a frequency that belongs to no line
 * @off_counter: values of the old line that the counter did not have then
 * @late: values of the old line after one of the new line was seen
 * @own_back: steps back within the old line, where the hardware may make them
 * @first_new_ns: CLOCK_MONOTONIC when it first saw the new epoch
 * @index: its number
 * @cpu: where it stays
 * @error: why it could not do its work, -errno
 * @thread: the thread
 */
struct thread {
	alignas(64) __u64 newest[LINES];
	alignas(64) unsigned long reads[LINES];
	__u64 highest[LINES];
	__u64 lowest[LINES];
	unsigned long back;
	unsigned long torn;
	unsigned long off_counter;
	unsigned long late;
	unsigned long own_back;
	__u64 first_new_ns;
	int index;
	int cpu;
	int error;
	pthread_t thread;
};

static struct thread threads[MAX_THREADS];
static int nr_threads = 4;
static __u64 epochs[LINES], frequency;
/* The counters of the CPUs differ in truth, not only as the check sees them */
static bool skewed;
/* The threads leave their CPUs to nobody */
static bool fifo;
static bool stop;

static __u64 monotonic_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * NSEC_PER_SEC + ts.tv_nsec;
}

/* The line that an epoch names, LINES if there is a third epoch */
static int line_of(__u64 epoch)
{
	__u64 none = 0;

	if (epoch == epochs[OLD])
		return OLD;
	if (!epoch || epoch > EPOCH_MAX)
		return LINES;
	if (__atomic_compare_exchange_n(&epochs[NEW], &none, epoch, false,
					__ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
		return NEW;
	return none == epoch ? NEW : LINES;
}

/* The first few things that go wrong, in full */
static void __printf(1, 2) tell(const char *format, ...)
{
	static int told;
	va_list args;

	if (__atomic_fetch_add(&told, 1, __ATOMIC_RELAXED) >= 10)
		return;
	printf("# ");
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
}

static void check_frequency(struct thread *t)
{
	__u64 ts[2] = { 0, 0 };

	vdso_gettime(CLOCK_TRACE_FREQ, ts);
	if (ts[0] == frequency && line_of(ts[1]) != LINES)
		return;
	tell("thread %d: frequency %llu in epoch %llu", t->index, ts[0], ts[1]);
	t->torn++;
}

static void check_value(struct thread *t, int line, __u64 value, const __u64 *seen,
			__u64 before, __u64 after)
{
	if (line == OLD && seen[NEW]) {
		tell("thread %d: epoch %llu after epoch %llu was seen", t->index,
		     epochs[OLD], epochs[NEW]);
		t->late++;
	}
	if (line == OLD && before && (value < before || value > after)) {
		tell("thread %d: epoch %llu with %llu, but the counter was at %llu to %llu",
		     t->index, epochs[OLD], value, before, after);
		t->off_counter++;
	}
	if (line == OLD && skewed) {
		t->own_back += value < t->newest[OLD];
		return;
	}
	if (value < seen[OLD] || (line == NEW && value < seen[NEW])) {
		tell("thread %d: %llu in epoch %llu after %llu and %llu were seen",
		     t->index, value, epochs[line], seen[OLD], seen[NEW]);
		t->back++;
	}
}

/* What no reader on any thread's CPU can have got more than until now */
static __u64 highest_counter(struct thread *t)
{
	__u64 highest = 0;
	int i;

	for (i = 0; i < nr_threads && !t->error; i++) {
		t->error = pin_to_cpu(threads[i].cpu);
		if (counter_now() > highest)
			highest = counter_now();
	}
	if (!t->error)
		t->error = pin_to_cpu(t->cpu);
	return highest;
}

static void read_once(struct thread *t, bool by_syscall)
{
	__u64 seen[LINES] = { 0, 0 }, ts[2] = { 0, 0 }, before, after, value;
	int i, line;

	for (i = 0; i < nr_threads; i++) {
		for (line = 0; line < LINES; line++) {
			value = __atomic_load_n(&threads[i].newest[line], __ATOMIC_ACQUIRE);
			if (value > seen[line])
				seen[line] = value;
		}
	}

	before = counter_now();
	if (by_syscall)
		sys_gettime(CLOCK_TRACE, ts);
	else
		vdso_gettime(CLOCK_TRACE, ts);
	after = counter_now();

	line = line_of(ts[1]);
	if (line == LINES) {
		tell("thread %d: %llu in epoch %llu", t->index, ts[0], ts[1]);
		t->torn++;
		return;
	}
	/*
	 * A read that the loss overtakes may answer with the highest value of all CPUs: where
	 * they differ, that is another CPU's counter.
	 */
	if (skewed && line == OLD && before && ts[0] > after)
		after = highest_counter(t);
	check_value(t, line, ts[0], seen, before, after);
	if (line == NEW && !t->reads[NEW])
		t->first_new_ns = monotonic_ns();
	if (ts[0] > t->highest[line])
		t->highest[line] = ts[0];
	if (ts[0] < t->lowest[line])
		t->lowest[line] = ts[0];
	__atomic_store_n(&t->newest[line], ts[0], __ATOMIC_RELEASE);
	__atomic_store_n(&t->reads[line], t->reads[line] + 1, __ATOMIC_RELAXED);
}

/* Above all that the kernel does in threads of ordinary priority */
static int be_fifo(int priority)
{
	struct sched_param param = { .sched_priority = priority };

	return sched_setscheduler(0, SCHED_FIFO, &param) ? -errno : 0;
}

static void *reader(void *data)
{
	struct thread *t = data;
	unsigned long n;

	t->error = pin_to_cpu(t->cpu);
	if (!t->error && fifo)
		t->error = be_fifo(READER_PRIORITY);
	for (n = 1; !t->error && !__atomic_load_n(&stop, __ATOMIC_RELAXED); n++) {
		read_once(t, n % SYSCALL_EVERY == 0);
		if (n % FREQ_EVERY == 0)
			check_frequency(t);
	}
	return NULL;
}

/* Have all threads read so much of a line; false if that takes longer than @seconds */
static bool await_reads(int line, unsigned long reads, unsigned int seconds)
{
	__u64 end = monotonic_ns() + seconds * NSEC_PER_SEC;
	int i;

	for (i = 0; i < nr_threads; i++) {
		while (__atomic_load_n(&threads[i].reads[line], __ATOMIC_RELAXED) < reads) {
			if (threads[i].error || monotonic_ns() > end)
				return false;
			usleep(2000);
		}
	}
	return true;
}

static unsigned long sum(size_t offset)
{
	unsigned long total = 0;
	int i;

	for (i = 0; i < nr_threads; i++)
		total += *(unsigned long *)((char *)&threads[i] + offset);
	return total;
}

#define SUM(member)	sum(offsetof(struct thread, member))

static void report_times(__u64 start)
{
	__u64 first = UINT64_MAX, last = 0;
	int i;

	for (i = 0; i < nr_threads; i++) {
		if (threads[i].first_new_ns < first)
			first = threads[i].first_new_ns;
		if (threads[i].first_new_ns > last)
			last = threads[i].first_new_ns;
	}
	printf("# reads: %lu before the loss, %lu after it, by %d threads\n",
	       SUM(reads[OLD]), SUM(reads[NEW]), nr_threads);
	printf("# all threads saw the new epoch within %llu us\n", (last - first) / 1000);
	if (start)
		printf("# from the start of the fault to the first read after the loss: %llu us\n",
		       (first - start) / 1000);
}

static void judge(void)
{
	__u64 highest = 0, lowest = UINT64_MAX;
	int i;

	for (i = 0; i < nr_threads; i++) {
		if (threads[i].highest[OLD] > highest)
			highest = threads[i].highest[OLD];
		if (threads[i].lowest[NEW] < lowest)
			lowest = threads[i].lowest[NEW];
	}
	printf("# epoch %llu ended at %llu, epoch %llu began at %llu: %lld ticks later\n",
	       epochs[OLD], highest, epochs[NEW], lowest, lowest - highest);
	if (skewed)
		printf("# steps back of the counter itself before the loss: %lu\n",
		       SUM(own_back));

	ksft_test_result(!SUM(back), "no thread saw a step back%s\n",
			 skewed ? " from the loss on" : "");
	ksft_test_result(lowest >= highest,
			 "no value of the new time line is less than any of the old one\n");
	ksft_test_result(!SUM(torn), "value, epoch and frequency always belonged together\n");
	ksft_test_result(!SUM(late), "nobody got the old epoch after the new one was seen\n");
	if (counter_now())
		ksft_test_result(!SUM(off_counter),
				 "all values of the old epoch were the counter's\n");
	else
		ksft_test_result_skip("programs cannot read the counter\n");
}

static void usage(const char *name)
{
	printf("Usage: %s [OPTION]...\n"
	       "Read CLOCK_TRACE in threads on all CPUs while it loses its counter.\n"
	       "  -w FILE=TEXT  once all threads read, write TEXT to FILE (may be repeated)\n"
	       "  -x            the counters differ in truth: values of different CPUs are\n"
	       "                only compared from the loss on\n"
	       "  -f            the threads are SCHED_FIFO\n"
	       "  -n THREADS    number of threads (4); they are spread over the CPUs\n"
	       "  -r READS      reads of each thread after the loss (20000)\n"
	       "  -t SECONDS    how long to wait for the loss (120)\n", name);
}

int main(int argc, char **argv)
{
	unsigned long reads = 20000, seconds = 120;
	int cpu[MAX_THREADS], cpus, i, err, option;
	const char *writes[MAX_WRITES];
	int nr_writes = 0;
	struct reading r;
	__u64 start = 0;
	bool lost;

	setvbuf(stdout, NULL, _IOLBF, 0);
	while ((option = getopt(argc, argv, "fhn:r:t:w:x")) != -1) {
		switch (option) {
		case 'f':
			fifo = true;
			break;
		case 'n':
			nr_threads = parse_count(optarg, MAX_THREADS);
			break;
		case 'r':
			reads = parse_count(optarg, 100000000);
			break;
		case 't':
			seconds = parse_count(optarg, 3600);
			break;
		case 'w':
			if (nr_writes == MAX_WRITES)
				ksft_exit_fail_msg("at most %d files\n", MAX_WRITES);
			writes[nr_writes++] = optarg;
			break;
		case 'x':
			skewed = true;
			break;
		default:
			usage(argv[0]);
			return option == 'h' ? 0 : KSFT_FAIL;
		}
	}

	begin_with_counter();
	ksft_set_plan(5);

	if (abi_read(&abi_vdso, CLOCK_TRACE_FREQ, &r))
		ksft_exit_fail_msg("cannot read the frequency\n");
	epochs[OLD] = r.epoch;
	frequency = r.value;

	cpus = usable_cpus(cpu, MAX_THREADS);
	for (i = 0; i < nr_threads; i++) {
		threads[i].index = i;
		threads[i].cpu = cpu[i % cpus];
		threads[i].lowest[OLD] = UINT64_MAX;
		threads[i].lowest[NEW] = UINT64_MAX;
	}
	/* This thread watches them. */
	if (fifo && be_fifo(READER_PRIORITY + 1))
		ksft_exit_skip("cannot be SCHED_FIFO\n");
	for (i = 0; i < nr_threads; i++) {
		err = pthread_create(&threads[i].thread, NULL, reader, &threads[i]);
		if (err)
			ksft_exit_fail_msg("cannot start a thread: %s\n", strerror(err));
	}
	if (!await_reads(OLD, WARM_UP, seconds))
		ksft_exit_fail_msg("the threads do not read, or the counter was lost before\n");

	printf("# READY\n");
	if (nr_writes)
		start = monotonic_ns();
	for (i = 0; i < nr_writes; i++) {
		err = do_write(writes[i]);
		if (err)
			ksft_exit_fail_msg("%s: %s\n", writes[i], strerror(-err));
	}
	lost = await_reads(NEW, 1, seconds);
	if (lost)
		printf("# LOST\n");
	lost = lost && await_reads(NEW, reads, seconds);
	__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
	for (i = 0; i < nr_threads; i++) {
		pthread_join(threads[i].thread, NULL);
		if (threads[i].error)
			ksft_exit_fail_msg("a thread cannot run on CPU %d\n", threads[i].cpu);
	}
	if (!lost)
		ksft_exit_fail_msg("not all threads got values of a new epoch in %lu s\n",
				   seconds);
	report_times(start);
	judge();
	ksft_finished();
}
