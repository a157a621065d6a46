// SPDX-License-Identifier: GPL-2.0
/*
 * Messages in the wire format of protocol buffers.
 */
#include <string.h>

#include "writers/protobuf.h"

enum { WIRE_VARINT = 0, WIRE_FIXED64 = 1, WIRE_BYTES = 2 };

size_t protobuf_varint(unsigned char *bytes, uint64_t value)
{
	size_t size = 0;

	for (; value >= 0x80; value >>= 7)
		bytes[size++] = (unsigned char)(value | 0x80);
	bytes[size++] = (unsigned char)value;
	return size;
}

static size_t tag(unsigned char *bytes, unsigned int field, unsigned int wire)
{
	return protobuf_varint(bytes, (uint64_t)field << 3 | wire);
}

static void append(struct protobuf *message, const void *data, size_t size)
{
	memcpy(message->data + message->size, data, size);
	message->size += size;
}

void protobuf_number(struct protobuf *message, unsigned int field, uint64_t value)
{
	unsigned char bytes[20];
	size_t size = tag(bytes, field, WIRE_VARINT);

	size += protobuf_varint(bytes + size, value);
	if (size <= PROTOBUF_SIZE - message->size)
		append(message, bytes, size);
}

void protobuf_fixed64(struct protobuf *message, unsigned int field, uint64_t value)
{
	unsigned char bytes[20];
	size_t size = tag(bytes, field, WIRE_FIXED64), i;

	for (i = 0; i < 8; i++)
		bytes[size++] = (unsigned char)(value >> 8 * i);
	if (size <= PROTOBUF_SIZE - message->size)
		append(message, bytes, size);
}

void protobuf_bytes(struct protobuf *message, unsigned int field, const void *data, size_t size)
{
	unsigned char bytes[20];
	size_t head = tag(bytes, field, WIRE_BYTES);

	head += protobuf_varint(bytes + head, size);
	/* All of a field or nothing of it */
	if (size > PROTOBUF_SIZE || head + size > PROTOBUF_SIZE - message->size)
		return;
	append(message, bytes, head);
	append(message, data, size);
}

void protobuf_text(struct protobuf *message, unsigned int field, const char *text)
{
	protobuf_bytes(message, field, text, strlen(text));
}

void protobuf_message(struct protobuf *message, unsigned int field, const struct protobuf *inner)
{
	protobuf_bytes(message, field, inner->data, inner->size);
}
