/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Work on files whose readers may crash or never return.
 *
 * The work is done in a child. It notes which event of which file it is about to read;
 * if it crashes there, or does not come on, it is started again and told to use only what
 * is before.
 */
#ifndef TRACE_GUARD_H
#define TRACE_GUARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * guard_run() - do work in a child
 * @work: the work; returns an exit status
 * @data: for @work
 * @seconds: without any event or file for so long, the child is ended
 *
 * Return: the exit status.
 */
int guard_run(int (*work)(void *data), void *data, unsigned int seconds);

/**
 * guard_reading() - a file is about to be opened, or was
 * @path: the file; NULL if that is over
 */
void guard_reading(const char *path);

/**
 * guard_event() - an event is about to be read
 * @path: the file
 * @stream: number of the stream
 * @number: number of the event in it
 */
void guard_event(const char *path, size_t stream, uint64_t number);

/**
 * guard_done() - the event was read
 */
void guard_done(void);

/**
 * guard_writing() - from now on output that cannot be taken back is written
 */
void guard_writing(void);

/**
 * guard_is_excluded() - did a child crash when it opened this file?
 * @path: the file
 */
bool guard_is_excluded(const char *path);

/**
 * guard_limit_reached() - did a child crash when it read this event?
 * @path: the file
 * @stream: number of the stream
 * @number: number of the event
 */
bool guard_limit_reached(const char *path, size_t stream, uint64_t number);

/**
 * guard_say_once() - is this the first time that this is said?
 * @text: a message
 *
 * A trace is read more than once, and what is wrong with it is worth one message.
 */
bool guard_say_once(const char *text);

#endif
