// SPDX-License-Identifier: GPL-2.0
/* The few helpers that every part of a benchmark needs, see util.h. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "util.h"

/* Above the number that a runner expects its job on */
#define FIRST_FD	16

void fatal(const char *format, ...)
{
	va_list args;

	fflush(stdout);
	fprintf(stderr, "%s: ", program_invocation_short_name);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	exit(EXIT_FAILURE);
}

void close_stdout(void)
{
	bool failed = fflush(stdout) || ferror(stdout);

	if (fclose(stdout) || failed)
		fatal("cannot write standard output: %s", strerror(errno ? errno : EIO));
}

char *format_path(const char *format, ...)
{
	va_list args;
	char *path;
	int ret;

	va_start(args, format);
	ret = vasprintf(&path, format, args);
	va_end(args);
	if (ret < 0)
		fatal("out of memory");
	return path;
}

void *allocate(size_t size)
{
	void *memory = calloc(1, size);

	if (!memory)
		fatal("out of memory");
	return memory;
}

int memory_file(const char *name, size_t size)
{
	int low = memfd_create(name, MFD_CLOEXEC);
	int fd = fcntl(low, F_DUPFD_CLOEXEC, FIRST_FD);

	if (fd < 0 || ftruncate(fd, size))
		fatal("cannot make a file of %zu bytes in memory: %s", size, strerror(errno));
	close(low);
	return fd;
}
