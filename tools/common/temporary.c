// SPDX-License-Identifier: GPL-2.0
/*
 * Files that nobody sees.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/message.h"
#include "common/temporary.h"

int temporary_file(char **error)
{
	const char *directory = getenv("TMPDIR");
	char *name = text_of("%s/clocktrace-XXXXXX", directory && *directory ? directory : "/tmp");
	int fd = mkostemp(name, O_CLOEXEC);

	if (fd < 0)
		*error = text_of("no temporary file %s: %s; set TMPDIR to a directory that can be written to",
				 name, strerror(errno));
	else
		unlink(name);
	free(name);
	return fd;
}
