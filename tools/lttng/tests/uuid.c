// SPDX-License-Identifier: GPL-2.0
/* Print the clock's UUID for a boot id, as both plugins work it out */

#include <err.h>
#include <stdio.h>

#include "lttng_clock_trace.h"

int main(int argc, char **argv)
{
	char uuid[LTTNG_CLOCK_TRACE_UUID_SIZE];

	if (argc != 2)
		errx(2, "Usage: uuid BOOT-ID");
	if (lttng_clock_trace_uuid(argv[1], uuid))
		errx(1, "not a UUID");
	puts(uuid);
	return 0;
}
