// SPDX-License-Identifier: GPL-2.0
/*
 * Which events the analysis understands, by the names that tracers give them.
 */
#include <stddef.h>
#include <string.h>

#include "readers/kinds.h"

static const struct {
	const char *name;
	enum event_kind kind;
} kinds[] = {
	{ "kvm_entry", EVENT_ENTRY },
	{ "kvm_x86_entry", EVENT_ENTRY },
	{ "kvm_exit", EVENT_EXIT },
	{ "kvm_x86_exit", EVENT_EXIT },
	{ "kvm_guest_counter", EVENT_GUEST_COUNTER },
	{ "lttng_statedump_kvm_guest_counter", EVENT_GUEST_COUNTER },
	{ "kvm_write_tsc_offset", EVENT_WRITE_OFFSET },
	{ "kvm_x86_write_tsc_offset", EVENT_WRITE_OFFSET },
	{ "clock_trace_epoch", EVENT_EPOCH },
	{ "sched_switch", EVENT_SWITCH },
	{ "kvm_inj_virq", EVENT_INJECT },
	{ "kvm_x86_inj_virq", EVENT_INJECT },
	{ "irq_handler_entry", EVENT_INTERRUPT },
	{ "local_timer_entry", EVENT_INTERRUPT },
	{ "reschedule_entry", EVENT_INTERRUPT },
	{ "call_function_entry", EVENT_INTERRUPT },
	{ "call_function_single_entry", EVENT_INTERRUPT },
	{ "x86_irq_vectors_local_timer_entry", EVENT_INTERRUPT },
	{ "x86_irq_vectors_reschedule_entry", EVENT_INTERRUPT },
	{ "x86_irq_vectors_call_function_entry", EVENT_INTERRUPT },
	{ "x86_irq_vectors_call_function_single_entry", EVENT_INTERRUPT },
	{ "sched_waking", EVENT_WAKEUP },
	{ "sched_wakeup", EVENT_WAKEUP },
	{ "net_dev_queue", EVENT_SENT },
	{ "net_if_receive_skb", EVENT_RECEIVED },
	{ "netif_receive_skb", EVENT_RECEIVED },
};

enum event_kind event_kind_of(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (!strcmp(kinds[i].name, name))
			return kinds[i].kind;
	return EVENT_OTHER;
}
