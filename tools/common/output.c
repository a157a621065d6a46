// SPDX-License-Identifier: GPL-2.0
/*
 * Standard output, and what becomes of it when it cannot be written.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/message.h"
#include "common/output.h"

/* Why the first write that failed did so; later ones may fail for reasons that tell less. */
static int write_error;

void begin_output(void)
{
	int fd;

	signal(SIGXFSZ, SIG_IGN);
	/* To write to it fails, as it does to one that is closed. */
	do
		fd = open("/dev/null", O_RDONLY);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0)
		close(fd);
}

void fail_output(int error)
{
	if (!write_error)
		write_error = error;
}

bool flush_output(void)
{
	if (fflush(stdout) || ferror(stdout))
		fail_output(errno);
	return !write_error;
}

int close_output(int status)
{
	bool written = flush_output();

	if (fclose(stdout) && written) {
		write_error = errno;
		written = false;
	}
	if (written)
		return status;
	complain("cannot write to standard output: %s", strerror(write_error));
	return STATUS_UNUSABLE;
}
