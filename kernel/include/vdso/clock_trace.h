/* SPDX-License-Identifier: GPL-2.0 */
#ifndef __VDSO_CLOCK_TRACE_H
#define __VDSO_CLOCK_TRACE_H

#ifndef __ASSEMBLER__

#include <linux/compiler.h>
#include <linux/types.h>

#include <uapi/linux/clock_trace.h>

#include <vdso/datapage.h>

#ifdef CONFIG_CLOCK_TRACE

#include <asm/barrier.h>
#include <asm/vdso/clock_trace.h>

/**
 * vdso_clock_trace_read - read the trace clock or its frequency
 * @vct:	the kernel's data
 * @clock:	CLOCK_TRACE, CLOCK_TRACE_UNORDERED or CLOCK_TRACE_FREQ
 * @value:	where the number is stored
 *
 * Return: the epoch that @value belongs to, or 0 if @value is to be ignored and
 * the kernel has to be asked.
 */
static __always_inline u32 vdso_clock_trace_read(const struct vdso_clock_trace *vct,
						 clockid_t clock, u64 *value)
{
	u32 epoch;

	if (clock == CLOCK_TRACE) {
		/*
		 * Where reading the counter is no load, it is ordered after the branch below,
		 * and so after the load of the epoch. Put all earlier loads before that one.
		 */
		smp_rmb();
	}
	epoch = READ_ONCE(vct->epoch);
	if (unlikely(!epoch))
		return 0;

	if (clock == CLOCK_TRACE) {
		*value = arch_clock_trace_counter_ordered();
	} else if (clock == CLOCK_TRACE_UNORDERED) {
		*value = arch_clock_trace_counter();
	} else {
		/* Pairs with the release in clock_trace_publish_vdso() */
		smp_rmb();
		*value = vct->frequency;
	}
	/* Pairs with the barrier in clock_trace_begin_line() */
	smp_rmb();

	return likely(READ_ONCE(vct->epoch) == epoch) ? epoch : 0;
}

/* The 8 bytes of an old timespec hold the number itself, there is no room for its epoch */
static __always_inline void vdso_clock_trace_set_time32(struct __kernel_timespec *ts, u64 value)
{
	union {
		u64			value;
		struct old_timespec32	halves;
	} bytes = { .value = value };

	ts->tv_sec = bytes.halves.tv_sec;
	ts->tv_nsec = bytes.halves.tv_nsec;
}

static __always_inline bool vdso_clock_trace_get(clockid_t clock, struct __kernel_timespec *ts,
						 bool time32)
{
	const struct vdso_clock_trace *vct = &vdso_u_arch_data.clock_trace;
	u64 value;
	u32 epoch;

	/* Or 32-bit code loads the address again, after the counter: 3 ticks more on Zen 3 */
	if (clock == CLOCK_TRACE)
		OPTIMIZER_HIDE_VAR(vct);
	epoch = vdso_clock_trace_read(vct, clock, &value);
	if (unlikely(!epoch))
		return false;

	if (time32) {
		vdso_clock_trace_set_time32(ts, value);
		return true;
	}
	ts->tv_sec = value;
	ts->tv_nsec = epoch;
	return true;
}

/**
 * vdso_clock_trace_gettime - clock_gettime() of the trace clock
 * @clock:	any clock id
 * @ts:		where the number and its epoch are stored
 * @time32:	a constant: an old timespec gets the lower halves of @ts
 *
 * Return: false if the kernel has to be asked, or for another clock.
 */
static __always_inline bool vdso_clock_trace_gettime(clockid_t clock, struct __kernel_timespec *ts,
						     bool time32)
{
	/* With constants, so that each clock has code of its own, without further comparisons */
	if (likely(clock == CLOCK_TRACE))
		return vdso_clock_trace_get(CLOCK_TRACE, ts, time32);
	if (likely(clock == CLOCK_TRACE_UNORDERED))
		return vdso_clock_trace_get(CLOCK_TRACE_UNORDERED, ts, time32);
	if (clock == CLOCK_TRACE_FREQ)
		return vdso_clock_trace_get(CLOCK_TRACE_FREQ, ts, time32);

	return false;
}

#else /* !CONFIG_CLOCK_TRACE */

static __always_inline bool vdso_clock_trace_gettime(clockid_t clock, struct __kernel_timespec *ts,
						     bool time32)
{
	return false;
}

#endif /* CONFIG_CLOCK_TRACE */

#endif /* !__ASSEMBLER__ */

#endif /* __VDSO_CLOCK_TRACE_H */
