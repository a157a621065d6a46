/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Is a trace the one that was read before?
 */
#ifndef TRACE_FINGERPRINT_H
#define TRACE_FINGERPRINT_H

#include <stdint.h>

/**
 * fingerprint_of() - a hash of the files at a path
 * @path: a file or a directory
 *
 * Of their names below @path, their sizes, and their beginnings and ends: reading all of
 * them would take as long as the pass over the trace that is to be saved.
 */
uint64_t fingerprint_of(const char *path);

#endif
