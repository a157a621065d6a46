/* SPDX-License-Identifier: GPL-2.0 */
#ifndef __KVM_X86_GUEST_TSC_H
#define __KVM_X86_GUEST_TSC_H

#include <linux/tracepoint-defs.h>
#include <linux/types.h>

struct kvm;
struct kvm_vcpu;

/**
 * enum kvm_guest_tsc_reason - why kvm:kvm_guest_tsc was written
 * @KVM_GUEST_TSC_CREATED: the vCPU was created, with these values
 * @KVM_GUEST_TSC_OFFSET: the offset changed, and nothing else
 * @KVM_GUEST_TSC_RATIO: the ratio changed, and nothing else
 * @KVM_GUEST_TSC_REFRESH: nothing changed
 * @KVM_GUEST_TSC_DESTROYED: the vCPU is destroyed, these were its last values
 *
 * The numbers are in traces, so they do not change.
 */
enum kvm_guest_tsc_reason {
	KVM_GUEST_TSC_CREATED	= 0,
	KVM_GUEST_TSC_OFFSET	= 1,
	KVM_GUEST_TSC_RATIO	= 2,
	KVM_GUEST_TSC_REFRESH	= 3,
	KVM_GUEST_TSC_DESTROYED	= 4,
};

/* The guest's TSC is not KVM's to know; offset and ratio are written as 0. */
#define KVM_GUEST_TSC_PROTECTED	0x1

DECLARE_TRACEPOINT(kvm_guest_tsc);

/**
 * typedef kvm_guest_tsc_fn - is told of a vCPU's values
 * @data: what kvm_guest_tsc_for_each() was given
 * @vm_pid: as all that follow, a field of the event kvm:kvm_guest_tsc
 * @vm_id: see there
 * @vcpu_id: see there
 * @offset: see there
 * @ratio: see there
 * @frac_bits: see there
 * @flags: see there
 *
 * Must not sleep.
 */
typedef void (*kvm_guest_tsc_fn)(void *data, pid_t vm_pid, u64 vm_id, u32 vcpu_id,
				 s64 offset, u64 ratio, u8 frac_bits, u8 flags);

int kvm_guest_tsc_attach(void);
void kvm_guest_tsc_for_each(kvm_guest_tsc_fn fn, void *data);

void kvm_guest_tsc_init_vm(struct kvm *kvm);
void kvm_guest_tsc_create_vcpu(struct kvm_vcpu *vcpu);
void kvm_guest_tsc_destroy_vcpu(struct kvm_vcpu *vcpu);
void kvm_guest_tsc_update(struct kvm_vcpu *vcpu);
void __kvm_guest_tsc_refresh(struct kvm_vcpu *vcpu);

/**
 * kvm_guest_tsc_refresh() - tell a vCPU's values again, if it is time to
 * @vcpu: the vCPU, loaded or being loaded, outside the guest
 *
 * One static branch while nobody traces.
 */
static inline void kvm_guest_tsc_refresh(struct kvm_vcpu *vcpu)
{
	if (tracepoint_enabled(kvm_guest_tsc))
		__kvm_guest_tsc_refresh(vcpu);
}

#endif
