// SPDX-License-Identifier: GPL-2.0
/*
 * Numbers in files that only this machine's programs read again.
 */
#include <stdlib.h>
#include <string.h>

#include "common/array.h"
#include "common/binary_file.h"

static void add_to_sum(struct binary_file *binary, uint64_t number)
{
	binary->sum = (binary->sum ^ number) * UINT64_C(0x9e3779b97f4a7c15);
	binary->sum ^= binary->sum >> 32;
}

void binary_put(struct binary_file *binary, uint64_t number)
{
	if (binary->failed)
		return;
	add_to_sum(binary, number);
	binary->failed = fwrite(&number, sizeof(number), 1, binary->file) != 1;
}

uint64_t binary_get(struct binary_file *binary)
{
	uint64_t number;

	if (binary->failed || fread(&number, sizeof(number), 1, binary->file) != 1) {
		binary->failed = true;
		return 0;
	}
	add_to_sum(binary, number);
	return number;
}

static bool has_room(struct binary_file *binary, uint64_t count, size_t size)
{
	off_t place = ftello(binary->file), end;

	if (place < 0 || fseeko(binary->file, 0, SEEK_END))
		return false;
	end = ftello(binary->file);
	return !fseeko(binary->file, place, SEEK_SET) && end >= place &&
	       count <= (uint64_t)(end - place) / size;
}

size_t binary_get_count(struct binary_file *binary, size_t size)
{
	uint64_t count = binary_get(binary);

	if (!binary->failed && !has_room(binary, count, size))
		binary->failed = true;
	return binary->failed ? 0 : (size_t)count;
}

void binary_put_text(struct binary_file *binary, const char *text)
{
	size_t size = strlen(text), i;

	binary_put(binary, size);
	for (i = 0; i < size; i += sizeof(uint64_t)) {
		uint64_t number = 0;

		memcpy(&number, text + i, size - i < sizeof(number) ? size - i : sizeof(number));
		binary_put(binary, number);
	}
}

char *binary_get_text(struct binary_file *binary)
{
	size_t size = binary_get_count(binary, 1), i;
	char *text = zalloc(size + sizeof(uint64_t) + 1);

	for (i = 0; i < size; i += sizeof(uint64_t)) {
		uint64_t number = binary_get(binary);

		memcpy(text + i, &number, sizeof(number));
	}
	text[size] = '\0';
	return text;
}

void binary_put_sum(struct binary_file *binary)
{
	binary_put(binary, binary->sum);
}

bool binary_check_sum(struct binary_file *binary)
{
	uint64_t sum = binary->sum;

	return binary_get(binary) == sum && !binary->failed;
}
