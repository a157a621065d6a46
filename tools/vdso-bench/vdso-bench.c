// SPDX-License-Identifier: GPL-2.0
/*
 * Measures what reading a clock costs, by running the vDSO images of kernel builds
 * in a process, see vdso-bench(1).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clocks.h"
#include "count.h"
#include "limits.h"
#include "options.h"
#include "output_file.h"
#include "report.h"
#include "run_job.h"
#include "syscall_counts.h"
#include "timebase.h"
#include "util.h"

#define COLD_BATCH		16
#define STATUS_DIFFERENT	2
#define STATUS_LIMIT_NOT_HELD	3

static void load_images(struct job *job, const struct options *options, enum abi abi,
			const struct layout *patched, const struct layout *unpatched)
{
	job->nr_images = 0;
	if (patched)
		image_load(&job->images[job->nr_images++], IMAGE_PATCHED,
			   options->patched.directory, patched, abi);
	if (unpatched)
		image_load(&job->images[job->nr_images++], IMAGE_UNPATCHED,
			   options->unpatched.directory, unpatched, abi);
}

static void close_images(struct job *job)
{
	uint32_t i;

	for (i = 0; i < job->nr_images; i++) {
		close(job->images[i].text_fd);
		close(job->images[i].data_fd);
	}
}

static bool is_wanted(const struct options *options, const struct clock_info *clock)
{
	size_t i;

	if (clock->is_counted_only && !options->nr_clocks)
		return false;
	for (i = 0; i < options->nr_clocks; i++) {
		if (options->clocks[i] == clock)
			return true;
	}
	return !options->nr_clocks;
}

static void add_row(struct job *job, const struct clock_info **clocks, enum job_source source,
		    uint32_t image, const struct clock_info *clock)
{
	if (job->nr_rows == JOB_MAX_ROWS)
		fatal("too many rows");
	clocks[job->nr_rows] = clock;
	job->rows[job->nr_rows++] = (struct job_row) {
		.source = source, .image = image, .entry = ENTRY_GETTIME, .clock = clock->id,
	};
}

/* Notes in @clocks which clock each row of the job is. */
static void add_rows(struct job *job, const struct options *options,
		     const struct clock_info **clocks)
{
	const struct clock_info *clock;
	uint32_t image;
	size_t i;

	job->nr_rows = 0;
	for (i = 0; i < nr_clock_infos; i++) {
		clock = &clock_infos[i];
		if (!is_wanted(options, clock))
			continue;
		if (clock->is_inline) {
			add_row(job, clocks, SOURCE_INLINE, 0, clock);
			continue;
		}
		for (image = 0; image < job->nr_images; image++) {
			if (!clock->is_trace || job->images[image].trace_data != JOB_NONE)
				add_row(job, clocks, SOURCE_IMAGE, image, clock);
		}
		if (options->machine)
			add_row(job, clocks, SOURCE_MACHINE, 0, clock);
	}
}

static const char *image_label(const struct job *job, const struct job_row *row)
{
	if (row->source == SOURCE_INLINE)
		return IMAGE_INLINE;
	if (row->source == SOURCE_MACHINE)
		return IMAGE_MACHINE;
	return !strcmp(job->images[row->image].name, IMAGE_PATCHED) ? IMAGE_PATCHED
								    : IMAGE_UNPATCHED;
}

static void collect(struct results *results, struct job_handle *handle,
		    const struct clock_info *const *clocks)
{
	struct job *job = handle->job;
	const struct job_row *row;
	struct result *result;
	enum job_mode mode;
	uint32_t i;

	for (i = 0; i < job->nr_rows; i++) {
		row = &job->rows[i];
		for (mode = 0; mode < NR_MODES; mode++) {
			if (!row->present || !(job->modes & (1U << mode)) ||
			    (mode == MODE_TICK_WRITER && row->source == SOURCE_MACHINE))
				continue;
			result = results_row(results, handle->abi, image_label(job, row),
					     clocks[i]->name, mode);
			results_add_batches(result, job_sample(job, mode, i, 0), job->rounds,
					    mode == MODE_COLD ? job->cold_batch : job->batch,
					    mode == MODE_COLD ? job->cold_overhead : 0);
		}
	}
}

static void check(const struct job *template, const struct options *options, enum abi abi)
{
	struct job_handle handle;
	struct job job = *template;
	const struct job_check *found;
	uint32_t i;

	if (!job.nr_images)
		return;

	job.kind = JOB_CHECK;
	job_create(&handle, &job, abi);
	handle.progress = "checking that the clocks are right";
	job_start(&handle, false);
	job_wait(&handle);
	for (i = 0; i < job.nr_images; i++) {
		found = &handle.job->check[i];
		if (!options->json)
			printf("%s %s: %llu readings of the time within %lld ns of the machine's clocks, %u of CLOCK_TRACE between two of the TSC\n",
			       abi_name(abi), job.images[i].name,
			       (unsigned long long)found->readings, (long long)found->worst_ns,
			       found->trace_readings);
	}
	job_destroy(&handle);
}

