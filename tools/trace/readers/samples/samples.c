// SPDX-License-Identifier: GPL-2.0
/*
 * What clocktrace-guest-sampler has written, as a trace: each reading is an event.
 *
 * The readings arrive in the order of their times but where the guest was reset, or went
 * back to a snapshot. There a new section begins, which is placed by itself. Each vCPU of
 * a section is a stream.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/array.h"
#include "common/message.h"
#include "readers/reader.h"
#include "readers/samples/sample.h"

struct stream {
	uint16_t vcpu;
	unsigned int section;
	uint32_t boot;
	struct guest_sample *items;
	size_t count;
	size_t next;
};

struct samples {
	struct reader reader;
	struct stream *streams;
	unsigned int section;
};

static bool probe(const char *path, bool is_directory)
{
	uint32_t magic = 0;
	FILE *file;

	if (is_directory)
		return false;
	file = fopen(path, "re");
	if (!file)
		return false;
	if (fread(&magic, sizeof(magic), 1, file) != 1)
		magic = 0;
	fclose(file);
	return magic == GUEST_SAMPLE_MAGIC;
}

/* The stream that a sample belongs to; a vCPU that goes back begins a new section. */
static struct stream *stream_of(struct samples *samples, const struct guest_sample *sample)
{
	struct stream *stream = NULL;
	size_t i = samples->reader.nr_streams;

	while (i-- > 0 && !stream)
		if (samples->streams[i].vcpu == sample->vcpu)
			stream = &samples->streams[i];
	if (stream && (stream->boot != sample->boot ||
		       stream->items[stream->count - 1].sequence >= sample->sequence) &&
	    stream->section == samples->section)
		samples->section++;
	if (stream && stream->section == samples->section)
		return stream;
	i = samples->reader.nr_streams++;
	samples->streams = array_room(samples->streams, i, sizeof(*samples->streams));
	samples->streams[i] = (struct stream){
		.vcpu = sample->vcpu,
		.section = samples->section,
		.boot = sample->boot,
	};
	return &samples->streams[i];
}

static char *read_samples(struct samples *samples, FILE *file)
{
	struct guest_sample sample;
	struct stream *stream;
	size_t number;

	for (number = 0; fread(&sample, sizeof(sample), 1, file) == 1; number++) {
		if (sample.magic != GUEST_SAMPLE_MAGIC)
			return text_of("record %zu is not a sample", number);
		if (!(sample.flags & GUEST_SAMPLE_COUNTER))
			return text_of("sample %zu is not of the counter: the guest's kernel does not trust its TSC; start QEMU with -cpu host,migratable=off or +invtsc, or the guest with tsc=reliable",
				       number);
		stream = stream_of(samples, &sample);
		stream->items = array_room(stream->items, stream->count, sizeof(sample));
		stream->items[stream->count++] = sample;
	}
	return ferror(file) ? text_of("%s", strerror(errno)) : NULL;
}

static void close_samples(struct reader *reader)
{
	struct samples *samples = (struct samples *)reader;
	size_t i;

	for (i = 0; i < reader->nr_streams; i++)
		free(samples->streams[i].items);
	free(samples->streams);
	reader_free(reader);
}

static struct reader *open_samples(const char *path, char **error)
{
	struct samples *samples = zalloc(sizeof(*samples));
	FILE *file = fopen(path, "re");
	size_t i;

	samples->reader.class = &samples_reader;
	samples->reader.path = text_of("%s", path);
	samples->reader.clock = text_of("clock_trace");
	*error = file ? read_samples(samples, file) : text_of("%s", strerror(errno));
	if (file)
		fclose(file);
	if (*error) {
		close_samples(&samples->reader);
		return NULL;
	}
	samples->reader.sections =
		zalloc((samples->reader.nr_streams + 1) * sizeof(*samples->reader.sections));
	for (i = 0; i < samples->reader.nr_streams; i++)
		samples->reader.sections[i] = samples->streams[i].section;
	return &samples->reader;
}

static enum read_status next(struct reader *reader, size_t number, struct event *event)
{
	struct stream *stream = &((struct samples *)reader)->streams[number];
	const struct guest_sample *sample;

	if (stream->next == stream->count)
		return READ_END;
	sample = &stream->items[stream->next++];
	*event = (struct event){
		.name = "sample",
		.cpu = sample->cpu,
		.thread = THREAD_NONE,
		.process = PROCESS_UNKNOWN,
		.vcpu_id = sample->vcpu,
		.time = sample->value,
	};
	return READ_EVENT;
}

static void values(struct reader *reader, size_t number, value_handler handler, void *data)
{
	const struct stream *stream = &((struct samples *)reader)->streams[number];
	const struct guest_sample *sample = &stream->items[stream->next - 1];
	const struct value all[] = {
		{ .name = "sequence", .u = sample->sequence },
		{ .name = "vcpu_id", .u = sample->vcpu },
		{ .name = "boot", .u = sample->boot },
	};
	size_t i;

	for (i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		handler(data, &all[i]);
}

const struct reader_class samples_reader = {
	.name = "clocktrace-guest-sampler",
	.probe = probe,
	.open = open_samples,
	.next = next,
	.values = values,
	.close = close_samples,
};
