// SPDX-License-Identifier: GPL-2.0
/*
 * The event kvm:kvm_guest_counter: how each guest's TSC follows the host's
 *
 * A guest's trace can be placed on the host's time line if its reader knows,
 * for every moment, the offset and the ratio of every vCPU's TSC.  The event
 * promises:
 *
 * - Each change of a value emits one event, and a write that changes nothing emits
 *   none.  A vCPU emits one event when it begins and one when it ceases to exist.
 *
 * - The event separates the old value from the new.  It is emitted while the
 *   vCPU is outside the guest and before it can enter it with the new value:
 *   what the guest read before the event used the old values, what it reads
 *   after the event uses the new ones.
 *
 * - A vCPU that enters the guest has emitted its values
 *
 *   - within the last second, for a tracer whose buffer overwrites old events;
 *   - since the event was enabled, and since kvm_guest_counter_refresh_all() was
 *     called, for a tracer that attaches late;
 *   - from the thread that enters, and later than that thread has emitted the
 *     values of a vCPU of another VM.  kvm_entry does not name the VM, so only
 *     this event tells a reader whose entry it is.
 *
 * - A VM's number is not used again while the host runs, not even after a
 *   reload of the module.
 *
 * The values are those of L1.  While L2 runs, the hardware uses a combination
 * with the values of vmcs12 or vmcb12.  The trace of L1, which is the host of
 * L2, has these.
 *
 * Every change goes through kvm_vcpu_write_tsc_offset() or
 * kvm_vcpu_write_tsc_multiplier(), by the task that has the vCPU loaded and
 * holds its mutex (or has created it and not yet published it).  So a vCPU's
 * state has one writer at a time, and no vCPU waits for another.
 *
 * Where a refresh is due is decided with interrupts off, after vcpu->mode has
 * become IN_GUEST_MODE, as KVM does it for requests: whoever enables the event or
 * calls kvm_guest_counter_refresh_all() later than this decision interrupts this CPU,
 * and the vCPU leaves the guest before it executes an instruction there, and
 * decides again.
 *
 * get_values(), guest_tsc_protected and frac_bits are x86's; the rest would serve
 * other architectures as well.
 */
#include <linux/atomic.h>
#include <linux/cleanup.h>
#include <linux/irqflags.h>
#include <linux/kvm_host.h>
#include <linux/list.h>
#include <linux/lockdep.h>
#include <linux/moduleparam.h>
#include <linux/mutex.h>
#include <linux/preempt.h>
#include <linux/sched.h>
#include <linux/time64.h>
#include <linux/timekeeping.h>

#include <asm/ibt.h>

#include "guest_counter.h"
#include "x86.h"

#define CREATE_TRACE_POINTS
#include "trace_guest_counter.h"

/* Counts how often all vCPUs had to emit their values again */
static atomic_t generation = ATOMIC_INIT(0);

/* 0 until the first VM */
static atomic64_t last_vm_id = ATOMIC64_INIT(0);

/* The values that the guest's TSC has from the next entry on */
static void get_values(struct kvm_vcpu *vcpu, u64 *offset, u64 *ratio)
{
	*offset = vcpu->arch.l1_tsc_offset;
	/* Without hardware to scale, a guest's TSC runs at the host's speed. */
	*ratio = kvm_caps.has_tsc_control ? vcpu->arch.l1_tsc_scaling_ratio :
					    kvm_caps.default_tsc_scaling_ratio;
}

/*
 * Emit the event with the values in vcpu->arch.tsc_event.
 *
 * Read the generation before the state of the tracepoint: if the generation is a new
 * tracer's, the tracepoint is enabled only if that tracer has enabled it, and
 * otherwise the vCPU emits its values again.
 */
static void emit(struct kvm_vcpu *vcpu, enum kvm_guest_counter_reason reason)
{
	struct kvm_vcpu_tsc_event *tsc_event = &vcpu->arch.tsc_event;
	struct kvm_vm_guest_counter *vm = &vcpu->kvm->arch.guest_counter;
	bool is_protected = vcpu->arch.guest_tsc_protected;
	int current_generation = atomic_read_acquire(&generation);

	if (!trace_kvm_guest_counter_enabled())
		return;
	tsc_event->generation = current_generation;
	tsc_event->time = ktime_get_mono_fast_ns();
	tsc_event->thread = current->pid;
	trace_kvm_guest_counter(vm->vm_pid, vm->vm_id, vcpu->vcpu_id,
				is_protected ? 0 : tsc_event->offset,
				is_protected ? 0 : tsc_event->ratio,
				kvm_caps.tsc_scaling_ratio_frac_bits,
				is_protected ? KVM_GUEST_COUNTER_PROTECTED : 0, reason);
}

/**
 * kvm_guest_counter_attach() - the event is being enabled, and was disabled before
 *
 * What an earlier tracer got is of no use to this one, so every vCPU emits its
 * values again before it next enters the guest.  With CONFIG_JUMP_LABEL, enabling the
 * event interrupts all CPUs to change their code, and thereby all vCPUs.
 *
 * Return: 0.
 */
int kvm_guest_counter_attach(void)
{
	atomic_inc_return(&generation);
	return 0;
}

/**
 * kvm_guest_counter_refresh_all() - have every vCPU emit its values again
 *
 * For a tracer that attaches while another one has the event enabled.  A vCPU that is
 * in the guest leaves it and emits its values before it enters again.  A vCPU that
 * does not run emits them when it does: until then it has no events to place.
 *
 * Not exported, as little of KVM is; LTTng looks it up by its name, and calls it by
 * its address.
 *
 * Context: may sleep.
 */
