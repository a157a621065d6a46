/* SPDX-License-Identifier: GPL-2.0 */
#ifndef __VDSO_CLOCK_TRACE_DATA_H
#define __VDSO_CLOCK_TRACE_DATA_H

#ifndef __ASSEMBLER__

#include <linux/types.h>

/**
 * struct vdso_clock_trace - what user space needs to read the trace clock
 * @epoch:	current epoch while the counter may be read directly, else 0
 * @__unused:	keeps @frequency aligned in 32-bit code as well
 * @frequency:	frequency of the counter in Hz, constant within @epoch
 *
 * It is a member of struct vdso_arch_data, named clock_trace. Time namespaces do not
 * replace that page, and the kernel writes this member only when the epoch changes: its
 * cache line stays shared by all CPUs, whatever the timekeeping tick writes.
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

#endif /* !__ASSEMBLER__ */

#endif /* __VDSO_CLOCK_TRACE_DATA_H */
