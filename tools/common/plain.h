/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Text that comes from a file, for a terminal.
 */
#ifndef COMMON_PLAIN_H
#define COMMON_PLAIN_H

#include <stddef.h>
#include <stdio.h>

/**
 * text_put_plain() - print a text that must neither steer a terminal nor begin a line
 * @file: where to
 * @text: the text
 *
 * Control characters, and bytes that are no UTF-8, are printed as \xNN.
 *
 * Return: number of bytes printed.
 */
size_t text_put_plain(FILE *file, const char *text);

/**
 * text_put_column() - print such a text, and spaces up to a width
 * @file: where to
 * @text: the text
 * @width: in bytes
 */
void text_put_column(FILE *file, const char *text, size_t width);

/**
 * text_plain() - what text_put_plain() prints
 * @text: the text
 *
 * Ends the program where there is no memory.
 *
 * Return: the text, to be freed.
 */
char *text_plain(const char *text);

#endif
