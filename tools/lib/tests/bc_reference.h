/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The formula and its inverse, computed by bc(1) with numbers of any length.
 */
#ifndef CLOCKTRACE_TESTS_BC_REFERENCE_H
#define CLOCKTRACE_TESTS_BC_REFERENCE_H

#include <stdbool.h>
#include <stdio.h>

/* Questions for bc, asked all at once, and its answers */
struct bc {
	FILE *script;
	FILE *answers;
	char path[64];
};

bool bc_is_there(void);
bool bc_open(struct bc *bc);
bool bc_ask(struct bc *bc);
bool bc_answer(struct bc *bc, char *line, size_t size);
void bc_close(struct bc *bc);

#endif /* CLOCKTRACE_TESTS_BC_REFERENCE_H */
