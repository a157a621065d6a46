// SPDX-License-Identifier: GPL-2.0
/*
 * The functions of clock_trace.h on the kernel that runs, which has the clock or not: what the
 * header promises for that case is tested, and the other case is not taken for a failure, unless
 * CLOCK_TRACE_EXPECT in the environment says "present" or "absent".
 */
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/time.h>
#include <sys/wait.h>

#include "clock_trace.h"
#include "tap.h"

#define NR_THREADS 4
#define NR_READS 100000
#define NR_SIGNALS 100
#define NSEC_PER_SEC 1000000000

static const struct clock_trace_reading untouched = { 0x5555555555555555, 0x55555555 };

/* What every thread found out first, at once. */
struct first_use {
	pthread_barrier_t *barrier;
	int available;
	clockid_t clock;
};

static void *use_first(void *arg)
{
	struct first_use *use = arg;

	pthread_barrier_wait(use->barrier);
	use->available = clock_trace_available();
	use->clock = clock_trace_or_monotonic();
	return NULL;
}

/* Before anything else, so that the threads race for what is found out on first use. */
static void test_first_use(void)
{
	struct first_use use[NR_THREADS];
	pthread_t threads[NR_THREADS];
	pthread_barrier_t barrier;
	int i, same = 1;

	pthread_barrier_init(&barrier, NULL, NR_THREADS);
	for (i = 0; i < NR_THREADS; i++) {
		use[i].barrier = &barrier;
		if (pthread_create(&threads[i], NULL, use_first, &use[i])) {
			puts("Bail out! cannot start a thread");
			exit(1);
		}
	}
	for (i = 0; i < NR_THREADS; i++) {
		pthread_join(threads[i], NULL);
		same &= use[i].available == clock_trace_available();
		same &= use[i].clock == (use[i].available ? CLOCK_TRACE : CLOCK_MONOTONIC);
	}
	tap_ok(same, "threads that use it first at once find the same");
}

static int64_t ns_of(clockid_t clock)
{
	int64_t ns = -1;

	return clock_trace_priv_ns(clock, &ns) ? -1 : ns;
}

static int refused(int ret)
{
	return ret == -1 && (errno == EINVAL || errno == ENOSYS);
}

static void test_absent(void)
{
	struct clock_trace_reading reading = untouched;
	struct clock_trace_sample sample = { 1, 2, 3 };
	struct clock_trace_pairing pairing = { .value = 4 };
	uint64_t value = untouched.value;
	int64_t before, after;

	errno = 77;
	tap_ok(!clock_trace_available() && errno == 77, "not available, errno left alone");
	tap_ok(refused(clock_trace_read(&value)) &&
		       refused(clock_trace_read_unordered(&value)) &&
		       refused(clock_trace_frequency(&value)) &&
		       refused(clock_trace_resolution(&value)) && value == untouched.value,
	       "values are refused");
	tap_ok(refused(clock_trace_read_epoch(&reading)) &&
		       refused(clock_trace_read_unordered_epoch(&reading)) &&
		       refused(clock_trace_frequency_epoch(&reading)) &&
		       refused(clock_trace_read_syscall(CLOCK_TRACE, &reading)) &&
		       reading.value == untouched.value && reading.epoch == untouched.epoch,
	       "readings with epoch are refused");
	tap_ok(refused(clock_trace_read_sample(&sample)) && sample.value == 1 &&
		       sample.frequency == 2 && sample.epoch == 3,
	       "samples are refused");
	tap_ok(refused(clock_trace_pair(CLOCK_REALTIME, 1, &pairing)) && pairing.value == 4,
	       "pairing is refused");

	before = ns_of(CLOCK_MONOTONIC);
	tap_ok(clock_trace_read_or_monotonic(&value) == CLOCK_MONOTONIC,
	       "the fallback is CLOCK_MONOTONIC");
	tap_ok(clock_trace_sample_or_monotonic(&sample) == CLOCK_MONOTONIC &&
		       sample.frequency == NSEC_PER_SEC && sample.epoch == 0,
	       "the fallback has 1 GHz and no epoch");
	after = ns_of(CLOCK_MONOTONIC);
	tap_ok(before > 0 && (uint64_t)before <= value && value <= sample.value &&
		       sample.value <= (uint64_t)after,
	       "the fallback is CLOCK_MONOTONIC in ns");
}

