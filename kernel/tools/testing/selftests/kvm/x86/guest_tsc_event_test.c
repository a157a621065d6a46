// SPDX-License-Identifier: GPL-2.0
/*
 * Test of the event kvm:kvm_guest_tsc.
 *
 * Everything that may change what a vCPU reads from its TSC is done, through
 * each way that leads there, and the events that a tracefs instance gets are
 * compared with what was done: one for each change, none for what changes
 * nothing.  Then what the guest reads is converted with the event's values, and
 * has to lie between readings of the host before and after.
 */
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "test_util.h"
#include "kvm_util.h"
#include "processor.h"
#include "kselftest_harness.h"

#define TRACEFS		"/sys/kernel/tracing"
#define EVENT		"events/kvm/kvm_guest_tsc"
#define MAX_EVENTS	64
#define MAX_VCPUS	4
#define NR_READINGS	500

struct event {
	u64 time;
	int vm_pid;
	unsigned long long vm_id;
	unsigned int vcpu_id;
	long long offset;
	unsigned long long ratio;
	unsigned int frac_bits;
	char flags[16];
	char reason[16];
};

/* What the guest is to do next, and what it has read */
static u32 guest_msr;
static u64 guest_value;
static u64 guest_reading;
static bool guest_stop;

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

/* Exits that KVM handles by itself */
static void guest_never_leave(void)
{
	u32 eax, ebx, ecx, edx;

	while (!READ_ONCE(guest_stop))
		cpuid(0, &eax, &ebx, &ecx, &edx);
	GUEST_DONE();
}

/* The formula that the event is for */
static u64 guest_tsc(const struct event *event, u64 host)
{
	unsigned __int128 scaled = (unsigned __int128)host * event->ratio;

	return (u64)(scaled >> event->frac_bits) + event->offset;
}

