/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the files of the clocktrace command share: exit codes and sub-commands.
 */
#ifndef CLOCKTRACE_H
#define CLOCKTRACE_H

/* Exit codes, as documented in clocktrace(1). */
enum exit_code {
	STATUS_OK = 0,
	/* Something failed while running: a read, a write, a result that does not fit. */
	STATUS_FAILED = 1,
	/* The command line or the input is wrong. */
	STATUS_USAGE = 2,
	/* The kernel does not have CLOCK_TRACE. */
	STATUS_NO_CLOCK = 3,
	/*
	 * The time given with --timeout was over before what was waited for, or the CPUs could not
	 * be met for a sync check.
	 */
	STATUS_TIMEOUT = 4,
	/* The counters of the CPUs are not synchronized. */
	STATUS_NOT_SYNCHRONIZED = 5,
};

/*
 * The sub-commands. Each gets its own name as argv[0] and its arguments, parses them with
 * getopt_long(), writes its result to standard output, and returns an exit code. It need not check
 * for write errors: main() does.
 */
int cmd_info(int argc, char **argv);
int cmd_check(int argc, char **argv);
int cmd_read(int argc, char **argv);
int cmd_watch(int argc, char **argv);
int cmd_convert(int argc, char **argv);
int cmd_bench(int argc, char **argv);

#endif
