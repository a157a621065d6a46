/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Files that nobody sees, for what is too large for the memory.
 */
#ifndef COMMON_TEMPORARY_H
#define COMMON_TEMPORARY_H

/**
 * temporary_file() - create a file without a name
 * @error: set to a text, to be freed, if that fails
 *
 * It is in the directory that TMPDIR names, or in /tmp.
 *
 * Return: a descriptor, or -1.
 */
int temporary_file(char **error);

#endif
