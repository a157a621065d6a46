// SPDX-License-Identifier: GPL-2.0
/*
 * Work in a child: when it is taken to hang, and what is left if it is killed. The clock is
 * made here, so that no test depends on how busy the machine is.
 */
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "common/message.h"
#include "common/output_file.h"
#include "readers/guard.h"
#include "tap.h"

#define PATIENCE 5
#define PAUSE_US 1000
/* Of the real time, before a test gives up */
#define LIMIT_S 120

static struct clocks {
	/* Seconds of each clock, and how often anybody has looked at one */
	long monotonic_ms;
	long wall_s;
	unsigned int looks;
	/* How often the work began */
	unsigned int works;
} *clocks;
static char directory[] = "/tmp/test_guard-XXXXXX";

/* These replace the functions of the C library. */
int clock_gettime(clockid_t clock, struct timespec *time)
{
	long ms = __atomic_load_n(&clocks->monotonic_ms, __ATOMIC_SEQ_CST);

	(void)clock;
	*time = (struct timespec){ 1000 + ms / 1000, ms % 1000 * 1000000 };
	__atomic_add_fetch(&clocks->looks, 1, __ATOMIC_SEQ_CST);
	return 0;
}

time_t time(time_t *result)
{
	time_t now = 1000000 + __atomic_load_n(&clocks->wall_s, __ATOMIC_SEQ_CST);

	if (result)
		*result = now;
	__atomic_add_fetch(&clocks->looks, 1, __ATOMIC_SEQ_CST);
	return now;
}

/* Until the parent has looked at a clock twice: the second time, it has judged the first one */
static void await_look(void)
{
	unsigned int before = __atomic_load_n(&clocks->looks, __ATOMIC_SEQ_CST);

	while (__atomic_load_n(&clocks->looks, __ATOMIC_SEQ_CST) < before + 2)
		usleep(PAUSE_US);
}

static void pass(long ms)
{
	__atomic_add_fetch(&clocks->monotonic_ms, ms, __ATOMIC_SEQ_CST);
	__atomic_add_fetch(&clocks->wall_s, ms / 1000, __ATOMIC_SEQ_CST);
	await_look();
}

/* The status of a process that has a child do the work */
static int outcome(int (*work)(void *data), void *data)
{
	int status;
	pid_t child;

	memset(clocks, 0, sizeof(*clocks));
	fflush(NULL);
	child = fork();
	if (!child) {
		alarm(LIMIT_S);
		exit(guard_run(work, data, PATIENCE));
	}
	waitpid(child, &status, 0);
	return status;
}

static int stopped(void *data)
{
	(void)data;
	guard_reading("a trace");
	await_look();
	pass(1000 * PATIENCE * 1000);
	return 0;
}

static int set_clock(void *data)
{
	(void)data;
	guard_reading("a trace");
	await_look();
	__atomic_add_fetch(&clocks->wall_s, 1000 * PATIENCE, __ATOMIC_SEQ_CST);
	await_look();
	return 0;
}

static int hangs(void *data)
{
	(void)data;
	if (clocks->works++)
		return guard_is_excluded("a trace") ? STATUS_NO : STATUS_UNUSABLE;
	guard_reading("a trace");
	for (;;)
		pass(900);
}

static void test_stopped(void)
{
	CHECK(!outcome(stopped, NULL));
}

static void test_set_clock(void)
{
	CHECK(!outcome(set_clock, NULL));
}

static void test_hangs(void)
{
	int status = outcome(hangs, NULL);

	CHECK_MSG(WIFEXITED(status) && WEXITSTATUS(status) == STATUS_NO, "status %d", status);
}

static unsigned int count_files(void)
{
	DIR *stream = opendir(directory);
	unsigned int count = 0;
	struct dirent *entry;

	while ((entry = readdir(stream)))
		count += entry->d_name[0] != '.';
	closedir(stream);
	return count;
}

/* Begins a file, and gets a signal, or sends it to its parent and waits for the end. */
static int writes(void *data)
{
	int number = *(int *)data;
	char *path = text_of("%s/output", directory);
	struct output_file output;

	if (output_begin(&output, path))
		return STATUS_UNUSABLE;
	fputs("half", output.file);
	fflush(output.file);
	if (number > 0)
		kill(getppid(), number);
	else
		raise(-number);
	for (;;)
		pause();
}

static void test_killed(void)
{
	static const int numbers[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM, -SIGINT, -SIGTERM, -SIGPIPE };
	int number = -SIGKILL, status = outcome(writes, &number);
	size_t i;

	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == STATUS_UNUSABLE && !count_files());
	for (i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		number = numbers[i];
		status = outcome(writes, &number);
		CHECK_MSG(WIFSIGNALED(status) && WTERMSIG(status) == abs(number) && !count_files(),
			  "signal %d: status %d, %u files", number, status, count_files());
	}
}

/* The whole file has its name, whatever comes then. */
static int finishes(void *data)
{
	char *path = text_of("%s/output", directory);
	struct output_file output;

	(void)data;
	if (output_begin(&output, path) || output_end(&output, true))
		return STATUS_UNUSABLE;
	raise(SIGTERM);
	return STATUS_UNUSABLE;
}

static void test_whole(void)
{
	char *path = text_of("%s/output", directory);
	int status = outcome(finishes, NULL);

	CHECK(WIFSIGNALED(status) && count_files() == 1 && !access(path, R_OK));
	unlink(path);
	free(path);
}

/* A shell that began this in the background, or nohup, has had some ignored. */
static void take_all_signals(void)
{
	static const int numbers[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGPIPE };
	size_t i;

	for (i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		signal(numbers[i], SIG_DFL);
}

int main(void)
{
	take_all_signals();
	clocks = mmap(NULL, sizeof(*clocks), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		      -1, 0);
	if (clocks == MAP_FAILED || !mkdtemp(directory))
		die("no memory or directory for the test");
	tap_begin();
	tap_run(test_stopped, "guard: work that was stopped does not hang");
	tap_run(test_set_clock, "guard: the time of day may be set");
	tap_run(test_hangs, "guard: work that hangs is ended, and begun anew without the trace");
	tap_run(test_killed, "guard: what is not whole is removed after any signal");
	tap_run(test_whole, "guard: what is whole stays");
	rmdir(directory);
	return tap_end();
}
