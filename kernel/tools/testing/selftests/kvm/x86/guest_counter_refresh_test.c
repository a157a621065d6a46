// SPDX-License-Identifier: GPL-2.0
/*
 * Test of the event kvm:kvm_guest_counter: its refreshes.
 *
 * A vCPU that enters the guest has emitted its values within the last second, since
 * the event was enabled, since somebody asked for it, and from the thread that enters.
 */
#include <fcntl.h>
#include <glob.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "test_util.h"
#include "kvm_util.h"
#include "processor.h"
#include "guest_counter_event.h"
#include "kselftest_harness.h"

#define NR_HANDOVERS	50
#define NR_REQUESTS	300

static bool guest_stop;

static void guest_sync(void)
{
	for (;;)
		GUEST_SYNC(0);
}

/* Exits that KVM handles by itself */
static void guest_never_leave(void)
{
	u32 eax, ebx, ecx, edx;

	while (!READ_ONCE(guest_stop))
		cpuid(0, &eax, &ebx, &ecx, &edx);
	GUEST_DONE();
}

static void *run_once(void *arg)
{
	struct kvm_vcpu *vcpu = arg;
	struct ucall uc;

	vcpu_run(vcpu);
	TEST_ASSERT_EQ(get_ucall(vcpu, &uc), UCALL_SYNC);
	return (void *)syscall(SYS_gettid);
}

static void *run_to_end(void *arg)
{
	struct kvm_vcpu *vcpu = arg;
	struct ucall uc;

	vcpu_run(vcpu);
	TEST_ASSERT_EQ(get_ucall(vcpu, &uc), UCALL_DONE);
	return NULL;
}

/*
 * A vCPU thread that has a CPU for itself does not load its vCPU again: let it
 * be so, as far as this machine allows.
 */
static void *run_undisturbed(void *arg)
{
	struct sched_param param = { .sched_priority = 1 };
	int cpu = sysconf(_SC_NPROCESSORS_ONLN) - 1;
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(cpu, &cpus);
	if (cpu && !sched_setaffinity(0, sizeof(cpus), &cpus))
		sched_setscheduler(0, SCHED_FIFO, &param);
	return run_to_end(arg);
}

static void stop_guest(struct kvm_vm *vm)
{
	bool *stop = addr_gva2hva(vm, (gva_t)&guest_stop);

	WRITE_ONCE(*stop, true);
}

static u64 milliseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000ull + now.tv_nsec / 1000000;
}

/* Whether ftrace has the event enabled, anywhere */
static bool is_traced(void)
{
	bool traced = false;
	glob_t files;
	size_t i;
	int fd;

	TEST_ASSERT(!glob(TRACEFS "/" GUEST_COUNTER_EVENT "/enable", 0, NULL, &files),
		    "no " GUEST_COUNTER_EVENT);
	glob(TRACEFS "/instances/*/" GUEST_COUNTER_EVENT "/enable", GLOB_APPEND, NULL, &files);
	for (i = 0; i < files.gl_pathc; i++) {
		char state = '0';

		fd = open(files.gl_pathv[i], O_RDONLY);
		if (fd < 0)
			continue;
		traced |= read(fd, &state, 1) == 1 && state != '0';
		close(fd);
	}
	globfree(&files);
	return traced;
}

FIXTURE(guest_counter) {
	struct tsc_tracer tracer;
	struct tsc_tracer second;
};

FIXTURE_SETUP(guest_counter)
{
	const char *lack = tsc_tracer_init(&self->tracer, "kvm_guest_counter");

	if (!lack)
		lack = tsc_tracer_init(&self->second, "kvm_guest_counter_2");
	if (lack)
		SKIP(return, "%s", lack);
}

/* In the parent, so that a failed assertion leaves no instance behind */
FIXTURE_TEARDOWN_PARENT(guest_counter)
{
	tsc_tracer_remove(&self->tracer);
	tsc_tracer_remove(&self->second);
}

TEST_F(guest_counter, rate)
{
	struct tsc_tracer *tracer = &self->tracer;
	struct kvm_vcpu *vcpu;
	unsigned int nr = 0;
	struct kvm_vm *vm;
	u64 begin, end;

	vm = vm_create_with_one_vcpu(&vcpu, guest_sync);
	begin = milliseconds();
	tsc_tracer_start(tracer);
	do {
		run_once(vcpu);
		EXPECT_EQ(0, tsc_tracer_read(tracer));
		nr += tracer->nr_refreshes;
		end = milliseconds();
	} while (end - begin < 2500);
	EXPECT_GE(nr, 1);
	EXPECT_LE(nr, (end - begin + 1) / 1000 + 1);

	/* However busy the machine is, this is more than a second. */
	usleep(1200000);
	run_once(vcpu);
	EXPECT_EQ(0, tsc_tracer_read(tracer));
	EXPECT_EQ(1, tracer->nr_refreshes);
	EXPECT_EQ((s64)guest_tsc_get_offset(vcpu), tracer->last.offset);
	kvm_vm_free(vm);
}

