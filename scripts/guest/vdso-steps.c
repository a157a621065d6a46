// SPDX-License-Identifier: GPL-2.0
/*
 * Counts the instructions of clock_gettime() in vDSO images of arm64: those that a kernel's
 * build has made, whichever kernel runs. Each image is placed behind a copy of the running
 * kernel's data, and a child is single-stepped through it.
 *
 * Usage: vdso-steps IMAGE...
 * Prints a line "IMAGE CLOCK_ID INSTRUCTIONS" for each clock; nothing for those that the
 * image asks the kernel for.
 */
#define _GNU_SOURCE
#include <elf.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>

#define CLOCK_TRACE	15
/* More than any read has, so that a loop in it is noticed */
#define MAX_STEPS	1000

typedef int (*gettime_fn)(clockid_t clock, struct timespec *ts);

/* An image in memory */
struct image {
	const unsigned char *text;
	size_t size;
	gettime_fn gettime;
};

static void die(const char *what)
{
	perror(what);
	exit(1);
}

/* The running kernel's data, which begins where the mapping [vvar] does */
static const void *find_data(size_t *size)
{
	unsigned long start = 0, end = 0;
	FILE *maps = fopen("/proc/self/maps", "r");
	char line[256];

	while (maps && fgets(line, sizeof(line), maps))
		if (strstr(line, "[vvar]"))
			sscanf(line, "%lx-%lx", &start, &end);
	if (!end) {
		fprintf(stderr, "there is no [vvar]\n");
		exit(1);
	}
	fclose(maps);
	*size = end - start;
	return (const void *)start;
}

/* The only loadable segment begins at address 0 */
static gettime_fn find_gettime(const unsigned char *text)
{
	const Elf64_Ehdr *header = (const void *)text;
	const Elf64_Shdr *section = (const void *)(text + header->e_shoff);
	const Elf64_Sym *symbol;
	const char *names;
	size_t i, n;

	while (section->sh_type != SHT_DYNSYM)
		section++;
	symbol = (const void *)(text + section->sh_offset);
	n = section->sh_size / sizeof(*symbol);
	section = (const Elf64_Shdr *)(text + header->e_shoff) + section->sh_link;
	names = (const char *)text + section->sh_offset;
	for (i = 0; i < n; i++)
		if (!strcmp(names + symbol[i].st_name, "__kernel_clock_gettime"))
			return (gettime_fn)(uintptr_t)(text + symbol[i].st_value);
	fprintf(stderr, "there is no __kernel_clock_gettime()\n");
	exit(1);
}

/*
 * Time since the data was written must not reach a second: it would be taken away in a loop.
 * The data begins with two struct vdso_clock, whose masks are set to 0.
 */
static void stop_clocks(unsigned char *data)
{
	const size_t clock_size = 224, mask = 16;

	memset(data + mask, 0, 8);
	memset(data + clock_size + mask, 0, 8);
}

static void load(struct image *image, const char *path)
{
	const void *data;
	unsigned char *memory;
	struct stat st;
	size_t size;
	int fd = open(path, O_RDONLY);

	if (fd < 0 || fstat(fd, &st))
		die(path);
	data = find_data(&size);
	memory = mmap(NULL, size + st.st_size, PROT_READ | PROT_WRITE | PROT_EXEC,
		      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED)
		die("mmap");
	memcpy(memory, data, size);
	stop_clocks(memory);
	image->text = memory + size;
	image->size = st.st_size;
	if (read(fd, memory + size, st.st_size) != st.st_size)
		die(path);
	close(fd);
	__builtin___clear_cache((char *)memory, (char *)memory + size + st.st_size);
	image->gettime = find_gettime(image->text);
}

static uint64_t program_counter(pid_t pid)
{
	struct user_regs_struct regs;
	struct iovec iov = { .iov_base = &regs, .iov_len = sizeof(regs) };

	if (ptrace(PTRACE_GETREGSET, pid, (void *)NT_PRSTATUS, &iov))
		die("PTRACE_GETREGSET");
	return regs.pc;
}

static uint64_t step(pid_t pid)
{
	int status;

	if (ptrace(PTRACE_SINGLESTEP, pid, NULL, NULL))
		die("PTRACE_SINGLESTEP");
	if (waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status)) {
		fprintf(stderr, "the child has ended\n");
		exit(1);
	}
	return program_counter(pid);
}

static int is_in(const struct image *image, uint64_t pc)
{
	return pc - (uintptr_t)image->text < image->size;
}

/* Returns -1 if it asks the kernel */
static int count(const struct image *image, clockid_t clock)
{
	const uint32_t svc = 0xd4000001;
	int n = 0, status, asks = 0;
	struct timespec ts;
	uint64_t pc;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (!pid) {
		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		raise(SIGSTOP);
		image->gettime(clock, &ts);
		_exit(0);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status))
		die("no child");
	do {
		pc = step(pid);
	} while (!is_in(image, pc));
	while (is_in(image, pc) && n < MAX_STEPS) {
		asks |= *(const uint32_t *)(uintptr_t)pc == svc;
		n++;
		pc = step(pid);
	}
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	return asks ? -1 : n;
}

int main(int argc, char **argv)
{
	struct image image;
	struct timespec ts;
	clockid_t clock;
	int i, n;

	/* From here on, programs may read the counter */
	if (syscall(SYS_clock_gettime, CLOCK_TRACE, &ts))
		die("CLOCK_TRACE");
	for (i = 1; i < argc; i++) {
		load(&image, argv[i]);
		for (clock = 0; clock <= CLOCK_TRACE; clock++) {
			n = count(&image, clock);
			if (n >= 0)
				printf("%s %d %d\n", argv[i], clock, n);
		}
	}
	return 0;
}
