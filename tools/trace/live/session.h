/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A session at lttng-relayd, read through libbabeltrace2 in a process of its own: there it may
 * block or crash, and nobody else is stopped.
 */
#ifndef TRACE_LIVE_SESSION_H
#define TRACE_LIVE_SESSION_H

/**
 * session_read() - read a session until it ends or the connection is lost
 * @url: as of src.ctf.lttng-live: net://HOST[:PORT]/host/NAME/SESSION
 * @fd: records of wire.h go there
 */
void session_read(const char *url, int fd);

#endif
