/* SPDX-License-Identifier: GPL-2.0 */
#ifndef __VDSO_CLOCK_TRACE_H
#define __VDSO_CLOCK_TRACE_H

#ifndef __ASSEMBLER__

#include <linux/compiler.h>
#include <linux/types.h>

#include <uapi/linux/clock_trace.h>

#include <asm/barrier.h>
#include <asm/vdso/clock_trace.h>

/**
 * struct vdso_clock_trace - what user space needs to read the trace clock
 * @epoch:	current epoch while the counter may be read directly, else 0
 * @__unused:	keeps @frequency aligned in 32-bit code as well
 * @frequency:	frequency of the counter in Hz, constant within @epoch
 *
 * It has a page of its own, which time namespaces do not replace and which is
 * written only when the epoch changes: its cache line stays shared by all CPUs,
 * whatever the timekeeping tick writes.
 *
 * The kernel sets @epoch to 0 before it changes anything else here, and a number
 * that has been in @epoch never returns to it. A reader that finds the same
 * epoch, not 0, before and after it read the counter or @frequency has therefore
 * got a number that belongs to that epoch. There is nothing to wait for: a
 * reader that finds anything else asks the kernel by a system call.
 *
 * No barrier keeps a CPU from looking at the epoch for the second time before it
 * has read its counter. The kernel does not rely on that: it interrupts all CPUs
 * between taking the epoch away and using another line, and the two reads must
 * appear in program order to an interrupt. An architecture whose counter does not
 * has to order it in arch_clock_trace_counter() and its ordered variant.
 */
struct vdso_clock_trace {
	u32	epoch;
	u32	__unused;
	u64	frequency;
};

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
	else if (clock == CLOCK_TRACE_FREQ)
		*value = vct->frequency;
	else
		return 0;
	/* Likewise */
	smp_rmb();

	return likely(READ_ONCE(vct->epoch) == epoch) ? epoch : 0;
}

#endif /* !__ASSEMBLER__ */

#endif /* __VDSO_CLOCK_TRACE_H */
