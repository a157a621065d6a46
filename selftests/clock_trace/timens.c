// SPDX-License-Identifier: GPL-2.0
/*
 * Claim: time namespaces do not touch CLOCK_TRACE. Inside one, whose
 * CLOCK_MONOTONIC and CLOCK_BOOTTIME are far from those outside, value, epoch and
 * frequency are on the same line as outside: what is read inside lies between
 * two readings outside, by the vDSO and by the system call. The same goes for a
 * process that enters a namespace while it runs.
 */
#include "clock_trace_rate.h"

#define MONOTONIC_OFFSET	(10 * 24 * 3600)
#define BOOTTIME_OFFSET		(20 * 24 * 3600)

/**
 * struct inside - what the child has read inside the namespace
 */
struct inside {
	struct reading first;
	struct reading vdso;
	struct reading syscall;
	struct reading unordered;
	struct reading last;
	struct reading vdso_freq;
	struct reading syscall_freq;
	__u64 monotonic;
	__u64 boottime;
	long error;
};

FIXTURE(timens) {
	struct inside *inside;
	int host_ns;
	int child_ns;
};

FIXTURE_SETUP(timens)
{
	const char *why = abi_missing(&abi_vdso);
	char offsets[128];
	int err;

	if (why)
		SKIP(return, "%s", why);
	if (access("/proc/self/timens_offsets", F_OK))
		SKIP(return, "no time namespaces (CONFIG_TIME_NS)");

	self->inside = mmap(NULL, sizeof(*self->inside), PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_FALSE(self->inside == MAP_FAILED);
	self->host_ns = open("/proc/self/ns/time", O_RDONLY | O_CLOEXEC);
	ASSERT_LE(0, self->host_ns);

	/* Without root, a user namespace gives the right to make one. */
	if (unshare(geteuid() ? CLONE_NEWUSER | CLONE_NEWTIME : CLONE_NEWTIME)) {
		ASSERT_EQ(EPERM, errno);
		SKIP(return, "may not make a time namespace");
	}

	snprintf(offsets, sizeof(offsets), "monotonic %d 0\nboottime %d 0\n",
		 MONOTONIC_OFFSET, BOOTTIME_OFFSET);
	err = write_text("/proc/self/timens_offsets", offsets);
	if (err == -EPERM || err == -EACCES)
		SKIP(return, "may not set the offsets of a time namespace");
	ASSERT_EQ(0, err);

	self->child_ns = open("/proc/self/ns/time_for_children",
			      O_RDONLY | O_CLOEXEC);
	ASSERT_LE(0, self->child_ns);
}

FIXTURE_TEARDOWN(timens)
{
}

static void read_all(struct inside *in)
{
	long err = 0;

	err |= abi_read(&abi_sys, CLOCK_TRACE, &in->first);
	err |= abi_read(&abi_vdso, CLOCK_TRACE, &in->vdso);
	err |= abi_read(&abi_sys, CLOCK_TRACE, &in->syscall);
	read_fence();
	err |= abi_read(&abi_vdso, CLOCK_TRACE_UNORDERED, &in->unordered);
	read_fence();
	err |= abi_read(&abi_vdso, CLOCK_TRACE, &in->last);
	err |= abi_read(&abi_vdso, CLOCK_TRACE_FREQ, &in->vdso_freq);
	err |= abi_read(&abi_sys, CLOCK_TRACE_FREQ, &in->syscall_freq);
	in->monotonic = clock_ns(CLOCK_MONOTONIC);
	in->boottime = clock_ns(CLOCK_BOOTTIME);
	in->error = err;
}

static void expect_same_line(struct __test_metadata *_metadata,
			     const struct inside *in,
			     const struct reading *before,
			     const struct reading *after)
{
	struct reading hz;

	ASSERT_EQ(0, in->error);
	EXPECT_LE(before->value, in->first.value);
	EXPECT_LE(in->first.value, in->vdso.value);
	EXPECT_LE(in->vdso.value, in->syscall.value);
	EXPECT_LE(in->syscall.value, in->unordered.value);
	EXPECT_LE(in->unordered.value, in->last.value);
	EXPECT_LE(in->last.value, after->value);

	EXPECT_EQ(before->epoch, in->vdso.epoch);
	EXPECT_EQ(before->epoch, in->syscall.epoch);
	EXPECT_EQ(before->epoch, in->unordered.epoch);
	EXPECT_EQ(before->epoch, after->epoch);

	ASSERT_EQ(0, abi_read(&abi_sys, CLOCK_TRACE_FREQ, &hz));
	EXPECT_EQ(hz.value, in->vdso_freq.value);
	EXPECT_EQ(hz.value, in->syscall_freq.value);
	EXPECT_EQ(hz.epoch, in->vdso_freq.epoch);
	EXPECT_EQ(hz.epoch, in->syscall_freq.epoch);
}

/* So that the test is about a namespace that is really another one. */
static void expect_offsets(struct __test_metadata *_metadata,
			   const struct inside *in, __u64 monotonic,
			   __u64 boottime)
{
	EXPECT_LE(monotonic + MONOTONIC_OFFSET * NSEC_PER_SEC, in->monotonic);
	EXPECT_LE(boottime + BOOTTIME_OFFSET * NSEC_PER_SEC, in->boottime);
}

TEST_F(timens, child_reads_the_same_line)
{
	__u64 monotonic = clock_ns(CLOCK_MONOTONIC);
	__u64 boottime = clock_ns(CLOCK_BOOTTIME);
	struct reading before, after;
	int status;
	pid_t pid;

	ASSERT_EQ(0, abi_read(&abi_vdso, CLOCK_TRACE, &before));
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid) {
		read_all(self->inside);
		_exit(0);
	}
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	ASSERT_EQ(0, status);
	ASSERT_EQ(0, abi_read(&abi_vdso, CLOCK_TRACE, &after));

	expect_offsets(_metadata, self->inside, monotonic, boottime);
	expect_same_line(_metadata, self->inside, &before, &after);
}