void kvm_guest_counter_refresh_all(void)
{
	struct kvm *kvm;

	/* Pairs with the barrier between the store to vcpu->mode and the entry. */
	atomic_inc_return(&generation);

	guard(mutex)(&kvm_lock);

	list_for_each_entry(kvm, &vm_list, vm_list)
		kvm_make_all_cpus_request(kvm, KVM_REQ_OUTSIDE_GUEST_MODE);
}

asm(IBT_NOSEAL("kvm_guest_counter_refresh_all") "");

static int set_refresh(const char *val, const struct kernel_param *kp)
{
	kvm_guest_counter_refresh_all();
	return 0;
}

static const struct kernel_param_ops refresh_ops = {
	.set = set_refresh,
};

/* For tracers in user space: any write calls kvm_guest_counter_refresh_all(). */
module_param_cb(guest_counter_refresh, &refresh_ops, NULL, 0200);
__MODULE_PARM_TYPE(guest_counter_refresh, "bool");

/**
 * kvm_guest_counter_init_vm() - give a VM what identifies it in traces
 * @kvm: the VM, being created by current
 *
 * Numbers count on from the time of the first VM.  As VMs take longer than a
 * nanosecond to create, a reloaded module begins above all numbers that were
 * in use before.
 */
void kvm_guest_counter_init_vm(struct kvm *kvm)
{
	if (!atomic64_read(&last_vm_id))
		atomic64_cmpxchg(&last_vm_id, 0, ktime_get_boottime_ns());
	kvm->arch.guest_counter.vm_id = atomic64_inc_return(&last_vm_id);
	kvm->arch.guest_counter.vm_pid = task_tgid_nr(current);
}

/* One thread can run vCPUs of all VMs of its process. */
static void find_vms_of_process(struct kvm *kvm)
{
	struct kvm *other;

	guard(mutex)(&kvm_lock);

	list_for_each_entry(other, &vm_list, vm_list) {
		if (other == kvm || other->mm != kvm->mm)
			continue;
		WRITE_ONCE(other->arch.guest_counter.shares_process, true);
		WRITE_ONCE(kvm->arch.guest_counter.shares_process, true);
	}
}

/**
 * kvm_guest_counter_create_vcpu() - emit that a vCPU exists
 * @vcpu: the vCPU, complete but not yet reachable from user space
 *
 * From here on, changes emit the event.
 *
 * Context: may sleep.
 */
void kvm_guest_counter_create_vcpu(struct kvm_vcpu *vcpu)
{
	struct kvm_vcpu_tsc_event *tsc_event = &vcpu->arch.tsc_event;

	find_vms_of_process(vcpu->kvm);
	get_values(vcpu, &tsc_event->offset, &tsc_event->ratio);
	tsc_event->exists = true;
	emit(vcpu, KVM_GUEST_COUNTER_CREATED);
}

/**
 * kvm_guest_counter_destroy_vcpu() - emit that a vCPU is no more
 * @vcpu: the vCPU, no longer reachable from user space
 */
void kvm_guest_counter_destroy_vcpu(struct kvm_vcpu *vcpu)
{
	emit(vcpu, KVM_GUEST_COUNTER_DESTROYED);
	vcpu->arch.tsc_event.exists = false;
}

/**
 * kvm_guest_counter_update() - emit a vCPU's values, if they changed
 * @vcpu: the vCPU, loaded by current, outside the guest
 *
 * To be called after everything that may change the L1 offset or ratio.  The
 * values are kept while nobody traces, too, so that the next event tells a
 * change from a refresh.
 */
void kvm_guest_counter_update(struct kvm_vcpu *vcpu)
{
	struct kvm_vcpu_tsc_event *tsc_event = &vcpu->arch.tsc_event;
	u64 offset, ratio;

	/* A task that is preempted loads the vCPU again, which may change its offset. */
	guard(preempt)();

	if (!tsc_event->exists || vcpu->arch.guest_tsc_protected)
		return;
	get_values(vcpu, &offset, &ratio);
	if (tsc_event->ratio != ratio) {
		tsc_event->ratio = ratio;
		emit(vcpu, KVM_GUEST_COUNTER_RATIO);
	}
	if (tsc_event->offset != offset) {
		tsc_event->offset = offset;
		emit(vcpu, KVM_GUEST_COUNTER_OFFSET);
	}
}

/*
 * The part of kvm_guest_counter_run() that is for tracing only.  A thread may have run a
 * vCPU of another VM since it emitted this vCPU's values: it does so by another KVM_RUN.
 */
void __kvm_guest_counter_run(struct kvm_vcpu *vcpu)
{
	if (READ_ONCE(vcpu->kvm->arch.guest_counter.shares_process))
		vcpu->arch.tsc_event.thread = 0;
}

/* The part of kvm_guest_counter_enter() that is for tracing only */
void __kvm_guest_counter_enter(struct kvm_vcpu *vcpu)
{
	struct kvm_vcpu_tsc_event *tsc_event = &vcpu->arch.tsc_event;

	lockdep_assert_irqs_disabled();

	/* By number, as traces name threads: a new thread may have the old one's task. */
	if (tsc_event->generation != atomic_read(&generation) ||
	    tsc_event->thread != current->pid ||
	    ktime_get_mono_fast_ns() - tsc_event->time > NSEC_PER_SEC)
		emit(vcpu, KVM_GUEST_COUNTER_REFRESH);
}
