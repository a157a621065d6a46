// SPDX-License-Identifier: GPL-2.0
/*
 * Where a guest's time went: each vCPU is at any time in the guest, in KVM, runnable but
 * not running, or blocked. What a wake-up in the guest took is split by that, too.
 */
#include <stdlib.h>
#include <string.h>

#include "common/array.h"
#include "correlate/account.h"

/* Threads that were woken and did not run yet: as many as this are remembered */
#define PENDING_SIZE 4096

/* So many changes of a vCPU's state are remembered to split a wake-up. */
#define STRETCHES 256

struct stretch {
	uint64_t since;
	enum vcpu_state state;
};

struct pending {
	bool used;
	size_t party;
	int thread;
	uint64_t time;
};

struct account *account_new(const struct timeline *timeline)
{
	struct account *account = zalloc(sizeof(*account));
	size_t i;

	account->timeline = timeline;
	account->vcpus = zalloc((timeline->host->nr_vcpus + 1) * sizeof(*account->vcpus));
	account->pending = zalloc(PENDING_SIZE * sizeof(*account->pending));
	for (i = 0; i < timeline->host->nr_vcpus; i++) {
		account->vcpus[i].state = VCPU_UNSEEN;
		account->vcpus[i].since = timeline->host->first.host_time;
		account->vcpus[i].last_exit = SIZE_MAX;
		account->vcpus[i].stretches = zalloc(STRETCHES * sizeof(struct stretch));
	}
	return account;
}

static void enter_state(struct vcpu_account *vcpu, enum vcpu_state state, uint64_t time)
{
	vcpu->ticks[vcpu->state] += time - vcpu->since;
	vcpu->stretches[vcpu->nr_stretches++ % STRETCHES] =
		(struct stretch){ vcpu->since, vcpu->state };
	vcpu->since = time;
	vcpu->state = state;
}

static void note_exit(struct vcpu_account *vcpu, const struct event *event)
{
	size_t i;

	for (i = 0; i < vcpu->nr_exits; i++)
		if (vcpu->exits[i].reason == event->exit_reason)
			break;
	if (i == vcpu->nr_exits) {
		vcpu->exits = array_room(vcpu->exits, i, sizeof(*vcpu->exits));
		vcpu->exits[vcpu->nr_exits++] = (struct exits){
			.reason = event->exit_reason, .svm = event->svm,
		};
	}
	vcpu->exits[i].count++;
	vcpu->last_exit = i;
	vcpu->exit_time = event->time;
}

static struct vcpu_account *account_of(struct account *account, const struct vcpu *vcpu)
{
	return vcpu ? &account->vcpus[vcpu - account->timeline->host->vcpus] : NULL;
}

static void host_event(struct account *account, const struct placed *placed)
{
	struct host *host = account->timeline->host;
	const struct event *event = placed->event;
	struct vcpu_account *vcpu = account_of(account, placed->vcpu);

	if (event->kind == EVENT_ENTRY && vcpu) {
		if (vcpu->last_exit != SIZE_MAX)
			vcpu->exits[vcpu->last_exit].ticks += event->time - vcpu->exit_time;
		vcpu->last_exit = SIZE_MAX;
		enter_state(vcpu, VCPU_GUEST, event->time);
	} else if (event->kind == EVENT_EXIT && vcpu) {
		note_exit(vcpu, event);
		enter_state(vcpu, VCPU_KVM, event->time);
	} else if (event->kind == EVENT_SWITCH) {
		vcpu = account_of(account, host_owner(host, event->thread, VCPU_UNKNOWN));
		if (vcpu)
			enter_state(vcpu, event->runnable ? VCPU_STOLEN : VCPU_BLOCKED,
				    event->time);
		vcpu = account_of(account, host_owner(host, event->next, VCPU_UNKNOWN));
		if (vcpu)
			enter_state(vcpu, VCPU_KVM, event->time);
	} else if (event->kind == EVENT_WAKEUP) {
		vcpu = account_of(account, host_owner(host, event->next, VCPU_UNKNOWN));
		if (vcpu && vcpu->state == VCPU_BLOCKED)
			enter_state(vcpu, VCPU_STOLEN, event->time);
	}
}