static void test_readings(void)
{
	struct clock_trace_reading frequency, unordered, called;
	struct clock_trace_sample sample;
	uint64_t hz = 0, ns = 0;

	errno = 77;
	tap_ok(clock_trace_available() && errno == 77, "available, errno left alone");
	tap_ok(!clock_trace_read_sample(&sample) && sample.epoch >= 1 &&
		       sample.epoch <= 999999999,
	       "sample with an epoch that is in range");
	tap_ok(!clock_trace_frequency(&hz) && hz == sample.frequency,
	       "frequency as in the sample");
	tap_ok(!clock_trace_frequency_epoch(&frequency) && frequency.value == hz &&
		       frequency.epoch == sample.epoch,
	       "frequency with the same epoch");
	tap_ok(!clock_trace_read_syscall(CLOCK_TRACE_FREQ, &called) && called.value == hz &&
		       called.epoch == sample.epoch,
	       "frequency and epoch by system call");
	tap_ok(!clock_trace_read_unordered_epoch(&unordered) && unordered.epoch == sample.epoch,
	       "unordered reading with the same epoch");
	tap_ok(!clock_trace_read_unordered(&ns) && ns >= sample.value, "unordered value");
	tap_ok(!clock_trace_resolution(&ns) && ns == (NSEC_PER_SEC + hz - 1) / hz,
	       "resolution is a tick, rounded up");
	errno = 0;
	tap_ok(clock_trace_read_syscall(CLOCK_MONOTONIC, &called) && errno == EINVAL,
	       "only the trace clocks are read by system call");
}

static void test_order(void)
{
	struct clock_trace_reading a, b, c;
	int i, back = 0, failed = 0;
	uint64_t last = 0, now;

	for (i = 0; i < NR_READS; i++) {
		failed = clock_trace_read(&now);
		if (failed)
			break;
		back += now < last;
		last = now;
	}
	tap_ok(!failed && !back, "%d readings do not go back", NR_READS);

	for (i = 0; i < 1000; i++) {
		failed = clock_trace_read_epoch(&a) ||
			 clock_trace_read_syscall(CLOCK_TRACE, &b) ||
			 clock_trace_read_epoch(&c);
		if (failed)
			break;
		back += a.epoch == c.epoch &&
			(a.epoch != b.epoch || a.value > b.value || b.value > c.value);
	}
	tap_ok(!failed && !back, "system call between two readings, 1000 times");
}

#if defined(__x86_64__) || defined(__i386__)

static int sysfs_says(const char *file, const char *text)
{
	char path[64], line[64] = "";
	FILE *stream;

	snprintf(path, sizeof(path), "/sys/kernel/clock_trace/%s", file);
	stream = fopen(path, "r");
	if (!stream)
		return 0;
	if (!fgets(line, sizeof(line), stream))
		line[0] = '\0';
	fclose(stream);
	line[strcspn(line, "\n")] = '\0';
	return !strcmp(line, text);
}

/* Fenced on both sides, so that neither moves over a reading. */
static uint64_t rdtsc(void)
{
	uint32_t low, high;

	__asm__ __volatile__("lfence; rdtsc; lfence" : "=a"(low), "=d"(high) : : "memory");
	return (uint64_t)high << 32 | low;
}

