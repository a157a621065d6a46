/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the headers of a packet say, as far as it tells packets apart.
 */
#ifndef TRACE_PACKETS_PACKET_H
#define TRACE_PACKETS_PACKET_H

#include <stdint.h>

#define PACKET_ADDRESS_SIZE 16

/* Numbers of protocols, for TCP, UDP and ICMP over IPv4 */
enum { PACKET_ICMP = 1, PACKET_TCP = 6, PACKET_UDP = 17 };

/* Flags of TCP, as in its header */
enum {
	PACKET_FIN = 0x01,
	PACKET_SYN = 0x02,
	PACKET_RST = 0x04,
	PACKET_ACK = 0x10,
};

/* Types of ICMP that are matched */
enum { PACKET_ECHO_REPLY = 0, PACKET_ECHO = 8 };

/**
 * struct packet - a packet of IP, in the byte order of the CPU
 * @version: of IP, 4 or 6; 0 if the tracer has not recognized what it is, and it may be anything
 * @protocol: what it carries; packets other than TCP, UDP and ICMP are never matched
 * @source: the sender's address as in the header; of IPv4 4 bytes, followed by zeros
 * @destination: the receiver's
 * @source_port: of TCP and UDP
 * @destination_port: of TCP and UDP
 * @sequence: of TCP: number of the first byte, or of the SYN; of an ICMP echo: identifier
 *	and sequence number, as they follow each other in the header
 * @acknowledgment: of TCP
 * @length: number of bytes that the packet carries for TCP or UDP, without their header;
 *	where headers do not tell, of a packet that was sent rather too many, of one that was
 *	received rather too few
 * @checksum: of ICMP, which covers what the packet carries
 * @identification: of IPv4, 0 if there is none or if it is part of a fragmented packet
 * @flags: of TCP
 * @type: of ICMP
 */
struct packet {
	uint8_t version;
	uint8_t protocol;
	uint8_t source[PACKET_ADDRESS_SIZE];
	uint8_t destination[PACKET_ADDRESS_SIZE];
	uint16_t source_port;
	uint16_t destination_port;
	uint32_t sequence;
	uint32_t acknowledgment;
	uint32_t length;
	uint16_t checksum;
	uint16_t identification;
	uint8_t flags;
	uint8_t type;
};

#endif
