// SPDX-License-Identifier: GPL-2.0
/*
 * clocktrace-guest-sampler: the only program of a guest that is to be placed on its host's
 * time line. Reads CLOCK_TRACE on each CPU and writes the readings to a
 * virtio-serial port, in bursts, so that the host's trace stays small.
 *
 * Between readings, CPUID makes the CPU leave the guest: many readings are the
 * last or the first thing that happens in their stay in the guest, where an error
 * of the conversion shows first.
 *
 * It is started as the first process of the guest, without any other.
 */
#include <cpuid.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "clock_trace.h"
#include "readers/samples/sample.h"

#define BURST 32
/* Readings in a row without leaving the guest on purpose */
#define ROW 4
#define PAUSE_NS 4000000
#define RETRY_NS 50000000
#define CPUS_MAX 64

static int port = -1;
static uint32_t boot;

static void log_line(const char *format, ...)
{
	va_list arguments;

	fputs("clocktrace-guest-sampler: ", stdout);
	va_start(arguments, format);
	vprintf(format, arguments);
	va_end(arguments);
	putchar('\n');
	fflush(stdout);
}

/* The kernel panics when this program ends, and the host sees it. */
__attribute__((noreturn)) static void fail(const char *what)
{
	log_line("%s: %s", what, strerror(errno));
	exit(1);
}

static void pause_for(long ns)
{
	const struct timespec pause = { .tv_nsec = ns };

	nanosleep(&pause, NULL);
}

/* The first line of a small file, without its newline; "" if there is none */
static void read_line(const char *path, char *line, size_t size)
{
	FILE *file = fopen(path, "re");

	if (!file || !fgets(line, (int)size, file))
		line[0] = '\0';
	line[strcspn(line, "\n")] = '\0';
	if (file)
		fclose(file);
}

static bool counter_in_use(void)
{
	char state[32];

	read_line("/sys/kernel/clock_trace/state", state, sizeof(state));
	return !strcmp(state, "counter");
}

static bool open_port(void)
{
	static const char ports[] = "/sys/class/virtio-ports";
	char path[PATH_MAX], name[64];
	struct dirent *entry;
	DIR *dir = opendir(ports);

	if (!dir)
		return false;
	while (port < 0 && (entry = readdir(dir))) {
		snprintf(path, sizeof(path), "%s/%s/name", ports, entry->d_name);
		read_line(path, name, sizeof(name));
		if (strcmp(name, GUEST_SAMPLE_PORT))
			continue;
		snprintf(path, sizeof(path), "/dev/%s", entry->d_name);
		port = open(path, O_WRONLY | O_CLOEXEC);
	}
	closedir(dir);
	return port >= 0;
}

static unsigned int apic_id(void)
{
	unsigned int eax, ebx, ecx, edx;

	/* Not __get_cpuid(), which leaves the guest twice */
	__cpuid(1, eax, ebx, ecx, edx);
	return ebx >> 24;
}

/* A CPU that came back is offline at first; one that is gone has no such file. */
static void bring_online(unsigned int cpu)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%u/online", cpu);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	if (write(fd, "1", 1) == 1)
		log_line("CPU %u is online", cpu);
	close(fd);
}

static bool pin(unsigned int cpu)
{
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(cpu, &cpus);
	return !sched_setaffinity(0, sizeof(cpus), &cpus);
}

/*
 * Fill @samples; false if the thread was on another CPU meanwhile, because its own
 * went offline, and nobody can tell which reading is whose.
 */
static bool take_burst(unsigned int cpu, uint32_t sequence,
		       struct guest_sample *samples)
{
	unsigned int vcpu = apic_id(), i;
	bool counter = counter_in_use();
	struct timespec ts;

	for (i = 0; i < BURST; i++) {
		if (i % ROW == 0 && apic_id() != vcpu)
			return false;
		if (clock_gettime(CLOCK_TRACE, &ts))
			fail("CLOCK_TRACE");
		samples[i] = (struct guest_sample){
			.magic = GUEST_SAMPLE_MAGIC,
			.boot = boot,
			.sequence = sequence + i,
			.epoch = (uint32_t)ts.tv_nsec,
			.value = (uint64_t)ts.tv_sec,
			.cpu = (uint16_t)cpu,
			.vcpu = (uint16_t)vcpu,
		};
		if (i % ROW == ROW - 1 && apic_id() != vcpu)
			return false;
	}
	/* If it was the counter before and after, so it was in between. */
	counter = counter && counter_in_use();
	for (i = 0; counter && i < BURST; i++)
		samples[i].flags = GUEST_SAMPLE_COUNTER;
	return (unsigned int)sched_getcpu() == cpu;
}

/* One write for a burst: the bursts of the CPUs do not mix. */
static void write_burst(const struct guest_sample *samples)
{
	const size_t size = BURST * sizeof(*samples);
	ssize_t written;

	do {
		written = write(port, samples, size);
	} while (written < 0 && errno == EINTR);
	if (written != (ssize_t)size)
		fail("writing to the port");
}

static void *sample_cpu(void *arg)
{
	unsigned int cpu = (unsigned int)(uintptr_t)arg;
	struct guest_sample samples[BURST];
	uint32_t sequence = 0;

	for (;;) {
		if ((unsigned int)sched_getcpu() != cpu && !pin(cpu)) {
			bring_online(cpu);
			pause_for(RETRY_NS);
			continue;
		}
		if (take_burst(cpu, sequence, samples)) {
			write_burst(samples);
			sequence += BURST;
		}
		pause_for(PAUSE_NS);
	}
	return NULL;
}

static void mount_all(void)
{
	mkdir("/dev", 0755);
	mkdir("/sys", 0755);
	if (mount("dev", "/dev", "devtmpfs", 0, NULL) && errno != EBUSY)
		fail("mounting /dev");
	if (mount("sys", "/sys", "sysfs", 0, NULL) && errno != EBUSY)
		fail("mounting /sys");
}

int main(void)
{
	long cpus, cpu;

	mount_all();
	while (!open_port())
		pause_for(RETRY_NS);
	while (!counter_in_use())
		pause_for(RETRY_NS);
	if (getrandom(&boot, sizeof(boot), GRND_INSECURE) != sizeof(boot))
		fail("getrandom");
	cpus = sysconf(_SC_NPROCESSORS_CONF);
	if (cpus < 1 || cpus > CPUS_MAX)
		cpus = CPUS_MAX;
	log_line("boot %08x, %ld CPUs", boot, cpus);
	for (cpu = 0; cpu < cpus; cpu++) {
		pthread_t thread;

		if (pthread_create(&thread, NULL, sample_cpu,
				   (void *)(uintptr_t)cpu)) {
			log_line("no thread for CPU %ld", cpu);
			return 1;
		}
	}
	for (;;)
		pause();
}
