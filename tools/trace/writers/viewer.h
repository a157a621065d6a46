/* SPDX-License-Identifier: GPL-2.0 */
/*
 * viewer.html, cut where the data go: made by the Makefile.
 */
#ifndef TRACE_VIEWER_H
#define TRACE_VIEWER_H

extern const char viewer_before[];
extern const char viewer_after[];

#endif
