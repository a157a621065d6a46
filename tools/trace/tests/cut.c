// SPDX-License-Identifier: GPL-2.0
/*
 * Cut a file of the traces at each of its bytes, and merge what is left: an error or a
 * shorter result, and no event at another time than with the whole file.
 *
 * Usage: cut STEP FILE GUEST HOST. FILE is below GUEST or HOST, and is cut at every
 * STEP-th byte. Each cut is tried as clocktrace merge does, under the guard that libraries
 * need which crash; prints what came out.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/array.h"
#include "common/message.h"
#include "correlate/timeline.h"
#include "readers/guard.h"

#define EVENTS_MAX 4096
/* A library may hang for so long, and what is here may take so long. */
#define PATIENCE 5
#define SECONDS 60

/* What an event is, and where it was placed */
struct known {
	size_t party;
	unsigned int cpu;
	uint64_t raw;
	uint64_t time;
};

/* The events of the whole traces, and what a child tells */
struct shared {
	struct known known[EVENTS_MAX];
	size_t count;
	bool learn;
	uint64_t placed;
	uint64_t wrong;
};

static struct shared *shared;
static struct trace_argument arguments[2];

static bool take(void *data, const struct placed *placed)
{
	const struct known one = { placed->party, placed->event->cpu, placed->event->time,
				   placed->time };
	size_t i;

	(void)data;
	if (shared->learn) {
		if (shared->count < EVENTS_MAX)
			shared->known[shared->count++] = one;
		return true;
	}
	shared->placed++;
	for (i = 0; i < shared->count; i++)
		if (shared->known[i].party == one.party && shared->known[i].cpu == one.cpu &&
		    shared->known[i].raw == one.raw && shared->known[i].time == one.time)
			return true;
	shared->wrong++;
	fprintf(stderr, "an event of party %zu, read at %llu, is at %llu\n", one.party,
		(unsigned long long)one.raw, (unsigned long long)one.time);
	return true;
}

static int merge(void *data)
{
	struct timeline *timeline;
	char *error = NULL;

	(void)data;
	/* A try that crashed does not count. */
	shared->placed = 0;
	timeline = timeline_learn(arguments, 2, 2, 0, 1000000000, false, NULL, &error);
	if (timeline)
		timeline_run(timeline, 0, UINT64_MAX, take, NULL, NULL, &error);
	timeline_free(timeline);
	free(error);
	return STATUS_YES;
}

/* Return: the status as of waitpid() */
static int in_child(void)
{
	pid_t child = fork();
	int status = 0;

	if (child < 0)
		die("no process");
	if (!child) {
		alarm(SECONDS);
		if (!freopen("/dev/null", "w", stderr))
			_exit(9);
		_exit(guard_run(merge, NULL, PATIENCE));
	}
	waitpid(child, &status, 0);
	return status;
}

static char *read_whole(const char *path, size_t *size)
{
	FILE *file = fopen(path, "re");
	char *data;
	long end;

	if (!file || fseek(file, 0, SEEK_END))
		die("%s cannot be read", path);
	end = ftell(file);
	rewind(file);
	*size = (size_t)end;
	data = zalloc(*size + 1);
	if (fread(data, 1, *size, file) != *size)
		die("%s cannot be read", path);
	fclose(file);
	return data;
}

static void write_part(const char *path, const char *data, size_t size)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		die("%s cannot be written", path);
	close(fd);
}

int main(int argc, char **argv)
{
	size_t size, cut, step, cuts = 0, refused = 0, shorter = 0;
	bool failed = false;
	char *data;

	if (argc != 5)
		die("Usage: cut STEP FILE GUEST HOST");
	step = (size_t)atol(argv[1]);
	arguments[0].path = argv[3];
	arguments[1].path = argv[4];
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		      -1, 0);
	shared->learn = true;
	if (in_child() || !shared->count)
		die("the whole traces cannot be merged");
	shared->learn = false;
	data = read_whole(argv[2], &size);
	for (cut = 0; cut < size; cut += step) {
		int status;

		write_part(argv[2], data, cut);
		shared->placed = shared->wrong = 0;
		status = in_child();
		cuts++;
		refused += !shared->placed;
		shorter += shared->placed && shared->placed < shared->count;
		if (shared->wrong || !WIFEXITED(status) || WEXITSTATUS(status) > STATUS_UNUSABLE) {
			fprintf(stderr, "cut at %zu: %s, %llu events at a wrong time\n", cut,
				WIFEXITED(status) ? "ended" : strsignal(WTERMSIG(status)),
				(unsigned long long)shared->wrong);
			failed = true;
		}
	}
	write_part(argv[2], data, size);
	printf("%zu cuts: %zu refused, %zu with less than all of %zu events\n", cuts, refused,
	       shorter, shared->count);
	free(data);
	return failed || !(refused + shorter);
}
