// SPDX-License-Identifier: GPL-2.0
/*
 * Take bytes as what readers get: a file of samples, a kept model, the events of a host and
 * a guest, a stream of CTF, a file of trace-cmd or of perf; or as what writers get. The first byte
 * chooses.
 *
 * The libraries that decode CTF and tracepoints are known to crash on some files.
 * These are read in a child, as clocktrace merge does: that it crashes in the library is no
 * failure, that the sanitizers find something in the code here is one, and so is a crash
 * in the code here.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#include "common/message.h"
#include "correlate/match_keep.h"
#include "correlate/timeline.h"
#include "fuzz/try_writers.h"
#include "model/host_keep.h"
#include "readers/ctf/layout.h"

#define READ_MAX 100000
/* What libFuzzer ends with where a library asks for a lot of memory at once */
#define OUT_OF_MEMORY 71
#define FAULT_HERE 72
/* Where a file of perf tells which headers it has, and that with the descriptions */
#define PERF_FEATURES 72
#define PERF_TRACING_DATA 2

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
const char *__asan_default_options(void);
void __asan_set_error_report_callback(void (*callback)(const char *report));

/* Functions of libraries are not to be checked by their use of those of the C library. */
const char *__asan_default_options(void)
{
	return "replace_str=0:replace_intrin=0:intercept_strlen=0:intercept_strchr=0:intercept_strndup=0:handle_segv=0:handle_abort=0:handle_sigbus=0:handle_sigfpe=0:detect_leaks=0:allocator_may_return_null=1";
}

static char directory[] = "/tmp/fuzz-readers-XXXXXX";

static void remove_directory(void)
{
	char *command = text_of("rm -rf '%s'", directory);

	if (system(command))
		perror(command);
	free(command);
}

static void begin(void)
{
	static bool begun;

	if (begun)
		return;
	begun = true;
	if (!mkdtemp(directory))
		abort();
	atexit(remove_directory);
}

static char *write_file(const char *name, const uint8_t *data, size_t size)
{
	char *path = text_of("%s/%s", directory, name);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	close(fd);
	return path;
}

static void take_value(void *data, const struct value *value)
{
	size_t *sum = data;

	*sum += strlen(value->name) + (value->type == VALUE_TEXT ? strlen(value->text) : 0);
}

/* All events of all streams, with their fields */
static void read_all(const struct reader_class *class, const char *path)
{
	struct reader *reader;
	char *error = NULL;
	size_t i, sum = 0, count = 0;

	if (!class->probe(path, class == &ctf_reader))
		return;
	reader = class->open(path, &error);
	free(error);
	if (!reader)
		return;
	for (i = 0; i < reader->nr_streams; i++) {
		struct event event;

		while (count++ < READ_MAX && class->next(reader, i, &event) == READ_EVENT) {
			sum += strlen(event.name);
			class->values(reader, i, take_value, &sum);
		}
	}
	class->close(reader);
}

/* Whoever called the allocator, or did what is wrong, is in a library: not ours to mend. */
static void end_if_in_library(const char *report)
{
	const char *frame = strstr(report, "#0 "), *end;
	size_t i;
	char line[512];

	for (i = 0; frame && i < 8; i++) {
		end = strchr(frame, '\n');
		snprintf(line, sizeof(line), "%.*s", (int)(end ? end - frame : 0), frame);
		if (strstr(line, ".so"))
			_exit(0);
		if (!strstr(line, "alloc") && !strstr(line, "in free") && !strstr(line, "in __interceptor"))
			return;
		frame = end ? strchr(end, '#') : NULL;
	}
}

/* The sanitizers do not look at files that are mapped: a fault is what tells. */
static void fault(int number, siginfo_t *info, void *context)
{
	const ucontext_t *at = context;
	Dl_info where, here;

	(void)info;
	if (dladdr((void *)at->uc_mcontext.gregs[REG_RIP], &where) &&
	    dladdr((void *)read_all, &here) && where.dli_fbase == here.dli_fbase)
		_exit(FAULT_HERE);
	signal(number, SIG_DFL);
}

static void in_child(const struct reader_class *class, const char *path)
{
	const struct sigaction on_fault = { .sa_sigaction = fault, .sa_flags = SA_SIGINFO };
	static const int signals[] = { SIGSEGV, SIGBUS, SIGABRT, SIGILL, SIGFPE, SIGALRM };
	pid_t child;
	int status;
	size_t i;

	fflush(NULL);
	child = fork();
	if (child < 0)
		return;
	if (!child) {
		/* libFuzzer takes signals for its own failures. */
		for (i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
			signal(signals[i], SIG_DFL);
		sigaction(SIGSEGV, &on_fault, NULL);
		sigaction(SIGBUS, &on_fault, NULL);
		alarm(20);
		__asan_set_error_report_callback(end_if_in_library);
		read_all(class, path);
		_exit(0);
	}
	if (waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) &&
	    WEXITSTATUS(status) != OUT_OF_MEMORY) {
		fprintf(stderr, "the child ended with status %d\n", WEXITSTATUS(status));
		abort();
	}
}

