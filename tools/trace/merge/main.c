// SPDX-License-Identifier: GPL-2.0
/*
 * clocktrace merge - one time line of a host and its guests, or of several hosts and theirs
 */
#include <errno.h>
#include <ftw.h>
#include <getopt.h>
#include <libgen.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/array.h"
#include "common/message.h"
#include "common/output.h"
#include "correlate/same_trace.h"
#include "live/listing.h"
#include "live/run.h"
#include "live/session.h"
#include "merge/several.h"
#include "merge/summary.h"
#include "readers/guard.h"
#include "writers/writer.h"

/* Without any event for so long, a reader is taken to hang. */
#define PATIENCE_SECONDS 60
/* Of live sessions, if the user does not say */
#define LIVE_PATIENCE_NS INT64_C(5000000000)
#define LIVE_MEMORY_MIB 64
#define SECONDS_MAX 86400
#define MEMORY_MAX (UINT64_C(1) << 40)

struct options {
	struct trace_argument *traces;
	size_t count;
	const char *reference;
	struct limits limits;
	uint64_t frequency;
	uint64_t from;
	uint64_t to;
	uint32_t epoch;
	const char *output;
	const char *model;
	const struct writer_class *writer;
	bool summary;
	bool json;
	bool progress;
	bool quiet;
	bool live;
	int64_t patience;
	size_t memory;
	const char *only_without_live;
	const char *only_with_live;
};

static void print_help(void)
{
	puts("Usage: clocktrace merge [OPTION]... TRACE...\n"
	     "       clocktrace merge --live [OPTION]... net://RELAYD/host/HOST/SESSION...\n"
	     "\n"
	     "Place the traces of a host's guests on the host's time line, to the tick, and write\n"
	     "one trace of all. Each TRACE is of one machine: a directory with what LTTng has\n"
	     "recorded of its kernel, its programs or both, or a file of trace-cmd or perf. Which\n"
	     "one is the host's, and which VM each guest is, is found by looking.\n"
	     "\n"
	     "With several hosts, the packets that they send each other bound when an event of the\n"
	     "one was on the clock of the other: record net_dev_queue and net_if_receive_skb there.\n"
	     "\n"
	     "With --live, sessions of \"lttng create --live\" are read from lttng-relayd, and an event\n"
	     "is printed when nothing earlier can come any more.\n"
	     "\n"
	     "Options:\n"
	     "  -o, --output FILE     write to FILE: *.html, *.svg, *.perfetto-trace, *.json, *.txt,\n"
	     "                        or a directory for CTF (default: text to standard output)\n"
	     "      --format FORMAT   html, svg, perfetto, json, text or ctf, whatever FILE is\n"
	     "      --summary         print where the vCPUs' time went and how fast guests wake up;\n"
	     "                        without -o, nothing else\n"
	     "      --json            print the summary as one JSON object\n"
	     "      --host TRACE      this one of the traces is a host's, and those not named are none\n"
	     "      --vm TRACE=VM     this guest is the VM of that number; of several hosts: VM@HOST\n"
	     "      --reference HOST  place all on the axis of this host (default: the first one)\n"
	     "      --max-rate PPM    the rates of two hosts' counters differ by at most this (100)\n"
	     "      --max-drift PPM   and that changes by at most this in a second (0.1)\n"
	     "      --trust-clock TRACE  it is of CLOCK_TRACE though it names another clock, as what\n"
	     "                        \"trace-cmd extract -B\" writes may\n"
	     "      --frequency HZ    ticks per second, where no trace tells\n"
	     "      --epoch EPOCH     the host's clock began a new epoch while it was recorded: this one\n"
	     "      --from TICKS      leave out what is before this time of the host\n"
	     "      --to TICKS        leave out what is after it\n"
	     "      --model FILE      keep in FILE what the first pass over the traces finds; if FILE\n"
	     "                        is there, use it and save that pass\n"
	     "      --live            merge sessions of LTTng as they come, until they or a signal end it\n"
	     "      --patience SECONDS  wait for a session that is silent at most so long (5)\n"
	     "      --memory MIB      read a session on while less of its events wait (64)\n"
	     "      --progress        show progress (default: on a terminal to which no\n"
	     "                        events are written)\n"
	     "      --quiet           print no progress and no closing counts\n"
	     "  -h, --help            print this help\n"
	     "      --version         print the version\n"
	     "\n"
	     "Exit status: 0 all events that the host's trace can tell of are placed, 1 they are\n"
	     "not, 2 wrong usage or input that cannot be used. More is in clocktrace-merge(1).");
}