static struct pending *pending_of(struct account *account, size_t party, int thread)
{
	uint64_t key = (uint64_t)party << 32 | (uint32_t)thread;

	return &account->pending[(key * UINT64_C(0x9e3779b97f4a7c15)) >> 52];
}

static void keep_slowest(struct account *account, const struct wakeup *wakeup)
{
	size_t at = account->nr_slowest;

	if (at == SLOWEST && account->slowest[--at].total >= wakeup->total)
		return;
	if (account->nr_slowest < SLOWEST)
		account->nr_slowest++;
	for (; at > 0 && account->slowest[at - 1].total < wakeup->total; at--)
		account->slowest[at] = account->slowest[at - 1];
	account->slowest[at] = *wakeup;
}

/* What the vCPU did from @from to @to, as far back as is remembered */
static void split(const struct vcpu_account *vcpu, uint64_t from, uint64_t to, uint64_t *ticks)
{
	uint64_t end = to, begin = vcpu->since;
	enum vcpu_state state = vcpu->state;
	size_t i, oldest;

	oldest = vcpu->nr_stretches > STRETCHES ? vcpu->nr_stretches - STRETCHES : 0;
	for (i = vcpu->nr_stretches; end > from;) {
		if (begin < from)
			begin = from;
		if (begin < end)
			ticks[state] += end - begin;
		if (begin == from)
			return;
		if (i-- == oldest) {
			ticks[VCPU_UNSEEN] += begin - from;
			return;
		}
		end = begin;
		begin = vcpu->stretches[i % STRETCHES].since;
		state = vcpu->stretches[i % STRETCHES].state;
	}
}

static void measure(struct account *account, const struct placed *placed,
		    const struct pending *pending)
{
	struct wakeup wakeup = {
		.party = placed->party,
		.thread = placed->event->next,
		.cpu = placed->event->cpu,
		.time = placed->time,
		.total = placed->time - pending->time,
	};
	size_t state;

	memcpy(wakeup.comm, placed->event->comm, COMM_SIZE);
	split(account_of(account, placed->vcpu), pending->time, placed->time, wakeup.ticks);
	account->wakeups++;
	for (state = 0; state < VCPU_STATES; state++)
		account->wakeup_ticks[state] += wakeup.ticks[state];
	keep_slowest(account, &wakeup);
}

static void guest_event(struct account *account, const struct placed *placed)
{
	const struct event *event = placed->event;
	struct pending *pending;

	if (event->kind != EVENT_WAKEUP && event->kind != EVENT_SWITCH)
		return;
	pending = pending_of(account, placed->party, event->next);
	if (event->kind == EVENT_WAKEUP) {
		if (!pending->used || pending->party != placed->party ||
		    pending->thread != event->next)
			*pending = (struct pending){ true, placed->party, event->next,
						     placed->time };
	} else if (pending->used && pending->party == placed->party &&
		   pending->thread == event->next) {
		measure(account, placed, pending);
		pending->used = false;
	}
}

void account_event(struct account *account, const struct placed *placed)
{
	if (placed->party)
		guest_event(account, placed);
	else
		host_event(account, placed);
}

static int compare_exits(const void *a, const void *b)
{
	const struct exits *one = a, *other = b;

	if (one->ticks != other->ticks)
		return one->ticks > other->ticks ? -1 : 1;
	return one->count > other->count ? -1 : one->count < other->count;
}

void account_finish(struct account *account)
{
	const struct host *host = account->timeline->host;
	size_t i;

	for (i = 0; i < host->nr_vcpus; i++) {
		struct vcpu_account *vcpu = &account->vcpus[i];

		enter_state(vcpu, vcpu->state, host->last.host_time);
		if (vcpu->nr_exits)
			qsort(vcpu->exits, vcpu->nr_exits, sizeof(*vcpu->exits), compare_exits);
	}
}

void account_free(struct account *account)
{
	size_t i;

	if (!account)
		return;
	for (i = 0; i < account->timeline->host->nr_vcpus; i++) {
		free(account->vcpus[i].exits);
		free(account->vcpus[i].stretches);
	}
	free(account->vcpus);
	free(account->pending);
	free(account);
}
