/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Numbers in files that only this machine's programs read again: written and read one
 * after the other, with a checksum over all.
 */
#ifndef COMMON_BINARY_FILE_H
#define COMMON_BINARY_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/**
 * struct binary_file - a file that is written or read
 * @file: the stream
 * @sum: checksum of what was written or read
 * @failed: something could not be; all that follows does nothing, and reads 0
 */
struct binary_file {
	FILE *file;
	uint64_t sum;
	bool failed;
};

/**
 * binary_put() - write a number
 * @binary: the file
 * @number: the number
 */
void binary_put(struct binary_file *binary, uint64_t number);

/**
 * binary_get() - read a number
 * @binary: the file
 */
uint64_t binary_get(struct binary_file *binary);

/**
 * binary_get_count() - read the number of elements that follow
 * @binary: the file
 * @size: the least bytes that each takes in the file
 *
 * A number that the rest of the file has no room for makes the file fail.
 */
size_t binary_get_count(struct binary_file *binary, size_t size);

/**
 * binary_put_text() - write a text
 * @binary: the file
 * @text: the text
 */
void binary_put_text(struct binary_file *binary, const char *text);

/**
 * binary_get_text() - read a text
 * @binary: the file
 *
 * Return: the text, to be freed.
 */
char *binary_get_text(struct binary_file *binary);

/**
 * binary_put_sum() - write the checksum, at the end
 * @binary: the file
 */
void binary_put_sum(struct binary_file *binary);

/**
 * binary_check_sum() - read the checksum, at the end
 * @binary: the file
 *
 * Return: false if it is wrong, or anything failed before.
 */
bool binary_check_sum(struct binary_file *binary);

#endif
