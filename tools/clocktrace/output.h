/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Messages that several commands have, and JSON.
 */
#ifndef OUTPUT_H
#define OUTPUT_H

#include <stdbool.h>

#include "common/message.h"
#include "common/output.h"

struct json_object;

/**
 * try_help() - point to the help, after a message that told what is wrong
 * @command: name of the sub-command, or NULL
 *
 * Return: %STATUS_UNUSABLE
 */
int try_help(const char *command);

/* The value of --version, which has no letter, for getopt_long() */
#define OPTION_VERSION 0x10000

/**
 * print_version() - print the version of all tools
 * @command: name of the sub-command, or NULL
 *
 * Return: %STATUS_YES
 */
int print_version(const char *command);

/**
 * directory_name() - the value of an option that names a directory
 * @option: the option
 * @text: its value
 *
 * Ends the program if it is empty.
 *
 * Return: @text
 */
const char *directory_name(const char *option, const char *text);

/**
 * clock_is_missing() - does errno say that this kernel has no CLOCK_TRACE?
 */
bool clock_is_missing(void);

/**
 * clock_failure() - print why a function of clock_trace.h failed, and what to do
 *
 * Reads errno. EINVAL and ENOSYS are taken for a kernel without the clock.
 *
 * Return: %STATUS_UNUSABLE
 */
int clock_failure(void);

/**
 * print_json() - print an object as one line to standard output, and release it
 * @object: the object
 */
void print_json(struct json_object *object);

#endif