static void test_counter(void)
{
	const char *name = "each way to read is between two of rdtsc, 1000 times";
	struct clock_trace_reading reading;
	uint64_t before, after, ordered, unordered;
	int i, outside = 0;

	if (!sysfs_says("source", "tsc") || !sysfs_says("state", "counter")) {
		tap_skip(name, "the clock is not the TSC");
		return;
	}
	for (i = 0; i < 1000; i++) {
		before = rdtsc();
		if (clock_trace_read(&ordered) || clock_trace_read_unordered(&unordered) ||
		    clock_trace_read_syscall(CLOCK_TRACE, &reading))
			break;
		after = rdtsc();
		outside += ordered < before || ordered > after || unordered < before ||
			   unordered > after || reading.value < before || reading.value > after;
	}
	tap_ok(i == 1000 && !outside, "%s", name);
}

#else

static void test_counter(void)
{
}

#endif

/* The same span in ticks and by CLOCK_MONOTONIC_RAW; crystals and their calibration may differ. */
static void test_pairing(void)
{
	struct clock_trace_pairing first, second;
	struct timespec pause = { 0, 50000000 };
	int64_t before, after, predicted, error;
	uint64_t allowed, ns;

	before = ns_of(CLOCK_REALTIME);
	if (!tap_ok(!clock_trace_pair(CLOCK_REALTIME, 5, &first) && first.epoch &&
			    first.frequency && first.other == CLOCK_REALTIME,
		    "pairing with CLOCK_REALTIME"))
		return;
	after = ns_of(CLOCK_REALTIME);
	tap_ok(before <= first.other_ns && first.other_ns <= after,
	       "the other clock is CLOCK_REALTIME");
	tap_ok(!clock_trace_pairing_to_ns(&first, first.value, &predicted) &&
		       predicted == first.other_ns,
	       "a pairing converts its own value to its own time");

	if (clock_trace_pair(CLOCK_MONOTONIC_RAW, 100, &first) || nanosleep(&pause, NULL) ||
	    clock_trace_pair(CLOCK_MONOTONIC_RAW, 100, &second) ||
	    clock_trace_pairing_to_ns(&first, second.value, &predicted) ||
	    clock_trace_ticks_to_ns(first.uncertainty + second.uncertainty, first.frequency,
				    &ns)) {
		tap_ok(0, "pairings with CLOCK_MONOTONIC_RAW");
		return;
	}
	/* 200 ppm, the uncertainty of both, and what was rounded off. */
	allowed = (uint64_t)(second.other_ns - first.other_ns) / 5000 + ns + 3;
	error = predicted - second.other_ns;
	tap_ok(first.epoch == second.epoch && (uint64_t)llabs(error) <= allowed,
	       "one pairing predicts another within %llu ns: off by %lld ns",
	       (unsigned long long)allowed, (long long)error);
}

static void test_pairing_errors(void)
{
	struct clock_trace_pairing pairing = { .value = 4 };

	errno = 0;
	tap_ok(clock_trace_pair(CLOCK_REALTIME, 0, &pairing) && errno == EINVAL,
	       "pairing without a round is refused");
	errno = 0;
	tap_ok(clock_trace_pair(CLOCK_TRACE, 1, &pairing) && errno == EINVAL,
	       "pairing with itself is refused");
	errno = 0;
	tap_ok(clock_trace_pair(12, 1, &pairing) && errno == EINVAL && pairing.value == 4,
	       "pairing with a clock that does not exist is refused");
}

static volatile sig_atomic_t nr_signals;
static volatile sig_atomic_t bad_signals;
/* The last value that was read before a signal. */
static volatile uint64_t before_signal;

static void read_in_handler(int signal)
{
	int saved = errno;
	uint64_t least = before_signal;
	uint64_t now;

	(void)signal;
	if (clock_trace_read_or_monotonic(&now) < 0 || now < least)
		bad_signals++;
	nr_signals++;
	errno = saved;
}

static void test_signals(void)
{
	const struct itimerval often = { { 0, 1000 }, { 0, 1000 } },
			       never = { { 0, 0 }, { 0, 0 } };
	struct sigaction action;
	uint64_t now = 0;
	int failed = 0;

	memset(&action, 0, sizeof(action));
	action.sa_handler = read_in_handler;
	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &often, NULL);
	while (nr_signals < NR_SIGNALS) {
		failed += clock_trace_read_or_monotonic(&now) < 0;
#if __SIZEOF_POINTER__ == 8
		/* Elsewhere a signal could come between the halves. */
		before_signal = now;
#endif
	}
	setitimer(ITIMER_REAL, &never, NULL);
	tap_ok(!failed && !bad_signals, "%d signal handlers read while the program reads",
	       (int)nr_signals);
}

