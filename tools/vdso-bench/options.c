// SPDX-License-Identifier: GPL-2.0
/* The command line of vdso-bench, see options.h. */
#define _GNU_SOURCE
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "options.h"
#include "results.h"
#include "util.h"

#define DEFAULT_ROUNDS	60
#define DEFAULT_RUNS	60
#define DEFAULT_BATCH	512
#define DEFAULT_TICK_HZ	100000

#define MAX_ROUNDS	100000
#define MAX_RUNS	1000
#define MAX_BATCH	1000000
#define MAX_TICK_HZ	10000000

enum option_id {
	OPT_PATCHED = 256, OPT_PATCHED_LAYOUT, OPT_UNPATCHED, OPT_UNPATCHED_LAYOUT,
	OPT_NO_MACHINE, OPT_ABI, OPT_ROWS, OPT_MODE, OPT_ROUNDS, OPT_RUNS, OPT_BATCH,
	OPT_CPU, OPT_TICK_CPU, OPT_TICK_RATE, OPT_COUNT, OPT_TRACE, OPT_COMPARE,
	OPT_SYSCALL_COUNTS,
	OPT_JSON, OPT_JSON_FILE, OPT_PLOT, OPT_STRICT,
};

static const struct option long_options[] = {
	{ "patched", required_argument, NULL, OPT_PATCHED },
	{ "patched-layout", required_argument, NULL, OPT_PATCHED_LAYOUT },
	{ "unpatched", required_argument, NULL, OPT_UNPATCHED },
	{ "unpatched-layout", required_argument, NULL, OPT_UNPATCHED_LAYOUT },
	{ "no-machine", no_argument, NULL, OPT_NO_MACHINE },
	{ "abi", required_argument, NULL, OPT_ABI },
	{ "rows", required_argument, NULL, OPT_ROWS },
	{ "mode", required_argument, NULL, OPT_MODE },
	{ "rounds", required_argument, NULL, OPT_ROUNDS },
	{ "runs", required_argument, NULL, OPT_RUNS },
	{ "batch", required_argument, NULL, OPT_BATCH },
	{ "cpu", required_argument, NULL, OPT_CPU },
	{ "tick-cpu", required_argument, NULL, OPT_TICK_CPU },
	{ "tick-rate", required_argument, NULL, OPT_TICK_RATE },
	{ "count", no_argument, NULL, OPT_COUNT },
	{ "trace", no_argument, NULL, OPT_TRACE },
	{ "compare", no_argument, NULL, OPT_COMPARE },
	{ "syscall-counts", required_argument, NULL, OPT_SYSCALL_COUNTS },
	{ "json", no_argument, NULL, OPT_JSON },
	{ "json-file", required_argument, NULL, OPT_JSON_FILE },
	{ "plot", required_argument, NULL, OPT_PLOT },
	{ "strict", no_argument, NULL, OPT_STRICT },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 },
};

/* What the program can do, of which an option may go with some */
#define TO_MEASURE	(1U << 0)
#define TO_COUNT	(1U << 1)
#define TO_COMPARE	(1U << 2)

static void show_help(void)
{
	printf("Usage: vdso-bench [OPTION]...\n"
	       "Measure what reading a clock costs, by running the vDSO images of kernel builds\n"
	       "in a process of this machine. Nothing is booted.\n"
	       "\n"
	       "What to measure:\n"
	       "  --patched DIR             build directory of the kernel with CLOCK_TRACE\n"
	       "  --patched-layout FILE     its layout, from 'make layout KERNEL=DIR'\n"
	       "  --unpatched DIR           build directory of the kernel without it\n"
	       "  --unpatched-layout FILE   its layout\n"
	       "  --no-machine              leave out the vDSO of the running kernel\n"
	       "  --abi LIST                x86-64, i386 (default: both)\n"
	       "  --rows LIST               clocks and instructions by name (default: all):\n"
	       "                            ");
	for (size_t i = 0, column = 0; i < nr_clock_infos; i++) {
		if (column && column + strlen(clock_infos[i].name) > 48) {
			printf("\n                            ");
			column = 0;
		}
		column += printf("%s%s", clock_infos[i].name,
				 i + 1 < nr_clock_infos ? ", " : "\n");
	}
	printf("  --mode LIST               throughput, latency, tick-writer, cold (default: all)\n"
	       "\n"
	       "How to measure:\n"
	       "  --rounds N                batches of each row in a run (default: %d)\n"
	       "  --runs N                  runs, each a new process (default: %d)\n"
	       "  --batch N                 calls in a batch (default: %d)\n"
	       "  --cpu N                   CPU to measure on (default: the last one)\n"
	       "  --tick-cpu N              CPU of the tick writer (default: the first other one)\n"
	       "  --tick-rate HZ            updates of the data page per second (default: %d)\n"
	       "\n"
	       "Instead of times:\n"
	       "  --count                   count the instructions of one call of each clock\n"
	       "  --trace                   ... and list them\n"
	       "  --compare                 compare the images with those of the running kernel\n"
	       "\n"
	       "Output:\n"
	       "  --syscall-counts FILE     judge the system calls by this output of syscall-cost-i386;\n"
	       "                            twice: with the counter and in fallback\n"
	       "  --json                    JSON instead of tables\n"
	       "  --json-file FILE          JSON to a file, too\n"
	       "  --plot FILE               plot of the distributions (SVG)\n"
	       "  --strict                  exit with status 3 unless all limits held\n"
	       "  -h, --help                show this help\n",
	       DEFAULT_ROUNDS, DEFAULT_RUNS, DEFAULT_BATCH, DEFAULT_TICK_HZ);
}

