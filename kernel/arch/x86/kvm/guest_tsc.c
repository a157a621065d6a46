// SPDX-License-Identifier: GPL-2.0
/*
 * Tell tracers how each guest's TSC follows the host's
 *
 * A guest's trace can be placed on the host's time line if its reader knows,
 * for every moment, the offset and the ratio of every vCPU's TSC.  The event
 * kvm:kvm_guest_tsc is made for that.  It promises:
 *
 * - There is one event for each change of a value, none for a write that
 *   changes nothing, and one each when a vCPU begins and ceases to exist.
 *
 * - The event separates the old value from the new.  It is written while the
 *   vCPU is outside the guest and before it can enter it with the new value:
 *   what the guest read before the event used the old values, what it reads
 *   after the event uses the new ones.
 *
 * - A vCPU that enters the guest has told its values within the last second,
 *   and since the event was enabled, so that a tracer which attaches late, or
 *   whose buffer overwrites old events, still knows every running guest.
 *
 * - A VM's number is not used again while the host runs, not even after a
 *   reload of the module.
 *
 * The values are those of L1.  While L2 runs, the hardware uses a combination
 * with the values of vmcs12 or vmcb12.  These are L1's own affair: they are
 * what the trace of L1, which is the host of L2, tells.
 *
 * Every change goes through kvm_vcpu_write_tsc_offset() or
 * kvm_vcpu_write_tsc_multiplier(), by the task that has the vCPU loaded and
 * holds its mutex.  That task may be preempted between the change and
 * kvm_guest_tsc_update(), and load the vCPU again, which refreshes.  So a
 * refresh does not look at the vCPU's values but repeats what was last told:
 * the guest has not run with anything else.
 */
#include <linux/atomic.h>
#include <linux/cleanup.h>
#include <linux/kvm_host.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/preempt.h>
#include <linux/sched.h>
#include <linux/spinlock.h>
#include <linux/time64.h>
#include <linux/timekeeping.h>

#include "guest_tsc.h"
#include "x86.h"

#define CREATE_TRACE_POINTS
#include "trace_guest_tsc.h"

/* How often the event was enabled after nobody had traced it */
static u32 attachments;

/*
 * Held while a value changes and is told, so that kvm_guest_tsc_for_each() tells
 * none after the event that ended it.
 */
static DEFINE_RAW_SPINLOCK(change_lock);

/* 0 until the first VM */
static atomic64_t last_vm_id = ATOMIC64_INIT(0);

/**
 * kvm_guest_tsc_attach() - the event is being enabled, and was disabled before
 *
 * What was told to the tracer before is of no use to this one: every vCPU tells
 * its values again at once, not when a second is over.  Also those that are in
 * the guest: enabling the event interrupts all CPUs to change their code.
 *
 * Return: 0.
 */
int kvm_guest_tsc_attach(void)
{
	WRITE_ONCE(attachments, attachments + 1);
	return 0;
}

/**
 * kvm_guest_tsc_init_vm() - give a VM what identifies it in traces
 * @kvm: the VM, being created by current
 *
 * Numbers count on from the time of the first VM.  As VMs take longer than a
 * nanosecond to create, a reloaded module begins above all numbers that were
 * in use before.
 */
void kvm_guest_tsc_init_vm(struct kvm *kvm)
{
	if (!atomic64_read(&last_vm_id))
		atomic64_cmpxchg(&last_vm_id, 0, ktime_get_boottime_ns());
	kvm->arch.guest_tsc.vm_id = atomic64_inc_return(&last_vm_id);
	kvm->arch.guest_tsc.vm_pid = task_tgid_nr(current);
}

/* Without hardware to scale, a guest's TSC runs at the host's speed. */
static u64 ratio_in_force(struct kvm_vcpu *vcpu)
{
	return kvm_caps.has_tsc_control ? vcpu->arch.l1_tsc_scaling_ratio :
					  kvm_caps.default_tsc_scaling_ratio;
}

static void tell(struct kvm_vcpu *vcpu, enum kvm_guest_tsc_reason reason)
{
	struct kvm_vcpu_guest_tsc *told = &vcpu->arch.guest_tsc;
	struct kvm_vm_guest_tsc *vm = &vcpu->kvm->arch.guest_tsc;
	bool is_protected = vcpu->arch.guest_tsc_protected;

	if (!trace_kvm_guest_tsc_enabled())
		return;
	told->at = ktime_get_mono_fast_ns();
	told->attachment = READ_ONCE(attachments);
	trace_kvm_guest_tsc(vm->vm_pid, vm->vm_id, vcpu->vcpu_id,
			    is_protected ? 0 : told->offset,
			    is_protected ? 0 : told->ratio,
			    kvm_caps.tsc_scaling_ratio_frac_bits,
			    is_protected ? KVM_GUEST_TSC_PROTECTED : 0, reason);
}

