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
#include "readers/kinds.h"
#include "readers/reader.h"
#include "readers/trace-cmd/fields.h"
#include "readers/trace-cmd/raw.h"

/* More than what any file lacks, and less than what file systems allow */
#define PADDING (INT64_C(1) << 40)

static const char magic[] = "\x17\x08\x44tracing";

/* An event type, and the fields of it that are read; what they are depends on the kind */
struct event_type {
	struct tep_event *event;
	enum event_kind kind;
	struct tep_format_field *fields[8];
};

enum { F_VM_ID, F_VM_PID, F_VCPU_ID, F_OFFSET, F_RATIO, F_FRAC_BITS, F_FLAGS, F_REASON };
enum { F_EXIT_REASON, F_ISA };
enum { F_NEXT_PID, F_PREV_STATE, F_NEXT_COMM, F_PREV_PID };
enum { F_PID };
enum { F_OF_VCPU, F_NEXT_OFFSET };
enum { F_EPOCH, F_STATE, F_FREQUENCY };

static const char *const guest_tsc_fields[] = { "vm_id", "vm_pid",    "vcpu_id", "offset",
						"ratio", "frac_bits", "flags",	 "reason" };
static const char *const entry_fields[] = { "vcpu_id" };
static const char *const exit_fields[] = { "exit_reason", "isa", "vcpu_id" };
static const char *const switch_fields[] = { "next_pid", "prev_state", "next_comm", "prev_pid" };
static const char *const wakeup_fields[] = { "pid" };
static const char *const offset_fields[] = { "vcpu_id", "next_tsc_offset" };
static const char *const epoch_fields[] = { "epoch", "state", "frequency" };

struct stream {
	struct tracecmd_input *handle;
	int cpu;
	struct tep_record *record;
	const struct event_type *type;
};

struct trace_cmd {
	struct reader reader;
	struct tracecmd_input *handle;
	struct tracecmd_input **buffers;
	int nr_buffers;
	struct tep_handle *tep;
	struct stream *streams;
	/* By the number of the type in the file */
	struct event_type *types;
	size_t nr_types;
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

static char *find_fields(struct event_type *type, const char *const *names, size_t count,
			 bool needed)
{
	size_t i;

	for (i = 0; i < count; i++) {
		type->fields[i] = tep_find_field(type->event, names[i]);
		if (needed && !type->fields[i])
			return text_of("its event %s has no field %s", type->event->name, names[i]);
	}
	return NULL;
}

#define FIND(type, names, needed) \
	find_fields(type, names, sizeof(names) / sizeof((names)[0]), needed)

static char *learn_type(struct event_type *type)
{
	switch (type->kind) {
	case EVENT_GUEST_TSC:
		return FIND(type, guest_tsc_fields, true);
	case EVENT_ENTRY:
		return FIND(type, entry_fields, true);
	case EVENT_EXIT:
		return FIND(type, exit_fields, true);
	case EVENT_SWITCH:
		return FIND(type, switch_fields, false);
	case EVENT_WAKEUP:
		return FIND(type, wakeup_fields, false);
	case EVENT_WRITE_OFFSET:
		return FIND(type, offset_fields, true);
	case EVENT_EPOCH:
		return FIND(type, epoch_fields, false);
	default:
		return NULL;
	}
}

static char *learn_types(struct trace_cmd *file)
{
	struct tep_event **events = tep_list_events(file->tep, TEP_EVENT_SORT_ID);
	char *error = NULL;
	size_t i;

	for (i = 0; events && events[i] && !error; i++) {
		size_t id = (size_t)events[i]->id;

		if (id > UINT16_MAX)
			continue;
		while (file->nr_types <= id) {
			file->types = array_room(file->types, file->nr_types,
						 sizeof(*file->types));
			file->types[file->nr_types++] = (struct event_type){ 0 };
		}
		file->types[id].event = events[i];
		file->types[id].kind = event_kind_of(events[i]->name);
		error = learn_type(&file->types[id]);
	}
	return error;
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
	free(file->types);
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
		*error = learn_types(file);
	}
	if (!*error)
		*error = open_buffers(file);
	if (*error) {
		close_file(&file->reader);
		return NULL;
	}
	return &file->reader;
}

