// SPDX-License-Identifier: GPL-2.0
/*
 * Headers of packets in LTTng's events of the network: a variant with the header of IP, which
 * ends with a variant with the header of what it carries.
 *
 * The tracer copies the first 20 bytes of a header of IPv4 or TCP, so options are not there;
 * of IPv6 there are no extension headers, and what follows these is not recognized.
 */
#include <stdlib.h>
#include <string.h>

#include "common/array.h"
#include "readers/ctf/fields.h"
#include "readers/ctf/packets.h"

#define NONE UINT64_MAX
#define IPV6_HEADER_SIZE 40
#define UDP_HEADER_SIZE 8
/* Of frag_off: more fragments follow, or this is not the first one */
#define IS_FRAGMENT 0x3fff

enum { T_SOURCE, T_DESTINATION, T_SEQUENCE, T_ACKNOWLEDGMENT, T_OFFSET, T_FLAGS,
       T_LENGTH, T_TYPE, T_CHECKSUM, T_ECHO, NR_TRANSPORT };

static const char *const transport_names[NR_TRANSPORT] = {
	"source_port", "dest_port", "seq", "ack_seq", "data_offset", "flags",
	"len", "type", "checksum", "gateway",
};

enum { N_TOTAL, N_PAYLOAD, N_IHL, N_ID, N_FRAGMENT, N_PROTOCOL, N_NEXT, NR_NETWORK };

static const char *const network_names[NR_NETWORK] = {
	"tot_len", "payload_len", "ihl", "id", "frag_off", "protocol", "nexthdr",
};

/* A header of what IP carries */
struct transport {
	uint8_t protocol;
	struct ctf_member fields[NR_TRANSPORT];
};

/* A header of IP */
struct network {
	uint8_t version;
	/* Of the whole packet, in the payload */
	struct ctf_member length;
	struct ctf_member fields[NR_NETWORK];
	uint64_t source, destination, transport;
	struct transport *transports;
	size_t nr_transports;
};

struct ctf_headers {
	uint64_t network;
	struct network *networks;
	size_t nr_networks;
};

static const bt_field_class *find_member(const bt_field_class *class, const char *name,
					 uint64_t *index)
{
	uint64_t count = bt_field_class_structure_get_member_count(class), i;

	for (i = 0; i < count; i++) {
		const bt_field_class_structure_member *member =
			bt_field_class_structure_borrow_member_by_index_const(class, i);

		if (!strcmp(bt_field_class_structure_member_get_name(member), name)) {
			*index = i;
			return bt_field_class_structure_member_borrow_field_class_const(member);
		}
	}
	*index = NONE;
	return NULL;
}

static bool is_variant(const bt_field_class *class)
{
	return class && bt_field_class_type_is(bt_field_class_get_type(class),
					       BT_FIELD_CLASS_TYPE_VARIANT);
}

/* The class of an option of a variant, NULL if that is no structure */
static const bt_field_class *option_of(const bt_field_class *class, uint64_t index,
				       const char **name)
{
	const bt_field_class_variant_option *option =
		bt_field_class_variant_borrow_option_by_index_const(class, index);
	const bt_field_class *found = bt_field_class_variant_option_borrow_field_class_const(option);

	*name = bt_field_class_variant_option_get_name(option);
	if (!*name || bt_field_class_get_type(found) != BT_FIELD_CLASS_TYPE_STRUCTURE)
		return NULL;
	return found;
}

static void find_all(const bt_field_class *class, const char *const *names, size_t count,
		     struct ctf_member *fields)
{
	size_t i;

	for (i = 0; i < count; i++)
		fields[i] = ctf_find(class, names[i]);
}

static void find_transports(struct network *network, const bt_field_class *class)
{
	size_t i;

	network->nr_transports = bt_field_class_variant_get_option_count(class);
	network->transports = zalloc((network->nr_transports + 1) * sizeof(*network->transports));
	for (i = 0; i < network->nr_transports; i++) {
		struct transport *transport = &network->transports[i];
		const bt_field_class *option;
		const char *name;

		option = option_of(class, i, &name);
		if (!option)
			continue;
		find_all(option, transport_names, NR_TRANSPORT, transport->fields);
		if (!strcmp(name, "tcp"))
			transport->protocol = PACKET_TCP;
		else if (!strcmp(name, "udp"))
			transport->protocol = PACKET_UDP;
		else if (!strcmp(name, "icmp"))
			transport->protocol = PACKET_ICMP;
	}
}

