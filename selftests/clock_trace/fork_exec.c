// SPDX-License-Identifier: GPL-2.0
/*
 * Claim: fork(), vfork(), clone() and exec change nothing: what a child reads lies
 * between its parent's readings before and after it, with the same epoch, in
 * the vDSO and by the system call; also in a program of the other word size.
 */
#include <signal.h>

#include "clock_trace_abi.h"

#define EXEC_ARGUMENT	"--after-exec"
#define SUFFIX_32	"_32"
#define ROUNDS		50
#define STACK_SIZE	65536

/* What a child reads. */
struct child_readings {
	struct reading vdso;
	struct reading syscall;
	__s64 error;
};

static void read_both(struct child_readings *child)
{
	child->error = abi_read(&abi_vdso, CLOCK_TRACE, &child->vdso) |
		       abi_read(&abi_sys, CLOCK_TRACE, &child->syscall);
}

FIXTURE(family) {
	struct child_readings *child;
	struct reading before;
};

FIXTURE_SETUP(family)
{
	const char *why = abi_missing(&abi_vdso);

	if (why)
		SKIP(return, "%s", why);
	self->child = mmap(NULL, sizeof(*self->child), PROT_READ | PROT_WRITE,
			   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_FALSE(self->child == MAP_FAILED);
}

FIXTURE_TEARDOWN(family)
{
}

static void expect_child_between(struct __test_metadata *_metadata,
				 const struct reading *before,
				 const struct child_readings *child)
{
	struct reading after;

	ASSERT_EQ(0, abi_read(&abi_vdso, CLOCK_TRACE, &after));
	ASSERT_EQ(0, child->error);
	EXPECT_LE(before->value, child->vdso.value);
	EXPECT_LE(child->vdso.value, child->syscall.value);
	EXPECT_LE(child->syscall.value, after.value);
	EXPECT_EQ(before->epoch, child->vdso.epoch);
	EXPECT_EQ(before->epoch, child->syscall.epoch);
	EXPECT_EQ(before->epoch, after.epoch);
}

static void expect_exit(struct __test_metadata *_metadata, pid_t pid, int flags)
{
	int status;

	ASSERT_LE(0, pid);
	ASSERT_EQ(pid, waitpid(pid, &status, flags));
	ASSERT_EQ(0, status);
}

TEST_F(family, fork)
{
	pid_t pid;
	int i;

	for (i = 0; i < ROUNDS; i++) {
		memset(self->child, 0, sizeof(*self->child));
		ASSERT_EQ(0, abi_read(&abi_vdso, CLOCK_TRACE, &self->before));
		pid = fork();
		if (!pid) {
			read_both(self->child);
			_exit(0);
		}
		expect_exit(_metadata, pid, 0);
		expect_child_between(_metadata, &self->before, self->child);
	}
}

TEST_F(family, vfork)
{
	struct child_readings *child = self->child;
	pid_t pid;
	int i;

	for (i = 0; i < ROUNDS; i++) {
		memset(child, 0, sizeof(*child));
		ASSERT_EQ(0, abi_read(&abi_vdso, CLOCK_TRACE, &self->before));
		pid = vfork();
		if (!pid) {
			read_both(child);
			_exit(0);
		}
		expect_exit(_metadata, pid, 0);
		expect_child_between(_metadata, &self->before, self->child);
	}
}

static int cloned(void *child)
{
	read_both(child);
	return 0;
}

/* CLONE_VM: a process of its own that has its parent's memory. */
TEST_F(family, clone_vm)
{
	char *stack = map_low(STACK_SIZE);
	int i;

	ASSERT_FALSE(stack == MAP_FAILED);
	for (i = 0; i < ROUNDS; i++) {
		memset(self->child, 0, sizeof(*self->child));
		ASSERT_EQ(0, abi_read(&abi_vdso, CLOCK_TRACE, &self->before));
		expect_exit(_metadata,
			    clone(cloned, stack + STACK_SIZE, CLONE_VM | SIGCHLD,
				  self->child), 0);
		expect_child_between(_metadata, &self->before, self->child);
	}
}

/* The new program has no memory of the old one: a pipe takes its readings. */
static void expect_exec_between(struct __test_metadata *_metadata,
				const char *program)
{
	struct child_readings child;
	struct reading before;
	char fd[16];
	int pipefd[2];
	pid_t pid;

	ASSERT_EQ(0, pipe(pipefd));
	snprintf(fd, sizeof(fd), "%d", pipefd[1]);
	ASSERT_EQ(0, abi_read(&abi_vdso, CLOCK_TRACE, &before));
	pid = fork();
	if (!pid) {
		execl(program, program, EXEC_ARGUMENT, fd, NULL);
		_exit(errno);
	}
	close(pipefd[1]);
	expect_exit(_metadata, pid, 0);
	ASSERT_EQ((ssize_t)sizeof(child), read(pipefd[0], &child, sizeof(child)));
	close(pipefd[0]);
	expect_child_between(_metadata, &before, &child);
}

TEST_F(family, exec)
{
	int i;

	for (i = 0; i < 5; i++)
		expect_exec_between(_metadata, "/proc/self/exe");
}

#if __SIZEOF_LONG__ == 8
TEST_F(family, exec_of_32_bit_program)
#else
TEST_F(family, exec_of_64_bit_program)
#endif
{
	char program[PATH_MAX];
	ssize_t len;

	len = readlink("/proc/self/exe", program,
		       sizeof(program) - sizeof(SUFFIX_32));
	ASSERT_LT(0, len);
	program[len] = '\0';
#if __SIZEOF_LONG__ == 8
	strcat(program, SUFFIX_32);
#else
	ASSERT_LT((ssize_t)strlen(SUFFIX_32), len);
	program[len - strlen(SUFFIX_32)] = '\0';
#endif
	if (access(program, X_OK))
		SKIP(return, "the program of the other word size is not here");
	expect_exec_between(_metadata, program);
}

static int after_exec(const char *fd)
{
	struct child_readings child;

	read_both(&child);
	return write(atoi(fd), &child, sizeof(child)) != sizeof(child);
}

int main(int argc, char **argv)
{
	if (argc == 3 && !strcmp(argv[1], EXEC_ARGUMENT))
		return after_exec(argv[2]);

	skip_without_clock();
	return test_harness_run(argc, argv);
}
