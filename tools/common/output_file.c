// SPDX-License-Identifier: GPL-2.0
/*
 * Output files that are whole or not there: they get their name at the end.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/leftover.h"
#include "common/message.h"
#include "common/output_file.h"

char *output_begin(struct output_file *output, const char *path)
{
	struct stat status;
	mode_t mask;
	int fd;

	*output = (struct output_file){ .file = stdout };
	if (!path)
		return NULL;
	output->path = text_of("%s", path);
	/* A device or a pipe is written to, not replaced. */
	if (!stat(path, &status) && !S_ISREG(status.st_mode)) {
		output->file = fopen(path, "we");
		return output->file ? NULL : text_of("%s: %s", path, strerror(errno));
	}
	output->temporary = text_of("%s.XXXXXX", path);
	fd = mkstemp(output->temporary);
	output->file = fd < 0 ? NULL : fdopen(fd, "w");
	if (!output->file)
		return text_of("%s: %s", path, strerror(errno));
	output->note = leftover_note(output->temporary);
	mask = umask(0);
	umask(mask);
	fchmod(fd, 0666 & ~mask);
	return NULL;
}

char *output_end(struct output_file *output, bool keep)
{
	bool failed = fflush(output->file) || ferror(output->file);
	int error = errno;
	char *text = NULL;

	if (output->path && fclose(output->file) && !failed) {
		failed = true;
		error = errno;
	}
	if (output->temporary && keep && !failed && rename(output->temporary, output->path)) {
		failed = true;
		error = errno;
	}
	if (output->temporary && (failed || !keep))
		unlink(output->temporary);
	if (output->temporary)
		leftover_forget(output->note);
	if (failed && keep)
		text = text_of("%s cannot be written: %s",
			       output->path ? output->path : "standard output", strerror(error));
	free(output->path);
	free(output->temporary);
	return text;
}