static void show_progress(const char *what, uint64_t events)
{
	char text[64];

	snprintf(text, sizeof(text), "%s: %.1f million events", what, (double)events / 1e6);
	show_line(text);
}

struct work {
	const struct options *options;
	void *writer;
	struct account *account;
	bool failed;
};

static bool take_event(void *data, const struct placed *placed)
{
	struct work *work = data;

	if (placed->early) {
		if (work->options->writer && work->options->writer->before)
			work->options->writer->before(work->writer, placed);
		return true;
	}
	account_event(work->account, placed);
	if (!work->options->writer)
		return true;
	work->failed = !work->options->writer->event(work->writer, placed);
	return !work->failed;
}

static int report(const struct options *options, struct timeline *timeline,
		  struct account *account)
{
	account_finish(account);
	if (options->json)
		summary_json(stdout, timeline, account);
	else if (options->summary)
		summary_text(stdout, timeline, account);
	else if (!options->quiet)
		summary_text(stderr, timeline, NULL);
	if (fflush(stdout) || ferror(stdout)) {
		complain("standard output cannot be written: %s", strerror(errno));
		return STATUS_UNUSABLE;
	}
	return summary_answer(timeline) ? STATUS_YES : STATUS_NO;
}

/* The second pass, and what comes out of it */
static char *merge(struct work *work, struct timeline *timeline, progress_handler progress)
{
	const struct options *options = work->options;
	char *error = NULL, *close_error;
	bool done;

	work->account = account_new(timeline);
	if (options->writer) {
		work->writer = options->writer->open(options->output, timeline, &error);
		if (error)
			return error;
		if (!options->output)
			guard_writing();
	}
	done = timeline_run(timeline, options->from, options->to, take_event, work, progress,
			    &error);
	if (options->writer) {
		close_error = options->writer->close(work->writer, done || work->failed);
		if (error)
			free(close_error);
		else
			error = close_error;
	}
	if (!error && work->failed)
		error = text_of("the output cannot be written");
	return error;
}

/* The first pass, or what is kept of one */
static struct timeline *learn(const struct options *options, const struct sources *sources,
			      progress_handler progress, char **error)
{
	struct trace_argument *traces = zalloc((sources->count + 1) * sizeof(*traces));
	struct timeline *timeline;
	size_t i, host = sources->count;

	*error = NULL;
	for (i = 0; i < sources->count; i++) {
		traces[i] = sources->list[i].argument;
		if (options->model && traces[i].nr_joined)
			*error = text_of("--model: %s and %s are of one machine: have them in one directory, and name that",
					 traces[i].path, traces[i].joined[0]);
		if (sources->list[i].is_host)
			host = i;
	}
	if (*error) {
		timeline = NULL;
	} else if (!options->model || access(options->model, F_OK)) {
		timeline = timeline_learn(traces, sources->count, host, options->epoch,
					  options->frequency, options->model, progress, error);
		if (timeline && options->model)
			*error = timeline_keep(timeline, options->model);
	} else {
		timeline = timeline_recall(options->model, traces, sources->count,
					   options->epoch, error);
		if (timeline && options->frequency) {
			timeline->frequency = options->frequency;
			timeline->is_frequency_known = true;
		}
		if (timeline && host < sources->count && traces[host].is_host &&
		    strcmp(traces[host].path, timeline->parties[0].path))
			*error = text_of("--model %s was made with another trace as the host's",
					 options->model);
	}
	if (timeline && *error) {
		timeline_free(timeline);
		timeline = NULL;
	}
	free(traces);
	return timeline;
}

