/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a live host tells of its guests: the formula of each vCPU's TSC, and when each vCPU was
 * in the guest, of the recent past alone.
 *
 * It is what model/ makes of a trace that is complete, in memory that does not grow with time.
 * A stay keeps the formula that holds in it: no value changes while a vCPU is in the guest.
 */
#ifndef TRACE_LIVE_VCPUS_H
#define TRACE_LIVE_VCPUS_H

#include "model/host.h"

struct live_vcpus;

/**
 * struct live_vcpu - a vCPU
 * @vcpu: its number, and that of its VM; nothing else of this is set
 * @tsc: the formula that holds now
 * @is_protected: nobody knows the formula
 * @is_gone: it was destroyed
 * @nr_eras: number of formulas that are known, the current one is the last; 0 if none is
 */
struct live_vcpu {
	struct vcpu vcpu;
	struct clocktrace_guest_counter tsc;
	bool is_protected;
	bool is_gone;
	size_t nr_eras;
	/* private: */
	struct live_stay *stays;
	size_t first_stay;
	size_t nr_stays;
	struct live_era *eras;
	/* Host time of the first event that tells of it */
	uint64_t told_from;
	size_t entered_on;
};

/**
 * enum live_answer - where is a time that a guest has read?
 * @LIVE_FOUND: in a stay
 * @LIVE_WAIT: not before what is known of the host
 * @LIVE_OUTSIDE: the vCPU was not in the guest then
 * @LIVE_LOST: the host's session has lost events there
 * @LIVE_BEFORE: the host's session does not tell of then
 */
enum live_answer { LIVE_FOUND, LIVE_WAIT, LIVE_OUTSIDE, LIVE_LOST, LIVE_BEFORE };

/**
 * struct live_place - where it is
 * @ticks: the host times
 * @order: number of the host's event with which the stay began
 */
struct live_place {
	struct clocktrace_ticks ticks;
	uint64_t order;
};

/**
 * live_vcpus_new() - nothing known of any vCPU
 *
 * Return: to be freed with live_vcpus_free().
 */
struct live_vcpus *live_vcpus_new(void);

/**
 * live_vcpus_add() - add the host's next event
 * @vcpus: the vCPUs
 * @event: the event, in the order of time
 * @order: its number
 */
void live_vcpus_add(struct live_vcpus *vcpus, const struct event *event, uint64_t order);

/**
 * live_vcpus_lost() - the host's session has lost events
 * @vcpus: the vCPUs
 * @from: after this time
 * @to: before this time
 */
void live_vcpus_lost(struct live_vcpus *vcpus, uint64_t from, uint64_t to);

/**
 * live_vcpus_count() - number of vCPUs; it only grows
 * @vcpus: the vCPUs
 */
size_t live_vcpus_count(const struct live_vcpus *vcpus);

/**
 * live_vcpus_get() - a vCPU, which stays where it is in memory
 * @vcpus: the vCPUs
 * @number: from 0 on
 */
struct live_vcpu *live_vcpus_get(const struct live_vcpus *vcpus, size_t number);

/**
 * live_vcpus_owner() - the vCPU that an entry or exit is of, NULL if that is not known
 * @vcpus: the vCPUs
 * @event: the event
 */
struct live_vcpu *live_vcpus_owner(const struct live_vcpus *vcpus, const struct event *event);

/**
 * live_vcpus_place() - where is what a guest has read?
 * @vcpus: the vCPUs
 * @vcpu: the vCPU that has read it
 * @guest: what it has read
 * @known_to: all of the host's events of before this time were added
 * @place: set for %LIVE_FOUND; for %LIVE_WAIT, its ticks are where that may be
 */
enum live_answer live_vcpus_place(const struct live_vcpus *vcpus, const struct live_vcpu *vcpu,
				  uint64_t guest, uint64_t known_to, struct live_place *place);

/**
 * live_vcpus_frontier() - before which host time does a vCPU read no time from @guest on?
 * @vcpu: the vCPU
 * @guest: a time of the guest
 * @from: a host time before which it does not matter
 *
 * Return: the host time; %UINT64_MAX if it reads none any more.
 */
uint64_t live_vcpus_frontier(const struct live_vcpu *vcpu, uint64_t guest, uint64_t from);

/**
 * live_vcpus_forget() - nothing is placed before a host time any more
 * @vcpus: the vCPUs
 * @before: the host time
 */
void live_vcpus_forget(struct live_vcpus *vcpus, uint64_t before);

/**
 * live_vcpus_free() - free vCPUs
 * @vcpus: the vCPUs, or NULL
 */
void live_vcpus_free(struct live_vcpus *vcpus);

#endif
