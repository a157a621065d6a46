/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The sub-commands of clocktrace.
 */
#ifndef CLOCKTRACE_H
#define CLOCKTRACE_H

#include "common/message.h"

/*
 * The sub-commands. Each gets its own name as argv[0] and its arguments, parses them with
 * getopt_long(), writes its result to standard output, and returns an exit status
 * of common/message.h. It need not check
 * for write errors: main() does.
 */
int cmd_info(int argc, char **argv);
int cmd_check(int argc, char **argv);
int cmd_read(int argc, char **argv);
int cmd_watch(int argc, char **argv);
int cmd_convert(int argc, char **argv);
int cmd_bench(int argc, char **argv);

#endif
