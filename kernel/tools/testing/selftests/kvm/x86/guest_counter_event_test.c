// SPDX-License-Identifier: GPL-2.0
/*
 * Test of the event kvm:kvm_guest_counter: its values.
 *
 * Everything that may change what a vCPU reads from its TSC is done, through
 * each way that leads there, and the events that a tracefs instance gets are
 * compared with what was done: one for each change, none for what changes
 * nothing.  Then what the guest reads is converted with the event's values, and
 * has to lie between readings of the host before and after.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "test_util.h"
#include "kvm_util.h"
#include "processor.h"
#include "guest_counter_event.h"
#include "kselftest_harness.h"

#define NR_READINGS	500

/* What the guest is to do next, and what it has read; the first write changes nothing. */
static u32 guest_msr = MSR_IA32_TSC_ADJUST;
static u64 guest_value;
static u64 guest_reading;

static void guest_read_tsc(void)
{
	for (;;) {
		guest_reading = rdtsc();
		GUEST_SYNC(0);
	}
}

static void guest_write_msr(void)
{
	for (;;) {
		wrmsr(guest_msr, guest_value);
		guest_reading = rdtsc();
		GUEST_SYNC(0);
	}
}

static u64 run_guest(struct kvm_vm *vm, struct kvm_vcpu *vcpu)
{
	struct ucall uc;

	vcpu_run(vcpu);
	TEST_ASSERT_KVM_EXIT_REASON(vcpu, KVM_EXIT_IO);
	TEST_ASSERT_EQ(get_ucall(vcpu, &uc), UCALL_SYNC);
	sync_global_from_guest(vm, guest_reading);
	return guest_reading;
}

FIXTURE(guest_counter) {
	struct tsc_tracer tracer;
};

FIXTURE_SETUP(guest_counter)
{
	const char *lack = tsc_tracer_init(&self->tracer, "kvm_guest_counter");

	if (lack)
		SKIP(return, "%s", lack);
}

/* In the parent, so that a failed assertion leaves no instance behind */
FIXTURE_TEARDOWN_PARENT(guest_counter)
{
	tsc_tracer_remove(&self->tracer);
}

/* Enable the event, and learn the values from the refresh that the next entry emits. */
static void trace_late(struct tsc_tracer *tracer, struct kvm_vm *vm, struct kvm_vcpu *vcpu)
{
	tsc_tracer_start(tracer);
	/* Somebody else may have the event enabled, so that this changes nothing. */
	tsc_event_refresh_all();
	run_guest(vm, vcpu);
	TEST_ASSERT_EQ(tsc_tracer_read(tracer), 0);
	TEST_ASSERT(tracer->nr_refreshes, "no refresh");
}

#define EXPECT_EVENT(_event, _reason, _offset)				\
do {									\
	const struct tsc_event *__event = (_event);				\
									\
	EXPECT_STREQ(_reason, __event->reason);				\
	EXPECT_EQ((s64)(_offset), __event->offset);			\
	EXPECT_STREQ("", __event->flags);				\
	EXPECT_EQ(getpid(), __event->vm_pid);				\
} while (0)

