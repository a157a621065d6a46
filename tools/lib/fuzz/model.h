/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A second, plain history of one vCPU, to compare the library with: it walks
 * through everything, tick by tick where it must, and shares no code with it.
 */
#ifndef CLOCKTRACE_FUZZ_MODEL_H
#define CLOCKTRACE_FUZZ_MODEL_H

#include "../clocktrace_guest.h"

#define MODEL_EVENTS 48
#define MODEL_GAPS 12
#define MODEL_SPANS (4 * MODEL_EVENTS + 2 * MODEL_GAPS)

struct model_gap {
	struct clocktrace_position from;
	struct clocktrace_position to;
};

struct model {
	struct clocktrace_guest_event events[MODEL_EVENTS];
	size_t event_count;
	size_t duplicates;
	struct model_gap gaps[MODEL_GAPS];
	size_t gap_count;
	struct clocktrace_span spans[MODEL_SPANS];
	size_t span_count;
	struct clocktrace_anomaly anomalies[MODEL_EVENTS];
	size_t anomaly_count;
};

/* What a history of these events and gaps must say */
enum model_verdict {
	MODEL_CONSISTENT,
	MODEL_CONFLICT,
	/* The gaps contradict the events: the library may notice, or not */
	MODEL_EITHER,
};

bool model_before(struct clocktrace_position a, struct clocktrace_position b);
enum model_verdict model_build(struct model *model);
uint64_t model_forward(const struct clocktrace_guest_counter *tsc, uint64_t host);

#endif /* CLOCKTRACE_FUZZ_MODEL_H */