static uint32_t parse_number(const char *option, const char *text, uint32_t min, uint32_t max)
{
	unsigned long value;
	char *end;

	errno = 0;
	value = strtoul(text, &end, 10);
	if (errno || end == text || *end || *text == '-' || value < min || value > max)
		fatal("--%s wants a number from %u to %u, not '%s'", option, min, max, text);
	return value;
}

static void parse_list(const char *text, void (*parse)(struct options *, const char *),
		       struct options *options)
{
	char *copy = strdup(text), *rest = copy, *word;

	if (!copy)
		fatal("out of memory");
	while ((word = strsep(&rest, ",")))
		parse(options, word);
	free(copy);
}

static void parse_abi(struct options *options, const char *word)
{
	enum abi abi;

	for (abi = 0; abi < NR_ABIS; abi++) {
		if (!strcmp(word, abi_name(abi))) {
			options->abis[abi] = true;
			return;
		}
	}
	fatal("--abi knows x86-64 and i386, not '%s'", word);
}

static void parse_row(struct options *options, const char *word)
{
	const struct clock_info *clock = find_clock(word);

	if (!clock)
		fatal("--rows does not know '%s'; --help lists the names", word);
	if (options->nr_clocks == ARRAY_SIZE(options->clocks))
		fatal("--rows has too many names");
	options->clocks[options->nr_clocks++] = clock;
}

static void parse_mode(struct options *options, const char *word)
{
	enum job_mode mode;

	for (mode = 0; mode < NR_MODES; mode++) {
		if (!strcmp(word, mode_name(mode))) {
			options->modes |= 1U << mode;
			return;
		}
	}
	fatal("--mode knows throughput, latency, tick-writer and cold, not '%s'", word);
}

static void check_build(const struct build_option *build, const char *name)
{
	if (build->directory && !build->layout)
		fatal("--%s needs --%s-layout, too: 'make -C tools/vdso-bench layout KERNEL=%s' makes it",
		      name, name, build->directory);
	if (build->layout && !build->directory)
		fatal("--%s-layout needs --%s, too", name, name);
}

static void choose_cpus(struct options *options)
{
	bool tick_wanted = options->modes & (1U << MODE_TICK_WRITER);
	cpu_set_t set;
	int cpu;

	if (sched_getaffinity(0, sizeof(set), &set))
		fatal("cannot find out which CPUs may be used: %s", strerror(errno));

	for (cpu = CPU_SETSIZE - 1; options->cpu < 0; cpu--) {
		if (CPU_ISSET(cpu, &set))
			options->cpu = cpu;
	}
	if (!CPU_ISSET(options->cpu, &set))
		fatal("CPU %d may not be used; --cpu chooses another", options->cpu);

	for (cpu = 0; cpu < CPU_SETSIZE && options->tick_cpu < 0; cpu++) {
		if (CPU_ISSET(cpu, &set) && cpu != options->cpu)
			options->tick_cpu = cpu;
	}
	if (options->tick_cpu < 0) {
		if (tick_wanted)
			fprintf(stderr, "vdso-bench: there is one CPU only, so mode tick-writer is left out\n");
		options->modes &= ~(1U << MODE_TICK_WRITER);
		return;
	}
	if (options->tick_cpu == options->cpu)
		fatal("--cpu and --tick-cpu must differ: the tick writer keeps its CPU busy");
	if (!CPU_ISSET(options->tick_cpu, &set))
		fatal("CPU %d may not be used; --tick-cpu chooses another", options->tick_cpu);
}

static void set_defaults(struct options *options)
{
	enum abi abi;
	bool any = false;

	for (abi = 0; abi < NR_ABIS; abi++)
		any |= options->abis[abi];
	for (abi = 0; abi < NR_ABIS; abi++)
		options->abis[abi] |= !any;
	if (!options->modes)
		options->modes = (1U << NR_MODES) - 1;
	if (options->trace)
		options->count = true;
}

