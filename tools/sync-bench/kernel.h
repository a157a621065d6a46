/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the kernel's sync check needs of a kernel, for user space.
 *
 * Included in front of clock_trace_check.c and clock_trace_sweep.c in kernel/kernel/time,
 * whose own includes of the kernel's headers find empty files. A thread that is bound to a CPU takes the place
 * of that CPU: a signal is its interrupt, another thread on the same CPU its work queue.
 * Interrupts and preemption stay enabled, so what comes between is part of what is
 * measured, other than in a kernel.
 */
#ifndef SYNC_BENCH_KERNEL_H
#define SYNC_BENCH_KERNEL_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <assert.h>
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/types.h>
#include <time.h>

typedef uint32_t u32;
typedef long long s64;
typedef unsigned long long u64;

#define U32_MAX			UINT32_MAX
#define S64_MAX			LLONG_MAX
#define S64_MIN			LLONG_MIN
#define U64_MAX			ULLONG_MAX
#define USEC_PER_SEC		1000000
#define NSEC_PER_SEC		1000000000LL
#define NSEC_PER_MSEC		1000000LL
#define MSEC_PER_SEC		1000

#define __user
#define EXPORT_SYMBOL_IF_KUNIT(name)	_Static_assert(1, "")
#undef __always_inline
#define __always_inline		inline __attribute__((always_inline))
#define ____cacheline_aligned_in_smp	__attribute__((aligned(64)))
#define IS_ENABLED(option)	1
#define ARRAY_SIZE(array)	(sizeof(array) / sizeof((array)[0]))
#define min(a, b)		({ __typeof__(a) _a = (a); __typeof__(b) _b = (b); \
				   _a < _b ? _a : _b; })
#define max(a, b)		({ __typeof__(a) _a = (a); __typeof__(b) _b = (b); \
				   _a > _b ? _a : _b; })
#define container_of(ptr, type, member) \
	((type *)((char *)(ptr) - offsetof(type, member)))

/* What clock_trace.h names, but the sync check does not use */
struct list_head { struct list_head *next, *prev; };
struct timespec64;

/* Which reading the check gets, see clock_trace_inject_fault() */
#define CONFIG_CLOCK_TRACE_FAULT_INJECTION	1

/* --- memory --- */

#define READ_ONCE(x)		(*(const volatile __typeof__(x) *)&(x))
#define WRITE_ONCE(x, value)	(*(volatile __typeof__(x) *)&(x) = (value))
#define smp_load_acquire(p)	__atomic_load_n(p, __ATOMIC_ACQUIRE)
#define smp_store_release(p, value)	__atomic_store_n(p, value, __ATOMIC_RELEASE)

typedef struct { int counter; } atomic_t;
typedef struct { s64 counter; } atomic64_t;

static inline int atomic_read(const atomic_t *v)
{
	return __atomic_load_n(&v->counter, __ATOMIC_RELAXED);
}

static inline void atomic_set(atomic_t *v, int value)
{
	__atomic_store_n(&v->counter, value, __ATOMIC_RELAXED);
}

static inline int atomic_cmpxchg(atomic_t *v, int old, int new)
{
	__atomic_compare_exchange_n(&v->counter, &old, new, false, __ATOMIC_SEQ_CST,
				    __ATOMIC_SEQ_CST);
	return old;
}

static inline s64 atomic64_read(const atomic64_t *v)
{
	return __atomic_load_n(&v->counter, __ATOMIC_RELAXED);
}

static inline void atomic64_set(atomic64_t *v, s64 value)
{
	__atomic_store_n(&v->counter, value, __ATOMIC_RELAXED);
}

static inline void atomic64_add(s64 value, atomic64_t *v)
{
	__atomic_fetch_add(&v->counter, value, __ATOMIC_SEQ_CST);
}

static inline bool atomic64_try_cmpxchg(atomic64_t *v, s64 *old, s64 new)
{
	return __atomic_compare_exchange_n(&v->counter, old, new, false, __ATOMIC_SEQ_CST,
					   __ATOMIC_SEQ_CST);
}

/* --- CPUs --- */

#define NR_CPUS			8192

/* The CPU that the calling thread is bound to */
extern __thread unsigned int this_cpu;

#define raw_smp_processor_id()	this_cpu
#define DEFINE_PER_CPU(type, name)	__typeof__(type) name[NR_CPUS]
#define per_cpu(name, cpu)	((name)[cpu])
#define this_cpu_ptr(name)	(&(*(name))[this_cpu])

extern unsigned int nr_cpu_ids;

struct cpumask {
	unsigned char	bits[NR_CPUS / 8];
};