/* What is said of a host has to be of the only one. */
static char *check_host_names(const struct options *options, const struct timeline *timeline)
{
	const struct party *host = &timeline->parties[0];
	const char *name = options->reference;
	size_t i;

	for (i = 0; i <= options->count; i++) {
		if (name && strcmp(name, host->name) && strcmp(name, host->path))
			return text_of("there is no host '%s' among the traces, only %s", name,
				       host->name);
		name = i < options->count ? options->traces[i].vm_host : NULL;
	}
	return NULL;
}

/* A host and its guests */
static int work_on_one(const struct options *options, const struct sources *sources,
		       progress_handler progress)
{
	struct work work = { .options = options };
	struct timeline *timeline;
	int status = STATUS_UNUSABLE;
	char *error;

	timeline = learn(options, sources, progress, &error);
	if (timeline)
		error = check_host_names(options, timeline);
	if (timeline && !error)
		error = merge(&work, timeline, progress);
	show_line(NULL);
	if (error)
		complain("%s", error);
	else
		status = report(options, timeline, work.account);
	free(error);
	account_free(work.account);
	timeline_free(timeline);
	return status;
}

static int work_on_several(const struct options *options, const struct sources *sources,
			   progress_handler progress)
{
	const struct several several = {
		.axis = {
			.reference = options->reference,
			.limits = options->limits,
			.frequency = options->frequency,
		},
		.from = options->from,
		.to = options->to,
		.output = options->output,
		.writer = options->writer,
		.summary = options->summary,
		.json = options->json,
		.quiet = options->quiet,
	};

	if (options->model) {
		complain("--model keeps what is found of one host, and these are several");
		return STATUS_UNUSABLE;
	}
	if (options->epoch) {
		complain("--epoch chooses an epoch of one host's clock, and these are several");
		return STATUS_UNUSABLE;
	}
	return merge_several(sources, &several, progress);
}

static int work_on(void *data)
{
	const struct options *options = data;
	progress_handler progress = options->progress ? show_progress : NULL;
	struct sources sources;
	int status = STATUS_UNUSABLE;
	char *error = refuse_same_traces(options->traces, options->count);

	if (error) {
		complain("%s", error);
		free(error);
		return status;
	}
	/* What is kept tells which one is the host. */
	if (options->model && !access(options->model, F_OK))
		sources_take(&sources, options->traces, options->count);
	else
		error = sources_find(&sources, options->traces, options->count);
	if (error)
		complain("%s", error);
	else if (sources.nr_hosts > 1)
		status = work_on_several(options, &sources, progress);
	else
		status = work_on_one(options, &sources, progress);
	free(error);
	sources_free(&sources);
	return status;
}

static int work_live(const struct options *options)
{
	const struct live_run run = {
		.live = {
			.patience = options->patience,
			.memory = options->memory,
			.limits = options->limits,
			.reference = options->reference,
		},
		.output = options->output,
		.writer = options->writer,
		.summary = options->summary,
		.json = options->json,
		.quiet = options->quiet,
	};
	char *error = NULL;
	size_t i, j;

	for (i = 0; i < options->count; i++) {
		error = listing_check(options->traces[i].path);
		if (error)
			die("%s", error);
		for (j = 0; j < i; j++)
			if (!strcmp(options->traces[i].path, options->traces[j].path))
				die("%s is named twice", options->traces[i].path);
	}
	return live_run(options->traces, options->count, &run, session_read);
}

/* What is for the one only, and what is written while events come */
static void check_live(const struct options *options)
{
	if (!options->live && options->only_with_live)
		die("%s is for --live", options->only_with_live);
	if (!options->live)
		return;
	if (options->only_without_live)
		die("%s is not for --live", options->only_without_live);
	if (options->writer && options->writer != &text_writer && options->writer != &json_writer)
		die("--live writes text or json, not %s: have the sessions written to files as well, and merge those",
		    options->writer->name);
}

