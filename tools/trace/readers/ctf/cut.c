// SPDX-License-Identifier: GPL-2.0
/*
 * Traces in CTF 1.8 of which files are cut, or damaged between two packets.
 *
 * libbabeltrace2 refuses a trace with a file that ends in the midst of a packet, for it cannot
 * tell where that ends. It believes an index as LTTng writes it, though, and reads on to the
 * end of the file. An error there makes the whole graph useless, so that each file that is cut
 * is made a trace of its own.
 */
#include <dirent.h>
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/array.h"
#include "common/leftover.h"
#include "common/message.h"
#include "common/metadata.h"
#include "readers/ctf/cut.h"
#include "readers/ctf/layout.h"

#define INDEX_MAGIC 0xC1F1DCC1
#define PACKET_MAGIC 0xC1FC1FC1
#define BITS 8

/* LTTng's index, in big endian */
struct index_header {
	uint32_t magic;
	uint32_t major;
	uint32_t minor;
	uint32_t entry_size;
};

struct index_entry {
	uint64_t offset;
	uint64_t packet_size;
	uint64_t content_size;
	uint64_t timestamp_begin;
	uint64_t timestamp_end;
	uint64_t events_discarded;
	uint64_t stream_id;
};

struct file {
	char *name;
	/* Or it is damaged, which is treated in the same way */
	bool is_cut;
	bool is_damaged;
	/* Of what is there, also of the packet that is cut */
	struct index_entry *entries;
	size_t count;
};

struct files {
	struct file *items;
	size_t count;
	size_t nr_cut;
};

static const struct ctf_context *context_of(const struct ctf_layout *layout, const uint8_t *packet)
{
	const uint64_t id = ctf_layout_number(layout, layout->stream_id, packet);
	size_t i;

	for (i = 0; i < layout->count; i++)
		if (layout->contexts[i].id == id)
			return &layout->contexts[i];
	return NULL;
}

/* An index whose times are the wrong way round is refused; a tracer may write one of them alone. */
static struct index_entry entry_of(const struct ctf_layout *layout,
				   const struct ctf_context *context, const uint8_t *packet,
				   uint64_t offset)
{
	struct index_entry entry = {
		.offset = offset,
		.packet_size = ctf_layout_number(layout, context->packet_size, packet),
		.content_size = ctf_layout_number(layout, context->content_size, packet),
		.timestamp_begin = ctf_layout_number(layout, context->begin, packet),
		.timestamp_end = ctf_layout_number(layout, context->end, packet),
		.stream_id = context->id,
	};

	if (entry.timestamp_end < entry.timestamp_begin)
		entry.timestamp_end = entry.timestamp_begin;
	return entry;
}

/* As far as it is there: what is no packet is not cut, but of something else. */
static bool is_packet(const struct ctf_layout *layout, const uint8_t *packet, size_t size)
{
	const uint32_t magic = layout->big_endian ? htobe32(PACKET_MAGIC) : htole32(PACKET_MAGIC);

	return layout->magic.size != sizeof(magic) || layout->magic.at ||
	       !memcmp(packet, &magic, size < sizeof(magic) ? size : sizeof(magic));
}

/* What is no packet, or too short for a packet's description, is added to the packet before. */
static void end_file(struct file *file, uint64_t rest)
{
	file->is_cut = true;
	if (file->count)
		file->entries[file->count - 1].packet_size += rest * BITS;
}

/* What is before it is used, if that has shown that the file is one of this trace. */
static bool end_before_damage(struct file *file, uint64_t rest)
{
	if (!file->count)
		return false;
	file->is_damaged = true;
	end_file(file, rest);
	return true;
}

