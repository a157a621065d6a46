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
 * run if it comes that early. When that is done, a line "vCPU N: offset OLD to NEW at
 * TIME" goes to stderr, with the time of day in seconds.
 */
#include <dlfcn.h>
#include <errno.h>
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

static int (*next_ioctl)(int fd, unsigned long request, ...);

static void fail(const char *what)
{
	fprintf(stderr, "vcpu-tsc-offset: %s: %s\n", what, strerror(errno));
	abort();
}

static void change_offset(int number)
{
	struct vcpu *vcpu = &vcpus[number];
	uint64_t before, after;
	struct kvm_device_attr attr = {
		.group = KVM_VCPU_TSC_CTRL,
		.attr = KVM_VCPU_TSC_OFFSET,
	};
	struct timespec now;

	attr.addr = (uintptr_t)&before;
	if (next_ioctl(vcpu->fd, KVM_GET_DEVICE_ATTR, &attr))
		fail("KVM_GET_DEVICE_ATTR of KVM_VCPU_TSC_OFFSET");
	after = before + (uint64_t)vcpu->ticks;
	attr.addr = (uintptr_t)&after;
	if (next_ioctl(vcpu->fd, KVM_SET_DEVICE_ATTR, &attr))
		fail("KVM_SET_DEVICE_ATTR of KVM_VCPU_TSC_OFFSET");

	clock_gettime(CLOCK_REALTIME, &now);
	fprintf(stderr, "vCPU %d: offset %" PRId64 " to %" PRId64 " at %lld.%06ld\n", number,
		(int64_t)before, (int64_t)after, (long long)now.tv_sec, now.tv_nsec / 1000);
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

static void *follow(void *path)
{
	int64_t ticks;
	int number;
	FILE *fifo;

	/* Open for writing as well, so that no writer that leaves ends this */
	fifo = fopen(path, "r+");
	if (!fifo)
		fail(path);
	while (fscanf(fifo, "%d %" SCNd64, &number, &ticks) == 2) {
		if (number < 0 || number >= MAX_VCPUS) {
			fprintf(stderr, "vcpu-tsc-offset: there is no vCPU %d\n", number);
			continue;
		}
		vcpus[number].ticks = ticks;
		vcpus[number].pending = true;
		if (vcpus[number].tid)
			syscall(SYS_tgkill, getpid(), vcpus[number].tid, SIG_KICK);
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
