// SPDX-License-Identifier: GPL-2.0
/*
 * Files of trace-cmd, of a host or a guest, through libtracecmd: the times are taken raw.
 * Each CPU of each buffer is a stream.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/array.h"
#include "common/message.h"
#include "readers/reader.h"
#include "readers/tep_fields.h"
#include "readers/tep_types.h"
#include "readers/trace-cmd/raw.h"

/* More than what any file lacks, and less than what file systems allow */
#define PADDING (INT64_C(1) << 40)

static const char magic[] = "\x17\x08\x44tracing";

struct stream {
	struct tracecmd_input *handle;
	int cpu;
	struct tep_record *record;
	const struct tep_type *type;
};

struct trace_cmd {
	struct reader reader;
	struct tracecmd_input *handle;
	struct tracecmd_input **buffers;
	int nr_buffers;
	struct tep_handle *tep;
	struct stream *streams;
	struct tep_types types;
};

static bool probe(const char *path, bool is_directory)
{
	char begin[sizeof(magic) - 1];
	bool found = false;
	int fd;

	if (is_directory)
		return false;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	found = read(fd, begin, sizeof(begin)) == sizeof(begin) &&
		!memcmp(begin, magic, sizeof(begin));
	close(fd);
	return found;
}

/* "local [clock_trace]", or one name alone */
static char *clock_of(struct tracecmd_input *handle)
{
	const char *text = tracecmd_get_trace_clock(handle), *begin, *end;

	if (!text || !*text)
		return NULL;
	begin = strchr(text, '[');
	end = begin ? strchr(begin, ']') : NULL;
	if (begin && end)
		return text_of("%.*s", (int)(end - begin - 1), begin + 1);
	return text_of("%.*s", (int)strcspn(text, " \n"), text);
}

static void add_streams(struct trace_cmd *file, struct tracecmd_input *handle)
{
	int cpus = tracecmd_cpus(handle), cpu;

	for (cpu = 0; cpu < cpus; cpu++) {
		file->streams = array_room(file->streams, file->reader.nr_streams,
					   sizeof(*file->streams));
		file->streams[file->reader.nr_streams++] =
			(struct stream){ .handle = handle, .cpu = cpu };
	}
}

static char *open_buffers(struct trace_cmd *file)
{
	int count = tracecmd_buffer_instances(file->handle), i;

	add_streams(file, file->handle);
	if (count <= 0)
		return NULL;
	file->buffers = zalloc((size_t)count * sizeof(struct tracecmd_input *));
	for (i = 0; i < count; i++) {
		struct tracecmd_input *buffer = tracecmd_buffer_instance_handle(file->handle, i);

		if (!buffer)
			return text_of("its buffer %d cannot be read", i);
		file->buffers[file->nr_buffers++] = buffer;
		tracecmd_set_flag(buffer, TRACECMD_FL_RAW_TS);
		if (!file->reader.clock)
			file->reader.clock = clock_of(buffer);
		add_streams(file, buffer);
	}
	return NULL;
}

static void close_file(struct reader *reader)
{
	struct trace_cmd *file = (struct trace_cmd *)reader;
	size_t i;

	for (i = 0; i < reader->nr_streams; i++)
		tracecmd_free_record(file->streams[i].record);
	for (i = 0; i < (size_t)file->nr_buffers; i++)
		tracecmd_close(file->buffers[i]);
	if (file->handle)
		tracecmd_close(file->handle);
	free(file->buffers);
	free(file->streams);
	tep_types_free(&file->types);
	reader_free(reader);
}

/* It tells of a file that is cut on standard output, where ours may go. */
static int init_in_silence(struct tracecmd_input *handle)
{
	int output, nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC), result;

	fflush(stdout);
	output = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0);
	if (nowhere >= 0 && output >= 0)
		dup2(nowhere, STDOUT_FILENO);
	result = tracecmd_init_data(handle);
	fflush(stdout);
	if (nowhere >= 0 && output >= 0)
		dup2(output, STDOUT_FILENO);
	if (nowhere >= 0)
		close(nowhere);
	if (output >= 0)
		close(output);
	return result;
}

