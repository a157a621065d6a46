/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A guest whose clock is not the counter of its host: where on the host's time line can its
 * times be? No formula leads there. What is known is that each event of a CPU was written
 * while its vCPU was in the guest, or where the host's trace does not tell, and that the two
 * clocks run at about one rate.
 */
#ifndef TRACE_BOUND_H
#define TRACE_BOUND_H

#include "common/binary_file.h"
#include "correlate/match.h"

/*
 * By how many parts in a million the guest's clock may run faster or slower than the
 * host's counter, at any time: NTP steers CLOCK_MONOTONIC by 500 at most, and the
 * measured frequencies of a counter are off by less than the rest.
 */
#define BOUND_PPM 1000

/*
 * A guest that is stopped (QEMU: stop, cont) has a clock that stands still meanwhile. A stop that
 * is longer than a stay makes what follows fit no more. A shorter one may not, and the bounds are
 * false by that time until it does. No event of KVM tells of it: all vCPUs are out of the guest, as
 * when they are idle. To allow for it, each time at which all are out would have to count as one
 * at which the clock may stand still, and of an idle guest nothing could be bounded.
 */

struct bound;

/**
 * bound_new() - begin a guest
 * @host: the host, finished
 * @frequency: of the host's counter, in Hz
 * @vm_id: the VM if the user has named it, otherwise 0
 */
struct bound *bound_new(const struct host *host, uint64_t frequency, uint64_t vm_id);

/**
 * bound_add() - add an event of the guest
 * @bound: the guest
 * @section: the event's section
 * @cpu: its CPU
 * @time: its time, not before that of the event before in its section
 * @frequency: of the guest's clock in this section, in Hz
 *
 * To save time, not each event is used where many places are possible.
 */
void bound_add(struct bound *bound, unsigned int section, unsigned int cpu, uint64_t time,
	       uint64_t frequency);

/**
 * bound_finish() - decide
 * @bound: the guest
 *
 * Return: which VM it is, and which vCPU each CPU, to be freed with match_free().
 */
struct match *bound_finish(struct bound *bound);

/**
 * struct bound_cursor - what bound_at() keeps for the next event of a stream
 * @stays: of the vCPU that the event is of
 */
struct bound_cursor {
	struct stay_cursor stays;
};

/**
 * enum bound_answer - is there a bound?
 * @BOUND_FOUND: there is
 * @BOUND_NONE: no host time is possible
 * @BOUND_UNPROVED: what other events prove of the time before this one, or of that after it, is
 *	too little to exclude that the guest was stopped meanwhile, or restored
 */
enum bound_answer {
	BOUND_FOUND,
	BOUND_NONE,
	BOUND_UNPROVED,
};

/**
 * bound_at() - the host times at which a guest's event can have been written
 * @bound: the guest, finished
 * @section: the event's section
 * @unit: its CPU, of what bound_finish() gave
 * @cursor: of the CPU's stays; all zero at first
 * @time: its time
 * @ticks: set to the first and the last host time that is possible
 * @order: set to the order of the kvm_entry before @ticks->first, or 0
 *
 * Return: %BOUND_FOUND, or why there is no bound.
 */
enum bound_answer bound_at(const struct bound *bound, unsigned int section,
			   const struct unit *unit, struct bound_cursor *cursor, uint64_t time,
			   struct clocktrace_ticks *ticks, uint64_t *order);

/**
 * bound_keep() - write a guest
 * @bound: the guest, finished, or NULL
 * @binary: the file
 */
void bound_keep(const struct bound *bound, struct binary_file *binary);

/**
 * bound_recall() - read a guest
 * @host: the host
 * @binary: the file
 *
 * Return: the guest, or NULL.
 */
struct bound *bound_recall(const struct host *host, struct binary_file *binary);

/**
 * bound_free() - free a guest
 * @bound: the guest, or NULL
 */
void bound_free(struct bound *bound);

#endif
