/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The part of QEMU's plugin interface, version 1, that execution-counts.c uses.
 * Distributions ship QEMU without the header that declares it.
 */
#ifndef IDLE_COST_PLUGIN_H
#define IDLE_COST_PLUGIN_H

#include <stddef.h>
#include <stdint.h>

#define PLUGIN_API	1
#define INLINE_ADD_U64	0
#define CB_NO_REGS	0

struct qemu_plugin_tb;
struct qemu_plugin_insn;

typedef void (*translated_fn)(uint64_t id, struct qemu_plugin_tb *tb);
typedef void (*executed_fn)(unsigned int vcpu, void *data);

/* What QEMU looks for in a plugin */
extern __attribute__((visibility("default"))) int qemu_plugin_version;
__attribute__((visibility("default")))
int qemu_plugin_install(uint64_t id, const void *info, int argc, char **argv);

/* What it offers to one */
void qemu_plugin_register_vcpu_tb_trans_cb(uint64_t id, translated_fn fn);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb, size_t i);
uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *insn);
const void *qemu_plugin_insn_data(const struct qemu_plugin_insn *insn);
size_t qemu_plugin_insn_size(const struct qemu_plugin_insn *insn);
void qemu_plugin_register_vcpu_insn_exec_inline(struct qemu_plugin_insn *insn, int op,
						void *to, uint64_t value);
void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *insn, executed_fn fn,
					    int flags, void *data);

#endif /* IDLE_COST_PLUGIN_H */
