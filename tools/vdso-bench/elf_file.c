// SPDX-License-Identifier: GPL-2.0
/* ELF files of either class, see elf_file.h. */
#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "elf_file.h"
#include "util.h"

struct elf_file {
	const char *path;
	Elf *elf;
	int fd;
};

struct elf_file *elf_file_open(const char *path)
{
	struct elf_file *file = allocate(sizeof(*file));

	elf_version(EV_CURRENT);
	file->path = path;
	file->fd = open(path, O_RDONLY | O_CLOEXEC);
	if (file->fd < 0)
		fatal("cannot open %s: %s", path, strerror(errno));

	file->elf = elf_begin(file->fd, ELF_C_READ, NULL);
	if (!file->elf || elf_kind(file->elf) != ELF_K_ELF)
		fatal("%s is not an ELF file", path);

	return file;
}

void elf_file_close(struct elf_file *file)
{
	elf_end(file->elf);
	close(file->fd);
	free(file);
}

bool elf_file_is_32bit(const struct elf_file *file)
{
	return gelf_getclass(file->elf) == ELFCLASS32;
}

const void *elf_file_bytes(const struct elf_file *file, size_t *size)
{
	const void *bytes = elf_rawfile(file->elf, size);

	if (!bytes)
		fatal("cannot read %s: %s", file->path, elf_errmsg(-1));
	return bytes;
}

static Elf_Scn *find_section(const struct elf_file *file, const char *name, uint32_t type,
			     GElf_Shdr *header)
{
	Elf_Scn *section = NULL;
	const char *found;
	size_t strings;

	if (elf_getshdrstrndx(file->elf, &strings))
		fatal("%s is damaged: %s", file->path, elf_errmsg(-1));

	while ((section = elf_nextscn(file->elf, section))) {
		if (!gelf_getshdr(section, header))
			fatal("%s is damaged: %s", file->path, elf_errmsg(-1));
		found = elf_strptr(file->elf, strings, header->sh_name);
		if (name ? found && !strcmp(found, name) : header->sh_type == type)
			return section;
	}
	return NULL;
}

const void *elf_file_section(const struct elf_file *file, const char *name,
			     uint64_t *address, size_t *size)
{
	GElf_Shdr header;
	Elf_Scn *section = find_section(file, name, 0, &header);
	Elf_Data *data = section ? elf_rawdata(section, NULL) : NULL;

	if (!data)
		return NULL;
	if (address)
		*address = header.sh_addr;
	*size = data->d_size;
	return data->d_buf;
}

bool elf_file_symbol(const struct elf_file *file, const char *name, int64_t *value)
{
	GElf_Shdr header;
	Elf_Scn *section = find_section(file, NULL, SHT_SYMTAB, &header);
	Elf_Data *data = section ? elf_getdata(section, NULL) : NULL;
	const char *found;
	GElf_Sym symbol;
	size_t i;

	if (!data || !header.sh_entsize)
		return false;

	for (i = 0; i < header.sh_size / header.sh_entsize; i++) {
		if (!gelf_getsym(data, i, &symbol))
			continue;
		found = elf_strptr(file->elf, header.sh_link, symbol.st_name);
		if (!found || strcmp(found, name))
			continue;
		*value = elf_file_is_32bit(file) ? (int32_t)symbol.st_value
						 : (int64_t)symbol.st_value;
		return true;
	}
	return false;
}

const void *elf_file_note(const struct elf_file *file, const char *owner, uint32_t type,
			  size_t *size)
{
	size_t offset = 0, name_offset, desc_offset, bytes_size;
	const char *bytes = elf_file_section(file, ".note", NULL, &bytes_size);
	GElf_Shdr header;
	Elf_Data *data;
	GElf_Nhdr note;

	if (!bytes)
		return NULL;

	data = elf_getdata(find_section(file, ".note", 0, &header), NULL);
	while ((offset = gelf_getnote(data, offset, &note, &name_offset, &desc_offset))) {
		if (note.n_type != type || note.n_namesz != strlen(owner) + 1 ||
		    memcmp((char *)data->d_buf + name_offset, owner, note.n_namesz))
			continue;
		*size = note.n_descsz;
		return (char *)data->d_buf + desc_offset;
	}
	return NULL;
}