TEST_F(guest_counter, life)
{
	struct tsc_tracer *tracer = &self->tracer;
	struct kvm_vcpu *vcpus[2], *other_vcpu;
	struct kvm_vm *vm, *other;
	unsigned long long vm_id;
	u64 offsets[2];
	int i;

	tsc_tracer_start(tracer);
	vm = vm_create_with_vcpus(2, guest_read_tsc, vcpus);
	ASSERT_EQ(4, tsc_tracer_read(tracer));
	vm_id = tracer->events[0].vm_id;
	for (i = 0; i < 2; i++) {
		struct tsc_event *created = &tracer->events[2 * i];

		offsets[i] = guest_tsc_get_offset(vcpus[i]);
		EXPECT_EVENT(&tracer->events[2 * i], "created", 0);
		EXPECT_EVENT(&tracer->events[2 * i + 1], "offset", offsets[i]);
		EXPECT_EQ(vcpus[i]->id, created[0].vcpu_id);
		EXPECT_EQ(vcpus[i]->id, created[1].vcpu_id);
		EXPECT_EQ(vm_id, created[0].vm_id);
		EXPECT_EQ(vm_id, created[1].vm_id);
		EXPECT_EQ(host_cpu_is_intel ? 48 : 32, created[0].frac_bits);
		EXPECT_EQ(1ull << created[0].frac_bits, created[0].ratio);
		EXPECT_LE(created[0].time, created[1].time);
	}

	other = vm_create_with_one_vcpu(&other_vcpu, guest_read_tsc);
	ASSERT_EQ(2, tsc_tracer_read(tracer));
	EXPECT_GT(tracer->events[0].vm_id, vm_id);
	EXPECT_EQ(tracer->events[0].vm_id, tracer->events[1].vm_id);

	kvm_vm_free(vm);
	ASSERT_EQ(2, tsc_tracer_read(tracer));
	for (i = 0; i < 2; i++) {
		EXPECT_EVENT(&tracer->events[i], "destroyed", offsets[i]);
		EXPECT_EQ(vm_id, tracer->events[i].vm_id);
		EXPECT_EQ(vcpus[i]->id, tracer->events[i].vcpu_id);
	}
	kvm_vm_free(other);
	ASSERT_EQ(1, tsc_tracer_read(tracer));
	EXPECT_STREQ("destroyed", tracer->events[0].reason);
	EXPECT_NE(vm_id, tracer->events[0].vm_id);
}

TEST_F(guest_counter, user_space_writes)
{
	struct tsc_tracer *tracer = &self->tracer;
	static const u64 offsets[] = {
		0, 1, -1ull, 1ull << 63, -(1ull << 40), 12345678901ull,
	};
	struct kvm_vcpu *vcpu;
	struct kvm_vm *vm;
	int i;

	vm = vm_create_with_one_vcpu(&vcpu, guest_read_tsc);
	guest_tsc_set_offset(vcpu, 42);
	trace_late(tracer, vm, vcpu);
	EXPECT_EVENT(&tracer->last, "refresh", 42);

	for (i = 0; i < ARRAY_SIZE(offsets); i++) {
		guest_tsc_set_offset(vcpu, offsets[i]);
		ASSERT_EQ(1, tsc_tracer_read(tracer));
		EXPECT_EVENT(&tracer->events[0], "offset", offsets[i]);
		EXPECT_EQ(offsets[i], guest_tsc_get_offset(vcpu));

		guest_tsc_set_offset(vcpu, offsets[i]);
		EXPECT_EQ(0, tsc_tracer_read(tracer));
	}

	vcpu_set_msr(vcpu, MSR_IA32_TSC, 1ull << 50);
	ASSERT_EQ(1, tsc_tracer_read(tracer));
	EXPECT_EVENT(&tracer->events[0], "offset", guest_tsc_get_offset(vcpu));

	/* User space restores this one, without a change of the TSC. */
	vcpu_set_msr(vcpu, MSR_IA32_TSC_ADJUST, 1ull << 40);
	EXPECT_EQ(0, tsc_tracer_read(tracer));
	kvm_vm_free(vm);
}

TEST_F(guest_counter, guest_writes)
{
	struct tsc_tracer *tracer = &self->tracer;
	static const struct {
		u32 msr;
		u64 value;
		unsigned int nr_events;
	} writes[] = {
		{ MSR_IA32_TSC_ADJUST, 1ull << 33, 1 },
		{ MSR_IA32_TSC_ADJUST, 1ull << 33, 0 },
		{ MSR_IA32_TSC, 1ull << 60, 1 },
		{ MSR_IA32_TSC, -100ull, 1 },
		{ MSR_IA32_TSC_ADJUST, 0, 1 },
		{ MSR_IA32_TSC_ADJUST, 0, 0 },
	};
	struct kvm_vcpu *vcpu;
	struct kvm_vm *vm;
	int i;

	vm = vm_create_with_one_vcpu(&vcpu, guest_write_msr);
	trace_late(tracer, vm, vcpu);

	for (i = 0; i < ARRAY_SIZE(writes); i++) {
		u64 before, after, reading;

		guest_msr = writes[i].msr;
		guest_value = writes[i].value;
		sync_global_to_guest(vm, guest_msr);
		sync_global_to_guest(vm, guest_value);
		before = rdtsc();
		reading = run_guest(vm, vcpu);
		after = rdtsc();

		ASSERT_EQ(writes[i].nr_events, tsc_tracer_read(tracer));
		if (tracer->nr_events) {
			EXPECT_EVENT(&tracer->events[0], "offset",
				     guest_tsc_get_offset(vcpu));
			/* Written in KVM_RUN */
			EXPECT_GE(tracer->events[0].time, before);
			EXPECT_LE(tracer->events[0].time, after);
		}
		EXPECT_EQ((s64)guest_tsc_get_offset(vcpu), tracer->last.offset);
		EXPECT_TRUE(tsc_event_is_between(&tracer->last, reading, before, after));
	}
	kvm_vm_free(vm);
}

