// SPDX-License-Identifier: GPL-2.0
/*
 * What "clocktrace guests --save" has read of KVM's debugfs, as events of the host: for
 * kernels without kvm_guest_counter. A reading is a line with the time, and one for each vCPU.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/array.h"
#include "common/message.h"
#include "readers/reader.h"
#include "readers/saved/saved.h"

struct saved {
	struct reader reader;
	FILE *file;
	uint64_t time;
	uint64_t line;
};

static bool probe(const char *path, bool is_directory)
{
	char begin[sizeof(SAVED_HEADER)] = "";
	FILE *file = is_directory ? NULL : fopen(path, "re");
	bool found;

	if (!file)
		return false;
	found = fgets(begin, sizeof(begin), file) && !strcmp(begin, SAVED_HEADER);
	fclose(file);
	return found;
}

static void close_saved(struct reader *reader)
{
	struct saved *saved = (struct saved *)reader;

	if (saved->file)
		fclose(saved->file);
	reader_free(reader);
}

static struct reader *open_saved(const char *path, char **error)
{
	struct saved *saved = zalloc(sizeof(*saved));

	saved->reader.class = &saved_reader;
	saved->reader.path = text_of("%s", path);
	/* KVM's offsets are against the TSC, whatever the trace calls it. */
	saved->reader.clock = text_of("x86-tsc");
	saved->reader.nr_streams = 1;
	saved->reader.joins = true;
	saved->file = fopen(path, "re");
	if (saved->file)
		return &saved->reader;
	*error = text_of("%s", strerror(errno));
	close_saved(&saved->reader);
	return NULL;
}

static bool take_vcpu(const char *line, struct saved *saved, struct event *event)
{
	struct clocktrace_guest_event tsc = { .reason = CLOCKTRACE_REFRESH };
	int thread;

	if (sscanf(line, SAVED_VCPU, &tsc.vm_id, &tsc.vm_pid, &tsc.vcpu_id, &tsc.tsc.offset,
		   &tsc.tsc.ratio, &tsc.tsc.frac_bits, &thread) != 7)
		return false;
	*event = (struct event){
		.time = saved->time,
		.name = "kvm_guest_counter",
		.kind = EVENT_GUEST_COUNTER,
		.cpu = CPU_NONE,
		.thread = thread,
		.process = tsc.vm_pid,
		.vcpu_id = VCPU_UNKNOWN,
		.tsc = tsc,
	};
	return true;
}

static enum read_status next(struct reader *reader, size_t stream, struct event *event)
{
	struct saved *saved = (struct saved *)reader;
	char line[256];

	(void)stream;
	while (fgets(line, sizeof(line), saved->file)) {
		saved->line++;
		if (!strcmp(line, SAVED_HEADER) || sscanf(line, SAVED_READING, &saved->time) == 1)
			continue;
		if (take_vcpu(line, saved, event))
			return READ_EVENT;
		free(reader->error);
		reader->error = text_of("line %" PRIu64 " is not of clocktrace guests", saved->line);
		return READ_ERROR;
	}
	return READ_END;
}

static void values(struct reader *reader, size_t stream, value_handler handler, void *data)
{
	(void)reader;
	(void)stream;
	(void)handler;
	(void)data;
}

const struct reader_class saved_reader = {
	.name = "readings of clocktrace guests",
	.probe = probe,
	.open = open_saved,
	.next = next,
	.values = values,
	.close = close_saved,
};
