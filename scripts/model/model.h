/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Just enough of the kernel to compile the core of the trace clock into a program: one
 * thread, which says on which CPU it is, counters that a test sets as it likes, and work
 * items that run when the test says so.
 */
#ifndef MODEL_H
#define MODEL_H


#include <limits.h>
#include <stddef.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

typedef uint8_t u8;
typedef uint32_t u32;
typedef int32_t s32;
typedef unsigned long long u64;
typedef long long s64;
typedef int clockid_t;
#define U64_MAX ULLONG_MAX

#define ENOENT 2
#define EINVAL 22
#define ENOMEM 12
#define NSEC_PER_SEC 1000000000L
#define HZ 1000
#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define ____cacheline_aligned
#define __read_mostly
#define __init
#define notrace
#undef __always_inline
#define __always_inline inline __attribute__((always_inline))
#define __user
#define __uninitialized
#define noinline __attribute__((noinline))
#define likely(x) (x)
#define unlikely(x) (x)
#define max_t(type, a, b) max((type)(a), (type)(b))
#define max(a, b) ((a) > (b) ? (a) : (b))
#define container_of(p, type, member) ((type *)((char *)(p) - offsetof(type, member)))
#define EXPORT_SYMBOL_GPL(name) struct clock_trace_source
#define core_initcall(fn) int (*model_initcall)(void) = fn
#define IS_ENABLED(option) 1
#define WARN_ON_ONCE(x) (x)
#define pr_info(...) do { } while (0)
#define pr_warn(...) do { } while (0)
#define pr_err(...) do { } while (0)
#define scnprintf snprintf
#define strscpy(to, from) snprintf(to, sizeof(to), "%s", from)

/* --- CPUs --- */

#define MODEL_CPUS 4

extern unsigned int model_cpu;
#define smp_processor_id() model_cpu
#define raw_smp_processor_id() model_cpu

struct cpumask { unsigned long bits; };
extern struct cpumask model_online;
#define cpu_online_mask (&model_online)
#define cpumask_test_cpu(cpu, mask) (!!((mask)->bits >> (cpu) & 1))
#define cpumask_set_cpu(cpu, mask) ((mask)->bits |= 1UL << (cpu))
#define cpumask_clear_cpu(cpu, mask) ((mask)->bits &= ~(1UL << (cpu)))
#define nr_cpu_ids MODEL_CPUS
#define cpumask_any_and(a, b) ((a)->bits & (b)->bits ? __builtin_ctzl((a)->bits & (b)->bits) : \
			       MODEL_CPUS)
#define cpumask_clear(mask) ((mask)->bits = 0)
#define cpumask_subset(a, b) (!((a)->bits & ~(b)->bits))

#define CPUHP_BP_PREPARE_DYN 0
#define CPUHP_AP_CLOCK_TRACE_DYING 1
int cpuhp_setup_state_nocalls(int state, const char *name, int (*up)(unsigned int),
			      int (*down)(unsigned int));
void on_each_cpu(void (*fn)(void *), void *data, int wait);

/* --- one thread needs no locks but one, and no barriers --- */

struct list_head { struct list_head *next, *prev; };
#define LIST_HEAD(name) struct list_head name = { &name, &name }
static inline void list_add_tail(struct list_head *new, struct list_head *head)
{
	new->prev = head->prev;
	new->next = head;
	head->prev->next = new;
	head->prev = new;
}

#define list_for_each_entry(pos, head, member)						\
	for (pos = container_of((head)->next, typeof(*pos), member); &pos->member != (head);	\
	     pos = container_of(pos->member.next, typeof(*pos), member))

struct mutex { int unused; };
typedef struct { int unused; } raw_spinlock_t;
#define DEFINE_MUTEX(name) struct mutex name __attribute__((unused))
#define DEFINE_RAW_SPINLOCK(name) raw_spinlock_t name
#define DEFINE_SPINLOCK(name) raw_spinlock_t name __attribute__((unused))

