/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The first pass over a host's trace, event by event: its epochs, of which one is used, and
 * what its model needs.
 */
#ifndef TRACE_HOST_PASS_H
#define TRACE_HOST_PASS_H

#include "correlate/timeline.h"

/* When a trace of the host tells of guests */
struct recording {
	const struct reader *reader;
	uint64_t from;
	uint64_t to;
};

/**
 * struct host_pass - what the first pass over a host is at
 * @timeline: the time line, of which the host is the first party
 * @wanted: the epoch that the user has named, or 0
 * @used: index of the epoch that is used, if there is one yet
 * @entries: number of entries into guests
 * @told: number of kvm_guest_counter events
 * @recordings: of each of its traces that tells of guests, when
 * @nr_recordings: their number
 */
struct host_pass {
	struct timeline *timeline;
	uint32_t wanted;
	size_t used;
	uint64_t entries;
	uint64_t told;
	struct recording *recordings;
	size_t nr_recordings;
};

/**
 * host_pass_begin() - begin
 * @pass: the pass
 * @timeline: the time line, whose host is new
 * @epoch: the epoch that the user has named, or 0
 */
void host_pass_begin(struct host_pass *pass, struct timeline *timeline, uint32_t epoch);

/**
 * host_pass_add() - add the next event
 * @pass: the pass
 * @stream: the stream that has it
 * @used: set to true if it is of the epoch that is used, as far as is known by now
 *
 * Return: NULL, or what is wrong, to be freed.
 */
char *host_pass_add(struct host_pass *pass, const struct stream *stream, bool *used);

/**
 * host_pass_finish() - all events were added
 * @pass: the pass
 * @machine: the host
 * @without_guests: it need not have any, and then none of the events that tell of them
 *
 * Return: NULL, or what is wrong, to be freed.
 */
char *host_pass_finish(struct host_pass *pass, const struct machine *machine,
		       bool without_guests);

/**
 * timeline_take_frequency() - take the frequency that events tell, if none is known
 * @timeline: the time line
 * @epochs: of one of its machines
 */
void timeline_take_frequency(struct timeline *timeline, const struct epochs *epochs);

#endif
