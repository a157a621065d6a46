// SPDX-License-Identifier: GPL-2.0
/*
 * What came out of a guest that moved: how long it did not run, and why.
 */
#include <arpa/inet.h>
#include <inttypes.h>
#include <json-c/json.h>

#include "merge/summary.h"

static const char *const texts[DOWNTIME_PARTS] = {
	[PART_SAVING] = "until the stream went on",
	[PART_SENDING] = "to send the rest",
	[PART_NETWORK] = "on the network",
	[PART_LOADING] = "from there to its first entry",
};

static const char *const names[DOWNTIME_PARTS] = {
	[PART_SAVING] = "saving", [PART_SENDING] = "sending", [PART_NETWORK] = "network",
	[PART_LOADING] = "loading",
};

static void put_ms(FILE *file, int64_t ns)
{
	fprintf(file, "%s%" PRId64 ".%06" PRId64, ns < 0 ? "-" : "", (ns < 0 ? -ns : ns) / 1000000,
		(ns < 0 ? -ns : ns) % 1000000);
}

static void put_span(FILE *file, int64_t least, int64_t most)
{
	put_ms(file, least);
	if (most != least) {
		fputs(" to ", file);
		put_ms(file, most);
	}
	fputs(" ms", file);
}

/* An address, and a port */
struct end_text {
	char address[INET6_ADDRSTRLEN];
	unsigned int port;
};

static struct end_text end_of(const struct connection *connection, bool is_sender)
{
	const struct end *end =
		&connection->tuple.ends[is_sender ? connection->sender : !connection->sender];
	struct end_text text = { .port = end->port };

	inet_ntop(connection->tuple.version == 6 ? AF_INET6 : AF_INET, end->address, text.address,
		  sizeof(text.address));
	return text;
}

static void print_parts(FILE *file, const struct axis *axis, const struct move *move)
{
	struct downtime_parts parts;
	size_t i;

	if (!downtime_parts(axis, move, &parts)) {
		fputs("    what it sent while the guest was down the traces do not tell\n", file);
		return;
	}
	fprintf(file, "    while it was down, %" PRIu64 " bytes:", parts.bytes);
	for (i = 0; i < DOWNTIME_PARTS; i++) {
		putc(' ', file);
		put_span(file, parts.least[i], parts.most[i]);
		fprintf(file, " %s%s", texts[i], i + 1 < DOWNTIME_PARTS ? "," : "");
	}
	fprintf(file, "; the longest part is the time %s\n", texts[parts.longest]);
	if (move->down.stream.goes_on)
		fputs("    the stream went on after that (post-copy)\n", file);
}

static void print_stream(FILE *file, const struct axis *axis, const struct move *move)
{
	const struct stream_seen *stream = &move->down.stream;
	const struct timeline *timeline = axis->hosts[move->from].timeline;
	struct end_text ends[2];

	if (stream->is_unclear) {
		fputs("    by which connection it came the traces do not tell: another guest moved at the same time\n",
		      file);
		return;
	}
	if (!stream->is_known || !stream->has_begun) {
		fputs("    no connection between the two hosts is seen by which it may have come\n",
		      file);
		return;
	}
	ends[0] = end_of(&stream->connection, true);
	ends[1] = end_of(&stream->connection, false);
	fprintf(file, "    its stream, from %s port %u to %s port %u: %" PRIu64 " bytes in ",
		ends[0].address, ends[0].port, ends[1].address, ends[1].port, stream->before);
	put_ms(file, (int64_t)timeline_ns(timeline, move->down.stop - stream->begin));
	fputs(" ms while it ran\n", file);
	print_parts(file, axis, move);
}

void summary_downtime_text(FILE *file, const struct axis *axis, const struct move *move)
{
	const struct downtime *down = &move->down;
	const int64_t step[2] = { down->counted - down->most, down->counted - down->least };

	if (!down->is_known)
		return;
	fputs("    for the hosts it was down for ", file);
	put_span(file, down->least, down->most);
	fputs(", for the guest ", file);
	put_ms(file, down->counted);
	fputs(" ms: its counter stepped by ", file);
	fprintf(file, "%" PRId64, step[0]);
	if (step[1] != step[0])
		fprintf(file, " to %" PRId64, step[1]);
	fprintf(file, " ns%s\n",
		down->may_lack ? " (events are lost there, and it may have been down for less)" : "");
	print_stream(file, axis, move);
}

static void add_int(struct json_object *object, const char *name, int64_t value)
{
	json_object_object_add(object, name, json_object_new_int64(value));
}

static void add(struct json_object *object, const char *name, uint64_t value)
{
	json_object_object_add(object, name, json_object_new_uint64(value));
}

static void add_end(struct json_object *object, const char *address, const char *port,
		    const struct end_text *end)
{
	json_object_object_add(object, address, json_object_new_string(end->address));
	add(object, port, end->port);
}

static struct json_object *parts_of(const struct axis *axis, const struct move *move)
{
	struct json_object *object;
	struct downtime_parts parts;
	char name[32];
	size_t i;

	if (!downtime_parts(axis, move, &parts))
		return NULL;
	object = json_object_new_object();
	for (i = 0; i < DOWNTIME_PARTS; i++) {
		snprintf(name, sizeof(name), "%s_least_ns", names[i]);
		add_int(object, name, parts.least[i]);
		snprintf(name, sizeof(name), "%s_most_ns", names[i]);
		add_int(object, name, parts.most[i]);
	}
	add(object, "bytes", parts.bytes);
	json_object_object_add(object, "longest", json_object_new_string(names[parts.longest]));
	return object;
}

static struct json_object *stream_of(const struct axis *axis, const struct move *move)
{
	const struct stream_seen *stream = &move->down.stream;
	struct json_object *object;
	struct end_text ends[2];

	if (!stream->is_known || !stream->has_begun)
		return NULL;
	object = json_object_new_object();
	ends[0] = end_of(&stream->connection, true);
	ends[1] = end_of(&stream->connection, false);
	add_end(object, "source", "source_port", &ends[0]);
	add_end(object, "destination", "destination_port", &ends[1]);
	add(object, "begin_ticks", stream->begin);
	add(object, "bytes_before", stream->before);
	json_object_object_add(object, "goes_on", json_object_new_boolean(stream->goes_on));
	json_object_object_add(object, "parts", parts_of(axis, move));
	return object;
}

struct json_object *summary_downtime_object(const struct axis *axis, const struct move *move)
{
	const struct downtime *down = &move->down;
	struct json_object *object;

	if (!down->is_known)
		return NULL;
	object = json_object_new_object();
	add(object, "stop_ticks", down->stop);
	add(object, "resume_ticks", down->resume);
	add(object, "guest_stop", down->guest[0]);
	add(object, "guest_resume", down->guest[1]);
	add_int(object, "least_ns", down->least);
	add_int(object, "most_ns", down->most);
	add_int(object, "guest_ns", down->counted);
	json_object_object_add(object, "may_lack", json_object_new_boolean(down->may_lack));
	json_object_object_add(object, "stream", stream_of(axis, move));
	return object;
}
