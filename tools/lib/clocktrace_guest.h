/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Place what a KVM guest read from its TSC on the time line of its host.
 *
 * A guest reads, per vCPU and modulo 2^64:
 *
 *	guest = ((host * ratio) >> frac_bits) + offset
 *
 * The first part of this interface is that formula and its exact inverse.
 * The second part collects the kvm:kvm_guest_counter events of a host's trace,
 * from whatever reader, into a history for each vCPU, and answers which values
 * were in force at a host time, at a place in the merged trace, or for a time
 * that the guest has read.
 *
 * All times are ticks of one counter in one epoch: host times those of the
 * host's CLOCK_TRACE, guest times those of the guest's TSC.  Nothing here
 * aborts, prints or keeps state outside the objects that the caller made.
 * Pointer arguments must be valid; everything that stems from a trace is
 * checked.
 */
#ifndef CLOCKTRACE_GUEST_H
#define CLOCKTRACE_GUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define CLOCKTRACE_API __attribute__((visibility("default")))

/**
 * enum clocktrace_status - how a call ended
 * @CLOCKTRACE_OK: done, all results are set
 * @CLOCKTRACE_NONE: the question has no (further) answer: no host time in the
 *	window gives that guest time, or no such vCPU is in the trace
 * @CLOCKTRACE_AMBIGUOUS: more than one answer; the first one is set
 * @CLOCKTRACE_UNCERTAIN: events were lost here, more than one set of values
 *	may have been in force
 * @CLOCKTRACE_UNKNOWN: the trace does not tell the values of this time
 * @CLOCKTRACE_ABSENT: the vCPU did not exist at this time
 * @CLOCKTRACE_PROTECTED: the guest's TSC is protected, the host cannot know it
 * @CLOCKTRACE_INVALID: an argument is out of its range; nothing was changed
 * @CLOCKTRACE_CONFLICT: events contradict each other in a way that no loss of
 *	events explains; nothing was changed
 * @CLOCKTRACE_LIMIT: more events than the history was made for; nothing was
 *	changed
 * @CLOCKTRACE_NOMEM: out of memory; nothing was changed, the call may be
 *	repeated
 * @CLOCKTRACE_UNCOMMITTED: call clocktrace_guests_commit() first
 */
enum clocktrace_status {
	CLOCKTRACE_OK,
	CLOCKTRACE_NONE,
	CLOCKTRACE_AMBIGUOUS,
	CLOCKTRACE_UNCERTAIN,
	CLOCKTRACE_UNKNOWN,
	CLOCKTRACE_ABSENT,
	CLOCKTRACE_PROTECTED,
	CLOCKTRACE_INVALID,
	CLOCKTRACE_CONFLICT,
	CLOCKTRACE_LIMIT,
	CLOCKTRACE_NOMEM,
	CLOCKTRACE_UNCOMMITTED,
};

/**
 * clocktrace_status_text() - say in English how a call ended
 * @status: what the call returned
 *
 * Return: a constant string without a newline, never NULL.
 */
CLOCKTRACE_API const char *
clocktrace_status_text(enum clocktrace_status status);

/*
 * Part one: the formula
 */

#define CLOCKTRACE_FRAC_BITS_MAX 63

/**
 * struct clocktrace_guest_counter - how one vCPU's TSC follows the host's counter
 * @offset: added to the scaled host time, modulo 2^64
 * @ratio: guest ticks per host tick, as a fixed-point number; 0 is allowed in
 *	the arithmetic (the guest's counter stands still)
 * @frac_bits: binary digits of @ratio after the point, 0 to
 *	%CLOCKTRACE_FRAC_BITS_MAX; 32 on AMD SVM, 48 on Intel VMX
 */
struct clocktrace_guest_counter {
	int64_t offset;
	uint64_t ratio;
	uint32_t frac_bits;
};

/**
 * struct clocktrace_ticks - ticks @first to @last, both included
 * @first: the first tick
 * @last: the last tick, not before @first
 */
struct clocktrace_ticks {
	uint64_t first;
	uint64_t last;
};

/**
 * clocktrace_guest_from_host() - what the guest reads at a host time
 * @tsc: the values in force
 * @host: host time
 * @guest: set to the guest's time
 *
 * Computes what the hardware computes: the product with all its 128 bits, the
 * shift rounding down, the result cut to 64 bits before the offset is added.
 *
 * Return: %CLOCKTRACE_OK, or %CLOCKTRACE_INVALID if @tsc->frac_bits is too
 * large.
 */
