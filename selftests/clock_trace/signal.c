// SPDX-License-Identifier: GPL-2.0
/*
 * Claim: CLOCK_TRACE may be read in a signal handler, wherever the signal comes:
 * also in the midst of a reading by the program that it interrupts. What the
 * handler reads lies between the readings before and after it.
 *
 * The program counts the handlers that interrupted the vDSO, and goes on until
 * there were enough of them.
 */
#include <pthread.h>
#include <signal.h>
#include <stdalign.h>
#include <sys/time.h>
#include <ucontext.h>

#include "clock_trace_abi.h"

#define WANTED_SIGNALS		3000
#define WANTED_IN_VDSO		20
#define TIMER_US		200

/* Shared by the program and its handler: 8 bytes in one access, also on i386. */
static alignas(8) __u64 last_read;
static alignas(8) __u64 last_handled;
static alignas(8) __u64 handler_back;
static unsigned int signals;
static unsigned int signals_in_vdso;
static unsigned long vdso_begin, vdso_end;
static clockid_t read_id;

static __u64 get(const __u64 *value)
{
	return __atomic_load_n(value, __ATOMIC_SEQ_CST);
}

static void set(__u64 *value, __u64 new)
{
	__atomic_store_n(value, new, __ATOMIC_SEQ_CST);
}

static unsigned int count(const unsigned int *counter)
{
	return __atomic_load_n(counter, __ATOMIC_SEQ_CST);
}

static unsigned long interrupted_at(const ucontext_t *uc)
{
#if defined(__x86_64__)
	return uc->uc_mcontext.gregs[REG_RIP];
#elif defined(__i386)
	return uc->uc_mcontext.gregs[REG_EIP];
#elif defined(__aarch64__)
	return uc->uc_mcontext.pc;
#elif defined(__arm__)
	return uc->uc_mcontext.arm_pc;
#else
#error "where did the signal interrupt the program on this architecture?"
#endif
}

static void find_vdso(void)
{
	char line[256];
	FILE *maps;

	maps = fopen("/proc/self/maps", "r");
	if (!maps)
		return;
	while (fgets(line, sizeof(line), maps))
		if (strstr(line, "[vdso]"))
			sscanf(line, "%lx-%lx", &vdso_begin, &vdso_end);
	fclose(maps);
}

static void handler(int sig, siginfo_t *info, void *context)
{
	unsigned long at = interrupted_at(context);
	__u64 now = trace_read(read_id);

	(void)sig;
	(void)info;
	if (now < get(&last_read) || now < get(&last_handled))
		set(&handler_back, now);
	set(&last_handled, now);
	__atomic_fetch_add(&signals, 1, __ATOMIC_SEQ_CST);
	if (at >= vdso_begin && at < vdso_end)
		__atomic_fetch_add(&signals_in_vdso, 1, __ATOMIC_SEQ_CST);
}

static bool enough_signals(void)
{
	return count(&signals) >= WANTED_SIGNALS &&
	       count(&signals_in_vdso) >= WANTED_IN_VDSO;
}

/*
 * Read until there were enough signals. What a handler has read by the time that
 * a reading begins is not later than the reading.
 */
static void expect_nested(struct __test_metadata *_metadata)
{
	__u64 handled, now;

	while (!enough_signals()) {
		handled = get(&last_handled);
		now = trace_read(read_id);
		ASSERT_LE(handled, now)
			TH_LOG("the handler was ahead of the program");
		ASSERT_LE(get(&last_read), now);
		ASSERT_EQ(0U, get(&handler_back))
			TH_LOG("the handler was behind the program");
		set(&last_read, now);
	}
	TH_LOG("%u signals, %u of them in the vDSO", count(&signals),
	       count(&signals_in_vdso));
}

FIXTURE(signal) {
};

FIXTURE_VARIANT(signal) {
	clockid_t id;
};

FIXTURE_VARIANT_ADD(signal, ordered) {
	.id = CLOCK_TRACE,
};

FIXTURE_VARIANT_ADD(signal, unordered) {
	.id = CLOCK_TRACE_UNORDERED,
};

FIXTURE_SETUP(signal)
{
	struct sigaction sa = {
		.sa_sigaction = handler,
		.sa_flags = SA_SIGINFO | SA_RESTART,
	};
	const char *why = abi_missing(&abi_vdso);

	if (why)
		SKIP(return, "%s", why);
	read_id = variant->id;
	find_vdso();
	ASSERT_NE(0U, vdso_end);
	ASSERT_EQ(0, sigaction(SIGALRM, &sa, NULL));
	ASSERT_EQ(0, sigaction(SIGUSR1, &sa, NULL));
}

FIXTURE_TEARDOWN(signal)
{
}

TEST_F_TIMEOUT(signal, interval_timer, LONG_TIMEOUT)
{
	struct itimerval storm = {
		.it_value.tv_usec = TIMER_US,
		.it_interval.tv_usec = TIMER_US,
	};
	struct itimerval off = { 0 };

	ASSERT_EQ(0, setitimer(ITIMER_REAL, &storm, NULL));
	expect_nested(_metadata);
	ASSERT_EQ(0, setitimer(ITIMER_REAL, &off, NULL));
}

static void *send_signals(void *target)
{
	while (!enough_signals())
		pthread_kill(*(pthread_t *)target, SIGUSR1);
	return NULL;
}

TEST_F_TIMEOUT(signal, from_another_thread, LONG_TIMEOUT)
{
	pthread_t self_thread = pthread_self(), sender;

	ASSERT_EQ(0, pthread_create(&sender, NULL, send_signals, &self_thread));
	expect_nested(_metadata);
	pthread_join(sender, NULL);
}

int main(int argc, char **argv)
{
	skip_without_clock();
	return test_harness_run(argc, argv);
}