/* What an earlier tracer got does not help a new one. */
TEST_F(guest_counter, when_enabled)
{
	struct tsc_tracer *tracer = &self->tracer;
	struct kvm_vcpu *vcpu;
	struct kvm_vm *vm;
	int i;

	if (is_traced())
		SKIP(return, "somebody else traces kvm:kvm_guest_counter");

	vm = vm_create_with_one_vcpu(&vcpu, guest_sync);
	for (i = 0; i < 10; i++) {
		guest_tsc_set_offset(vcpu, i);
		tsc_tracer_start(tracer);
		run_once(vcpu);
		EXPECT_EQ(0, tsc_tracer_read(tracer));
		EXPECT_GE(tracer->nr_refreshes, 1);
		EXPECT_EQ(i, tracer->last.offset);
		tsc_tracer_stop(tracer);
		/* With no event from here to the next change */
		tracer->nr_known = 0;
	}
	kvm_vm_free(vm);
}

/* A second tracer, for which enabling the event changes nothing */
TEST_F(guest_counter, on_request)
{
	struct tsc_tracer *first = &self->tracer, *second = &self->second;
	struct kvm_vcpu *vcpu;
	struct kvm_vm *vm;
	int i;

	vm = vm_create_with_one_vcpu(&vcpu, guest_sync);
	tsc_tracer_start(first);
	run_once(vcpu);
	for (i = 0; i < 10; i++) {
		tsc_tracer_start(second);
		tsc_event_refresh_all();
		run_once(vcpu);
		EXPECT_EQ(0, tsc_tracer_read(second));
		EXPECT_GE(second->nr_refreshes, 1);
		tsc_tracer_stop(second);
	}
	kvm_vm_free(vm);
}

TEST_F(guest_counter, while_running)
{
	struct tsc_tracer *tracer = &self->tracer;
	unsigned int nr = 0, i;
	struct kvm_vcpu *vcpu;
	struct kvm_vm *vm;
	pthread_t thread;
	u64 begin, ms;

	vm = vm_create_with_one_vcpu(&vcpu, guest_never_leave);
	begin = milliseconds();
	tsc_tracer_start(tracer);
	ASSERT_EQ(0, pthread_create(&thread, NULL, run_undisturbed, vcpu));
	/* Also if the machine is slow, well within the test's time limit */
	for (i = 0; i < 200 && nr < 4; i++) {
		usleep(100000);
		EXPECT_EQ(0, tsc_tracer_read(tracer));
		nr += tracer->nr_refreshes;
	}
	ms = milliseconds() - begin;
	TH_LOG("%u refreshes in %llu ms", nr, (unsigned long long)ms);
	EXPECT_GE(nr, 4);
	/* One at first, then one a second; a millisecond is lost by rounding. */
	EXPECT_LE(nr, (ms + 1) / 1000 + 1);
	stop_guest(vm);
	ASSERT_EQ(0, pthread_join(thread, NULL));
	kvm_vm_free(vm);
}

/*
 * QEMU parks a vCPU that is unplugged, and gives it to a new thread when it is plugged
 * again. The kernel is free to make the new thread of what the old one left.
 */
TEST_F(guest_counter, thread_to_thread)
{
	struct tsc_tracer *tracer = &self->tracer;
	struct kvm_vcpu *vcpu;
	struct kvm_vm *vm;
	pthread_t thread;
	void *number;
	int i;

	vm = vm_create_with_one_vcpu(&vcpu, guest_sync);
	tsc_tracer_start(tracer);
	for (i = 0; i < NR_HANDOVERS; i++) {
		ASSERT_EQ(0, pthread_create(&thread, NULL, run_once, vcpu));
		ASSERT_EQ(0, pthread_join(thread, &number));
		EXPECT_EQ(0, tsc_tracer_read(tracer));
		ASSERT_EQ((pid_t)(long)number, tracer->last.thread);
		ASSERT_EQ(vcpu->id, tracer->last.vcpu_id);
	}
	kvm_vm_free(vm);
}

static void *set_offset_once(void *arg)
{
	guest_tsc_set_offset(arg, 12345);
	return (void *)syscall(SYS_gettid);
}

/* The thread that emitted last may be one that only changed the offset. */
TEST_F(guest_counter, changed_by_other_thread)
{
	struct tsc_tracer *tracer = &self->tracer;
	struct kvm_vcpu *vcpu;
	struct kvm_vm *vm;
	pthread_t thread;
	void *number;

	vm = vm_create_with_one_vcpu(&vcpu, guest_sync);
	tsc_tracer_start(tracer);
	run_once(vcpu);
	EXPECT_EQ(0, tsc_tracer_read(tracer));
	ASSERT_EQ(0, pthread_create(&thread, NULL, set_offset_once, vcpu));
	ASSERT_EQ(0, pthread_join(thread, &number));
	ASSERT_EQ(1, tsc_tracer_read(tracer));
	EXPECT_EQ((pid_t)(long)number, tracer->last.thread);
	run_once(vcpu);
	EXPECT_EQ(0, tsc_tracer_read(tracer));
	EXPECT_EQ(getpid(), tracer->last.thread);
	EXPECT_EQ(12345, tracer->last.offset);
	kvm_vm_free(vm);
}

