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

static __always_inline bool vdso_is_clock_trace(clockid_t clock)
{
	return likely(clock >= CLOCK_TRACE_UNORDERED && clock <= CLOCK_TRACE);
}

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
	u32 epoch = READ_ONCE(vct->epoch);

	if (unlikely(!epoch))
		return 0;

	/* Pairs with the barriers in clock_trace_publish() */
	smp_rmb();
	if (likely(clock == CLOCK_TRACE))
		*value = arch_clock_trace_counter_ordered();
	else if (clock == CLOCK_TRACE_UNORDERED)
		*value = arch_clock_trace_counter();
	else
		*value = vct->frequency;
	/* Likewise */
	smp_rmb();

	return likely(READ_ONCE(vct->epoch) == epoch) ? epoch : 0;
}

/**
 * vdso_clock_trace_gettime - clock_gettime() of the trace clock
 * @clock:	CLOCK_TRACE, CLOCK_TRACE_UNORDERED or CLOCK_TRACE_FREQ
 * @ts:		where the number and its epoch are stored
 *
 * Return: false if the kernel has to be asked.
 */
static __always_inline bool vdso_clock_trace_gettime(clockid_t clock,
						     struct __kernel_timespec *ts)
{
	const struct vdso_clock_trace *vct = &vdso_u_arch_data.clock_trace;
	u64 value;
	u32 epoch;

	/* The compiler makes code without further comparisons for CLOCK_TRACE */
	if (likely(clock == CLOCK_TRACE))
		epoch = vdso_clock_trace_read(vct, CLOCK_TRACE, &value);
	else
		epoch = vdso_clock_trace_read(vct, clock, &value);
	if (unlikely(!epoch))
		return false;

	ts->tv_sec = value;
	ts->tv_nsec = epoch;
	return true;
}

#else /* !CONFIG_CLOCK_TRACE */

static __always_inline bool vdso_is_clock_trace(clockid_t clock)
{
	return false;
}

static __always_inline bool vdso_clock_trace_gettime(clockid_t clock,
						     struct __kernel_timespec *ts)
{
	return false;
}

#endif /* CONFIG_CLOCK_TRACE */

#endif /* !__ASSEMBLER__ */

#endif /* __VDSO_CLOCK_TRACE_H */