/* A CPU that wants a raw spinlock which another one holds waits: see on_another_cpu() */
struct model_held { bool raw; };
struct model_held model_acquire(bool raw);
void model_release(struct model_held *held);
#define model_acquire_raw_spinlock(lock) model_acquire(true)
#define model_acquire_raw_spinlock_irqsave(lock) model_acquire(true)
#define model_acquire_spinlock(lock) model_acquire(false)
#define model_acquire_spinlock_irqsave(lock) model_acquire(false)
#define model_acquire_mutex(lock) model_acquire(false)
#define model_acquire_cpus_read_lock() model_acquire(false)
#define model_acquire_irqsave() model_acquire(false)
#define model_acquire_rcu() model_acquire(false)
#define model_name_of(line) model_held_##line
#define model_name(line) model_name_of(line)
#define model_cleanup __attribute__((cleanup(model_release), unused))
#define guard(kind) struct model_held model_name(__LINE__) model_cleanup = model_acquire_##kind
#define scoped_guard(kind, ...)								\
	for (struct model_held _held model_cleanup = model_acquire_##kind(__VA_ARGS__),		\
	     *_once = &_held; _once; _once = NULL)

#define lockdep_assert_held(lock) do { } while (0)
#define lockdep_assert_cpus_held() do { } while (0)
#define lockdep_assert_irqs_disabled() do { } while (0)
#define preempt_disable_notrace() do { } while (0)
#define preempt_enable_notrace() do { } while (0)
#define CONFIG_TASKS_RUDE_RCU
void model_wait_for_readers(bool idle);
#define synchronize_rcu() model_wait_for_readers(false)
#define synchronize_rcu_tasks_rude() model_wait_for_readers(true)

#define READ_ONCE(x) (*(volatile typeof(x) *)&(x))
#define WRITE_ONCE(x, value) (*(volatile typeof(x) *)&(x) = (value))
#define smp_load_acquire(p) READ_ONCE(*(p))
#define smp_store_release(p, value) WRITE_ONCE(*(p), value)
void model_barrier(void);
#define smp_mb() model_barrier()
#define in_nmi() false
#define smp_rmb() do { } while (0)
#define smp_wmb() do { } while (0)
#define cmpxchg(p, old, new) ({ __sync_val_compare_and_swap(p, old, new); })

typedef struct { s64 value; } atomic64_t;
#define atomic64_read(a) ((a)->value)
#define atomic64_set(a, v) ((a)->value = (v))
static inline bool atomic64_try_cmpxchg(atomic64_t *a, s64 *old, s64 new)
{
	a->value = new;
	return true;
}

#define DECLARE_STATIC_CALL(name, fn) extern u64 (*name)(void)
#define DEFINE_STATIC_CALL(name, fn) u64 (*name)(void) = fn
#define static_call(name) name
#define static_call_update(name, fn) (name = (fn))

/* --- work --- */

struct work_struct { void (*fn)(struct work_struct *work); bool pending; };
struct delayed_work { struct work_struct work; };
struct irq_work { void (*fn)(struct irq_work *work); };
void model_queue_irq(struct irq_work *work);
#define DECLARE_WORK(name, f) struct work_struct name = { .fn = f }
#define DECLARE_DELAYED_WORK(name, f) struct delayed_work name = { .work = { .fn = f } }
#define DEFINE_IRQ_WORK(name, f) struct irq_work name = { .fn = f }
#define irq_work_queue(w) model_queue_irq(w)
#define schedule_work(w) model_queue(w)
#define queue_work(wq, w) model_queue(w)
#define schedule_delayed_work(w, delay) model_queue(&(w)->work)
#define mod_delayed_work(wq, w, delay) (model_delayed += (delay) > 0, model_queue(&(w)->work))
/* How often a work item was queued for later */
extern unsigned int model_delayed;
void model_queue(struct work_struct *work);

/* --- time and chance --- */

extern unsigned long jiffies;
typedef s64 ktime_t;
extern ktime_t tick_next_period;
#define TICK_NSEC (NSEC_PER_SEC / HZ)
typedef struct { unsigned int count; } seqcount_latch_t;
#define raw_read_seqcount_latch(s) ((s)->count)
#define raw_read_seqcount_latch_retry(s, seq) ((s)->count != (seq))
#define write_seqcount_latch_begin(s) ((s)->count++)
#define write_seqcount_latch(s) ((s)->count++)
#define write_seqcount_latch_end(s) do { } while (0)
#define read_seqcount_begin(s) 0
#define read_seqcount_retry(s, seq) ((void)(seq), 0)
#define msecs_to_jiffies(ms) (ms)
#define time_after(a, b) ((long)((b) - (a)) < 0)

