// SPDX-License-Identifier: GPL-2.0
/*
 * When a trace begins: the headers of its first packets tell.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "begin.h"

#define MAGIC	0xc1fc1fc1u

/* What all packets of LTTng begin with */
struct packet {
	uint32_t magic;
	uint8_t uuid[16];
	uint32_t stream_class;
	uint64_t stream;
	uint64_t begin;
	uint64_t end;
	uint64_t content_size;
	uint64_t packet_size;
	/* From 0 on, for each stream of the session */
	uint64_t number;
} __attribute__((packed));

static bool read_packet(int directory, const char *name, struct packet *packet)
{
	/* What is no file, as a pipe, may not be waited for. */
	int fd = openat(directory, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct stat status;
	bool done;

	if (fd < 0)
		return false;
	done = !fstat(fd, &status) && S_ISREG(status.st_mode) &&
	       pread(fd, packet, sizeof(*packet), 0) == sizeof(*packet);
	close(fd);
	return done && packet->magic == MAGIC;
}

bool trace_begin(const char *directory, uint64_t *ticks, bool *is_continued)
{
	DIR *dir = opendir(directory);
	struct dirent *entry;
	struct packet packet;
	bool found = false;

	if (!dir)
		return false;
	while ((entry = readdir(dir))) {
		if (!read_packet(dirfd(dir), entry->d_name, &packet))
			continue;
		if (!found || packet.begin < *ticks) {
			*ticks = packet.begin;
			*is_continued = packet.number;
		}
		found = true;
	}
	closedir(dir);
	return found;
}