static char *open_handle(struct trace_cmd *file, const char *path)
{
	file->handle = tracecmd_open_head(path, TRACECMD_FL_LOAD_NO_PLUGINS);
	if (!file->handle)
		return text_of("its headers are damaged");
	/* Before the first page is read */
	tracecmd_set_flag(file->handle, TRACECMD_FL_RAW_TS);
	if (init_in_silence(file->handle) >= 0)
		return NULL;
	/* libtracecmd 3.1 crashes when it closes such a file. */
	file->handle = NULL;
	return text_of("its data cannot be found");
}

/*
 * libtracecmd refuses a file that is shorter than its headers say. A copy that goes on
 * with a hole is long enough, and a page of zeros has no events.
 */
static char *open_padded(struct trace_cmd *file, const char *path)
{
	const char *directory = getenv("TMPDIR");
	char *name = text_of("%s/clocktrace-XXXXXX", directory && *directory ? directory : "/tmp");
	int from = open(path, O_RDONLY | O_CLOEXEC), to = mkostemp(name, O_CLOEXEC);
	char *error = NULL;
	struct stat status;
	off_t place = 0;

	if (from < 0 || to < 0 || fstat(from, &status))
		error = text_of("%s", strerror(errno));
	while (!error && place < status.st_size)
		if (copy_file_range(from, &place, to, NULL, (size_t)(status.st_size - place), 0) <= 0)
			error = text_of("it is cut, and %s has no room for a copy: set TMPDIR", name);
	if (!error && ftruncate(to, status.st_size + PADDING))
		error = text_of("it is cut, and %s cannot be made longer: %s", name, strerror(errno));
	if (!error)
		error = open_handle(file, name);
	if (from >= 0)
		close(from);
	if (to >= 0) {
		close(to);
		unlink(name);
	}
	free(name);
	file->reader.is_cut = !error;
	return error;
}

static struct reader *open_file(const char *path, char **error)
{
	struct trace_cmd *file = zalloc(sizeof(*file));

	tracecmd_set_loglevel(TEP_LOG_NONE);
	tep_set_loglevel(TEP_LOG_NONE);
	file->reader.class = &trace_cmd_reader;
	file->reader.path = text_of("%s", path);
	*error = open_handle(file, path);
	if (*error) {
		free(*error);
		*error = open_padded(file, path);
	}
	if (!*error) {
		file->tep = tracecmd_get_tep(file->handle);
		file->reader.clock = clock_of(file->handle);
		*error = tep_types_learn(&file->types, file->tep);
	}
	if (!*error)
		*error = open_buffers(file);
	if (*error) {
		close_file(&file->reader);
		return NULL;
	}
	return &file->reader;
}

static enum read_status next(struct reader *reader, size_t number, struct event *event)
{
	struct trace_cmd *file = (struct trace_cmd *)reader;
	struct stream *stream = &file->streams[number];

	tracecmd_free_record(stream->record);
	stream->record = tracecmd_read_data(stream->handle, stream->cpu);
	if (!stream->record)
		return READ_END;
	stream->type = tep_types_find(&file->types, tep_data_type(file->tep, stream->record));
	*event = (struct event){
		.name = stream->type->event ? stream->type->event->name : "?",
		.kind = stream->type->kind,
		.cpu = (unsigned int)stream->cpu,
		.thread = THREAD_NONE,
		.lost_before = stream->record->missed_events,
		.time = stream->record->ts,
		.process = PROCESS_UNKNOWN,
		.vcpu_id = VCPU_UNKNOWN,
	};
	if (reader->brief && !event_is_of_host(event->kind) && event->kind != EVENT_EPOCH)
		return READ_EVENT;
	event->thread = tep_data_pid(file->tep, stream->record);
	tep_type_take(stream->type, stream->record, event);
	return READ_EVENT;
}

static void values(struct reader *reader, size_t number, value_handler handler, void *data)
{
	struct stream *stream = &((struct trace_cmd *)reader)->streams[number];

	if (stream->record && stream->type->event)
		record_values(stream->type->event, stream->record, handler, data);
}

static const char *thread_name(struct reader *reader, int thread)
{
	struct trace_cmd *file = (struct trace_cmd *)reader;

	return tep_is_pid_registered(file->tep, thread) ?
		       tep_data_comm_from_pid(file->tep, thread) : NULL;
}

const struct reader_class trace_cmd_reader = {
	.name = "trace-cmd",
	.probe = probe,
	.open = open_file,
	.next = next,
	.values = values,
	.thread_name = thread_name,
	.close = close_file,
};
