/* SPDX-License-Identifier: GPL-2.0 */
/* The command line of vdso-bench. */
#ifndef VDSO_BENCH_OPTIONS_H
#define VDSO_BENCH_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "clocks.h"
#include "image.h"
#include "syscall_counts.h"

/* A kernel build; @directory is NULL if it was not given */
struct build_option {
	const char *directory;
	const char *layout;
};

struct options {
	struct build_option patched;
	struct build_option unpatched;
	bool machine;			/* measure the machine's own vDSO */
	bool abis[NR_ABIS];
	const struct clock_info *clocks[64];	/* empty: all */
	size_t nr_clocks;
	uint32_t modes;			/* bit mask of enum job_mode */
	uint32_t rounds;
	uint32_t runs;
	uint32_t batch;
	uint32_t tick_hz;
	int cpu;
	int tick_cpu;			/* -1: the machine has no other CPU */

	bool count;
	bool trace;			/* with @count: list the instructions */
	bool compare;
	const char *syscall_counts[NR_SYSCALL_STATES];
	uint32_t nr_syscall_counts;
	bool json;
	const char *json_file;
	const char *plot_file;
	bool strict;
};

/**
 * options_parse() - read the command line
 * @options:	filled in
 * @argc:	as main() got it
 * @argv:	as main() got it
 *
 * Exits on --help, and with a message on options that make no sense.
 */
void options_parse(struct options *options, int argc, char **argv);

#endif /* VDSO_BENCH_OPTIONS_H */
