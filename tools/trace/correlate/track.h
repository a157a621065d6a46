/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Where the times of a guest's clock lie on the host's time line: at some of them, the first
 * and the last host time that is possible; what lies between follows from the rate.
 */
#ifndef TRACE_TRACK_H
#define TRACE_TRACK_H

#include <stddef.h>

#include "correlate/rate.h"
#include "model/host.h"

#define TRACK_MAX 65536
/* A host time that is after, and negative before, all others */
#define FOREVER ((wide)1 << 90)

/**
 * struct knot - a time of the guest's clock
 * @guest: the time
 * @first: the first host time that is possible
 * @last: the last one
 * @vcpu: the vCPU that was in the guest then, or %SIZE_MAX
 * @least: what all events up to it prove of any host time that is possible, see evidence.h
 * @most: the same of the one of which they prove most
 */
struct knot {
	uint64_t guest;
	wide first;
	wide last;
	size_t vcpu;
	uint64_t least;
	uint64_t most;
};

/**
 * struct track - the knots of a guest
 * @knots: in the order of their times
 * @count: their number, at most %TRACK_MAX
 */
struct track {
	struct knot *knots;
	size_t count;
	/* private: less apart than this, no new one is made */
	uint64_t apart;
};

/**
 * track_add() - add a knot
 * @track: the track
 * @knot: the knot, not before the last one
 *
 * Where there are too many, every second one is dropped, which makes the track less exact, but
 * not wrong.
 */
void track_add(struct track *track, const struct knot *knot);

/**
 * track_widen() - forget what events before a knot have told of it
 * @knot: the knot, which then is of the stays, or the silences, that its limits lie in
 * @host: the host
 * @ends: for each vCPU, where its stays end to be known
 */
void track_widen(struct knot *knot, const struct host *host, const uint64_t *ends);

/**
 * track_narrow() - have each knot say what those after and before it prove
 * @track: the track
 * @rate: the rate
 * @host: the host
 * @ends: for each vCPU, where its stays end to be known
 */
void track_narrow(struct track *track, const struct rate *rate, const struct host *host,
		  const uint64_t *ends);

/**
 * track_at() - where a time can lie
 * @track: the track, of one knot at least
 * @rate: the rate
 * @guest: the time
 * @first: set to the first host time
 * @last: set to the last host time
 */
void track_at(const struct track *track, const struct rate *rate, uint64_t guest, wide *first,
	      wide *last);

/**
 * clip_to_stays() - leave out at both ends when a vCPU was surely not in the guest
 * @host: the host
 * @cursor: a cursor of the stays of the vCPU
 * @end: where its stays end to be known
 * @first: the first host time, moved to a later one if need be
 * @last: the last host time, moved to an earlier one if need be
 *
 * What is outside the host's trace, or where it has lost events, stays.
 *
 * Return: false if nothing is left.
 */
bool clip_to_stays(const struct host *host, struct stay_cursor *cursor, uint64_t end, wide *first,
		   wide *last);

#endif
