// SPDX-License-Identifier: GPL-2.0
/*
 * Say what came out, as a table or as JSON.
 */
#include <inttypes.h>
#include <stdio.h>

#include <json-c/json.h>

#include "common/message.h"
#include "verify/report.h"

static const char *const reasons[REASONS] = {
	[CLOCKTRACE_CREATED] = "created",
	[CLOCKTRACE_OFFSET] = "offset",
	[CLOCKTRACE_RATIO] = "ratio",
	[CLOCKTRACE_REFRESH] = "refresh",
	[CLOCKTRACE_DESTROYED] = "destroyed",
};

static uint64_t smaller_margin(const struct vcpu_result *result)
{
	return result->margin_entry < result->margin_exit ? result->margin_entry :
							    result->margin_exit;
}

static double share_in_guest(const struct vcpu_result *result)
{
	return result->span ? (double)result->in_guest / (double)result->span : 0;
}

static void print_margin(const struct vcpu_result *result)
{
	if (result->inside)
		printf(" %9" PRIu64, smaller_margin(result));
	else
		printf(" %9s", "-");
}

static void print_counts(const struct vcpu_result *result)
{
	printf("%8zu %8zu %8zu %8zu %8zu", result->samples, result->inside,
	       result->outside, result->before, result->after);
	print_margin(result);
	printf(" %8zu %8zu %5.1f%%\n", result->stays, result->stays_used,
	       100 * share_in_guest(result));
}

static const char *const identities[] = {
	[IDENTITY_TOLD] = "told", [IDENTITY_NAMED] = "named", [IDENTITY_FOUND] = "found",
	[IDENTITY_AMBIGUOUS] = "ambiguous", [IDENTITY_CHANCE] = "chance",
	[IDENTITY_NONE] = "none",
};

static void print_identity(const struct vcpu_result *vcpu)
{
	printf("CPU %" PRIu32 " of the guest of process %" PRId32, vcpu->cpu, vcpu->pid);
	if (vcpu->identity == IDENTITY_AMBIGUOUS)
		printf(" is ambiguous: vCPU %" PRIu32 " fits as well as vCPU %" PRIu32
		       "; name the right one with --vcpu %" PRId32 ":%" PRIu32 "=VCPU\n",
		       vcpu->rival, vcpu->vcpu_id, vcpu->pid, vcpu->cpu);
	else if (vcpu->identity == IDENTITY_CHANCE)
		printf(" fits vCPU %" PRIu32 ", which may be by chance: its samples are few, or that vCPU was in the guest nearly all the time; name the right one with --vcpu %" PRId32 ":%" PRIu32 "=VCPU\n",
		       vcpu->vcpu_id, vcpu->pid, vcpu->cpu);
	else if (vcpu->identity == IDENTITY_NONE)
		printf(" fits no vCPU that is left for it; it is judged against vCPU %" PRIu32 "\n",
		       vcpu->vcpu_id);
	else
		printf(" is vCPU %" PRIu32 "\n", vcpu->vcpu_id);
}

void report_text(const struct host_trace *trace, const struct check_result *result)
{
	size_t i;

	printf("%7s %4s  %8s %8s %8s %8s %8s %9s %8s %8s %6s\n", "pid", "vcpu", "samples",
	       "inside", "outside", "before", "after", "margin", "stays", "used",
	       "guest");
	for (i = 0; i < result->nr_vcpus; i++) {
		printf("%7" PRId32 " %4" PRIu32 " ", result->vcpus[i].pid,
		       result->vcpus[i].vcpu_id);
		print_counts(&result->vcpus[i]);
	}
	for (i = 0; i < result->nr_vcpus; i++)
		if (result->vcpus[i].identity != IDENTITY_TOLD)
			print_identity(&result->vcpus[i]);
	printf("%12s ", "all");
	print_counts(&result->total);
	if (result->total.inside)
		printf("stays with samples take %" PRIu64 " to %" PRIu64
		       " ticks, the median is %" PRIu64 "\n",
		       result->used_shortest, result->used_longest,
		       result->used_median);
	if (result->total.carried)
		printf("%zu samples came with a guest's state from where it was saved\n",
		       result->total.carried);
	if (trace->nr_gaps)
		printf("the trace has lost events in %zu places\n", trace->nr_gaps);
	if (result->silent)
		printf("%zu guests have no samples\n", result->silent);
	if (result->total.contradictions)
		printf("%zu changes of a guest's TSC have no event\n",
		       result->total.contradictions);
	printf("%zu of %zu samples lie where their vCPU was in the guest, %zu fell outside\n",
	       result->total.inside, result->total.samples, result->total.outside);
}

