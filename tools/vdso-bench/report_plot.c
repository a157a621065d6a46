// SPDX-License-Identifier: GPL-2.0
/*
 * The distributions as a picture, see report.h: for each ABI and mode, which part
 * of the batches cost at most so many ticks per call.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cpu_name.h"
#include "output_file.h"
#include "report.h"
#include "util.h"

#define POINTS		100
#define PANEL_WIDTH	760
#define PANEL_HEIGHT	460
#define HEADER_HEIGHT	40

/* Beyond this multiple of the largest median, only few batches lie. */
#define X_RANGE		1.3

/* A gnuplot that draws a picture */
struct gnuplot {
	pid_t pid;
	FILE *commands;
	int picture;
};

struct style {
	const char *clock;
	const char *color;
};

static const struct style styles[] = {
	{ "rdtsc", "#888888" },
	{ "lfence rdtsc", "#555555" },
	{ "rdtscp", "#000000" },
	{ "called rdtsc", "#bfbf7f" },
	{ "called lfence rdtsc", "#7f7f3f" },
	{ "called rdtscp", "#3f3f00" },
	{ "CLOCK_TRACE", "#d62728" },
	{ "CLOCK_TRACE_UNORDERED", "#ff7f0e" },
	{ "CLOCK_MONOTONIC", "#1f77b4" },
	{ "CLOCK_REALTIME", "#17becf" },
	{ "CLOCK_MONOTONIC_RAW", "#9467bd" },
	{ "CLOCK_BOOTTIME", "#8c564b" },
	{ "CLOCK_MONOTONIC_COARSE", "#2ca02c" },
};

static const char *color_of(const struct result *row)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(styles); i++) {
		if (!strcmp(styles[i].clock, row->clock))
			return styles[i].color;
	}
	return "#bcbd22";
}

static int dash_of(const struct result *row)
{
	if (!strcmp(row->image, IMAGE_PATCHED))
		return 1;
	return !strcmp(row->image, IMAGE_UNPATCHED) ? 2 : !strcmp(row->image, IMAGE_INLINE) ? 3 : 4;
}

static bool is_shown(const struct result *row, enum abi abi, enum job_mode mode)
{
	return row->abi == abi && row->mode == mode && row->nr_ticks;
}

static double panel_range(const struct results *results, enum abi abi, enum job_mode mode)
{
	double max = 0;
	size_t i;

	for (i = 0; i < results->nr_rows; i++) {
		if (is_shown(&results->rows[i], abi, mode) && results->rows[i].median > max)
			max = results->rows[i].median;
	}
	return max * X_RANGE;
}

static void write_curve(FILE *gnuplot, const struct result *row, size_t index)
{
	size_t points = row->nr_ticks < POINTS ? row->nr_ticks : POINTS;
	size_t i, at;

	fprintf(gnuplot, "$row%zu << END\n%.3f 0\n", index, row->ticks[0]);
	for (i = 0; i < points; i++) {
		at = (i + 1) * row->nr_ticks / points - 1;
		fprintf(gnuplot, "%.3f %.4f\n", row->ticks[at], (at + 1.0) / row->nr_ticks);
	}
	fprintf(gnuplot, "END\n");
}

static void write_panel(FILE *gnuplot, const struct results *results, enum abi abi,
			enum job_mode mode)
{
	const struct result *row;
	const char *separator = "plot";
	size_t i;

	fprintf(gnuplot, "set title '%s, %s'\nset xrange [0:%.1f]\n", abi_name(abi),
		mode_name(mode), panel_range(results, abi, mode));
	for (i = 0; i < results->nr_rows; i++) {
		row = &results->rows[i];
		if (!is_shown(row, abi, mode))
			continue;
		fprintf(gnuplot, "%s $row%zu using 1:2 with lines lw 2 dt %d lc rgb '%s' title '%s, %s'",
			separator, i, dash_of(row), color_of(row), row->clock, row->image);
		separator = ", \\\n";
	}
	fprintf(gnuplot, "\n");
}

