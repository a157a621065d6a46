// SPDX-License-Identifier: GPL-2.0
/*
 * Numbers as people write them, see number.h.
 */
#include <inttypes.h>
#include <string.h>

#include "common/message.h"
#include "common/number.h"

#define NSEC_PER_SEC UINT64_C(1000000000)
#define MAX_SECONDS 1000000000ull

/* Not isxdigit() and strtoull(), which take signs and spaces and depend on the locale. */
static int digit_of(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return 16;
}

/* Reads digits up to the first other character; returns where that is, or NULL. */
static const char *parse_digits(const char *text, unsigned int base, uint64_t *number)
{
	const char *start = text;
	uint64_t value = 0;
	unsigned int digit;

	for (; (digit = (unsigned int)digit_of(*text)) < base; text++)
		if (__builtin_mul_overflow(value, base, &value) ||
		    __builtin_add_overflow(value, digit, &value))
			return NULL;
	if (text == start)
		return NULL;
	*number = value;
	return text;
}

bool parse_u64(const char *text, uint64_t min, uint64_t max, uint64_t *number)
{
	bool hex = text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
	const char *end;
	uint64_t value;

	end = hex ? parse_digits(text + 2, 16, &value) : parse_digits(text, 10, &value);
	if (!end || *end || value < min || value > max) {
		complain("'%s' is not a whole number from %" PRIu64 " to %" PRIu64
			 ": give decimal digits, or 0x and hexadecimal ones",
			 text, min, max);
		return false;
	}
	*number = value;
	return true;
}

bool parse_s64(const char *text, int64_t *number)
{
	bool negative = text[0] == '-';
	uint64_t limit = (uint64_t)INT64_MAX + negative;
	const char *end;
	uint64_t value;

	end = parse_digits(text + negative, 10, &value);
	if (!end || *end || value > limit)
		return false;
	*number = (int64_t)(negative ? 0 - value : value);
	return true;
}

bool parse_seconds(const char *text, uint64_t *ns)
{
	const char *end, *point = NULL;
	uint64_t seconds, fraction = 0;
	size_t digits;

	end = parse_digits(text, 10, &seconds);
	if (end && *end == '.') {
		point = end;
		end = parse_digits(point + 1, 10, &fraction);
	}
	digits = end && point ? (size_t)(end - point - 1) : 0;
	if (!end || *end || digits > 9 || seconds > MAX_SECONDS || (!seconds && !fraction)) {
		complain(
			"'%s' is not a number of seconds: give decimal digits such as 2 or 0.25, "
			"more than 0 and at most %llu, to the nanosecond",
			text, MAX_SECONDS);
		return false;
	}
	for (; digits < 9; digits++)
		fraction *= 10;
	*ns = seconds * NSEC_PER_SEC + fraction;
	return true;
}
