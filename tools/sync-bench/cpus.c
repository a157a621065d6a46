// SPDX-License-Identifier: GPL-2.0
/* CPUs, their interrupts and their work queues, made of threads: see kernel.h and cpus.h. */
#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cpus.h"
#include "kernel.h"
#include "util.h"

#define INTERRUPT	SIGUSR1

static struct cpu {
	pthread_t		thread;
	call_single_data_t	*csd;
	u32			ready;
	pthread_mutex_t		lock;
	pthread_cond_t		changed;
	struct work_struct	*queued;
	struct work_struct	*running;
} cpu_table[NR_CPUS];

__thread unsigned int this_cpu;
unsigned int nr_cpu_ids = NR_CPUS;
const u64 *virtual_ns;

static void futex(u32 *word, int operation, u32 value)
{
	syscall(SYS_futex, word, operation | FUTEX_PRIVATE_FLAG, value, NULL, NULL, 0);
}

static u64 clock_ns(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return ts.tv_sec * NSEC_PER_SEC + ts.tv_nsec;
}

void cpus_become(unsigned int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		fatal("cannot run on CPU %u: %s", cpu, strerror(errno));
	this_cpu = cpu;
}

static void interrupt(int signal)
{
	int saved = errno;
	call_single_data_t *csd;

	(void)signal;
	csd = __atomic_load_n(&cpu_table[this_cpu].csd, __ATOMIC_ACQUIRE);
	csd->func(csd->info);
	errno = saved;
}

static void *idle(void *arg)
{
	struct cpu *cpu = arg;
	sigset_t set;

	cpus_become(cpu - cpu_table);
	sigemptyset(&set);
	sigaddset(&set, INTERRUPT);
	pthread_sigmask(SIG_UNBLOCK, &set, NULL);
	__atomic_store_n(&cpu->ready, 1, __ATOMIC_RELEASE);
	futex(&cpu->ready, FUTEX_WAKE, 1);
	for (;;)
		pause();
	return NULL;
}

static void *work(void *arg)
{
	struct cpu *cpu = arg;

	cpus_become(cpu - cpu_table);
	pthread_mutex_lock(&cpu->lock);
	for (;;) {
		while (!cpu->queued)
			pthread_cond_wait(&cpu->changed, &cpu->lock);
		cpu->running = cpu->queued;
		cpu->queued = NULL;
		pthread_mutex_unlock(&cpu->lock);
		cpu->running->func(cpu->running);
		pthread_mutex_lock(&cpu->lock);
		cpu->running = NULL;
		pthread_cond_broadcast(&cpu->changed);
	}
	return NULL;
}

static void start_thread(pthread_t *thread, void *(*function)(void *), struct cpu *cpu)
{
	int err = pthread_create(thread, NULL, function, cpu);

	if (err)
		fatal("cannot make a thread for CPU %td: %s", cpu - cpu_table, strerror(err));
}

void cpus_start(const unsigned int *cpus, unsigned int nr)
{
	struct sigaction action = { .sa_handler = interrupt, .sa_flags = SA_RESTART };
	pthread_t worker;
	struct cpu *cpu;
	sigset_t set;
	unsigned int i;

	/* Only the threads that take the place of CPUs are interrupted */
	sigemptyset(&set);
	sigaddset(&set, INTERRUPT);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	if (sigaction(INTERRUPT, &action, NULL))
		fatal("cannot handle a signal: %s", strerror(errno));

	for (i = 0; i < nr; i++) {
		cpu = &cpu_table[cpus[i]];
		pthread_mutex_init(&cpu->lock, NULL);
		pthread_cond_init(&cpu->changed, NULL);
		start_thread(&worker, work, cpu);
		start_thread(&cpu->thread, idle, cpu);
		while (!__atomic_load_n(&cpu->ready, __ATOMIC_ACQUIRE))
			futex(&cpu->ready, FUTEX_WAIT, 0);
	}
}

int smp_call_function_single_async(unsigned int cpu, call_single_data_t *csd)
{
	__atomic_store_n(&cpu_table[cpu].csd, csd, __ATOMIC_RELEASE);
	return -pthread_kill(cpu_table[cpu].thread, INTERRUPT);
}

void reinit_completion(struct completion *completion)
{
	__atomic_store_n(&completion->done, 0, __ATOMIC_RELEASE);
}

void complete(struct completion *completion)
{
	__atomic_store_n(&completion->done, 1, __ATOMIC_RELEASE);
	futex(&completion->done, FUTEX_WAKE, 1);
}

bool completion_done(struct completion *completion)
{
	return __atomic_load_n(&completion->done, __ATOMIC_ACQUIRE);
}

unsigned long wait_for_completion_timeout(struct completion *completion, unsigned long ms)
{
	u64 start = clock_ns(CLOCK_MONOTONIC);

	while (!completion_done(completion)) {
		if (ms != MAX_SCHEDULE_TIMEOUT && clock_ns(CLOCK_MONOTONIC) - start > ms * 1000000)
			return 0;
		usleep(50);
	}
	reinit_completion(completion);
	return 1;
}

void queue_work_on(unsigned int cpu, int queue, struct work_struct *work)
{
	struct cpu *to = &cpu_table[cpu];

	(void)queue;
	pthread_mutex_lock(&to->lock);
	to->queued = work;
	pthread_cond_broadcast(&to->changed);
	pthread_mutex_unlock(&to->lock);
}

bool cancel_work(struct work_struct *work)
{
	bool cancelled = false;
	struct cpu *cpu;

	/* There is a single work, on one CPU at a time */
	for (cpu = cpu_table; cpu < cpu_table + NR_CPUS; cpu++) {
		if (!cpu->ready)
			continue;
		pthread_mutex_lock(&cpu->lock);
		if (cpu->queued == work) {
			cpu->queued = NULL;
			cancelled = true;
		}
		pthread_mutex_unlock(&cpu->lock);
	}
	return cancelled;
}

/* The scheduler preempts threads by itself. To yield would mean to be late for the meeting */
void cond_resched(void)
{
}

u64 task_sched_runtime(int task)
{
	(void)task;
	return clock_ns(CLOCK_THREAD_CPUTIME_ID);
}

u64 local_clock(void)
{
	return clock_ns(CLOCK_MONOTONIC);
}

u64 ktime_get_ns(void)
{
	return virtual_ns ? *virtual_ns : clock_ns(CLOCK_MONOTONIC);
}

const struct cpumask *cpumask_of(unsigned int cpu)
{
	static __thread struct cpumask mask;

	cpumask_clear(&mask);
	cpumask_set_cpu(cpu, &mask);
	return &mask;
}

unsigned int cpumask_weight(const struct cpumask *mask)
{
	unsigned int cpu, weight = 0;

	for_each_cpu(cpu, mask)
		weight++;
	return weight;
}

int scnprintf(char *buf, size_t size, const char *format, ...)
{
	va_list args;
	int len;

	va_start(args, format);
	len = vsnprintf(buf, size, format, args);
	va_end(args);
	return len < 0 || !size ? 0 : (size_t)len < size ? len : (int)size - 1;
}
