// SPDX-License-Identifier: GPL-2.0
/*
 * A trace for Perfetto: each machine is a process, each lane a track of it. All times are
 * of the host, in nanoseconds since its first event, so there are no clock snapshots.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/array.h"
#include "common/output_file.h"
#include "writers/lanes.h"
#include "writers/protobuf.h"
#include "writers/writer.h"

/* Numbers of fields and values, from Perfetto's trace.proto and what it includes */
enum { TRACE_PACKET = 1 };
enum {
	PACKET_TIMESTAMP = 8, PACKET_SEQUENCE = 10, PACKET_TRACK_EVENT = 11,
	PACKET_CLOCK_ID = 58, PACKET_TRACK_DESCRIPTOR = 60,
};
enum { TRACK_UUID = 1, TRACK_NAME = 2, TRACK_PROCESS = 3, TRACK_PARENT = 5, TRACK_COUNTER = 8 };
enum { PROCESS_PID = 1, PROCESS_NAME = 6 };
enum {
	EVENT_ANNOTATION = 4, EVENT_TYPE = 9, EVENT_TRACK = 11, EVENT_NAME = 23,
	EVENT_COUNTER_VALUE = 30, EVENT_FLOW_ID = 47,
};
enum { ANNOTATION_UINT = 3, ANNOTATION_INT = 4, ANNOTATION_DOUBLE = 5, ANNOTATION_STRING = 6,
       ANNOTATION_NAME = 10 };
enum { TYPE_BEGIN = 1, TYPE_END = 2, TYPE_INSTANT = 3, TYPE_COUNTER = 4 };
enum { CLOCK_BOOTTIME = 6 };

/* Tracks of lanes come after those of machines and of their uncertainty. */
#define UUID_MACHINE(party) (1000 + (uint64_t)(party))
#define UUID_UNCERTAINTY(party) (500000 + (uint64_t)(party))
#define UUID_LANE(lane) (1000000 + (uint64_t)(lane))

struct perfetto {
	struct output_file output;
	const struct timeline *timeline;
	struct lanes *lanes;
	uint64_t flows;
	/* For each machine, the uncertainty of its last event, plus 1 */
	uint64_t *uncertainty;
};

static void put_packet(struct perfetto *perfetto, struct protobuf *packet)
{
	unsigned char head[20];
	size_t size;

	/* One sequence: track descriptors come before the events of their tracks. */
	protobuf_number(packet, PACKET_SEQUENCE, 1);
	head[0] = TRACE_PACKET << 3 | 2;
	size = 1 + protobuf_varint(head + 1, packet->size);
	fwrite(head, 1, size, perfetto->output.file);
	fwrite(packet->data, 1, packet->size, perfetto->output.file);
}

static void put_track(struct perfetto *perfetto, uint64_t uuid, uint64_t parent, const char *name,
		      uint64_t process, bool is_counter)
{
	struct protobuf packet = { .size = 0 }, track = { .size = 0 }, inner = { .size = 0 };

	protobuf_number(&track, TRACK_UUID, uuid);
	protobuf_text(&track, TRACK_NAME, name);
	if (process) {
		protobuf_number(&inner, PROCESS_PID, process);
		protobuf_text(&inner, PROCESS_NAME, name);
		protobuf_message(&track, TRACK_PROCESS, &inner);
	}
	if (parent)
		protobuf_number(&track, TRACK_PARENT, parent);
	if (is_counter)
		protobuf_message(&track, TRACK_COUNTER, &inner);
	protobuf_message(&packet, PACKET_TRACK_DESCRIPTOR, &track);
	put_packet(perfetto, &packet);
}

static void put_event(struct perfetto *perfetto, uint64_t time, struct protobuf *event)
{
	struct protobuf packet = { .size = 0 };

	protobuf_number(&packet, PACKET_TIMESTAMP, timeline_since(perfetto->timeline, time));
	protobuf_number(&packet, PACKET_CLOCK_ID, CLOCK_BOOTTIME);
	protobuf_message(&packet, PACKET_TRACK_EVENT, event);
	put_packet(perfetto, &packet);
}

static void add_lane(void *data, size_t lane, const struct lane_info *info)
{
	put_track(data, UUID_LANE(lane), UUID_MACHINE(info->party), info->name, 0, false);
}

static void begin(void *data, size_t lane, uint64_t time, const char *text)
{
	struct protobuf event = { .size = 0 };

	protobuf_number(&event, EVENT_TYPE, TYPE_BEGIN);
	protobuf_number(&event, EVENT_TRACK, UUID_LANE(lane));
	protobuf_text(&event, EVENT_NAME, text);
	put_event(data, time, &event);
}

static void end(void *data, size_t lane, uint64_t time)
{
	struct protobuf event = { .size = 0 };

	protobuf_number(&event, EVENT_TYPE, TYPE_END);
	protobuf_number(&event, EVENT_TRACK, UUID_LANE(lane));
	put_event(data, time, &event);
}

