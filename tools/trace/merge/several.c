// SPDX-License-Identifier: GPL-2.0
/*
 * Merging the traces of several hosts.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/array.h"
#include "common/message.h"
#include "merge/several.h"
#include "merge/summary.h"
#include "readers/guard.h"

struct work {
	const struct several *several;
	struct axis *axis;
	void *writer;
	struct account **accounts;
	bool failed;
};

static bool take_event(void *data, const struct placed *placed, size_t host,
		       const struct placed *own)
{
	struct work *work = data;
	const struct writer_class *class = work->several->writer;

	if (!placed) {
		account_event(work->accounts[host], own);
		return true;
	}
	if (placed->early) {
		if (class && class->before)
			class->before(work->writer, placed);
		return true;
	}
	account_event(work->accounts[host], own);
	if (!class)
		return true;
	work->failed = !class->event(work->writer, placed);
	return !work->failed;
}

static char *run(struct work *work, progress_handler progress)
{
	const struct several *several = work->several;
	const struct writer_class *class = several->writer;
	char *error = NULL, *close_error;
	struct axis_run *axis_pass;
	bool done;
	size_t i;

	for (i = 0; i < work->axis->nr_hosts; i++)
		work->accounts[i] = account_new(work->axis->hosts[i].timeline);
	axis_pass = axis_begin(work->axis, take_event, work, &error);
	if (!axis_pass)
		return error;
	if (class) {
		work->writer = class->open(several->output, &work->axis->view, &error);
		if (error) {
			axis_end(axis_pass);
			return error;
		}
		if (!several->output)
			guard_writing();
	}
	done = axis_run(axis_pass, several->from, several->to, progress);
	if (class) {
		close_error = class->close(work->writer, done || work->failed);
		error = close_error;
	}
	axis_end(axis_pass);
	if (!error && work->failed)
		error = text_of("the output cannot be written");
	return error;
}

static int report(struct work *work)
{
	const struct several *several = work->several;
	size_t i;

	for (i = 0; i < work->axis->nr_hosts; i++)
		account_finish(work->accounts[i]);
	if (several->json)
		summary_axis_json(stdout, work->axis, work->accounts);
	else if (several->summary)
		summary_axis_text(stdout, work->axis, work->accounts);
	else if (!several->quiet)
		summary_axis_text(stderr, work->axis, NULL);
	if (fflush(stdout) || ferror(stdout)) {
		complain("standard output cannot be written: %s", strerror(errno));
		return STATUS_UNUSABLE;
	}
	return summary_axis_answer(work->axis) ? STATUS_YES : STATUS_NO;
}

int merge_several(const struct sources *sources, const struct several *several,
		  progress_handler progress)
{
	struct work work = { .several = several };
	int status = STATUS_UNUSABLE;
	char *error;
	size_t i;

	work.axis = axis_learn(sources, &several->axis, progress, &error);
	if (work.axis) {
		work.accounts = zalloc((work.axis->nr_hosts + 1) * sizeof(*work.accounts));
		error = run(&work, progress);
	}
	show_line(NULL);
	if (error)
		complain("%s", error);
	else
		status = report(&work);
	free(error);
	for (i = 0; work.axis && i < work.axis->nr_hosts; i++)
		account_free(work.accounts[i]);
	free(work.accounts);
	axis_free(work.axis);
	return status;
}
