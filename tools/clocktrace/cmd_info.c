// SPDX-License-Identifier: GPL-2.0
/*
 * clocktrace info - what the clock is on this machine, and whether it is trusted
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

#include "clock_trace.h"
#include "clocktrace.h"
#include "output.h"
#include "sync_check.h"
#include "sysfs.h"
#include "vdso_check.h"

/* How often the epoch may change between sysfs and the clock. */
#define MAX_TRIES 16

struct clock_info {
	struct clock_trace_sample sample;
	uint64_t resolution_ns;
	enum vdso_use vdso;
	bool has_sysfs;
	struct sysfs_clock sysfs;
	bool has_check;
	struct sync_check check;
};

static const char *const vdso_text[] = {
	[VDSO_ANSWERS] = "the vDSO, without a system call",
	[VDSO_CALLS_KERNEL] = "a system call",
	[VDSO_UNKNOWN] =
		"unknown, as this kernel cannot filter system calls (CONFIG_SECCOMP_FILTER)",
};

static void print_help(void)
{
	puts("Usage: clocktrace info [OPTION]...\n"
	     "\n"
	     "Show source, frequency, epoch, state and resolution of CLOCK_TRACE, whether it\n"
	     "is read without a system call, and what the last sync check has found.\n"
	     "\n"
	     "Options:\n"
	     "      --json         print one JSON object\n"
	     "      --sysfs DIR    read DIR instead of " SYSFS_DIR "\n"
	     "      --debugfs DIR  read DIR instead of " SYNC_DEBUGFS_DIR "\n"
	     "  -h, --help         print this help\n"
	     "      --version      print the version");
}

/* Reads the clock and sysfs so that both are of one epoch. */
static int collect(const char *sysfs_dir, const char *debugfs, struct clock_info *info)
{
	enum sysfs_result result;
	int tries;

	for (tries = 0; tries < MAX_TRIES; tries++) {
		/* The clock first: sysfs tells of a source that this read may have to enable. */
		if (clock_trace_read_sample(&info->sample)) {
			bool missing = clock_is_missing();

			clock_failure();
			return missing ? STATUS_NO : STATUS_UNUSABLE;
		}
		result = sysfs_read(sysfs_dir, &info->sysfs);
		if (result == SYSFS_BAD)
			return STATUS_UNUSABLE;
		info->has_sysfs = result == SYSFS_OK;
		if (!info->has_sysfs || !info->sample.epoch ||
		    info->sysfs.epoch == info->sample.epoch)
			break;
	}
	if (tries == MAX_TRIES) {
		complain("epoch %" PRIu32 " of the clock differs from epoch %" PRIu32 " in %s",
			 info->sample.epoch, info->sysfs.epoch, sysfs_dir);
		return STATUS_UNUSABLE;
	}
	if (info->has_sysfs && info->sysfs.frequency != info->sample.frequency) {
		complain("frequency %" PRIu64 " Hz of the clock differs from %" PRIu64
			 " Hz in %s",
			 info->sample.frequency, info->sysfs.frequency, sysfs_dir);
		return STATUS_UNUSABLE;
	}

	if (clock_trace_resolution(&info->resolution_ns))
		return clock_failure();
	info->vdso = vdso_check();
	info->has_check = info->has_sysfs && sync_check_exists(sysfs_dir);
	if (info->has_check && sync_check_read(sysfs_dir, debugfs, &info->check) != SYSFS_OK)
		return STATUS_UNUSABLE;
	return STATUS_YES;
}

static void print_text(const struct clock_info *info, const char *sysfs_dir)
{
	if (info->has_sysfs) {
		printf("source:      %s\n", info->sysfs.source);
		printf("state:       %s\n", info->sysfs.state);
		if (info->sysfs.reason[0])
			printf("reason:      %s\n", info->sysfs.reason);
	} else {
		printf("source:      unknown, as there is no %s\n", sysfs_dir);
		printf("state:       unknown\n");
	}
	printf("frequency:   %" PRIu64 " Hz\n", info->sample.frequency);
	if (info->sample.epoch)
		printf("epoch:       %" PRIu32 "\n", info->sample.epoch);
	else
		printf("epoch:       unknown\n");
	printf("resolution:  %" PRIu64 " ns\n", info->resolution_ns);
	printf("value:       %" PRIu64 "\n", info->sample.value);
	printf("read by:     %s\n", vdso_text[info->vdso]);
	if (info->has_check)
		sync_check_print(&info->check);
}

static struct json_object *string_or_null(bool known, const char *text)
{
	return known ? json_object_new_string(text) : NULL;
}

static void print_as_json(const struct clock_info *info)
{
	struct json_object *object = json_object_new_object();

	json_object_object_add(object, "available", json_object_new_boolean(true));
	json_object_object_add(object, "source",
			       string_or_null(info->has_sysfs, info->sysfs.source));
	json_object_object_add(object, "state",
			       string_or_null(info->has_sysfs, info->sysfs.state));
	json_object_object_add(
		object, "reason",
		string_or_null(info->has_sysfs && info->sysfs.reason[0], info->sysfs.reason));
	json_object_object_add(object, "frequency",
			       json_object_new_uint64(info->sample.frequency));
	json_object_object_add(object, "epoch",
			       info->sample.epoch ? json_object_new_uint64(info->sample.epoch)
						  : NULL);
	json_object_object_add(object, "resolution_ns",
			       json_object_new_uint64(info->resolution_ns));
	json_object_object_add(object, "value", json_object_new_uint64(info->sample.value));
	json_object_object_add(object, "vdso",
			       info->vdso == VDSO_UNKNOWN
				       ? NULL
				       : json_object_new_boolean(info->vdso == VDSO_ANSWERS));
	json_object_object_add(object, "check",
			       info->has_check ? sync_check_json(&info->check) : NULL);
	print_json(object);
}

/* So that a program that reads JSON need not look at the exit status. */
static void print_absent_json(void)
{
	struct json_object *object = json_object_new_object();

	json_object_object_add(object, "available", json_object_new_boolean(false));
	print_json(object);
}

int cmd_info(int argc, char **argv)
{
	static const struct option options[] = {
		{ "debugfs", required_argument, NULL, 'd' },
		{ "help", no_argument, NULL, 'h' },
		{ "json", no_argument, NULL, 'j' },
		{ "sysfs", required_argument, NULL, 's' },
		{ "version", no_argument, NULL, OPTION_VERSION },
		{ NULL, 0, NULL, 0 },
	};
	const char *sysfs_dir = SYSFS_DIR, *debugfs = SYNC_DEBUGFS_DIR;
	struct clock_info info;
	bool json = false;
	int option, status;

	while ((option = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		switch (option) {
		case 'd':
			debugfs = directory_name("--debugfs", optarg);
			break;
		case 'h':
			print_help();
			return STATUS_YES;
		case OPTION_VERSION:
			return print_version("info");
		case 'j':
			json = true;
			break;
		case 's':
			sysfs_dir = directory_name("--sysfs", optarg);
			break;
		default:
			return try_help("info");
		}
	}
	if (optind < argc) {
		complain("info takes no argument, so '%s' makes no sense", argv[optind]);
		return try_help("info");
	}

	status = collect(sysfs_dir, debugfs, &info);
	if (status == STATUS_NO && json)
		print_absent_json();
	if (status != STATUS_YES)
		return status;
	if (json)
		print_as_json(&info);
	else
		print_text(&info, sysfs_dir);
	if (info.has_check)
		sync_check_release(&info.check);
	return STATUS_YES;
}
