// SPDX-License-Identifier: GPL-2.0
/* The tracepoint of bracket.c and cost.c */

#define LTTNG_UST_TRACEPOINT_CREATE_PROBES
#define LTTNG_UST_TRACEPOINT_DEFINE

#include "bracket_tp.h"
