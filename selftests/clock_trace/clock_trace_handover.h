/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Threads that hand their CLOCK_TRACE values over to each other, and look
 * whether one reads less than it was handed.
 *
 * The values lie in one cache line, where each thread has a place of its own.
 * Only a value that its reader has not seen before counts as handed over.
 */
#ifndef CLOCK_TRACE_HANDOVER_H
#define CLOCK_TRACE_HANDOVER_H

#include <pthread.h>
#include <stdalign.h>

#include "clock_trace_abi.h"

#define MAX_READERS	4
#define ANY_CPU		(-1)

/**
 * struct reader - one thread
 * @group: the threads that it belongs to
 * @index: its place in @group
 * @cpu: the CPU that it stays on, or ANY_CPU
 * @handed_over: how many fresh values it has been handed
 * @stepped_back: whether it has read @read after it had seen @seen
 * @seen: see @stepped_back
 * @read: see @stepped_back
 * @error: why the thread could not do its work, -errno
 * @thread: the thread
 */
struct reader {
	struct reader_group *group;
	int index;
	int cpu;
	unsigned long handed_over;
	bool stepped_back;
	__u64 seen;
	__u64 read;
	int error;
	pthread_t thread;
};

/**
 * struct reader_group - threads that exchange their values
 * @value: the newest value of each thread: one cache line
 * @stop: tells the threads to end; a thread that stepped back sets it as well
 * @syscall_every: every how many reads is one by system call, 0 for none
 * @readers: number of threads
 * @reader: the threads
 */
struct reader_group {
	alignas(64) __u64 value[MAX_READERS];
	alignas(64) bool stop;
	unsigned int syscall_every;
	int readers;
	struct reader reader[MAX_READERS];
};

static inline bool readers_stopped(struct reader_group *group)
{
	return __atomic_load_n(&group->stop, __ATOMIC_RELAXED);
}

/* Read every other thread's newest value, then the clock, again and again. */
static inline void *reader_main(void *data)
{
	__u64 last_seen[MAX_READERS] = { 0 }, newest = 0, seen, now;
	struct reader *r = data;
	struct reader_group *group = r->group;
	unsigned long fresh, handed_over = 0;
	unsigned int turn = 0;
	int i;

	if (r->cpu != ANY_CPU)
		r->error = pin_to_cpu(r->cpu);
	if (r->error)
		__atomic_store_n(&group->stop, true, __ATOMIC_RELAXED);

	while (!readers_stopped(group)) {
		fresh = 0;
		for (i = 0; i < group->readers; i++) {
			seen = __atomic_load_n(&group->value[i], __ATOMIC_ACQUIRE);
			if (seen > newest)
				newest = seen;
			if (i != r->index)
				fresh += seen != last_seen[i];
			last_seen[i] = seen;
		}

		if (group->syscall_every && ++turn % group->syscall_every == 0)
			now = trace_read_syscall(CLOCK_TRACE);
		else
			now = trace_read(CLOCK_TRACE);

		if (now < newest) {
			r->seen = newest;
			r->read = now;
			r->stepped_back = true;
			__atomic_store_n(&group->stop, true, __ATOMIC_RELAXED);
			break;
		}
		__atomic_store_n(&group->value[r->index], now, __ATOMIC_RELEASE);
		handed_over += fresh;
		__atomic_store_n(&r->handed_over, handed_over, __ATOMIC_RELAXED);
	}
	return NULL;
}

/**
 * readers_start() - start the threads
 * @group: zero but for the parameters
 * @cpus: the CPUs to pin them to, or NULL
 *
 * Return: 0 or an error number.
 */
static inline int readers_start(struct reader_group *group, const int *cpus)
{
	int i, err;

	for (i = 0; i < group->readers; i++) {
		struct reader *r = &group->reader[i];

		r->group = group;
		r->index = i;
		r->cpu = cpus ? cpus[i] : ANY_CPU;
		err = pthread_create(&r->thread, NULL, reader_main, r);
		if (err)
			return err;
	}
	return 0;
}

/**
 * readers_handed_over() - how many values were handed over
 * @group: the threads
 *
 * Return: the number, or 0 while there is a thread that was handed nothing.
 */
static inline unsigned long readers_handed_over(struct reader_group *group)
{
	unsigned long sum = 0, one;
	int i;

	for (i = 0; i < group->readers; i++) {
		one = __atomic_load_n(&group->reader[i].handed_over,
				      __ATOMIC_RELAXED);
		if (!one)
			return 0;
		sum += one;
	}
	return sum;
}

/**
 * readers_stop() - end the threads and judge what they saw
 * @_metadata: the running test
 * @group: the threads
 */
static inline void readers_stop(struct __test_metadata *_metadata,
				struct reader_group *group)
{
	int i;

	__atomic_store_n(&group->stop, true, __ATOMIC_RELAXED);
	for (i = 0; i < group->readers; i++) {
		struct reader *r = &group->reader[i];

		pthread_join(r->thread, NULL);
		EXPECT_EQ(0, r->error)
			TH_LOG("cannot pin a thread to CPU %d", r->cpu);
		EXPECT_FALSE(r->stepped_back)
			TH_LOG("thread %d read %llu after it had seen %llu", i,
			       r->read, r->seen);
	}
}

#endif /* CLOCK_TRACE_HANDOVER_H */
