// SPDX-License-Identifier: GPL-2.0
/*
 * The processes that read sessions.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "common/array.h"
#include "common/message.h"
#include "live/feed.h"
#include "live/live.h"
#include "live/wire.h"

/* A connection that was lost is tried again after this. */
#define RETRY_NS INT64_C(500000000)
/* Only if this process was stopped is its loop so slow. */
#define STOPPED_NS INT64_C(200000000)

struct feed {
	const char *url;
	pid_t process;
	struct wire wire;
	int64_t start_at;
	bool has_begun;
	bool is_said;
	bool is_over;
};

struct feeds {
	struct feed *list;
	size_t count;
	feed_reader reader;
	struct pollfd *polled;
};

/* When feeds_wait() was called last, and for how long this process could not come back to it */
static int64_t last_call, stopped;

static int64_t monotonic(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* It never goes back: what is found to have been a stop may have begun before what was read. */
int64_t feeds_now(void)
{
	static int64_t told;
	const int64_t now = monotonic() - stopped;

	if (now > told)
		told = now;
	return told;
}

/* Ctrl-Z has stopped it, or nobody has taken its output: no session was silent for that. */
static void leave_out_stops(void)
{
	const int64_t now = monotonic();

	if (last_call && now - last_call > STOPPED_NS)
		stopped += now - last_call - STOPPED_NS;
	last_call = now;
}

struct feeds *feeds_new(const char *const *urls, size_t count, feed_reader reader)
{
	struct feeds *feeds = zalloc(sizeof(*feeds));
	size_t i;

	feeds->list = zalloc((count + 1) * sizeof(*feeds->list));
	feeds->polled = zalloc((count + 1) * sizeof(*feeds->polled));
	feeds->count = count;
	feeds->reader = reader;
	for (i = 0; i < count; i++)
		feeds->list[i] = (struct feed){ .url = urls[i], .wire = { .fd = -1 } };
	return feeds;
}

/* Ctrl-C is for the process that prints, which then ends this one. */
static void run(const struct feeds *feeds, const struct feed *feed, int fd, pid_t parent)
{
	signal(SIGINT, SIG_IGN);
	signal(SIGTERM, SIG_DFL);
	signal(SIGHUP, SIG_IGN);
	signal(SIGQUIT, SIG_IGN);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() == parent)
		feeds->reader(feed->url, fd);
	_exit(0);
}

static char *start(struct feeds *feeds, struct feed *feed)
{
	const pid_t parent = getpid();
	int ends[2];
	size_t i;

	if (pipe2(ends, O_CLOEXEC))
		return text_of("no pipe for %s: %s", feed->url, strerror(errno));
	feed->process = fork();
	if (feed->process < 0) {
		close(ends[0]);
		close(ends[1]);
		return text_of("no process for %s: %s", feed->url, strerror(errno));
	}
	if (!feed->process) {
		for (i = 0; i < feeds->count; i++)
			if (feeds->list[i].wire.fd >= 0)
				close(feeds->list[i].wire.fd);
		close(ends[0]);
		run(feeds, feed, ends[1], parent);
	}
	close(ends[1]);
	fcntl(ends[0], F_SETFL, O_NONBLOCK);
	feed->wire = (struct wire){ .fd = ends[0] };
	return NULL;
}

static void stop(struct feed *feed)
{
	if (feed->process <= 0)
		return;
	kill(feed->process, SIGKILL);
	while (waitpid(feed->process, NULL, 0) < 0 && errno == EINTR)
		;
	feed->process = 0;
	wire_close(&feed->wire);
}

/* It is tried again; said once, until it is there again */
static char *lose(struct feed *feed, struct live *live, size_t number, const char *why)
{
	if (!feed->has_begun)
		return text_of("%s", why);
	if (!feed->is_said)
		complain("%s; it is tried again", why);
	feed->is_said = true;
	live_gone(live, number);
	return NULL;
}

static char *take_clock(struct feed *feed, struct live *live, size_t number, const char *data,
			int64_t now)
{
	struct live_clock clock;

	memcpy(&clock, data, sizeof(clock));
	if (feed->is_said)
		complain("%s: it is there again", feed->url);
	feed->is_said = false;
	return live_clock(live, number, &clock, now);
}

static void take_event(struct live *live, size_t number, const char *data, size_t size,
		       int64_t now)
{
	struct live_event *event;
	uint64_t complete_to;

	memcpy(&complete_to, data, sizeof(complete_to));
	size -= sizeof(complete_to);
	event = zalloc(size);
	memcpy(event, data + sizeof(complete_to), size);
	if (live_event_check(event, size))
		live_event(live, number, event, complete_to, now);
	else
		free(event);
}

static char *take(struct feed *feed, struct live *live, size_t number,
		  const struct wire_head *head, const char *data)
{
	const int64_t now = feeds_now();
	char *text, *error = NULL;
	uint64_t times[2];

	switch (head->type) {
	case WIRE_THERE:
		feed->has_begun = true;
		break;
	case WIRE_CLOCK:
		return take_clock(feed, live, number, data, now);
	case WIRE_EVENT:
		take_event(live, number, data, head->size, now);
		break;
	case WIRE_QUIET:
		memcpy(times, data, sizeof(times[0]));
		live_quiet(live, number, times[0], now);
		break;
	case WIRE_LOST:
		memcpy(times, data, sizeof(times));
		live_lost(live, number, times[0], times[1]);
		break;
	case WIRE_END:
		feed->is_over = true;
		live_end(live, number);
		break;
	case WIRE_ERROR:
		return text_of("%.*s", (int)head->size, data);
	case WIRE_GONE:
		text = text_of("%.*s", (int)head->size, data);
		error = lose(feed, live, number, text);
		free(text);
		break;
	}
	return error;
}

static char *read_feed(struct feeds *feeds, size_t number, struct live *live)
{
	struct feed *feed = &feeds->list[number];
	const bool goes_on = wire_read(&feed->wire);
	struct wire_head head;
	char *error = NULL, *text;
	const char *data;

	while (!error && (data = wire_next(&feed->wire, &head)))
		error = take(feed, live, number, &head, data);
	if (error || goes_on)
		return error;
	stop(feed);
	feed->start_at = feeds_now() + RETRY_NS;
	if (feed->is_over)
		return NULL;
	text = text_of("%s: the process that reads it has ended", feed->url);
	error = lose(feed, live, number, text);
	free(text);
	return error;
}

char *feeds_wait(struct feeds *feeds, struct live *live, int milliseconds)
{
	char *error = NULL;
	size_t i;

	leave_out_stops();
	for (i = 0; i < feeds->count && !error; i++) {
		struct feed *feed = &feeds->list[i];

		if (!feed->process && !feed->is_over && feeds_now() >= feed->start_at)
			error = start(feeds, feed);
		feeds->polled[i] = (struct pollfd){
			.fd = live_wants(live, i) ? feed->wire.fd : -1,
			.events = POLLIN,
		};
	}
	if (error)
		return error;
	poll(feeds->polled, (nfds_t)feeds->count, milliseconds);
	for (i = 0; i < feeds->count && !error; i++)
		if (feeds->polled[i].fd >= 0 && feeds->polled[i].revents)
			error = read_feed(feeds, i, live);
	return error;
}

void feeds_free(struct feeds *feeds)
{
	size_t i;

	if (!feeds)
		return;
	for (i = 0; i < feeds->count; i++)
		stop(&feeds->list[i]);
	free(feeds->list);
	free(feeds->polled);
	free(feeds);
}
