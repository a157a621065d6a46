// SPDX-License-Identifier: GPL-2.0
/*
 * Text that comes from a file, for a terminal.
 */
#include "common/message.h"
#include "common/plain.h"

/* Number of bytes of the character at @text, 0 if it is none or controls something */
static size_t printable(const unsigned char *text)
{
	size_t size, i;

	if (*text < 0x80)
		return *text >= 0x20 && *text != 0x7f;
	/* U+0080 to U+009f are control characters as well. */
	if (*text < 0xc2 || *text > 0xf4 || (*text == 0xc2 && text[1] < 0xa0))
		return 0;
	size = *text < 0xe0 ? 2 : *text < 0xf0 ? 3 : 4;
	for (i = 1; i < size; i++)
		if ((text[i] & 0xc0) != 0x80)
			return 0;
	/* Longer than need be, which some terminals take for what the short form is */
	if ((*text == 0xe0 && text[1] < 0xa0) || (*text == 0xf0 && text[1] < 0x90))
		return 0;
	return size;
}

size_t text_put_plain(FILE *file, const char *text)
{
	const unsigned char *at = (const unsigned char *)text;
	size_t size, count = 0;

	for (; *at; at += size ? size : 1) {
		size = printable(at);
		if (size)
			count += fwrite(at, 1, size, file);
		else
			count += (size_t)fprintf(file, "\\x%02x", *at);
	}
	return count;
}

void text_put_column(FILE *file, const char *text, size_t width)
{
	size_t count;

	for (count = text_put_plain(file, text); count < width; count++)
		putc(' ', file);
}

char *text_plain(const char *text)
{
	char *plain = NULL;
	size_t size;
	FILE *file = open_memstream(&plain, &size);

	if (!file)
		die("out of memory");
	text_put_plain(file, text);
	if (fclose(file))
		die("out of memory");
	return plain;
}
