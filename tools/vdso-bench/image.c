// SPDX-License-Identifier: GPL-2.0
/*
 * vDSO images of a kernel build, see image.h.
 *
 * The code is that of vdso*.so, which the kernel maps as a whole. Where the data
 * pages lie, only the symbols of the unstripped vdso*.so.dbg tell.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "alternatives.h"
#include "elf_file.h"
#include "image.h"
#include "util.h"

/* The kernel's own note, <linux/elfnote-lto.h> and the vDSO's note.S */
#define VERSION_NOTE	0
#define BUILD_ID_NOTE	3

struct abi_info {
	const char *name;
	const char *file;
	const char *entries[NR_ENTRIES];
};

static const struct abi_info abis[NR_ABIS] = {
	[ABI_X86_64] = {
		.name = "x86-64",
		.file = "vdso64/vdso64.so",
		.entries = {
			[ENTRY_GETTIME] = "__vdso_clock_gettime",
			[ENTRY_GETRES] = "__vdso_clock_getres",
			[ENTRY_GETTIMEOFDAY] = "__vdso_gettimeofday",
			[ENTRY_TIME] = "__vdso_time",
		},
	},
	[ABI_I386] = {
		.name = "i386",
		.file = "vdso32/vdso32.so",
		.entries = {
			[ENTRY_GETTIME] = "__vdso_clock_gettime64",
			[ENTRY_GETTIME32] = "__vdso_clock_gettime",
			[ENTRY_GETRES] = "__vdso_clock_getres_time64",
			[ENTRY_GETTIMEOFDAY] = "__vdso_gettimeofday",
			[ENTRY_TIME] = "__vdso_time",
		},
	},
};

const char *abi_name(enum abi abi)
{
	return abis[abi].name;
}

static void check_same_build(const struct elf_file *so, const struct elf_file *dbg,
			     const char *path)
{
	const void *a, *b;
	size_t size_a, size_b;

	a = elf_file_note(so, "GNU", BUILD_ID_NOTE, &size_a);
	b = elf_file_note(dbg, "GNU", BUILD_ID_NOTE, &size_b);
	if (!a || !b || size_a != size_b || memcmp(a, b, size_a))
		fatal("%s and %s.dbg are not from the same build; build that kernel again", path,
		      path);
}

static void check_version(const struct elf_file *so, const struct layout *layout,
			  const char *path)
{
	uint32_t image, build = layout_value(layout, "LINUX_VERSION_CODE");
	const void *note;
	size_t size;

	note = elf_file_note(so, "Linux", VERSION_NOTE, &size);
	if (!note || size != sizeof(image))
		fatal("%s has no kernel version in its notes, so it is no vDSO of Linux", path);
	memcpy(&image, note, sizeof(image));
	if (image != build)
		fatal("%s is of kernel %u.%u.%u, but its layout is that of %u.%u.%u.\n"
		      "Make the layout from the same build: make -C tools/vdso-bench layout KERNEL=<build directory>",
		      path, image >> 16, image >> 8 & 0xff, image & 0xff,
		      build >> 16, build >> 8 & 0xff, build & 0xff);
}

static int64_t symbol(const struct elf_file *dbg, const char *path, const char *name)
{
	int64_t value;

	if (!elf_file_symbol(dbg, name, &value))
		fatal("%s.dbg has no symbol %s, so it is not known where its data pages lie",
		      path, name);
	return value;
}

static void load_text(struct job_image *image, const struct elf_file *so,
		      const struct layout *layout, const char *path)
{
	const char *bytes;
	uint64_t table = 0;
	size_t size, table_size = 0;
	uint8_t *text;

	bytes = elf_file_bytes(so, &size);
	image->text_pages = (size + JOB_PAGE_SIZE - 1) / JOB_PAGE_SIZE;
	text = allocate((size_t)image->text_pages * JOB_PAGE_SIZE);
	memcpy(text, bytes, size);

	if (elf_file_section(so, ".altinstructions", &table, &table_size)) {
		if (table > size || table_size > size - table)
			fatal("%s is damaged: its alternatives lie beyond its end", path);
		alternatives_apply(layout, path, text, size, table, table_size);
	}

	size = (size_t)image->text_pages * JOB_PAGE_SIZE;
	image->text_fd = memory_file("vdso-text", size);
	if (pwrite(image->text_fd, text, size, 0) != (ssize_t)size)
		fatal("cannot store %s in memory: %s", path, strerror(errno));
	free(text);
}

