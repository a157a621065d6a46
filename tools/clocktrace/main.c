// SPDX-License-Identifier: GPL-2.0
/*
 * clocktrace - look at CLOCK_TRACE, the trace clock of the kernel
 */
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "clocktrace.h"
#include "output.h"
#include "stop.h"

static const struct command {
	const char *name;
	const char *summary;
	int (*run)(int argc, char **argv);
} commands[] = {
	{ "info", "what the clock is on this machine, and whether it is trusted", cmd_info },
	{ "check", "check that the counters of all CPUs are synchronized", cmd_check },
	{ "read", "read the clock", cmd_read },
	{ "watch", "print a line whenever the epoch or the state changes", cmd_watch },
	{ "convert", "convert ticks to nanoseconds, wall time, and back", cmd_convert },
	{ "bench", "measure what a read of each clock costs", cmd_bench },
};

#define NR_COMMANDS (sizeof(commands) / sizeof(commands[0]))

/* Programs of their own, beside this one or in PATH, because they need more libraries */
static const struct {
	const char *name;
	const char *summary;
} programs[] = {
	{ "record", "record what merge needs, on a host or in a guest" },
	{ "merge", "place the traces of guests on the time line of their host" },
	{ "guests", "print or save the TSC offsets of the guests that run here" },
	{ "verify", "prove that guests' times are placed right" },
	{ "lttng", "have LTTng use the clock, and align its traces" },
};

#define NR_PROGRAMS (sizeof(programs) / sizeof(programs[0]))

static void print_help(void)
{
	size_t i;

	puts("Usage: clocktrace COMMAND [OPTION]... [ARGUMENT]...\n"
	     "       clocktrace --help | --version\n"
	     "\n"
	     "Look at CLOCK_TRACE, the clock that gives the raw cycle counter of the machine.\n"
	     "\n"
	     "Commands:");
	for (i = 0; i < NR_COMMANDS; i++)
		printf("  %-9s%s\n", commands[i].name, commands[i].summary);
	for (i = 0; i < NR_PROGRAMS; i++)
		printf("  %-9s%s\n", programs[i].name, programs[i].summary);
	puts("\n"
	     "Each command has --help, and --json for programs that read its output.\n"
	     "\n"
	     "Exit status: 0 the work is done, or the answer is yes; 1 the answer is no;\n"
	     "2 wrong usage, or there is no answer. More is in clocktrace(1).");
}

static const struct command *find_command(const char *name)
{
	size_t i;

	for (i = 0; i < NR_COMMANDS; i++)
		if (!strcmp(commands[i].name, name))
			return &commands[i];
	return NULL;
}

static bool is_program(const char *name)
{
	size_t i;

	for (i = 0; i < NR_PROGRAMS; i++)
		if (!strcmp(programs[i].name, name))
			return true;
	return false;
}

/* Become clocktrace-NAME. Returns only if that fails. */
static int run_program(char **argv)
{
	char path[PATH_MAX], *slash;
	ssize_t size = readlink("/proc/self/exe", path, sizeof(path) - 1);

	if (size > 0) {
		path[size] = '\0';
		slash = strrchr(path, '/');
		snprintf(slash + 1, sizeof(path) - (size_t)(slash + 1 - path), "clocktrace-%s",
			 argv[0]);
		execv(path, argv);
	}
	snprintf(path, sizeof(path), "clocktrace-%s", argv[0]);
	execvp(path, argv);
	complain("the program %s cannot be run: %s", path, strerror(errno));
	return STATUS_UNUSABLE;
}

static int run(int argc, char **argv)
{
	static const struct option options[] = {
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{ NULL, 0, NULL, 0 },
	};
	const struct command *command;
	int first;

	argv[0] = (char[]){ "clocktrace" };
	/* The leading + leaves what follows the command to the command. */
	switch (getopt_long(argc, argv, "+hV", options, NULL)) {
	case 'h':
		print_help();
		return STATUS_YES;
	case 'V':
		return print_version(NULL);
	case -1:
		break;
	default:
		return try_help(NULL);
	}

	if (optind >= argc) {
		complain("say what to do: a command such as info, or merge; --help lists them");
		return try_help(NULL);
	}
	if (is_program(argv[optind]))
		return run_program(argv + optind);
	command = find_command(argv[optind]);
	if (!command) {
		complain("there is no command '%s'", argv[optind]);
		return try_help(NULL);
	}

	first = optind;
	/* For what getopt_long() says */
	argv[first] = text_of("clocktrace %s", command->name);
	/* 0 makes getopt_long() start over, with the command's own arguments. */
	optind = 0;
	return command->run(argc - first, argv + first);
}

int main(int argc, char **argv)
{
	int status = run(argc, argv);

	if (stop_requested())
		stop_by_signal();
	return close_output(status);
}
