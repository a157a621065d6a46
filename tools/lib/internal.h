/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the parts of the library share.
 */
#ifndef CLOCKTRACE_INTERNAL_H
#define CLOCKTRACE_INTERNAL_H

#include "clocktrace_guest.h"

/* The tests count steps to see that no input makes a lookup slow. */
#ifdef CLOCKTRACE_COUNT_STEPS
extern uint64_t clocktrace_steps;
static inline void clocktrace_count_step(void)
{
	clocktrace_steps++;
}
#else
static inline void clocktrace_count_step(void)
{
}
#endif

/* One event of a vCPU.  A protected TSC is all 0, which no other one is. */
struct record {
	struct clocktrace_position position;
	struct clocktrace_guest_counter tsc;
	uint8_t reason;
	uint8_t flags;
};

struct records {
	struct record *list;
	size_t count;
	size_t room;
};

/* Events between the two positions may be missing. */
struct gap {
	struct clocktrace_position from;
	struct clocktrace_position to;
};

struct gaps {
	struct gap *list;
	size_t count;
	size_t room;
};

/*
 * A span ends where the next one begins.  The totals over all spans before it
 * tell what a window holds without a walk through it.
 */
struct span {
	struct clocktrace_position begin;
	uint32_t record[2];
	uint32_t known_before;
	uint32_t untold_before;
	uint32_t hidden_before;
	uint32_t absent_before;
	uint8_t certainty;
	uint8_t alternatives;
};

struct spans {
	struct span *list;
	size_t count;
	size_t room;
	struct clocktrace_anomaly *anomalies;
	size_t anomaly_count;
	size_t anomaly_room;
};

/*
 * A segment tree over guest time.  Its leaves are the slabs between the limits
 * of all spans' guest times; a span is listed at the at most 2 log n nodes that
 * make up its slabs, each list in ascending order.
 */
struct guest_index {
	uint64_t *slabs;
	size_t slab_count;
	size_t *list_begin;
	uint32_t *lists;
};

struct clocktrace_vcpu {
	const struct clocktrace_guests *guests;
	uint64_t vm_id;
	int32_t vm_pid;
	uint32_t vcpu_id;
	size_t number;
	size_t duplicates;
	bool changed;
	struct records records;
	struct spans spans;
	struct guest_index index;
};

/* The end of what has no end: no event can stand after it. */
#define POSITION_MAX ((struct clocktrace_position){ UINT64_MAX, UINT64_MAX })

static inline int position_compare(struct clocktrace_position a,
				   struct clocktrace_position b)
{
	if (a.host_time != b.host_time)
		return a.host_time < b.host_time ? -1 : 1;
	if (a.order != b.order)
		return a.order < b.order ? -1 : 1;
	return 0;
}

static inline bool tsc_equal(const struct clocktrace_guest_counter *a,
			     const struct clocktrace_guest_counter *b)
{
	return a->offset == b->offset && a->ratio == b->ratio &&
	       a->frac_bits == b->frac_bits;
}

/* memory.c */
bool make_room(void **list, size_t *room, size_t needed, size_t size);

/* guest_counter.c */
unsigned int guest_ranges(const struct clocktrace_guest_counter *tsc,
			  struct clocktrace_ticks host,
			  struct clocktrace_ticks guest[2]);

/* guests.c */
bool guests_committed(const struct clocktrace_guests *guests);

/* spans.c */
enum clocktrace_status spans_build(const struct records *records,
				   const struct gaps *gaps,
				   struct spans *spans, size_t *offender);
void spans_free(struct spans *spans);
struct clocktrace_position span_end(const struct spans *spans, size_t i);

/* guest_index.c */
#define INDEX_NONE SIZE_MAX
enum clocktrace_status guest_index_build(const struct records *records,
					 const struct spans *spans,
					 struct guest_index *index);
void guest_index_free(struct guest_index *index);
size_t guest_index_next(const struct guest_index *index, uint64_t guest,
			size_t from);
size_t guest_index_previous(const struct guest_index *index, uint64_t guest,
			    size_t from);

#endif /* CLOCKTRACE_INTERNAL_H */