/* Symbols count from the text's start: those of the data pages are negative. */
static void find_data_pages(struct job_image *image, const struct elf_file *dbg,
			    const struct layout *layout, const char *path)
{
	int64_t data = symbol(dbg, path, "vdso_u_data");
	int64_t time_data = symbol(dbg, path, "vdso_u_time_data");
	int64_t vclocks = symbol(dbg, path, "vclock_pages");
	int64_t front = (int64_t)layout_value(layout, "__VDSO_PAGES") * JOB_PAGE_SIZE;
	uint64_t nr_vclocks = layout_value(layout, "VDSO_NR_VCLOCK_PAGES");
	bool has_trace = layout_has(layout, "sizeof vdso_clock_trace");
	uint64_t first_vclock;
	int64_t trace_data;

	if (data != -front || time_data < data || vclocks < data ||
	    vclocks + (int64_t)nr_vclocks * JOB_PAGE_SIZE > 0)
		fatal("%s.dbg has its data pages elsewhere than its layout says; is it from the same kernel build?",
		      path);

	image->front_pages = front / JOB_PAGE_SIZE;
	image->backed_pages = (1ULL << image->front_pages) - 1;
	first_vclock = (vclocks - data) / JOB_PAGE_SIZE;
	image->backed_pages &= ~(((1ULL << nr_vclocks) - 1) << first_vclock);
	image->time_data = time_data - data;
	image->data_fd = memory_file("vdso-data", front);

	image->trace_data = JOB_NONE;
	if (elf_file_symbol(dbg, "vdso_u_arch_data", &trace_data) != has_trace)
		fatal("%s.dbg and its layout do not agree on whether the kernel has CLOCK_TRACE; are they from the same kernel build?",
		      path);
	if (!has_trace)
		return;
	if (trace_data < data || trace_data >= 0)
		fatal("%s.dbg has the architecture's data outside its data pages", path);
	image->trace_data = trace_data - data + layout_value(layout, "vdso_arch_data.clock_trace");
	image->trace = (struct job_trace_layout) {
		.size = layout_value(layout, "sizeof vdso_clock_trace"),
		.epoch = layout_value(layout, "vdso_clock_trace.epoch"),
		.frequency = layout_value(layout, "vdso_clock_trace.frequency"),
	};
}

static void read_time_layout(struct job_time_layout *time, const struct layout *layout)
{
#define HRES(field)	layout_value(layout, "vdso_time_data." field)
#define CLOCK(field)	layout_value(layout, "vdso_clock." field)
#define BASE(clock)	layout_value(layout, "basetime " clock)
	*time = (struct job_time_layout) {
		.hres = HRES("clock_data[CS_HRES_COARSE]"),
		.raw = HRES("clock_data[CS_RAW]"),
		.hrtimer_res = HRES("hrtimer_res"),
		.clock_size = layout_value(layout, "sizeof vdso_clock"),
		.seq = CLOCK("seq"),
		.clock_mode = CLOCK("clock_mode"),
		.cycle_last = CLOCK("cycle_last"),
		.max_cycles = layout_has(layout, "vdso_clock.max_cycles") ?
			      CLOCK("max_cycles") : JOB_NONE,
		.mask = CLOCK("mask"),
		.mult = CLOCK("mult"),
		.shift = CLOCK("shift"),
		.realtime = BASE("CLOCK_REALTIME"),
		.monotonic = BASE("CLOCK_MONOTONIC"),
		.boottime = BASE("CLOCK_BOOTTIME"),
		.tai = BASE("CLOCK_TAI"),
		.realtime_coarse = BASE("CLOCK_REALTIME_COARSE"),
		.monotonic_coarse = BASE("CLOCK_MONOTONIC_COARSE"),
		.monotonic_raw = BASE("CLOCK_MONOTONIC_RAW"),
		.sec = layout_value(layout, "vdso_timestamp.sec"),
		.nsec = layout_value(layout, "vdso_timestamp.nsec"),
		.clockmode_tsc = layout_value(layout, "VDSO_CLOCKMODE_TSC"),
	};
#undef HRES
#undef CLOCK
#undef BASE
}

static void find_entries(struct job_image *image, const struct elf_file *dbg,
			 const char *path, const struct abi_info *abi)
{
	int64_t value;
	int i;

	for (i = 0; i < NR_ENTRIES; i++) {
		image->entry[i] = JOB_NONE;
		if (!abi->entries[i] || !elf_file_symbol(dbg, abi->entries[i], &value))
			continue;
		if (value <= 0 || value >= (int64_t)image->text_pages * JOB_PAGE_SIZE)
			fatal("%s.dbg has %s outside the image", path, abi->entries[i]);
		image->entry[i] = value;
	}
	if (image->entry[ENTRY_GETTIME] == JOB_NONE)
		fatal("%s has no %s", path, abi->entries[ENTRY_GETTIME]);
}

void image_load(struct job_image *image, const char *name, const char *build,
		const struct layout *layout, enum abi abi)
{
	const struct abi_info *info = &abis[abi];
	char *path = format_path("%s/arch/x86/entry/vdso/%s", build, info->file);
	char *dbg_path = format_path("%s.dbg", path);
	struct elf_file *so = elf_file_open(path);
	struct elf_file *dbg = elf_file_open(dbg_path);

	if (elf_file_is_32bit(so) != (abi == ABI_I386))
		fatal("%s is not a %s file", path, info->name);
	check_same_build(so, dbg, path);
	check_version(so, layout, path);

	snprintf(image->name, sizeof(image->name), "%s", name);
	read_time_layout(&image->time, layout);
	find_data_pages(image, dbg, layout, path);
	load_text(image, so, layout, path);
	find_entries(image, dbg, path, info);

	elf_file_close(so);
	elf_file_close(dbg);
	free(dbg_path);
	free(path);
}
