/* SPDX-License-Identifier: GPL-2.0 */
#ifndef __KVM_X86_GUEST_COUNTER_H
#define __KVM_X86_GUEST_COUNTER_H

#include <linux/tracepoint-defs.h>

struct kvm;
struct kvm_vcpu;

/**
 * enum kvm_guest_counter_reason - why kvm:kvm_guest_counter was emitted
 * @KVM_GUEST_COUNTER_CREATED: the vCPU was created, with these values
 * @KVM_GUEST_COUNTER_OFFSET: the offset changed, and nothing else
 * @KVM_GUEST_COUNTER_RATIO: the ratio changed, and nothing else
 * @KVM_GUEST_COUNTER_REFRESH: nothing changed
 * @KVM_GUEST_COUNTER_DESTROYED: the vCPU is destroyed, these were its last values
 *
 * The numbers are in traces, so they do not change.
 */
enum kvm_guest_counter_reason {
	KVM_GUEST_COUNTER_CREATED	= 0,
	KVM_GUEST_COUNTER_OFFSET	= 1,
	KVM_GUEST_COUNTER_RATIO	= 2,
	KVM_GUEST_COUNTER_REFRESH	= 3,
	KVM_GUEST_COUNTER_DESTROYED	= 4,
};

/* KVM cannot know the guest's TSC; offset and ratio are written as 0. */
#define KVM_GUEST_COUNTER_PROTECTED	0x1

DECLARE_TRACEPOINT(kvm_guest_counter);

int kvm_guest_counter_attach(void);
void kvm_guest_counter_refresh_all(void);

void kvm_guest_counter_init_vm(struct kvm *kvm);
void kvm_guest_counter_create_vcpu(struct kvm_vcpu *vcpu);
void kvm_guest_counter_destroy_vcpu(struct kvm_vcpu *vcpu);
void kvm_guest_counter_update(struct kvm_vcpu *vcpu);
void __kvm_guest_counter_run(struct kvm_vcpu *vcpu);
void __kvm_guest_counter_enter(struct kvm_vcpu *vcpu);

/**
 * kvm_guest_counter_run() - KVM_RUN begins
 * @vcpu: the vCPU, loaded by current
 *
 * One static branch while nobody traces.
 */
static inline void kvm_guest_counter_run(struct kvm_vcpu *vcpu)
{
	if (tracepoint_enabled(kvm_guest_counter))
		__kvm_guest_counter_run(vcpu);
}

/**
 * kvm_guest_counter_enter() - emit a refresh before the guest is entered, if one is due
 * @vcpu: the vCPU, about to enter the guest
 *
 * One static branch while nobody traces.
 *
 * Context: interrupts off until the guest is entered, and vcpu->mode is IN_GUEST_MODE.
 */
static inline void kvm_guest_counter_enter(struct kvm_vcpu *vcpu)
{
	if (tracepoint_enabled(kvm_guest_counter))
		__kvm_guest_counter_enter(vcpu);
}

#endif
