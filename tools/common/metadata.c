// SPDX-License-Identifier: GPL-2.0
/*
 * Metadata files: packets that hold pieces of a text
 *
 * LTTng writes the metadata of a trace as CTF packets. A packet ends where it is full,
 * in the middle of a word if need be.
 */

#include <byteswap.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/metadata.h"

#define MAGIC		0x75d11d57u
#define MAX_SIZE	(256u << 20)

/* As it is in the file. The fields from checksum on are of the writer's byte order. */
struct header {
	uint32_t magic;
	uint8_t uuid[16];
	uint32_t checksum;
	uint32_t content_size;
	uint32_t packet_size;
	uint8_t compression;
	uint8_t encryption;
	uint8_t checksum_scheme;
	uint8_t major;
	uint8_t minor;
} __attribute__((packed));

/**
 * struct metadata_packet - where a piece of the text is
 * @text:	its place in the text
 * @size:	of it
 * @file:	its place in the file
 */
struct metadata_packet {
	size_t text;
	size_t size;
	off_t file;
};

static int read_file(int fd, char **data, size_t *size, const char **why)
{
	struct stat stat;
	ssize_t got;

	if (fstat(fd, &stat)) {
		*why = strerror(errno);
		return -1;
	}
	if (!S_ISREG(stat.st_mode) || (uint64_t)stat.st_size > MAX_SIZE) {
		*why = S_ISREG(stat.st_mode) ? "too large for metadata" : "not a file";
		return -1;
	}
	*data = malloc(stat.st_size + 1);
	if (!*data) {
		*why = strerror(ENOMEM);
		return -1;
	}
	/* What is appended meanwhile is not looked at. */
	for (*size = 0; *size < (size_t)stat.st_size; *size += got) {
		got = pread(fd, *data + *size, stat.st_size - *size, *size);
		if (got < 0) {
			*why = strerror(errno);
			free(*data);
			return -1;
		}
		if (!got)
			break;
	}
	(*data)[*size] = '\0';
	return 0;
}

static bool is_packet(const char *data, size_t size, bool *swapped)
{
	uint32_t magic;

	if (size < sizeof(magic))
		return false;
	memcpy(&magic, data, sizeof(magic));
	*swapped = magic == bswap_32(MAGIC);
	return magic == MAGIC || *swapped;
}

/* Moves the pieces of the text together, at the beginning of the data. */
static int join(struct metadata *metadata, size_t size, bool swapped, const char **why)
{
	char *data = metadata->text;
	struct metadata_packet *packets;
	size_t content, length, at;
	struct header header;

	metadata->size = 0;
	for (at = 0; at < size; at += length) {
		*why = "its packets are damaged";
		if (size - at < sizeof(header))
			return -1;
		memcpy(&header, data + at, sizeof(header));
		content = (swapped ? bswap_32(header.content_size) : header.content_size) / 8;
		length = (swapped ? bswap_32(header.packet_size) : header.packet_size) / 8;
		if (header.magic != (swapped ? bswap_32(MAGIC) : MAGIC) ||
		    content < sizeof(header) || length < content || length > size - at)
			return -1;
		if (header.compression || header.encryption || header.checksum_scheme) {
			*why = "its packets are compressed, encrypted or have checksums";
			return -1;
		}
		packets = realloc(metadata->packets,
				  (metadata->count + 1) * sizeof(*packets));
		if (!packets) {
			*why = strerror(ENOMEM);
			return -1;
		}
		metadata->packets = packets;
		packets += metadata->count++;
		packets->text = metadata->size;
		packets->size = content - sizeof(header);
		packets->file = at + sizeof(header);
		memmove(data + metadata->size, data + packets->file, packets->size);
		metadata->size += packets->size;
	}
	data[metadata->size] = '\0';
	return 0;
}

/**
 * metadata_read() - read a metadata file
 * @fd: the file
 * @metadata: where to store the text; to be freed with metadata_free()
 * @why: where to store what is wrong
 *
 * Return: 0, or -1 with @why set.
 */
int metadata_read(int fd, struct metadata *metadata, const char **why)
{
	bool swapped;
	size_t size;

	memset(metadata, 0, sizeof(*metadata));
	if (read_file(fd, &metadata->text, &size, why)) {
		metadata->text = NULL;
		return -1;
	}
	if (!is_packet(metadata->text, size, &swapped)) {
		metadata->size = size;
	} else if (join(metadata, size, swapped, why)) {
		metadata_free(metadata);
		return -1;
	}
	if (!metadata->size || metadata->text[0] == '\x1e') {
		*why = metadata->size ? "it is of CTF 2, and only CTF 1.8 is known here" :
					"it is empty";
		metadata_free(metadata);
		return -1;
	}
	return 0;
}

static int write_all(int fd, const char *data, size_t size, off_t at)
{
	ssize_t put;

	for (; size; data += put, at += put, size -= put) {
		put = pwrite(fd, data, size, at);
		if (put < 0)
			return -1;
	}
	return 0;
}

/**
 * metadata_write() - write a part of the text back to where it came from
 * @fd: the file
 * @metadata: the text
 * @start: first byte of the part
 * @size: of the part
 *
 * The file keeps its size, and a tracer that has it open can go on to append to it.
 *
 * Return: 0, or -1 with errno set.
 */
int metadata_write(int fd, const struct metadata *metadata, size_t start, size_t size)
{
	const struct metadata_packet *packet = metadata->packets;
	const struct metadata_packet *end = packet + metadata->count;
	size_t from, to;

	if (!metadata->count)
		return write_all(fd, metadata->text + start, size, start);
	for (; packet < end; packet++) {
		from = packet->text > start ? packet->text : start;
		to = packet->text + packet->size;
		if (to > start + size)
			to = start + size;
		if (from < to && write_all(fd, metadata->text + from, to - from,
					   packet->file + (from - packet->text)))
			return -1;
	}
	return 0;
}

/**
 * metadata_free() - free what metadata_read() has allocated
 * @metadata: the text
 */
void metadata_free(struct metadata *metadata)
{
	free(metadata->text);
	free(metadata->packets);
	memset(metadata, 0, sizeof(*metadata));
}
