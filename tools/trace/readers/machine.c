// SPDX-License-Identifier: GPL-2.0
/*
 * All traces of one machine, as one.
 */
#include <errno.h>
#include <ftw.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/array.h"
#include "common/message.h"
#include "common/plain.h"
#include "readers/guard.h"
#include "readers/machine.h"

/* nftw() takes no argument for the function that it calls. */
static char **found;
static size_t nr_found;
/* Why what may be a trace is none of the readers */
static char **errors;
static size_t nr_errors;

static void keep_error(char *text)
{
	errors = array_room(errors, nr_errors, sizeof(*errors));
	errors[nr_errors++] = text;
}

/* The reader of a directory tells by itself what is wrong with its files. */
static bool is_in_found(const char *path)
{
	size_t i, size;

	for (i = 0; i < nr_found; i++) {
		size = strlen(found[i]);
		if (!strncmp(path, found[i], size) && path[size] == '/')
			return true;
	}
	return false;
}

static int note(const char *path, const struct stat *status, int type, struct FTW *place)
{
	(void)place;
	/* To open a pipe is to wait for who writes to it. */
	if (type == FTW_SL || (type == FTW_F && !S_ISREG(status->st_mode)))
		return 0;
	/* What cannot be looked at may be the trace that matters. */
	if (access(path, R_OK) && errno != ENOENT && !is_in_found(path)) {
		keep_error(text_of("%s: %s", path, strerror(errno)));
		return 0;
	}
	if ((type != FTW_D && type != FTW_F) || !reader_find(path, type == FTW_D))
		return 0;
	found = array_room(found, nr_found, sizeof(*found));
	found[nr_found++] = text_of("%s", path);
	return 0;
}

/* nftw() follows no symbolic link, not even one that the user has named. */
static void find_traces(const char *path)
{
	struct stat status;
	char *real = NULL;

	if (!lstat(path, &status) && S_ISLNK(status.st_mode))
		real = realpath(path, NULL);
	nftw(real ? real : path, note, 16, FTW_PHYS);
	free(real);
}

