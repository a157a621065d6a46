// SPDX-License-Identifier: GPL-2.0
/* Jobs, and the processes that do them, see run_job.h. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "run_job.h"
#include "util.h"

#define RUNNER_PREFIX	"vdso-bench-runner-"
#define EXEC_FAILED	127

/*
 * CPU time that a runner may spend without getting on. A sequence counter that
 * never becomes even makes it wait for ever: then the layout is wrong.
 */
#define MAX_IDLE_SECONDS	10

static char *runner_path(enum abi abi)
{
	char self[PATH_MAX] = "";

	if (readlink("/proc/self/exe", self, sizeof(self) - 1) < 0)
		fatal("cannot find out where this program lies: %s; is /proc mounted?",
		      strerror(errno));
	return format_path("%s/" RUNNER_PREFIX "%s", dirname(self), abi_name(abi));
}

void job_create(struct job_handle *handle, const struct job *template, enum abi abi)
{
	uint32_t samples = template->kind == JOB_MEASURE ? job_nr_samples(template) : 0;

	memset(handle, 0, sizeof(*handle));
	handle->abi = abi;
	handle->size = sizeof(struct job) + samples * sizeof(job_u64);
	handle->fd = memory_file("vdso-bench-job", handle->size);
	handle->job = mmap(NULL, handle->size, PROT_READ | PROT_WRITE, MAP_SHARED, handle->fd, 0);
	if (handle->job == MAP_FAILED)
		fatal("cannot map a job: %s", strerror(errno));

	memcpy(handle->job, template, sizeof(*template));
	handle->job->magic = JOB_MAGIC;
	handle->job->size = sizeof(struct job);
}

static void keep_over_exec(int fd)
{
	fcntl(fd, F_SETFD, 0);
}

/* In the child, between fork() and exec() */
__attribute__((noreturn))
static void exec_runner(const struct job_handle *handle, const char *path, bool traced)
{
	const struct job *job = handle->job;
	char *const argv[] = { (char *)path, NULL };
	uint32_t i;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (i = 0; i < job->nr_images; i++) {
		keep_over_exec(job->images[i].text_fd);
		keep_over_exec(job->images[i].data_fd);
	}
	if (dup2(handle->fd, JOB_FD) >= 0 && (!traced || !ptrace(PTRACE_TRACEME, 0, NULL, NULL)))
		execv(path, argv);
	fprintf(stderr, "vdso-bench: cannot run %s: %s\n", path, strerror(errno));
	_exit(EXEC_FAILED);
}

void job_start(struct job_handle *handle, bool traced)
{
	char *path = runner_path(handle->abi);

	fflush(NULL);
	handle->pid = fork();
	if (handle->pid < 0)
		fatal("cannot start a process: %s", strerror(errno));
	if (!handle->pid)
		exec_runner(handle, path, traced);
	free(path);
}

/* @shown is the round that was shown last. */
static void show_progress(const struct job_handle *handle, uint32_t *shown)
{
	const struct job *job = handle->job;

	if (!handle->progress || !isatty(STDERR_FILENO) || *shown == job->rounds_done)
		return;
	*shown = job->rounds_done;
	if (job->kind == JOB_MEASURE)
		fprintf(stderr, "\r%s: round %u of %u\033[K", handle->progress, *shown,
			job->rounds);
	else
		fprintf(stderr, "\r%s\033[K", handle->progress);
}

static void clear_progress(const struct job_handle *handle)
{
	if (handle->progress && isatty(STDERR_FILENO))
		fputs("\r\033[K", stderr);
}

void job_check_status(struct job_handle *handle, int status)
{
	struct job *job = handle->job;

	clear_progress(handle);
	job->error[sizeof(job->error) - 1] = 0;
	if (WIFSIGNALED(status))
		fatal("the %s runner was ended by signal %d (%s)", abi_name(handle->abi),
		      WTERMSIG(status), strsignal(WTERMSIG(status)));
	if (WEXITSTATUS(status) == EXEC_FAILED)
		fatal("the %s runner cannot be started; 'make -C tools/vdso-bench' builds it, and a kernel with CONFIG_IA32_EMULATION runs the one for i386 (or choose with --abi)",
		      abi_name(handle->abi));
	if (WEXITSTATUS(status) || !job->done)
		fatal("%s: %s", abi_name(handle->abi),
		      job->error[0] ? job->error : "the runner failed and did not say why");
}

static time_t cpu_seconds(const struct job_handle *handle)
{
	struct timespec ts;
	clockid_t clock;

	if (clock_getcpuclockid(handle->pid, &clock) || clock_gettime(clock, &ts))
		return 0;
	return ts.tv_sec;
}

void job_wait(struct job_handle *handle)
{
	const struct timespec pause = { .tv_nsec = 10000000 };
	uint32_t shown = UINT32_MAX, rounds = 0;
	time_t since = 0;
	int status;
	pid_t pid;

	while (!(pid = waitpid(handle->pid, &status, WNOHANG))) {
		show_progress(handle, &shown);
		if (handle->job->rounds_done != rounds) {
			rounds = handle->job->rounds_done;
			since = cpu_seconds(handle);
		} else if (cpu_seconds(handle) - since > MAX_IDLE_SECONDS) {
			kill(handle->pid, SIGKILL);
			clear_progress(handle);
			fatal("the %s runner does not get on: a clock of an image does not return.\n"
			      "Is the layout that of the same kernel build?",
			      abi_name(handle->abi));
		}
		nanosleep(&pause, NULL);
	}
	if (pid < 0)
		fatal("cannot wait for the runner: %s", strerror(errno));
	job_check_status(handle, status);
}

void job_destroy(struct job_handle *handle)
{
	munmap(handle->job, handle->size);
	close(handle->fd);
}
