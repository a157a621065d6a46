// SPDX-License-Identifier: GPL-2.0
/*
 * clocktrace read - read the clock
 */
#include <getopt.h>
#include <inttypes.h>
#include <json-c/json.h>
#include <limits.h>
#include <stdio.h>
#include <stdio_ext.h>
#include <time.h>

#include "clock_trace.h"
#include "clocktrace.h"
#include "common/number.h"
#include "output.h"
#include "stop.h"

/* More than any line of this command has */
#define LINE_BYTES_MAX 256

struct read_options {
	/* CLOCK_TRACE, CLOCK_TRACE_UNORDERED or CLOCK_TRACE_FREQ. */
	clockid_t clock;
	bool syscall;
	bool fallback;
	bool json;
	/* UINT64_MAX: until stopped. */
	uint64_t count;
	/* 0: without a pause. */
	uint64_t interval_ns;
};

static void print_help(void)
{
	puts("Usage: clocktrace read [OPTION]...\n"
	     "\n"
	     "Read CLOCK_TRACE and print a line with the value in ticks, the epoch, and the\n"
	     "clock. An epoch of 0 is not known.\n"
	     "\n"
	     "Options:\n"
	     "      --unordered         read CLOCK_TRACE_UNORDERED, without a fence\n"
	     "      --freq              read CLOCK_TRACE_FREQ, the frequency in Hz\n"
	     "      --syscall           read by a system call instead of the vDSO\n"
	     "      --fallback          on a kernel without CLOCK_TRACE, read CLOCK_MONOTONIC\n"
	     "                          in ns, whose frequency is 1000000000 Hz\n"
	     "  -n, --count N           read N times (default: 1; with --interval, until it is\n"
	     "                          stopped)\n"
	     "  -i, --interval SECONDS  read every SECONDS, such as 0.5\n"
	     "      --json              print one JSON object a line\n"
	     "  -h, --help              print this help\n"
	     "      --version           print the version");
}

static const char *clock_name(clockid_t clock)
{
	switch (clock) {
	case CLOCK_TRACE:
		return "CLOCK_TRACE";
	case CLOCK_TRACE_UNORDERED:
		return "CLOCK_TRACE_UNORDERED";
	case CLOCK_TRACE_FREQ:
		return "CLOCK_TRACE_FREQ";
	default:
		return "CLOCK_MONOTONIC";
	}
}

static int read_fallback(clockid_t clock, struct clock_trace_reading *reading)
{
	struct clock_trace_sample sample;

	if (clock_trace_sample_or_monotonic(&sample) < 0)
		return -1;
	reading->value = clock == CLOCK_TRACE_FREQ ? sample.frequency : sample.value;
	reading->epoch = sample.epoch;
	return 0;
}

static int read_clock(const struct read_options *opts, struct clock_trace_reading *reading)
{
	if (opts->fallback && clock_trace_or_monotonic() == CLOCK_MONOTONIC)
		return read_fallback(opts->clock, reading);
	if (opts->syscall)
		return clock_trace_read_syscall(opts->clock, reading);
	if (opts->clock == CLOCK_TRACE_FREQ)
		return clock_trace_frequency_epoch(reading);
	if (opts->clock == CLOCK_TRACE_UNORDERED)
		return clock_trace_read_unordered_epoch(reading);
	return clock_trace_read_epoch(reading);
}

static void print_reading(const struct read_options *opts,
			  const struct clock_trace_reading *reading)
{
	bool fallback = opts->fallback && clock_trace_or_monotonic() == CLOCK_MONOTONIC;
	const char *name = clock_name(fallback ? CLOCK_MONOTONIC : opts->clock);
	struct json_object *object;

	if (!opts->json) {
		printf("%" PRIu64 " %" PRIu32 " %s\n", reading->value, reading->epoch, name);
		return;
	}
	object = json_object_new_object();
	json_object_object_add(object, "clock", json_object_new_string(name));
	json_object_object_add(object, opts->clock == CLOCK_TRACE_FREQ ? "frequency" : "value",
			       json_object_new_uint64(reading->value));
	json_object_object_add(object, "epoch",
			       reading->epoch ? json_object_new_uint64(reading->epoch) : NULL);
	print_json(object);
}

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

/*
 * A signal may end the command while it waits for room in a pipe. A write of at most
 * PIPE_BUF bytes is done as a whole or not at all, so write whole lines in such parts: the
 * last line is never cut.
 */
static bool lines_fill_pipe_write(void)
{
	return __fpending(stdout) > PIPE_BUF - LINE_BYTES_MAX;
}

static int read_all(const struct read_options *opts)
{
	struct clock_trace_reading reading;
	uint64_t next = now_ns();
	uint64_t now, i;

	for (i = 0; i < opts->count && !stop_requested(); i++) {
		if (i && opts->interval_ns) {
			/* From the time that was meant, so that delays do not add up. */
			next += opts->interval_ns;
			now = now_ns();
			if (next > now)
				stop_wait(NULL, 0, next - now);
			if (stop_requested())
				break;
		}
		if (read_clock(opts, &reading))
			return clock_failure();
		print_reading(opts, &reading);
		/* Someone may wait for the line. */
		if ((opts->interval_ns || !i || lines_fill_pipe_write()) && !flush_output())
			break;
	}
	return STATUS_YES;
}

int cmd_read(int argc, char **argv)
{
	enum { UNORDERED = 256, FREQ, SYSCALL, FALLBACK, JSON };
	static const struct option options[] = {
		{ "count", required_argument, NULL, 'n' },
		{ "fallback", no_argument, NULL, FALLBACK },
		{ "freq", no_argument, NULL, FREQ },
		{ "help", no_argument, NULL, 'h' },
		{ "interval", required_argument, NULL, 'i' },
		{ "json", no_argument, NULL, JSON },
		{ "syscall", no_argument, NULL, SYSCALL },
		{ "unordered", no_argument, NULL, UNORDERED },
		{ "version", no_argument, NULL, OPTION_VERSION },
		{ NULL, 0, NULL, 0 },
	};
	struct read_options opts = { .clock = CLOCK_TRACE };
	int option;

	while ((option = getopt_long(argc, argv, "hi:n:", options, NULL)) != -1) {
		switch (option) {
		case 'h':
			print_help();
			return STATUS_YES;
		case OPTION_VERSION:
			return print_version("read");
		case 'i':
			if (!parse_seconds(optarg, &opts.interval_ns))
				return try_help("read");
			break;
		case 'n':
			if (!parse_u64(optarg, 1, UINT64_MAX, &opts.count))
				return try_help("read");
			break;
		case FALLBACK:
			opts.fallback = true;
			break;
		case JSON:
			opts.json = true;
			break;
		case SYSCALL:
			opts.syscall = true;
			break;
		case FREQ:
		case UNORDERED:
			if (opts.clock != CLOCK_TRACE &&
			    (opts.clock == CLOCK_TRACE_FREQ) != (option == FREQ)) {
				complain(
					"--freq and --unordered are different clocks: give one");
				return try_help("read");
			}
			opts.clock = option == FREQ ? CLOCK_TRACE_FREQ : CLOCK_TRACE_UNORDERED;
			break;
		default:
			return try_help("read");
		}
	}
	if (optind < argc) {
		complain("read takes no argument, so '%s' makes no sense", argv[optind]);
		return try_help("read");
	}
	if (!opts.count)
		opts.count = opts.interval_ns ? UINT64_MAX : 1;

	stop_on_signals();
	return read_all(&opts);
}
