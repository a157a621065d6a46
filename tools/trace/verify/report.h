/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Say what came out.
 */
#ifndef TRACE_VERIFY_REPORT_H
#define TRACE_VERIFY_REPORT_H

#include "verify/check.h"

/**
 * report_text() - print a table with a line for each vCPU, and the sum
 * @trace: the host's trace
 * @result: what check() gave
 */
void report_text(const struct host_trace *trace, const struct check_result *result);

/**
 * report_json() - print one JSON object
 * @trace: the host's trace
 * @guests: the samples of each guest
 * @nr_guests: number of guests
 * @result: what check() gave
 */
void report_json(const struct host_trace *trace, const struct guest_samples *guests,
		 size_t nr_guests, const struct check_result *result);

#endif
