// SPDX-License-Identifier: GPL-2.0
/*
 * Preloaded into QEMU: lets a test give a running virtual CPU another TSC offset.
 *
 * KVM takes the offset of a vCPU only from the process that owns it, while the vCPU is
 * not in the guest. So this sits between QEMU and ioctl(): it remembers the vCPUs
 * that QEMU makes, and changes the offset just before one of them enters the guest.
 *
 * VCPU_TSC_OFFSET in the environment names a FIFO. Each line "VCPU TICKS" written to
 * it adds TICKS, which may have a sign, to the offset of that vCPU; before its first
 * run if it comes that early. "all TICKS" does so with all vCPUs, which must have had the
 * same offset, while none of them is in the guest. When that is done, a line "vCPU N:
 * offset OLD to NEW at TIME" goes to stderr, with the time of day in seconds.
 *
 * A running guest must not have its vCPUs set back one after the other. KVM renews the
 * parameters of kvm-clock for a new offset, but not if it is the one that another vCPU got
 * before, and that one has not been in the guest since. The vCPU then computes the time from
 * a TSC that seems to be behind the parameters, and gets one that is centuries ahead.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/kvm.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define MAX_VCPUS 16

/* How long a vCPU waits for the others, and how often they are told to come */
#define MEETING_MS 1000
#define KICK_MS 100

/* What QEMU sends to a vCPU's thread to have it leave the guest */
#define SIG_KICK SIGUSR1

struct vcpu {
	/* 0 if there is no such vCPU; no program is given 0 for a vCPU */
	atomic_int fd;
	/* The thread that runs it, 0 before its first run */
	atomic_int tid;
	_Atomic int64_t ticks;
	atomic_bool pending;
};

static struct vcpu vcpus[MAX_VCPUS];

/* What all vCPUs get at once. Protected by the lock, but for a look at @pending */
static struct {
	pthread_mutex_t lock;
	atomic_bool pending;
	int64_t ticks;
	/* vCPUs that wait for the others, outside of the guest */
	int arrived;
} all = { .lock = PTHREAD_MUTEX_INITIALIZER };

static int (*next_ioctl)(int fd, unsigned long request, ...);

static void fail(const char *what)
{
	fprintf(stderr, "vcpu-tsc-offset: %s: %s\n", what, strerror(errno));
	abort();
}

static void access_offset(int number, unsigned long request, uint64_t *offset)
{
	struct kvm_device_attr attr = {
		.group = KVM_VCPU_TSC_CTRL,
		.attr = KVM_VCPU_TSC_OFFSET,
		.addr = (uintptr_t)offset,
	};

	if (next_ioctl(vcpus[number].fd, request, &attr))
		fail("KVM_VCPU_TSC_OFFSET");
}

static void say_change(int number, uint64_t before, uint64_t after)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	fprintf(stderr, "vCPU %d: offset %" PRId64 " to %" PRId64 " at %lld.%06ld\n", number,
		(int64_t)before, (int64_t)after, (long long)now.tv_sec, now.tv_nsec / 1000);
}

static void change_offset(int number)
{
	uint64_t before, after;

	access_offset(number, KVM_GET_DEVICE_ATTR, &before);
	after = before + (uint64_t)vcpus[number].ticks;
	access_offset(number, KVM_SET_DEVICE_ATTR, &after);
	say_change(number, before, after);
}

/*
 * While all vCPUs are outside of the guest. KVM renews the parameters of kvm-clock on a vCPU
 * that gets another offset than the last one did: so each of them gets one of its own first.
 */
static void change_all(void)
{
	uint64_t before[MAX_VCPUS], after;
	int i;

	for (i = 0; i < MAX_VCPUS; i++) {
		if (!vcpus[i].fd)
			continue;
		access_offset(i, KVM_GET_DEVICE_ATTR, &before[i]);
		after = before[i] + (uint64_t)all.ticks + 1 + (uint64_t)i;
		access_offset(i, KVM_SET_DEVICE_ATTR, &after);
	}
	for (i = 0; i < MAX_VCPUS; i++) {
		if (!vcpus[i].fd)
			continue;
		after = before[i] + (uint64_t)all.ticks;
		access_offset(i, KVM_SET_DEVICE_ATTR, &after);
		say_change(i, before[i], after);
	}
}

