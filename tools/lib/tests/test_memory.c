// SPDX-License-Identifier: GPL-2.0
/*
 * Out of memory at every allocation in turn: the call says so, nothing is lost,
 * nothing leaks, and the same call then succeeds.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>

#include "../clocktrace_guest.h"
#include "tap.h"

#define EVENTS 40
#define VCPUS 12

static bool counting;
static size_t allowed;
static size_t refused;
static size_t live;

/* Also in the way of the C library's own calls, for those of tsearch() */
static bool refuse(void)
{
	if (!counting)
		return false;
	if (allowed) {
		allowed--;
		return false;
	}
	refused++;
	errno = ENOMEM;
	return true;
}

void *malloc(size_t size)
{
	static void *(*real)(size_t size);
	void *memory;

	if (!real)
		real = (void *(*)(size_t))dlsym(RTLD_NEXT, "malloc");
	if (refuse())
		return NULL;
	memory = real(size);
	live += memory && counting;
	return memory;
}

void *calloc(size_t count, size_t size)
{
	static void *(*real)(size_t count, size_t size);
	void *memory;

	if (!real)
		real = (void *(*)(size_t, size_t))dlsym(RTLD_NEXT, "calloc");
	if (refuse())
		return NULL;
	memory = real(count, size);
	live += memory && counting;
	return memory;
}

void *realloc(void *memory, size_t size)
{
	static void *(*real)(void *memory, size_t size);
	bool is_new = !memory;

	if (!real)
		real = (void *(*)(void *, size_t))dlsym(RTLD_NEXT, "realloc");
	if (refuse())
		return NULL;
	memory = real(memory, size);
	live += memory && is_new && counting;
	return memory;
}

void free(void *memory)
{
	static void (*real)(void *memory);

	if (!real)
		real = (void (*)(void *))dlsym(RTLD_NEXT, "free");
	live -= memory && counting;
	real(memory);
}

static struct clocktrace_guest_event event(unsigned int i)
{
	return (struct clocktrace_guest_event){
		.position = { 10 * i, i },
		.vm_id = i % VCPUS / 2,
		.vm_pid = 5,
		.vcpu_id = i % 2,
		.tsc = { -7 * (int64_t)i, 1 + i % 5, 1 },
		.reason = i < VCPUS ? CLOCKTRACE_CREATED : CLOCKTRACE_REFRESH,
	};
}

/* After a refusal, memory is there again. */
static bool was_refused(enum clocktrace_status status)
{
	if (status == CLOCKTRACE_NOMEM) {
		CHECK(refused);
		allowed = SIZE_MAX;
		return true;
	}
	CHECK(status == CLOCKTRACE_OK);
	return false;
}

/* Return whether all went well without a refusal. */
static bool run(size_t allocations)
{
	struct clocktrace_guests *guests;
	struct clocktrace_vcpu_info info;
	const struct clocktrace_vcpu *vcpu = NULL;
	size_t events = 0, vcpus = 0;
	unsigned int i;

	counting = true;
	allowed = allocations;
	refused = 0;
	live = 0;
	while (was_refused(clocktrace_guests_new(0, &guests)))
		;
	for (i = 0; i < EVENTS; i++) {
		struct clocktrace_guest_event added = event(i);

		while (was_refused(clocktrace_guests_add(guests, &added)))
			;
		if (i % 10 == 9)
			while (was_refused(clocktrace_guests_lost(guests,
					(struct clocktrace_position){ 10 * i - 5, i - 1 },
					(struct clocktrace_position){ 10 * i - 2, i })))
				;
		if (i == EVENTS / 2)
			while (was_refused(clocktrace_guests_commit(guests, NULL)))
				CHECK(!clocktrace_guests_next(guests, NULL));
	}
	while (was_refused(clocktrace_guests_commit(guests, NULL)))
		;
	while ((vcpu = clocktrace_guests_next(guests, vcpu))) {
		CHECK(!clocktrace_vcpu_info(vcpu, &info));
		events += info.events;
		vcpus++;
	}
	CHECK(events == EVENTS);
	CHECK(vcpus == VCPUS);
	clocktrace_guests_free(guests);
	counting = false;
	CHECK_MSG(!live, "%zu allocations were not freed", live);
	return !refused;
}

static void test_each_allocation(void)
{
	size_t allocations = 0;

	while (!run(allocations) && !tap_failed_checks)
		allocations++;
	/* Each vCPU takes more than one. */
	CHECK(allocations > 2 * VCPUS);
}

int main(void)
{
	tap_begin();
	tap_run(test_each_allocation, "each allocation may fail, nothing is lost");
	return tap_end();
}