/* Walk through the packets; false if the file is not as the metadata tell. */
static bool walk(const struct ctf_layout *layout, int fd, uint64_t size, struct file *file)
{
	uint8_t packet[LAYOUT_SIZE_MAX] = { 0 };
	const struct ctf_context *context;
	struct index_entry entry;
	uint64_t at;
	ssize_t got;

	for (at = 0; at < size; at += entry.packet_size / BITS) {
		got = pread(fd, packet, sizeof(packet), (off_t)at);
		if (got < 0)
			return false;
		if (!is_packet(layout, packet, (size_t)got))
			return end_before_damage(file, size - at);
		context = (size_t)got >= layout->stream_id.at + layout->stream_id.size ?
				  context_of(layout, packet) : NULL;
		if (!context || (size_t)got < context->size) {
			if ((size_t)got == sizeof(packet) || at + (uint64_t)got < size)
				return end_before_damage(file, size - at);
			end_file(file, (uint64_t)got);
			return true;
		}
		entry = entry_of(layout, context, packet, at);
		if (entry.packet_size % BITS || entry.packet_size / BITS < context->size ||
		    entry.content_size > entry.packet_size)
			return end_before_damage(file, size - at);
		if (entry.packet_size / BITS > size - at) {
			file->is_cut = true;
			entry.packet_size = (size - at) * BITS;
		}
		file->entries = array_room(file->entries, file->count, sizeof(entry));
		file->entries[file->count++] = entry;
	}
	return true;
}

/* Return: false if the trace cannot be read without it; @error is set where it is why. */
static bool add_file(struct files *files, const char *whole, const char *name,
		     const struct ctf_layout *layout, char **error)
{
	struct file file = { 0 };
	struct stat status;
	bool good;
	int fd;

	if (stat(whole, &status) || !S_ISREG(status.st_mode))
		return true;
	fd = open(whole, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0) {
		*error = text_of("%s: %s", name, strerror(errno));
		return false;
	}
	good = !fstat(fd, &status) && walk(layout, fd, (uint64_t)status.st_size, &file);
	close(fd);
	file.name = text_of("%s", name);
	files->nr_cut += file.is_cut;
	files->items = array_room(files->items, files->count, sizeof(file));
	files->items[files->count++] = file;
	return good;
}

/* All files but the metadata and hidden ones, as libbabeltrace2 takes them */
static bool find_files(const char *path, const struct ctf_layout *layout, struct files *files,
		       char **error)
{
	DIR *directory = opendir(path);
	const struct dirent *entry;
	bool good = directory;

	while (good && (entry = readdir(directory))) {
		char *whole;

		if (entry->d_name[0] == '.' || !strcmp(entry->d_name, "metadata"))
			continue;
		whole = text_of("%s/%s", path, entry->d_name);
		good = add_file(files, whole, entry->d_name, layout, error);
		free(whole);
	}
	if (directory)
		closedir(directory);
	return good;
}

static void free_files(struct files *files)
{
	size_t i;

	for (i = 0; i < files->count; i++) {
		free(files->items[i].name);
		free(files->items[i].entries);
	}
	free(files->items);
}

static bool link_to(const char *from, const char *name, const char *to)
{
	char *target = text_of("%s/%s", to, name), *link = text_of("%s/%s", from, name);
	bool good = !symlink(target, link);

	free(target);
	free(link);
	return good;
}

static bool write_index(const char *path, const struct file *file)
{
	const struct index_header header = { htobe32(INDEX_MAGIC), htobe32(1), htobe32(0),
					     htobe32(sizeof(struct index_entry)) };
	char *directory = text_of("%s/index", path);
	char *name = text_of("%s/%s.idx", directory, file->name);
	FILE *output = mkdir(directory, 0700) ? NULL : fopen(name, "wxe");
	size_t i, word;
	bool good = output && fwrite(&header, sizeof(header), 1, output) == 1;

	for (i = 0; good && i < file->count; i++) {
		uint64_t words[sizeof(struct index_entry) / sizeof(uint64_t)];

		memcpy(words, &file->entries[i], sizeof(words));
		for (word = 0; word < sizeof(words) / sizeof(words[0]); word++)
			words[word] = htobe64(words[word]);
		good = fwrite(words, sizeof(words), 1, output) == 1;
	}
	if (output)
		good &= !fclose(output);
	free(directory);
	free(name);
	return good;
}

