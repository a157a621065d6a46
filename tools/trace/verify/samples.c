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

/* Cut "PID:FILE" off the beginning of @argument; NULL if there is no more. */
static char *next_file(char **argument, int32_t *pid)
{
	char *word = strsep(argument, ","), *end;
	long number;

	if (!word)
		return NULL;
	errno = 0;
	number = strtol(word, &end, 10);
	if (errno || end == word || *end != ':' || !end[1] || number < 1 ||
	    number > INT32_MAX)
		die("'%s' is not PID:FILE", word);
	*pid = (int32_t)number;
	return end + 1;
}

static void check_sample(const struct guest_sample *sample, const char *path,
			 uint64_t number)
{
	if (sample->magic != GUEST_SAMPLE_MAGIC)
		die("%s: record %llu is not a sample", path,
		    (unsigned long long)number);
	if (!(sample->flags & GUEST_SAMPLE_COUNTER))
		die("%s: sample %llu is not of the counter: the guest's kernel does not trust its TSC",
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
		       int32_t pid)
{
	samples->boots += new_boot(samples, sample);
	samples->rewinds += is_rewind(samples, sample);
	samples->pids = array_room(samples->pids, samples->count, sizeof(pid));
	samples->pids[samples->count] = pid;
	samples->items = array_room(samples->items, samples->count, sizeof(*sample));
	samples->items[samples->count++] = *sample;
}

/* Events of a guest that was traced */
struct traced {
	struct guest_sample *items;
	size_t count;
};

static void note_traced(struct traced *traced, const char *path, const struct event *event)
{
	if (event->cpu > UINT16_MAX)
		die("%s has a CPU %u", path, event->cpu);
	if (event->kind == EVENT_EPOCH)
		die("%s: the clock began a new epoch at %llu, so that not all times are of one time line",
		    path, (unsigned long long)event->time);
	traced->items = array_room(traced->items, traced->count, sizeof(*traced->items));
	traced->items[traced->count++] = (struct guest_sample){
		.magic = GUEST_SAMPLE_MAGIC,
		.value = event->time,
		.cpu = (uint16_t)event->cpu,
		.vcpu = (uint16_t)event->cpu,
		.flags = GUEST_SAMPLE_COUNTER,
	};
}

static int compare_values(const void *a, const void *b)
{
	const struct guest_sample *one = a, *other = b;

	if (one->value != other->value)
		return one->value < other->value ? -1 : 1;
	return 0;
}

/* Kernel and user space are merged by the value of the clock, which is of one time line. */
static void read_traces(const char *path, int32_t pid, struct guest_samples *samples)
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
	while ((stream = machine_next(machine)))
		note_traced(&traced, path, &stream->event);
	machine_close(machine);
	if (traced.count)
		qsort(traced.items, traced.count, sizeof(*traced.items), compare_values);
	for (i = 0; i < traced.count; i++) {
		traced.items[i].sequence = (uint32_t)i;
		add_sample(samples, &traced.items[i], pid);
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

static void read_file(const char *path, int32_t pid, struct guest_samples *samples)
{
	struct guest_sample sample;
	uint64_t number = 0;
	FILE *file = fopen(path, "re");

	if (!file)
		die("%s: %s", path, strerror(errno));
	while (fread(&sample, sizeof(sample), 1, file) == 1) {
		check_sample(&sample, path, number++);
		add_sample(samples, &sample, pid);
	}
	if (ferror(file))
		die("%s: %s", path, strerror(errno));
	fclose(file);
}

void samples_read(const char *argument, struct guest_samples *samples)
{
	char *copy = strdup(argument), *rest = copy;
	const char *path;
	int32_t pid;

	if (!copy)
		die("out of memory");
	*samples = (struct guest_samples){ 0 };
	while ((path = next_file(&rest, &pid))) {
		if (!samples->pid)
			samples->pid = pid;
		if (is_traced(path))
			read_traces(path, pid, samples);
		else
			read_file(path, pid, samples);
	}
	free(copy);
}

void samples_free(struct guest_samples *samples)
{
	free(samples->items);
	free(samples->pids);
	*samples = (struct guest_samples){ 0 };
}
