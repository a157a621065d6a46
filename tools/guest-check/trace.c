// SPDX-License-Identifier: GPL-2.0
/*
 * Read a host's trace, of whichever tracer.
 */
#include <sys/stat.h>

#include "builder.h"
#include "lttng_host.h"
#include "message.h"
#include "trace_cmd.h"

void trace_read(const char *path, struct host_trace *trace)
{
	struct builder *builder = builder_new(trace);
	struct stat status;

	if (!stat(path, &status) && S_ISDIR(status.st_mode))
		lttng_host_read(path, builder);
	else
		trace_cmd_read(path, builder);
	if (!builder_finish(builder))
		die("%s holds no events", path);
}
