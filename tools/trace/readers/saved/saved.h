/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The form of what "clocktrace guests --save" writes: for each reading a line with the
 * TSC, and a line for each vCPU with its VM, process, number, offset, ratio, binary digits
 * of the ratio, and thread. In each, what printf() and scanf() share.
 */
#ifndef TRACE_SAVED_H
#define TRACE_SAVED_H

#include <inttypes.h>

#define SAVED_HEADER "clocktrace-guests 1\n"
#define SAVED_READING "reading %" SCNu64 "\n"
#define SAVED_VCPU "vcpu %" SCNu64 " %" SCNd32 " %" SCNu32 " %" SCNd64 " %" SCNu64 " %" SCNu32 " %d\n"

#endif