CLOCKTRACE_API enum clocktrace_status
clocktrace_guest_from_host(const struct clocktrace_guest_counter *tsc,
			   uint64_t host, uint64_t *guest);

/**
 * clocktrace_host_first() - the first host times that give a guest time
 * @tsc: the values in force
 * @guest: guest time
 * @window: the host times to search
 * @host: set to the answer
 *
 * The inverse of clocktrace_guest_from_host() is a set.  With a ratio below
 * 1.0 a run of several host ticks gives the same guest tick; with a ratio above
 * 1.0 some guest ticks are given by no host tick; and where the scaled counter
 * wraps, one guest tick is given by several runs.  This finds the first run
 * that meets @window.  Nothing is rounded: exactly the ticks of @host->first to
 * @host->last give @guest.  The run is cut at the ends of @window.  To find the
 * next run, search again from @host->last + 1.
 *
 * Takes a bounded number of steps for every input, also if there is no answer.
 *
 * Return: %CLOCKTRACE_OK; %CLOCKTRACE_NONE if no tick of @window gives @guest;
 * %CLOCKTRACE_INVALID if @tsc->frac_bits is too large or @window is reversed.
 */
CLOCKTRACE_API enum clocktrace_status
clocktrace_host_first(const struct clocktrace_guest_counter *tsc, uint64_t guest,
		      struct clocktrace_ticks window,
		      struct clocktrace_ticks *host);

/**
 * clocktrace_host_last() - the last host times that give a guest time
 * @tsc: the values in force
 * @guest: guest time
 * @window: the host times to search
 * @host: set to the answer
 *
 * As clocktrace_host_first(), for the last run that meets @window.
 *
 * Return: as clocktrace_host_first().
 */
CLOCKTRACE_API enum clocktrace_status
clocktrace_host_last(const struct clocktrace_guest_counter *tsc, uint64_t guest,
		     struct clocktrace_ticks window,
		     struct clocktrace_ticks *host);

/*
 * Part two: the history of a host's guests
 */

/**
 * struct clocktrace_position - a place in the merged trace of a host
 * @host_time: host time of the event there
 * @order: number of the event in the merged trace, counted by the reader over
 *	the events of all CPUs and of all kinds; below UINT64_MAX
 *
 * Of two events, the one with the larger @order comes later and its @host_time
 * is not smaller.  The order tells apart what happened within one tick.
 */
struct clocktrace_position {
	uint64_t host_time;
	uint64_t order;
};

/**
 * enum clocktrace_reason - why the kernel wrote the event
 * @CLOCKTRACE_CREATED: the vCPU came into being, with these values
 * @CLOCKTRACE_OFFSET: the offset changed to this value, the ratio did not
 * @CLOCKTRACE_RATIO: the ratio changed to this value, the offset did not
 * @CLOCKTRACE_REFRESH: nothing changed, the values are told again
 * @CLOCKTRACE_DESTROYED: the vCPU ceased to be, these were its last values
 */
enum clocktrace_reason {
	CLOCKTRACE_CREATED,
	CLOCKTRACE_OFFSET,
	CLOCKTRACE_RATIO,
	CLOCKTRACE_REFRESH,
	CLOCKTRACE_DESTROYED,
};

/* Flags of an event */
#define CLOCKTRACE_FLAG_PROTECTED 0x1u

/**
 * struct clocktrace_guest_event - one kvm:kvm_guest_counter event
 * @position: where it stands in the merged trace.  It separates the old values
 *	from the new: what the guest read before @position.order uses the old
 *	ones, what it read after uses the new ones
 * @vm_id: number of the VM, never reused while the host runs
 * @vm_pid: process that created the VM, 0 or more; may be reused by others
 * @vcpu_id: the vCPU within its VM
 * @tsc: the values; without meaning if the TSC is protected
 * @flags: %CLOCKTRACE_FLAG_PROTECTED if the guest's TSC is protected
 * @reason: why the event was written
 */
struct clocktrace_guest_event {
	struct clocktrace_position position;
	uint64_t vm_id;
	int32_t vm_pid;
	uint32_t vcpu_id;
	struct clocktrace_guest_counter tsc;
	uint32_t flags;
	enum clocktrace_reason reason;
};

