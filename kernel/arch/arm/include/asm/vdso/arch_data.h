/* SPDX-License-Identifier: GPL-2.0 */
#ifndef __ASM_VDSO_ARCH_DATA_H
#define __ASM_VDSO_ARCH_DATA_H

#include <vdso/clock_trace_data.h>

/* Read by the kernel and by programs at the same time */
struct vdso_arch_data {
	struct vdso_clock_trace	clock_trace;
};

#endif /* __ASM_VDSO_ARCH_DATA_H */