static void write_plot(FILE *gnuplot, const struct results *results)
{
	bool abis[NR_ABIS] = { false }, modes[NR_MODES] = { false };
	size_t i, columns = 0, lines = 0;
	enum abi abi;
	enum job_mode mode;

	for (i = 0; i < results->nr_rows; i++) {
		abis[results->rows[i].abi] |= results->rows[i].nr_ticks > 0;
		modes[results->rows[i].mode] |= results->rows[i].nr_ticks > 0;
	}
	for (abi = 0; abi < NR_ABIS; abi++)
		columns += abis[abi];
	for (mode = 0; mode < NR_MODES; mode++)
		lines += modes[mode];

	fprintf(gnuplot,
		"set terminal svg size %zu,%zu dynamic background '#ffffff' font 'sans-serif,12'\n"
		"set encoding utf8\n"
		"set grid\n"
		"set xlabel 'TSC ticks per call'\n"
		"set ylabel 'part of the batches'\n"
		"set yrange [0:1]\n"
		"set key outside right top noenhanced font ',9'\n",
		columns * PANEL_WIDTH, lines * PANEL_HEIGHT + HEADER_HEIGHT);
	for (i = 0; i < results->nr_rows; i++) {
		if (results->rows[i].nr_ticks)
			write_curve(gnuplot, &results->rows[i], i);
	}
	fprintf(gnuplot, "set multiplot layout %zu,%zu title 'Cost of reading a clock: %s' noenhanced\n",
		lines, columns, cpu_name());
	for (mode = 0; mode < NR_MODES; mode++) {
		for (abi = 0; abi < NR_ABIS; abi++) {
			if (modes[mode] && abis[abi])
				write_panel(gnuplot, results, abi, mode);
		}
	}
	fprintf(gnuplot, "unset multiplot\n");
}

static void spawn_gnuplot(struct gnuplot *gnuplot, char *const *argv, int stdin_fd, int stdout_fd)
{
	posix_spawn_file_actions_t actions;
	int err;

	if (posix_spawn_file_actions_init(&actions) ||
	    posix_spawn_file_actions_adddup2(&actions, stdin_fd, STDIN_FILENO) ||
	    posix_spawn_file_actions_adddup2(&actions, stdout_fd, STDOUT_FILENO))
		fatal("out of memory");
	err = posix_spawnp(&gnuplot->pid, argv[0], &actions, NULL, argv, environ);
	if (err)
		fatal("--plot needs gnuplot, which cannot be started: %s (Debian's gnuplot-nox is enough)",
		      strerror(err));
	posix_spawn_file_actions_destroy(&actions);
}

/* Return: whether it ended as it should. */
static bool wait_for_gnuplot(const struct gnuplot *gnuplot)
{
	int status;

	if (waitpid(gnuplot->pid, &status, 0) < 0)
		fatal("cannot wait for gnuplot: %s", strerror(errno));
	return WIFEXITED(status) && !WEXITSTATUS(status);
}

/* The picture goes to memory first: gnuplot does not tell if a disk is full. */
static void start_gnuplot(struct gnuplot *gnuplot)
{
	static char *const argv[] = { "gnuplot", NULL };
	int ends[2];

	gnuplot->picture = memory_file("plot", 0);
	if (pipe2(ends, O_CLOEXEC))
		fatal("cannot make a pipe: %s", strerror(errno));
	spawn_gnuplot(gnuplot, argv, ends[0], gnuplot->picture);
	close(ends[0]);
	gnuplot->commands = fdopen(ends[1], "w");
	if (!gnuplot->commands)
		fatal("out of memory");
}

static void copy_picture(int picture, FILE *file)
{
	char buffer[16384];
	ssize_t got;
	off_t at = 0;

	while ((got = pread(picture, buffer, sizeof(buffer), at)) > 0) {
		fwrite(buffer, 1, got, file);
		at += got;
	}
	if (got < 0)
		fatal("cannot read what gnuplot drew: %s", strerror(errno));
}

void report_plot_check(void)
{
	static char *const argv[] = { "gnuplot", "-e", "set terminal svg", NULL };
	struct gnuplot gnuplot;
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null < 0)
		fatal("cannot open /dev/null: %s", strerror(errno));
	spawn_gnuplot(&gnuplot, argv, null, null);
	if (!wait_for_gnuplot(&gnuplot))
		fatal("--plot needs a gnuplot that writes SVG (Debian's gnuplot-nox is enough)");
	close(null);
}

void report_plot(const struct results *results, const char *path)
{
	struct output_file output;
	struct gnuplot gnuplot;

	/* gnuplot may end before it has read everything: that is told by its status. */
	signal(SIGPIPE, SIG_IGN);
	start_gnuplot(&gnuplot);
	write_plot(gnuplot.commands, results);
	fclose(gnuplot.commands);
	if (!wait_for_gnuplot(&gnuplot))
		fatal("gnuplot did not draw the plot, so %s was not written", path);

	output_file_open(&output, path);
	copy_picture(gnuplot.picture, output.file);
	output_file_close(&output);
	close(gnuplot.picture);
}