/* kvm_entry would be the same for both: the same thread, the same number of the vCPU. */
TEST_F(guest_counter, two_vms_one_thread)
{
	struct tsc_tracer *tracer = &self->tracer;
	struct kvm_vcpu *vcpus[2];
	unsigned long long vm_ids[2] = { 0 };
	struct kvm_vm *vms[2];
	int i;

	tsc_tracer_start(tracer);
	for (i = 0; i < 2; i++) {
		vms[i] = vm_create_with_one_vcpu(&vcpus[i], guest_sync);
		/* The first runs while it is the only one. */
		run_once(vcpus[i]);
		tsc_tracer_read(tracer);
		vm_ids[i] = tracer->last.vm_id;
	}
	ASSERT_NE(vm_ids[0], vm_ids[1]);
	for (i = 0; i < 2 * NR_HANDOVERS; i++) {
		run_once(vcpus[i % 2]);
		EXPECT_EQ(0, tsc_tracer_read(tracer));
		ASSERT_EQ(vm_ids[i % 2], tracer->last.vm_id);
		ASSERT_EQ(getpid(), tracer->last.thread);
	}
	for (i = 0; i < 2; i++)
		kvm_vm_free(vms[i]);
}

struct runner {
	struct kvm_vcpu *vcpu;
	pid_t thread;
};

static void *run_and_note_thread(void *arg)
{
	struct runner *runner = arg;

	WRITE_ONCE(runner->thread, syscall(SYS_gettid));
	return run_to_end(runner->vcpu);
}

/* What happened between two marks: false if the vCPU entered the guest without an event */
static bool emitted_before_entry(char *text, pid_t thread, unsigned int *nr_entries)
{
	bool asked = false, marked = false, emitted = false;
	char *line;

	while ((line = strsep(&text, "\n"))) {
		/* A slow machine may overwrite what matters. */
		if (strstr(line, " [LOST "))
			return true;
		if (strstr(line, "tracing_mark_write: ask"))
			asked = true;
		else if (strstr(line, "tracing_mark_write: done"))
			marked = true;
		else if (strstr(line, ": kvm_guest_counter: "))
			emitted |= asked;
		if (!marked || !strstr(line, ": kvm_entry: ") ||
		    trace_line_thread(line) != thread)
			continue;
		(*nr_entries)++;
		if (!emitted)
			return false;
	}
	return true;
}

/*
 * Whoever asks for a refresh finds it before the next entry of every vCPU, also of one
 * that is on its way into the guest meanwhile.
 */
TEST_F(guest_counter, not_between_decision_and_entry)
{
	struct tsc_tracer *tracer = &self->tracer;
	struct runner runner = { 0 };
	unsigned int nr_entries = 0, nr = 0, i;
	struct kvm_vm *vm;
	pthread_t thread;

	vm = vm_create_with_one_vcpu(&runner.vcpu, guest_never_leave);
	tsc_tracer_start(tracer);
	tsc_tracer_write(tracer, "tracing_on", "0");
	ASSERT_EQ(0, pthread_create(&thread, NULL, run_and_note_thread, &runner));
	for (i = 0; i < NR_REQUESTS; i++) {
		/* The buffer would overflow otherwise. */
		tsc_tracer_write(tracer, "events/kvm/kvm_entry/enable", "1");
		tsc_tracer_write(tracer, "tracing_on", "1");
		tsc_tracer_write(tracer, "trace_marker", "ask");
		tsc_event_refresh_all();
		tsc_tracer_write(tracer, "trace_marker", "done");
		usleep(1000);
		tsc_tracer_write(tracer, "tracing_on", "0");
		if (!emitted_before_entry(tsc_tracer_text(tracer), READ_ONCE(runner.thread),
					  &nr_entries))
			nr++;
	}
	TH_LOG("%u entries after %u requests", nr_entries, i);
	EXPECT_GT(nr_entries, 0);
	EXPECT_EQ(0, nr);
	tsc_tracer_write(tracer, "events/kvm/kvm_entry/enable", "0");
	stop_guest(vm);
	ASSERT_EQ(0, pthread_join(thread, NULL));
	kvm_vm_free(vm);
}

int main(int argc, char **argv)
{
	TEST_REQUIRE(!access("/dev/kvm", R_OK | W_OK));
	return test_harness_run(argc, argv);
}
