// SPDX-License-Identifier: GPL-2.0
/*
 * What a process leaves behind if it ends before its output is whole: another one removes it.
 */
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "common/leftover.h"
#include "common/message.h"

/* A model and an output at once are two; each trace with files that are cut is one more. */
#define NOTES 256

/* One that is not in use is empty. The first byte is written last. */
static char (*notes)[PATH_MAX];

void leftover_share(void)
{
	if (notes)
		return;
	notes = mmap(NULL, NOTES * sizeof(*notes), PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (notes == MAP_FAILED)
		die("out of memory");
}

int leftover_note(const char *path)
{
	int i;

	if (!notes || !path[0] || strlen(path) >= PATH_MAX)
		return LEFTOVER_NONE;
	for (i = 0; i < NOTES; i++) {
		if (notes[i][0])
			continue;
		strcpy(notes[i] + 1, path + 1);
		__atomic_store_n(&notes[i][0], path[0], __ATOMIC_RELEASE);
		return i;
	}
	return LEFTOVER_NONE;
}

void leftover_forget(int number)
{
	if (number != LEFTOVER_NONE)
		notes[number][0] = '\0';
}

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *place)
{
	(void)status;
	(void)type;
	(void)place;
	remove(path);
	return 0;
}

void leftover_remove_at(const char *path)
{
	nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

void leftover_remove_all(void)
{
	int i;

	for (i = 0; notes && i < NOTES; i++) {
		if (!notes[i][0])
			continue;
		leftover_remove_at(notes[i]);
		leftover_forget(i);
	}
}
