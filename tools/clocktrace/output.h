/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Messages, results, and what becomes of them when they cannot be written.
 */
#ifndef OUTPUT_H
#define OUTPUT_H

#include <stdbool.h>

struct json_object;

/**
 * complain() - print a message to standard error, with the name of the command and a newline
 * @format: as for printf()
 */
__attribute__((format(printf, 1, 2))) void complain(const char *format, ...);

/**
 * try_help() - point to the help, after a message that told what is wrong
 * @command: name of the sub-command, or NULL
 *
 * Return: STATUS_USAGE
 */
int try_help(const char *command);

/**
 * clock_failure() - print why a function of clock_trace.h failed, and what to do
 *
 * Reads errno. EINVAL and ENOSYS are taken for a kernel without the clock.
 *
 * Return: STATUS_NO_CLOCK or STATUS_FAILED
 */
int clock_failure(void);

/**
 * print_json() - print an object as one line to standard output, and release it
 * @object: the object
 */
void print_json(struct json_object *object);

/**
 * flush_output() - make what was printed to standard output visible at once
 *
 * For commands that print one line at a time to someone who waits for it.
 *
 * Return: true, or false where output cannot be written and more of it makes no sense
 */
bool flush_output(void);

/**
 * close_output() - close standard output, and find out whether all of it was written
 * @status: the exit code so far
 *
 * Return: @status, or STATUS_FAILED after a message where output was lost
 */
int close_output(int status);

#endif
