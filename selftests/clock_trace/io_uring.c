// SPDX-License-Identifier: GPL-2.0
/*
 * Claim: io_uring cannot wait on CLOCK_TRACE. IORING_REGISTER_CLOCK refuses it
 * with EINVAL, as it refuses CLOCK_MONOTONIC_RAW, and leaves the ring's clock as
 * it was; and no flag of IORING_OP_TIMEOUT stands for it: the flags that are not
 * defined give EINVAL, and so do two clocks at once.
 */
#include <linux/io_uring.h>

#include "clock_trace_abi.h"

/* IORING_REGISTER_CLOCK, which older headers do not have */
#define REGISTER_CLOCK		29

/* The first bit after the flags of Linux 7.3: IORING_TIMEOUT_IMMEDIATE_ARG. */
#define FIRST_UNKNOWN_FLAG	8

/* struct io_uring_clock_register, which older headers do not have */
struct clock_register {
	__u32 clockid;
	__u32 reserved[3];
};

static const clockid_t trace_clocks[] = {
	CLOCK_TRACE_UNORDERED, CLOCK_TRACE_FREQ, CLOCK_TRACE,
};

/* What is needed of a ring's shared memory for one request at a time. */
struct ring {
	int fd;
	struct io_uring_sqe *sqe;
	__u32 *sq_tail;
	__u32 *sq_mask;
	__u32 *sq_array;
	__u32 *cq_head;
	__u32 *cq_tail;
	__u32 *cq_mask;
	struct io_uring_cqe *cqes;
};

FIXTURE(io_uring) {
	struct ring ring;
};

FIXTURE_SETUP(io_uring)
{
	struct io_uring_params p = { 0 };
	struct ring *ring = &self->ring;
	size_t sq_size, cq_size;
	char *shared;

	ring->fd = RAW_SYSCALL(__NR_io_uring_setup, 4, &p);
	if (ring->fd < 0)
		SKIP(return, "no io_uring: %s (CONFIG_IO_URING, kernel.io_uring_disabled)",
		     strerror(-ring->fd));
	if (!(p.features & IORING_FEAT_SINGLE_MMAP))
		SKIP(return, "io_uring is older than Linux 5.4");

	sq_size = p.sq_off.array + p.sq_entries * sizeof(__u32);
	cq_size = p.cq_off.cqes + p.cq_entries * sizeof(struct io_uring_cqe);
	shared = mmap(NULL, sq_size > cq_size ? sq_size : cq_size,
		      PROT_READ | PROT_WRITE, MAP_SHARED, ring->fd,
		      IORING_OFF_SQ_RING);
	ASSERT_FALSE(shared == MAP_FAILED);
	ring->sqe = mmap(NULL, p.sq_entries * sizeof(*ring->sqe),
			 PROT_READ | PROT_WRITE, MAP_SHARED, ring->fd,
			 IORING_OFF_SQES);
	ASSERT_FALSE(ring->sqe == MAP_FAILED);

	ring->sq_tail = (__u32 *)(shared + p.sq_off.tail);
	ring->sq_mask = (__u32 *)(shared + p.sq_off.ring_mask);
	ring->sq_array = (__u32 *)(shared + p.sq_off.array);
	ring->cq_head = (__u32 *)(shared + p.cq_off.head);
	ring->cq_tail = (__u32 *)(shared + p.cq_off.tail);
	ring->cq_mask = (__u32 *)(shared + p.cq_off.ring_mask);
	ring->cqes = (struct io_uring_cqe *)(shared + p.cq_off.cqes);
}

FIXTURE_TEARDOWN(io_uring)
{
	if (self->ring.fd >= 0)
		close(self->ring.fd);
}

static long register_clock(const struct ring *ring, clockid_t id)
{
	struct clock_register reg = { .clockid = id };

	return RAW_SYSCALL(__NR_io_uring_register, ring->fd, REGISTER_CLOCK,
			   &reg, 0);
}

/* Wait for a timeout of no length; the result is that of the request. */
static int timeout_result(struct __test_metadata *_metadata,
			  const struct ring *ring, __u32 flags)
{
	__u64 ts[2] = { 0, 0 };
	__u32 head, tail;
	int result;

	memset(ring->sqe, 0, sizeof(*ring->sqe));
	ring->sqe->opcode = IORING_OP_TIMEOUT;
	ring->sqe->fd = -1;
	ring->sqe->addr = (uintptr_t)ts;
	ring->sqe->len = 1;
	ring->sqe->timeout_flags = flags;

	tail = *ring->sq_tail;
	ring->sq_array[tail & *ring->sq_mask] = 0;
	__atomic_store_n(ring->sq_tail, tail + 1, __ATOMIC_RELEASE);

	ASSERT_EQ(1, RAW_SYSCALL(__NR_io_uring_enter, ring->fd, 1, 1,
				 IORING_ENTER_GETEVENTS, NULL, 0));
	head = *ring->cq_head;
	ASSERT_NE(head, __atomic_load_n(ring->cq_tail, __ATOMIC_ACQUIRE));
	result = ring->cqes[head & *ring->cq_mask].res;
	__atomic_store_n(ring->cq_head, head + 1, __ATOMIC_RELEASE);
	return result;
}

TEST_F(io_uring, register_clock)
{
	size_t i;

	if (register_clock(&self->ring, CLOCK_BOOTTIME))
		SKIP(return, "no IORING_REGISTER_CLOCK before Linux 6.12");

	EXPECT_EQ(-EINVAL, register_clock(&self->ring, CLOCK_MONOTONIC_RAW));
	for (i = 0; i < ARRAY_SIZE(trace_clocks); i++)
		EXPECT_EQ(-EINVAL, register_clock(&self->ring, trace_clocks[i]));

	EXPECT_EQ(-ETIME, timeout_result(_metadata, &self->ring, 0));
	EXPECT_EQ(0, register_clock(&self->ring, CLOCK_MONOTONIC));
	EXPECT_EQ(-ETIME, timeout_result(_metadata, &self->ring, 0));
}

TEST_F(io_uring, timeout_has_no_flag_for_it)
{
	int bit;

	EXPECT_EQ(-ETIME, timeout_result(_metadata, &self->ring, 0));
	EXPECT_EQ(-ETIME, timeout_result(_metadata, &self->ring,
					 IORING_TIMEOUT_BOOTTIME));
	EXPECT_EQ(-ETIME, timeout_result(_metadata, &self->ring,
					 IORING_TIMEOUT_REALTIME));
	EXPECT_EQ(-EINVAL, timeout_result(_metadata, &self->ring,
					  IORING_TIMEOUT_BOOTTIME |
					  IORING_TIMEOUT_REALTIME));

	for (bit = FIRST_UNKNOWN_FLAG; bit < 32; bit++) {
		EXPECT_EQ(-EINVAL, timeout_result(_metadata, &self->ring, 1U << bit))
			TH_LOG("IORING_OP_TIMEOUT with flag bit %d", bit);
	}
}

int main(int argc, char **argv)
{
	skip_without_clock();
	return test_harness_run(argc, argv);
}
