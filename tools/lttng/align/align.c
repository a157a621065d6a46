// SPDX-License-Identifier: GPL-2.0
/*
 * Give all traces of one clock the same offset to the Epoch
 *
 * LTTng finds out how far its clock is from the Epoch once for the trace of the kernel,
 * and again for each trace of user space, each time a little off. A reader
 * that merges these traces takes the differences for time. Where the UUID says that
 * the clock is the same, there is no reason for more than one offset: any of them is
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

#include "clock.h"
#include "metadata.h"

#define PROG "clocktrace-lttng-align"

enum { EXIT_ALIGNED, EXIT_DIFFERENT, EXIT_USAGE, EXIT_ERROR };

/**
 * struct trace - a trace that was found
 * @path:	its metadata file
 * @metadata:	the content of that
 * @clock:	its clock
 * @offset:	the one that its clock is to have
 */
struct trace {
	char *path;
	struct metadata metadata;
	struct clock clock;
	int64_t offset;
};

static struct trace *traces;
static size_t count;
static bool failed;

static void complain(const char *path, const char *why)
{
	fprintf(stderr, PROG ": %s: %s\n", path, why);
	failed = true;
}

static void add(const char *path)
{
	struct trace *grown, *trace;
	const char *why;
	int fd;

	grown = realloc(traces, (count + 1) * sizeof(*traces));
	if (!grown) {
		complain(path, strerror(ENOMEM));
		return;
	}
	traces = grown;
	trace = memset(&traces[count], 0, sizeof(*trace));

	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0) {
		complain(path, strerror(errno));
		return;
	}
	if (metadata_read(fd, &trace->metadata, &why)) {
		complain(path, why);
	} else if (clock_find(trace->metadata.text, &trace->clock, &why)) {
		complain(path, why);
		metadata_free(&trace->metadata);
	} else {
		trace->path = strdup(path);
		if (trace->path)
			count++;
		else
			complain(path, strerror(ENOMEM));
	}
	close(fd);
}

static int visit(const char *path, const struct stat *stat, int type, struct FTW *ftw)
{
	(void)stat;
	if (type == FTW_DNR || type == FTW_NS)
		complain(path, "cannot be read");
	else if (type == FTW_F && !strcmp(path + ftw->base, "metadata"))
		add(path);
	return 0;
}

static bool same_clock(const struct clock *one, const struct clock *other)
{
	return !strcmp(one->uuid, other->uuid) && one->frequency == other->frequency &&
	       one->offset_s == other->offset_s;
}

static bool fits(const struct clock *clock, int64_t offset)
{
	return (size_t)snprintf(NULL, 0, "%" PRId64, offset) <= clock->slot_size;
}

/*
 * The text keeps its length, so the offset of the kernel, or else of the first, is
 * taken if there is room for it in all of them. The shortest always fits.
 */
