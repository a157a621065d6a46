/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The writers, with events that the fuzzer makes up.
 */
#ifndef TRACE_FUZZ_TRY_WRITERS_H
#define TRACE_FUZZ_TRY_WRITERS_H

#include <stddef.h>
#include <stdint.h>

/**
 * try_writers() - write events in one of the forms
 * @directory: where files can be made
 * @data: names, then the events
 * @size: its size
 */
void try_writers(const char *directory, const uint8_t *data, size_t size);

#endif