extern bool timekeeping_is_updated;
u64 ktime_get_ns(void);
u64 ktime_get_mono_fast_ns(void);
bool ktime_try_get_ns(u64 *ns);

u32 get_random_u32(void);
#define random_get_entropy() get_random_u32()
#define jhash_3words(a, b, c, seed) \
	(((a) * 2654435761u ^ (b) * 2246822519u ^ (c) * 3266489917u ^ (seed)))
#define reciprocal_scale(v, n) ((u32)((u64)(u32)(v) * (n) >> 32))
static inline u64 div_u64_rem(u64 n, u32 d, u32 *rest)
{
	*rest = n % d;
	return n / d;
}

#define div_u64(n, d) ((n) / (d))
#define div64_u64(n, d) ((n) / (d))
#define mul_u64_u64_shr(a, b, shift) ((u64)((unsigned __int128)(a) * (b) >> (shift)))

/* --- what the monitor of the sync check needs --- */

#define ERESTARTSYS 512
#define MSEC_PER_SEC 1000L
#define NSEC_PER_MSEC 1000000L
#define EXPORT_SYMBOL_IF_KUNIT(name) struct clock_trace_source
#define DEFINE_PER_CPU(type, name) type name[MODEL_CPUS]
#define per_cpu(name, cpu) ((name)[cpu])
#define S64_MAX INT64_MAX
#define S64_MIN INT64_MIN
#define min(a, b) ((a) < (b) ? (a) : (b))

#define CPU_BITS_ALL ~0UL
#define CPUHP_AP_ONLINE_DYN 2
#define HK_TYPE_DOMAIN 0
#define HK_TYPE_KERNEL_NOISE 1
extern struct cpumask model_housekeeping;
#define housekeeping_cpumask(type) (&model_housekeeping)
#define cpumask_copy(to, from) (*(to) = *(from))
#define cpumask_and(to, a, b) ((to)->bits = (a)->bits & (b)->bits)
#define cpumask_of(cpu) (&(struct cpumask){ 1UL << (cpu) })
#define cpumask_weight(mask) ((unsigned int)__builtin_popcountl((mask)->bits))
#define cpumask_empty(mask) (!(mask)->bits)
#define cpumask_first(mask) model_next_cpu(0, mask)
#define cpumask_next(cpu, mask) model_next_cpu((cpu) + 1, mask)
#define num_online_cpus() cpumask_weight(cpu_online_mask)
static inline unsigned int model_next_cpu(unsigned int cpu, const struct cpumask *mask)
{
	while (cpu < MODEL_CPUS && !cpumask_test_cpu(cpu, mask))
		cpu++;
	return cpu;
}

#define for_each_online_cpu(cpu)							\
	for (cpu = cpumask_first(cpu_online_mask); cpu < nr_cpu_ids;			\
	     cpu = cpumask_next(cpu, cpu_online_mask))
#define for_each_cpu_wrap(cpu, mask, start)						\
	for (unsigned int _i = 0; cpu = ((start) + _i) % MODEL_CPUS, _i < MODEL_CPUS; _i++)	\
		if (cpumask_test_cpu(cpu, mask))

static inline void smp_call_function_single(unsigned int cpu, void (*fn)(void *), void *data,
					    int wait)
{
	unsigned int this = model_cpu;

	model_cpu = cpu;
	fn(data);
	model_cpu = this;
}

static inline long work_on_cpu(unsigned int cpu, long (*fn)(void *), void *data)
{
	unsigned int this = model_cpu;
	long result;

	model_cpu = cpu;
	result = fn(data);
	model_cpu = this;
	return result;
}

