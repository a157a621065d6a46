/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Points in time as text.
 */
#ifndef TIMESTAMP_H
#define TIMESTAMP_H

#include <stdint.h>

/* Room for any int64_t of ns. */
#define TIMESTAMP_SIZE 64

/**
 * timestamp_seconds() - write ns as seconds with nine decimals
 * @ns: any number of ns, also a negative one
 * @text: where to write it
 *
 * Return: @text
 */
const char *timestamp_seconds(int64_t ns, char text[TIMESTAMP_SIZE]);

/**
 * timestamp_utc() - write a CLOCK_REALTIME as ISO 8601 in UTC, with nine decimals
 * @ns: ns since 1970, or before with a minus
 * @text: where to write it
 *
 * Return: @text
 */
const char *timestamp_utc(int64_t ns, char text[TIMESTAMP_SIZE]);

#endif