TEST_F(guest_counter, ratio)
{
	struct tsc_tracer *tracer = &self->tracer;
	struct kvm_vcpu *vcpu;
	struct tsc_event old;
	struct kvm_vm *vm;
	u64 khz;
	int i;

	if (!kvm_has_cap(KVM_CAP_TSC_CONTROL))
		SKIP(return, "this CPU does not scale a guest's TSC");

	vm = vm_create_with_one_vcpu(&vcpu, guest_read_tsc);
	trace_late(tracer, vm, vcpu);
	khz = __vcpu_ioctl(vcpu, KVM_GET_TSC_KHZ, NULL);

	for (i = 0; i < 4; i++) {
		u64 before, after, reading;

		/* Slower each time */
		khz = khz * (i + 2) / (i + 3);
		old = tracer->last;
		vcpu_ioctl(vcpu, KVM_SET_TSC_KHZ, (void *)khz);
		ASSERT_EQ(1, tsc_tracer_read(tracer));
		EXPECT_EVENT(&tracer->events[0], "ratio", old.offset);
		EXPECT_LT(tracer->events[0].ratio, old.ratio);

		before = rdtsc();
		reading = run_guest(vm, vcpu);
		after = rdtsc();
		EXPECT_TRUE(tsc_event_is_between(&tracer->last, reading, before, after));
		EXPECT_FALSE(tsc_event_is_between(&old, reading, before, after));

		vcpu_ioctl(vcpu, KVM_SET_TSC_KHZ, (void *)khz);
		EXPECT_EQ(0, tsc_tracer_read(tracer));
	}
	kvm_vm_free(vm);
}

/* User space reads the running kernel's format, where names have become numbers. */
TEST_F(guest_counter, format)
{
	char format[4096] = "";
	FILE *file = fopen(TRACEFS "/" GUEST_COUNTER_EVENT "/format", "r");

	ASSERT_NE(NULL, file);
	EXPECT_LT(0, fread(format, 1, sizeof(format) - 1, file));
	fclose(file);
	EXPECT_NE(NULL, strstr(format, "\"created\""));
	EXPECT_EQ(NULL, strstr(format, "KVM_GUEST_COUNTER_"));
}

/* The purpose of it all */
TEST_F(guest_counter, conversion)
{
	struct tsc_tracer *tracer = &self->tracer;
	struct kvm_vcpu *vcpu;
	struct tsc_event wrong;
	struct kvm_vm *vm;
	u64 offset = 1;
	int i;

	vm = vm_create_with_one_vcpu(&vcpu, guest_read_tsc);
	trace_late(tracer, vm, vcpu);

	for (i = 0; i < NR_READINGS; i++) {
		u64 before, after, reading;

		if (i % 10 == 9) {
			/* Any value, so that the guest's TSC wraps, too */
			offset = offset * 6364136223846793005ull + 1442695040888963407ull;
			guest_tsc_set_offset(vcpu, offset);
		}
		ASSERT_EQ(i % 10 == 9, tsc_tracer_read(tracer));

		before = rdtsc();
		reading = run_guest(vm, vcpu);
		after = rdtsc();
		ASSERT_TRUE(tsc_event_is_between(&tracer->last, reading, before, after));

		/* A reading must not be able to fit by chance. */
		wrong = tracer->last;
		wrong.offset += tsc_event_guest(&wrong, after) -
				tsc_event_guest(&wrong, before) + 1;
		ASSERT_FALSE(tsc_event_is_between(&wrong, reading, before, after));
	}
	kvm_vm_free(vm);
}

int main(int argc, char **argv)
{
	TEST_REQUIRE(!access("/dev/kvm", R_OK | W_OK));
	return test_harness_run(argc, argv);
}