#define DECLARE_DEFERRABLE_WORK(name, f) DECLARE_DELAYED_WORK(name, f)
#define WQ_UNBOUND 0
#define WQ_FREEZABLE 0
struct workqueue_struct;
extern struct workqueue_struct *system_freezable_wq;
struct workqueue_struct *alloc_workqueue(const char *name, int flags, int active);
extern unsigned long model_delay;
#define queue_delayed_work(wq, w, delay) (model_delay = (delay), model_queue(&(w)->work))
#define cancel_delayed_work(w) do { } while (0)
#define secs_to_jiffies(s) ((s) * HZ)

bool model_run_work(void);
void model_waits_for_ever(void);
#define DECLARE_WAIT_QUEUE_HEAD(name) int name
#define wake_up_all(q) ((void)(q))
#define wait_event(q, condition) do {							\
	while (!(condition))								\
		if (!model_run_work())							\
			model_waits_for_ever();						\
} while (0)
#define wait_event_interruptible(q, condition) ({ wait_event(q, condition); 0; })

struct notifier_block { int (*notifier_call)(struct notifier_block *, unsigned long, void *); };
#define NOTIFY_DONE 0
#define NOTIFY_OK 1
/* One in each chain is enough */
#define BLOCKING_NOTIFIER_HEAD(name) struct notifier_block *name

static inline int blocking_notifier_chain_register(struct notifier_block **head,
						   struct notifier_block *nb)
{
	*head = nb;
	return 0;
}

static inline int blocking_notifier_chain_unregister(struct notifier_block **head,
						     struct notifier_block *nb)
{
	if (*head != nb)
		return -ENOENT;
	*head = NULL;
	return 0;
}

static inline void blocking_notifier_call_chain(struct notifier_block **head,
						unsigned long action, void *data)
{
	if (*head)
		(*head)->notifier_call(*head, action, data);
}

enum { PM_SUSPEND_PREPARE, PM_HIBERNATION_PREPARE, PM_RESTORE_PREPARE, PM_POST_SUSPEND,
       PM_POST_HIBERNATION, PM_POST_RESTORE };
#define trace_clock_trace_check(m) do { } while (0)

struct kernel_param { int unused; };
struct kernel_param_ops {
	int (*set)(const char *val, const struct kernel_param *kp);
	int (*get)(char *buf, const struct kernel_param *kp);
};
#define param_get_uint NULL
#define module_param_cb(name, ops, data, mode) \
	static const struct kernel_param_ops *model_param_##name __attribute__((unused)) = ops
#define kstrtouint(buf, base, value) (sscanf(buf, "%u", value) != 1)
#define cpulist_parse(buf, mask) (-EINVAL)
#define cpumask_pr_args(mask) (mask)
#define sysfs_emit(buf, ...) 0

int register_pm_notifier(struct notifier_block *nb);
int register_random_vmfork_notifier(struct notifier_block *nb);

/* --- what the TSC needs --- */

#define CLOCK_MONOTONIC 1
enum clocksource_ids { CSID_GENERIC, CSID_X86_TSC_EARLY, CSID_X86_TSC };
struct system_time_snapshot { enum clocksource_ids cs_id; };
void ktime_get_snapshot_id(clockid_t clock, struct system_time_snapshot *snapshot);
#define X86_FEATURE_CONSTANT_TSC 1
#define X86_FEATURE_NONSTOP_TSC 2
bool boot_cpu_has(unsigned int feature);
bool check_tsc_unstable(void);
void mark_tsc_unstable(char *reason);
extern bool tsc_clocksource_reliable;

typedef struct { u8 b[16]; } uuid_t;
#define uuid_null ((uuid_t){})
#define uuid_is_null(uuid) (!memcmp(uuid, &uuid_null, sizeof(uuid_t)))
#define uuid_copy(to, from) (*(to) = *(from))
void generate_random_uuid(u8 *bytes);
struct timespec64 { s64 tv_sec; long tv_nsec; };
struct old_timespec32 { s32 tv_sec; s32 tv_nsec; };
struct vdso_clock_trace { u32 epoch; u32 unused; u64 frequency; };
struct vdso_arch_data { struct vdso_clock_trace clock_trace; };
extern struct vdso_arch_data *vdso_k_arch_data;

#endif /* MODEL_H */
