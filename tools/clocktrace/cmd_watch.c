// SPDX-License-Identifier: GPL-2.0
/*
 * clocktrace watch - print a line whenever the epoch or the state changes, or after a sync check
 *
 * sysfs tells of changes through poll(). Without sysfs, the epoch is read every now and then.
 */
#include <getopt.h>
#include <inttypes.h>
#include <json-c/json.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "clock_trace.h"
#include "clocktrace.h"
#include "common/number.h"
#include "output.h"
#include "stop.h"
#include "sync_check.h"
#include "sysfs.h"
#include "timestamp.h"

#define NSEC_PER_SEC UINT64_C(1000000000)

struct watch {
	const char *sysfs_dir;
	bool json;
	/* Also a line for each sync check. */
	bool checks;
	/* How many changes to print; UINT64_MAX: until stopped. */
	uint64_t count;
	/* UINT64_MAX: none. */
	uint64_t timeout_ns;
	/* UINT64_MAX: look only when poll() says so. */
	uint64_t interval_ns;
	bool has_sysfs;
	/* What was seen of the checks, if they are watched. */
	struct sync_check check;
	struct pollfd fds[SYSFS_NR_WATCHES];
};

static void print_help(void)
{
	puts("Usage: clocktrace watch [OPTION]...\n"
	     "\n"
	     "Print what CLOCK_TRACE is now, and then a line whenever its epoch or state\n"
	     "changes.\n"
	     "\n"
	     "Options:\n"
	     "  -c, --checks            a line for each check of the counters as well\n"
	     "  -n, --count N           end after N changes; with --checks, checks count too\n"
	     "  -t, --timeout SECONDS   end after SECONDS, with --count with exit status 1\n"
	     "  -i, --interval SECONDS  look every SECONDS as well; needed only where there is\n"
	     "                          no " SYSFS_DIR ": the default is 1 there\n"
	     "      --json              print one JSON object a line\n"
	     "      --sysfs DIR         read DIR instead of " SYSFS_DIR "\n"
	     "  -h, --help              print this help\n"
	     "      --version           print the version");
}

/* Reads what there is to know; without sysfs, the strings stay empty. */
static int look(struct watch *watch, struct sysfs_clock *clock)
{
	struct clock_trace_sample sample;

	if (watch->has_sysfs) {
		if (!sysfs_rearm(watch->fds))
			return STATUS_UNUSABLE;
		return sysfs_read(watch->sysfs_dir, clock) == SYSFS_OK ? STATUS_YES
								       : STATUS_UNUSABLE;
	}
	if (clock_trace_read_sample(&sample))
		return clock_failure();
	clock->epoch = sample.epoch;
	clock->frequency = sample.frequency;
	return STATUS_YES;
}

static bool differs(const struct sysfs_clock *a, const struct sysfs_clock *b)
{
	return a->epoch != b->epoch || a->frequency != b->frequency ||
	       strcmp(a->source, b->source) || strcmp(a->state, b->state) ||
	       strcmp(a->reason, b->reason);
}

static void add_string(struct json_object *object, const char *key, const char *text)
{
	json_object_object_add(object, key, text[0] ? json_object_new_string(text) : NULL);
}

static int64_t realtime_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return now.tv_sec * (int64_t)NSEC_PER_SEC + now.tv_nsec;
}

static void print_event(const struct watch *watch, const char *event,
			const struct sysfs_clock *clock)
{
	struct json_object *object;
	char text[TIMESTAMP_SIZE];
	int64_t now_ns = realtime_ns();

	if (watch->json) {
		object = json_object_new_object();
		json_object_object_add(object, "event", json_object_new_string(event));
		json_object_object_add(object, "time_ns", json_object_new_int64(now_ns));
		json_object_object_add(object, "epoch",
				       clock->epoch ? json_object_new_uint64(clock->epoch)
						    : NULL);
		json_object_object_add(object, "frequency",
				       json_object_new_uint64(clock->frequency));
		add_string(object, "source", clock->source);
		add_string(object, "state", clock->state);
		add_string(object, "reason", clock->reason);
		print_json(object);
		return;
	}
	printf("%s %s epoch %" PRIu32 " frequency %" PRIu64, timestamp_utc(now_ns, text), event,
	       clock->epoch, clock->frequency);
	if (clock->source[0])
		printf(" source %s", clock->source);
	if (clock->state[0])
		printf(" state %s", clock->state);
	if (clock->reason[0])
		printf(": %s", clock->reason);
	putchar('\n');
}

static void print_check(const struct watch *watch, const struct sync_check *check)
{
	struct json_object *object;
	char text[TIMESTAMP_SIZE];
	int64_t now_ns = realtime_ns();

	if (watch->json) {
		object = json_object_new_object();
		json_object_object_add(object, "event", json_object_new_string("check"));
		json_object_object_add(object, "time_ns", json_object_new_int64(now_ns));
		json_object_object_add(object, "result", json_object_new_string(check->result));
		json_object_object_add(object, "checks", json_object_new_uint64(check->checks));
		json_object_object_add(object, "failures",
				       json_object_new_uint64(check->failures));
		json_object_object_add(object, "incomplete",
				       json_object_new_uint64(check->incomplete));
		print_json(object);
		return;
	}
	printf("%s check %s: %" PRIu64 " complete, %" PRIu64 " of them failed; %" PRIu64
	       " incomplete\n",
	       timestamp_utc(now_ns, text), check->result, check->checks, check->failures,
	       check->incomplete);
}

