// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/number.h"
#include "output.h"
#include "sysfs.h"

/* How often the epoch may change while the files are read. */
#define MAX_TRIES 16

static const char *const watched[SYSFS_NR_WATCHES] = { "epoch", "state", "check" };

static enum sysfs_result open_file(const char *dir, const char *name, int *fd)
{
	char path[PATH_MAX];
	int length = snprintf(path, sizeof(path), "%s/%s", dir, name);

	if (length < 0 || (size_t)length >= sizeof(path)) {
		complain("the path of the sysfs directory is too long: give a shorter one");
		return SYSFS_BAD;
	}
	*fd = open(path, O_RDONLY | O_CLOEXEC);
	if (*fd >= 0)
		return SYSFS_OK;
	/* Only the directory tells "absent" from "incomplete". */
	if (errno == ENOENT && access(dir, F_OK))
		return SYSFS_ABSENT;
	complain("cannot open %s: %s", path, strerror(errno));
	return SYSFS_BAD;
}

enum sysfs_result sysfs_read_line(const char *dir, const char *name, char *line)
{
	enum sysfs_result result;
	ssize_t length;
	int fd;

	result = open_file(dir, name, &fd);
	if (result != SYSFS_OK)
		return result;

	length = read(fd, line, SYSFS_TEXT_SIZE - 1);
	if (length < 0) {
		complain("cannot read %s/%s: %s", dir, name, strerror(errno));
		close(fd);
		return SYSFS_BAD;
	}
	close(fd);
	line[length] = '\0';
	line[strcspn(line, "\n")] = '\0';
	return SYSFS_OK;
}

enum sysfs_result sysfs_read_u64(const char *dir, const char *name, uint64_t min, uint64_t max,
				 uint64_t *number)
{
	char line[SYSFS_TEXT_SIZE];
	enum sysfs_result result;

	result = sysfs_read_line(dir, name, line);
	if (result != SYSFS_OK)
		return result;
	if (!parse_u64(line, min, max, number)) {
		complain("%s/%s does not hold what it should", dir, name);
		return SYSFS_BAD;
	}
	return SYSFS_OK;
}

static enum sysfs_result read_epoch(const char *dir, uint64_t *epoch)
{
	return sysfs_read_u64(dir, "epoch", 1, 999999999, epoch);
}

enum sysfs_result sysfs_read(const char *dir, struct sysfs_clock *clock)
{
	enum sysfs_result result;
	uint64_t before, after;
	int tries;

	for (tries = 0; tries < MAX_TRIES; tries++) {
		result = read_epoch(dir, &before);
		if (result == SYSFS_OK)
			result = sysfs_read_line(dir, "source", clock->source);
		if (result == SYSFS_OK)
			result = sysfs_read_u64(dir, "frequency", 1, UINT64_MAX,
						&clock->frequency);
		if (result == SYSFS_OK)
			result = sysfs_read_line(dir, "state", clock->state);
		if (result == SYSFS_OK)
			result = sysfs_read_line(dir, "reason", clock->reason);
		if (result == SYSFS_OK)
			result = read_epoch(dir, &after);
		if (result != SYSFS_OK)
			return result;
		if (before == after) {
			clock->epoch = (uint32_t)after;
			return SYSFS_OK;
		}
	}
	complain("the epoch in %s changes all the time", dir);
	return SYSFS_BAD;
}

enum sysfs_result sysfs_watch(const char *dir, bool checks, struct pollfd *fds)
{
	enum sysfs_result result;
	int i;

	for (i = 0; i < SYSFS_NR_WATCHES; i++) {
		/* poll() passes over it. */
		fds[i].fd = -1;
		if (i == SYSFS_WATCH_CHECK && !checks)
			continue;
		result = open_file(dir, watched[i], &fds[i].fd);
		if (result != SYSFS_OK) {
			while (i--)
				close(fds[i].fd);
			return result;
		}
		fds[i].events = POLLPRI;
		fds[i].revents = 0;
	}
	return SYSFS_OK;
}

bool sysfs_rearm(struct pollfd *fds)
{
	char text[SYSFS_TEXT_SIZE];
	int i;

	/* sysfs takes a read from the start for having seen the value. */
	for (i = 0; i < SYSFS_NR_WATCHES; i++) {
		if (fds[i].fd < 0)
			continue;
		if (pread(fds[i].fd, text, sizeof(text), 0) < 0) {
			complain("cannot read the %s of the clock: %s", watched[i],
				 strerror(errno));
			return false;
		}
	}
	return true;
}
