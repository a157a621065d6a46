// SPDX-License-Identifier: GPL-2.0
/*
 * Preloaded: all calls of pread() on files without a name fail from the one on whose number
 * FAIL_PREAD is; or the one whose number KILL_PREAD is ends the process by SIGKILL.
 */
#include <dlfcn.h>
#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static atomic_long calls;

ssize_t pread(int fd, void *buffer, size_t size, off_t offset)
{
	static ssize_t (*real)(int fd, void *buffer, size_t size, off_t offset);
	const char *first = getenv("FAIL_PREAD"), *last = getenv("KILL_PREAD");
	struct stat status;
	long call;

	if ((first || last) && !fstat(fd, &status) && !status.st_nlink) {
		call = ++calls;
		if (last && call == atol(last))
			raise(SIGKILL);
		if (first && call >= atol(first)) {
			errno = EIO;
			return -1;
		}
	}
	if (!real)
		real = (ssize_t (*)(int, void *, size_t, off_t))dlsym(RTLD_NEXT, "pread");
	return real(fd, buffer, size, offset);
}
