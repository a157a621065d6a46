// SPDX-License-Identifier: GPL-2.0
/*
 * Give all traces of one clock the same offset to the Epoch
 *
 * LTTng finds out how far its clock is from the Epoch once for the trace of the kernel,
 * and again for each trace of user space, each time a little off. A reader
 * that merges these traces takes the differences for time. Where the clock is the same,
 * there is no reason for more than one offset: any of them is
 * as good as the other, and with one for all, what is merged is the clock itself.
 */

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "begin.h"
#include "clock.h"
#include "common/array.h"
#include "common/json_text.h"
#include "common/message.h"
#include "common/metadata.h"
#include "common/number.h"
#include "common/output.h"
#include "trace.h"

#define PROG "clocktrace-lttng-align"

/*
 * LTTng takes the best of ten readings for each offset, so that an error of this size needs
 * ten interruptions in a row.
 */
#define TOLERANCE_NS 200000

struct options {
	uint64_t tolerance_ns;
	bool check;
	bool json;
};

static struct trace *traces;
static size_t count;
static bool failed;

static void skip(const char *path, const char *why)
{
	complain("%s: %s", path, why);
	failed = true;
}

static char *directory_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? text_of("%.*s", (int)(slash - path), path) : text_of(".");
}

static void add(const char *path)
{
	struct trace *trace;
	char *directory;
	const char *why;
	int fd;

	traces = array_room(traces, count, sizeof(*traces));
	trace = memset(&traces[count], 0, sizeof(*trace));

	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0) {
		skip(path, strerror(errno));
		return;
	}
	if (metadata_read(fd, &trace->metadata, &why)) {
		skip(path, why);
	} else if (clock_find(trace->metadata.text, &trace->clock, &why)) {
		skip(path, why);
		metadata_free(&trace->metadata);
	} else {
		directory = directory_of(path);
		trace->path = text_of("%s", path);
		trace->has_begin = trace_begin(directory, &trace->begin, &trace->is_continued);
		free(directory);
		count++;
	}
	close(fd);
}

static int visit(const char *path, const struct stat *stat, int type, struct FTW *ftw)
{
	(void)stat;
	if (type == FTW_DNR || type == FTW_NS)
		skip(path, "cannot be read");
	else if (type == FTW_F && !strcmp(path + ftw->base, "metadata"))
		add(path);
	return 0;
}

/* The order in which a directory lists its files is nobody's choice. */
static int compare_paths(const void *a, const void *b)
{
	const struct trace *one = a, *other = b;

	return strcmp(one->path, other->path);
}

static bool is_changed(const struct trace *trace)
{
	return trace->offset != trace->clock.offset || strcasecmp(trace->uuid, trace->clock.uuid);
}

static int rewrite(struct trace *trace)
{
	const struct clock *clock = &trace->clock;
	/* The longest number, and the end of the string */
	char number[24];
	int ret, size, fd;

	size = snprintf(number, sizeof(number), "%" PRId64, trace->offset);
	memset(trace->metadata.text + clock->slot, ' ', clock->slot_size);
	memcpy(trace->metadata.text + clock->slot + clock->slot_size - size, number, size);
	memcpy(trace->metadata.text + clock->uuid_slot, trace->uuid, sizeof(clock->uuid) - 1);

	fd = open(trace->path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return -1;
	ret = metadata_write(fd, &trace->metadata, clock->slot, clock->slot_size);
	if (!ret && strcasecmp(trace->uuid, clock->uuid))
		ret = metadata_write(fd, &trace->metadata, clock->uuid_slot,
				     sizeof(clock->uuid) - 1);
	return close(fd) || ret ? -1 : 0;
}

static void report_text(const struct trace *trace)
{
	const struct clock *clock = &trace->clock;
	int64_t moved = (int64_t)((uint64_t)trace->offset - (uint64_t)clock->offset);

	printf("%s", clock->uuid);
	if (strcasecmp(trace->uuid, clock->uuid))
		printf(" -> %s", trace->uuid);
	printf(": clock ");
	json_put_string(stdout, clock->name);
	printf(" at %" PRIu64 " Hz, offset %" PRId64, clock->frequency, clock->offset);
	if (moved)
		printf(" -> %" PRId64 " (%+" PRId64 " ticks)", trace->offset, moved);
	printf(": ");
	json_put_string(stdout, trace->path);
	putchar('\n');
}

static void report_json(const struct trace *trace, bool first)
{
	const struct clock *clock = &trace->clock;

	printf("%s\n  {\"metadata\": ", first ? "" : ",");
	json_put_string(stdout, trace->path);
	printf(", \"clock\": ");
	json_put_string(stdout, clock->name);
	printf(", \"uuid\": ");
	json_put_string(stdout, clock->uuid);
	printf(", \"aligned_uuid\": ");
	json_put_string(stdout, trace->uuid);
	printf(", \"frequency\": %" PRIu64 ", \"offset\": %" PRId64
	       ", \"aligned_offset\": %" PRId64 "}",
	       clock->frequency, clock->offset, trace->offset);
}

static void report(bool json)
{
	size_t i;

	if (json)
		putchar('[');
	for (i = 0; i < count; i++) {
		if (json)
			report_json(&traces[i], !i);
		else
			report_text(&traces[i]);
	}
	if (json)
		puts("\n]");
}

static void tell_identities(void)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (strcasecmp(traces[i].uuid, traces[i].clock.uuid))
			complain("%s: its clock has the UUID %s, but is the clock %s: name, host, frequency and offset are the same. So it is where lttng-sessiond runs in a container that shows another boot_id",
				 traces[i].path, traces[i].clock.uuid, traces[i].uuid);
}