static void find_network(struct network *network, const bt_field_class *class, const char *name)
{
	const bt_field_class *transport;

	if (strcmp(name, "ipv4") && strcmp(name, "ipv6"))
		return;
	find_all(class, network_names, NR_NETWORK, network->fields);
	find_member(class, "saddr", &network->source);
	find_member(class, "daddr", &network->destination);
	transport = find_member(class, "transport_header", &network->transport);
	if (network->source == NONE || network->destination == NONE || !is_variant(transport))
		return;
	network->version = strcmp(name, "ipv4") ? 6 : 4;
	find_transports(network, transport);
}

struct ctf_headers *ctf_headers_find(const bt_field_class *payload)
{
	const bt_field_class *class, *option;
	struct ctf_headers *headers;
	const char *name;
	uint64_t index;
	size_t i;

	if (!payload || bt_field_class_get_type(payload) != BT_FIELD_CLASS_TYPE_STRUCTURE)
		return NULL;
	class = find_member(payload, "network_header", &index);
	if (!is_variant(class))
		return NULL;
	headers = zalloc(sizeof(*headers));
	headers->network = index;
	headers->nr_networks = bt_field_class_variant_get_option_count(class);
	headers->networks = zalloc((headers->nr_networks + 1) * sizeof(*headers->networks));
	for (i = 0; i < headers->nr_networks; i++) {
		option = option_of(class, i, &name);
		if (option)
			find_network(&headers->networks[i], option, name);
		headers->networks[i].length = ctf_find(payload, "len");
	}
	return headers;
}

void ctf_headers_free(struct ctf_headers *headers)
{
	size_t i;

	if (!headers)
		return;
	for (i = 0; i < headers->nr_networks; i++)
		free(headers->networks[i].transports);
	free(headers->networks);
	free(headers);
}

static uint64_t number(const bt_field *fields, const struct ctf_member *members, size_t member)
{
	uint64_t value = 0;

	ctf_number(fields, members[member], &value);
	return value;
}

/* Of IPv4 in bytes, of IPv6 in pairs of them */
static bool read_address(const bt_field *fields, uint64_t index, uint64_t size, uint64_t elements,
			 uint8_t *address)
{
	const bt_field *field = bt_field_structure_borrow_member_field_by_index_const(fields, index);
	const uint64_t width = size / elements;
	const bt_field *element;
	uint64_t i, value;

	memset(address, 0, PACKET_ADDRESS_SIZE);
	if (!bt_field_class_type_is(bt_field_get_class_type(field), BT_FIELD_CLASS_TYPE_ARRAY) ||
	    bt_field_array_get_length(field) != elements)
		return false;
	for (i = 0; i < elements; i++) {
		element = bt_field_array_borrow_element_field_by_index_const(field, i);
		if (!bt_field_class_type_is(bt_field_get_class_type(element),
					    BT_FIELD_CLASS_TYPE_UNSIGNED_INTEGER))
			return false;
		value = bt_field_integer_unsigned_get_value(element);
		if (width == 2)
			address[2 * i] = (uint8_t)(value >> 8);
		address[width * i + width - 1] = (uint8_t)value;
	}
	return true;
}

static bool read_addresses(const struct network *network, const bt_field *fields,
			   struct packet *packet)
{
	const uint64_t size = network->version == 4 ? 4 : 16, elements = network->version == 4 ? 4 : 8;

	return read_address(fields, network->source, size, elements, packet->source) &&
	       read_address(fields, network->destination, size, elements, packet->destination);
}

/*
 * What IP carries, in bytes, 0 if that cannot be. A length of more than 16 bits is not in the
 * header; the packet's has that of Ethernet, too, where it is sent.
 */
