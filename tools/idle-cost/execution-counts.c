// SPDX-License-Identifier: GPL-2.0
/*
 * A plugin for QEMU: count how often each instruction of the guest's kernel executes
 * between two markers (marker.h), and write the counts to a file.
 *
 * Loaded with -plugin execution-counts.so,out=FILE. QEMU has to emulate all CPUs in one
 * thread, as it does with -icount. For each pair of consecutive markers FILE gets a line
 * "window N", then "ADDRESS COUNT" for each instruction that has executed.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "marker.h"
#include "plugin.h"

/* Instructions of the kernel that are ever translated; a boot has about 200,000 */
#define MAX_INSTRUCTIONS	(1U << 22)
#define KERNEL_START		(UINT64_C(1) << 63)
#define OUT_ARGUMENT		"out="

/**
 * struct instruction - one address of the kernel
 * @address: it; 0 where the table is empty
 * @count: how often it has executed, which translated code counts up
 * @before: @count at the last marker
 */
struct instruction {
	uint64_t address;
	uint64_t count;
	uint64_t before;
};

int qemu_plugin_version = PLUGIN_API;

static const unsigned char marker[] = { MARKER_BYTES };
static struct instruction table[MAX_INSTRUCTIONS];
static unsigned int used, markers;
static FILE *out;

static void __attribute__((noreturn)) fatal(const char *message)
{
	fprintf(stderr, "execution-counts: %s\n", message);
	exit(EXIT_FAILURE);
}

/* The same place whenever an address is translated again */
static struct instruction *place_of(uint64_t address)
{
	uint32_t i = address * UINT64_C(0x9e3779b97f4a7c15) >> 42;

	while (table[i].address && table[i].address != address)
		i = (i + 1) % MAX_INSTRUCTIONS;
	if (!table[i].address) {
		if (++used > MAX_INSTRUCTIONS / 2)
			fatal("the kernel has more instructions than there is room for");
		table[i].address = address;
	}
	return &table[i];
}

static void at_marker(unsigned int vcpu, void *data)
{
	struct instruction *i;

	(void)vcpu;
	(void)data;
	if (markers)
		fprintf(out, "window %u\n", markers);
	for (i = table; i < table + MAX_INSTRUCTIONS; i++) {
		if (markers && i->count != i->before)
			fprintf(out, "%" PRIx64 " %" PRIu64 "\n", i->address,
				i->count - i->before);
		i->before = i->count;
	}
	markers++;
	if (fflush(out))
		fatal("cannot write the counts");
}

static void translated(uint64_t id, struct qemu_plugin_tb *tb)
{
	size_t i, n = qemu_plugin_tb_n_insns(tb);

	(void)id;
	for (i = 0; i < n; i++) {
		struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
		uint64_t address = qemu_plugin_insn_vaddr(insn);

		if (address >= KERNEL_START)
			qemu_plugin_register_vcpu_insn_exec_inline(insn, INLINE_ADD_U64,
								   &place_of(address)->count, 1);
		else if (qemu_plugin_insn_size(insn) == sizeof(marker) &&
			 !memcmp(qemu_plugin_insn_data(insn), marker, sizeof(marker)))
			qemu_plugin_register_vcpu_insn_exec_cb(insn, at_marker, CB_NO_REGS, NULL);
	}
}

int qemu_plugin_install(uint64_t id, const void *info, int argc, char **argv)
{
	(void)info;
	if (argc != 1 || strncmp(argv[0], OUT_ARGUMENT, strlen(OUT_ARGUMENT))) {
		fprintf(stderr, "execution-counts: wants the argument " OUT_ARGUMENT "FILE\n");
		return -1;
	}
	out = fopen(argv[0] + strlen(OUT_ARGUMENT), "we");
	if (!out) {
		fprintf(stderr, "execution-counts: %s: %s\n", argv[0], strerror(errno));
		return -1;
	}
	qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
	return 0;
}
