/* SPDX-License-Identifier: GPL-2.0 */
/*
 * When a trace begins.
 */
#ifndef BEGIN_H
#define BEGIN_H

#include <stdbool.h>
#include <stdint.h>

/**
 * trace_begin() - find the time at which a trace begins
 * @directory: the trace
 * @ticks: set to the beginning of its earliest packet, by the trace's clock
 * @is_continued: set if that is not the first packet of its stream, as after a rotation or in a
 *	snapshot
 *
 * Reads the packets of LTTng only, of this machine's byte order.
 *
 * Return: whether it has any.
 */
bool trace_begin(const char *directory, uint64_t *ticks, bool *is_continued);

#endif
