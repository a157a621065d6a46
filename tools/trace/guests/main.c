// SPDX-License-Identifier: GPL-2.0
/*
 * clocktrace guests - the running guests' TSC values, as KVM's debugfs has them
 *
 * For kernels that have no event kvm_guest_counter: a reading at the beginning of a trace and
 * one at its end, with kvm_write_tsc_offset in between, tell nearly as much.
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/message.h"
#include "common/output.h"
#include "readers/saved/saved.h"

#define DEFAULT_DIRECTORY "/sys/kernel/debug/kvm"

static bool as_json;
/* A vCPU was printed. */
static bool any;

static void print_help(void)
{
	puts("Usage: clocktrace guests [OPTION]...\n"
	     "\n"
	     "Print for each vCPU of the guests that run here its VM, process, number, TSC offset,\n"
	     "TSC ratio, binary digits of the ratio, and thread, as KVM's debugfs has them.\n"
	     "\n"
	     "On a kernel without the event kvm_guest_counter, save a reading before the host is\n"
	     "traced and one after it, in a file beside the trace:\n"
	     "    clocktrace guests --save DIRECTORY/guests\n"
	     "    trace-cmd record -C x86-tsc -e kvm_write_tsc_offset -e kvm_entry -e kvm_exit \\\n"
	     "        -o DIRECTORY/trace.dat\n"
	     "    clocktrace guests --save DIRECTORY/guests\n"
	     "and give DIRECTORY to clocktrace merge. What it places has the certainty \"assumed\".\n"
	     "\n"
	     "Options:\n"
	     "      --json          print one JSON object\n"
	     "      --save FILE     add the reading to FILE\n"
	     "      --debugfs DIR   (default: " DEFAULT_DIRECTORY ")\n"
	     "  -h, --help          print this help\n"
	     "      --version       print the version\n"
	     "\n"
	     "Exit status: 0 there are guests, 1 there are none, 2 wrong usage or debugfs cannot be\n"
	     "read.");
}

/* A number in a file of a vCPU; false if there is no such file */
static bool read_number(const char *directory, const char *name, int64_t *number)
{
	char *path = text_of("%s/%s", directory, name);
	FILE *file = fopen(path, "re");
	bool done = file && fscanf(file, "%" SCNd64, number) == 1;

	if (file)
		fclose(file);
	free(path);
	return done;
}

static unsigned int read_vcpu(FILE *output, const char *path, uint32_t pid, uint32_t fd,
			      uint32_t vcpu)
{
	int64_t offset, ratio = INT64_C(1) << 32, frac_bits = 32, thread = -1;

	/* Kernels before 5.19 do not name the thread; those without scaling have no ratio. */
	read_number(path, "pid", &thread);
	if (!read_number(path, "tsc-offset", &offset))
		return 0;
	if (read_number(path, "tsc-scaling-ratio", &ratio) &&
	    !read_number(path, "tsc-scaling-ratio-frac-bits", &frac_bits))
		return 0;
	if (as_json)
		fprintf(output,
			"%s{\"vm\": %" PRIu64 ", \"process\": %" PRIu32 ", \"vcpu\": %" PRIu32
			", \"offset\": %" PRId64 ", \"ratio\": %" PRId64 ", \"frac_bits\": %" PRId64
			", \"thread\": %" PRId64 "}", any ? ", " : "", (uint64_t)pid << 32 | fd, pid,
			vcpu, offset, ratio, frac_bits, thread);
	else
		fprintf(output, SAVED_VCPU, (uint64_t)pid << 32 | fd, (int32_t)pid, vcpu,
			offset, (uint64_t)ratio, (uint32_t)frac_bits, (int)thread);
	any = true;
	return 1;
}

static unsigned int read_vm(FILE *output, const char *path, uint32_t pid, uint32_t fd)
{
	DIR *directory = opendir(path);
	unsigned int count = 0;
	struct dirent *entry;
	uint32_t vcpu;

	while (directory && (entry = readdir(directory))) {
		char *below = text_of("%s/%s", path, entry->d_name);

		if (sscanf(entry->d_name, "vcpu%" SCNu32, &vcpu) == 1)
			count += read_vcpu(output, below, pid, fd, vcpu);
		free(below);
	}
	if (directory)
		closedir(directory);
	return count;
}

/* Return: number of vCPUs. */
static unsigned int read_all(FILE *output, const char *path)
{
	DIR *directory = opendir(path);
	unsigned int count = 0;
	struct dirent *entry;
	uint32_t pid, fd;

	if (!directory)
		die("%s: %s; be root, and have KVM loaded and debugfs mounted", path, strerror(errno));
	if (as_json)
		fputs("{\"vcpus\": [", output);
	while ((entry = readdir(directory))) {
		char *below = text_of("%s/%s", path, entry->d_name);

		if (isdigit((unsigned char)entry->d_name[0]) &&
		    sscanf(entry->d_name, "%" SCNu32 "-%" SCNu32, &pid, &fd) == 2)
			count += read_vm(output, below, pid, fd);
		free(below);
	}
	closedir(directory);
	return count;
}

static uint64_t read_tsc(void)
{
#ifdef __x86_64__
	return __builtin_ia32_rdtsc();
#else
	die("only x86-64 has a TSC");
#endif
}

/* A reading that the disk has no room for is not in the file at all. */
static unsigned int save(const char *path, const char *directory)
{
	FILE *file = fopen(path, "ae");
	unsigned int count;
	off_t size;
	int error;

	if (!file)
		die("%s: %s", path, strerror(errno));
	size = ftello(file);
	if (!size)
		fputs(SAVED_HEADER, file);
	fprintf(file, SAVED_READING, read_tsc());
	count = read_all(file, directory);
	if (fflush(file) || ferror(file)) {
		error = errno;
		if (size >= 0 && ftruncate(fileno(file), size))
			error = errno;
		die("%s cannot be written: %s", path, strerror(error));
	}
	fclose(file);
	return count;
}

int main(int argc, char **argv)
{
	static const struct option list[] = {
		{ "json", no_argument, NULL, 'j' },
		{ "save", required_argument, NULL, 's' },
		{ "debugfs", required_argument, NULL, 'd' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'v' },
		{ NULL, 0, NULL, 0 },
	};
	const char *directory = DEFAULT_DIRECTORY, *path = NULL;
	unsigned int count;
	int option;

	begin_output();
	message_program("clocktrace guests");
	/* For what getopt_long() says */
	argv[0] = (char[]){ "clocktrace guests" };
	while ((option = getopt_long(argc, argv, "h", list, NULL)) != -1) {
		switch (option) {
		case 'j':
			as_json = true;
			break;
		case 's':
			path = optarg;
			break;
		case 'd':
			directory = optarg;
			break;
		case 'h':
			print_help();
			return close_output(STATUS_YES);
		case 'v':
			puts("clocktrace guests " CLOCKTRACE_VERSION);
			return close_output(STATUS_YES);
		default:
			die("see clocktrace guests --help");
		}
	}
	if (optind < argc)
		die("'%s' is too much; see clocktrace guests --help", argv[optind]);
	if (!*directory || (path && !*path))
		die("%s needs a name", *directory ? "--save" : "--debugfs");
	if (as_json && path)
		die("--json is for what is printed, not for what is saved");
	count = path ? save(path, directory) : read_all(stdout, directory);
	if (as_json)
		puts("]}");
	return close_output(count ? STATUS_YES : STATUS_NO);
}
