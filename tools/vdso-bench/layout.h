/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a kernel build says of its own vDSO: read from the object file that
 * layout/vdso-layout.c becomes when it is compiled with that build's headers.
 */
#ifndef VDSO_BENCH_LAYOUT_H
#define VDSO_BENCH_LAYOUT_H

#include <stdbool.h>
#include <stdint.h>

struct layout;

/**
 * layout_read() - read the layout of a kernel build
 * @path:	the object file
 *
 * Return: the layout. Exits with a message that says how to make the file if it
 * cannot be read or is none.
 */
struct layout *layout_read(const char *path);

/**
 * layout_has() - is there a value of that name?
 * @layout:	layout
 * @name:	name, as in layout/vdso-layout.c
 *
 * Return: true if there is.
 */
bool layout_has(const struct layout *layout, const char *name);

/**
 * layout_value() - look a value up
 * @layout:	layout
 * @name:	name, as in layout/vdso-layout.c
 *
 * Return: the value. Exits if there is none: to go on would measure nonsense.
 */
uint64_t layout_value(const struct layout *layout, const char *name);

#endif /* VDSO_BENCH_LAYOUT_H */
