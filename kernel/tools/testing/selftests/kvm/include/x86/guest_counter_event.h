/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The event kvm:kvm_guest_counter, read from a tracefs instance.
 */
#ifndef SELFTEST_KVM_GUEST_COUNTER_EVENT_H
#define SELFTEST_KVM_GUEST_COUNTER_EVENT_H

#include "kvm_util.h"

#define TRACEFS			"/sys/kernel/tracing"
#define GUEST_COUNTER_EVENT		"events/kvm/kvm_guest_counter"
#define MAX_TSC_EVENTS		64
#define MAX_TRACED_VCPUS	4

struct tsc_event {
	u64 time;
	pid_t thread;
	int vm_pid;
	unsigned long long vm_id;
	unsigned int vcpu_id;
	long long offset;
	unsigned long long ratio;
	unsigned int frac_bits;
	char flags[16];
	char reason[16];
};

/* A tracefs instance, and what came from it */
struct tsc_tracer {
	char instance[64];
	int pipe;
	char *text;
	/* What tsc_tracer_read() gave */
	struct tsc_event events[MAX_TSC_EVENTS];
	unsigned int nr_events;
	unsigned int nr_refreshes;
	/* The last event of each vCPU, of any kind, and of all */
	struct tsc_event known[MAX_TRACED_VCPUS];
	unsigned int nr_known;
	struct tsc_event last;
};

/* Return what the test needs and this machine lacks, or NULL. */
const char *tsc_tracer_init(struct tsc_tracer *tracer, const char *name);
void tsc_tracer_remove(struct tsc_tracer *tracer);

void tsc_tracer_write(struct tsc_tracer *tracer, const char *name, const char *text);
void tsc_tracer_start(struct tsc_tracer *tracer);
void tsc_tracer_stop(struct tsc_tracer *tracer);

/* Read all text that came since the last call; the next call overwrites it. */
char *tsc_tracer_text(struct tsc_tracer *tracer);

/* The number of the thread that wrote a line of a trace */
pid_t trace_line_thread(const char *line);

/*
 * Take what came since the last call; return the number of events but for the
 * refreshes, which may come at any time on a slow machine.
 */
unsigned int tsc_tracer_read(struct tsc_tracer *tracer);

/* Have all vCPUs emit their values again before they next enter the guest. */
void tsc_event_refresh_all(void);

/* Is the reading of a guest between two of the host, with the event's values? */
bool tsc_event_is_between(const struct tsc_event *event, u64 reading, u64 before, u64 after);
u64 tsc_event_guest(const struct tsc_event *event, u64 host);

static inline u64 guest_tsc_get_offset(struct kvm_vcpu *vcpu)
{
	u64 offset;

	vcpu_device_attr_get(vcpu, KVM_VCPU_TSC_CTRL, KVM_VCPU_TSC_OFFSET, &offset);
	return offset;
}

static inline void guest_tsc_set_offset(struct kvm_vcpu *vcpu, u64 offset)
{
	vcpu_device_attr_set(vcpu, KVM_VCPU_TSC_CTRL, KVM_VCPU_TSC_OFFSET, &offset);
}

#endif
