// SPDX-License-Identifier: GPL-2.0
/*
 * Read what a guest has sampled.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sys/stat.h>

#include "common/array.h"
#include "correlate/clock_check.h"
#include "readers/machine.h"
#include "common/message.h"
#include "verify/samples.h"
#include "verify/trace.h"

#define REMEDY \
	"; start QEMU with -cpu host,migratable=off or +invtsc, or the guest with tsc=reliable"
/* What CLOCK_TRACE has where it is CLOCK_MONOTONIC; no TSC is calibrated to this. */
#define MONOTONIC_HZ 1000000000

static bool take_number(char **text, unsigned long long max, unsigned long long *number)
{
	errno = 0;
	*number = strtoull(*text, text, 10);
	return !errno && *number && *number <= max;
}

/* Cut "PID:FILE" or "PID/VM:FILE" off the beginning of @argument; NULL if there is no more. */
static char *next_file(char **argument, struct vm_name *name)
{
	char *word = strsep(argument, ","), *end = word;
	unsigned long long pid, vm_id = 0;

	if (!word)
		return NULL;
	if (*word < '0' || *word > '9' || !take_number(&end, INT32_MAX, &pid) ||
	    (*end == '/' && (end++, *end < '0' || *end > '9' ||
			     !take_number(&end, UINT64_MAX, &vm_id))) ||
	    *end != ':' || !end[1])
		die("'%s' is not PID:FILE or PID/VM:FILE", word);
	*name = (struct vm_name){ (int32_t)pid, vm_id };
	return end + 1;
}

static void check_sample(const struct guest_sample *sample, const char *path,
			 uint64_t number)
{
	if (sample->magic != GUEST_SAMPLE_MAGIC)
		die("%s: record %llu is not a sample of clocktrace-guest-sampler: name its file, one of trace-cmd, or a directory with what LTTng, trace-cmd or perf has recorded",
		    path, (unsigned long long)number);
	if (!(sample->flags & GUEST_SAMPLE_COUNTER))
		die("%s: sample %llu is not of the counter: the guest's kernel does not trust its TSC" REMEDY,
		    path, (unsigned long long)number);
}

/* Boots follow one another. */
static bool new_boot(const struct guest_samples *samples,
		     const struct guest_sample *sample)
{
	return !samples->count ||
	       samples->items[samples->count - 1].boot != sample->boot;
}

/* The vCPU's last sample before, if it is of the same boot, has a smaller number. */
static bool is_rewind(const struct guest_samples *samples,
		      const struct guest_sample *sample)
{
	size_t i = samples->count;

	while (i-- > 0 && samples->items[i].boot == sample->boot)
		if (samples->items[i].vcpu == sample->vcpu)
			return samples->items[i].sequence >= sample->sequence;
	return false;
}

static void add_sample(struct guest_samples *samples, const struct guest_sample *sample,
		       struct vm_name name)
{
	samples->boots += new_boot(samples, sample);
	samples->rewinds += is_rewind(samples, sample);
	samples->names = array_room(samples->names, samples->count, sizeof(name));
	samples->names[samples->count] = name;
	samples->items = array_room(samples->items, samples->count, sizeof(*sample));
	samples->items[samples->count++] = *sample;
}

/* Events of a guest that was traced */
struct traced {
	struct guest_sample *items;
	size_t count;
	uint32_t epoch;
};

static void note_traced(struct traced *traced, const char *path, const struct event *event)
{
	if (event->cpu > UINT16_MAX)
		die("%s has a CPU %u", path, event->cpu);
	if (event->kind == EVENT_EPOCH)
		trace_check_epoch(&traced->epoch, path, event);
	traced->items = array_room(traced->items, traced->count, sizeof(*traced->items));
	traced->items[traced->count++] = (struct guest_sample){
		.magic = GUEST_SAMPLE_MAGIC,
		.value = event->time,
		.cpu = (uint16_t)event->cpu,
		.vcpu = (uint16_t)event->cpu,
		.flags = GUEST_SAMPLE_COUNTER | SAMPLE_OF_TRACE,
	};
}

