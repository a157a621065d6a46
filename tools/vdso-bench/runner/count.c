// SPDX-License-Identifier: GPL-2.0
/*
 * Makes one call of each row, while vdso-bench steps through it with ptrace().
 * A breakpoint before each call says that the next one is due.
 */
#include <stddef.h>

#include "runner.h"

#define EPOCH	1

#define breakpoint()	asm volatile("int3" ::: "memory")

union vdso_code {
	vdso_fn clock;
	int (*gettimeofday)(void *tv, void *tz);
	long (*time)(void *time);
	uintptr_t address;
};

static void count_row(struct runner *runner, uint32_t index)
{
	struct job *job = runner->job;
	struct job_row *row = &job->rows[index];
	struct mapped_image *mapped = &runner->images[row->image];
	union vdso_code code = { .clock = find_entry(runner, row) };
	struct timespec64 result;

	row->present = code.clock != NULL;
	if (!row->present)
		return;

	set_trace_epoch(mapped, row->fallback ? 0 : EPOCH, job->timebase.tsc_hz);
	timekeeper_advance(&runner->timekeeper);
	timekeeper_round_down(&runner->timekeeper);
	update_images(runner);

	job->count_row = index;
	job->count_entry = code.address;
	breakpoint();
	if (row->entry == ENTRY_GETTIMEOFDAY)
		code.gettimeofday(&result, NULL);
	else if (row->entry == ENTRY_TIME)
		code.time(&result);
	else
		code.clock(row->clock, &result);
}

void run_count(struct runner *runner)
{
	uint32_t i;

	for (i = 0; i < runner->job->nr_rows; i++)
		count_row(runner, i);
}
