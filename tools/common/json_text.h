/* SPDX-License-Identifier: GPL-2.0 */
/*
 * JSON that is written as it comes, without a tree in memory.
 */
#ifndef COMMON_JSON_TEXT_H
#define COMMON_JSON_TEXT_H

#include <stdio.h>

/**
 * json_put_string() - write a text as a JSON string, with its quotes
 * @file: where to
 * @text: any bytes; what is not UTF-8 becomes U+FFFD
 */
void json_put_string(FILE *file, const char *text);

#endif
