// SPDX-License-Identifier: GPL-2.0
/*
 * Find the clock in the text of CTF 1.8 metadata
 *
 * Of the language no more is known here than to tell blocks, strings and comments,
 * and what stands in a block like "clock { name = value; ... };".
 */

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "clock.h"

/* Skips what is between words. */
static const char *skip_space(const char *at)
{
	const char *end;

	for (;;) {
		if (isspace((unsigned char)*at)) {
			at++;
		} else if (at[0] == '/' && at[1] == '*') {
			end = strstr(at + 2, "*/");
			at = end ? end + 2 : at + strlen(at);
		} else if (at[0] == '/' && at[1] == '/') {
			at += strcspn(at, "\n");
		} else {
			return at;
		}
	}
}

/* Skips a word, a string, or else one character. */
static const char *skip_token(const char *at)
{
	const char *start = at;

	if (*at == '"') {
		for (at++; *at && *at != '"'; at++)
			if (*at == '\\' && at[1])
				at++;
		return *at ? at + 1 : at;
	}
	while (isalnum((unsigned char)*at) || *at == '_')
		at++;
	return at == start && *at ? at + 1 : at;
}

static bool token_is(const char *at, const char *end, const char *word)
{
	return (size_t)(end - at) == strlen(word) && !memcmp(at, word, end - at);
}

static void copy_string(char *to, size_t size, const char *at, const char *end)
{
	size_t length;

	if (end - at < 2 || *at != '"')
		return;
	length = end - at - 2;
	if (length >= size)
		length = size - 1;
	memcpy(to, at + 1, length);
	to[length] = '\0';
}

/* The value ends with the ';', before which a comment would be unusual. */
static int get_number(const char *at, int64_t *number)
{
	char *end;

	at = skip_space(at);
	errno = 0;
	*number = strtoll(at, &end, 10);
	return errno || end == at || *skip_space(end) != ';' ? -1 : 0;
}

static int take_field(struct clock *clock, const char *text, const char *name,
		      const char *name_end, const char *equals, const char *semicolon)
{
	const char *value = skip_space(equals + 1);
	int64_t number;

	if (token_is(name, name_end, "name")) {
		copy_string(clock->name, sizeof(clock->name), value, skip_token(value));
	} else if (token_is(name, name_end, "uuid")) {
		clock->uuid_slot = value + 1 - text;
		copy_string(clock->uuid, sizeof(clock->uuid), value, skip_token(value));
	} else if (token_is(name, name_end, "freq")) {
		if (get_number(value, &number) || number <= 0)
			return -1;
		clock->frequency = number;
	} else if (token_is(name, name_end, "offset")) {
		clock->slot = equals + 1 - text;
		clock->slot_size = semicolon - (equals + 1);
		return get_number(value, &clock->offset);
	} else if (token_is(name, name_end, "offset_s")) {
		return get_number(value, &clock->offset_s);
	}
	return 0;
}

/* The fields of a block that begins at @at; NULL where it does not make sense. */
static const char *take_block(struct clock *clock, const char *text, const char *at)
{
	const char *name, *name_end, *equals;

	for (;;) {
		name = skip_space(at);
		if (*name == '}')
			return name;
		name_end = skip_token(name);
		equals = skip_space(name_end);
		if (*equals != '=')
			return NULL;
		for (at = skip_space(equals + 1); *at != ';'; at = skip_space(skip_token(at)))
			if (!*at || *at == '}')
				return NULL;
		if (take_field(clock, text, name, name_end, equals, at))
			return NULL;
		at++;
	}
}

/* "20261128T145756+0000", in seconds since the Epoch; 0 if it is not that */
static int64_t get_date(const char *at, const char *end)
{
	char text[32] = "";
	struct tm date;
	const char *rest;

	copy_string(text, sizeof(text), at, end);
	memset(&date, 0, sizeof(date));
	rest = strptime(text, "%Y%m%dT%H%M%S%z", &date);
	if (!rest || *rest)
		return 0;
	/* timegm() knows no time zone. */
	return (int64_t)timegm(&(struct tm){
		.tm_year = date.tm_year, .tm_mon = date.tm_mon, .tm_mday = date.tm_mday,
		.tm_hour = date.tm_hour, .tm_min = date.tm_min, .tm_sec = date.tm_sec,
	}) - date.tm_gmtoff;
}

/* Is this environment the kernel's, and of which host? NULL where it does not make sense. */
static const char *take_environment(struct clock *clock, const char *at)
{
	const char *end;

	for (at = skip_space(at); *at != '}'; at = skip_space(end)) {
		bool domain, host, created, registered;

		if (!*at)
			return NULL;
		end = skip_token(at);
		domain = token_is(at, end, "domain");
		host = token_is(at, end, "hostname");
		created = token_is(at, end, "trace_creation_datetime");
		registered = token_is(at, end, "vpid_datetime");
		if (!domain && !host && !created && !registered)
			continue;
		at = skip_space(end);
		if (*at != '=')
			return NULL;
		at = skip_space(at + 1);
		end = skip_token(at);
		if (domain)
			clock->kernel = token_is(at, end, "\"kernel\"");
		else if (created)
			clock->created = get_date(at, end);
		else if (registered)
			clock->registered = get_date(at, end);
		else
			copy_string(clock->host, sizeof(clock->host), at, end);
	}
	return at;
}

/**
 * clock_find() - find the clock of a trace
 * @text: the metadata
 * @clock: where to store what it says of the clock
 * @why: where to store what is wrong
 *
 * Return: 0, or -1 with @why set.
 */
int clock_find(const char *text, struct clock *clock, const char **why)
{
	const char *at, *end, *brace;
	unsigned int clocks = 0;
	long depth = 0;

	memset(clock, 0, sizeof(*clock));
	clock->frequency = 1000000000;
	*why = "the metadata is damaged";
	for (at = skip_space(text); *at; at = skip_space(end)) {
		end = skip_token(at);
		depth += (*at == '{') - (*at == '}');
		brace = skip_space(end);
		if (depth || *brace != '{')
			continue;
		if (token_is(at, end, "clock")) {
			end = take_block(clock, text, brace + 1);
			clocks++;
		} else if (token_is(at, end, "env")) {
			end = take_environment(clock, brace + 1);
		} else {
			continue;
		}
		if (!end)
			return -1;
		end++;
	}
	if (clocks != 1)
		*why = clocks ? "it has more than one clock" : "it has no clock";
	else if (strlen(clock->uuid) != sizeof(clock->uuid) - 1 ||
		 text[clock->uuid_slot + sizeof(clock->uuid) - 1] != '"' ||
		 strspn(clock->uuid, "0123456789abcdefABCDEF-") != sizeof(clock->uuid) - 1)
		*why = "its clock has no UUID";
	else if (!clock->slot_size)
		*why = "its clock has no offset";
	else
		return 0;
	return -1;
}