static void add_part(struct cut_trace *trace, char *path, const struct file *cut)
{
	trace->paths = array_room(trace->paths, trace->count, sizeof(*trace->paths));
	trace->wrong = array_room(trace->wrong, trace->count, sizeof(*trace->wrong));
	trace->paths[trace->count] = path;
	trace->wrong[trace->count++] =
		cut ? text_of("the file %s is %s", cut->name, cut->is_damaged ? "damaged" : "cut") :
		      NULL;
}

/* A new directory with the metadata, for the file that is cut, or for all that are whole */
static char *make_part(struct cut_trace *trace, const char *real, const struct file *cut)
{
	char *path = text_of("%s/%zu", trace->directory, trace->count);

	add_part(trace, path, cut);
	return !mkdir(path, 0700) && link_to(path, "metadata", real) ? path : NULL;
}

static bool make_parts(struct cut_trace *trace, const char *real, const struct files *files)
{
	const char *part = NULL;
	size_t i;

	if (files->nr_cut < files->count) {
		part = make_part(trace, real, NULL);
		if (!part || !link_to(part, "index", real))
			return false;
	}
	for (i = 0; part && i < files->count; i++)
		if (!files->items[i].is_cut && !link_to(part, files->items[i].name, real))
			return false;
	for (i = 0; i < files->count; i++) {
		const struct file *file = &files->items[i];

		if (!file->is_cut)
			continue;
		if (!file->count) {
			add_part(trace, NULL, file);
			continue;
		}
		part = make_part(trace, real, file);
		if (!part || !link_to(part, file->name, real) || !write_index(part, file))
			return false;
	}
	return true;
}

static char *no_room(const char *name)
{
	return text_of("files of it are cut, and to read what there is, links to the others are needed: %s: %s; set TMPDIR to a directory that can be written to",
		       name, strerror(errno));
}

static char *make_directory(char **error)
{
	const char *parent = getenv("TMPDIR");
	char *name = text_of("%s/clocktrace-XXXXXX", parent && *parent ? parent : "/tmp");

	if (mkdtemp(name))
		return name;
	*error = no_room(name);
	free(name);
	return NULL;
}

/* Links need a path that does not depend on where they are. */
static struct cut_trace *split(const char *path, const struct files *files, char **error)
{
	struct cut_trace *trace = zalloc(sizeof(*trace));
	char *real = realpath(path, NULL);

	trace->directory = real ? make_directory(error) : NULL;
	trace->note = trace->directory ? leftover_note(trace->directory) : LEFTOVER_NONE;
	if (!trace->directory || !make_parts(trace, real, files)) {
		if (trace->directory)
			*error = no_room(trace->directory);
		cut_trace_close(trace);
		trace = NULL;
	}
	free(real);
	return trace;
}

static bool read_layout(const char *path, struct ctf_layout *layout)
{
	char *name = text_of("%s/metadata", path);
	int fd = open(name, O_RDONLY | O_CLOEXEC);
	struct metadata metadata;
	const char *why;
	bool good = false;

	*layout = (struct ctf_layout){ 0 };
	if (fd >= 0 && !metadata_read(fd, &metadata, &why)) {
		good = ctf_layout_find(metadata.text, layout);
		metadata_free(&metadata);
	}
	if (fd >= 0)
		close(fd);
	free(name);
	return good;
}

struct cut_trace *cut_trace_open(const char *path, char **error)
{
	struct cut_trace *trace = NULL;
	struct files files = { 0 };
	struct ctf_layout layout;

	if (read_layout(path, &layout) && find_files(path, &layout, &files, error) &&
	    files.nr_cut)
		trace = split(path, &files, error);
	free_files(&files);
	ctf_layout_free(&layout);
	return trace;
}

void cut_trace_close(struct cut_trace *trace)
{
	size_t i;

	if (!trace)
		return;
	for (i = 0; i < trace->count; i++) {
		free(trace->paths[i]);
		free(trace->wrong[i]);
	}
	free(trace->paths);
	free(trace->wrong);
	if (trace->directory)
		leftover_remove_at(trace->directory);
	leftover_forget(trace->note);
	free(trace->directory);
	free(trace);
}
