// SPDX-License-Identifier: GPL-2.0
#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include "timestamp.h"

#define NSEC_PER_SEC 1000000000

const char *timestamp_seconds(int64_t ns, char text[TIMESTAMP_SIZE])
{
	/* Not -ns, which INT64_MIN does not have. */
	uint64_t magnitude = ns < 0 ? 0 - (uint64_t)ns : (uint64_t)ns;

	snprintf(text, TIMESTAMP_SIZE, "%s%" PRIu64 ".%09" PRIu64, ns < 0 ? "-" : "",
		 magnitude / NSEC_PER_SEC, magnitude % NSEC_PER_SEC);
	return text;
}

const char *timestamp_utc(int64_t ns, char text[TIMESTAMP_SIZE])
{
	int64_t seconds = ns / NSEC_PER_SEC;
	int64_t fraction = ns % NSEC_PER_SEC;
	struct tm tm;
	time_t time;

	/* Division rounds towards zero; the fraction counts up from the second before. */
	if (fraction < 0) {
		fraction += NSEC_PER_SEC;
		seconds--;
	}
	time = (time_t)seconds;
	if (time != seconds || !gmtime_r(&time, &tm))
		return timestamp_seconds(ns, text);
	snprintf(text, TIMESTAMP_SIZE, "%04d-%02d-%02dT%02d:%02d:%02d.%09" PRId64 "Z",
		 tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec,
		 fraction);
	return text;
}
