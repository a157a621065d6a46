// SPDX-License-Identifier: GPL-2.0
/*
 * The writers, with events that the fuzzer makes up: any names, values, times and kinds, as a
 * hostile trace may have them. What a writer can rely on is kept: times do not go back, texts
 * end, and an event of a guest has a vCPU.
 */
#include <stdlib.h>
#include <string.h>

#include "common/array.h"
#include "common/leftover.h"
#include "common/message.h"
#include "fuzz/try_writers.h"
#include "writers/writer.h"

#define EVENT_SIZE 12
#define NAMES 8
#define THREADS 3
#define VCPUS 2

/* What the reader of all events hands on */
struct made {
	struct reader reader;
	char *names[NAMES];
	const uint8_t *event;
};

static void make_values(struct reader *reader, size_t stream, value_handler handler, void *data)
{
	const struct made *made = (struct made *)reader;
	uint8_t count = made->event[9] % 5, i;
	uint64_t bits;

	(void)stream;
	memcpy(&bits, made->event, sizeof(bits));
	for (i = 0; i < count; i++) {
		struct value value = {
			.name = made->names[(made->event[10] + i) % NAMES],
			.type = (made->event[9] / 5 + i) % (VALUE_TEXT + 1),
			.context = made->event[11] & 1,
			.u = bits << (8 * i),
		};

		if (value.type == VALUE_TEXT)
			value.text = made->names[(made->event[11] + i) % NAMES];
		handler(data, &value);
	}
}

static const char *make_thread_name(struct reader *reader, int thread)
{
	const struct made *made = (struct made *)reader;

	return thread == 1 ? NULL : made->names[(unsigned int)thread % NAMES];
}

static const struct reader_class made_reader = {
	.name = "made",
	.values = make_values,
	.thread_name = make_thread_name,
};

/* A host with two vCPUs, of which a thread each has told */
static struct host *make_host(uint64_t from, uint64_t to)
{
	char *error = NULL;
	struct host *host = host_new(&error);
	struct event event = { .time = from, .kind = EVENT_GUEST_COUNTER, .name = "kvm_guest_counter" };
	int i;

	if (!host)
		abort();
	for (i = 0; i < VCPUS; i++) {
		event.thread = i;
		event.tsc = (struct clocktrace_guest_event){
			.vm_id = 7, .vm_pid = 100, .vcpu_id = (uint32_t)i,
			.tsc = { .ratio = 1, .frac_bits = 0 },
		};
		free(host_add(host, &event));
	}
	event = (struct event){ .time = to, .name = "last", .thread = THREAD_NONE };
	free(host_add(host, &event));
	free(host_finish(host));
	return host;
}

static void make_event(const struct timeline *timeline, const uint8_t *bytes, uint64_t time,
		       struct stream *stream, struct placed *placed)
{
	const struct made *made = (struct made *)stream->reader;
	struct event *event = &stream->event;

	*event = (struct event){
		.time = time * 3,
		.name = made->names[bytes[0] % NAMES],
		.kind = bytes[1] % (EVENT_WAKEUP + 1),
		.cpu = bytes[2] & 128 ? UINT32_MAX - bytes[2] : bytes[2] % 4,
		.thread = bytes[3] % (THREADS + 1) - 1,
		.process = bytes[3] / 4,
		.vcpu_id = bytes[4] & 1 ? bytes[4] / 2 % VCPUS : VCPU_UNKNOWN,
		.exit_reason = bytes[5],
		.svm = bytes[5] & 1,
		.next = bytes[6] - 1,
		.runnable = bytes[6] & 1,
	};
	memcpy(event->comm, bytes, EVENT_SIZE);
	stream->reader->user_space = bytes[7] & 4;
	*placed = (struct placed){
		.event = event,
		.stream = stream,
		.party = bytes[7] & 1,
		.time = time,
		.uncertainty = bytes[7] & 2 ? (uint64_t)bytes[8] << bytes[8] % 57 : 0,
		.certainty = bytes[7] / 8 % (CLOCKTRACE_GUESSED + 1),
		.is_bounded = bytes[7] & 64,
		.vcpu = bytes[7] & 1 || bytes[4] & 4 ? &timeline->host->vcpus[bytes[4] / 8 % VCPUS] : NULL,
	};
}

/* Events until the data end; the time of each is so long after that of the one before. */
static void write_all(const struct timeline *timeline, struct made *made,
		      const struct writer_class *writer, void *output, const uint8_t *data,
		      size_t size)
{
	struct stream stream = { .reader = &made->reader };
	uint64_t time = timeline->host->first.host_time, step;
	bool go_on = true;
	struct placed placed;

	for (; go_on && size >= EVENT_SIZE; data += EVENT_SIZE, size -= EVENT_SIZE) {
		made->event = data;
		step = data[8] < 200 ? data[8] : (uint64_t)data[8] << (data[9] % 57);
		time = time > timeline->host->last.host_time - step ?
		       timeline->host->last.host_time : time + step;
		make_event(timeline, data, time, &stream, &placed);
		if (time % 16 == 15 && writer->before)
			writer->before(output, &placed);
		else
			go_on = writer->event(output, &placed);
	}
}

void try_writers(const char *directory, const uint8_t *data, size_t size)
{
	static const struct writer_class *const writers[] = {
		&text_writer, &json_writer, &ctf_writer, &perfetto_writer, &html_writer, &svg_writer,
	};
	struct made made = { .reader = { .class = &made_reader } };
	struct party parties[2] = { { .is_host = true } };
	struct timeline timeline = { .parties = parties, .nr_parties = 2 };
	const struct writer_class *writer;
	uint64_t first, frequency;
	char *path, *error = NULL;
	void *output;
	size_t i;

	if (size < 32)
		return;
	writer = writers[data[0] % (sizeof(writers) / sizeof(writers[0]))];
	memcpy(&frequency, data + 2, sizeof(frequency));
	memcpy(&first, data + 10, sizeof(first));
	timeline.frequency = frequency >> (data[1] % 64) | 1;
	timeline.is_frequency_known = data[1] & 64;
	timeline.offset_s = (int8_t)data[18];
	timeline.offset = data[19];
	timeline.uncertainty = data[20];
	first >>= data[21] % 64;
	timeline.nr_vcpus = VCPUS;
	timeline.host = make_host(first, first + ((UINT64_MAX - first) >> (data[22] % 64)));
	data += 32;
	size -= 32;
	for (i = 0; i < NAMES; i++) {
		size_t length = strnlen((const char *)data, size < 300 ? size : 300);

		made.names[i] = text_of("%.*s", (int)length, (const char *)data);
		length += length < size;
		data += length;
		size -= length;
	}
	for (i = 0; i < 2; i++) {
		parties[i].path = made.names[i];
		parties[i].match = match_new(timeline.host);
		parties[i].host = timeline.host;
	}
	/* Names of machines are made plain before, and of two that are one, a number is added. */
	parties[0].name = "host";
	parties[1].name = "guest";
	path = text_of("%s/written", directory);
	output = writer->open(path, &timeline, &error);
	if (output) {
		write_all(&timeline, &made, writer, output, data, size);
		free(writer->close(output, size & 1));
		leftover_remove_at(path);
	}
	free(error);
	free(path);
	for (i = 0; i < 2; i++)
		match_free(parties[i].match);
	for (i = 0; i < NAMES; i++)
		free(made.names[i]);
	host_free(timeline.host);
}
