// SPDX-License-Identifier: GPL-2.0
/*
 * Are the images what the running kernel mapped? That kernel has applied its own
 * alternatives to its own copy, so this tells whether vdso-bench did it alike.
 */
#include <sys/auxv.h>

#include "runner.h"

static uint32_t first_difference(const uint8_t *a, const uint8_t *b, uint32_t size)
{
	uint32_t i;

	for (i = 0; i < size; i++) {
		if (a[i] != b[i])
			return i;
	}
	return JOB_NONE;
}

void run_compare(struct runner *runner)
{
	const uint8_t *machine = (const uint8_t *)getauxval(AT_SYSINFO_EHDR);
	const struct mapped_image *mapped;
	uint32_t i, page;

	if (!machine)
		die(runner, "the running kernel has mapped no vDSO");

	for (i = 0; i < runner->job->nr_images; i++) {
		mapped = &runner->images[i];
		runner->job->differs[i] = JOB_NONE;

		/* Page by page: the machine's image may be shorter. */
		for (page = 0; page < mapped->image->text_pages; page++) {
			uint32_t start = page * JOB_PAGE_SIZE;
			uint32_t at = first_difference(mapped->text + start, machine + start,
						       JOB_PAGE_SIZE);

			if (at != JOB_NONE) {
				runner->job->differs[i] = start + at;
				break;
			}
		}
	}
}
