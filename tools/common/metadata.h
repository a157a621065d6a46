/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Metadata files of CTF 1.8: packets that hold pieces of a text.
 */
#ifndef COMMON_METADATA_H
#define COMMON_METADATA_H

#include <stddef.h>
#include <sys/types.h>

/**
 * struct metadata - the text of a CTF 1.8 metadata stream
 * @text:	all of it, in one piece, with a '\0' behind it
 * @size:	of it, without the '\0'
 * @packets:	what LTTng cuts it into
 * @count:	of them, 0 where the file is plain text
 */
struct metadata {
	char *text;
	size_t size;
	struct metadata_packet *packets;
	size_t count;
};

int metadata_read(int fd, struct metadata *metadata, const char **why);
int metadata_write(int fd, const struct metadata *metadata, size_t start, size_t size);
void metadata_free(struct metadata *metadata);

#endif
