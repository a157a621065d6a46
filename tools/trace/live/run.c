// SPDX-License-Identifier: GPL-2.0
/*
 * "clocktrace merge --live": sessions at lttng-relayd, merged as they come.
 */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/array.h"
#include "common/message.h"
#include "live/run.h"
#include "live/summary.h"

/* The patience is kept to within this. */
#define WAIT_MS 20

struct work {
	const struct live_run *run;
	struct live *live;
	void *writer;
	bool failed;
	bool is_new;
};

static volatile sig_atomic_t ending;

/* Whichever the second one is */
static void note_signal(int number)
{
	if (ending)
		raise(number);
	ending = number;
}

/* nohup and shells may have had them ignored. What is being written is written to its end, for
 * which a second signal does not wait. */
static void catch_signals(void)
{
	static const int signals[] = { SIGHUP, SIGINT, SIGTERM };
	const struct sigaction action = {
		.sa_handler = note_signal,
		.sa_flags = SA_RESTART | (int)SA_RESETHAND,
	};
	struct sigaction before;
	size_t i;

	for (i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
		sigaction(signals[i], NULL, &before);
		if (before.sa_handler != SIG_IGN)
			sigaction(signals[i], &action, NULL);
	}
}

static bool take_event(void *data, const struct timeline *view, const struct placed *placed)
{
	struct work *work = data;

	(void)view;
	work->is_new = true;
	if (!work->run->writer)
		return true;
	work->failed = !work->run->writer->event(work->writer, placed);
	return !work->failed;
}

/* Who looks at it wants to see each event now. */
static bool flush(struct work *work)
{
	if (work->is_new && fflush(NULL))
		work->failed = true;
	work->is_new = false;
	return !work->failed;
}

static char *merge(struct work *work, struct feeds *feeds)
{
	char *error = NULL;

	while (!ending && !live_has_ended(work->live)) {
		error = feeds_wait(feeds, work->live, WAIT_MS);
		if (error || !live_advance(work->live, feeds_now()) || !flush(work))
			break;
	}
	if (!error && !work->failed && live_finish(work->live, feeds_now()))
		flush(work);
	return error;
}

static char *write_all(struct work *work, struct feeds *feeds)
{
	const struct writer_class *class = work->run->writer;
	char *error = NULL, *close_error;
	int reason = 0;

	if (class) {
		work->writer = class->open(work->run->output, live_view(work->live), &error);
		if (error)
			return error;
	}
	error = merge(work, feeds);
	if (work->failed)
		reason = errno;
	if (class) {
		close_error = class->close(work->writer, !error);
		if (error)
			free(close_error);
		else
			error = close_error;
	}
	if (!error && work->failed)
		error = text_of("the output cannot be written: %s", strerror(reason));
	return error;
}

static int report(const struct work *work, size_t count)
{
	if (work->run->json)
		live_summary_json(stdout, work->live, count);
	else if (work->run->summary)
		live_summary_text(stdout, work->live, count);
	else if (!work->run->quiet)
		live_summary_text(stderr, work->live, count);
	if (fflush(stdout) || ferror(stdout)) {
		complain("standard output cannot be written: %s", strerror(errno));
		return STATUS_UNUSABLE;
	}
	return live_summary_answer(work->live, count) ? STATUS_YES : STATUS_NO;
}

int live_run(const struct trace_argument *arguments, size_t count, const struct live_run *run,
	     feed_reader reader)
{
	const char **urls = zalloc((count + 1) * sizeof(*urls));
	struct work work = { .run = run };
	int status = STATUS_UNUSABLE;
	struct feeds *feeds;
	char *error;
	size_t i;

	for (i = 0; i < count; i++)
		urls[i] = arguments[i].path;
	work.live = live_new(arguments, count, &run->live, feeds_now(), take_event, &work);
	feeds = feeds_new(urls, count, reader);
	catch_signals();
	error = write_all(&work, feeds);
	feeds_free(feeds);
	if (error)
		complain("%s", error);
	else
		status = report(&work, count);
	free(error);
	live_free(work.live);
	free(urls);
	return status;
}
