/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How the guest tells the plugin where a window begins or ends: an instruction that
 * does nothing, and that nothing else contains.
 */
#ifndef IDLE_COST_MARKER_H
#define IDLE_COST_MARKER_H

/* nopl 0x4b434c43(%rax) */
#define MARKER_BYTES	0x0f, 0x1f, 0x80, 0x43, 0x4c, 0x43, 0x4b

#endif /* IDLE_COST_MARKER_H */
