/* SPDX-License-Identifier: GPL-2.0 */
/* The CPU that results are from. */
#ifndef VDSO_BENCH_CPU_NAME_H
#define VDSO_BENCH_CPU_NAME_H

/**
 * cpu_name() - the CPU's name for people
 *
 * Return: static string.
 */
const char *cpu_name(void);

#endif /* VDSO_BENCH_CPU_NAME_H */
