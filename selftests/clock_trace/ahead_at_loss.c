// SPDX-License-Identifier: GPL-2.0
/*
 * Claim: what was read on a CPU whose counter is ahead is not undone by a loss of
 * trust that this CPU has no part in. It does not read the clock any more after the
 * value that counts, so the kernel has to ask it how far its counter is. From there
 * the clock goes on as fast as CLOCK_MONOTONIC.
 *
 * Waits until a CPU is ahead, for which "READY" is the sign: by so much that the
 * other one does not catch up before the loss, or a wrong value could not be told.
 *
 * With -a the program raises TSC_ADJUST on that CPU itself. The kernel finds that, restores
 * the register, and with it the counter, and has the clock lose trust on its own.
 */
#include "clock_trace_loss.h"

/* At least; a counter that is synchronized is never ahead of a later reading */
#define AHEAD_SECONDS	1

static __u64 monotonic_ns(void)
{
	struct timespec ts;

	syscall(__NR_clock_gettime, CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * NSEC_PER_SEC + ts.tv_nsec;
}

static struct reading read_on(int cpu)
{
	struct reading r;

	if (pin_to_cpu(cpu))
		ksft_exit_fail_msg("cannot run on CPU %d\n", cpu);
	if (abi_read(&abi_vdso, CLOCK_TRACE, &r))
		ksft_exit_fail_msg("cannot read the clock\n");
	return r;
}

/* Nothing is read on @ahead after the value that this returns */
static struct reading await_ahead(int ahead, int other, __u64 frequency,
				  unsigned int seconds)
{
	__u64 end = monotonic_ns() + seconds * NSEC_PER_SEC;
	struct reading a, b;

	do {
		a = read_on(ahead);
		b = read_on(other);
		if (a.epoch != b.epoch)
			ksft_exit_fail_msg("the counter was lost before\n");
		if (a.value > b.value && a.value - b.value > AHEAD_SECONDS * frequency) {
			ksft_print_msg("CPU %d read %llu, and then CPU %d %llu, in epoch %llu\n",
				       ahead, a.value, other, b.value, a.epoch);
			return a;
		}
		usleep(10000);
	} while (monotonic_ns() < end);
	ksft_exit_fail_msg("CPU %d did not get ahead of CPU %d in %u s\n", ahead, other,
			   seconds);
}

static __u64 ns_to_ticks(__u64 ns, __u64 frequency)
{
	return ns / NSEC_PER_SEC * frequency + ns % NSEC_PER_SEC * frequency / NSEC_PER_SEC;
}

/* A clock that stands still does not go back either */
static bool goes_on(const struct reading *first, __u64 first_ns, __u64 frequency, int cpu)
{
	__u64 start_ns, ticks, least, most;
	struct reading r;

	start_ns = monotonic_ns();
	usleep(100000);
	least = monotonic_ns() - start_ns;
	r = read_on(cpu);
	most = monotonic_ns() - first_ns;

	ticks = r.value - first->value;
	least = ns_to_ticks(least, frequency);
	most = ns_to_ticks(most, frequency);
	ksft_print_msg("%llu ticks later, when it had to be %llu to %llu\n", ticks, least,
		       most);
	/* Each reading is rounded down to a tick */
	return r.epoch == first->epoch && ticks + 1 >= least && ticks <= most + 1;
}

/*
 * The first reading of the new time line; @ns is CLOCK_MONOTONIC before it was made. Sleeps
 * on @ahead, so that it becomes idle again and again: the kernel looks at TSC_ADJUST when a
 * CPU becomes idle, but only once in a second, and an idle CPU may stay idle for minutes.
 */
static struct reading await_fallback(const struct reading *before, int cpu, int ahead,
				     __u64 *ns)
{
	__u64 end = monotonic_ns() + LONG_TIMEOUT * NSEC_PER_SEC;
	struct reading r;

	do {
		*ns = monotonic_ns();
		r = read_on(cpu);
		if (r.epoch != before->epoch)
			return r;
		if (pin_to_cpu(ahead))
			ksft_exit_fail_msg("cannot run on CPU %d\n", ahead);
		usleep(1000);
	} while (*ns < end);
	ksft_exit_fail_msg("the counter was not lost in %u s\n", LONG_TIMEOUT);
}

/*
 * On @cpu. The kernel looks at the register when the CPU becomes idle, which it does not
 * before the thread leaves it: the value is read while nobody knows.
 */
static struct reading raise_tsc_adjust(int cpu, const char *path, __u64 frequency)
{
	struct reading before = read_on(cpu), after;
	char argument[256];
	int err;

	snprintf(argument, sizeof(argument), "%s=%llu", path, frequency * 3600);
	err = do_write(argument);
	if (err == -ENODEV)
		ksft_exit_skip("the CPU has no TSC_ADJUST\n");
	if (err)
		ksft_exit_fail_msg("%s: %s\n", argument, strerror(-err));
	after = read_on(cpu);
	if (after.epoch != before.epoch)
		ksft_exit_fail_msg("the counter was lost before\n");
	if (after.value - before.value < frequency * 3600)
		ksft_exit_fail_msg("CPU %d did not get ahead\n", cpu);
	ksft_print_msg("CPU %d read %llu, and then %llu, in epoch %llu\n", cpu, before.value,
		       after.value, after.epoch);
	return after;
}

static void usage(const char *name)
{
	printf("Usage: %s FILE=TEXT\n"
	       "       %s -a FILE\n"
	       "Wait for the second CPU to get ahead of the first, and read CLOCK_TRACE there. Then\n"
	       "write TEXT to FILE on the first, which shall make the clock lose its counter. Or,\n"
	       "with -a, raise TSC_ADJUST of the second one through FILE, and wait until the kernel\n"
	       "finds that.\n", name, name);
}

int main(int argc, char **argv)
{
	struct reading frequency, before, after, elsewhere;
	bool adjust = argc == 3 && !strcmp(argv[1], "-a");
	__u64 counter, after_ns;
	int cpu[2], err;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc != 2 && !adjust) {
		usage(argv[0]);
		return KSFT_FAIL;
	}

	begin_with_counter();
	if (usable_cpus(cpu, ARRAY_SIZE(cpu)) < 2)
		ksft_exit_skip("there is only one CPU\n");
	if (!counter_now())
		ksft_exit_skip("programs cannot read the counter\n");
	ksft_set_plan(4);

	if (abi_read(&abi_vdso, CLOCK_TRACE_FREQ, &frequency))
		ksft_exit_fail_msg("cannot read the frequency\n");
	printf("# READY\n");
	if (adjust) {
		before = raise_tsc_adjust(cpu[1], argv[2], frequency.value);
	} else {
		before = await_ahead(cpu[1], cpu[0], frequency.value, LONG_TIMEOUT);
		err = do_write(argv[1]);
		if (err)
			ksft_exit_fail_msg("%s: %s\n", argv[1], strerror(-err));
	}
	after = await_fallback(&before, cpu[0], cpu[1], &after_ns);
	counter = counter_now();
	printf("# LOST\n");

	ksft_print_msg("%llu in epoch %llu after the loss, with the counter at %llu\n",
		       after.value, after.epoch, counter);
	if (counter >= before.value)
		ksft_exit_fail_msg("CPU %d has caught up meanwhile: this shows nothing\n",
				   cpu[0]);
	ksft_test_result(after.epoch != before.epoch, "there is a new epoch\n");
	ksft_test_result(after.value >= before.value,
			 "it begins at no less than was read on CPU %d\n", cpu[1]);
	ksft_test_result(goes_on(&after, after_ns, frequency.value, cpu[0]),
			 "it goes on with CLOCK_MONOTONIC, in ticks of the same frequency\n");
	after = read_on(cpu[0]);
	elsewhere = read_on(cpu[1]);
	ksft_test_result(elsewhere.epoch == after.epoch && elsewhere.value >= after.value,
			 "CPU %d is on the same time line\n", cpu[1]);
	ksft_finished();
}