/**
 * enum clocktrace_certainty - how well the values of a span are known
 * @CLOCKTRACE_KNOWN: the events prove the values, given that no event was lost
 *	unnoticed
 * @CLOCKTRACE_ASSUMED: one set of values, told by the nearest events, not
 *	proved: the trace did not (surely) hold every event of this span
 * @CLOCKTRACE_GUESSED: a change was lost here.  The one or two sets of values
 *	that are told were in force at the ends of the span; when they
 *	changed, and to what in between, is not known
 * @CLOCKTRACE_UNTOLD: no event tells the values
 * @CLOCKTRACE_HIDDEN: the guest's TSC is protected
 * @CLOCKTRACE_NO_VCPU: the vCPU did not exist
 */
enum clocktrace_certainty {
	CLOCKTRACE_KNOWN,
	CLOCKTRACE_ASSUMED,
	CLOCKTRACE_GUESSED,
	CLOCKTRACE_UNTOLD,
	CLOCKTRACE_HIDDEN,
	CLOCKTRACE_NO_VCPU,
};

/**
 * struct clocktrace_span - a part of a vCPU's life with the same values
 * @begin: the event at which it begins, {0, 0} for the first span of a vCPU
 * @end: the event at which it ends: it holds for orders below @end.order and
 *	for host times up to @end.host_time, for the guest may have read its
 *	counter in the very tick of that event.  {UINT64_MAX, UINT64_MAX} for
 *	the last span of a vCPU, which holds for all orders from @begin.order
 * @certainty: how well the values are known
 * @alternatives: number of sets in @tsc: 1 for %CLOCKTRACE_KNOWN and
 *	%CLOCKTRACE_ASSUMED, 1 or 2 (the earlier first) for
 *	%CLOCKTRACE_GUESSED, otherwise 0
 * @tsc: the values
 */
struct clocktrace_span {
	struct clocktrace_position begin;
	struct clocktrace_position end;
	enum clocktrace_certainty certainty;
	unsigned int alternatives;
	struct clocktrace_guest_counter tsc[2];
};

/* The history of all guests of one host */
struct clocktrace_guests;

/* The history of one vCPU, part of a struct clocktrace_guests */
struct clocktrace_vcpu;

/**
 * clocktrace_guests_new() - make an empty history
 * @events_max: the number of events to accept, and the number of gaps: a bound
 *	on memory, whatever the trace holds.  0 for the largest possible
 *	number, 2^30
 * @guests: set to the history; free it with clocktrace_guests_free()
 *
 * Return: %CLOCKTRACE_OK, %CLOCKTRACE_INVALID if @events_max is above 2^30,
 * %CLOCKTRACE_NOMEM.
 */
CLOCKTRACE_API enum clocktrace_status
clocktrace_guests_new(size_t events_max, struct clocktrace_guests **guests);

/**
 * clocktrace_guests_free() - free a history with all that belongs to it
 * @guests: the history, or NULL
 */
CLOCKTRACE_API void clocktrace_guests_free(struct clocktrace_guests *guests);

/**
 * clocktrace_guests_add() - add an event
 * @guests: the history
 * @event: the event; copied
 *
 * Events may come in any order.  They count from the next
 * clocktrace_guests_commit() on; until then the history answers
 * %CLOCKTRACE_UNCOMMITTED.  An event that equals its predecessor in all but
 * its order, also in its host time, is a duplicate and counts once.
 *
 * Return: %CLOCKTRACE_OK; %CLOCKTRACE_INVALID if a field is out of its range,
 * an unknown flag is set, or the ratio of a TSC that is not protected is 0;
 * %CLOCKTRACE_CONFLICT if the VM is known to be of another process, as if
 * traces of two boots were mixed; %CLOCKTRACE_LIMIT; %CLOCKTRACE_NOMEM.
 */
CLOCKTRACE_API enum clocktrace_status
clocktrace_guests_add(struct clocktrace_guests *guests,
		      const struct clocktrace_guest_event *event);

/**
 * clocktrace_guests_lost() - tell that the trace may lack events
 * @guests: the history
 * @from: the last event before the gap, or {0, 0} for a gap at the beginning
 * @to: the first event after the gap, or {UINT64_MAX, UINT64_MAX} for a gap
 *	at the end
 *
 * A gap is what the tracer reports as lost, discarded or overwritten events on
 * any CPU, and what lies before the trace began and after it ended: say those
 * two as well, for only then the history can tell what is known from what is
 * assumed.  Counts from the next clocktrace_guests_commit() on.
 *
 * Return: %CLOCKTRACE_OK; %CLOCKTRACE_INVALID if @to is before @from in time
 * or in order; %CLOCKTRACE_LIMIT; %CLOCKTRACE_NOMEM.
 */
