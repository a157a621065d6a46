/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Arrays that grow.
 */
#ifndef COMMON_ARRAY_H
#define COMMON_ARRAY_H

#include <stddef.h>

/**
 * array_room() - have room for one more element
 * @items: the array, NULL at first
 * @count: number of its elements
 * @size: size of an element
 *
 * Ends the program where there is no memory.
 *
 * Return: the array, which may have moved.
 */
void *array_room(void *items, size_t count, size_t size);

/**
 * zalloc() - allocate memory that is zero
 * @size: number of bytes
 *
 * Ends the program where there is none.
 *
 * Return: the memory.
 */
void *zalloc(size_t size);

#endif