/* Runs in a child; returns its exit status, or -1. */
static int in_child(int (*run)(void))
{
	int status;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (!pid)
		_exit(run());
	if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		return -1;
	return WEXITSTATUS(status);
}

static uint64_t before_fork;

static int read_in_child(void)
{
	uint64_t now = 0;

	return clock_trace_read_or_monotonic(&now) != clock_trace_or_monotonic() ||
	       now < before_fork;
}

static void test_fork(void)
{
	clock_trace_read_or_monotonic(&before_fork);
	tap_ok(!in_child(read_in_child), "a child reads what comes after its parent");
}

#ifdef CLOCK_TRACE_PRIV_NR_LEGACY
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>

/* How a filter answers clock_gettime64. */
static int answer;

static int forbid_gettime64(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, CLOCK_TRACE_PRIV_NR, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (unsigned int)answer),
	};
	struct sock_fprog program = { sizeof(code) / sizeof(code[0]), code };

	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	       prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0);
}

enum { LEGACY_OK, LEGACY_BAD, NO_FILTER };

/* The old call as the last resort: value, frequency, and a clock of another kind. */
static int use_legacy(void)
{
	struct clock_trace_reading before, called, after, frequency;
	struct clock_trace_priv_timespec ts;
	int64_t ns;

	if (forbid_gettime64())
		return NO_FILTER;

	if (clock_trace_priv_syscall(CLOCK_MONOTONIC, &ts))
		return LEGACY_BAD;
	ns = ts.sec * NSEC_PER_SEC + ts.nsec;
	if (ns <= 0 || ns > ns_of(CLOCK_MONOTONIC))
		return LEGACY_BAD;

	if (!clock_trace_available())
		return refused(clock_trace_read_syscall(CLOCK_TRACE, &called)) ? LEGACY_OK
									       : LEGACY_BAD;
	if (clock_trace_read_epoch(&before) || clock_trace_read_syscall(CLOCK_TRACE, &called) ||
	    clock_trace_read_epoch(&after) ||
	    clock_trace_read_syscall(CLOCK_TRACE_FREQ, &frequency))
		return LEGACY_BAD;
	if (called.epoch || frequency.epoch || before.value > called.value ||
	    called.value > after.value)
		return LEGACY_BAD;
	return clock_trace_frequency(&called.value) || called.value != frequency.value
		       ? LEGACY_BAD
		       : LEGACY_OK;
}

static void test_legacy(int error, const char *name)
{
	int result;

	answer = error;
	result = in_child(use_legacy);
	if (result == NO_FILTER)
		tap_skip(name, "this kernel cannot filter system calls");
	else
		tap_ok(result == LEGACY_OK, "%s", name);
}

static void test_without_gettime64(void)
{
	test_legacy(ENOSYS, "the old system call where clock_gettime64 is missing");
	test_legacy(EPERM, "the old system call where clock_gettime64 is forbidden");
}

#else

static void test_without_gettime64(void)
{
}

#endif

static int as_expected(int available)
{
	const char *expect = getenv("CLOCK_TRACE_EXPECT");

	if (!expect || !*expect)
		return 1;
	return !strcmp(expect, available ? "present" : "absent");
}

int main(void)
{
	int available;

	tap_begin();
	test_first_use();
	available = clock_trace_available();
	tap_ok(as_expected(available), "the kernel %s CLOCK_TRACE",
	       available ? "has" : "does not have");
	if (available) {
		test_readings();
		test_order();
		test_counter();
		test_pairing();
		test_pairing_errors();
	} else {
		test_absent();
	}
	test_signals();
	test_fork();
	test_without_gettime64();
	return tap_end();
}
