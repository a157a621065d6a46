// SPDX-License-Identifier: GPL-2.0
/*
 * Work on files whose readers may crash or never return.
 */
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "common/array.h"
#include "common/leftover.h"
#include "common/message.h"
#include "readers/guard.h"

#define NOWHERE UINT64_MAX
#define TRIES_MAX 64
#define SAID_MAX 1024
/* Short work is not to wait for who waits for it. */
#define PAUSE_FIRST_NS 500000
#define PAUSE_LAST_NS 20000000

/* Files are read in turn, and noting a path for each event would cost more than reading it. */
#define PATHS 64

/* Only if this process was stopped is its loop so slow. */
#define STOPPED_MS 1000

/* By which users end a program */
static const int signals[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM };

#define NR_SIGNALS (sizeof(signals) / sizeof(signals[0]))

static struct sigaction before[NR_SIGNALS];
/* The one that came, or 0 */
static volatile sig_atomic_t ending;

/* What child and parent share */
struct shared {
	/* What the child is at: a file alone while it is opened */
	char paths[PATHS][PATH_MAX];
	size_t path;
	uint64_t stream;
	uint64_t number;
	/* Counts whatever the child does */
	uint64_t steps;
	/* It is reading, not at work of its own or waiting for who reads its output */
	bool reading;
	bool writing;
	/* What was said already, as hashes */
	uint64_t said[SAID_MAX];
	size_t nr_said;
};

struct limit {
	char *path;
	uint64_t stream;
	uint64_t number;
};

static struct shared *shared;
static struct limit *limits;
static size_t nr_limits;
/* The paths in @shared, by their addresses */
static const char *noted[PATHS];

static void note_path(const char *path)
{
	size_t slot = ((uintptr_t)path >> 4) % PATHS;

	shared->path = slot;
	if (noted[slot] == path)
		return;
	noted[slot] = path;
	snprintf(shared->paths[slot], sizeof(shared->paths[slot]), "%s", path);
}

void guard_reading(const char *path)
{
	if (!shared)
		return;
	/* What is at an address may have changed. */
	memset(noted, 0, sizeof(noted));
	shared->steps++;
	shared->reading = path;
	shared->stream = shared->number = NOWHERE;
	note_path(path ? path : "");
}

void guard_event(const char *path, size_t stream, uint64_t number)
{
	if (!shared)
		return;
	note_path(path);
	shared->stream = stream;
	shared->number = number;
	shared->steps++;
	shared->reading = true;
}

void guard_done(void)
{
	if (shared)
		shared->reading = false;
}

void guard_writing(void)
{
	if (shared)
		shared->writing = true;
}

bool guard_is_excluded(const char *path)
{
	size_t i;

	for (i = 0; i < nr_limits; i++)
		if (limits[i].stream == NOWHERE && !strcmp(limits[i].path, path))
			return true;
	return false;
}

bool guard_limit_reached(const char *path, size_t stream, uint64_t number)
{
	size_t i;

	for (i = 0; i < nr_limits; i++)
		if (limits[i].stream == stream && limits[i].number <= number &&
		    !strcmp(limits[i].path, path))
			return true;
	return false;
}

bool guard_say_once(const char *text)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);
	size_t i;

	if (!shared)
		return true;
	for (; *text; text++)
		hash = (hash ^ (unsigned char)*text) * UINT64_C(0x100000001b3);
	for (i = 0; i < shared->nr_said; i++)
		if (shared->said[i] == hash)
			return false;
	if (shared->nr_said < SAID_MAX)
		shared->said[shared->nr_said++] = hash;
	return true;
}

static void note_signal(int number)
{
	ending = number;
}

/* As nohup and shells may have had them ignored */
static void catch_signals(void)
{
	const struct sigaction action = { .sa_handler = note_signal };
	size_t i;

	for (i = 0; i < NR_SIGNALS; i++) {
		sigaction(signals[i], NULL, &before[i]);
		if (before[i].sa_handler != SIG_IGN)
			sigaction(signals[i], &action, NULL);
	}
}

static void restore_signals(void)
{
	size_t i;

	for (i = 0; i < NR_SIGNALS; i++)
		sigaction(signals[i], &before[i], NULL);
}

/* End as if the signal had not been caught. */
static void end_by(int number)
{
	signal(number, SIG_DFL);
	raise(number);
}

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Wait for the child; end it if it does not come on, or if this process is to end. */
static int await(pid_t child, unsigned int seconds, bool *hangs)
{
	struct timespec pause = { .tv_nsec = PAUSE_FIRST_NS };
	int64_t now, last = now_ms(), since = last;
	uint64_t steps = shared->steps;
	int status;

	for (;;) {
		if (waitpid(child, &status, WNOHANG) == child)
			return status;
		now = now_ms();
		/* Ctrl-Z and the like have stopped the child as well as this loop. */
		if (shared->steps != steps || now - last > STOPPED_MS) {
			steps = shared->steps;
			since = now;
		} else if (shared->reading && now - since > (int64_t)seconds * 1000) {
			*hangs = true;
			kill(child, SIGKILL);
		}
		last = now;
		if (ending)
			kill(child, SIGKILL);
		nanosleep(&pause, NULL);
		if (pause.tv_nsec < PAUSE_LAST_NS)
			pause.tv_nsec *= 2;
	}
}

static int start(int (*work)(void *data), void *data, unsigned int seconds, bool *hangs)
{
	pid_t parent = getpid(), child;
	int status;

	fflush(NULL);
	shared->reading = false;
	catch_signals();
	child = fork();
	if (child < 0)
		die("no process for the work: %s", strerror(errno));
	if (!child) {
		restore_signals();
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != parent)
			_exit(STATUS_UNUSABLE);
		/* What libraries say before they abort is not for users. */
		exit(work(data));
	}
	status = await(child, seconds, hangs);
	leftover_remove_all();
	restore_signals();
	if (ending)
		end_by(ending);
	return status;
}

/* Exclude what the child was at; false if it was at nothing, or that did not help. */
static bool exclude(void)
{
	const struct limit limit = { text_of("%s", shared->paths[shared->path]), shared->stream, shared->number };
	size_t i;

	for (i = 0; i < nr_limits; i++)
		if (!strcmp(limits[i].path, limit.path) && limits[i].stream == limit.stream &&
		    limits[i].number <= limit.number)
			return false;
	limits = array_room(limits, nr_limits, sizeof(*limits));
	limits[nr_limits++] = limit;
	return true;
}

int guard_run(int (*work)(void *data), void *data, unsigned int seconds)
{
	int status, tries;

	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		      -1, 0);
	if (shared == MAP_FAILED)
		die("out of memory");
	leftover_share();
	for (tries = 0; tries < TRIES_MAX; tries++) {
		bool hangs = false;

		status = start(work, data, seconds, &hangs);
		if (WIFEXITED(status))
			return WEXITSTATUS(status);
		if (!hangs && (WTERMSIG(status) == SIGINT || WTERMSIG(status) == SIGTERM ||
			       WTERMSIG(status) == SIGPIPE || WTERMSIG(status) == SIGHUP))
			end_by(WTERMSIG(status));
		if (!shared->reading)
			die("the work ended by signal %d, and not while a trace was read: please report this",
			    WTERMSIG(status));
		complain("%s is damaged so that the library that reads it %s",
			 shared->paths[shared->path],
			 hangs ? "does not come back" : "crashes");
		if (shared->writing)
			die("the output is not complete: write to a file with -o to have it begun anew");
		if (!exclude())
			break;
	}
	die("the traces cannot be read");
}