static void measure(struct results *results, struct job *job, const struct options *options,
		    enum abi abi)
{
	const struct clock_info *clocks[JOB_MAX_ROWS];
	struct job_handle handle;
	char *progress;
	uint32_t run;

	job->kind = JOB_MEASURE;
	add_rows(job, options, clocks);
	if (!job->nr_rows)
		fatal("none of the chosen rows is in the chosen images");

	for (run = 0; run < options->runs; run++) {
		progress = format_path("%s: run %u of %u", abi_name(abi), run + 1, options->runs);
		job_create(&handle, job, abi);
		handle.progress = progress;
		job_start(&handle, false);
		job_wait(&handle);
		collect(results, &handle, clocks);
		job_destroy(&handle);
		free(progress);
	}
}

/* Return: whether all images are those of the running kernel. */
static bool compare(const struct job *template, enum abi abi)
{
	struct job_handle handle;
	struct job job = *template;
	bool equal = true;
	uint32_t i;

	job.kind = JOB_COMPARE;
	job_create(&handle, &job, abi);
	job_start(&handle, false);
	job_wait(&handle);
	for (i = 0; i < job.nr_images; i++) {
		if (handle.job->differs[i] == JOB_NONE) {
			printf("%s %s: the same as the running kernel's\n", abi_name(abi),
			       job.images[i].name);
			continue;
		}
		equal = false;
		printf("%s %s: differs from the running kernel's at offset %#x\n", abi_name(abi),
		       job.images[i].name, handle.job->differs[i]);
	}
	job_destroy(&handle);
	return equal;
}

static void run_abi(struct results *results, struct job *job, const struct options *options,
		    enum abi abi)
{
	check(job, options, abi);
	if (job->nr_images)
		count_images(results, job, abi, options->trace);
	if (!options->count)
		measure(results, job, options, abi);
}

/* What can be wrong with the output is found before the minutes that measuring takes. */
static void check_outputs(const struct options *options)
{
	if (options->plot_file) {
		report_plot_check();
		output_file_check(options->plot_file);
	}
	if (options->json_file)
		output_file_check(options->json_file);
}

static void report(struct results *results, const struct options *options,
		   const struct syscall_counts *syscall_counts)
{
	if (options->count) {
		if (options->json)
			report_counts_json(results, NULL);
		else
			report_counts(results);
		if (options->json_file)
			report_counts_json(results, options->json_file);
		return;
	}

	results_finish(results);
	limits_check(results, syscall_counts);
	if (options->json)
		report_json(results, NULL);
	else
		report_tables(results);
	if (options->json_file)
		report_json(results, options->json_file);
	if (options->plot_file)
		report_plot(results, options->plot_file);
}

int main(int argc, char **argv)
{
	struct layout *patched = NULL, *unpatched = NULL;
	struct syscall_counts syscall_counts;
	struct results results = { 0 };
	struct options options;
	struct job job = { 0 };
	bool equal = true;
	enum abi abi;
	uint32_t i;

	options_parse(&options, argc, argv);
	syscall_counts_init(&syscall_counts);
	for (i = 0; i < options.nr_syscall_counts; i++)
		syscall_counts_read(&syscall_counts, options.syscall_counts[i]);
	check_outputs(&options);
	if (options.patched.directory)
		patched = layout_read(options.patched.layout);
	if (options.unpatched.directory)
		unpatched = layout_read(options.unpatched.layout);

	job.modes = options.modes;
	job.rounds = options.rounds;
	job.batch = options.batch;
	job.cold_batch = COLD_BATCH;
	job.cpu = options.cpu;
	job.writer_cpu = options.tick_cpu;
	job.tick_hz = options.tick_hz;
	timebase_calibrate(&job.timebase);

	results.tsc_hz = job.timebase.tsc_hz;
	results.tick_hz = options.tick_hz;
	results.cpu = options.cpu;
	results.tick_cpu = options.tick_cpu;
	results.batch = job.batch;
	results.cold_batch = job.cold_batch;

	for (abi = 0; abi < NR_ABIS; abi++) {
		if (!options.abis[abi])
			continue;
		load_images(&job, &options, abi, patched, unpatched);
		if (options.compare)
			equal &= compare(&job, abi);
		else
			run_abi(&results, &job, &options, abi);
		close_images(&job);
	}
	if (!options.compare)
		report(&results, &options, &syscall_counts);
	close_stdout();
	if (options.compare)
		return equal ? EXIT_SUCCESS : STATUS_DIFFERENT;
	if (options.strict && !limits_all_held(&results))
		return STATUS_LIMIT_NOT_HELD;
	return EXIT_SUCCESS;
}