static int64_t choose(const struct clock *clock)
{
	const struct clock *best = NULL, *other;
	bool room;
	size_t i, j;

	for (i = 0; i < count; i++) {
		other = &traces[i].clock;
		if (!same_clock(clock, other))
			continue;
		room = true;
		for (j = 0; j < count; j++)
			room &= !same_clock(clock, &traces[j].clock) ||
				fits(&traces[j].clock, other->offset);
		if (room && (!best || (other->kernel && !best->kernel)))
			best = other;
	}
	return best->offset;
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

	fd = open(trace->path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return -1;
	ret = metadata_write(fd, &trace->metadata, clock->slot, clock->slot_size);
	return close(fd) || ret ? -1 : 0;
}

/* The bytes of the UTF-8 character that begins there, 0 where none does */
static size_t character_size(const unsigned char *at)
{
	size_t size = *at < 0x80 ? 1 : *at >= 0xc2 && *at < 0xe0 ? 2 :
		      (*at & 0xf0) == 0xe0 ? 3 : *at >= 0xf0 && *at < 0xf5 ? 4 : 0;
	size_t i;

	for (i = 1; i < size; i++)
		if ((at[i] & 0xc0) != 0x80)
			return 0;
	/* Too long, a surrogate, or too large */
	if ((*at == 0xe0 && at[1] < 0xa0) || (*at == 0xed && at[1] >= 0xa0) ||
	    (*at == 0xf0 && at[1] < 0x90) || (*at == 0xf4 && at[1] >= 0x90))
		return 0;
	return size;
}

/* As in JSON, also for the terminal. What is no text is replaced. */
static void print_string(const char *text)
{
	const unsigned char *at = (const unsigned char *)text;
	size_t size;

	putchar('"');
	for (; *at; at += size ? size : 1) {
		size = character_size(at);
		if (!size)
			printf("\\ufffd");
		else if (*at == '"' || *at == '\\')
			printf("\\%c", *at);
		else if (*at < 0x20 || *at == 0x7f)
			printf("\\u%04x", *at);
		else
			fwrite(at, size, 1, stdout);
	}
	putchar('"');
}

static void report(const struct trace *trace, bool json, bool first)
{
	const struct clock *clock = &trace->clock;
	int64_t moved = (int64_t)((uint64_t)trace->offset - (uint64_t)clock->offset);

	if (!json) {
		printf("%s: clock ", clock->uuid);
		print_string(clock->name);
		printf(" at %" PRIu64 " Hz, offset %" PRId64, clock->frequency, clock->offset);
		if (moved)
			printf(" -> %" PRId64 " (%+" PRId64 " ticks)", trace->offset, moved);
		printf(": ");
		print_string(trace->path);
		putchar('\n');
		return;
	}
	printf("%s\n  {\"metadata\": ", first ? "" : ",");
	print_string(trace->path);
	printf(", \"clock\": ");
	print_string(clock->name);
	printf(", \"uuid\": ");
	print_string(clock->uuid);
	printf(", \"frequency\": %" PRIu64 ", \"offset\": %" PRId64
	       ", \"aligned_offset\": %" PRId64 "}",
	       clock->frequency, clock->offset, trace->offset);
}

static void usage(FILE *to)
{
	fputs("Usage: " PROG " [--check] [--json] TRACE...\n"
	      "Give all LTTng traces below the directories TRACE... whose clocks have the same\n"
	      "UUID the same offset to the Epoch, so that a reader merges them exactly.\n"
	      "\n"
	      "  -c, --check  change nothing\n"
	      "  -j, --json   report in JSON\n"
	      "  -h, --help   show this\n"
	      "\n"
	      "Exit status: 0 all offsets agree now, 1 they differ (with --check), 2 wrong usage,\n"
	      "3 a trace could not be read or changed, or there is none.\n", to);
}

static bool take_options(int argc, char **argv, bool *check, bool *json)
{
	static const struct option options[] = {
		{ "check", no_argument, NULL, 'c' },
		{ "json", no_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 }
	};
	int option;

	while ((option = getopt_long(argc, argv, "cjh", options, NULL)) != -1) {
		switch (option) {
		case 'c':
			*check = true;
			break;
		case 'j':
			*json = true;
			break;
		case 'h':
			usage(stdout);
			exit(EXIT_SUCCESS);
		default:
			return false;
		}
	}
	return optind < argc;
}

static bool align(bool check, bool json)
{
	bool different = false;
	struct trace *trace;
	size_t i;

	if (json)
		putchar('[');
	for (i = 0; i < count; i++) {
		trace = &traces[i];
		trace->offset = choose(&trace->clock);
		different |= trace->offset != trace->clock.offset;
		report(trace, json, !i);
	}
	if (json)
		puts("\n]");
	/* All or nothing, as far as it can be told beforehand */
	for (i = 0; i < count && !check && !failed; i++) {
		trace = &traces[i];
		if (trace->offset != trace->clock.offset && rewrite(trace))
			complain(trace->path, strerror(errno));
	}
	return different;
}

int main(int argc, char **argv)
{
	bool check = false, json = false, different;
	size_t i;

	if (!take_options(argc, argv, &check, &json)) {
		usage(stderr);
		return EXIT_USAGE;
	}
	for (; optind < argc; optind++)
		if (nftw(argv[optind], visit, 16, FTW_PHYS))
			complain(argv[optind], strerror(errno));
	if (!count && !failed)
		complain(argv[argc - 1], "there is no trace");
	different = align(check, json);
	for (i = 0; i < count; i++) {
		metadata_free(&traces[i].metadata);
		free(traces[i].path);
	}
	free(traces);
	if (fflush(stdout) || ferror(stdout))
		complain("stdout", strerror(errno));
	if (failed)
		return EXIT_ERROR;
	return check && different ? EXIT_DIFFERENT : EXIT_ALIGNED;
}
