/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Messages in the wire format of protocol buffers, as much of it as a writer needs.
 */
#ifndef TRACE_PROTOBUF_H
#define TRACE_PROTOBUF_H

#include <stddef.h>
#include <stdint.h>

#define PROTOBUF_SIZE 2048

/**
 * struct protobuf - a message that is being made
 * @data: its bytes
 * @size: their number; what does not fit is left out
 */
struct protobuf {
	unsigned char data[PROTOBUF_SIZE];
	size_t size;
};

/**
 * protobuf_number() - add a field with a number
 * @message: the message
 * @field: number of the field
 * @value: its value
 */
void protobuf_number(struct protobuf *message, unsigned int field, uint64_t value);

/**
 * protobuf_fixed64() - add a field of the type fixed64
 * @message: the message
 * @field: number of the field
 * @value: its value
 */
void protobuf_fixed64(struct protobuf *message, unsigned int field, uint64_t value);

/**
 * protobuf_bytes() - add a field with bytes, a text or a message
 * @message: the message
 * @field: number of the field
 * @data: the bytes
 * @size: their number
 */
void protobuf_bytes(struct protobuf *message, unsigned int field, const void *data, size_t size);

/**
 * protobuf_text() - add a field with a text
 * @message: the message
 * @field: number of the field
 * @text: the text
 */
void protobuf_text(struct protobuf *message, unsigned int field, const char *text);

/**
 * protobuf_message() - add a field with a message
 * @message: the message
 * @field: number of the field
 * @inner: the message in it
 */
void protobuf_message(struct protobuf *message, unsigned int field, const struct protobuf *inner);

/**
 * protobuf_varint() - the bytes of a number
 * @bytes: where to put at most 10 of them
 * @value: the number
 *
 * Return: how many there are.
 */
size_t protobuf_varint(unsigned char *bytes, uint64_t value);

#endif
