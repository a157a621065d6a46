/* SPDX-License-Identifier: GPL-2.0 */
/* What syscall-cost counted in a guest. */
#ifndef VDSO_BENCH_SYSCALL_COUNTS_H
#define VDSO_BENCH_SYSCALL_COUNTS_H

/* The ways into the kernel that 32-bit programs have for clock_gettime() */
enum syscall_path { SYSCALL_TIME64, SYSCALL_TIME32, NR_SYSCALL_PATHS };

/* What drives CLOCK_TRACE in the guest */
enum syscall_state { SYSCALL_COUNTER, SYSCALL_FALLBACK, NR_SYSCALL_STATES };

/* Instructions of a call; NAN where there is no count */
struct syscall_counts {
	double trace[NR_SYSCALL_PATHS][NR_SYSCALL_STATES];
	double monotonic[NR_SYSCALL_PATHS][NR_SYSCALL_STATES];
};

/**
 * syscall_path_name() - name of a way into the kernel, as syscall-cost writes it
 * @path:	the way
 *
 * Return: static string.
 */
const char *syscall_path_name(enum syscall_path path);

/**
 * syscall_counts_init() - no counts
 * @counts:	filled in
 */
void syscall_counts_init(struct syscall_counts *counts);

/**
 * syscall_counts_read() - read the output of syscall-cost-i386
 * @counts:	the counts of the clock's state in @file are filled in
 * @file:	path of its JSON output
 *
 * Exits with a message if the file cannot be read, or has no count that is of use.
 */
void syscall_counts_read(struct syscall_counts *counts, const char *file);

#endif /* VDSO_BENCH_SYSCALL_COUNTS_H */
