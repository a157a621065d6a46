// SPDX-License-Identifier: GPL-2.0
/*
 * clocktrace convert - convert ticks to nanoseconds, to the time of another clock, and back
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <json-c/json.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock_trace.h"
#include "clocks.h"
#include "clocktrace.h"
#include "common/number.h"
#include "output.h"
#include "timestamp.h"

enum target { TO_NS, TO_TICKS, TO_CLOCK };

struct conversion {
	enum target target;
	/* For TO_CLOCK. */
	const struct clock_name *clock;
	struct clock_trace_pairing pairing;
	uint64_t rounds;
	/* Hz. 0: that of the clock now. */
	uint64_t frequency;
	/* The epoch that the ticks must be of; 0: any. */
	uint64_t epoch;
	bool json;
};

static void print_help(void)
{
	size_t i;

	puts("Usage: clocktrace convert [OPTION]... VALUE...\n"
	     "       clocktrace convert [OPTION]... -\n"
	     "\n"
	     "Convert each VALUE, or each line of standard input, rounding down.\n"
	     "\n"
	     "Options:\n"
	     "      --to ns         ticks to nanoseconds (the default)\n"
	     "      --to ticks      nanoseconds to ticks\n"
	     "      --to CLOCK      ticks to the time of another clock: print its seconds, the\n"
	     "                      uncertainty of the relation in ns, and for realtime the\n"
	     "                      date in UTC. CLOCK is one of:");
	printf("                     ");
	for (i = 0; i < nr_clocks; i++)
		if (clocks[i].option)
			printf(" %s", clocks[i].option);
	puts("\n"
	     "  -f, --frequency HZ  ticks per second, instead of those of CLOCK_TRACE now\n"
	     "  -e, --epoch EPOCH   the epoch of the ticks: fail if it is not the present one\n"
	     "  -r, --rounds N      for CLOCK: take the best of N attempts (default 16)\n"
	     "      --json          print one JSON object a line\n"
	     "  -h, --help          print this help\n"
	     "      --version       print the version");
}

/* Finds out what the conversion needs to know of the clock. */
static int prepare(struct conversion *conv)
{
	struct clock_trace_sample sample;
	uint64_t epoch;

	if (conv->frequency)
		return STATUS_YES;

	if (conv->target == TO_CLOCK) {
		/* Every kernel has the clocks named here, so EINVAL speaks of CLOCK_TRACE. */
		if (clock_trace_pair(conv->clock->id, (unsigned int)conv->rounds,
				     &conv->pairing))
			return clock_failure();
		epoch = conv->pairing.epoch;
	} else {
		if (clock_trace_read_sample(&sample)) {
			complain("no --frequency was given, so that of the clock is needed");
			return clock_failure();
		}
		conv->frequency = sample.frequency;
		epoch = sample.epoch;
	}
	if (conv->epoch && conv->epoch != epoch) {
		complain("the epoch is %" PRIu64 " and no longer %" PRIu64
			 ": give the frequency of that epoch with --frequency",
			 epoch, conv->epoch);
		return STATUS_UNUSABLE;
	}
	return STATUS_YES;
}

static int does_not_fit(uint64_t value)
{
	complain("the result for %" PRIu64 " does not fit 64 bits", value);
	return STATUS_UNUSABLE;
}

static int convert_duration(const struct conversion *conv, uint64_t value)
{
	bool to_ns = conv->target == TO_NS;
	struct json_object *object;
	uint64_t result;

	if (to_ns ? clock_trace_ticks_to_ns(value, conv->frequency, &result)
		  : clock_trace_ns_to_ticks(value, conv->frequency, &result))
		return does_not_fit(value);

	if (!conv->json) {
		printf("%" PRIu64 "\n", result);
		return STATUS_YES;
	}
	object = json_object_new_object();
	json_object_object_add(object, "ticks", json_object_new_uint64(to_ns ? value : result));
	json_object_object_add(object, "ns", json_object_new_uint64(to_ns ? result : value));
	json_object_object_add(object, "frequency", json_object_new_uint64(conv->frequency));
	print_json(object);
	return STATUS_YES;
}

static int convert_to_clock(const struct conversion *conv, uint64_t ticks)
{
	char seconds[TIMESTAMP_SIZE], utc[TIMESTAMP_SIZE];
	bool realtime = conv->clock->id == CLOCK_REALTIME;
	struct json_object *object;
	uint64_t uncertainty;
	int64_t ns;

	if (clock_trace_pairing_to_ns(&conv->pairing, ticks, &ns) ||
	    clock_trace_ticks_to_ns(conv->pairing.uncertainty, conv->pairing.frequency,
				    &uncertainty))
		return does_not_fit(ticks);
	/* Both were rounded down. */
	uncertainty++;

	if (!conv->json) {
		printf("%s %" PRIu64 "%s%s\n", timestamp_seconds(ns, seconds), uncertainty,
		       realtime ? " " : "", realtime ? timestamp_utc(ns, utc) : "");
		return STATUS_YES;
	}
	object = json_object_new_object();
	json_object_object_add(object, "ticks", json_object_new_uint64(ticks));
	json_object_object_add(object, "clock", json_object_new_string(conv->clock->name));
	json_object_object_add(object, "ns", json_object_new_int64(ns));
	json_object_object_add(object, "uncertainty_ns", json_object_new_uint64(uncertainty));
	if (realtime)
		json_object_object_add(object, "utc",
				       json_object_new_string(timestamp_utc(ns, utc)));
	json_object_object_add(object, "frequency",
			       json_object_new_uint64(conv->pairing.frequency));
	print_json(object);
	return STATUS_YES;
}