static void annotate(void *data, const struct value *value)
{
	struct protobuf *event = data, annotation = { .size = 0 };
	uint64_t bits;

	protobuf_text(&annotation, ANNOTATION_NAME, value->name);
	if (value->type == VALUE_UNSIGNED) {
		protobuf_number(&annotation, ANNOTATION_UINT, value->u);
	} else if (value->type == VALUE_SIGNED) {
		protobuf_number(&annotation, ANNOTATION_INT, (uint64_t)value->s);
	} else if (value->type == VALUE_REAL) {
		memcpy(&bits, &value->real, sizeof(bits));
		protobuf_fixed64(&annotation, ANNOTATION_DOUBLE, bits);
	} else {
		protobuf_text(&annotation, ANNOTATION_STRING, value->text);
	}
	protobuf_message(event, EVENT_ANNOTATION, &annotation);
}

static void point(void *data, size_t lane, const struct placed *placed)
{
	struct perfetto *perfetto = data;
	struct protobuf event = { .size = 0 };

	protobuf_number(&event, EVENT_TYPE, TYPE_INSTANT);
	protobuf_number(&event, EVENT_TRACK, UUID_LANE(lane));
	protobuf_text(&event, EVENT_NAME, placed->event->name);
	placed->stream->reader->class->values(placed->stream->reader, placed->stream->number,
					      annotate, &event);
	put_event(perfetto, placed->time, &event);
}

/* An event at each end of a flow, so that it does not matter what else is there */
static void link_lanes(void *data, size_t from, uint64_t from_time, size_t to, uint64_t to_time,
		       enum link_kind kind)
{
	static const char *const names[][2] = {
		[LINK_CAUSE] = { "wakes vCPU", "woken" },
		[LINK_MOVE] = { "last before the move", "first after the move" },
		[LINK_STREAM] = { "sends guest", "receives guest" },
	};
	struct perfetto *perfetto = data;
	const struct {
		size_t lane;
		uint64_t time;
		const char *name;
	} ends[] = {
		{ from, from_time, names[kind][0] },
		{ to, to_time, names[kind][1] },
	};
	size_t i;

	perfetto->flows++;
	for (i = 0; i < 2; i++) {
		struct protobuf event = { .size = 0 };

		protobuf_number(&event, EVENT_TYPE, TYPE_INSTANT);
		protobuf_number(&event, EVENT_TRACK, UUID_LANE(ends[i].lane));
		protobuf_text(&event, EVENT_NAME, ends[i].name);
		protobuf_fixed64(&event, EVENT_FLOW_ID, perfetto->flows);
		put_event(perfetto, ends[i].time, &event);
	}
}

static void *open_perfetto(const char *path, const struct timeline *timeline, char **error)
{
	struct perfetto *perfetto = zalloc(sizeof(*perfetto));
	const struct lanes_sink sink = { perfetto, add_lane, begin, end, point, link_lanes };
	size_t i;

	perfetto->timeline = timeline;
	*error = output_begin(&perfetto->output, path);
	if (*error) {
		free(perfetto);
		return NULL;
	}
	perfetto->uncertainty = zalloc((timeline->nr_parties + 1) * sizeof(uint64_t));
	for (i = 0; i < timeline->nr_parties; i++) {
		char *title = party_title(timeline, i);

		put_track(perfetto, UUID_MACHINE(i), 0, title, i + 1, false);
		free(title);
		if (i)
			put_track(perfetto, UUID_UNCERTAINTY(i), UUID_MACHINE(i),
				  timeline->has_several_hosts ? "uncertainty (ns)" :
								"uncertainty (ticks)", 0, true);
	}
	perfetto->lanes = lanes_new(timeline, &sink);
	return perfetto;
}

/* A point of the counter where it changes */
static void note_uncertainty(struct perfetto *perfetto, const struct placed *placed)
{
	struct protobuf event = { .size = 0 };
	uint64_t width = placed->earlier + placed->uncertainty;

	if (perfetto->timeline->has_several_hosts)
		width = timeline_ns_up(perfetto->timeline, width);
	if (!placed->party || perfetto->uncertainty[placed->party] == width + 1)
		return;
	perfetto->uncertainty[placed->party] = width + 1;
	protobuf_number(&event, EVENT_TYPE, TYPE_COUNTER);
	protobuf_number(&event, EVENT_TRACK, UUID_UNCERTAINTY(placed->party));
	protobuf_number(&event, EVENT_COUNTER_VALUE, width);
	put_event(perfetto, placed->time, &event);
}

static void put_before(void *writer, const struct placed *placed)
{
	lanes_before(((struct perfetto *)writer)->lanes, placed);
}

static bool put_placed(void *writer, const struct placed *placed)
{
	struct perfetto *perfetto = writer;

	note_uncertainty(perfetto, placed);
	lanes_event(perfetto->lanes, placed);
	return !ferror(perfetto->output.file);
}

static char *close_perfetto(void *writer, bool keep)
{
	struct perfetto *perfetto = writer;
	char *error;

	lanes_finish(perfetto->lanes);
	error = output_end(&perfetto->output, keep);
	free(perfetto->uncertainty);
	free(perfetto);
	return error;
}

const struct writer_class perfetto_writer = {
	.name = "perfetto",
	.suffix = ".perfetto-trace",
	.open = open_perfetto,
	.before = put_before,
	.event = put_placed,
	.close = close_perfetto,
};
