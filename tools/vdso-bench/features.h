/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Which of the kernel's X86_FEATURE_* bits a kernel would set on this CPU, as far
 * as the alternatives of vDSO images depend on them.
 */
#ifndef VDSO_BENCH_FEATURES_H
#define VDSO_BENCH_FEATURES_H

#include <stdbool.h>
#include <stdint.h>

#include "layout.h"

/**
 * feature_present() - does this CPU have a feature?
 * @layout:	gives the number of each feature and word in that kernel
 * @feature:	number of the feature, word * 32 + bit
 *
 * Return: what the kernel's boot_cpu_has() would. Exits with a message for a
 * feature that is neither in CPUID nor known here.
 */
bool feature_present(const struct layout *layout, uint32_t feature);

#endif /* VDSO_BENCH_FEATURES_H */
