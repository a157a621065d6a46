/* SPDX-License-Identifier: GPL-2.0 */
/*
 * An event as every reader hands it on.
 */
#ifndef TRACE_EVENT_H
#define TRACE_EVENT_H

#include <stdbool.h>
#include <stdint.h>

#include "clocktrace_guest.h"
#include "packets/packet.h"

/* The event does not tell its thread, or it is not the thread that ran the vCPU. */
#define THREAD_NONE (-1)
/* The tracer does not tell the process of a thread. */
#define PROCESS_UNKNOWN 0
/* LTTng's entries and exits do not name the vCPU. */
#define VCPU_UNKNOWN UINT32_MAX
/* Not of the trace, but of a reading that was saved beside it: for the model only. */
#define CPU_NONE UINT32_MAX
/* The most ticks that a time may be too early: those of a nanosecond of any counter */
#define RESOLUTION_MAX 1000

/**
 * enum event_kind - what the analysis takes from an event
 * @EVENT_OTHER: no more than that it is there
 * @EVENT_ENTRY: a vCPU enters the guest
 * @EVENT_EXIT: a vCPU has left it
 * @EVENT_GUEST_COUNTER: a kvm_guest_counter
 * @EVENT_WRITE_OFFSET: a kvm_write_tsc_offset, which kernels without kvm_guest_counter have
 * @EVENT_EPOCH: CLOCK_TRACE begins a new epoch
 * @EVENT_SWITCH: a CPU switches from one thread to another
 * @EVENT_INJECT: KVM injects an interrupt into a vCPU, from its thread
 * @EVENT_INTERRUPT: an interrupt is taken
 * @EVENT_WAKEUP: a thread becomes runnable
 * @EVENT_SENT: a packet is handed to an interface
 * @EVENT_RECEIVED: a packet comes from an interface
 */
enum event_kind {
	EVENT_OTHER,
	EVENT_ENTRY,
	EVENT_EXIT,
	EVENT_GUEST_COUNTER,
	EVENT_WRITE_OFFSET,
	EVENT_EPOCH,
	EVENT_SWITCH,
	EVENT_INJECT,
	EVENT_INTERRUPT,
	EVENT_WAKEUP,
	EVENT_SENT,
	EVENT_RECEIVED,
};

/**
 * event_is_of_host() - does only a host write events of that kind?
 * @kind: the kind
 */
static inline bool event_is_of_host(enum event_kind kind)
{
	return kind == EVENT_ENTRY || kind == EVENT_EXIT || kind == EVENT_GUEST_COUNTER ||
	       kind == EVENT_WRITE_OFFSET;
}

/**
 * enum clock_state - what drives CLOCK_TRACE, as the kernel numbers it
 * @CLOCK_STATE_MONOTONIC: CLOCK_MONOTONIC, for there is no counter that can be used
 * @CLOCK_STATE_COUNTER: the hardware's counter
 * @CLOCK_STATE_FALLBACK: CLOCK_MONOTONIC, for the counter has lost trust
 */
enum clock_state {
	CLOCK_STATE_MONOTONIC,
	CLOCK_STATE_COUNTER,
	CLOCK_STATE_FALLBACK,
};

#define COMM_SIZE 16

/**
 * struct event - an event
 * @time: what the clock said, in ticks
 * @name: its name, valid as long as the reader
 * @kind: what the analysis takes from it
 * @cpu: the CPU that it was written on
 * @thread: the thread, or %THREAD_NONE
 * @process: the process of the thread, or %PROCESS_UNKNOWN
 * @lost_before: its stream has lost events right before
 * @lost_from: if so, a time up to which there are all of its stream's events
 * @lost_to: and one from which on there are all of them, which may be later than @time;
 *	0 if the format tells neither
 * @vcpu_id: of an entry, exit or write of an offset: the vCPU, or %VCPU_UNKNOWN
 * @exit_reason: of an exit: the hardware's number
 * @svm: of an exit: the number is one of AMD's
 * @tsc: of a kvm_guest_counter: all but the position; of a write of an offset: that
 * @next: of a switch: the thread that runs then; of a wakeup: the thread
 * @runnable: of a switch: the thread that is left wants to go on
 * @epoch: of an epoch: its number
 * @state: of an epoch: what drives the clock
 * @frequency: of an epoch: ticks per second, 0 if that is not told
 * @packet: of a packet: its headers, until the stream's next event; NULL if the format has none
 * @comm: of a switch: the name of the thread that runs then, not always terminated
 */
struct event {
	uint64_t time;
	const char *name;
	enum event_kind kind;
	unsigned int cpu;
	int thread;
	int process;
	bool lost_before;
	uint64_t lost_from;
	uint64_t lost_to;
	uint32_t vcpu_id;
	uint32_t exit_reason;
	bool svm;
	struct clocktrace_guest_event tsc;
	int next;
	bool runnable;
	uint32_t epoch;
	enum clock_state state;
	uint64_t frequency;
	const struct packet *packet;
	char comm[COMM_SIZE];
};

enum value_type {
	VALUE_UNSIGNED,
	VALUE_SIGNED,
	VALUE_REAL,
	VALUE_TEXT,
};

/**
 * struct value - a field of an event
 * @name: its name
 * @type: which of the members below is set
 * @context: the tracer added it to each event, it is not the event's own
 * @u: an unsigned number
 * @s: a signed number
 * @real: a number with a point
 * @text: a text; arrays are made one
 */
struct value {
	const char *name;
	enum value_type type;
	bool context;
	union {
		uint64_t u;
		int64_t s;
		double real;
		const char *text;
	};
};

typedef void (*value_handler)(void *data, const struct value *value);

#endif
