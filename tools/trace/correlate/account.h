/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Where a guest's time went.
 */
#ifndef TRACE_ACCOUNT_H
#define TRACE_ACCOUNT_H

#include "correlate/timeline.h"

/**
 * enum vcpu_state - what a vCPU is doing
 * @VCPU_GUEST: it is in the guest
 * @VCPU_KVM: its thread runs on the host: KVM or the virtual machine monitor
 * @VCPU_STOLEN: its thread wants to run, and another one does
 * @VCPU_BLOCKED: its thread sleeps, as while the guest is idle
 * @VCPU_UNSEEN: the trace has not told yet
 */
enum vcpu_state {
	VCPU_GUEST,
	VCPU_KVM,
	VCPU_STOLEN,
	VCPU_BLOCKED,
	VCPU_UNSEEN,
	VCPU_STATES,
};

/**
 * struct exits - the exits of one reason
 * @reason: the hardware's number
 * @svm: that number is one of AMD's
 * @count: how many
 * @ticks: from the exits to the next entries
 */
struct exits {
	uint32_t reason;
	bool svm;
	uint64_t count;
	uint64_t ticks;
};

/**
 * struct vcpu_account - of one vCPU
 * @ticks: by state
 * @exits: by reason, after account_finish() the longest first
 * @nr_exits: number of reasons
 */
struct vcpu_account {
	uint64_t ticks[VCPU_STATES];
	struct exits *exits;
	size_t nr_exits;
	/* private: */
	enum vcpu_state state;
	uint64_t since;
	size_t last_exit;
	uint64_t exit_time;
	struct stretch *stretches;
	size_t nr_stretches;
};

/**
 * struct wakeup - from when a guest's thread could run until it ran
 * @party: the guest
 * @thread: its thread
 * @cpu: the guest's CPU that ran it
 * @comm: its name, not always terminated
 * @time: host time at which it ran
 * @ticks: how long it took, by state of the vCPU that ran it
 * @total: the sum
 */
struct wakeup {
	size_t party;
	int thread;
	unsigned int cpu;
	char comm[COMM_SIZE];
	uint64_t time;
	uint64_t ticks[VCPU_STATES];
	uint64_t total;
};

#define SLOWEST 10

/**
 * struct account - of all guests
 * @vcpus: by the index of struct host
 * @slowest: the slowest wake-ups, the slowest first
 * @nr_slowest: their number
 * @wakeups: number of wake-ups that were measured
 * @wakeup_ticks: ticks of all of them, by state
 */
struct account {
	struct vcpu_account *vcpus;
	struct wakeup slowest[SLOWEST];
	size_t nr_slowest;
	uint64_t wakeups;
	uint64_t wakeup_ticks[VCPU_STATES];
	/* private: */
	const struct timeline *timeline;
	struct pending *pending;
};

/**
 * account_new() - begin
 * @timeline: the time line
 */
struct account *account_new(const struct timeline *timeline);

/**
 * account_event() - the next event
 * @account: the account
 * @placed: the event
 */
void account_event(struct account *account, const struct placed *placed);

/**
 * account_finish() - sum up to the end of the host's trace
 * @account: the account
 */
void account_finish(struct account *account);

/**
 * account_free() - free an account
 * @account: the account, or NULL
 */
void account_free(struct account *account);

/**
 * exit_reason_text() - the name of an exit reason
 * @reason: the hardware's number
 * @svm: that number is one of AMD's
 *
 * Return: the name, valid until the next call.
 */
const char *exit_reason_text(uint32_t reason, bool svm);

#endif