static unsigned long long number(const struct event_type *type, unsigned int field,
				 const struct tep_record *record)
{
	unsigned long long value = 0;

	record_number(type->fields[field], record, &value);
	return value;
}

static void take_guest_tsc(const struct event_type *type, const struct tep_record *record,
			   struct clocktrace_guest_event *tsc)
{
	*tsc = (struct clocktrace_guest_event){
		.vm_id = number(type, F_VM_ID, record),
		.vm_pid = (int32_t)number(type, F_VM_PID, record),
		.vcpu_id = (uint32_t)number(type, F_VCPU_ID, record),
		.tsc = {
			.offset = (int64_t)number(type, F_OFFSET, record),
			.ratio = number(type, F_RATIO, record),
			.frac_bits = (uint32_t)number(type, F_FRAC_BITS, record),
		},
		.flags = (uint32_t)number(type, F_FLAGS, record),
		.reason = (enum clocktrace_reason)number(type, F_REASON, record),
	};
}

static void take_comm(const struct event_type *type, const struct tep_record *record, char *comm)
{
	const struct tep_format_field *field = type->fields[F_NEXT_COMM];

	if (field && field->size >= COMM_SIZE && field->offset >= 0 &&
	    field->offset + field->size <= record->size)
		memcpy(comm, (const char *)record->data + field->offset, COMM_SIZE);
}

static void take_kind(const struct event_type *type, const struct tep_record *record,
		      struct event *event)
{
	switch (type->kind) {
	case EVENT_ENTRY:
		event->vcpu_id = (uint32_t)number(type, 0, record);
		break;
	case EVENT_EXIT:
		event->vcpu_id = (uint32_t)number(type, 2, record);
		event->exit_reason = (uint32_t)number(type, F_EXIT_REASON, record);
		event->svm = number(type, F_ISA, record) == 2;
		break;
	case EVENT_GUEST_TSC:
		take_guest_tsc(type, record, &event->tsc);
		break;
	case EVENT_SWITCH:
		event->next = (int)number(type, F_NEXT_PID, record);
		event->runnable = !number(type, F_PREV_STATE, record);
		take_comm(type, record, event->comm);
		break;
	case EVENT_WAKEUP:
		event->next = (int)number(type, F_PID, record);
		break;
	case EVENT_WRITE_OFFSET:
		event->vcpu_id = (uint32_t)number(type, F_OF_VCPU, record);
		event->tsc.tsc.offset = (int64_t)number(type, F_NEXT_OFFSET, record);
		break;
	case EVENT_EPOCH:
		event->epoch = (uint32_t)number(type, F_EPOCH, record);
		event->frequency = number(type, F_FREQUENCY, record);
		event->state = type->fields[F_STATE] ?
				       (enum clock_state)number(type, F_STATE, record) :
				       CLOCK_STATE_COUNTER;
		break;
	default:
		break;
	}
}

static enum read_status next(struct reader *reader, size_t number, struct event *event)
{
	static const struct event_type unknown = { 0 };
	struct trace_cmd *file = (struct trace_cmd *)reader;
	struct stream *stream = &file->streams[number];
	int type;

	tracecmd_free_record(stream->record);
	stream->record = tracecmd_read_data(stream->handle, stream->cpu);
	if (!stream->record)
		return READ_END;
	type = tep_data_type(file->tep, stream->record);
	stream->type = type >= 0 && (size_t)type < file->nr_types && file->types[type].event ?
			       &file->types[type] : &unknown;
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
	take_kind(stream->type, stream->record, event);
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
