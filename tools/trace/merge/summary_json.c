// SPDX-License-Identifier: GPL-2.0
/*
 * What came out, for programs.
 */
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

#include "common/plain.h"
#include "merge/summary.h"

static const char *const verdicts[] = {
	[VERDICT_PROVED] = "proved", [VERDICT_CONTRADICTED] = "contradicted",
	[VERDICT_AMBIGUOUS] = "ambiguous", [VERDICT_NONE] = "none", [VERDICT_EMPTY] = "empty",
};

static const char *const states[VCPU_STATES] = {
	[VCPU_GUEST] = "in_guest", [VCPU_KVM] = "kvm", [VCPU_STOLEN] = "stolen",
	[VCPU_BLOCKED] = "blocked", [VCPU_UNSEEN] = "unknown",
};

static void add(struct json_object *object, const char *name, uint64_t value)
{
	json_object_object_add(object, name, json_object_new_uint64(value));
}

static void add_text(struct json_object *object, const char *name, const char *text)
{
	json_object_object_add(object, name, json_object_new_string(text));
}

/* What a trace has chosen, not the user */
static void add_name(struct json_object *object, const char *text)
{
	char *plain = text_plain(text);

	add_text(object, "name", plain);
	free(plain);
}

static struct json_object *units_of(const struct match *match, size_t section,
				    const struct host *host)
{
	struct json_object *array = json_object_new_array();
	size_t i, j;

	for (i = 0; i < match->nr_units; i++) {
		const struct unit *unit = &match->units[i];
		struct json_object *object, *vcpus;

		if (unit->section != section)
			continue;
		object = json_object_new_object();
		vcpus = json_object_new_array();
		add(object, "cpu", unit->cpu);
		add(object, "events", unit->events);
		for (j = 0; j < unit->nr_vcpus; j++)
			json_object_array_add(vcpus, json_object_new_uint64(
							     host->vcpus[unit->vcpus[j]].vcpu_id));
		json_object_object_add(object, "vcpus", vcpus);
		json_object_object_add(object, "choice", json_object_new_boolean(unit->is_choice));
		json_object_array_add(array, object);
	}
	return array;
}

static struct json_object *sections_of(const struct match *match, const struct host *host)
{
	struct json_object *array = json_object_new_array();
	size_t i, j;

	for (i = 0; i < match->nr_sections; i++) {
		const struct section *section = &match->sections[i];
		struct json_object *object = json_object_new_object();
		struct json_object *vms = json_object_new_array();

		add_text(object, "verdict", verdicts[section->verdict]);
		for (j = 0; j < section->nr_vms; j++)
			json_object_array_add(vms, json_object_new_uint64(section->vms[j]));
		json_object_object_add(object, "vms", vms);
		if (section->verdict == VERDICT_AMBIGUOUS)
			add(object, "rival", section->rival);
		json_object_object_add(object, "by_chance",
				       json_object_new_boolean(section->by_chance));
		add(object, "events", section->events);
		json_object_object_add(object, "cpus", units_of(match, i, host));
		json_object_array_add(array, object);
	}
	return array;
}

static struct json_object *party_of(const struct timeline *timeline, const struct party *party)
{
	struct json_object *object = json_object_new_object();

	add_name(object, party->name);
	add_text(object, "path", party->path);
	json_object_object_add(object, "host", json_object_new_boolean(party->is_host));
	add(object, "placed", party->counts.placed);
	add(object, "assumed", party->counts.assumed);
	add(object, "bounded", party->counts.bounded);
	add(object, "uncertainty", party->uncertainty);
	add(object, "before", party->counts.before);
	add(object, "after", party->counts.after);
	add(object, "unproved", party->counts.unproved);
	add(object, "lost", party->counts.lost);
	add(object, "outside", party->counts.outside);
	add(object, "unmatched", party->counts.unmatched);
	add(object, "other_epoch", party->counts.epoch);
	add(object, "unbounded", party->counts.unbounded);
	add(object, "damaged", party->damaged);
	json_object_object_add(object, "lacks_counter",
			       json_object_new_boolean(!party->is_host &&
						       timeline_lacks_counter(timeline, party)));
	if (party->match)
		json_object_object_add(object, "sections",
				       sections_of(party->match, timeline->host));
	return object;
}