static void print_help(void)
{
	puts("Usage: " PROG " [OPTION]... TRACE...\n"
	     "Give all LTTng traces below the directories TRACE... that are of one clock the\n"
	     "same offset to the Epoch, so that a reader merges them exactly.\n"
	     "\n"
	     "Options:\n"
	     "  -c, --check      change nothing\n"
	     "  -j, --json       report in JSON\n"
	     "      --tolerance SECONDS  allow two offsets of one clock to be so far apart\n"
	     "                   (default: 0.0002, and 100 ppm of the time between the two\n"
	     "                   measurements)\n"
	     "  -h, --help       print this help\n"
	     "      --version    print the version\n"
	     "\n"
	     "Exit status: 0 all offsets agree now, 1 they differ (with --check), 2 wrong usage, or\n"
	     "a trace could not be used, or there is none. The other traces are aligned then,\n"
	     "unless a message says that nothing was changed.");
}

static int take_options(int argc, char **argv, struct options *options)
{
	static const struct option list[] = {
		{ "check", no_argument, NULL, 'c' },
		{ "json", no_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' },
		{ "tolerance", required_argument, NULL, 't' },
		{ "version", no_argument, NULL, 'V' },
		{ NULL, 0, NULL, 0 }
	};
	int option, i;

	while ((option = getopt_long(argc, argv, "cjh", list, NULL)) != -1) {
		switch (option) {
		case 'c':
			options->check = true;
			break;
		case 'j':
			options->json = true;
			break;
		case 't':
			if (!parse_seconds(optarg, &options->tolerance_ns))
				return STATUS_UNUSABLE;
			break;
		case 'h':
			print_help();
			exit(close_output(STATUS_YES));
		case 'V':
			puts(PROG " " CLOCKTRACE_VERSION);
			exit(close_output(STATUS_YES));
		default:
			die("see " PROG " --help");
		}
	}
	if (optind == argc)
		die("name the directories of traces; see " PROG " --help");
	for (i = optind; i < argc; i++)
		if (!*argv[i])
			die("a trace needs a name");
	return STATUS_YES;
}

static int align(const struct options *options)
{
	bool different = false;
	size_t i;

	if (count)
		qsort(traces, count, sizeof(*traces), compare_paths);
	if (!group_traces(traces, count, options->tolerance_ns))
		return STATUS_UNUSABLE;
	report(options->json);
	tell_identities();
	for (i = 0; i < count; i++) {
		if (!is_changed(&traces[i]))
			continue;
		different = true;
		if (!options->check && rewrite(&traces[i]))
			skip(traces[i].path, strerror(errno));
	}
	if (failed)
		return STATUS_UNUSABLE;
	return options->check && different ? STATUS_NO : STATUS_YES;
}

int main(int argc, char **argv)
{
	struct options options = { .tolerance_ns = TOLERANCE_NS };
	int status;
	size_t i;

	begin_output();
	message_program(PROG);
	/* For what getopt_long() says */
	argv[0] = (char[]){ PROG };
	status = take_options(argc, argv, &options);
	if (status)
		return status;
	for (; optind < argc; optind++)
		if (nftw(argv[optind], visit, 16, FTW_PHYS))
			skip(argv[optind], strerror(errno));
	if (!count && !failed)
		skip(argv[argc - 1], "there is no trace");
	status = align(&options);
	for (i = 0; i < count; i++) {
		metadata_free(&traces[i].metadata);
		free(traces[i].path);
	}
	free(traces);
	return close_output(status);
}
