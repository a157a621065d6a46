// SPDX-License-Identifier: GPL-2.0
/*
 * Maps vDSO images as arch/x86/entry/vdso/vma.c does: one range, the data pages
 * first, then the text. The machine's own vDSO is there already.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "runner.h"

#ifdef __x86_64__
#define MACHINE_VDSO	"linux-vdso.so.1"
#define GETTIME_NAME	"__vdso_clock_gettime"
#else
#define MACHINE_VDSO	"linux-gate.so.1"
#define GETTIME_NAME	"__vdso_clock_gettime64"
#endif

static void map_image(struct runner *runner, struct mapped_image *mapped,
		      const struct job_image *image)
{
	size_t front = (size_t)image->front_pages * JOB_PAGE_SIZE;
	size_t text = (size_t)image->text_pages * JOB_PAGE_SIZE;
	uint8_t *range, *page;
	uint32_t i;

	range = mmap(NULL, front + text, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (range == MAP_FAILED)
		goto fail;

	page = mmap(range + front, text, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_FIXED,
		    image->text_fd, 0);
	if (page == MAP_FAILED)
		goto fail;

	for (i = 0; i < image->front_pages; i++) {
		if (!(image->backed_pages & (1ULL << i)))
			continue;
		page = mmap(range + i * JOB_PAGE_SIZE, JOB_PAGE_SIZE, PROT_READ,
			    MAP_SHARED | MAP_FIXED, image->data_fd, i * JOB_PAGE_SIZE);
		if (page == MAP_FAILED)
			goto fail;
	}

	mapped->data_writable = mmap(NULL, front, PROT_READ | PROT_WRITE, MAP_SHARED,
				     image->data_fd, 0);
	if (mapped->data_writable == MAP_FAILED)
		goto fail;

	mapped->image = image;
	mapped->data = range;
	mapped->text = range + front;
	return;

fail:
	die(runner, "cannot map the %s image: %s", image->name, strerror(errno));
}

void map_images(struct runner *runner)
{
	struct job *job = runner->job;
	uint32_t i;

	for (i = 0; i < job->nr_images; i++) {
		map_image(runner, &runner->images[i], &job->images[i]);
		set_trace_epoch(&runner->images[i], 1, job->timebase.tsc_hz);
		job->text_start[i] = (uintptr_t)runner->images[i].text;
	}
}

static vdso_fn find_machine_entry(uint32_t entry)
{
	/* Not closed: the vDSO stays mapped for as long as the process lives. */
	void *vdso = dlopen(MACHINE_VDSO, RTLD_LAZY | RTLD_NOLOAD);
	vdso_fn fn = NULL;
	void *symbol;

	if (!vdso || entry != ENTRY_GETTIME)
		return NULL;

	symbol = dlsym(vdso, GETTIME_NAME);
	memcpy(&fn, &symbol, sizeof(fn));
	return fn;
}

vdso_fn find_entry(const struct runner *runner, const struct job_row *row)
{
	const struct mapped_image *mapped;
	const uint8_t *code;
	vdso_fn fn;

	if (row->source == SOURCE_MACHINE)
		return find_machine_entry(row->entry);

	mapped = &runner->images[row->image];
	if (mapped->image->entry[row->entry] == JOB_NONE)
		return NULL;

	code = mapped->text + mapped->image->entry[row->entry];
	memcpy(&fn, &code, sizeof(fn));
	return fn;
}

void update_images(struct runner *runner)
{
	struct mapped_image *mapped;
	uint32_t i;

	timekeeper_advance(&runner->timekeeper);
	for (i = 0; i < runner->job->nr_images; i++) {
		mapped = &runner->images[i];
		timekeeper_publish(&runner->timekeeper,
				   mapped->data_writable + mapped->image->time_data,
				   &mapped->image->time);
	}
}

void set_trace_epoch(struct mapped_image *mapped, uint32_t epoch, uint64_t frequency)
{
	const struct job_trace_layout *layout = &mapped->image->trace;
	uint8_t *page;

	if (mapped->image->trace_data == JOB_NONE)
		return;

	page = mapped->data_writable + mapped->image->trace_data;
	*(volatile uint32_t *)(page + layout->epoch) = 0;
	*(volatile uint64_t *)(page + layout->frequency) = frequency;
	*(volatile uint32_t *)(page + layout->epoch) = epoch;
}