static bool is_one_file(const char *path, const char *other)
{
	struct stat status, other_status;

	if (stat(path, &status) || stat(other, &other_status))
		return !strcmp(path, other);
	return status.st_ino == other_status.st_ino && status.st_dev == other_status.st_dev;
}

/* nftw() takes no argument for the function that it calls. */
static struct stat output_status;

static int is_output(const char *path, const struct stat *status, int type, struct FTW *place)
{
	(void)path;
	(void)place;
	return type == FTW_F && status->st_dev == output_status.st_dev &&
	       status->st_ino == output_status.st_ino;
}

/* A reader of CTF takes each file beside the metadata for a stream. */
static bool is_beside_metadata(const char *directory)
{
	char *metadata = text_of("%s/metadata", directory);
	bool is = !access(metadata, F_OK);

	free(metadata);
	return is;
}

/* Where nothing can be written, say so before the traces are read; a device is not replaced. */
static void check_directory(const char *option, const char *path,
			    const struct writer_class *writer)
{
	struct stat status;
	bool is_there = !stat(path, &status);
	char *copy, *error = writer && writer->check ? writer->check(path) : NULL;
	const char *directory;

	if (error)
		die("%s %s", option, error);
	if (is_there && !S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode))
		return;
	if (is_there && S_ISDIR(status.st_mode) && !(writer && writer->check))
		die("%s %s: %s", option, path, strerror(EISDIR));
	copy = text_of("%s", path);
	directory = is_there && S_ISDIR(status.st_mode) ? path : dirname(copy);
	if (access(directory, W_OK | X_OK))
		die("%s %s: %s", option, path, strerror(errno));
	if (!is_there && is_beside_metadata(directory))
		die("%s %s would make a file beside the metadata of a trace, which then could not be read any more: name another directory",
		    option, path);
	free(copy);
}

/* A recording cannot be made again. */
static void check_output(const struct options *options, const char *option, const char *path,
			 const struct writer_class *writer)
{
	size_t i;

	if (path)
		check_directory(option, path, writer);
	if (!path || stat(path, &output_status))
		return;
	for (i = 0; i < options->count; i++) {
		char *real = realpath(options->traces[i].path, NULL);

		if (real && nftw(real, is_output, 16, FTW_PHYS) == 1)
			die("%s %s would overwrite %s: name another file", option, path,
			    options->traces[i].path);
		free(real);
	}
}

static uint64_t parse_number(const char *option, const char *text)
{
	unsigned long long number;
	char *end;

	errno = 0;
	number = strtoull(text, &end, 0);
	if (errno || end == text || *end || strchr(text, '-'))
		die("%s: '%s' is not a number", option, text);
	return number;
}

/* 0 is what an option has that is not given. */
static uint64_t parse_positive(const char *option, const char *text)
{
	uint64_t number = parse_number(option, text);

	if (!number)
		die("%s: it cannot be 0", option);
	return number;
}

static const char *parse_name(const char *option, const char *text)
{
	if (!*text)
		die("%s needs a name", option);
	return text;
}

static uint32_t parse_epoch(const char *text)
{
	uint64_t epoch = parse_number("--epoch", text);

	if (!epoch || epoch > UINT32_MAX)
		die("--epoch: '%s' is not the number of an epoch", text);
	return (uint32_t)epoch;
}

static size_t find_path(const struct options *options, const char *path, size_t size)
{
	size_t i;

	for (i = 0; i < options->count; i++)
		if (strlen(options->traces[i].path) == size &&
		    !strncmp(options->traces[i].path, path, size))
			return i;
	die("'%.*s' is none of the traces that are named", (int)size, path);
}

static void take_vm(struct options *options, const char *text)
{
	const char *equals = strrchr(text, '=');
	struct trace_argument *trace;
	char *number, *at;

	if (!equals)
		die("--vm takes TRACE=VM, not '%s'", text);
	trace = &options->traces[find_path(options, text, (size_t)(equals - text))];
	at = strchr(equals, '@');
	if (at) {
		number = strndup(equals + 1, (size_t)(at - equals - 1));
		trace->vm_id = parse_positive("--vm", number);
		trace->vm_host = at + 1;
		parse_name("--vm TRACE=VM@HOST", trace->vm_host);
		free(number);
	} else {
		trace->vm_id = parse_positive("--vm", equals + 1);
	}
}

