/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What libtracecmd 3.1 exports, but does not declare in its public header.
 */
#ifndef TRACE_CMD_RAW_H
#define TRACE_CMD_RAW_H

#include <trace-cmd.h>

/*
 * Without this flag, libtracecmd applies to each time what it finds in the file: a shift
 * to the host's time, a conversion to nanoseconds, a date and an offset.
 */
#define TRACECMD_FL_RAW_TS (1 << 3)

void tracecmd_set_flag(struct tracecmd_input *handle, int flag);
const char *tracecmd_get_trace_clock(struct tracecmd_input *handle);
int tracecmd_cpus(struct tracecmd_input *handle);

#endif
