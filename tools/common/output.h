/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Standard output, and what becomes of it when it cannot be written.
 */
#ifndef COMMON_OUTPUT_H
#define COMMON_OUTPUT_H

#include <stdbool.h>

/**
 * begin_output() - for the first line of main() of what writes files
 *
 * Without it, RLIMIT_FSIZE (ulimit -f) ends the program by a signal, whatever it has half done;
 * and where standard error is closed, a file that is written could be opened in its place, and
 * get the messages.
 */
void begin_output(void);

/**
 * flush_output() - make what was printed to standard output visible at once
 *
 * For commands that print one line at a time to someone who waits for it.
 *
 * Return: true, or false where output cannot be written and more of it makes no sense
 */
bool flush_output(void);

/**
 * fail_output() - have standard output be one that cannot be written
 * @error: why, an error number
 */
void fail_output(int error);

/**
 * close_output() - close standard output, and find out whether all of it was written
 * @status: the exit status so far
 *
 * Return: @status, or %STATUS_UNUSABLE after a message where output was lost
 */
int close_output(int status);

#endif
