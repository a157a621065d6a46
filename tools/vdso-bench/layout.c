// SPDX-License-Identifier: GPL-2.0
/* What a kernel build says of its own vDSO, see layout.h. */
#include <string.h>

#include "elf_file.h"
#include "layout.h"
#include "util.h"

#define SECTION	".vdso_layout"

/* As in layout/vdso-layout.c */
struct layout_entry {
	char name[56];
	uint64_t value;
};

struct layout {
	const char *path;
	const struct layout_entry *entries;
	size_t nr_entries;
};

struct layout *layout_read(const char *path)
{
	struct layout *layout = allocate(sizeof(*layout));
	struct elf_file *file = elf_file_open(path);
	size_t size, i;

	/* The file stays open for as long as its entries are in use: until the end. */
	layout->path = path;
	layout->entries = elf_file_section(file, SECTION, NULL, &size);
	if (!layout->entries || !size || size % sizeof(*layout->entries))
		fatal("%s does not describe a kernel build: it has no section " SECTION " that this program knows.\n"
		      "Make it anew: make -C tools/vdso-bench layout KERNEL=<build directory>", path);

	layout->nr_entries = size / sizeof(*layout->entries);
	for (i = 0; i < layout->nr_entries; i++) {
		if (!memchr(layout->entries[i].name, 0, sizeof(layout->entries[i].name)))
			fatal("%s is damaged: a name in it has no end", path);
	}
	return layout;
}

static const struct layout_entry *find(const struct layout *layout, const char *name)
{
	size_t i;

	for (i = 0; i < layout->nr_entries; i++) {
		if (!strcmp(layout->entries[i].name, name))
			return &layout->entries[i];
	}
	return NULL;
}

bool layout_has(const struct layout *layout, const char *name)
{
	return find(layout, name);
}

uint64_t layout_value(const struct layout *layout, const char *name)
{
	const struct layout_entry *entry = find(layout, name);

	if (!entry)
		fatal("%s does not say what '%s' is, so the images of that kernel build cannot be run.\n"
		      "Make it anew: make -C tools/vdso-bench layout KERNEL=<build directory>",
		      layout->path, name);
	return entry->value;
}