static int compare_paths(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static char *no_trace(const char *path)
{
	return text_of("%s holds no trace that can be read: a trace of LTTng or another one in CTF 1.8, or a file of trace-cmd or perf",
		       path);
}

/* Kernel and user space of one boot name one clock; a trace without a UUID is for itself. */
static unsigned int section_of(struct machine *machine, const struct reader *reader,
			       size_t number, unsigned int base)
{
	size_t i;

	if (reader->joins)
		return 0;
	if (reader->sections)
		return base + reader->sections[number];
	for (i = 0; reader->uuid[0] && i < machine->nr_streams; i++)
		if (!strcmp(machine->streams[i].reader->uuid, reader->uuid))
			return machine->streams[i].section;
	return base;
}

static void keep_reader(struct machine *machine, struct reader *reader)
{
	machine->readers = array_room(machine->readers, machine->nr_readers,
				      sizeof(struct reader *));
	machine->readers[machine->nr_readers++] = reader;
}

static void add_stream(struct machine *machine, struct reader *reader, size_t number,
		       unsigned int section)
{
	machine->streams = array_room(machine->streams, machine->nr_streams,
				      sizeof(*machine->streams));
	machine->streams[machine->nr_streams++] = (struct stream){
		.reader = reader,
		.number = number,
		.section = section,
	};
	if (section >= machine->nr_sections && !reader->joins)
		machine->nr_sections = section + 1;
}

static void add_reader(struct machine *machine, struct reader *reader)
{
	unsigned int base = machine->nr_sections;
	size_t i;

	keep_reader(machine, reader);
	for (i = 0; i < reader->nr_streams; i++)
		add_stream(machine, reader, i, section_of(machine, reader, i, base));
}

struct machine *machine_new(const char *name)
{
	struct machine *machine = zalloc(sizeof(*machine));

	machine->name = text_plain(name);
	machine->path = text_of("%s", name);
	return machine;
}

void machine_add(struct machine *machine, struct reader *reader, unsigned int section)
{
	size_t i;

	keep_reader(machine, reader);
	for (i = 0; i < reader->nr_streams; i++)
		add_stream(machine, reader, i, section);
}

static void take_damage(struct machine *machine, char *text)
{
	if (guard_say_once(text))
		complain("%s", text);
	free(text);
	machine->damaged++;
}

/* NULL, or the error of the only trace, or of a clock that cannot be used */
static char *open_one(struct machine *machine, const char *path, bool is_directory)
{
	char *error = NULL, *text;
	struct reader *reader;

	if (guard_is_excluded(path)) {
		machine->damaged++;
		return NULL;
	}
	guard_reading(path);
	reader = reader_find(path, is_directory)->open(path, &error);
	guard_reading(NULL);
	if (!reader) {
		text = text_of("%s cannot be read: %s", path, error);
		free(error);
		return text;
	}
	if (reader->is_cut)
		take_damage(machine, text_of("%s is cut: what is there of it is used", path));
	if (reader->lost_at_end)
		take_damage(machine, text_of("%s lacks %" PRIu64 " events that were lost at its end: record with larger buffers",
					     path, reader->lost_at_end));
	add_reader(machine, reader);
	return NULL;
}

static char *open_all(struct machine *machine, const char *path)
{
	struct stat status;
	char *error = NULL;
	size_t i;

	if (stat(path, &status))
		return text_of("%s: %s", path, strerror(errno));
	if (!S_ISDIR(status.st_mode) && !S_ISREG(status.st_mode))
		return text_of("%s is neither a file nor a directory", path);
	find_traces(path);
	if (nr_found)
		qsort(found, nr_found, sizeof(*found), compare_paths);
	for (i = 0; i < nr_found; i++) {
		struct stat one;

		error = open_one(machine, found[i], !stat(found[i], &one) && S_ISDIR(one.st_mode));
		free(found[i]);
		if (error)
			keep_error(error);
	}
	error = NULL;
	for (i = 0; i < nr_errors; i++)
		if (machine->nr_readers)
			/* One damaged trace does not stop the others. */
			take_damage(machine, errors[i]);
		else if (!i)
			error = errors[i];
		else
			free(errors[i]);
	if (!error && (!nr_found || !machine->nr_readers))
		error = no_trace(path);
	free(found);
	free(errors);
	found = errors = NULL;
	nr_found = nr_errors = 0;
	return error;
}

/*
 * A clock tells a boot, and a name a machine: where both differ, the directory holds traces of
 * several machines, which would be taken for boots of one.
 */
static char *check_one(const struct machine *machine)
{
	const struct reader *first = NULL;
	size_t i;

	for (i = 0; i < machine->nr_readers; i++) {
		const struct reader *one = machine->readers[i];

		if (!one->host || !one->uuid[0])
			continue;
		if (!first)
			first = one;
		if (strcmp(one->uuid, first->uuid) && strcmp(one->host, first->host))
			return text_of("%s holds traces of several machines: of %s, in %s, and of %s, in %s: name each by itself",
				       machine->path, first->host, first->path, one->host, one->path);
	}
	return NULL;
}

struct machine *machine_open(const char *path, char **error)
{
	struct machine *machine = zalloc(sizeof(*machine));

	machine->path = text_of("%s", path);
	*error = open_all(machine, path);
	if (!*error)
		*error = check_one(machine);
	if (*error) {
		machine_close(machine);
		return NULL;
	}
	machine_rename(machine);
	return machine;
}

char *machine_join(struct machine *machine, const char *path)
{
	return open_all(machine, path);
}

void machine_brief(struct machine *machine)
{
	size_t i;

	for (i = 0; i < machine->nr_readers; i++)
		machine->readers[i]->brief = true;
}

void machine_rename(struct machine *machine)
{
	const char *name = NULL, *slash;
	char *copy;
	size_t i;

	for (i = 0; i < machine->nr_readers && !name; i++)
		name = machine->readers[i]->host;
	free(machine->name);
	if (name) {
		machine->name = text_plain(name);
		return;
	}
	copy = text_of("%s", machine->path);
	for (i = strlen(copy); i > 1 && copy[i - 1] == '/'; i--)
		copy[i - 1] = '\0';
	slash = strrchr(copy, '/');
	machine->name = text_plain(slash && slash[1] ? slash + 1 : copy);
	free(copy);
}

static void end_stream(struct machine *machine, struct stream *stream, const char *why)
{
	char *text = text_of("%s: stream %zu ends after %" PRIu64 " events: %s; what is before is used",
			     stream->reader->path, stream->number, stream->events, why);

	machine->damaged++;
	if (guard_say_once(text))
		complain("%s", text);
	free(text);
	stream->is_damaged = true;
	stream->there = false;
}

bool stream_next(struct machine *machine, struct stream *stream)
{
	enum read_status status;

	if (guard_limit_reached(stream->reader->path, stream->number, stream->events)) {
		end_stream(machine, stream, "the library that reads it crashed here");
		return false;
	}
	guard_event(stream->reader->path, stream->number, stream->events);
	status = stream->reader->class->next(stream->reader, stream->number, &stream->event);
	guard_done();
	stream->there = status == READ_EVENT;
	if (status == READ_ERROR) {
		end_stream(machine, stream, stream->reader->error);
	} else if (stream->there && stream->events && stream->event.time < stream->last_time) {
		end_stream(machine, stream, "it goes back in time");
	} else if (stream->there) {
		stream->events++;
		stream->last_time = stream->event.time;
	}
	return stream->there;
}

static struct heap_key key_of(const struct machine *machine, const struct stream *stream)
{
	return (struct heap_key){ stream->section, stream->event.time,
				  (size_t)(stream - machine->streams) };
}

struct stream *machine_next(struct machine *machine)
{
	size_t i;

	if (!machine->heap.keys) {
		machine->heap.keys = zalloc((machine->nr_streams + 1) * sizeof(struct heap_key));
		for (i = 0; i < machine->nr_streams; i++)
			if (stream_next(machine, &machine->streams[i]))
				heap_push(&machine->heap, key_of(machine, &machine->streams[i]));
	} else if (machine->current) {
		if (stream_next(machine, machine->current))
			heap_replace(&machine->heap, key_of(machine, machine->current));
		else
			heap_pop(&machine->heap);
	}
	machine->current = machine->heap.count ?
				   &machine->streams[machine->heap.keys[0].stream] : NULL;
	return machine->current;
}

void machine_close(struct machine *machine)
{
	size_t i;

	if (!machine)
		return;
	for (i = 0; i < machine->nr_readers; i++)
		machine->readers[i]->class->close(machine->readers[i]);
	free(machine->readers);
	free(machine->streams);
	free(machine->heap.keys);
	free(machine->path);
	free(machine->name);
	free(machine);
}
