/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What there is to say when a live merge ends.
 */
#ifndef TRACE_LIVE_SUMMARY_H
#define TRACE_LIVE_SUMMARY_H

#include <stdio.h>

#include "live/live.h"

/* Each for @count sessions; the answer is whether all events were placed, in their order. */
void live_summary_text(FILE *file, const struct live *live, size_t count);
void live_summary_json(FILE *file, const struct live *live, size_t count);
bool live_summary_answer(const struct live *live, size_t count);

#endif