/* A number with a point, in @unit parts of 1, rounded up */
static uint64_t parse_parts(const char *option, const char *text, double unit, uint64_t most)
{
	double value;
	char *end;

	errno = 0;
	value = strtod(text, &end);
	if (errno || end == text || *end || !(value >= 0) || value * unit > (double)most)
		die("%s: '%s' is not a number from 0 to %.0f", option, text,
		    (double)most / unit);
	return (uint64_t)ceil(value * unit - 1e-6);
}

enum {
	FORMAT = 256, SUMMARY, JSON, HOST, VM, REFERENCE, MAX_RATE, MAX_DRIFT, FREQUENCY, TRUST_CLOCK, EPOCH, FROM, TO, MODEL, LIVE, PATIENCE,
	MEMORY, PROGRESS, QUIET, VERSION,
};

static void parse(int argc, char **argv, struct options *options)
{
	static const struct option list[] = {
		{ "output", required_argument, NULL, 'o' },
		{ "format", required_argument, NULL, FORMAT },
		{ "summary", no_argument, NULL, SUMMARY },
		{ "json", no_argument, NULL, JSON },
		{ "host", required_argument, NULL, HOST },
		{ "vm", required_argument, NULL, VM },
		{ "reference", required_argument, NULL, REFERENCE },
		{ "max-rate", required_argument, NULL, MAX_RATE },
		{ "max-drift", required_argument, NULL, MAX_DRIFT },
		{ "frequency", required_argument, NULL, FREQUENCY },
		{ "trust-clock", required_argument, NULL, TRUST_CLOCK },
		{ "epoch", required_argument, NULL, EPOCH },
		{ "from", required_argument, NULL, FROM },
		{ "to", required_argument, NULL, TO },
		{ "model", required_argument, NULL, MODEL },
		{ "live", no_argument, NULL, LIVE },
		{ "patience", required_argument, NULL, PATIENCE },
		{ "memory", required_argument, NULL, MEMORY },
		{ "progress", no_argument, NULL, PROGRESS },
		{ "quiet", no_argument, NULL, QUIET },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, VERSION },
		{ NULL, 0, NULL, 0 },
	};
	const char *format = NULL;
	bool progress = false;
	const char **hosts = zalloc(((size_t)argc + 1) * sizeof(char *));
	const char **vms = zalloc(((size_t)argc + 1) * sizeof(char *));
	const char **trusted = zalloc(((size_t)argc + 1) * sizeof(char *));
	uint64_t rate = LIMITS_RATE_PPB, drift = LIMITS_DRIFT_PPT;
	size_t nr_vms = 0, nr_trusted = 0, nr_hosts = 0, i;
	int option;

	*options = (struct options){
		.to = UINT64_MAX,
		.patience = LIVE_PATIENCE_NS,
		.memory = (size_t)LIVE_MEMORY_MIB << 20,
	};
	while ((option = getopt_long(argc, argv, "ho:", list, NULL)) != -1) {
		switch (option) {
		case 'h':
			print_help();
			exit(close_output(STATUS_YES));
		case VERSION:
			puts("clocktrace merge " CLOCKTRACE_VERSION);
			exit(close_output(STATUS_YES));
		case 'o':
			options->output = parse_name("-o", optarg);
			break;
		case FORMAT:
			format = optarg;
			break;
		case SUMMARY:
			options->summary = true;
			break;
		case JSON:
			options->json = options->summary = true;
			break;
		case HOST:
			hosts[nr_hosts++] = optarg;
			break;
		case REFERENCE:
			options->reference = parse_name("--reference", optarg);
			break;
		case MAX_RATE:
			rate = parse_parts("--max-rate", optarg, 1e3, LIMITS_RATE_PPB_MAX);
			break;
		case MAX_DRIFT:
			drift = parse_parts("--max-drift", optarg, 1e6, LIMITS_DRIFT_PPT_MAX);
			break;
		case VM:
			vms[nr_vms++] = optarg;
			break;
		case FREQUENCY:
			options->only_without_live = "--frequency";
			options->frequency = parse_positive("--frequency", optarg);
			break;
		case TRUST_CLOCK:
			trusted[nr_trusted++] = optarg;
			break;
		case EPOCH:
			options->only_without_live = "--epoch";
			options->epoch = parse_epoch(optarg);
			break;
		case FROM:
			options->only_without_live = "--from";
			options->from = parse_number("--from", optarg);
			break;
		case TO:
			options->only_without_live = "--to";
			options->to = parse_number("--to", optarg);
			break;
		case MODEL:
			options->only_without_live = "--model";
			options->model = parse_name("--model", optarg);
			break;
		case LIVE:
			options->live = true;
			break;
		case PATIENCE:
			options->only_with_live = "--patience";
			options->patience = (int64_t)parse_parts("--patience", optarg, 1e9,
								 SECONDS_MAX * UINT64_C(1000000000));
			break;
		case MEMORY:
			options->only_with_live = "--memory";
			options->memory = (size_t)parse_parts("--memory", optarg, 1 << 20,
							      MEMORY_MAX);
			break;
		case PROGRESS:
			progress = true;
			break;
		case QUIET:
			options->quiet = true;
			break;
		default:
			die("see clocktrace merge --help");
		}
	}
	options->count = (size_t)(argc - optind);
	if (!options->count)
		die("name the traces of a host and its guests; see clocktrace merge --help");
	options->traces = zalloc((options->count + 1) * sizeof(*options->traces));
	for (i = 0; i < options->count; i++) {
		options->traces[i].path = argv[(size_t)optind + i];
		parse_name("a trace", options->traces[i].path);
	}
	if (options->from > options->to)
		die("--from %" PRIu64 " is after --to %" PRIu64, options->from, options->to);
	for (i = 0; i < nr_trusted; i++)
		options->traces[find_path(options, trusted[i], strlen(trusted[i]))].trust_clock =
			true;
	free(trusted);
	for (i = 0; i < nr_hosts; i++)
		options->traces[find_path(options, hosts[i], strlen(hosts[i]))].is_host = true;
	free(hosts);
	limits_set(&options->limits, rate, drift);
	for (i = 0; i < nr_vms; i++)
		take_vm(options, vms[i]);
	free(vms);
	if (format)
		options->writer = writer_by_name(format);
	else if (options->output)
		options->writer = writer_by_path(options->output);
	else if (!options->summary)
		options->writer = &text_writer;
	if (format && !options->writer)
		die("there is no format '%s'; see clocktrace merge --help", format);
	check_live(options);
	if (options->writer && !options->output && !options->writer->to_standard_output)
		die("the format %s needs a file: name it with -o", options->writer->name);
	/* Lines of events and a line that is replaced do not go together. */
	options->progress = !options->quiet &&
			    (progress || (isatty(STDERR_FILENO) &&
					  !(options->writer && !options->output &&
					    isatty(STDOUT_FILENO))));
	check_output(options, "-o", options->output, options->writer);
	check_output(options, "--model", options->model, NULL);
	if (options->output && options->model && is_one_file(options->output, options->model))
		die("-o %s would overwrite the file of --model: name another file", options->output);
}

/* Each stream of each trace is a file that stays open. */
static void allow_files(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit))
		return;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

int main(int argc, char **argv)
{
	struct options options;
	int status;

	allow_files();
	begin_output();
	message_program("clocktrace merge");
	/* For what getopt_long() says */
	argv[0] = (char[]){ "clocktrace merge" };
	parse(argc, argv, &options);
	status = options.live ? work_live(&options) :
				guard_run(work_on, &options, PATIENCE_SECONDS);
	free(options.traces);
	return status;
}
