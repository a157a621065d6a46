// SPDX-License-Identifier: GPL-2.0
/*
 * The alternatives of a vDSO image, see alternatives.h.
 *
 * The rules are those of the kernel's arch/x86/kernel/alternative.c: consecutive
 * entries for one site are alternatives of each other, and the last one whose
 * feature is there wins; relative branches and addresses in a replacement are
 * moved to the site; the rest of the site, and any NOPs in it, become as few NOPs
 * as possible. The kernel decodes all of them as 64-bit code, 32-bit images too.
 */
#include <capstone/capstone.h>
#include <stdbool.h>
#include <string.h>

#include "alternatives.h"
#include "features.h"
#include "util.h"

#define NOP		0x90
#define INT3		0xcc
#define JMP8		0xeb
#define JMP32		0xe9
#define JMP8_SIZE	2
#define JMP32_SIZE	5
#define MAX_NOP		11
#define MAX_SITE	254

struct patcher {
	const struct layout *layout;
	const char *path;
	uint8_t *image;
	size_t size;
	csh decoder;
};

struct alternative {
	size_t site;			/* offsets in the image */
	size_t replacement;
	uint32_t feature;
	bool inverted;
	uint8_t site_size;
	uint8_t replacement_size;
};

/* The recommended NOP of each size from 1 on */
static const uint8_t nops[MAX_NOP][MAX_NOP] = {
	{ 0x90 },
	{ 0x66, 0x90 },
	{ 0x0f, 0x1f, 0x00 },
	{ 0x0f, 0x1f, 0x40, 0x00 },
	{ 0x0f, 0x1f, 0x44, 0x00, 0x00 },
	{ 0x66, 0x0f, 0x1f, 0x44, 0x00, 0x00 },
	{ 0x0f, 0x1f, 0x80, 0x00, 0x00, 0x00, 0x00 },
	{ 0x0f, 0x1f, 0x84, 0x00, 0x00, 0x00, 0x00, 0x00 },
	{ 0x2e, 0x0f, 0x1f, 0x84, 0x00, 0x00, 0x00, 0x00, 0x00 },
	{ 0x66, 0x2e, 0x0f, 0x1f, 0x84, 0x00, 0x00, 0x00, 0x00, 0x00 },
	{ 0x66, 0x66, 0x2e, 0x0f, 0x1f, 0x84, 0x00, 0x00, 0x00, 0x00, 0x00 },
};

static int32_t get_s32(const uint8_t *bytes)
{
	int32_t value;

	memcpy(&value, bytes, sizeof(value));
	return value;
}

static struct alternative read_alternative(const struct patcher *patcher, size_t entry)
{
	const struct layout *layout = patcher->layout;
	size_t site_field = entry + layout_value(layout, "alt_instr.instr_offset");
	size_t replacement_field = entry + layout_value(layout, "alt_instr.repl_offset");
	uint32_t flags = get_s32(patcher->image + entry +
				 layout_value(layout, "alt_instr.ft_flags"));
	struct alternative alt = {
		.site = site_field + get_s32(patcher->image + site_field),
		.replacement = replacement_field + get_s32(patcher->image + replacement_field),
		.feature = flags & 0xffff,
		.inverted = flags >> 16 & layout_value(layout, "ALT_FLAG_NOT"),
		.site_size = patcher->image[entry + layout_value(layout, "alt_instr.instrlen")],
		.replacement_size =
			patcher->image[entry + layout_value(layout, "alt_instr.replacementlen")],
	};

	if (flags >> 16 & ~layout_value(layout, "ALT_FLAG_NOT"))
		fatal("%s: an alternative has flags %#x, which this program does not know",
		      patcher->path, flags >> 16);
	if (alt.site >= patcher->size || alt.site_size > MAX_SITE ||
	    alt.site_size > patcher->size - alt.site ||
	    alt.replacement > patcher->size ||
	    alt.replacement_size > patcher->size - alt.replacement ||
	    alt.replacement_size > alt.site_size)
		fatal("%s: its alternatives make no sense; is it from the same kernel build as the layout?",
		      patcher->path);
	return alt;
}

static cs_insn *decode(const struct patcher *patcher, const uint8_t *code, size_t size)
{
	cs_insn *insn;

	return cs_disasm(patcher->decoder, code, size, 0, 1, &insn) ? insn : NULL;
}

static bool is_nop(const cs_insn *insn)
{
	return insn->id == X86_INS_NOP;
}

static void put_nop(uint8_t *code, size_t size)
{
	if (size && size <= MAX_NOP) {
		memcpy(code, nops[size - 1], size);
		return;
	}
	if (size < 128) {
		code[0] = JMP8;
		code[1] = size - JMP8_SIZE;
		memset(code + JMP8_SIZE, INT3, size - JMP8_SIZE);
		return;
	}
	code[0] = JMP32;
	memcpy(code + 1, &(uint32_t){ size - JMP32_SIZE }, sizeof(uint32_t));
	memset(code + JMP32_SIZE, INT3, size - JMP32_SIZE);
}

static void merge_nops(const struct patcher *patcher, uint8_t *code, size_t size)
{
	size_t at = 0, first_nop = 0;
	bool in_nops = false;
	cs_insn *insn;

	while (at < size && (insn = decode(patcher, code + at, size - at))) {
		if (is_nop(insn) && !in_nops)
			first_nop = at;
		else if (!is_nop(insn) && in_nops)
			put_nop(code + first_nop, at - first_nop);
		in_nops = is_nop(insn);
		at += insn->size;
		cs_free(insn, 1);
	}
	if (in_nops)
		put_nop(code + first_nop, at - first_nop);
}