CLOCKTRACE_API enum clocktrace_status
clocktrace_guests_lost(struct clocktrace_guests *guests,
		       struct clocktrace_position from,
		       struct clocktrace_position to);

/**
 * clocktrace_guests_commit() - make what was added count
 * @guests: the history
 * @offender: if not NULL, set to the event at fault where the result is
 *	%CLOCKTRACE_CONFLICT
 *
 * Sorts and checks the events, and builds what the lookups need.  Takes
 * O(n log n) steps for the n events of each vCPU that got new ones, so add
 * events in bulk before it.
 *
 * After %CLOCKTRACE_OK the history may be read by any number of threads at the
 * same time, until the next event is added.
 *
 * Return: %CLOCKTRACE_OK; %CLOCKTRACE_NOMEM; %CLOCKTRACE_CONFLICT if two
 * different events of a vCPU have the same position, or an event's order
 * contradicts its host time.  Such a history stays uncommitted for good.
 */
CLOCKTRACE_API enum clocktrace_status
clocktrace_guests_commit(struct clocktrace_guests *guests,
			 struct clocktrace_guest_event *offender);

/**
 * clocktrace_guests_vcpu() - find a vCPU
 * @guests: the history
 * @vm_id: number of the VM
 * @vcpu_id: the vCPU within its VM
 *
 * Return: the vCPU, valid as long as @guests; NULL if no event names it.
 */
CLOCKTRACE_API const struct clocktrace_vcpu *
clocktrace_guests_vcpu(const struct clocktrace_guests *guests, uint64_t vm_id,
		       uint32_t vcpu_id);

/**
 * clocktrace_guests_next() - walk through all vCPUs
 * @guests: the history, committed
 * @vcpu: the vCPU before, NULL to begin
 *
 * Return: the vCPU that follows, in the order of VM and vCPU number; NULL at
 * the end or if @guests is not committed.
 */
CLOCKTRACE_API const struct clocktrace_vcpu *
clocktrace_guests_next(const struct clocktrace_guests *guests,
		       const struct clocktrace_vcpu *vcpu);

/**
 * struct clocktrace_vcpu_info - what the history holds of a vCPU
 * @vm_id: number of the VM
 * @vm_pid: process that created the VM.  To find a guest by its process, walk
 *	through all vCPUs: several VMs may match, of one process or, the pid
 *	being reused, of several; @first and @last then tell them apart
 * @vcpu_id: the vCPU within its VM
 * @first: the first event
 * @last: the last event
 * @events: number of events, duplicates not counted
 * @duplicates: number of duplicates
 * @spans: number of spans
 * @anomalies: number of anomalies
 */
struct clocktrace_vcpu_info {
	uint64_t vm_id;
	int32_t vm_pid;
	uint32_t vcpu_id;
	struct clocktrace_position first;
	struct clocktrace_position last;
	size_t events;
	size_t duplicates;
	size_t spans;
	size_t anomalies;
};

/**
 * clocktrace_vcpu_info() - describe a vCPU
 * @vcpu: the vCPU
 * @info: set to the description
 *
 * Return: %CLOCKTRACE_OK or %CLOCKTRACE_UNCOMMITTED.
 */
CLOCKTRACE_API enum clocktrace_status
clocktrace_vcpu_info(const struct clocktrace_vcpu *vcpu,
		     struct clocktrace_vcpu_info *info);

/**
 * clocktrace_vcpu_span() - one span of a vCPU's life
 * @vcpu: the vCPU
 * @index: 0 to clocktrace_vcpu_info.spans - 1, in the order of time
 * @span: set to the span
 *
 * Return: %CLOCKTRACE_OK; %CLOCKTRACE_NONE if there is no such span;
 * %CLOCKTRACE_UNCOMMITTED.
 */
CLOCKTRACE_API enum clocktrace_status
clocktrace_vcpu_span(const struct clocktrace_vcpu *vcpu, size_t index,
		     struct clocktrace_span *span);

/**
 * enum clocktrace_anomaly_kind - what the events of a vCPU prove to be wrong
 * @CLOCKTRACE_LOST_CHANGE: the values at the end of the gap cannot follow from
 *	those before it: at least one event was lost
 * @CLOCKTRACE_LOST_CREATION: an event of a vCPU that had been destroyed
 * @CLOCKTRACE_LOST_DESTRUCTION: a vCPU was created that existed already
 */
