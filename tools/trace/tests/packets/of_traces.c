// SPDX-License-Identifier: GPL-2.0
/*
 * The packets, or the messages, of traces of several hosts, one a line.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/array.h"
#include "common/message.h"
#include "packets/match.h"
#include "readers/reader.h"

/* A stream of a host, with its next event */
struct input {
	struct reader *reader;
	size_t stream;
	size_t host;
	struct event event;
	int64_t origin;
};

static int64_t ns_of(const struct input *input, uint64_t ticks)
{
	return (int64_t)((unsigned __int128)ticks * 1000000000 / input->reader->frequency);
}

static bool read_next(struct input *input, struct packets *packets)
{
	const struct event *event = &input->event;
	enum read_status status = input->reader->class->next(input->reader, input->stream,
							     &input->event);

	if (status == READ_ERROR)
		die("%s: %s", input->reader->path, input->reader->error);
	if (status == READ_END)
		return false;
	if (event->lost_before && packets)
		packets_lost(packets, input->host, ns_of(input, event->lost_from),
			     event->lost_to ? ns_of(input, event->lost_to) + 1 :
					      HOSTS_TIME_MAX - 1);
	return true;
}

static void print_address(const struct packet *packet, const uint8_t *address)
{
	size_t i;

	for (i = 0; i < (packet->version == 4 ? 4 : 16); i++)
		printf("%02x", address[i]);
}

static void print_packet(const struct input *input)
{
	const struct event *event = &input->event;
	const struct packet *packet = event->packet;

	printf("%zu %" PRIu64 " %s", input->host, event->time,
	       event->kind == EVENT_SENT ? "sent" : "received");
	if (!packet || !packet->version) {
		puts(packet ? " unknown" : " -");
		return;
	}
	printf(" ipv%u %u ", packet->version, packet->protocol);
	if (!packet->protocol) {
		puts("other");
		return;
	}
	print_address(packet, packet->source);
	printf(":%u ", packet->source_port);
	print_address(packet, packet->destination);
	printf(":%u length %" PRIu32 " sequence %" PRIu32 " acknowledgment %" PRIu32,
	       packet->destination_port, packet->length, packet->sequence, packet->acknowledgment);
	printf(" flags %u identification %u type %u checksum %u\n", packet->flags,
	       packet->identification, packet->type, packet->checksum);
}

static void print_loss(const struct input *input)
{
	printf("%zu %" PRIu64 " lost %" PRIu64 " %" PRIu64 "\n", input->host, input->event.time,
	       input->event.lost_from, input->event.lost_to);
}

static void print_message(void *data, const struct host_message *message,
			  const struct packet *packet)
{
	(void)data;
	printf("message %" PRIu64 " from %zu at %" PRId64 " to %zu at %" PRId64 " protocol %u\n",
	       message->number, message->from, message->sent, message->to, message->received,
	       packet->protocol);
}

static void take_event(const struct input *input, struct packets *packets)
{
	const struct event *event = &input->event;
	const int64_t time = ns_of(input, event->time);

	if (event->lost_before && !packets)
		print_loss(input);
	if (event->kind != EVENT_SENT && event->kind != EVENT_RECEIVED)
		return;
	if (!packets)
		print_packet(input);
	else if (event->packet && event->kind == EVENT_SENT)
		packets_sent(packets, input->host, time, event->packet);
	else if (event->packet)
		packets_received(packets, input->host, time + 1, event->packet);
}

int main(int argc, char **argv)
{
	const bool of_packets = argc > 1 && !strcmp(argv[1], "--packets");
	const int first = 1 + of_packets;
	struct packets *packets = NULL;
	struct input *inputs = NULL;
	size_t count = 0, i, next;
	struct limits limits;
	int number;

	limits_set(&limits, LIMITS_RATE_PPB, LIMITS_DRIFT_PPT);
	if (!of_packets)
		packets = packets_new((size_t)(argc - first), &limits, NULL, print_message, NULL);
	for (number = first; number < argc; number++) {
		char *error = NULL;
		struct reader *reader = ctf_reader.open(argv[number], &error);

		if (!reader)
			die("%s: %s", argv[number], error);
		for (i = 0; i < reader->nr_streams; i++) {
			struct input input = { reader, i, (size_t)(number - first), { 0 }, 0 };

			input.origin = reader->offset_s * 1000000000 +
				       ns_of(&input, reader->offset);
			if (!read_next(&input, packets))
				continue;
			inputs = array_room(inputs, count, sizeof(*inputs));
			inputs[count++] = input;
		}
	}
	/* By the time of day, which need not be right */
	while (count) {
		for (i = next = 0; i < count; i++)
			if (ns_of(&inputs[i], inputs[i].event.time) + inputs[i].origin <
			    ns_of(&inputs[next], inputs[next].event.time) + inputs[next].origin)
				next = i;
		take_event(&inputs[next], packets);
		if (!read_next(&inputs[next], packets))
			inputs[next] = inputs[--count];
	}
	free(inputs);
	if (packets) {
		const struct packets_counts *counts = packets_counts(packets);

		printf("sent %" PRIu64 " received %" PRIu64 " messages %" PRIu64 " retransmitted %" PRIu64 " unknown %" PRIu64 " expired %" PRIu64 " conflicts %" PRIu64 "\n",
		       counts->sent, counts->received, counts->messages, counts->retransmitted,
		       counts->unknown, counts->expired, counts->conflicts);
		packets_free(packets);
	}
	return 0;
}
