// SPDX-License-Identifier: GPL-2.0
/*
 * Standard output, and what becomes of it when it cannot be written.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "common/message.h"
#include "common/output.h"

/* Why the first write that failed did so; later ones may fail for reasons that tell less. */
static int write_error;

void expect_size_limit(void)
{
	signal(SIGXFSZ, SIG_IGN);
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
