// SPDX-License-Identifier: GPL-2.0
/*
 * A program that LTTng traces: for each line "COUNT PAUSE" on its standard input it writes COUNT
 * numbered events, PAUSE microseconds apart, and then says so.
 */
#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include <lttng/tracef.h>

int main(void)
{
	uint64_t number = 0, count, pause;

	puts("ready");
	fflush(stdout);
	while (scanf("%" SCNu64 " %" SCNu64, &count, &pause) == 2) {
		const struct timespec time = {
			.tv_sec = (time_t)(pause / 1000000),
			.tv_nsec = (long)(pause % 1000000 * 1000),
		};

		for (; count; count--) {
			tracef("number %" PRIu64, number++);
			if (pause)
				nanosleep(&time, NULL);
		}
		printf("%" PRIu64 "\n", number);
		fflush(stdout);
	}
	return 0;
}