static int convert(const struct conversion *conv, uint64_t value)
{
	if (conv->target == TO_CLOCK)
		return convert_to_clock(conv, value);
	return convert_duration(conv, value);
}

/* A line as it was read, without its end, that of DOS and the web as well. */
static bool parse_line(char *line, size_t length, uint64_t *value)
{
	if (length && line[length - 1] == '\n') {
		line[--length] = '\0';
		if (length && line[length - 1] == '\r')
			line[--length] = '\0';
	}
	if (strlen(line) != length) {
		complain("there is a NUL byte after '%s'", line);
		return false;
	}
	return parse_u64(line, 0, UINT64_MAX, value);
}

static int convert_input(struct conversion *conv)
{
	unsigned long long number = 0;
	int status = prepare(conv);
	char *line = NULL;
	ssize_t length;
	size_t size = 0;
	uint64_t value;

	while (status == STATUS_YES && (length = getline(&line, &size, stdin)) >= 0) {
		number++;
		if (!parse_line(line, (size_t)length, &value)) {
			complain("that was line %llu of standard input", number);
			status = STATUS_UNUSABLE;
		} else {
			status = convert(conv, value);
		}
		if (status == STATUS_YES && ferror(stdout))
			status = STATUS_UNUSABLE;
	}
	if (status == STATUS_YES && ferror(stdin)) {
		complain("cannot read standard input: %s", strerror(errno));
		status = STATUS_UNUSABLE;
	}
	free(line);
	return status;
}

/* Checks all of them before it prints the first result. */
static int convert_arguments(struct conversion *conv, int argc, char **argv)
{
	uint64_t value;
	int status, i;

	for (i = 0; i < argc; i++)
		if (!parse_u64(argv[i], 0, UINT64_MAX, &value))
			return try_help("convert");
	status = prepare(conv);
	for (i = 0; i < argc && status == STATUS_YES; i++)
		if (parse_u64(argv[i], 0, UINT64_MAX, &value))
			status = convert(conv, value);
	return status;
}

static bool parse_target(const char *text, struct conversion *conv)
{
	if (!strcmp(text, "ns")) {
		conv->target = TO_NS;
		return true;
	}
	if (!strcmp(text, "ticks")) {
		conv->target = TO_TICKS;
		return true;
	}
	conv->target = TO_CLOCK;
	conv->clock = clock_by_option(text);
	if (!conv->clock)
		complain("cannot convert to '%s': give ns, ticks or the name of a clock", text);
	return conv->clock != NULL;
}

static bool options_agree(const struct conversion *conv)
{
	if (conv->frequency && conv->target == TO_CLOCK) {
		complain("--frequency does not go with --to %s, which asks the clock itself",
			 conv->clock->option);
		return false;
	}
	if (conv->frequency && conv->epoch) {
		complain("with --frequency the epoch does not matter: give one of the two");
		return false;
	}
	return true;
}

int cmd_convert(int argc, char **argv)
{
	static const struct option options[] = {
		{ "epoch", required_argument, NULL, 'e' },
		{ "frequency", required_argument, NULL, 'f' },
		{ "help", no_argument, NULL, 'h' },
		{ "json", no_argument, NULL, 'j' },
		{ "rounds", required_argument, NULL, 'r' },
		{ "to", required_argument, NULL, 't' },
		{ "version", no_argument, NULL, OPTION_VERSION },
		{ NULL, 0, NULL, 0 },
	};
	struct conversion conv = { .target = TO_NS, .rounds = 16 };
	int option;

	while ((option = getopt_long(argc, argv, "e:f:hr:t:", options, NULL)) != -1) {
		switch (option) {
		case 'e':
			if (!parse_u64(optarg, 1, 999999999, &conv.epoch))
				return try_help("convert");
			break;
		case 'f':
			if (!parse_u64(optarg, 1, UINT64_MAX, &conv.frequency))
				return try_help("convert");
			break;
		case 'h':
			print_help();
			return STATUS_YES;
		case OPTION_VERSION:
			return print_version("convert");
		case 'j':
			conv.json = true;
			break;
		case 'r':
			if (!parse_u64(optarg, 1, UINT_MAX, &conv.rounds))
				return try_help("convert");
			break;
		case 't':
			if (!parse_target(optarg, &conv))
				return try_help("convert");
			break;
		default:
			return try_help("convert");
		}
	}
	if (!options_agree(&conv))
		return try_help("convert");
	argc -= optind;
	argv += optind;
	if (!argc) {
		complain("give the numbers to convert, or - for standard input");
		return try_help("convert");
	}
	if (argc == 1 && !strcmp(argv[0], "-"))
		return convert_input(&conv);
	return convert_arguments(&conv, argc, argv);
}
