/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Included before every file of the kernel's own selftests: the vDSO tests take
 * __kernel_time_t for granted, which only newer C libraries bring in.
 */
#ifndef __ASSEMBLER__
#include <linux/types.h>
#endif
