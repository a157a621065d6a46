// SPDX-License-Identifier: GPL-2.0
/*
 * Claim: a pointer that the kernel cannot write to gives EFAULT, by every system
 * call ABI, also where only a part of the structure cannot be written. A null
 * pointer is an error for clock_gettime() and none for clock_getres().
 *
 * Not for the vDSO: there a bad pointer is the program's own fault (SIGSEGV), as
 * with every clock.
 */
#include "clock_trace_abi.h"

#define CANARY 0xa5

static const clockid_t trace_clocks[] = {
	CLOCK_TRACE_UNORDERED, CLOCK_TRACE_FREQ, CLOCK_TRACE,
};

FIXTURE(efault) {
	unsigned char *first;
	unsigned char *second;
	size_t page;
};

FIXTURE_VARIANT(efault) {
	const struct clock_abi *abi;
};

FIXTURE_VARIANT_ADD(efault, syscall) {
	.abi = &abi_sys,
};

#ifdef __x86_64__
FIXTURE_VARIANT_ADD(efault, x32) {
	.abi = &abi_x32,
};

FIXTURE_VARIANT_ADD(efault, int80) {
	.abi = &abi_int80,
};

FIXTURE_VARIANT_ADD(efault, int80_time32) {
	.abi = &abi_int80_time32,
};
#endif

#if __SIZEOF_LONG__ == 4
FIXTURE_VARIANT_ADD(efault, syscall_time32) {
	.abi = &abi_sys_time32,
};
#endif

FIXTURE_SETUP(efault)
{
	const char *why = abi_missing(variant->abi);

	if (why)
		SKIP(return, "%s", why);

	self->page = getpagesize();
	self->first = map_low(2 * self->page);
	ASSERT_FALSE(self->first == MAP_FAILED);
	self->second = self->first + self->page;
	memset(self->first, CANARY, 2 * self->page);
}

FIXTURE_TEARDOWN(efault)
{
	if (self->first)
		munmap(self->first, 2 * self->page);
}

static void expect_efault(struct __test_metadata *_metadata,
			  const struct clock_abi *abi, void *pointer)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(trace_clocks); i++) {
		EXPECT_EQ(-EFAULT, abi->gettime(trace_clocks[i], pointer))
			TH_LOG("clock_gettime(%d, %p)", trace_clocks[i], pointer);
	}
}

static void expect_getres_efault(struct __test_metadata *_metadata,
				 const struct clock_abi *abi, void *pointer)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(trace_clocks); i++) {
		EXPECT_EQ(-EFAULT, abi->getres(trace_clocks[i], pointer))
			TH_LOG("clock_getres(%d, %p)", trace_clocks[i], pointer);
	}
}

/* Every way in which the structure can lie across the end of a page. */
static void expect_efault_across(struct __test_metadata *_metadata,
				 const struct clock_abi *abi,
				 unsigned char *second)
{
	size_t in_first;

	for (in_first = 1; in_first < abi->size; in_first++)
		expect_efault(_metadata, abi, second - in_first);
}

static void expect_untouched(struct __test_metadata *_metadata,
			     const unsigned char *page, size_t size)
{
	size_t i;

	for (i = 0; i < size; i++) {
		ASSERT_EQ(CANARY, page[i])
			TH_LOG("byte %zu of %zu was written", i, size);
	}
}

TEST_F(efault, null)
{
	expect_efault(_metadata, variant->abi, NULL);
}

TEST_F(efault, null_is_no_error_for_getres)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(trace_clocks); i++)
		EXPECT_EQ(0, variant->abi->getres(trace_clocks[i], NULL));
}

TEST_F(efault, unmapped)
{
	ASSERT_EQ(0, munmap(self->first, 2 * self->page));
	expect_efault(_metadata, variant->abi, self->first);
	expect_efault(_metadata, variant->abi, self->first + self->page - 1);
	self->first = NULL;
}

