/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What came out, for people and for programs.
 */
#ifndef TRACE_SUMMARY_H
#define TRACE_SUMMARY_H

#include <stdio.h>

#include "correlate/account.h"
#include "correlate/axis.h"

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

/**
 * summary_axis_text() - print what came out of several hosts
 * @file: where to
 * @axis: the axis, after axis_run()
 * @accounts: of each host, finished; NULL to leave out where time went
 */
void summary_axis_text(FILE *file, const struct axis *axis, struct account *const *accounts);

/**
 * summary_axis_json() - print the same as one JSON object
 * @file: where to
 * @axis: the axis, after axis_run()
 * @accounts: of each host, finished
 */
void summary_axis_json(FILE *file, const struct axis *axis, struct account *const *accounts);

/**
 * summary_axis_answer() - was all placed, and is nothing contradicted?
 * @axis: the axis, after axis_run()
 */
bool summary_axis_answer(const struct axis *axis);

/**
 * summary_downtime_text() - print how long a guest that moved did not run, and why
 * @file: where to
 * @axis: the axis, after axis_run()
 * @move: one of its moves
 */
void summary_downtime_text(FILE *file, const struct axis *axis, const struct move *move);

struct json_object;

/**
 * summary_downtime_object() - the same for programs
 * @axis: the axis, after axis_run()
 * @move: one of its moves
 *
 * Return: the object, which the caller owns; NULL if the traces do not tell.
 */
struct json_object *summary_downtime_object(const struct axis *axis, const struct move *move);

/**
 * summary_object() - what summary_json() prints
 * @timeline: the time line
 * @account: the account, finished
 *
 * Return: the object, which the caller owns.
 */
struct json_object *summary_object(const struct timeline *timeline,
				   const struct account *account);

#endif
