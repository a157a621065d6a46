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
#include <getopt.h>
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
#include <x86intrin.h>

#include "clock_trace.h"
#include "readers/samples/sample.h"
#include "verify/apic_id.h"

#define PROG "clocktrace-guest-sampler"

#define BURST 32
/* Readings in a row without leaving the guest on purpose */
#define ROW 4
#define PAUSE_NS 4000000
#define RETRY_NS 50000000
/* How many retries are too long for a guest that is all right: 5 s, and then every 30 s */
#define RETRIES_PATIENT 100
#define RETRIES_BETWEEN 600
#define CPUS_MAX 64

static int port = -1;
static uint32_t boot;
static uint32_t apic_leaf;

static void log_line(const char *format, ...)
{
	va_list arguments;

	fputs(PROG ": ", stdout);
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
	exit(2);
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

static struct cpuid read_cpuid(uint32_t leaf, uint32_t subleaf)
{
	struct cpuid cpuid;

	/* Not __get_cpuid(), which leaves the guest twice */
	__cpuid_count(leaf, subleaf, cpuid.eax, cpuid.ebx, cpuid.ecx, cpuid.edx);
	return cpuid;
}

static unsigned int this_vcpu(void)
{
	return apic_id(read_cpuid, apic_leaf);
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

/* False if the clock did not answer with this CPU's TSC */
static bool read_clock(struct guest_sample *sample)
{
	uint64_t before = __rdtsc(), after;
	struct timespec ts;

	if (clock_gettime(CLOCK_TRACE, &ts))
		fail("CLOCK_TRACE");
	_mm_lfence();
	after = __rdtsc();
	sample->value = (uint64_t)ts.tv_sec;
	sample->epoch = (uint32_t)ts.tv_nsec;
	return sample->value >= before && sample->value <= after;
}

/*
 * Fill @samples; false if the thread was on another CPU meanwhile, because its own
 * went offline, and nobody can tell which reading is whose. Or if the CPU has come online
 * and the kernel has not been able to check it: the clock's state is "counter", but what it
 * answers there is not.
 */
static bool take_burst(unsigned int cpu, uint32_t sequence,
		       struct guest_sample *samples)
{
	unsigned int vcpu = this_vcpu(), i;
	bool counter = counter_in_use(), own = true;

	for (i = 0; i < BURST; i++) {
		if (i % ROW == 0 && this_vcpu() != vcpu)
			return false;
		samples[i] = (struct guest_sample){
			.magic = GUEST_SAMPLE_MAGIC,
			.boot = boot,
			.sequence = sequence + i,
			.cpu = (uint16_t)cpu,
			.vcpu = (uint16_t)vcpu,
		};
		own &= read_clock(&samples[i]);
		if (i % ROW == ROW - 1 && this_vcpu() != vcpu)
			return false;
	}
	/* If it was the counter before and after, so it was in between. */
	counter = counter && counter_in_use();
	for (i = 0; counter && i < BURST; i++)
		samples[i].flags = GUEST_SAMPLE_COUNTER;
	if (counter && !own) {
		log_line("CPU %u: %d readings are left out: it has not been checked yet", cpu,
			 BURST);
		return false;
	}
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

/* What waits for ever has to say for what. */
static bool is_time_to_tell(unsigned int retries)
{
	return retries == RETRIES_PATIENT || (retries && retries % RETRIES_BETWEEN == 0);
}

static void await_port(void)
{
	unsigned int retries;

	for (retries = 0; !open_port(); retries++) {
		if (is_time_to_tell(retries))
			log_line("waiting for the port " GUEST_SAMPLE_PORT
				 ": give QEMU -device virtserialport,name=" GUEST_SAMPLE_PORT);
		pause_for(RETRY_NS);
	}
}

static void await_counter(void)
{
	char state[32], reason[256];
	unsigned int retries;

	for (retries = 0; !counter_in_use(); retries++) {
		if (is_time_to_tell(retries)) {
			read_line("/sys/kernel/clock_trace/state", state, sizeof(state));
			read_line("/sys/kernel/clock_trace/reason", reason, sizeof(reason));
			log_line("waiting for a TSC that the kernel trusts (state: %s, %s): "
				 "start QEMU with -cpu host,migratable=off or +invtsc, "
				 "or this kernel with tsc=reliable",
				 state[0] ? state : "no CLOCK_TRACE", reason);
		}
		pause_for(RETRY_NS);
	}
}

static void print_help(void)
{
	puts("Usage: " PROG "\n"
	     "       " PROG " --help | --version\n"
	     "\n"
	     "Read CLOCK_TRACE on each CPU of a guest, and write the readings to the\n"
	     "virtio-serial port " GUEST_SAMPLE_PORT ". To be the /init of an initramfs,\n"
	     "it takes no argument. clocktrace-verify(1) reads what it writes.");
}

/* The kernel gives the first process what it does not know of its own command line. */
static void parse(int argc, char **argv)
{
	static const struct option options[] = {
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{ NULL, 0, NULL, 0 },
	};

	argv[0] = (char[]){ PROG };
	switch (getopt_long(argc, argv, "h", options, NULL)) {
	case 'h':
		print_help();
		break;
	case 'V':
		puts(PROG " " CLOCKTRACE_VERSION);
		break;
	case -1:
		if (optind == argc)
			return;
		fprintf(stderr, PROG ": it takes no argument, so '%s' makes no sense\n",
			argv[optind]);
		/* fall through */
	default:
		fputs(PROG ": see " PROG " --help\n", stderr);
		exit(2);
	}
	if (fflush(stdout) || ferror(stdout)) {
		fprintf(stderr, PROG ": cannot write to standard output: %s\n", strerror(errno));
		exit(2);
	}
	exit(0);
}

int main(int argc, char **argv)
{
	long cpus, cpu;

	if (getpid() != 1)
		parse(argc, argv);
	mount_all();
	await_counter();
	await_port();
	apic_leaf = apic_id_leaf(read_cpuid);
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
			return 2;
		}
	}
	for (;;)
		pause();
}