static uint64_t size_of_payload(const struct network *network, const bt_field *fields,
				uint64_t length)
{
	const uint64_t header = network->version == 4 ? 4 * number(fields, network->fields, N_IHL) :
							 IPV6_HEADER_SIZE;
	uint64_t total = network->version == 4 ?
				 number(fields, network->fields, N_TOTAL) :
				 number(fields, network->fields, N_PAYLOAD);

	if (!total)
		total = length > UINT16_MAX ? length : 0;
	else if (network->version == 6)
		total += IPV6_HEADER_SIZE;
	return total > header ? total - header : 0;
}

static bool read_transport(const struct transport *transport, const bt_field *fields,
			   uint64_t size, struct packet *packet)
{
	const struct ctf_member *members = transport->fields;
	uint64_t header;

	packet->protocol = transport->protocol;
	if (packet->protocol == PACKET_ICMP) {
		packet->type = (uint8_t)number(fields, members, T_TYPE);
		packet->checksum = (uint16_t)number(fields, members, T_CHECKSUM);
		packet->sequence = (uint32_t)number(fields, members, T_ECHO);
		packet->length = (uint32_t)size;
		return true;
	}
	packet->source_port = (uint16_t)number(fields, members, T_SOURCE);
	packet->destination_port = (uint16_t)number(fields, members, T_DESTINATION);
	if (packet->protocol == PACKET_UDP) {
		size = number(fields, members, T_LENGTH);
		header = UDP_HEADER_SIZE;
	} else {
		header = 4 * number(fields, members, T_OFFSET);
		packet->sequence = (uint32_t)number(fields, members, T_SEQUENCE);
		packet->acknowledgment = (uint32_t)number(fields, members, T_ACKNOWLEDGMENT);
		packet->flags = (uint8_t)number(fields, members, T_FLAGS);
	}
	if (size < header)
		return false;
	packet->length = (uint32_t)(size - header);
	return true;
}

/* What carries no connections: ICMP, IGMP, ICMP of IPv6 */
static bool is_harmless(uint64_t protocol)
{
	return protocol == 1 || protocol == 2 || protocol == 58;
}

/*
 * What the tracer does not know may be a packet all the same: its header is not set yet
 * where a driver does without GRO, and a tag of a VLAN may be before it. Packets are 0 then.
 */
static void read_ip(const struct network *network, const bt_field *payload,
		    const bt_field *fields, struct packet *packet)
{
	const bt_field *variant =
		bt_field_structure_borrow_member_field_by_index_const(fields, network->transport);
	const struct transport *transport =
		&network->transports[bt_field_variant_get_selected_option_index(variant)];
	const uint64_t protocol = number(fields, network->fields,
					 network->version == 4 ? N_PROTOCOL : N_NEXT);
	const uint64_t fragment = number(fields, network->fields, N_FRAGMENT) & IS_FRAGMENT;
	struct packet read = { .version = network->version };
	uint64_t length = number(payload, &network->length, 0);

	if (!read_addresses(network, fields, &read))
		return;
	if (!transport->protocol || transport->protocol != protocol) {
		if (is_harmless(protocol) || fragment)
			*packet = read;
		return;
	}
	if (!fragment)
		read.identification = (uint16_t)number(fields, network->fields, N_ID);
	if (read_transport(transport, bt_field_variant_borrow_selected_option_field_const(variant),
			   size_of_payload(network, fields, length), &read)) {
		/* Nothing tells where the bytes of a fragment are. */
		if (fragment && read.protocol == PACKET_TCP)
			read.protocol = 0;
		*packet = read;
	}
}

bool ctf_headers_read(const struct ctf_headers *headers, const bt_field *payload,
		      struct packet *packet)
{
	const struct network *network;
	const bt_field *variant;

	if (!headers)
		return false;
	*packet = (struct packet){ 0 };
	variant = bt_field_structure_borrow_member_field_by_index_const(payload, headers->network);
	network = &headers->networks[bt_field_variant_get_selected_option_index(variant)];
	if (network->version)
		read_ip(network, payload,
			bt_field_variant_borrow_selected_option_field_const(variant), packet);
	return true;
}