/* Adds @shift to a relative address of @size bytes, or exits if that does not fit. */
static void shift_field(const struct patcher *patcher, uint8_t *field, size_t size,
			int64_t shift)
{
	int64_t value;

	if (size == sizeof(int8_t))
		value = (int8_t)field[0] + shift;
	else if (size == sizeof(int32_t))
		value = get_s32(field) + shift;
	else
		fatal("%s: a replacement has a relative address of %zu bytes", patcher->path, size);

	if (size == sizeof(int8_t) ? value != (int8_t)value : value != (int32_t)value)
		fatal("%s: a replacement is too far from its site", patcher->path);
	memcpy(field, &(int32_t){ value }, size);
}

static bool leaves(int64_t target, size_t size)
{
	return target < 0 || target > (int64_t)size;
}

/* JMP rel32 becomes JMP rel8 where that is enough. */
static void shorten_jump(uint8_t *code)
{
	int32_t distance = get_s32(code + 1) + JMP32_SIZE - JMP8_SIZE;

	if (distance != (int8_t)distance)
		return;
	code[0] = JMP8;
	code[1] = distance;
	memset(code + JMP8_SIZE, INT3, JMP32_SIZE - JMP8_SIZE);
}

static bool is_rip_relative(const cs_x86 *x86)
{
	uint8_t i;

	for (i = 0; i < x86->op_count; i++) {
		if (x86->operands[i].type == X86_OP_MEM &&
		    x86->operands[i].mem.base == X86_REG_RIP)
			return true;
	}
	return false;
}

static void relocate(const struct patcher *patcher, const struct alternative *alt,
		     uint8_t *code, size_t size)
{
	int64_t shift = (int64_t)alt->replacement - (int64_t)alt->site;
	const cs_x86 *x86;
	cs_insn *insn;
	size_t at, next;
	int64_t target;

	for (at = 0; at < size; at = next) {
		insn = decode(patcher, code + at, size - at);
		if (!insn)
			fatal("%s: a replacement cannot be decoded", patcher->path);
		x86 = &insn->detail->x86;
		next = at + insn->size;

		if (cs_insn_group(patcher->decoder, insn, X86_GRP_BRANCH_RELATIVE) ||
		    (insn->id == X86_INS_CALL && x86->opcode[0] == 0xe8)) {
			/* Decoded at address 0: the operand is the distance from there. */
			target = at + x86->operands[0].imm;
			if (leaves(target, alt->replacement_size))
				shift_field(patcher, code + at + x86->encoding.imm_offset,
					    x86->encoding.imm_size, shift);
			if (code[at] == JMP32)
				shorten_jump(code + at);
		}
		if (is_rip_relative(x86)) {
			target = next + x86->disp;
			if (leaves(target, alt->replacement_size))
				shift_field(patcher, code + at + x86->encoding.disp_offset,
					    x86->encoding.disp_size, shift);
		}
		cs_free(insn, 1);
	}
}

static void patch_site(const struct patcher *patcher, const struct alternative *chosen,
		       size_t site, size_t size)
{
	uint8_t code[MAX_SITE];

	if (chosen) {
		memset(code, NOP, size);
		memcpy(code, patcher->image + chosen->replacement, chosen->replacement_size);
		relocate(patcher, chosen, code, size);
	} else {
		memcpy(code, patcher->image + site, size);
	}
	merge_nops(patcher, code, size);
	memcpy(patcher->image + site, code, size);
}

static bool is_chosen(const struct patcher *patcher, const struct alternative *alt)
{
	return feature_present(patcher->layout, alt->feature) != alt->inverted;
}

void alternatives_apply(const struct layout *layout, const char *path, uint8_t *image,
			size_t size, size_t table, size_t table_size)
{
	struct patcher patcher = {
		.layout = layout, .path = path, .image = image, .size = size,
	};
	size_t entry_size = layout_value(layout, "sizeof alt_instr");
	size_t entry = table, end = table + table_size;
	struct alternative alt, chosen = { 0 };
	bool has_chosen;
	size_t site, site_size;

	if (table_size % entry_size)
		fatal("%s: its alternatives make no sense; is it from the same kernel build as the layout?",
		      path);
	if (cs_open(CS_ARCH_X86, CS_MODE_64, &patcher.decoder) != CS_ERR_OK)
		fatal("the disassembler does not start; is libcapstone complete?");
	cs_option(patcher.decoder, CS_OPT_DETAIL, CS_OPT_ON);

	while (entry < end) {
		alt = read_alternative(&patcher, entry);
		site = alt.site;
		site_size = 0;
		has_chosen = false;
		while (alt.site == site) {
			if (alt.site_size > site_size)
				site_size = alt.site_size;
			if (is_chosen(&patcher, &alt)) {
				chosen = alt;
				has_chosen = true;
			}
			entry += entry_size;
			if (entry >= end)
				break;
			alt = read_alternative(&patcher, entry);
		}
		patch_site(&patcher, has_chosen ? &chosen : NULL, site, site_size);
	}
	cs_close(&patcher.decoder);
}
