/* SPDX-License-Identifier: GPL-2.0 */
/* The alternatives of a vDSO image, applied for this CPU. */
#ifndef VDSO_BENCH_ALTERNATIVES_H
#define VDSO_BENCH_ALTERNATIVES_H

#include <stddef.h>
#include <stdint.h>

#include "layout.h"

/**
 * alternatives_apply() - patch an image as a 64-bit kernel does at boot
 * @layout:	of the kernel build that the image is from
 * @path:	of the image, for messages
 * @image:	the image, as it lies in memory
 * @size:	its size in bytes
 * @table:	offset of .altinstructions in it
 * @table_size:	size of that section in bytes
 *
 * Exits with a message if the table makes no sense or depends on an unknown feature.
 */
void alternatives_apply(const struct layout *layout, const char *path, uint8_t *image,
			size_t size, size_t table, size_t table_size);

#endif /* VDSO_BENCH_ALTERNATIVES_H */