static inline bool cpumask_test_cpu(unsigned int cpu, const struct cpumask *mask)
{
	return mask->bits[cpu / 8] >> cpu % 8 & 1;
}

static inline void cpumask_set_cpu(unsigned int cpu, struct cpumask *mask)
{
	mask->bits[cpu / 8] |= 1 << cpu % 8;
}

static inline void cpumask_clear_cpu(unsigned int cpu, struct cpumask *mask)
{
	mask->bits[cpu / 8] &= ~(1 << cpu % 8);
}

static inline void cpumask_clear(struct cpumask *mask)
{
	memset(mask, 0, sizeof(*mask));
}

static inline void cpumask_copy(struct cpumask *to, const struct cpumask *from)
{
	*to = *from;
}

static inline void cpumask_and(struct cpumask *to, const struct cpumask *a,
			       const struct cpumask *b)
{
	size_t i;

	for (i = 0; i < sizeof(to->bits); i++)
		to->bits[i] = a->bits[i] & b->bits[i];
}

/* The next CPU of @mask after @cpu, from NR_CPUS on if there is none */
static inline unsigned int cpumask_next(int cpu, const struct cpumask *mask)
{
	unsigned int next;

	for (next = cpu + 1; next < NR_CPUS; next++) {
		if (next % 8 == 0 && !mask->bits[next / 8])
			next += 7;
		else if (cpumask_test_cpu(next, mask))
			return next;
	}
	return NR_CPUS;
}

static inline bool cpumask_empty(const struct cpumask *mask)
{
	return cpumask_next(-1, mask) >= NR_CPUS;
}

static inline unsigned int cpumask_next_wrap(int cpu, const struct cpumask *mask)
{
	unsigned int next = cpumask_next(cpu, mask);

	return next < NR_CPUS ? next : cpumask_next(-1, mask);
}

/* Valid until the next call in this thread */
const struct cpumask *cpumask_of(unsigned int cpu);

unsigned int cpumask_weight(const struct cpumask *mask);

#define for_each_cpu(cpu, mask) \
	for ((cpu) = cpumask_next(-1, mask); (cpu) < NR_CPUS; (cpu) = cpumask_next(cpu, mask))

/* All CPUs of @mask once, from @start on */
#define for_each_cpu_wrap(cpu, mask, start)						\
	for (unsigned int _left = cpumask_weight(mask), _from = (start);		\
	     _left && ((cpu) = cpumask_next_wrap((int)_from - 1, mask), true);		\
	     _left--, _from = (cpu) + 1)

#define lockdep_assert_irqs_disabled()		((void)0)
#define lockdep_assert_preemption_disabled()	((void)0)
#define guard(what)		guard_##what
#define scoped_guard(what)	if (true)

static inline void guard_irqsave(void) { }
static inline void guard_preempt(void) { }

typedef struct {
	void	(*func)(void *info);
	void	*info;
} call_single_data_t;

#define CSD_INIT(_func, _info)	{ .func = (_func), .info = (_info) }

int smp_call_function_single_async(unsigned int cpu, call_single_data_t *csd);

/* --- tasks --- */

struct completion {
	u32	done;
};

#define COMPLETION_INITIALIZER(name)	{ 0 }

void reinit_completion(struct completion *completion);
void complete(struct completion *completion);
bool completion_done(struct completion *completion);
/* Consumes the completion. Returns 0 if there is none within @ms */
unsigned long wait_for_completion_timeout(struct completion *completion, unsigned long ms);

#define msecs_to_jiffies(ms)	(ms)
#define MAX_SCHEDULE_TIMEOUT	ULONG_MAX

struct work_struct {
	void	(*func)(struct work_struct *work);
};

#define __WORK_INITIALIZER(name, _func)	{ .func = (_func) }
#define system_highpri_wq	0

void queue_work_on(unsigned int cpu, int queue, struct work_struct *work);
bool cancel_work(struct work_struct *work);

void cond_resched(void);

/* --- time --- */

#define current			0

/* ns that the calling thread has run */
u64 task_sched_runtime(int task);
u64 local_clock(void);
/* CLOCK_MONOTONIC, or if it is not NULL what virtual_ns points to */
u64 ktime_get_ns(void);
extern const u64 *virtual_ns;

static inline u64 mul_u64_u32_div(u64 a, u32 mul, u32 divisor)
{
	return (unsigned __int128)a * mul / divisor;
}

__attribute__((format(printf, 3, 4)))
int scnprintf(char *buf, size_t size, const char *format, ...);

#endif /* SYNC_BENCH_KERNEL_H */
