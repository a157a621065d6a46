// SPDX-License-Identifier: GPL-2.0
/*
 * guest-check - prove that guests' times are placed right on their host's time line
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include "check.h"
#include "message.h"
#include "report.h"

static void print_help(void)
{
	puts("Usage: guest-check [OPTION]... TRACE PID:SAMPLES[,PID:SAMPLES]...\n"
	     "       guest-check --help | --version\n"
	     "\n"
	     "Convert what guests read from CLOCK_TRACE to the host's time, and look whether each\n"
	     "vCPU was in the guest then.\n"
	     "\n"
	     "TRACE is the host's trace, recorded by trace-cmd with the clock \"clock_trace\" and the\n"
	     "events kvm_entry, kvm_exit and kvm_guest_tsc. SAMPLES is what guest-sampler wrote in\n"
	     "the guest that the process PID ran, with a comma before the next process that it\n"
	     "moved to. Either may be a directory with what LTTng recorded with CLOCK_TRACE.\n"
	     "\n"
	     "  --shift TICKS   make each offset wrong by TICKS, which may be negative\n"
	     "  --json          print one JSON object\n"
	     "\n"
	     "Exit status: 0 all samples are inside, 1 they are not, 2 failure.\n"
	     "More is in guest-check(1).");
}

static long long parse_number(const char *text)
{
	long long number;
	char *end;

	errno = 0;
	number = strtoll(text, &end, 10);
	if (errno || end == text || *end)
		die("'%s' is not a number", text);
	return number;
}

static int run(const char *path, char **arguments, size_t nr_guests, uint64_t shift,
	       bool json)
{
	struct guest_samples *guests = calloc(nr_guests, sizeof(*guests));
	struct check_result result;
	struct host_trace trace;
	bool passed;
	size_t i;

	if (!guests)
		die("out of memory");
	for (i = 0; i < nr_guests; i++)
		samples_read(arguments[i], &guests[i]);
	trace_read(path, &trace);
	check(&trace, guests, nr_guests, shift, &result);
	passed = check_passed(&result);
	if (json)
		report_json(&trace, guests, nr_guests, &result);
	else
		report_text(&trace, &result);
	for (i = 0; i < nr_guests; i++)
		samples_free(&guests[i]);
	free(guests);
	free(result.vcpus);
	trace_free(&trace);
	return passed ? STATUS_OK : STATUS_OUTSIDE;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{ "json", no_argument, NULL, 'j' },
		{ "shift", required_argument, NULL, 's' },
		{ NULL, 0, NULL, 0 },
	};
	uint64_t shift = 0;
	bool json = false;
	int option, status;

	while ((option = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		switch (option) {
		case 'h':
			print_help();
			return STATUS_OK;
		case 'V':
			puts("guest-check " GUEST_CHECK_VERSION);
			return STATUS_OK;
		case 'j':
			json = true;
			break;
		case 's':
			shift = (uint64_t)parse_number(optarg);
			break;
		default:
			die("see guest-check --help");
		}
	}
	if (argc - optind < 2)
		die("name a trace and the samples of at least one guest; see guest-check --help");
	status = run(argv[optind], argv + optind + 1, (size_t)(argc - optind - 1),
		     shift, json);
	if (fflush(stdout) || ferror(stdout))
		die("the result cannot be written");
	return status;
}
