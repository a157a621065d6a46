// SPDX-License-Identifier: GPL-2.0
/*
 * clocktrace verify - prove that guests' times are placed right on their host's time line
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/array.h"
#include "verify/check.h"
#include "common/message.h"
#include "common/output.h"
#include "readers/guard.h"
#include "verify/report.h"

/* Without any event for so long, a reader is taken to hang. */
#define PATIENCE_SECONDS 60

static void print_help(void)
{
	puts("Usage: clocktrace verify [OPTION]... TRACE PID:SAMPLES[,PID:SAMPLES]...\n"
	     "       clocktrace verify --help | --version\n"
	     "\n"
	     "Convert what guests read from CLOCK_TRACE to the host's time, and look whether each\n"
	     "vCPU was in the guest then.\n"
	     "\n"
	     "TRACE is the host's trace, recorded by trace-cmd or perf with CLOCK_TRACE and\n"
	     "the events kvm_entry, kvm_exit and kvm_guest_counter. SAMPLES is what\n"
	     "clocktrace-guest-sampler wrote in the guest that the process PID ran, with a comma\n"
	     "before the next process that it moved to. Of several VMs of a process, PID/VM names\n"
	     "one by its number. Either may be a directory with what LTTng recorded with\n"
	     "CLOCK_TRACE: which vCPU each CPU of that guest is, is found by fit.\n"
	     "\n"
	     "Options:\n"
	     "  --shift TICKS   make each offset wrong by TICKS, which may be negative\n"
	     "  --trust-clock   TRACE is of CLOCK_TRACE though it names another clock, as what\n"
	     "                  \"trace-cmd extract -B\" writes may\n"
	     "  --vcpu PID:CPU=VCPU  CPU of the guest of PID, which was traced, is that vCPU\n"
	     "  --json          print one JSON object\n"
	     "  -h, --help      print this help\n"
	     "  --version       print the version\n"
	     "\n"
	     "Exit status: 0 all samples are inside, 1 they are not, 2 wrong usage or input that\n"
	     "cannot be used. More is in clocktrace-verify(1).");
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

/* "PID:CPU=VCPU" */
static struct cpu_name parse_vcpu(const char *text)
{
	unsigned int pid, cpu, vcpu;
	int end = 0;

	if (sscanf(text, "%9u:%9u=%9u%n", &pid, &cpu, &vcpu, &end) != 3 || text[end] ||
	    strpbrk(text, "+- "))
		die("'%s' is not PID:CPU=VCPU", text);
	return (struct cpu_name){ (int32_t)pid, cpu, vcpu };
}

struct arguments {
	const char *path;
	char **guests;
	size_t nr_guests;
	struct cpu_name *names;
	size_t nr_names;
	uint64_t shift;
	bool trust_clock;
	bool json;
};

static int run(void *data)
{
	const struct arguments *arguments = data;
	const size_t nr_guests = arguments->nr_guests;
	struct guest_samples *guests = calloc(nr_guests, sizeof(*guests));
	struct check_result result;
	struct host_trace trace;
	bool passed;
	size_t i;

	if (!guests)
		die("out of memory");
	for (i = 0; i < nr_guests; i++)
		samples_read(arguments->guests[i], &guests[i]);
	samples_check_same(guests, nr_guests);
	trace_read(arguments->path, arguments->trust_clock, &trace);
	check_names(&trace, guests, nr_guests);
	check(&trace, guests, nr_guests, arguments->names, arguments->nr_names, arguments->shift,
	      &result);
	passed = check_passed(&result);
	if (arguments->json)
		report_json(&trace, guests, nr_guests, &result);
	else
		report_text(&trace, &result);
	for (i = 0; i < nr_guests; i++)
		samples_free(&guests[i]);
	free(guests);
	free(result.vcpus);
	trace_free(&trace);
	return close_output(passed ? STATUS_YES : STATUS_NO);
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{ "json", no_argument, NULL, 'j' },
		{ "shift", required_argument, NULL, 's' },
		{ "trust-clock", no_argument, NULL, 't' },
		{ "vcpu", required_argument, NULL, 'v' },
		{ NULL, 0, NULL, 0 },
	};
	struct arguments arguments = { 0 };
	int option, status;

	begin_output();
	message_program("clocktrace verify");
	/* For what getopt_long() says */
	argv[0] = (char[]){ "clocktrace verify" };
	while ((option = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		switch (option) {
		case 'h':
			print_help();
			return close_output(STATUS_YES);
		case 'V':
			puts("clocktrace verify " CLOCKTRACE_VERSION);
			return close_output(STATUS_YES);
		case 'j':
			arguments.json = true;
			break;
		case 's':
			arguments.shift = (uint64_t)parse_number(optarg);
			break;
		case 't':
			arguments.trust_clock = true;
			break;
		case 'v':
			arguments.names = array_room(arguments.names, arguments.nr_names,
						     sizeof(*arguments.names));
			arguments.names[arguments.nr_names++] = parse_vcpu(optarg);
			break;
		default:
			die("see clocktrace verify --help");
		}
	}
	if (argc - optind < 2)
		die("name a trace and the samples of at least one guest; see clocktrace verify --help");
	if (!*argv[optind])
		die("a trace needs a name");
	arguments.path = argv[optind];
	arguments.guests = argv + optind + 1;
	arguments.nr_guests = (size_t)(argc - optind - 1);
	status = guard_run(run, &arguments, PATIENCE_SECONDS);
	free(arguments.names);
	return status;
}