/* Prints a line if there was a check since the last look. */
static int look_for_check(struct watch *watch, bool *seen)
{
	struct sync_check now;

	*seen = false;
	if (!watch->checks)
		return STATUS_YES;
	if (sync_check_read_counts(watch->sysfs_dir, &now) != SYSFS_OK)
		return STATUS_UNUSABLE;
	*seen = now.checks != watch->check.checks || now.failures != watch->check.failures ||
		now.incomplete != watch->check.incomplete;
	if (*seen)
		print_check(watch, &now);
	watch->check = now;
	return STATUS_YES;
}

static uint64_t monotonic_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * NSEC_PER_SEC + (uint64_t)now.tv_nsec;
}

static int follow(struct watch *watch, struct sysfs_clock *last)
{
	uint64_t start = monotonic_ns();
	struct sysfs_clock now;
	uint64_t passed, wait;
	uint64_t changes = 0;
	bool expired = false;
	bool checked;
	int status;

	while (changes < watch->count && !expired && !stop_requested()) {
		wait = watch->interval_ns;
		if (watch->timeout_ns != UINT64_MAX) {
			passed = monotonic_ns() - start;
			if (passed >= watch->timeout_ns)
				wait = 0;
			else if (watch->timeout_ns - passed < wait)
				wait = watch->timeout_ns - passed;
			/* A last look, so that a change right at the end is shown. */
			expired = !wait;
		}
		stop_wait(watch->fds, watch->has_sysfs ? SYSFS_NR_WATCHES : 0, wait);
		if (stop_requested())
			break;

		memset(&now, 0, sizeof(now));
		status = look(watch, &now);
		if (status != STATUS_YES)
			return status;
		status = look_for_check(watch, &checked);
		if (status != STATUS_YES)
			return status;
		changes += checked;
		if (differs(&now, last) && changes < watch->count) {
			print_event(watch, "change", &now);
			*last = now;
			changes++;
		}
		if (!flush_output())
			return STATUS_UNUSABLE;
	}
	if (watch->count != UINT64_MAX && changes < watch->count && !stop_requested())
		return STATUS_NO;
	return STATUS_YES;
}

static int run(struct watch *watch)
{
	struct sysfs_clock first;
	enum sysfs_result result;
	int status;

	if (watch->checks && !sync_check_exists(watch->sysfs_dir)) {
		complain("this kernel does not check its counter: there is no %s/check",
			 watch->sysfs_dir);
		return STATUS_UNUSABLE;
	}
	result = sysfs_watch(watch->sysfs_dir, watch->checks, watch->fds);
	if (result == SYSFS_BAD)
		return STATUS_UNUSABLE;
	watch->has_sysfs = result == SYSFS_OK;
	if (!watch->has_sysfs && watch->interval_ns == UINT64_MAX)
		watch->interval_ns = NSEC_PER_SEC;

	memset(&first, 0, sizeof(first));
	status = look(watch, &first);
	if (status != STATUS_YES)
		return status;
	if (watch->checks &&
	    sync_check_read_counts(watch->sysfs_dir, &watch->check) != SYSFS_OK)
		return STATUS_UNUSABLE;
	print_event(watch, "start", &first);
	if (!flush_output())
		return STATUS_UNUSABLE;
	return follow(watch, &first);
}

int cmd_watch(int argc, char **argv)
{
	static const struct option options[] = {
		{ "checks", no_argument, NULL, 'c' },
		{ "count", required_argument, NULL, 'n' },
		{ "help", no_argument, NULL, 'h' },
		{ "interval", required_argument, NULL, 'i' },
		{ "json", no_argument, NULL, 'j' },
		{ "sysfs", required_argument, NULL, 's' },
		{ "timeout", required_argument, NULL, 't' },
		{ "version", no_argument, NULL, OPTION_VERSION },
		{ NULL, 0, NULL, 0 },
	};
	struct watch watch = {
		.sysfs_dir = SYSFS_DIR,
		.count = UINT64_MAX,
		.timeout_ns = UINT64_MAX,
		.interval_ns = UINT64_MAX,
	};
	int option;

	while ((option = getopt_long(argc, argv, "chi:n:t:", options, NULL)) != -1) {
		switch (option) {
		case 'c':
			watch.checks = true;
			break;
		case 'h':
			print_help();
			return STATUS_YES;
		case OPTION_VERSION:
			return print_version("watch");
		case 'i':
			if (!parse_seconds(optarg, &watch.interval_ns))
				return try_help("watch");
			break;
		case 'j':
			watch.json = true;
			break;
		case 'n':
			if (!parse_u64(optarg, 1, UINT64_MAX - 1, &watch.count))
				return try_help("watch");
			break;
		case 's':
			watch.sysfs_dir = directory_name("--sysfs", optarg);
			break;
		case 't':
			if (!parse_seconds(optarg, &watch.timeout_ns))
				return try_help("watch");
			break;
		default:
			return try_help("watch");
		}
	}
	if (optind < argc) {
		complain("watch takes no argument, so '%s' makes no sense", argv[optind]);
		return try_help("watch");
	}

	stop_on_signals();
	return run(&watch);
}
