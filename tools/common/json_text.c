// SPDX-License-Identifier: GPL-2.0
/*
 * JSON that is written as it comes, without a tree in memory.
 */
#include <stdbool.h>

#include "common/json_text.h"

/* Number of bytes of the UTF-8 sequence at @text, 0 if it is none */
static unsigned int sequence(const unsigned char *text)
{
	unsigned int size, i;

	if (*text < 0x80)
		return 1;
	if (*text >= 0xc2 && *text < 0xe0)
		size = 2;
	else if (*text >= 0xe0 && *text < 0xf0)
		size = 3;
	else if (*text >= 0xf0 && *text < 0xf5)
		size = 4;
	else
		return 0;
	for (i = 1; i < size; i++)
		if ((text[i] & 0xc0) != 0x80)
			return 0;
	/* Too long, half of a surrogate pair, or beyond the last character */
	if ((text[0] == 0xe0 && text[1] < 0xa0) || (text[0] == 0xed && text[1] > 0x9f) ||
	    (text[0] == 0xf0 && text[1] < 0x90) || (text[0] == 0xf4 && text[1] > 0x8f))
		return 0;
	return size;
}

void json_put_string(FILE *file, const char *text)
{
	const unsigned char *at = (const unsigned char *)text;
	unsigned int size;

	putc('"', file);
	for (; *at; at += size ? size : 1) {
		size = sequence(at);
		if (!size)
			fputs("\\ufffd", file);
		else if (*at == '"' || *at == '\\')
			fprintf(file, "\\%c", *at);
		else if (*at < 0x20 || *at == 0x7f)
			fprintf(file, "\\u%04x", *at);
		else if (*at == 0xc2 && at[1] < 0xa0)
			/* A control character, too */
			fprintf(file, "\\u%04x", at[1]);
		else if (*at == '<')
			/* So that it can stand within a script of HTML */
			fputs("\\u003c", file);
		else
			fwrite(at, 1, size, file);
	}
	putc('"', file);
}
