/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a picture of the time line consists of: lanes with stretches and points.
 */
#ifndef TRACE_LANES_H
#define TRACE_LANES_H

#include "correlate/timeline.h"

enum lane_kind {
	LANE_CPU,	/* which thread a CPU of the host or of a guest runs */
	LANE_VCPU,	/* when a vCPU is in the guest, and why it is not */
	LANE_PROGRAM,	/* events of a program's thread */
};

/**
 * struct lane_info - a lane
 * @party: index of its machine; of a vCPU, that of its guest if there is a trace of it,
 *	otherwise 0
 * @kind: what it shows
 * @number: the CPU, the index of the vCPU, or the thread
 * @name: for people
 */
struct lane_info {
	size_t party;
	enum lane_kind kind;
	uint64_t number;
	char name[64];
};

enum link_kind {
	LINK_CAUSE,	/* something in one lane made something happen in another one */
	LINK_MOVE,	/* a guest left a host for another one between the two */
	LINK_STREAM,	/* a packet by which a guest moves, as it is sent and received */
};

/**
 * struct lanes_sink - who takes them
 * @data: for the functions
 * @lane: a new lane; they are numbered from 0 on
 * @begin: a stretch begins; those of a lane do not overlap
 * @end: it ends
 * @point: an event
 * @link: an event of one lane has to do with another one, see enum link_kind
 */
struct lanes_sink {
	void *data;
	void (*lane)(void *data, size_t lane, const struct lane_info *info);
	void (*begin)(void *data, size_t lane, uint64_t time, const char *text);
	void (*end)(void *data, size_t lane, uint64_t time);
	void (*point)(void *data, size_t lane, const struct placed *placed);
	void (*link)(void *data, size_t from, uint64_t from_time, size_t to, uint64_t to_time,
		     enum link_kind kind);
};

struct lanes;

/**
 * lanes_new() - begin
 * @timeline: the time line
 * @sink: who takes them; copied
 */
struct lanes *lanes_new(const struct timeline *timeline, const struct lanes_sink *sink);

/**
 * lanes_before() - the next event that is early, before all others
 * @lanes: the lanes
 * @placed: the event
 *
 * What it begins and no other one ends is a stretch from the first event on.
 */
void lanes_before(struct lanes *lanes, const struct placed *placed);

/**
 * lanes_event() - the next event
 * @lanes: the lanes
 * @placed: the event
 */
void lanes_event(struct lanes *lanes, const struct placed *placed);

/**
 * lanes_finish() - end what has begun, and free the lanes
 * @lanes: the lanes
 */
void lanes_finish(struct lanes *lanes);

#endif