TEST_F(timens, entered_by_setns)
{
	__u64 monotonic = clock_ns(CLOCK_MONOTONIC);
	__u64 boottime = clock_ns(CLOCK_BOOTTIME);
	struct reading before, after;

	ASSERT_EQ(0, abi_read(&abi_vdso, CLOCK_TRACE, &before));
	ASSERT_EQ(0, setns(self->child_ns, CLONE_NEWTIME));
	read_all(self->inside);
	/* The way back needs rights in the namespace outside. */
	if (!geteuid())
		ASSERT_EQ(0, setns(self->host_ns, CLONE_NEWTIME));
	ASSERT_EQ(0, abi_read(&abi_vdso, CLOCK_TRACE, &after));

	expect_offsets(_metadata, self->inside, monotonic, boottime);
	expect_same_line(_metadata, self->inside, &before, &after);
}

TEST_F(timens, left_by_setns)
{
	struct reading before, after;
	__u64 monotonic;

	if (geteuid())
		SKIP(return, "needs root");

	ASSERT_EQ(0, setns(self->child_ns, CLONE_NEWTIME));
	monotonic = clock_ns(CLOCK_MONOTONIC);
	ASSERT_EQ(0, abi_read(&abi_vdso, CLOCK_TRACE, &before));
	ASSERT_EQ(0, setns(self->host_ns, CLONE_NEWTIME));
	read_all(self->inside);
	ASSERT_EQ(0, abi_read(&abi_vdso, CLOCK_TRACE, &after));

	EXPECT_GT(monotonic, self->inside->monotonic);
	expect_same_line(_metadata, self->inside, &before, &after);
}

int main(int argc, char **argv)
{
	skip_without_clock();
	return test_harness_run(argc, argv);
}