static bool is_between(const struct event *event, u64 reading, u64 before,
		       u64 after)
{
	u64 first = guest_tsc(event, before);

	/* Differences, for the guest's TSC may wrap in between. */
	return reading - first <= guest_tsc(event, after) - first;
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

static u64 get_offset(struct kvm_vcpu *vcpu)
{
	u64 offset;

	vcpu_device_attr_get(vcpu, KVM_VCPU_TSC_CTRL, KVM_VCPU_TSC_OFFSET,
			     &offset);
	return offset;
}

static void set_offset(struct kvm_vcpu *vcpu, u64 offset)
{
	vcpu_device_attr_set(vcpu, KVM_VCPU_TSC_CTRL, KVM_VCPU_TSC_OFFSET,
			     &offset);
}

/* A tracefs instance, and what came from it */
struct tracer {
	char instance[64];
	int pipe;
	/* What read_changes() gave */
	struct event events[MAX_EVENTS];
	unsigned int nr_events;
	unsigned int nr_refreshes;
	/* The last event of each vCPU, of any kind, and of all */
	struct event known[MAX_VCPUS];
	unsigned int nr_known;
	struct event last;
};

FIXTURE(guest_tsc) {
	struct tracer tracer;
};

static void write_file(const char *instance, const char *name, const char *text)
{
	char path[256];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", instance, name);
	fd = open(path, O_WRONLY | O_TRUNC);
	TEST_ASSERT(fd >= 0, "cannot open %s: %s", path, strerror(errno));
	TEST_ASSERT(write(fd, text, strlen(text)) == (ssize_t)strlen(text),
		    "cannot write %s to %s: %s", text, path, strerror(errno));
	close(fd);
}

static void start_trace(struct tracer *tracer)
{
	write_file(tracer->instance, EVENT "/enable", "1");
}

static void stop_trace(struct tracer *tracer)
{
	write_file(tracer->instance, EVENT "/enable", "0");
}

/* Whether ftrace has the event enabled, anywhere */
static bool is_traced(void)
{
	bool traced = false;
	glob_t files;
	size_t i;
	int fd;

	TEST_ASSERT(!glob(TRACEFS "/" EVENT "/enable", 0, NULL, &files),
		    "no " EVENT);
	glob(TRACEFS "/instances/*/" EVENT "/enable", GLOB_APPEND, NULL, &files);
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

/* Where the host's TSC is unstable, KVM changes the offset all the time. */
static bool offset_is_steady(void)
{
	struct kvm_vcpu *vcpu;
	struct kvm_vm *vm;
	bool steady;

	vm = vm_create_with_one_vcpu(&vcpu, guest_read_tsc);
	steady = get_offset(vcpu) == get_offset(vcpu);
	kvm_vm_free(vm);
	return steady;
}

FIXTURE_SETUP(guest_tsc)
{
	struct tracer *tracer = &self->tracer;
	char path[256], filter[32];

	if (access(TRACEFS "/instances", W_OK))
		SKIP(return, "no writable " TRACEFS "/instances");
	if (access(TRACEFS "/" EVENT, F_OK))
		SKIP(return, "this kernel has no kvm:kvm_guest_tsc");
	if (!offset_is_steady())
		SKIP(return, "this host's TSC is unstable");

	snprintf(tracer->instance, sizeof(tracer->instance),
		 TRACEFS "/instances/kvm_guest_tsc_%d", getpid());
	ASSERT_EQ(0, mkdir(tracer->instance, 0700));
	write_file(tracer->instance, "trace_clock", "x86-tsc");

	/* Other users of KVM must not disturb. */
	snprintf(filter, sizeof(filter), "vm_pid == %d", getpid());
	write_file(tracer->instance, EVENT "/filter", filter);

	/* The pipe keeps the time format of the clock it was opened with. */
	snprintf(path, sizeof(path), "%s/trace_pipe", tracer->instance);
	tracer->pipe = open(path, O_RDONLY | O_NONBLOCK);
	ASSERT_GE(tracer->pipe, 0);
}

/* In the parent, so that a failed assertion leaves no instance behind */
FIXTURE_TEARDOWN_PARENT(guest_tsc)
{
	if (self->tracer.instance[0])
		rmdir(self->tracer.instance);
}

static unsigned long long parse_number(const char *line, const char *name)
{
	const char *field = strstr(line, name);

	TEST_ASSERT(field, "no %s in: %s", name, line);
	return strtoull(field + strlen(name), NULL, 10);
}

static void parse_word(const char *line, const char *name, char *word,
		       size_t size)
{
	const char *field = strstr(line, name);

	TEST_ASSERT(field, "no %s in: %s", name, line);
	field += strlen(name);
	snprintf(word, size, "%.*s", (int)strcspn(field, " "), field);
}

static void parse_event(const char *line, struct event *event)
{
	const char *body = strstr(line, ": kvm_guest_tsc: ");
	const char *time = body;

	TEST_ASSERT(body, "not a kvm_guest_tsc event: %s", line);
	while (time > line && time[-1] != ' ')
		time--;
	event->time = strtoull(time, NULL, 10);
	event->vm_pid = parse_number(body, " vm_pid=");
	event->vm_id = parse_number(body, " vm_id=");
	event->vcpu_id = parse_number(body, " vcpu_id=");
	/* Of a negative number, strtoull() gives the two's complement. */
	event->offset = parse_number(body, " offset=");
	event->ratio = parse_number(body, " ratio=");
	event->frac_bits = parse_number(body, " frac_bits=");
	parse_word(body, " flags=", event->flags, sizeof(event->flags));
	parse_word(body, " reason=", event->reason, sizeof(event->reason));
}

/* A refresh tells what is known. */
static void note_event(struct tracer *tracer, const struct event *event)
{
	struct event *known = tracer->known;

	while (known < tracer->known + tracer->nr_known &&
	       (known->vm_id != event->vm_id ||
		known->vcpu_id != event->vcpu_id))
		known++;
	if (known == tracer->known + tracer->nr_known) {
		TEST_ASSERT(tracer->nr_known < MAX_VCPUS, "too many vCPUs");
		tracer->nr_known++;
	} else if (!strcmp(event->reason, "refresh")) {
		TEST_ASSERT_EQ(event->offset, known->offset);
		TEST_ASSERT_EQ(event->ratio, known->ratio);
	}
	*known = *event;
	tracer->last = *event;
}

/*
 * Take what came since the last call; return the number of events but for the
 * refreshes, which may come at any time on a slow machine.
 */
static unsigned int read_changes(struct tracer *tracer)
{
	static char text[MAX_EVENTS * 256];
	char *line, *rest = text;
	struct event event;
	size_t size = 0;
	ssize_t nr;

	do {
		nr = read(tracer->pipe, text + size, sizeof(text) - 1 - size);
		if (nr > 0)
			size += nr;
	} while (nr > 0 || (nr < 0 && errno == EINTR));
	TEST_ASSERT(!nr || errno == EAGAIN, "cannot read trace_pipe: %s",
		    strerror(errno));
	text[size] = '\0';

	tracer->nr_events = 0;
	tracer->nr_refreshes = 0;
	while ((line = strsep(&rest, "\n"))) {
		if (!*line)
			continue;
		parse_event(line, &event);
		note_event(tracer, &event);
		if (!strcmp(event.reason, "refresh")) {
			tracer->nr_refreshes++;
			continue;
		}
		TEST_ASSERT(tracer->nr_events < MAX_EVENTS, "too many events");
		tracer->events[tracer->nr_events++] = event;
	}
	return tracer->nr_events;
}

/*
 * Enable the event, and learn the values from the refresh that follows.  It
 * comes at once, or within a second if the event is enabled elsewhere, too.
 */
static void trace_late(struct tracer *tracer, struct kvm_vcpu *vcpu)
{
	int i;

	start_trace(tracer);
	for (i = 0; i < 100; i++) {
		get_offset(vcpu);
		TEST_ASSERT_EQ(read_changes(tracer), 0);
		if (tracer->nr_refreshes)
			return;
		usleep(100000);
	}
	TEST_FAIL("no refresh");
}

#define EXPECT_EVENT(_event, _reason, _offset)				\
do {									\
	const struct event *__event = (_event);				\
									\
	EXPECT_STREQ(_reason, __event->reason);				\
	EXPECT_EQ((s64)(_offset), __event->offset);			\
	EXPECT_STREQ("", __event->flags);				\
	EXPECT_EQ(getpid(), __event->vm_pid);				\
} while (0)

TEST_F(guest_tsc, life)
{
	struct tracer *tracer = &self->tracer;
	struct kvm_vcpu *vcpus[2], *other_vcpu;
	struct kvm_vm *vm, *other;
	unsigned long long vm_id;
	u64 offsets[2];
	int i;

	start_trace(tracer);
	vm = vm_create_with_vcpus(2, guest_read_tsc, vcpus);
	ASSERT_EQ(4, read_changes(tracer));
	vm_id = tracer->events[0].vm_id;
	for (i = 0; i < 2; i++) {
		struct event *created = &tracer->events[2 * i];

		offsets[i] = get_offset(vcpus[i]);
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
	ASSERT_EQ(2, read_changes(tracer));
	EXPECT_GT(tracer->events[0].vm_id, vm_id);
	EXPECT_EQ(tracer->events[0].vm_id, tracer->events[1].vm_id);

	kvm_vm_free(vm);
	ASSERT_EQ(2, read_changes(tracer));
	for (i = 0; i < 2; i++) {
		EXPECT_EVENT(&tracer->events[i], "destroyed", offsets[i]);
		EXPECT_EQ(vm_id, tracer->events[i].vm_id);
		EXPECT_EQ(vcpus[i]->id, tracer->events[i].vcpu_id);
	}
	kvm_vm_free(other);
	ASSERT_EQ(1, read_changes(tracer));
	EXPECT_STREQ("destroyed", tracer->events[0].reason);
	EXPECT_NE(vm_id, tracer->events[0].vm_id);
}

TEST_F(guest_tsc, user_space_writes)
{
	struct tracer *tracer = &self->tracer;
	static const u64 offsets[] = {
		0, 1, -1ull, 1ull << 63, -(1ull << 40), 12345678901ull,
	};
	struct kvm_vcpu *vcpu;
	struct kvm_vm *vm;
	int i;

	vm = vm_create_with_one_vcpu(&vcpu, guest_read_tsc);
	set_offset(vcpu, 42);
	trace_late(tracer, vcpu);
	EXPECT_EVENT(&tracer->last, "refresh", 42);

	for (i = 0; i < ARRAY_SIZE(offsets); i++) {
		set_offset(vcpu, offsets[i]);
		ASSERT_EQ(1, read_changes(tracer));
		EXPECT_EVENT(&tracer->events[0], "offset", offsets[i]);
		EXPECT_EQ(offsets[i], get_offset(vcpu));

		set_offset(vcpu, offsets[i]);
		EXPECT_EQ(0, read_changes(tracer));
	}

	vcpu_set_msr(vcpu, MSR_IA32_TSC, 1ull << 50);
	ASSERT_EQ(1, read_changes(tracer));
	EXPECT_EVENT(&tracer->events[0], "offset", get_offset(vcpu));

	/* User space restores this one, without a change of the TSC. */
	vcpu_set_msr(vcpu, MSR_IA32_TSC_ADJUST, 1ull << 40);
	EXPECT_EQ(0, read_changes(tracer));
	kvm_vm_free(vm);
}

TEST_F(guest_tsc, guest_writes)
{
	struct tracer *tracer = &self->tracer;
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
	trace_late(tracer, vcpu);

	for (i = 0; i < ARRAY_SIZE(writes); i++) {
		u64 before, after, reading;

		guest_msr = writes[i].msr;
		guest_value = writes[i].value;
		sync_global_to_guest(vm, guest_msr);
		sync_global_to_guest(vm, guest_value);
		before = rdtsc();
		reading = run_guest(vm, vcpu);
		after = rdtsc();

		ASSERT_EQ(writes[i].nr_events, read_changes(tracer));
		if (tracer->nr_events) {
			EXPECT_EVENT(&tracer->events[0], "offset",
				     get_offset(vcpu));
			/* Written in KVM_RUN */
			EXPECT_GE(tracer->events[0].time, before);
			EXPECT_LE(tracer->events[0].time, after);
		}
		EXPECT_EQ((s64)get_offset(vcpu), tracer->last.offset);
		EXPECT_TRUE(is_between(&tracer->last, reading, before, after));
	}
	kvm_vm_free(vm);
}

TEST_F(guest_tsc, ratio)
{
	struct tracer *tracer = &self->tracer;
	struct kvm_vcpu *vcpu;
	struct event old;
	struct kvm_vm *vm;
	u64 khz;
	int i;

	if (!kvm_has_cap(KVM_CAP_TSC_CONTROL))
		SKIP(return, "this CPU does not scale a guest's TSC");

	vm = vm_create_with_one_vcpu(&vcpu, guest_read_tsc);
	trace_late(tracer, vcpu);
	khz = __vcpu_ioctl(vcpu, KVM_GET_TSC_KHZ, NULL);

	for (i = 0; i < 4; i++) {
		u64 before, after, reading;

		/* Slower each time */
		khz = khz * (i + 2) / (i + 3);
		old = tracer->last;
		vcpu_ioctl(vcpu, KVM_SET_TSC_KHZ, (void *)khz);
		ASSERT_EQ(1, read_changes(tracer));
		EXPECT_EVENT(&tracer->events[0], "ratio", old.offset);
		EXPECT_LT(tracer->events[0].ratio, old.ratio);

		before = rdtsc();
		reading = run_guest(vm, vcpu);
		after = rdtsc();
		EXPECT_TRUE(is_between(&tracer->last, reading, before, after));
		EXPECT_FALSE(is_between(&old, reading, before, after));

		vcpu_ioctl(vcpu, KVM_SET_TSC_KHZ, (void *)khz);
		EXPECT_EQ(0, read_changes(tracer));
	}
	kvm_vm_free(vm);
}

/* The purpose of it all */
TEST_F(guest_tsc, conversion)
{
	struct tracer *tracer = &self->tracer;
	struct kvm_vcpu *vcpu;
	struct event wrong;
	struct kvm_vm *vm;
	u64 offset = 1;
	int i;

	vm = vm_create_with_one_vcpu(&vcpu, guest_read_tsc);
	trace_late(tracer, vcpu);

	for (i = 0; i < NR_READINGS; i++) {
		u64 before, after, reading;

		if (i % 10 == 9) {
			/* Any value, so that the guest's TSC wraps, too */
			offset = offset * 6364136223846793005ull + 1442695040888963407ull;
			set_offset(vcpu, offset);
		}
		ASSERT_EQ(i % 10 == 9, read_changes(tracer));

		before = rdtsc();
		reading = run_guest(vm, vcpu);
		after = rdtsc();
		ASSERT_TRUE(is_between(&tracer->last, reading, before, after));

		/* A reading must not be able to fit by chance. */
		wrong = tracer->last;
		wrong.offset += guest_tsc(&wrong, after) -
				guest_tsc(&wrong, before) + 1;
		ASSERT_FALSE(is_between(&wrong, reading, before, after));
	}
	kvm_vm_free(vm);
}

static u64 milliseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000ull + now.tv_nsec / 1000000;
}

TEST_F(guest_tsc, refresh_rate)
{
	struct tracer *tracer = &self->tracer;
	struct kvm_vcpu *vcpu;
	unsigned int nr = 0;
	struct kvm_vm *vm;
	u64 begin, end;

	vm = vm_create_with_one_vcpu(&vcpu, guest_read_tsc);
	begin = milliseconds();
	start_trace(tracer);
	do {
		get_offset(vcpu);
		EXPECT_EQ(0, read_changes(tracer));
		nr += tracer->nr_refreshes;
		end = milliseconds();
	} while (end - begin < 2500);
	EXPECT_GE(nr, 1);
	EXPECT_LE(nr, (end - begin + 1) / 1000 + 1);

	/* However busy the machine is, this is more than a second. */
	usleep(1200000);
	get_offset(vcpu);
	EXPECT_EQ(0, read_changes(tracer));
	EXPECT_EQ(1, tracer->nr_refreshes);
	EXPECT_EVENT(&tracer->last, "refresh", get_offset(vcpu));
	kvm_vm_free(vm);
}

/* What an earlier tracer was told does not help a new one. */
TEST_F(guest_tsc, refresh_when_enabled)
{
	struct tracer *tracer = &self->tracer;
	struct kvm_vcpu *vcpu;
	struct kvm_vm *vm;
	int i;

	if (is_traced())
		SKIP(return, "somebody else traces kvm:kvm_guest_tsc");

	vm = vm_create_with_one_vcpu(&vcpu, guest_read_tsc);
	for (i = 0; i < 10; i++) {
		start_trace(tracer);
		set_offset(vcpu, i);
		EXPECT_EQ(1, read_changes(tracer));
		/* Loading the vCPU comes before the change. */
		EXPECT_GE(tracer->nr_refreshes, 1);
		EXPECT_EVENT(&tracer->events[0], "offset", i);
		stop_trace(tracer);
	}
	kvm_vm_free(vm);
}

/*
 * A vCPU thread that has a CPU for itself does not load its vCPU again: let it
 * be so, as far as this machine allows.
 */
static void *run_to_end(void *arg)
{
	struct sched_param param = { .sched_priority = 1 };
	int cpu = sysconf(_SC_NPROCESSORS_ONLN) - 1;
	struct kvm_vcpu *vcpu = arg;
	struct ucall uc;
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(cpu, &cpus);
	if (cpu && !sched_setaffinity(0, sizeof(cpus), &cpus))
		sched_setscheduler(0, SCHED_FIFO, &param);

	vcpu_run(vcpu);
	TEST_ASSERT_EQ(get_ucall(vcpu, &uc), UCALL_DONE);
	return NULL;
}

TEST_F(guest_tsc, refresh_while_running)
{
	struct tracer *tracer = &self->tracer;
	unsigned int nr = 0, i;
	struct kvm_vcpu *vcpu;
	struct kvm_vm *vm;
	pthread_t thread;
	u64 begin, ms;
	bool *stop;

	vm = vm_create_with_one_vcpu(&vcpu, guest_never_leave);
	begin = milliseconds();
	start_trace(tracer);
	ASSERT_EQ(0, pthread_create(&thread, NULL, run_to_end, vcpu));
	/* Also if the machine is slow, well within the test's time limit */
	for (i = 0; i < 200 && nr < 4; i++) {
		usleep(100000);
		EXPECT_EQ(0, read_changes(tracer));
		nr += tracer->nr_refreshes;
	}
	ms = milliseconds() - begin;
	TH_LOG("%u refreshes in %llu ms", nr, (unsigned long long)ms);
	EXPECT_GE(nr, 4);
	/* One at first, then one a second; a millisecond is lost by rounding. */
	EXPECT_LE(nr, (ms + 1) / 1000 + 1);
	stop = addr_gva2hva(vm, (gva_t)&guest_stop);
	WRITE_ONCE(*stop, true);
	ASSERT_EQ(0, pthread_join(thread, NULL));
	kvm_vm_free(vm);
}

int main(int argc, char **argv)
{
	TEST_REQUIRE(!access("/dev/kvm", R_OK | W_OK));
	return test_harness_run(argc, argv);
}
