/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What came out, for people and for programs.
 */
#ifndef TRACE_SUMMARY_H
#define TRACE_SUMMARY_H

#include <stdio.h>

#include "correlate/account.h"

/**
 * summary_text() - print what was placed, what was not and why, and where time went
 * @file: where to
 * @timeline: the time line, after timeline_run()
 * @account: the account, finished; NULL to leave out where time went
 */
void summary_text(FILE *file, const struct timeline *timeline, const struct account *account);

/**
 * summary_json() - print the same as one JSON object
 * @file: where to
 * @timeline: the time line, after timeline_run()
 * @account: the account, finished
 */
void summary_json(FILE *file, const struct timeline *timeline, const struct account *account);

/**
 * summary_answer() - were all guests matched, and all their events placed that the host's
 *	trace can tell of?
 * @timeline: the time line, after timeline_run()
 */
bool summary_answer(const struct timeline *timeline);

#endif
