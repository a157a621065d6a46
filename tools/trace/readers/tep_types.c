// SPDX-License-Identifier: GPL-2.0
/*
 * The kernel's events in files that describe them as tracefs does.
 */
#include <stdlib.h>
#include <string.h>

#include "common/array.h"
#include "common/message.h"
#include "readers/kinds.h"
#include "readers/tep_fields.h"
#include "readers/tep_types.h"

enum { F_VM_ID, F_VM_PID, F_VCPU_ID, F_OFFSET, F_RATIO, F_FRAC_BITS, F_FLAGS, F_REASON };
enum { F_EXIT_REASON, F_ISA };
enum { F_NEXT_PID, F_PREV_STATE, F_NEXT_COMM, F_PREV_PID };
enum { F_PID };
enum { F_OF_VCPU, F_NEXT_OFFSET };
enum { F_EPOCH, F_STATE, F_FREQUENCY };

static const char *const guest_counter_fields[] = { "vm_id", "vm_pid",    "vcpu_id", "offset",
						"ratio", "frac_bits", "flags",	 "reason" };
static const char *const entry_fields[] = { "vcpu_id" };
static const char *const exit_fields[] = { "exit_reason", "isa", "vcpu_id" };
static const char *const switch_fields[] = { "next_pid", "prev_state", "next_comm", "prev_pid" };
static const char *const wakeup_fields[] = { "pid" };
static const char *const offset_fields[] = { "vcpu_id", "next_tsc_offset" };
static const char *const epoch_fields[] = { "epoch", "state", "frequency" };

static char *find_fields(struct tep_type *type, const char *const *names, size_t count,
			 bool needed)
{
	size_t i;

	for (i = 0; i < count; i++) {
		type->fields[i] = tep_find_field(type->event, names[i]);
		if (needed && !type->fields[i])
			return text_of("its event %s has no field %s", type->event->name, names[i]);
	}
	return NULL;
}

#define FIND(type, names, needed) \
	find_fields(type, names, sizeof(names) / sizeof((names)[0]), needed)

static char *learn_type(struct tep_type *type)
{
	switch (type->kind) {
	case EVENT_GUEST_COUNTER:
		return FIND(type, guest_counter_fields, true);
	case EVENT_ENTRY:
		return FIND(type, entry_fields, true);
	case EVENT_EXIT:
		return FIND(type, exit_fields, true);
	case EVENT_SWITCH:
		return FIND(type, switch_fields, false);
	case EVENT_WAKEUP:
		return FIND(type, wakeup_fields, false);
	case EVENT_WRITE_OFFSET:
		return FIND(type, offset_fields, true);
	case EVENT_EPOCH:
		return FIND(type, epoch_fields, false);
	default:
		return NULL;
	}
}

char *tep_types_learn(struct tep_types *types, struct tep_handle *tep)
{
	struct tep_event **events = tep_list_events(tep, TEP_EVENT_SORT_ID);
	char *error = NULL;
	size_t i;

	for (i = 0; events && events[i] && !error; i++) {
		size_t id = (size_t)events[i]->id;

		if (id > UINT16_MAX)
			continue;
		while (types->count <= id) {
			types->list = array_room(types->list, types->count, sizeof(*types->list));
			types->list[types->count++] = (struct tep_type){ 0 };
		}
		types->list[id].event = events[i];
		types->list[id].kind = event_kind_of(events[i]->name);
		error = learn_type(&types->list[id]);
	}
	return error;
}

const struct tep_type *tep_types_find(const struct tep_types *types, int id)
{
	static const struct tep_type unknown = { 0 };

	return id >= 0 && (size_t)id < types->count && types->list[id].event ? &types->list[id] :
									       &unknown;
}

static unsigned long long number(const struct tep_type *type, unsigned int field,
				 const struct tep_record *record)
{
	unsigned long long value = 0;

	record_number(type->fields[field], record, &value);
	return value;
}

static void take_guest_counter(const struct tep_type *type, const struct tep_record *record,
			       struct clocktrace_guest_event *tsc)
{
	*tsc = (struct clocktrace_guest_event){
		.vm_id = number(type, F_VM_ID, record),
		.vm_pid = (int32_t)number(type, F_VM_PID, record),
		.vcpu_id = (uint32_t)number(type, F_VCPU_ID, record),
		.tsc = {
			.offset = (int64_t)number(type, F_OFFSET, record),
			.ratio = number(type, F_RATIO, record),
			.frac_bits = (uint32_t)number(type, F_FRAC_BITS, record),
		},
		.flags = (uint32_t)number(type, F_FLAGS, record),
		.reason = (enum clocktrace_reason)number(type, F_REASON, record),
	};
}

static void take_comm(const struct tep_type *type, const struct tep_record *record, char *comm)
{
	const struct tep_format_field *field = type->fields[F_NEXT_COMM];

	if (field && field->size >= COMM_SIZE && field->offset >= 0 &&
	    field->offset + field->size <= record->size)
		memcpy(comm, (const char *)record->data + field->offset, COMM_SIZE);
}

void tep_type_take(const struct tep_type *type, const struct tep_record *record,
		   struct event *event)
{
	switch (type->kind) {
	case EVENT_ENTRY:
		event->vcpu_id = (uint32_t)number(type, 0, record);
		break;
	case EVENT_EXIT:
		event->vcpu_id = (uint32_t)number(type, 2, record);
		event->exit_reason = (uint32_t)number(type, F_EXIT_REASON, record);
		event->svm = number(type, F_ISA, record) == 2;
		break;
	case EVENT_GUEST_COUNTER:
		take_guest_counter(type, record, &event->tsc);
		break;
	case EVENT_SWITCH:
		event->next = (int)number(type, F_NEXT_PID, record);
		event->runnable = !number(type, F_PREV_STATE, record);
		take_comm(type, record, event->comm);
		break;
	case EVENT_WAKEUP:
		event->next = (int)number(type, F_PID, record);
		break;
	case EVENT_WRITE_OFFSET:
		event->vcpu_id = (uint32_t)number(type, F_OF_VCPU, record);
		event->tsc.tsc.offset = (int64_t)number(type, F_NEXT_OFFSET, record);
		break;
	case EVENT_EPOCH:
		event->epoch = (uint32_t)number(type, F_EPOCH, record);
		event->frequency = number(type, F_FREQUENCY, record);
		event->state = type->fields[F_STATE] ?
				       (enum clock_state)number(type, F_STATE, record) :
				       CLOCK_STATE_COUNTER;
		break;
	default:
		break;
	}
}

void tep_types_free(struct tep_types *types)
{
	free(types->list);
}