TEST_F(efault, no_access)
{
	ASSERT_EQ(0, mprotect(self->first, self->page, PROT_NONE));
	expect_efault(_metadata, variant->abi, self->first);
}

TEST_F(efault, read_only)
{
	ASSERT_EQ(0, mprotect(self->first, self->page, PROT_READ));
	expect_efault(_metadata, variant->abi, self->first);
	expect_untouched(_metadata, self->first, self->page);
}

/* The last page of the address space is the kernel's in every ABI. */
TEST_F(efault, kernel_address)
{
	expect_efault(_metadata, variant->abi, (void *)(intptr_t)-4096);
	expect_efault(_metadata, variant->abi, (void *)(intptr_t)-1);
#ifdef __x86_64__
	if (variant->abi->low)
		return;
	expect_efault(_metadata, variant->abi, (void *)0xffffffff81000000);
	/* Not canonical, and the page that ends user space. */
	expect_efault(_metadata, variant->abi, (void *)0x8000000000000000);
	expect_efault(_metadata, variant->abi, (void *)0x7ffffffff000);
#endif
}

TEST_F(efault, second_page_unmapped)
{
	ASSERT_EQ(0, munmap(self->second, self->page));
	expect_efault_across(_metadata, variant->abi, self->second);
}

TEST_F(efault, second_page_read_only)
{
	ASSERT_EQ(0, mprotect(self->second, self->page, PROT_READ));
	expect_efault_across(_metadata, variant->abi, self->second);
	expect_untouched(_metadata, self->second, self->page);
}

TEST_F(efault, first_page_unmapped)
{
	ASSERT_EQ(0, munmap(self->first, self->page));
	expect_efault_across(_metadata, variant->abi, self->second);
}

TEST_F(efault, first_page_read_only)
{
	ASSERT_EQ(0, mprotect(self->first, self->page, PROT_READ));
	expect_efault_across(_metadata, variant->abi, self->second);
	expect_untouched(_metadata, self->first, self->page);
}

TEST_F(efault, getres)
{
	size_t in_first;

	ASSERT_EQ(0, mprotect(self->second, self->page, PROT_READ));
	for (in_first = 0; in_first < variant->abi->size; in_first++)
		expect_getres_efault(_metadata, variant->abi, self->second - in_first);
	expect_untouched(_metadata, self->second, self->page);
	ASSERT_EQ(0, munmap(self->second, self->page));
	for (in_first = 0; in_first < variant->abi->size; in_first++)
		expect_getres_efault(_metadata, variant->abi, self->second - in_first);
	expect_getres_efault(_metadata, variant->abi, (void *)(intptr_t)-4096);
}

/* So that the tests above fail for their reason: the place itself is good. */
TEST_F(efault, across_two_good_pages)
{
	struct reading before;
	size_t in_first;
	__u64 value;

	for (in_first = 1; in_first < variant->abi->size; in_first++) {
		unsigned char *ts = self->second - in_first;

		ASSERT_EQ(0, abi_read(variant->abi, CLOCK_TRACE, &before));
		ASSERT_EQ(0, variant->abi->gettime(CLOCK_TRACE, ts));
		memcpy(&value, ts, sizeof(value));
		EXPECT_LE(before.value, value);
		EXPECT_EQ(CANARY, ts[-1]);
		EXPECT_EQ(CANARY, ts[variant->abi->size]);
		memset(ts, CANARY, variant->abi->size);
	}
}

/* A page that was never touched is no bad pointer: it is made on the way. */
TEST_F(efault, across_two_new_pages)
{
	unsigned char *ts;

	ASSERT_EQ(0, madvise(self->first, 2 * self->page, MADV_DONTNEED));
	ts = self->second - variant->abi->size / 2;
	EXPECT_EQ(0, variant->abi->gettime(CLOCK_TRACE, ts));
	EXPECT_NE(0, ts[0] | ts[1] | ts[2] | ts[3]);
}

int main(int argc, char **argv)
{
	skip_without_clock();
	return test_harness_run(argc, argv);
}
