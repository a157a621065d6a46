// SPDX-License-Identifier: GPL-2.0
/*
 * A library to be preloaded: the most bytes that a program had allocated at once. At its
 * end it adds them to the file that $HEAP_PEAK names, a line for each process. Unlike the
 * resident set, that does not depend on what the kernel keeps of mapped files.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <malloc.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);
void __libc_free(void *memory);

static atomic_llong bytes;
static atomic_llong peak;

static void *taken(void *memory)
{
	long long now, most = atomic_load(&peak);

	if (!memory)
		return NULL;
	now = atomic_fetch_add(&bytes, (long long)malloc_usable_size(memory)) +
	      (long long)malloc_usable_size(memory);
	while (now > most && !atomic_compare_exchange_weak(&peak, &most, now))
		;
	return memory;
}

static void returned(void *memory)
{
	if (memory)
		atomic_fetch_sub(&bytes, (long long)malloc_usable_size(memory));
}

void *malloc(size_t size)
{
	return taken(__libc_malloc(size));
}

void *calloc(size_t count, size_t size)
{
	return taken(__libc_calloc(count, size));
}

void *realloc(void *old, size_t size)
{
	returned(old);
	return taken(__libc_realloc(old, size));
}

void free(void *memory)
{
	returned(memory);
	__libc_free(memory);
}

__attribute__((destructor)) static void report(void)
{
	const char *path = getenv("HEAP_PEAK");
	int file = path ? open(path, O_WRONLY | O_CREAT | O_APPEND, 0666) : -1;

	if (file < 0)
		return;
	dprintf(file, "%lld\n", (long long)peak);
	close(file);
}