enum clocktrace_anomaly_kind {
	CLOCKTRACE_LOST_CHANGE,
	CLOCKTRACE_LOST_CREATION,
	CLOCKTRACE_LOST_DESTRUCTION,
};

/**
 * struct clocktrace_anomaly - a gap that the events of a vCPU prove
 * @kind: what was lost
 * @announced: clocktrace_guests_lost() told of a loss in this gap
 * @from: the last event before the gap
 * @to: the event that proves it
 */
struct clocktrace_anomaly {
	enum clocktrace_anomaly_kind kind;
	bool announced;
	struct clocktrace_position from;
	struct clocktrace_position to;
};

/**
 * clocktrace_vcpu_anomaly() - one anomaly of a vCPU's events
 * @vcpu: the vCPU
 * @index: 0 to clocktrace_vcpu_info.anomalies - 1, in the order of time
 * @anomaly: set to the anomaly
 *
 * Return: %CLOCKTRACE_OK; %CLOCKTRACE_NONE if there is no such anomaly;
 * %CLOCKTRACE_UNCOMMITTED.
 */
CLOCKTRACE_API enum clocktrace_status
clocktrace_vcpu_anomaly(const struct clocktrace_vcpu *vcpu, size_t index,
			struct clocktrace_anomaly *anomaly);

/**
 * clocktrace_vcpu_at_host() - the span of a host time
 * @vcpu: the vCPU
 * @host_time: host time
 * @span: set to the span
 *
 * In the tick of an event this is the span that begins with it.  Takes
 * O(log n) steps.
 *
 * Return: %CLOCKTRACE_OK or %CLOCKTRACE_UNCOMMITTED.
 */
CLOCKTRACE_API enum clocktrace_status
clocktrace_vcpu_at_host(const struct clocktrace_vcpu *vcpu, uint64_t host_time,
			struct clocktrace_span *span);

/**
 * clocktrace_vcpu_at_order() - the span of a place in the merged trace
 * @vcpu: the vCPU
 * @order: number of an event in the merged trace, of any kind
 * @span: set to the span
 *
 * Exact where several events fall into one tick.  For the number of an event
 * that changed the values this is the span with the new values.  Takes
 * O(log n) steps.
 *
 * Return: %CLOCKTRACE_OK or %CLOCKTRACE_UNCOMMITTED.
 */
CLOCKTRACE_API enum clocktrace_status
clocktrace_vcpu_at_order(const struct clocktrace_vcpu *vcpu, uint64_t order,
			 struct clocktrace_span *span);

/**
 * clocktrace_vcpu_to_guest() - what a vCPU reads at a host time
 * @vcpu: the vCPU
 * @host_time: host time
 * @guest: set to the guest's time
 * @certainty: if not NULL, set to %CLOCKTRACE_KNOWN or %CLOCKTRACE_ASSUMED
 *
 * Return: %CLOCKTRACE_OK, %CLOCKTRACE_UNCERTAIN, %CLOCKTRACE_UNKNOWN,
 * %CLOCKTRACE_ABSENT, %CLOCKTRACE_PROTECTED, %CLOCKTRACE_UNCOMMITTED.
 */
CLOCKTRACE_API enum clocktrace_status
clocktrace_vcpu_to_guest(const struct clocktrace_vcpu *vcpu, uint64_t host_time,
			 uint64_t *guest, enum clocktrace_certainty *certainty);

/**
 * struct clocktrace_window - a part of the merged trace
 * @begin: where it begins
 * @end: where it ends, included
 *
 * For a guest event this is best its kvm_entry and kvm_exit: as no value
 * changes between them, the answer is then exact to the tick.  A reader that
 * knows the times alone gives the orders 0 and UINT64_MAX.
 */
struct clocktrace_window {
	struct clocktrace_position begin;
	struct clocktrace_position end;
};

/* The window that leaves nothing out */
#define CLOCKTRACE_WINDOW_ALL \
	((struct clocktrace_window){ { 0, 0 }, { UINT64_MAX, UINT64_MAX } })

/**
 * struct clocktrace_match - host times that give a guest time
 * @host: the host times; every tick of them gives the guest time
 * @tsc: the values in force
 * @certainty: %CLOCKTRACE_KNOWN, %CLOCKTRACE_ASSUMED or %CLOCKTRACE_GUESSED
 * @begin: the beginning of the span
 */
struct clocktrace_match {
	struct clocktrace_ticks host;
	struct clocktrace_guest_counter tsc;
	enum clocktrace_certainty certainty;
	struct clocktrace_position begin;
};

