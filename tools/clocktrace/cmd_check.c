// SPDX-License-Identifier: GPL-2.0
/*
 * clocktrace check - have the kernel check that the counters of all CPUs are synchronized
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <json-c/json.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "clock_trace.h"
#include "clocktrace.h"
#include "common/number.h"
#include "output.h"
#include "stop.h"
#include "sync_check.h"
#include "sysfs.h"

/* Between two attempts, so that a busy hypervisor gets around to the CPUs. */
#define PAUSE_NS UINT64_C(100000000)

static void print_help(void)
{
	puts("Usage: clocktrace check [OPTION]...\n"
	     "\n"
	     "Have the kernel measure the counter of every CPU against another one's, and show\n"
	     "what it finds. That takes root.\n"
	     "\n"
	     "Options:\n"
	     "  -l, --last         only show what the last check has found\n"
	     "  -r, --retries N    how often to repeat a check in which a CPU could not be met\n"
	     "                     in time (10)\n"
	     "      --json         print one JSON object\n"
	     "      --sysfs DIR    read and write DIR instead of " SYSFS_DIR "\n"
	     "      --debugfs DIR  read DIR instead of " SYNC_DEBUGFS_DIR "\n"
	     "  -h, --help         print this help\n"
	     "      --version      print the version\n"
	     "\n"
	     "Exit status: 0 the counters are synchronized, 1 they are not, 2 nobody can tell.");
}

/* There is no such directory, or it is not that of a kernel which checks. */
static int no_check(const char *dir)
{
	struct clock_trace_sample sample;

	if (!access(dir, F_OK)) {
		complain("this kernel does not check its counter: there is no %s/check. "
			 "A kernel for a single CPU (without CONFIG_SMP) has nothing to check.",
			 dir);
		return STATUS_UNUSABLE;
	}
	if (clock_trace_read_sample(&sample))
		return clock_failure();
	complain("there is no %s: mount sysfs, or give its directory with --sysfs", dir);
	return STATUS_UNUSABLE;
}

/* Why no check could be requested. */
static int refused(const char *dir, int error)
{
	char reason[SYSFS_TEXT_SIZE];

	switch (error) {
	case EACCES:
	case EPERM:
		complain("only root may ask for a check: %s; --last shows the last one",
			 strerror(error));
		break;
	case EINTR:
		return STATUS_UNUSABLE;
	case ENODEV:
		if (sysfs_read_line(dir, "reason", reason) == SYSFS_OK)
			complain("there is no counter to check: %s", reason);
		break;
	default:
		complain("cannot ask for a check: %s", strerror(error));
	}
	return STATUS_UNUSABLE;
}

/* Returns 0 or the error number of the attempt. */
static int request_once(const char *dir)
{
	char path[PATH_MAX];
	int length, fd, error = 0;

	length = snprintf(path, sizeof(path), "%s/check", dir);
	if (length < 0 || (size_t)length >= sizeof(path))
		return ENAMETOOLONG;
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return errno;
	if (write(fd, "1\n", 2) != 2)
		error = errno;
	close(fd);
	return error;
}

static int request(const char *dir, uint64_t retries)
{
	int error;

	while ((error = request_once(dir)) == EAGAIN && retries-- && !stop_requested())
		stop_wait(NULL, 0, PAUSE_NS);
	/* An incomplete check has results as well. */
	return error && error != EAGAIN ? refused(dir, error) : STATUS_YES;
}

static int status_of(const struct sync_check *check)
{
	if (!strcmp(check->result, "passed"))
		return STATUS_YES;
	if (!strcmp(check->result, "failed"))
		return STATUS_NO;
	if (!strcmp(check->result, "incomplete")) {
		complain("a CPU could not be met in time, which says nothing about its counter");
		return STATUS_UNUSABLE;
	}
	complain("there was no check yet");
	return STATUS_UNUSABLE;
}

static int run(const char *dir, const char *debugfs, bool last, uint64_t retries, bool json)
{
	struct sync_check check;
	int status;

	if (!sync_check_exists(dir))
		return no_check(dir);
	if (!last) {
		stop_on_signals();
		status = request(dir, retries);
		if (status != STATUS_YES)
			return status;
	}
	if (sync_check_read(dir, debugfs, &check) != SYSFS_OK)
		return STATUS_UNUSABLE;
	if (json)
		print_json(sync_check_json(&check));
	else
		sync_check_print(&check);
	status = status_of(&check);
	sync_check_release(&check);
	return status;
}

int cmd_check(int argc, char **argv)
{
	static const struct option options[] = {
		{ "debugfs", required_argument, NULL, 'd' },
		{ "help", no_argument, NULL, 'h' },
		{ "json", no_argument, NULL, 'j' },
		{ "last", no_argument, NULL, 'l' },
		{ "retries", required_argument, NULL, 'r' },
		{ "sysfs", required_argument, NULL, 's' },
		{ "version", no_argument, NULL, OPTION_VERSION },
		{ NULL, 0, NULL, 0 },
	};
	const char *dir = SYSFS_DIR, *debugfs = SYNC_DEBUGFS_DIR;
	bool json = false, last = false;
	uint64_t retries = 10;
	int option;

	while ((option = getopt_long(argc, argv, "hlr:", options, NULL)) != -1) {
		switch (option) {
		case 'd':
			debugfs = directory_name("--debugfs", optarg);
			break;
		case 'h':
			print_help();
			return STATUS_YES;
		case OPTION_VERSION:
			return print_version("check");
		case 'j':
			json = true;
			break;
		case 'l':
			last = true;
			break;
		case 'r':
			if (!parse_u64(optarg, 0, 1000000, &retries))
				return try_help("check");
			break;
		case 's':
			dir = directory_name("--sysfs", optarg);
			break;
		default:
			return try_help("check");
		}
	}
	if (optind < argc) {
		complain("check takes no argument, so '%s' makes no sense", argv[optind]);
		return try_help("check");
	}
	return run(dir, debugfs, last, retries, json);
}
