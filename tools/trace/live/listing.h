/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Which live sessions does a lttng-relayd have?
 */
#ifndef TRACE_LIVE_LISTING_H
#define TRACE_LIVE_LISTING_H

#include <stdbool.h>
#include <stddef.h>

/**
 * listing_check() - can it be the URL of a session?
 * @url: the URL
 *
 * Return: NULL, or what is wrong, to be freed.
 */
char *listing_check(const char *url);

/**
 * listing_get() - ask lttng-relayd
 * @url: of a session
 * @names: set to the sessions, each as HOST/SESSION, to be freed with listing_free()
 * @count: set to their number
 *
 * Return: NULL, or why it does not answer, to be freed.
 */
char *listing_get(const char *url, char ***names, size_t *count);

/**
 * listing_is() - is it that session?
 * @url: of a session
 * @name: one that listing_get() has found
 */
bool listing_is(const char *url, const char *name);

void listing_free(char **names, size_t count);

#endif