static struct json_object *number(uint64_t value)
{
	return json_object_new_uint64(value);
}

static void add_counts(struct json_object *object, const struct vcpu_result *result)
{
	struct json_object *events = json_object_new_object();
	size_t reason;

	json_object_object_add(object, "samples", number(result->samples));
	json_object_object_add(object, "inside", number(result->inside));
	json_object_object_add(object, "outside", number(result->outside));
	json_object_object_add(object, "before", number(result->before));
	json_object_object_add(object, "after", number(result->after));
	json_object_object_add(object, "carried", number(result->carried));
	json_object_object_add(object, "stays", number(result->stays));
	json_object_object_add(object, "stays_used", number(result->stays_used));
	json_object_object_add(object, "share_in_guest",
			       json_object_new_double(share_in_guest(result)));
	json_object_object_add(object, "margin_entry",
			       result->inside ? number(result->margin_entry) : NULL);
	json_object_object_add(object, "margin_exit",
			       result->inside ? number(result->margin_exit) : NULL);
	for (reason = 0; reason < REASONS; reason++)
		json_object_object_add(events, reasons[reason],
				       number(result->events[reason]));
	json_object_object_add(object, "events", events);
	json_object_object_add(object, "contradictions", number(result->contradictions));
}

static struct json_object *describe_vcpus(const struct check_result *result)
{
	struct json_object *array = json_object_new_array();
	size_t i;

	for (i = 0; i < result->nr_vcpus; i++) {
		const struct vcpu_result *vcpu = &result->vcpus[i];
		struct json_object *object = json_object_new_object();

		json_object_object_add(object, "pid", json_object_new_int(vcpu->pid));
		json_object_object_add(object, "vm_id", number(vcpu->vm_id));
		json_object_object_add(object, "vcpu", number(vcpu->vcpu_id));
		json_object_object_add(object, "identity",
				       json_object_new_string(identities[vcpu->identity]));
		if (vcpu->identity != IDENTITY_TOLD)
			json_object_object_add(object, "cpu", number(vcpu->cpu));
		if (vcpu->identity == IDENTITY_AMBIGUOUS)
			json_object_object_add(object, "rival", number(vcpu->rival));
		add_counts(object, vcpu);
		json_object_array_add(array, object);
	}
	return array;
}

/* The VMs that gave samples */
static size_t count_vms(const struct guest_samples *guest)
{
	size_t vms = 0, i;

	for (i = 0; i < guest->count; i++)
		vms += !i || guest->names[i].pid != guest->names[i - 1].pid ||
		       guest->names[i].vm_id != guest->names[i - 1].vm_id;
	return vms;
}

static struct json_object *describe_guests(const struct guest_samples *guests,
					   size_t nr_guests)
{
	struct json_object *array = json_object_new_array();
	size_t i;

	for (i = 0; i < nr_guests; i++) {
		struct json_object *object = json_object_new_object();

		json_object_object_add(object, "pid", json_object_new_int(guests[i].pid));
		json_object_object_add(object, "samples", number(guests[i].count));
		json_object_object_add(object, "boots", number(guests[i].boots));
		json_object_object_add(object, "vms", number(count_vms(&guests[i])));
		json_object_object_add(object, "rewinds",
				       number(guests[i].rewinds));
		json_object_array_add(array, object);
	}
	return array;
}

void report_json(const struct host_trace *trace, const struct guest_samples *guests,
		 size_t nr_guests, const struct check_result *result)
{
	struct json_object *object = json_object_new_object();
	struct json_object *used = json_object_new_object();

	json_object_object_add(object, "passed",
			       json_object_new_boolean(check_passed(result)));
	add_counts(object, &result->total);
	json_object_object_add(used, "shortest", number(result->used_shortest));
	json_object_object_add(used, "median", number(result->used_median));
	json_object_object_add(used, "longest", number(result->used_longest));
	json_object_object_add(object, "ticks_of_used_stays", used);
	json_object_object_add(object, "gaps", number(trace->nr_gaps));
	json_object_object_add(object, "silent_guests", number(result->silent));
	json_object_object_add(object, "guests", describe_guests(guests, nr_guests));
	json_object_object_add(object, "vcpus", describe_vcpus(result));
	puts(json_object_to_json_string_ext(object, JSON_C_TO_STRING_PLAIN));
	json_object_put(object);
}
