/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Where in a packet of CTF 1.8 its own description is.
 */
#ifndef TRACE_CTF_LAYOUT_H
#define TRACE_CTF_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LAYOUT_SIZE_MAX 1024

/**
 * struct ctf_place - where an integer is
 * @at: offset in bytes
 * @size: of it in bytes, 0 if there is none
 */
struct ctf_place {
	size_t at;
	size_t size;
};

/**
 * struct ctf_context - the beginning of the packets of a class of streams
 * @id: of the class
 * @content_size: in bits
 * @packet_size: in bits
 * @begin: time of the first event
 * @end: time of the last one
 * @size: of all that is before the first event, in bytes
 */
struct ctf_context {
	uint64_t id;
	struct ctf_place content_size;
	struct ctf_place packet_size;
	struct ctf_place begin;
	struct ctf_place end;
	size_t size;
};

/**
 * struct ctf_layout - the beginning of all packets of a trace
 * @big_endian: the byte order
 * @magic: what all packets begin with
 * @stream_id: which class it is of
 * @contexts: of the classes
 * @count: their number
 */
struct ctf_layout {
	bool big_endian;
	struct ctf_place magic;
	struct ctf_place stream_id;
	struct ctf_context *contexts;
	size_t count;
};

/**
 * ctf_layout_find() - read the layout out of metadata
 * @text: the metadata of CTF 1.8
 * @layout: set, to be freed with ctf_layout_free() in any case
 *
 * Return: false if it is other than of whole bytes, as no tracer is known to write it, or if
 * packets do not tell their size.
 */
bool ctf_layout_find(const char *text, struct ctf_layout *layout);

/**
 * ctf_layout_free() - free what is in it
 * @layout: the layout
 */
void ctf_layout_free(struct ctf_layout *layout);

/**
 * ctf_layout_number() - read an integer of a packet
 * @layout: the layout
 * @place: where it is
 * @packet: the packet
 *
 * Return: 0 if the packet has none.
 */
uint64_t ctf_layout_number(const struct ctf_layout *layout, struct ctf_place place,
			   const uint8_t *packet);

#endif
