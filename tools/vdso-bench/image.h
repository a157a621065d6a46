/* SPDX-License-Identifier: GPL-2.0 */
/* vDSO images of a kernel build, made ready for a runner to map. */
#ifndef VDSO_BENCH_IMAGE_H
#define VDSO_BENCH_IMAGE_H

#include "job.h"
#include "layout.h"

enum abi {
	ABI_X86_64,
	ABI_I386,
	NR_ABIS
};

/**
 * abi_name() - name of an ABI, as in the results
 * @abi:	ABI
 *
 * Return: static string.
 */
const char *abi_name(enum abi abi);

/**
 * image_load() - load an image and apply its alternatives
 * @image:	filled in for the runner
 * @name:	"patched" or "unpatched"
 * @build:	the kernel's build directory
 * @layout:	layout of that build
 * @abi:	which of its images
 *
 * Exits with a message if the image is missing or is not of that layout.
 */
void image_load(struct job_image *image, const char *name, const char *build,
		const struct layout *layout, enum abi abi);

#endif /* VDSO_BENCH_IMAGE_H */
