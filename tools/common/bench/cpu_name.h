/* SPDX-License-Identifier: GPL-2.0 */
/* The CPU that results are from. */
#ifndef BENCH_CPU_NAME_H
#define BENCH_CPU_NAME_H

/**
 * cpu_name() - the CPU's name for people
 *
 * Return: static string.
 */
const char *cpu_name(void);

#endif /* BENCH_CPU_NAME_H */
