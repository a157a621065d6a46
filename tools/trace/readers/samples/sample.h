/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What clocktrace-guest-sampler writes: readings of CLOCK_TRACE in a guest, with the CPU
 * that made them. The byte order is that of x86.
 */
#ifndef TRACE_SAMPLE_H
#define TRACE_SAMPLE_H

#include <stdint.h>

#define GUEST_SAMPLE_MAGIC 0x53475443u

/* The kernel's clock is the counter in this epoch, not a replacement of it. */
#define GUEST_SAMPLE_COUNTER 0x1u

/**
 * struct guest_sample - one reading
 * @magic: %GUEST_SAMPLE_MAGIC
 * @boot: a random number for each boot of the guest
 * @sequence: counts the readings of this CPU since the boot
 * @epoch: the epoch that came with @value
 * @value: CLOCK_TRACE
 * @cpu: the CPU as the guest's kernel numbers it
 * @vcpu: the CPU's APIC ID, by which KVM numbers it
 * @flags: %GUEST_SAMPLE_COUNTER
 */
struct guest_sample {
	uint32_t magic;
	uint32_t boot;
	uint32_t sequence;
	uint32_t epoch;
	uint64_t value;
	uint16_t cpu;
	uint16_t vcpu;
	uint32_t flags;
};

/* The name of the virtio-serial port that the samples go to */
#define GUEST_SAMPLE_PORT "org.clock_trace.samples"

#endif