/**
 * kvm_guest_tsc_create_vcpu() - tell that a vCPU exists
 * @vcpu: the vCPU, complete but not yet reachable from user space
 *
 * From here on, changes are told.
 */
void kvm_guest_tsc_create_vcpu(struct kvm_vcpu *vcpu)
{
	struct kvm_vcpu_guest_tsc *told = &vcpu->arch.guest_tsc;

	told->offset = vcpu->arch.l1_tsc_offset;
	told->ratio = ratio_in_force(vcpu);
	told->exists = true;
	tell(vcpu, KVM_GUEST_TSC_CREATED);
}

/**
 * kvm_guest_tsc_destroy_vcpu() - tell that a vCPU is no more
 * @vcpu: the vCPU, no longer reachable from user space
 */
void kvm_guest_tsc_destroy_vcpu(struct kvm_vcpu *vcpu)
{
	tell(vcpu, KVM_GUEST_TSC_DESTROYED);
	vcpu->arch.guest_tsc.exists = false;
}

/**
 * kvm_guest_tsc_update() - tell a vCPU's values, if they changed
 * @vcpu: the vCPU, loaded by current, outside the guest
 *
 * To be called after everything that may change the L1 offset or ratio.  The
 * values are kept while nobody traces, too, so that the next event tells a
 * change from a refresh.
 */
void kvm_guest_tsc_update(struct kvm_vcpu *vcpu)
{
	struct kvm_vcpu_guest_tsc *told = &vcpu->arch.guest_tsc;
	u64 ratio;

	/* Loading the vCPU again may change its offset: not in between. */
	guard(preempt)();

	if (!told->exists || vcpu->arch.guest_tsc_protected)
		return;
	ratio = ratio_in_force(vcpu);
	if (told->ratio == ratio && told->offset == vcpu->arch.l1_tsc_offset)
		return;

	guard(raw_spinlock)(&change_lock);
	if (told->ratio != ratio) {
		told->ratio = ratio;
		tell(vcpu, KVM_GUEST_TSC_RATIO);
	}
	if (told->offset != vcpu->arch.l1_tsc_offset) {
		told->offset = vcpu->arch.l1_tsc_offset;
		tell(vcpu, KVM_GUEST_TSC_OFFSET);
	}
}

/* The part of kvm_guest_tsc_refresh() that is for tracing only */
void __kvm_guest_tsc_refresh(struct kvm_vcpu *vcpu)
{
	struct kvm_vcpu_guest_tsc *told = &vcpu->arch.guest_tsc;

	guard(preempt)();

	if (told->exists && (told->attachment != READ_ONCE(attachments) ||
			     ktime_get_mono_fast_ns() - told->at > NSEC_PER_SEC))
		tell(vcpu, KVM_GUEST_TSC_REFRESH);
}

static void tell_to(struct kvm_vcpu *vcpu, kvm_guest_tsc_fn fn, void *data)
{
	struct kvm_vcpu_guest_tsc *told = &vcpu->arch.guest_tsc;
	struct kvm_vm_guest_tsc *vm = &vcpu->kvm->arch.guest_tsc;
	bool is_protected = vcpu->arch.guest_tsc_protected;

	guard(raw_spinlock)(&change_lock);

	fn(data, vm->vm_pid, vm->vm_id, vcpu->vcpu_id, is_protected ? 0 : told->offset,
	   is_protected ? 0 : told->ratio, kvm_caps.tsc_scaling_ratio_frac_bits,
	   is_protected ? KVM_GUEST_TSC_PROTECTED : 0);
}

/**
 * kvm_guest_tsc_for_each() - have the values of all vCPUs told at once
 * @fn: called for each vCPU, in this context, with preemption disabled
 * @data: handed to @fn
 *
 * For tracers that write the state of the system when a session begins: they also
 * learn of vCPUs that do not run, and of all of them while somebody else traces
 * the event already. What @fn writes is in order with the events: no event with
 * other values of the same vCPU comes in between.
 *
 * Not exported, as little of KVM is: out-of-tree tracers look it up by its name.
 *
 * Context: may sleep.
 */
void kvm_guest_tsc_for_each(kvm_guest_tsc_fn fn, void *data)
{
	struct kvm_vcpu *vcpu;
	unsigned long i;
	struct kvm *kvm;

	guard(mutex)(&kvm_lock);

	list_for_each_entry(kvm, &vm_list, vm_list) {
		kvm_for_each_vcpu(i, vcpu, kvm)
			tell_to(vcpu, fn, data);
	}
}