static int nr_vcpus(void)
{
	int i, nr = 0;

	for (i = 0; i < MAX_VCPUS; i++)
		nr += vcpus[i].fd != 0;
	return nr;
}

/* The last one that comes changes all. One whose wait is too long goes on, and comes again */
static void meet_others(void)
{
	int ms;

	pthread_mutex_lock(&all.lock);
	if (++all.arrived == nr_vcpus() && all.pending) {
		change_all();
		all.pending = false;
	}
	for (ms = 0; ms < MEETING_MS && all.pending; ms++) {
		pthread_mutex_unlock(&all.lock);
		usleep(1000);
		pthread_mutex_lock(&all.lock);
	}
	all.arrived--;
	pthread_mutex_unlock(&all.lock);
}

static void before_run(int fd)
{
	int i;

	for (i = 0; i < MAX_VCPUS; i++) {
		if (vcpus[i].fd != fd)
			continue;
		vcpus[i].tid = (int)syscall(SYS_gettid);
		if (atomic_exchange(&vcpus[i].pending, false))
			change_offset(i);
		if (all.pending)
			meet_others();
		return;
	}
}

/* In the place of the C library's */
int ioctl(int fd, unsigned long request, ...)
{
	va_list args;
	void *arg;
	int ret;

	va_start(args, request);
	arg = va_arg(args, void *);
	va_end(args);

	if (request == KVM_RUN)
		before_run(fd);
	ret = next_ioctl(fd, request, arg);
	if (request == KVM_CREATE_VCPU && ret > 0 && (uintptr_t)arg < MAX_VCPUS)
		vcpus[(uintptr_t)arg].fd = ret;
	return ret;
}

static void kick(int number)
{
	if (vcpus[number].tid)
		syscall(SYS_tgkill, getpid(), vcpus[number].tid, SIG_KICK);
}

static void give_to_all(int64_t ticks)
{
	int i;

	pthread_mutex_lock(&all.lock);
	all.ticks = ticks;
	all.pending = true;
	pthread_mutex_unlock(&all.lock);
	while (all.pending) {
		for (i = 0; i < MAX_VCPUS; i++)
			kick(i);
		usleep(KICK_MS * 1000);
	}
}

static void give_to_one(const char *name, int64_t ticks)
{
	char *end;
	long number = strtol(name, &end, 10);

	if (*end || number < 0 || number >= MAX_VCPUS) {
		fprintf(stderr, "vcpu-tsc-offset: there is no vCPU %s\n", name);
		return;
	}
	vcpus[number].ticks = ticks;
	vcpus[number].pending = true;
	kick((int)number);
}

/* Returns false if there is no whole line */
static bool read_line(int fifo, char *line, size_t size)
{
	size_t length = 0;

	/* What is written is short: a byte at a time costs nothing that matters. */
	while (length + 1 < size && read(fifo, line + length, 1) == 1) {
		if (line[length] == '\n') {
			line[length] = '\0';
			return true;
		}
		length++;
	}
	return false;
}

/*
 * Not by stdio: exit() waits for whoever has a FILE locked, as a reader that waits for input
 * does, in glibc 2.41. QEMU would never end.
 */
static void *follow(void *path)
{
	char line[64], name[16];
	int64_t ticks;
	int fifo;

	/* Open for writing as well, so that no writer that leaves ends this */
	fifo = open(path, O_RDWR | O_CLOEXEC);
	if (fifo < 0)
		fail(path);
	while (read_line(fifo, line, sizeof(line)) &&
	       sscanf(line, "%15s %" SCNd64, name, &ticks) == 2) {
		if (!strcmp(name, "all"))
			give_to_all(ticks);
		else
			give_to_one(name, ticks);
	}
	fprintf(stderr, "vcpu-tsc-offset: not a line \"VCPU TICKS\"\n");
	return NULL;
}

static void __attribute__((constructor)) start(void)
{
	char *path = getenv("VCPU_TSC_OFFSET");
	sigset_t all, before;
	pthread_t thread;

	/* A function, though dlsym() says that it is data */
	*(void **)&next_ioctl = dlsym(RTLD_NEXT, "ioctl");
	unsetenv("LD_PRELOAD");
	if (!path)
		return;

	/* All signals are QEMU's */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	if (pthread_create(&thread, NULL, follow, path))
		fail("pthread_create()");
	pthread_sigmask(SIG_SETMASK, &before, NULL);
}
