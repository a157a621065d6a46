/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The processes that read sessions, one for each: started, started again when the connection was
 * lost, and what they tell brought to live.h.
 */
#ifndef TRACE_LIVE_FEED_H
#define TRACE_LIVE_FEED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct live;
struct feeds;

/**
 * typedef feed_reader - read a session, in a process of its own
 * @url: of the session
 * @fd: records of wire.h go there
 *
 * What returns without WIRE_END is called again, in a new process.
 */
typedef void (*feed_reader)(const char *url, int fd);

/**
 * feeds_new() - no process yet
 * @urls: of the sessions, which are kept
 * @count: their number
 * @reader: what the processes do
 */
struct feeds *feeds_new(const char *const *urls, size_t count, feed_reader reader);

/**
 * feeds_wait() - start what is to be started, and read what has come, or wait for it
 * @feeds: the processes
 * @live: where that goes
 * @milliseconds: how long to wait
 *
 * A session that cannot be read at the very first try is an error.
 *
 * Return: NULL, or what is wrong, to be freed.
 */
char *feeds_wait(struct feeds *feeds, struct live *live, int milliseconds);

/**
 * feeds_now() - the time that feeds_wait() gives to live.h, in ns
 *
 * It stands still while this process is stopped, or waits for who reads its output.
 */
int64_t feeds_now(void);

/**
 * feeds_free() - end the processes
 * @feeds: the processes, or NULL
 */
void feeds_free(struct feeds *feeds);

#endif
