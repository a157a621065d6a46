/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Read what trace-cmd has recorded.
 */
#ifndef GUEST_CHECK_TRACE_CMD_H
#define GUEST_CHECK_TRACE_CMD_H

struct builder;

/**
 * trace_cmd_read() - read the events of a file's first buffer that has some
 * @path: the file
 * @builder: takes the events
 *
 * Ends the program if the file cannot be used.
 */
void trace_cmd_read(const char *path, struct builder *builder);

#endif
