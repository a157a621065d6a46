/* SPDX-License-Identifier: GPL-2.0 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM kvm

#if !defined(_TRACE_KVM_GUEST_COUNTER_H) || defined(TRACE_HEADER_MULTI_READ)
#define _TRACE_KVM_GUEST_COUNTER_H

#include <linux/tracepoint.h>

#include "guest_counter.h"

TRACE_DEFINE_ENUM(KVM_GUEST_COUNTER_CREATED);
TRACE_DEFINE_ENUM(KVM_GUEST_COUNTER_OFFSET);
TRACE_DEFINE_ENUM(KVM_GUEST_COUNTER_RATIO);
TRACE_DEFINE_ENUM(KVM_GUEST_COUNTER_REFRESH);
TRACE_DEFINE_ENUM(KVM_GUEST_COUNTER_DESTROYED);

/*
 * What a vCPU's TSC reads, in relation to the host's:
 *
 *	guest = ((host * ratio) >> frac_bits) + offset
 *
 * For what the event promises to its reader, see guest_counter.c.
 */
TRACE_EVENT_FN(kvm_guest_counter,
	       TP_PROTO(pid_t vm_pid, u64 vm_id, u32 vcpu_id, s64 offset, u64 ratio,
			u8 frac_bits, u8 flags, u8 reason),
	       TP_ARGS(vm_pid, vm_id, vcpu_id, offset, ratio, frac_bits, flags,
		       reason),
	       TP_STRUCT__entry(__field(u64, vm_id)
				__field(s64, offset)
				__field(u64, ratio)
				__field(pid_t, vm_pid)
				__field(u32, vcpu_id)
				__field(u8, frac_bits)
				__field(u8, flags)
				__field(u8, reason)),
	       TP_fast_assign(__entry->vm_id = vm_id;
			      __entry->offset = offset;
			      __entry->ratio = ratio;
			      __entry->vm_pid = vm_pid;
			      __entry->vcpu_id = vcpu_id;
			      __entry->frac_bits = frac_bits;
			      __entry->flags = flags;
			      __entry->reason = reason;),
	       TP_printk("vm_pid=%d vm_id=%llu vcpu_id=%u offset=%lld ratio=%llu frac_bits=%u flags=%s reason=%s",
			 __entry->vm_pid, __entry->vm_id, __entry->vcpu_id,
			 __entry->offset, __entry->ratio, __entry->frac_bits,
			 __print_flags(__entry->flags, "|",
				       { KVM_GUEST_COUNTER_PROTECTED, "protected" }),
			 __print_symbolic(__entry->reason,
					  { KVM_GUEST_COUNTER_CREATED, "created" },
					  { KVM_GUEST_COUNTER_OFFSET, "offset" },
					  { KVM_GUEST_COUNTER_RATIO, "ratio" },
					  { KVM_GUEST_COUNTER_REFRESH, "refresh" },
					  { KVM_GUEST_COUNTER_DESTROYED, "destroyed" })),
	       kvm_guest_counter_attach, NULL
);

#endif /* _TRACE_KVM_GUEST_COUNTER_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace_guest_counter

/* This part must be outside protection */
#include <trace/define_trace.h>