static int compare_values(const void *a, const void *b)
{
	const struct guest_sample *one = a, *other = b;

	if (one->value != other->value)
		return one->value < other->value ? -1 : 1;
	return 0;
}

static void check_counter(const struct machine *machine, const char *path)
{
	size_t i;

	for (i = 0; i < machine->nr_readers; i++)
		if (machine->readers[i]->frequency == MONOTONIC_HZ)
			die("%s: the clock of %s is not the counter, but CLOCK_MONOTONIC: the guest's kernel does not trust its TSC" REMEDY,
			    path, machine->readers[i]->path);
}

/* Kernel and user space are merged by the value of the clock, which is of one time line. */
static void read_traces(const char *path, struct vm_name name, struct guest_samples *samples)
{
	struct traced traced = { 0 };
	struct stream *stream;
	struct machine *machine;
	bool assumed;
	char *error;
	size_t i;

	machine = machine_open(path, &error);
	if (machine)
		error = clock_check(machine, &assumed);
	if (error)
		die("%s", error);
	check_counter(machine, path);
	while ((stream = machine_next(machine)))
		note_traced(&traced, path, &stream->event);
	machine_close(machine);
	if (traced.count)
		qsort(traced.items, traced.count, sizeof(*traced.items), compare_values);
	for (i = 0; i < traced.count; i++) {
		traced.items[i].sequence = (uint32_t)i;
		add_sample(samples, &traced.items[i], name);
	}
	free(traced.items);
}

/* What clocktrace-guest-sampler has written is read here, in the order of its arrival. */
static bool is_traced(const char *path)
{
	struct stat status;

	if (stat(path, &status))
		return false;
	return S_ISDIR(status.st_mode) || trace_cmd_reader.probe(path, false);
}

static void read_file(const char *path, struct vm_name name, struct guest_samples *samples)
{
	struct guest_sample sample;
	uint64_t number = 0;
	FILE *file = fopen(path, "re");

	if (!file)
		die("%s: %s", path, strerror(errno));
	while (fread(&sample, sizeof(sample), 1, file) == 1) {
		check_sample(&sample, path, number++);
		sample.flags &= GUEST_SAMPLE_COUNTER;
		add_sample(samples, &sample, name);
	}
	if (ferror(file))
		die("%s: %s", path, strerror(errno));
	fclose(file);
}

/* Which files were read, so that none is read twice */
static struct file {
	dev_t device;
	ino_t inode;
	char *path;
} *files;
static size_t nr_files;

static void check_new(const char *path)
{
	struct stat status;
	size_t i;

	if (stat(path, &status))
		die("%s: %s", path, strerror(errno));
	for (i = 0; i < nr_files; i++)
		if (files[i].device == status.st_dev && files[i].inode == status.st_ino)
			die("%s and %s are the same samples", files[i].path, path);
	files = array_room(files, nr_files, sizeof(*files));
	files[nr_files++] = (struct file){ status.st_dev, status.st_ino, text_of("%s", path) };
}

void samples_read(const char *argument, struct guest_samples *samples)
{
	char *copy = text_of("%s", argument), *rest = copy;
	struct vm_name name;
	const char *path;

	*samples = (struct guest_samples){ .argument = argument };
	while ((path = next_file(&rest, &name))) {
		check_new(path);
		if (!samples->pid)
			samples->pid = name.pid;
		if (is_traced(path))
			read_traces(path, name, samples);
		else
			read_file(path, name, samples);
	}
	free(copy);
}

void samples_check_same(const struct guest_samples *guests, size_t nr_guests)
{
	size_t i, j;

	for (i = 1; i < nr_guests; i++)
		for (j = 0; j < i; j++)
			if (guests[i].count && guests[i].count == guests[j].count &&
			    !memcmp(guests[i].items, guests[j].items,
				    guests[i].count * sizeof(*guests[i].items)))
				die("%s and %s are the same samples", guests[j].argument,
				    guests[i].argument);
}

void samples_free(struct guest_samples *samples)
{
	free(samples->items);
	free(samples->names);
	*samples = (struct guest_samples){ 0 };
}
