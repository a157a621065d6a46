/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Numbers as people write them.
 */
#ifndef COMMON_NUMBER_H
#define COMMON_NUMBER_H

#include <stdbool.h>
#include <stdint.h>

/**
 * parse_u64() - read a whole number
 * @text: decimal digits, or 0x and hexadecimal digits; nothing else, no sign, no space
 * @min: least number allowed
 * @max: greatest number allowed
 * @number: where to store it
 *
 * Return: whether it is one; otherwise a message is printed, and @number is left alone
 */
bool parse_u64(const char *text, uint64_t min, uint64_t max, uint64_t *number);

/**
 * parse_s64() - read a whole number that may be negative, as the kernel writes it
 * @text: decimal digits, with - before them where it is negative
 * @number: where to store it
 *
 * Return: whether it is one; no message is printed, and @number is left alone if it is not
 */
bool parse_s64(const char *text, int64_t *number);

/**
 * parse_seconds() - read a duration in seconds
 * @text: decimal digits, with up to nine more after a point
 * @ns: where to store it in ns; at least 1, at most 10^18
 *
 * Return: as parse_u64()
 */
bool parse_seconds(const char *text, uint64_t *ns);

#endif