static void try_samples(const uint8_t *data, size_t size)
{
	char *path = write_file("samples", data, size);

	read_all(&samples_reader, path);
	free(path);
}

static void try_trace_cmd(const uint8_t *data, size_t size)
{
	char *path = write_file("trace.dat", data, size);

	in_child(&trace_cmd_reader, path);
	free(path);
}

static void try_perf(const uint8_t *data, size_t size)
{
	char *path = write_file("perf.data", data, size);

	/* Without descriptions of tracepoints, no library is asked, and coverage guides. */
	if (size > PERF_FEATURES && !(data[PERF_FEATURES] & PERF_TRACING_DATA))
		read_all(&perf_reader, path);
	else
		in_child(&perf_reader, path);
	free(path);
}

/* No library is asked, so that coverage guides. */
static void try_layout(const uint8_t *data, size_t length)
{
	char *text = text_of("%.*s", (int)length, (const char *)data);
	struct ctf_layout layout;
	uint8_t packet[LAYOUT_SIZE_MAX] = { 0 };
	size_t i;

	if (ctf_layout_find(text, &layout))
		for (i = 0; i < layout.count; i++)
			ctf_layout_number(&layout, layout.contexts[i].packet_size, packet);
	ctf_layout_free(&layout);
	free(text);
}

/* The metadata end with a 0. */
static void try_ctf(const uint8_t *data, size_t size)
{
	const uint8_t *end = memchr(data, '\0', size);
	size_t length = end ? (size_t)(end - data) : size;

	try_layout(data, length);
	free(write_file("metadata", data, length));
	free(write_file("kernel_0", end ? end + 1 : data, end ? size - length - 1 : 0));
	in_child(&ctf_reader, directory);
}

static void try_model(const uint8_t *data, size_t size)
{
	struct binary_file binary = { .file = size ? fmemopen((void *)data, size, "r") : NULL };
	struct host *host;
	char *error = NULL;

	if (!binary.file)
		return;
	host = host_recall(&binary, &error);
	if (host)
		match_free(match_recall(host, &binary));
	host_free(host);
	free(error);
	fclose(binary.file);
}

static struct event event_of(const uint8_t *bytes, uint64_t *time)
{
	struct event event = {
		.name = "event",
		.kind = bytes[0] % (EVENT_WAKEUP + 1),
		.cpu = bytes[1] % 3,
		.thread = bytes[1] / 3 % 4 - 1,
		.lost_before = bytes[0] > 250,
		.vcpu_id = bytes[2] & 1 ? bytes[2] / 2 % 3 : VCPU_UNKNOWN,
	};

	/* Now and then back, or far away */
	*time += bytes[3] < 250 ? bytes[3] : (uint64_t)bytes[4] << (bytes[5] % 64);
	event.time = *time;
	event.tsc = (struct clocktrace_guest_event){
		.vm_id = bytes[4] % 3,
		.vm_pid = bytes[4] % 2,
		.vcpu_id = bytes[2] / 2 % 3,
		.tsc = {
			.offset = (int8_t)bytes[5] * (bytes[6] & 1 ? 1 : INT64_C(1) << 40),
			.ratio = bytes[6] < 200 ? UINT64_C(1) << 32 : (uint64_t)bytes[6] << (bytes[7] % 57),
			.frac_bits = bytes[6] < 200 ? 32 : bytes[7] % 64,
		},
		.flags = bytes[7] == 255,
		.reason = bytes[0] / 8 % 5,
	};
	return event;
}

/* A host, then a guest of which every event that is placed has to be in a stay */
static void try_events(const uint8_t *data, size_t size)
{
	size_t records = size / 8, of_host = records - records / 3, i;
	char *error = NULL;
	struct host *host = host_new(&error);
	struct match *match;
	uint64_t time = 1000;

	if (!host)
		abort();
	for (i = 0; i < of_host && !error; i++) {
		struct event event = event_of(data + 8 * i, &time);

		error = host_add(host, &event);
	}
	if (!error)
		error = host_finish(host);
	if (!error) {
		match = match_new(host);
		time = 500;
		for (; i < records; i++) {
			struct event event = event_of(data + 8 * i, &time);

			match_add(match, data[8 * i + 7] % 2, &event, data[8 * i + 7] % 3);
		}
		match_finish(match, 0);
		match_free(match);
	}
	free(error);
	host_free(host);
}

static void write_events(const uint8_t *data, size_t size)
{
	try_writers(directory, data, size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const tries[])(const uint8_t *data, size_t size) = {
		try_events, try_events, try_events, try_samples, try_model, try_model, try_ctf,
		try_trace_cmd, try_perf, try_perf, write_events, write_events, write_events,
	};

	begin();
	if (size)
		tries[data[0] % (sizeof(tries) / sizeof(tries[0]))](data + 1, size - 1);
	return 0;
}