static struct json_object *ticks_of(const uint64_t *ticks)
{
	struct json_object *object = json_object_new_object();
	size_t i;

	for (i = 0; i < VCPU_STATES; i++)
		add(object, states[i], ticks[i]);
	return object;
}

static struct json_object *vcpu_of(const struct vcpu *vcpu, const struct vcpu_account *account)
{
	struct json_object *object = json_object_new_object();
	struct json_object *exits = json_object_new_array();
	size_t i;

	add(object, "vm", vcpu->vm_id);
	json_object_object_add(object, "pid", json_object_new_int(vcpu->vm_pid));
	add(object, "vcpu", vcpu->vcpu_id);
	add(object, "stays", stay_list_count(vcpu->stays));
	add(object, "contradictions", vcpu->contradictions);
	json_object_object_add(object, "protected", json_object_new_boolean(vcpu->is_protected));
	json_object_object_add(object, "ticks", ticks_of(account->ticks));
	for (i = 0; i < account->nr_exits; i++) {
		struct json_object *one = json_object_new_object();

		add_text(one, "reason", exit_reason_text(account->exits[i].reason,
							 account->exits[i].svm));
		add(one, "count", account->exits[i].count);
		add(one, "ticks", account->exits[i].ticks);
		json_object_array_add(exits, one);
	}
	json_object_object_add(object, "exits", exits);
	return object;
}

static struct json_object *wakeups_of(const struct timeline *timeline,
				      const struct account *account)
{
	struct json_object *object = json_object_new_object();
	struct json_object *slowest = json_object_new_array();
	size_t i;

	add(object, "count", account->wakeups);
	json_object_object_add(object, "ticks", ticks_of(account->wakeup_ticks));
	for (i = 0; i < account->nr_slowest; i++) {
		const struct wakeup *wakeup = &account->slowest[i];
		struct json_object *one = json_object_new_object();
		char comm[COMM_SIZE + 1] = "";

		add_text(one, "machine", timeline->parties[wakeup->party].name);
		add(one, "cpu", wakeup->cpu);
		json_object_object_add(one, "thread", json_object_new_int(wakeup->thread));
		memcpy(comm, wakeup->comm, COMM_SIZE);
		add_name(one, comm);
		add(one, "time", wakeup->time);
		add(one, "total", wakeup->total);
		json_object_object_add(one, "ticks", ticks_of(wakeup->ticks));
		json_object_array_add(slowest, one);
	}
	json_object_object_add(object, "slowest", slowest);
	return object;
}

struct json_object *summary_object(const struct timeline *timeline,
				   const struct account *account)
{
	struct json_object *object = json_object_new_object();
	struct json_object *machines = json_object_new_array();
	struct json_object *vcpus = json_object_new_array();
	const struct host *host = timeline->host;
	size_t i;

	json_object_object_add(object, "passed",
			       json_object_new_boolean(summary_answer(timeline)));
	json_object_object_add(object, "frequency", timeline->is_frequency_known ?
			       json_object_new_uint64(timeline->frequency) : NULL);
	add(object, "first", host->first.host_time);
	add(object, "last", host->last.host_time);
	add(object, "uncertainty", timeline->uncertainty);
	add(object, "lost", host->lost);
	add(object, "ownerless", host->ownerless);
	json_object_object_add(object, "assumed_clock",
			       json_object_new_boolean(timeline->assumed_clock));
	for (i = 0; i < timeline->nr_parties; i++)
		json_object_array_add(machines, party_of(timeline, &timeline->parties[i]));
	json_object_object_add(object, "machines", machines);
	for (i = 0; i < host->nr_vcpus; i++)
		json_object_array_add(vcpus, vcpu_of(&host->vcpus[i], &account->vcpus[i]));
	json_object_object_add(object, "vcpus", vcpus);
	json_object_object_add(object, "wakeups", wakeups_of(timeline, account));
	return object;
}

void summary_json(FILE *file, const struct timeline *timeline, const struct account *account)
{
	struct json_object *object = summary_object(timeline, account);

	fputs(json_object_to_json_string_ext(object, JSON_C_TO_STRING_PLAIN), file);
	putc('\n', file);
	json_object_put(object);
}
