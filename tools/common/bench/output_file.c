// SPDX-License-Identifier: GPL-2.0
/* Files that results are written to, see output_file.h. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "output_file.h"
#include "util.h"

static __attribute__((noreturn)) void cannot_write(const char *path, int err)
{
	fatal("cannot write %s: %s", path, strerror(err));
}

/* rename() would put a file in the place of a device, a pipe or a link. */
static bool is_replaced(const char *path)
{
	struct stat st;

	if (lstat(path, &st)) {
		/* An empty path is that of nothing, not of a file that can be made. */
		if (errno != ENOENT || !*path)
			cannot_write(path, errno);
		return true;
	}
	return S_ISREG(st.st_mode);
}

/* Beside @path, so that it can be renamed, and under a name that nothing has. */
static int open_temporary(const char *path, char **temporary)
{
	mode_t mask = umask(0);
	int fd;

	umask(mask);
	*temporary = format_path("%s.XXXXXX", path);
	fd = mkostemp(*temporary, O_CLOEXEC);
	if (fd < 0)
		cannot_write(path, errno);
	if (fchmod(fd, 0666 & ~mask)) {
		int err = errno;

		unlink(*temporary);
		cannot_write(path, err);
	}
	return fd;
}

static void check_in_place(const char *path)
{
	struct stat st;
	int fd;

	if (stat(path, &st)) {
		/* A link to what is not there yet: only making it shows that it can be. */
		fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
		if (fd < 0)
			cannot_write(path, errno);
		close(fd);
		return;
	}
	if (S_ISDIR(st.st_mode))
		cannot_write(path, EISDIR);
	if (S_ISSOCK(st.st_mode))
		fatal("cannot write %s: it is a socket", path);
	/* Opened, a pipe would wait for its reader, and a device may do anything. */
	if (access(path, W_OK))
		cannot_write(path, errno);
}

void output_file_check(const char *path)
{
	char *temporary;

	if (!is_replaced(path)) {
		check_in_place(path);
		return;
	}
	close(open_temporary(path, &temporary));
	unlink(temporary);
	free(temporary);
}

void output_file_open(struct output_file *output, const char *path)
{
	int fd;

	*output = (struct output_file) { .path = path };
	if (is_replaced(path))
		fd = open_temporary(path, &output->temporary);
	else
		fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOCTTY | O_CLOEXEC, 0666);
	if (fd < 0)
		cannot_write(path, errno);
	output->file = fdopen(fd, "w");
	if (!output->file)
		fatal("out of memory");
}

void output_file_close(struct output_file *output)
{
	bool failed = fflush(output->file) || ferror(output->file);
	int err = errno;

	if (fclose(output->file) && !failed) {
		failed = true;
		err = errno;
	}
	if (!failed && output->temporary && rename(output->temporary, output->path)) {
		failed = true;
		err = errno;
	}
	if (failed) {
		if (output->temporary)
			unlink(output->temporary);
		cannot_write(output->path, err);
	}
	free(output->temporary);
}