/**
 * struct clocktrace_cursor - a walk through the matches of a guest time
 * @complete: the values of the whole window are known, so the matches are all
 *	that there are
 *
 * The other members belong to the library.
 */
struct clocktrace_cursor {
	bool complete;
	/* private: */
	const struct clocktrace_vcpu *vcpu;
	uint64_t guest;
	struct clocktrace_ticks limits;
	size_t span;
	size_t last_span;
	uint64_t next[2];
	bool done[2];
};

/**
 * clocktrace_vcpu_find() - search the host times of a guest time
 * @vcpu: the vCPU
 * @guest: what the guest read
 * @window: the part of the trace to search
 * @cursor: made ready for clocktrace_cursor_next()
 *
 * A guest time may have several: an offset that went back (a machine reset, a
 * snapshot loaded) lets the guest read the same time again.
 *
 * Return: %CLOCKTRACE_OK; %CLOCKTRACE_INVALID if @window is reversed in time or
 * order; %CLOCKTRACE_NONE if no place of the trace fits both the times and the
 * orders of @window; %CLOCKTRACE_UNCOMMITTED; and if no values are told for any
 * part of @window: %CLOCKTRACE_PROTECTED, else %CLOCKTRACE_UNKNOWN, else
 * %CLOCKTRACE_ABSENT.
 */
CLOCKTRACE_API enum clocktrace_status
clocktrace_vcpu_find(const struct clocktrace_vcpu *vcpu, uint64_t guest,
		     struct clocktrace_window window,
		     struct clocktrace_cursor *cursor);

/**
 * clocktrace_cursor_next() - the next match
 * @cursor: the walk
 * @match: set to the match
 *
 * Matches come in the order of the spans, and within a span in the order of
 * host time.  In a span with two sets of values, each may give a match of the
 * same host times.  Takes O(log^2 n) steps for n spans, for each span whose
 * guest times surround the guest time.
 *
 * Return: %CLOCKTRACE_OK; %CLOCKTRACE_NONE if there are no more.
 */
CLOCKTRACE_API enum clocktrace_status
clocktrace_cursor_next(struct clocktrace_cursor *cursor,
		       struct clocktrace_match *match);

/**
 * clocktrace_vcpu_to_host() - the host times of a guest time, if only one fits
 * @vcpu: the vCPU
 * @guest: what the guest read
 * @window: the part of the trace to search
 * @match: set to the match
 *
 * Return: %CLOCKTRACE_OK; %CLOCKTRACE_NONE if no host time in @window gives
 * @guest; %CLOCKTRACE_AMBIGUOUS if there are several matches; otherwise as
 * clocktrace_vcpu_find().
 */
CLOCKTRACE_API enum clocktrace_status
clocktrace_vcpu_to_host(const struct clocktrace_vcpu *vcpu, uint64_t guest,
			struct clocktrace_window window,
			struct clocktrace_match *match);

/**
 * struct clocktrace_place - where a guest event can have happened
 * @host: the earliest and the latest possible host time
 * @certainty: the worse one of the two
 * @unique: every tick of @host is possible; otherwise there are several
 *	matches between the two ends
 */
struct clocktrace_place {
	struct clocktrace_ticks host;
	enum clocktrace_certainty certainty;
	bool unique;
};

/**
 * clocktrace_vcpu_place() - place a run of guest events by their order
 * @vcpu: the vCPU
 * @guest: the times of the events, in the order in which the vCPU wrote them
 * @count: number of events
 * @window: the part of the trace in which all of them happened
 * @places: set to @count places
 * @failed: if not NULL, set to the index of the event at fault where the
 *	result is %CLOCKTRACE_NONE
 *
 * An event cannot have happened before its predecessor.  That often leaves one
 * of several matches: each event gets the earliest and the latest host time
 * with which all events of the run can be placed.
 *
 * Return: %CLOCKTRACE_OK; %CLOCKTRACE_NONE if the events cannot be placed in
 * this order (@places is then not meaningful); otherwise as
 * clocktrace_vcpu_find().
 */
CLOCKTRACE_API enum clocktrace_status
clocktrace_vcpu_place(const struct clocktrace_vcpu *vcpu,
		      const uint64_t *guest, size_t count,
		      struct clocktrace_window window,
		      struct clocktrace_place *places, size_t *failed);

#ifdef __cplusplus
}
#endif

#endif /* CLOCKTRACE_GUEST_H */
