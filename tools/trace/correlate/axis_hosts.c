// SPDX-License-Identifier: GPL-2.0
/*
 * The first pass over all hosts at once, in about the order in which their events were: a
 * packet waits for its other end, and shall not wait long.
 */
#include <stdlib.h>

#include "common/array.h"
#include "common/message.h"
#include "correlate/axis_parts.h"
#include "correlate/clock_check.h"
#include "correlate/host_pass.h"
#include "correlate/party.h"

#define PROGRESS_EVERY 65536
#define NS INT64_C(1000000000)

/**
 * struct reading - a host that is being read
 * @number: of the host
 * @machine: its traces
 * @pass: what the model needs
 * @stream: the stream that has its next event, NULL at the end
 * @offset: from its time to that by which the hosts take turns, in ns
 * @used: index of the epoch that the last packet was of
 * @has_packets: there was one
 */
struct reading {
	size_t number;
	struct machine *machine;
	struct host_pass pass;
	struct stream *stream;
	int64_t offset;
	size_t used;
	bool has_packets;
};

struct readings {
	struct axis *axis;
	struct packets *packets;
	struct connections *connections;
	struct reading *list;
	struct heap heap;
};

static void take_message(void *data, const struct host_message *message,
			 const struct packet *packet)
{
	struct readings *readings = data;

	axis_message(readings->axis, message);
	connections_add(readings->connections, message, packet);
}

static uint64_t frequency_of(const struct readings *readings, const struct reading *reading)
{
	return readings->axis->hosts[reading->number].timeline->frequency;
}

static void take_loss(struct readings *readings, const struct reading *reading,
		      const struct stream *stream)
{
	const uint64_t frequency = frequency_of(readings, reading);
	const struct event *event = &stream->event;
	const bool is_told = event->lost_to;

	if (stream->there && event->lost_before)
		packets_lost(readings->packets, reading->number,
			     is_told ? ns_from(event->lost_from, frequency) : -HOSTS_TIME_MAX + 1,
			     ns_to(is_told && event->lost_to > event->time ? event->lost_to :
									     event->time, frequency));
}

/* Read on. What the stream says of losses before its next event is to be known at once. */
static void read_on(struct readings *readings, struct reading *reading)
{
	struct stream *last = reading->stream;
	size_t i;

	reading->stream = machine_next(reading->machine);
	if (last) {
		take_loss(readings, reading, last);
		return;
	}
	for (i = 0; i < reading->machine->nr_streams; i++)
		take_loss(readings, reading, &reading->machine->streams[i]);
}

/* The time of day, if all hosts have it; otherwise that since the first event */
static void set_turns(struct readings *readings)
{
	const size_t count = readings->axis->nr_hosts;
	bool has_time_of_day = true;
	size_t i;

	for (i = 0; i < count; i++) {
		const struct timeline *timeline = readings->axis->hosts[i].timeline;

		has_time_of_day &= timeline->offset_s || timeline->offset;
	}
	for (i = 0; i < count; i++) {
		struct reading *reading = &readings->list[i];
		const struct timeline *timeline = readings->axis->hosts[i].timeline;

		if (has_time_of_day)
			reading->offset = timeline->offset_s * NS +
					  ns_from(timeline->offset, timeline->frequency);
		else if (reading->stream)
			reading->offset = -ns_from(reading->stream->event.time,
						   timeline->frequency);
	}
}

static struct heap_key key_of(const struct readings *readings, const struct reading *reading)
{
	const int64_t time = ns_from(reading->stream->event.time,
				     frequency_of(readings, reading)) + reading->offset;

	return (struct heap_key){ (uint64_t)time ^ UINT64_C(1) << 63, 0, reading->number };
}