static void parse_option(struct options *options, int id, const char *name, const char *arg)
{
	switch (id) {
	case OPT_PATCHED:
		options->patched.directory = arg;
		break;
	case OPT_PATCHED_LAYOUT:
		options->patched.layout = arg;
		break;
	case OPT_UNPATCHED:
		options->unpatched.directory = arg;
		break;
	case OPT_UNPATCHED_LAYOUT:
		options->unpatched.layout = arg;
		break;
	case OPT_NO_MACHINE:
		options->machine = false;
		break;
	case OPT_ABI:
		parse_list(arg, parse_abi, options);
		break;
	case OPT_ROWS:
		parse_list(arg, parse_row, options);
		break;
	case OPT_MODE:
		parse_list(arg, parse_mode, options);
		break;
	case OPT_ROUNDS:
		options->rounds = parse_number(name, arg, 1, MAX_ROUNDS);
		break;
	case OPT_RUNS:
		options->runs = parse_number(name, arg, 1, MAX_RUNS);
		break;
	case OPT_BATCH:
		options->batch = parse_number(name, arg, 1, MAX_BATCH);
		break;
	case OPT_CPU:
		options->cpu = parse_number(name, arg, 0, CPU_SETSIZE - 1);
		break;
	case OPT_TICK_CPU:
		options->tick_cpu = parse_number(name, arg, 0, CPU_SETSIZE - 1);
		break;
	case OPT_TICK_RATE:
		options->tick_hz = parse_number(name, arg, 1, MAX_TICK_HZ);
		break;
	case OPT_COUNT:
		options->count = true;
		break;
	case OPT_TRACE:
		options->trace = true;
		break;
	case OPT_COMPARE:
		options->compare = true;
		break;
	case OPT_SYSCALL_COUNTS:
		if (options->nr_syscall_counts == ARRAY_SIZE(options->syscall_counts))
			fatal("--syscall-counts may be given %zu times",
				    ARRAY_SIZE(options->syscall_counts));
		options->syscall_counts[options->nr_syscall_counts++] = arg;
		break;
	case OPT_JSON:
		options->json = true;
		break;
	case OPT_JSON_FILE:
		options->json_file = arg;
		break;
	case OPT_PLOT:
		options->plot_file = arg;
		break;
	case OPT_STRICT:
		options->strict = true;
		break;
	}
}

static unsigned int purposes_of(int id)
{
	switch (id) {
	case OPT_NO_MACHINE:
	case OPT_ROWS:
	case OPT_MODE:
	case OPT_ROUNDS:
	case OPT_RUNS:
	case OPT_BATCH:
	case OPT_SYSCALL_COUNTS:
	case OPT_PLOT:
	case OPT_STRICT:
		return TO_MEASURE;
	/* The check of the clocks that comes before a count takes CPUs, too. */
	case OPT_CPU:
	case OPT_TICK_CPU:
	case OPT_TICK_RATE:
	case OPT_JSON:
	case OPT_JSON_FILE:
		return TO_MEASURE | TO_COUNT;
	default:
		return TO_MEASURE | TO_COUNT | TO_COMPARE;
	}
}

/* What would be ignored is refused. @given has a bit for each option. */
static void refuse_meaningless(const struct options *options, uint32_t given)
{
	unsigned int purpose = options->compare ? TO_COMPARE :
			       options->count ? TO_COUNT : TO_MEASURE;
	const struct option *option;

	for (option = long_options; option->name; option++) {
		if (option->val >= OPT_PATCHED && given & 1U << (option->val - OPT_PATCHED) &&
		    !(purposes_of(option->val) & purpose))
			fatal("--%s has no meaning with --%s; leave out one of them", option->name,
			      options->compare ? "compare" : options->trace ? "trace" : "count");
	}
	if (given & 1U << (OPT_BATCH - OPT_PATCHED) && options->modes == 1U << MODE_COLD)
		fatal("--batch has no meaning with --mode cold, whose batches have a size of their own; leave out one of them");
}

void options_parse(struct options *options, int argc, char **argv)
{
	uint32_t given = 0;
	int id, index = 0;

	*options = (struct options) {
		.machine = true,
		.rounds = DEFAULT_ROUNDS,
		.runs = DEFAULT_RUNS,
		.batch = DEFAULT_BATCH,
		.tick_hz = DEFAULT_TICK_HZ,
		.cpu = -1,
		.tick_cpu = -1,
	};

	while ((id = getopt_long(argc, argv, "h", long_options, &index)) != -1) {
		if (id == '?')
			fatal("'vdso-bench --help' lists the options");
		if (id == 'h') {
			show_help();
			close_stdout();
			exit(EXIT_SUCCESS);
		}
		given |= 1U << (id - OPT_PATCHED);
		parse_option(options, id, long_options[index].name, optarg);
	}
	if (optind < argc)
		fatal("'%s' is no option; 'vdso-bench --help' lists them", argv[optind]);

	set_defaults(options);
	check_build(&options->patched, "patched");
	check_build(&options->unpatched, "unpatched");
	if ((options->count || options->compare) && !options->patched.directory &&
	    !options->unpatched.directory)
		fatal("--count and --compare work on images: they need --patched or --unpatched");
	if (options->count && options->compare)
		fatal("--count and --compare exclude each other");
	if (options->trace && options->json)
		fatal("--trace has no JSON form; leave out one of --trace and --json");
	refuse_meaningless(options, given);
	choose_cpus(options);
}
