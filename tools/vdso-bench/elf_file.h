/* SPDX-License-Identifier: GPL-2.0 */
/* ELF files of either class, as far as vdso-bench reads them. */
#ifndef VDSO_BENCH_ELF_FILE_H
#define VDSO_BENCH_ELF_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct elf_file;

/**
 * elf_file_open() - open an ELF file for reading
 * @path:	the file
 *
 * Return: the file. Exits with a message if it cannot be read or is not ELF.
 */
struct elf_file *elf_file_open(const char *path);

/**
 * elf_file_close() - forget a file and all that was read from it
 * @file:	open file
 */
void elf_file_close(struct elf_file *file);

/**
 * elf_file_is_32bit() - is the file of the 32-bit class?
 * @file:	open file
 *
 * Return: true if it is.
 */
bool elf_file_is_32bit(const struct elf_file *file);

/**
 * elf_file_bytes() - the whole file
 * @file:	open file
 * @size:	where its size is stored
 *
 * Return: the bytes, valid until the file is closed.
 */
const void *elf_file_bytes(const struct elf_file *file, size_t *size);

/**
 * elf_file_section() - find a section by its name
 * @file:	open file
 * @name:	name of the section
 * @address:	where its address in memory is stored, unless NULL
 * @size:	where its size is stored
 *
 * Return: its bytes, valid until the file is closed; NULL if there is none.
 */
const void *elf_file_section(const struct elf_file *file, const char *name,
			     uint64_t *address, size_t *size);

/**
 * elf_file_symbol() - find a symbol by its name
 * @file:	open file
 * @name:	name of the symbol
 * @value:	where its value is stored, sign-extended from the file's class
 *
 * Return: true if the file's full symbol table has it.
 */
bool elf_file_symbol(const struct elf_file *file, const char *name, int64_t *value);

/**
 * elf_file_note() - find a note
 * @file:	open file
 * @owner:	name of its owner
 * @type:	its type
 * @size:	where the size of its description is stored
 *
 * Return: its description, valid until the file is closed; NULL if there is none.
 */
const void *elf_file_note(const struct elf_file *file, const char *owner, uint32_t type,
			  size_t *size);

#endif /* VDSO_BENCH_ELF_FILE_H */