static char *take_packet(struct readings *readings, struct reading *reading)
{
	const struct event *event = &reading->stream->event;
	const uint64_t frequency = frequency_of(readings, reading);

	if ((event->kind != EVENT_SENT && event->kind != EVENT_RECEIVED) || !event->packet)
		return NULL;
	if (reading->has_packets && reading->used != reading->pass.used)
		return text_of("%s: the clock began a new epoch while it was recorded, and times of two epochs cannot be compared: with several hosts, record each in one epoch",
			       reading->machine->path);
	reading->has_packets = true;
	reading->used = reading->pass.used;
	readings->axis->packets++;
	if (event->kind == EVENT_SENT)
		packets_sent(readings->packets, reading->number, ns_from(event->time, frequency),
			     event->packet);
	else
		packets_received(readings->packets, reading->number,
				 ns_to(event->time + reading->stream->reader->resolution,
				       frequency), event->packet);
	return NULL;
}

static char *take_event(struct readings *readings, struct reading *reading)
{
	char *text, *error;
	bool used;

	error = host_pass_add(&reading->pass, reading->stream, &used);
	if (!error && used)
		return take_packet(readings, reading);
	if (!error)
		return NULL;
	text = host_file_error(reading->pass.timeline->host);
	if (!text)
		text = text_of("%s: %s", reading->machine->path, error);
	free(error);
	return text;
}

static char *read_all(struct readings *readings, progress_handler progress)
{
	const size_t count = readings->axis->nr_hosts;
	uint64_t events = 0;
	char *error = NULL;
	size_t i;

	for (i = 0; i < count; i++)
		read_on(readings, &readings->list[i]);
	set_turns(readings);
	readings->heap.keys = zalloc((count + 1) * sizeof(*readings->heap.keys));
	for (i = 0; i < count; i++)
		if (readings->list[i].stream)
			heap_push(&readings->heap, key_of(readings, &readings->list[i]));
	while (!error && readings->heap.count) {
		struct reading *reading = &readings->list[readings->heap.keys[0].stream];

		error = take_event(readings, reading);
		read_on(readings, reading);
		if (reading->stream)
			heap_replace(&readings->heap, key_of(readings, reading));
		else
			heap_pop(&readings->heap);
		if (progress && ++events % PROGRESS_EVERY == 0)
			progress("reading the hosts", events);
	}
	free(readings->heap.keys);
	return error;
}

static char *open_host(struct reading *reading, struct timeline *timeline)
{
	bool assumed = false;
	char *error;

	reading->machine = party_open(&timeline->parties[0], &error);
	if (!reading->machine)
		return error;
	machine_brief(reading->machine);
	if (!timeline->parties[0].trust_clock)
		error = clock_check(reading->machine, &assumed);
	timeline->assumed_clock = assumed;
	timeline->host = error ? NULL : host_new(&error);
	if (!error)
		host_pass_begin(&reading->pass, timeline, 0);
	return error;
}

char *axis_read_hosts(struct axis *axis, const struct limits *limits,
		      struct connections *connections, progress_handler progress)
{
	struct readings readings = { .axis = axis, .connections = connections };
	char *error = NULL;
	size_t i;

	readings.list = zalloc((axis->nr_hosts + 1) * sizeof(*readings.list));
	readings.packets = packets_new(axis->nr_hosts, limits, NULL, take_message, &readings);
	for (i = 0; i < axis->nr_hosts && !error; i++) {
		readings.list[i].number = i;
		error = open_host(&readings.list[i], axis->hosts[i].timeline);
	}
	if (!error)
		error = read_all(&readings, progress);
	for (i = 0; i < axis->nr_hosts; i++) {
		struct reading *reading = &readings.list[i];

		if (reading->machine && !error)
			error = host_pass_finish(&reading->pass, reading->machine, true);
		if (reading->machine)
			axis->hosts[i].timeline->parties[0].damaged = reading->machine->damaged;
		machine_close(reading->machine);
	}
	axis->expired = packets_counts(readings.packets)->expired;
	axis->conflicts = packets_counts(readings.packets)->conflicts;
	packets_free(readings.packets);
	free(readings.list);
	return error;
}
