// SPDX-License-Identifier: GPL-2.0
/*
 * Which VM is a guest's trace of, and which vCPU is each of its CPUs?
 *
 * Each event is tried with each era of each vCPU. What the era does not cover, and what
 * falls where the host's trace lacks events, says nothing; an event that is covered and
 * in no stay of the vCPU speaks against it. A guest that has moved fits the one VM up to
 * some time, and the other one from then on.
 */
#include <stdlib.h>

#include "common/array.h"
#include "correlate/assign.h"
#include "correlate/evidence.h"
#include "correlate/match.h"

#define NOBODY SIZE_MAX

struct match *match_new(const struct host *host)
{
	struct match *match = zalloc(sizeof(*match));

	match->host = host;
	match->nr_hosts = 1;
	return match;
}

static struct unit *find_unit(struct match *match, unsigned int section, unsigned int cpu)
{
	const struct host *host = match->host;
	struct unit *unit;
	size_t i;

	for (i = 0; i < match->nr_units; i++)
		if (match->units[i].section == section && match->units[i].cpu == cpu)
			return &match->units[i];
	match->units = array_room(match->units, i, sizeof(*match->units));
	unit = &match->units[i];
	*unit = (struct unit){
		.section = section,
		.cpu = cpu,
		.fits = zalloc((host->nr_vcpus + 1) * sizeof(*unit->fits)),
		.era_fits = zalloc((host->nr_eras + 1) * sizeof(*unit->era_fits)),
		.cursors = zalloc((host->nr_eras + 1) * sizeof(*unit->cursors)),
	};
	for (i = 0; i < host->nr_eras; i++)
		unit->cursors[i].list = host->vcpus[host->eras[i].vcpu].stays;
	match->nr_units++;
	return unit;
}

enum trial { TRIAL_SILENT, TRIAL_INSIDE, TRIAL_OUTSIDE };

static enum trial try_era(const struct host *host, struct unit *unit, size_t number,
			  uint64_t guest, uint64_t resolution)
{
	struct clocktrace_ticks ticks;

	switch (era_find_stay(host, &host->eras[number], &unit->cursors[number], guest, resolution,
			      &ticks)) {
	case STAY_FOUND:
		return TRIAL_INSIDE;
	case STAY_NONE:
		return host_in_gap(host, ticks.first) ? TRIAL_SILENT : TRIAL_OUTSIDE;
	default:
		return TRIAL_SILENT;
	}
}

/* Try the eras from @begin to @end, which are all of one vCPU. */
static enum trial try_vcpu(const struct host *host, struct unit *unit, size_t begin, size_t end,
			   uint64_t guest, uint64_t resolution)
{
	struct fit *of_vcpu = &unit->fits[host->eras[begin].vcpu];
	enum trial trial = TRIAL_SILENT, one;
	uint64_t inside = 0, stay = 0;
	size_t i;

	for (i = begin; i < end; i++) {
		struct era_fit *fit = &unit->era_fits[i];

		one = try_era(host, unit, i, guest, resolution);
		fit->hit = one == TRIAL_INSIDE;
		if (fit->hit) {
			if (!fit->inside++)
				fit->first = guest;
			inside++;
			stay = unit->cursors[i].found.entry_order;
		}
		if (one > trial || one == TRIAL_INSIDE)
			trial = one;
	}
	for (i = begin; inside && i < end; i++)
		if (!unit->era_fits[i].hit) {
			unit->era_fits[i].last_out = guest;
			unit->era_fits[i].out = true;
		}
	if (inside && (!of_vcpu->stays || of_vcpu->last_stay != stay)) {
		of_vcpu->stays++;
		of_vcpu->last_stay = stay;
	}
	return inside ? TRIAL_INSIDE : trial;
}

static void count(struct fit *fit, enum trial trial, uint64_t guest)
{
	if (trial == TRIAL_INSIDE) {
		if (!fit->inside++)
			fit->first = guest;
		fit->last = guest;
		fit->within += fit->after;
		fit->after = 0;
	} else if (trial == TRIAL_OUTSIDE) {
		if (fit->inside)
			fit->after++;
		else
			fit->before++;
	}
}

void match_add(struct match *match, unsigned int section, const struct event *event,
	       uint64_t resolution)
{
	const struct host *host = match->host;
	struct unit *unit;
	size_t i, end;

	if (match->last_unit < match->nr_units &&
	    match->units[match->last_unit].section == section &&
	    match->units[match->last_unit].cpu == event->cpu)
		unit = &match->units[match->last_unit];
	else
		unit = find_unit(match, section, event->cpu);
	match->last_unit = (size_t)(unit - match->units);
	unit->events++;
	/* The eras are sorted by vCPU. */
	for (i = 0; i < host->nr_eras; i = end) {
		for (end = i + 1; end < host->nr_eras; end++)
			if (host->eras[end].vcpu != host->eras[i].vcpu)
				break;
		count(&unit->fits[host->eras[i].vcpu],
		      try_vcpu(host, unit, i, end, event->time, resolution), event->time);
	}
}

static bool fits(const struct fit *fit)
{
	return fit->inside && !fit->within;
}

/* The VMs of a host, each named by the first of its vCPUs */
static bool is_first_of_vm(const struct host *host, size_t vcpu)
{
	size_t i;

	for (i = 0; i < vcpu; i++)
		if (host->vcpus[i].vm_id == host->vcpus[vcpu].vm_id)
			return false;
	return true;
}

/* What the units of a section come to with the vCPUs of one VM */
struct trial_of_vm {
	uint64_t vm_id;
	/* For each unit of the match, NOBODY if no vCPU is it */
	size_t *vcpu_of;
	/* The same, for which another vCPU is as good */
	bool *is_choice;
	uint64_t inside;
	uint64_t outside;
	/* How unlikely it is that it fits by chance */
	uint64_t evidence;
	/* A unit that fits two vCPUs as well, where that gives other times, or NOBODY */
	size_t torn;
	size_t torn_vcpus[2];
	uint64_t first;
	uint64_t last;
};

/* Grades of a CPU and a vCPU: nothing speaks against it; and no vCPU holds more of its events */
enum { GRADE_FITS = 1, GRADE_BEST };

/* The units of a section and the vCPUs of a VM, as an assignment numbers them */
struct members {
	size_t *units;
	size_t nr_units;
	size_t *vcpus;
	size_t nr_vcpus;
};

static void find_members(const struct match *match, unsigned int section, uint64_t vm_id,
			 struct members *members)
{
	size_t i;

	*members = (struct members){
		.units = zalloc((match->nr_units + 1) * sizeof(size_t)),
		.vcpus = zalloc((match->host->nr_vcpus + 1) * sizeof(size_t)),
	};
	for (i = 0; i < match->nr_units; i++)
		if (match->units[i].section == section)
			members->units[members->nr_units++] = i;
	for (i = 0; i < match->host->nr_vcpus; i++)
		if (match->host->vcpus[i].vm_id == vm_id)
			members->vcpus[members->nr_vcpus++] = i;
}

static uint64_t not_inside(const struct fit *fit)
{
	return fit->before + fit->within + fit->after;
}

static void grade_unit(const struct match *match, const struct members *members, size_t number,
		       struct assignment *assignment)
{
	const struct unit *unit = &match->units[members->units[number]];
	uint64_t most = 0;
	size_t i;

	for (i = 0; i < members->nr_vcpus; i++) {
		const struct fit *fit = &unit->fits[members->vcpus[i]];

		if (fits(fit) && fit->inside > most)
			most = fit->inside;
	}
	for (i = 0; i < members->nr_vcpus; i++) {
		const struct fit *fit = &unit->fits[members->vcpus[i]];
		const struct vcpu *vcpu = &match->host->vcpus[members->vcpus[i]];

		if (!fits(fit))
			continue;
		assignment->grades[number * members->nr_vcpus + i] =
			fit->inside == most ? GRADE_BEST : GRADE_FITS;
		if (vcpu->vcpu_id == unit->cpu && fit->inside == most)
			assignment->wishes[number] = i;
	}
}

/* What fits no vCPU without doubt gets the one that holds most of it. */
static size_t least_bad(const struct match *match, const struct members *members, size_t number,
			const struct assignment *assignment)
{
	const struct unit *unit = &match->units[members->units[number]];
	size_t i, j, best = ASSIGN_NONE;

	for (i = 0; i < members->nr_vcpus; i++) {
		const struct fit *fit = &unit->fits[members->vcpus[i]];

		for (j = 0; j < members->nr_units && assignment->vcpu_of[j] != i; j++)
			;
		if (j < members->nr_units || !fit->inside)
			continue;
		if (best == ASSIGN_NONE || fit->inside > unit->fits[members->vcpus[best]].inside)
			best = i;
	}
	return best;
}

/* The only era that is needed if it holds all that any of its vCPU does */
static bool holds_all(const struct host *host, const struct unit *unit, size_t era)
{
	return unit->era_fits[era].inside == unit->fits[host->eras[era].vcpu].inside;
}

/* Do all eras that hold events of the unit in one of two vCPUs have one formula? */
static bool is_same_time(const struct host *host, const struct unit *unit, size_t vcpu,
			 size_t other)
{
	const struct clocktrace_guest_counter *tsc = NULL;
	bool found[2] = { false, false };
	size_t i;

	/* Of several eras that hold all, the last one is used. */
	for (i = host->nr_eras; i-- > 0;) {
		const struct era *era = &host->eras[i];

		if ((era->vcpu != vcpu && era->vcpu != other) || !unit->era_fits[i].inside ||
		    found[era->vcpu == other])
			continue;
		if (tsc && !same_tsc(tsc, &era->tsc))
			return false;
		tsc = &era->tsc;
		found[era->vcpu == other] = holds_all(host, unit, i);
	}
	return true;
}

/* Could the unit be another vCPU as well, by all that is known? */
static void find_rivals(const struct match *match, const struct members *members, size_t number,
			struct assignment *assignment, struct trial_of_vm *trial)
{
	const struct host *host = match->host;
	size_t unit_number = members->units[number], own = assignment->vcpu_of[number], i;
	const struct unit *unit = &match->units[unit_number];

	for (i = 0; i < members->nr_vcpus; i++) {
		if (i == own || !assign_can_be(assignment, number, i, 1))
			continue;
		if (is_same_time(host, unit, members->vcpus[own], members->vcpus[i])) {
			trial->is_choice[unit_number] = true;
		} else if (trial->torn == NOBODY) {
			trial->torn = unit_number;
			trial->torn_vcpus[0] = members->vcpus[own];
			trial->torn_vcpus[1] = members->vcpus[i];
		}
	}
}

/* Only what is about as good as what was taken is a rival to it. */
static void grade_rivals(const struct match *match, const struct members *members, size_t number,
			 struct assignment *assignment)
{
	const struct unit *unit = &match->units[members->units[number]];
	const struct fit *own;
	size_t i;

	if (assignment->vcpu_of[number] == ASSIGN_NONE)
		return;
	own = &unit->fits[members->vcpus[assignment->vcpu_of[number]]];
	for (i = 0; i < members->nr_vcpus; i++) {
		const struct fit *fit = &unit->fits[members->vcpus[i]];

		assignment->grades[number * members->nr_vcpus + i] =
			fits(fit) && not_inside(fit) <= not_inside(own) &&
			fit->inside >= own->inside / 2;
	}
}

static void assign_vcpus(const struct match *match, unsigned int section,
			 struct trial_of_vm *trial)
{
	struct assignment assignment;
	struct members members;
	size_t i;

	find_members(match, section, trial->vm_id, &members);
	assign_begin(&assignment, members.nr_units, members.nr_vcpus);
	for (i = 0; i < members.nr_units; i++)
		grade_unit(match, &members, i, &assignment);
	assign(&assignment, GRADE_BEST);
	assign(&assignment, GRADE_FITS);
	for (i = 0; i < members.nr_units; i++)
		grade_rivals(match, &members, i, &assignment);
	for (i = 0; i < members.nr_units; i++)
		if (assignment.vcpu_of[i] != ASSIGN_NONE)
			find_rivals(match, &members, i, &assignment, trial);
	for (i = 0; i < members.nr_units; i++) {
		if (assignment.vcpu_of[i] == ASSIGN_NONE)
			assignment.vcpu_of[i] = least_bad(match, &members, i, &assignment);
		if (assignment.vcpu_of[i] != ASSIGN_NONE)
			trial->vcpu_of[members.units[i]] = members.vcpus[assignment.vcpu_of[i]];
	}
	assign_end(&assignment);
	free(members.units);
	free(members.vcpus);
}

static void sum_up(const struct match *match, struct trial_of_vm *trial)
{
	size_t i;

	trial->first = UINT64_MAX;
	for (i = 0; i < match->nr_units; i++) {
		const struct fit *fit;

		if (trial->vcpu_of[i] == NOBODY)
			continue;
		fit = &match->units[i].fits[trial->vcpu_of[i]];
		trial->inside += fit->inside;
		trial->outside += fit->within;
		trial->evidence += fit->stays *
				   bits_of_stay(&match->host->vcpus[trial->vcpu_of[i]], 0);
		if (fit->first < trial->first)
			trial->first = fit->first;
		if (fit->last > trial->last)
			trial->last = fit->last;
	}
}

static void try_vm(const struct match *match, unsigned int section, uint64_t vm_id,
		   struct trial_of_vm *trial)
{
	size_t i;

	*trial = (struct trial_of_vm){
		.vm_id = vm_id,
		.vcpu_of = zalloc((match->nr_units + 1) * sizeof(size_t)),
		.is_choice = zalloc((match->nr_units + 1) * sizeof(bool)),
		.torn = NOBODY,
	};
	for (i = 0; i < match->nr_units; i++)
		trial->vcpu_of[i] = NOBODY;
	assign_vcpus(match, section, trial);
	sum_up(match, trial);
}

static bool apart(const struct trial_of_vm *a, const struct trial_of_vm *b)
{
	return a->last < b->first || b->last < a->first;
}

static void add_vcpus(struct match *match, const struct trial_of_vm *trial,
		      struct section *section)
{
	size_t i;

	section->vms = array_room(section->vms, section->nr_vms, sizeof(*section->vms));
	section->vms[section->nr_vms++] = trial->vm_id;
	section->inside += trial->inside;
	for (i = 0; i < match->nr_units; i++) {
		struct unit *unit = &match->units[i];

		if (trial->vcpu_of[i] == NOBODY)
			continue;
		unit->vcpus = array_room(unit->vcpus, unit->nr_vcpus, sizeof(*unit->vcpus));
		unit->vcpus[unit->nr_vcpus++] = trial->vcpu_of[i];
		unit->is_choice |= trial->is_choice[i];
	}
}

static bool may_be_chance(const struct match *match, const struct trial_of_vm *trial,
			  size_t nr_trials)
{
	uint64_t choices = (uint64_t)nr_trials * match->host->nr_vcpus * match->nr_hosts;

	return trial->evidence < (PROOF_BITS + bits_of_number(choices)) * BIT;
}

/* The VM is known, but not which of two vCPUs a CPU is, and that makes a difference. */
static void refuse_torn(const struct match *match, const struct trial_of_vm *trial,
			struct section *section)
{
	size_t i;

	section->verdict = VERDICT_AMBIGUOUS;
	section->rival = trial->vm_id;
	section->rival_cpu = match->units[trial->torn].cpu;
	for (i = 0; i < 2; i++)
		section->rival_vcpus[i] = match->host->vcpus[trial->torn_vcpus[i]].vcpu_id;
	section->vms = array_room(NULL, 0, sizeof(*section->vms));
	section->vms[section->nr_vms++] = trial->vm_id;
}

/* The one that holds most events, of those that nothing speaks against if there are any */
static size_t find_best(const struct trial_of_vm *trials, size_t nr_trials)
{
	size_t i, best = NOBODY;

	for (i = 0; i < nr_trials; i++) {
		const struct trial_of_vm *one = &trials[i];
		const struct trial_of_vm *other = best == NOBODY ? NULL : &trials[best];

		if (!one->inside)
			continue;
		if (!other || !one->outside > !other->outside ||
		    (!one->outside == !other->outside && one->inside > other->inside))
			best = i;
	}
	return best;
}

/* Is it the VM that fits best, or one that the guest was in at another time? */
static bool goes_on(const struct trial_of_vm *trial, const struct trial_of_vm *winner)
{
	return trial == winner || (trial->inside && !trial->outside && !winner->outside &&
				   apart(trial, winner));
}

/*
 * A VM that fits for another time than the best one is where the guest was before, or
 * went to. A VM that fits as many events of the same time cannot be told from it.
 */
static void judge(struct match *match, struct trial_of_vm *trials, size_t nr_trials,
		  bool is_named, struct section *section)
{
	size_t best = find_best(trials, nr_trials), i;
	const struct trial_of_vm *winner;

	section->verdict = VERDICT_NONE;
	if (best == NOBODY || trials[best].outside > trials[best].inside)
		return;
	winner = &trials[best];
	section->verdict = winner->outside ? VERDICT_CONTRADICTED : VERDICT_PROVED;
	for (i = 0; i < nr_trials; i++) {
		if (i == best || trials[i].outside || apart(&trials[i], winner) ||
		    trials[i].inside < winner->inside)
			continue;
		section->verdict = VERDICT_AMBIGUOUS;
		section->rival = trials[i].vm_id;
		section->vms = array_room(NULL, 0, sizeof(*section->vms));
		section->vms[section->nr_vms++] = winner->vm_id;
		return;
	}
	for (i = 0; i < nr_trials; i++)
		if (goes_on(&trials[i], winner) && trials[i].torn != NOBODY) {
			refuse_torn(match, &trials[i], section);
			return;
		}
	for (i = 0; i < nr_trials; i++) {
		if (!goes_on(&trials[i], winner))
			continue;
		add_vcpus(match, &trials[i], section);
		section->by_chance |= !is_named && may_be_chance(match, &trials[i], nr_trials);
	}
}

static int compare_eras(const void *a, const void *b, void *data)
{
	const struct host *host = data;
	const struct era *one = &host->eras[*(const size_t *)a];
	const struct era *other = &host->eras[*(const size_t *)b];

	if (one->begin.host_time != other->begin.host_time)
		return one->begin.host_time > other->begin.host_time ? -1 : 1;
	return one->begin.order > other->begin.order ? -1 : one->begin.order < other->begin.order;
}

/* Where the guest went back in time, the same guest time may fit two eras. */
static void collect_eras_of(const struct host *host, struct unit *unit, size_t vcpu)
{
	size_t i, only = NOBODY;

	for (i = 0; i < host->nr_eras; i++)
		if (host->eras[i].vcpu == vcpu && holds_all(host, unit, i))
			only = i;
	for (i = 0; i < host->nr_eras; i++) {
		if (host->eras[i].vcpu != vcpu || !unit->era_fits[i].inside ||
		    (only != NOBODY && i != only))
			continue;
		unit->eras = array_room(unit->eras, unit->nr_eras, sizeof(*unit->eras));
		unit->eras[unit->nr_eras++] = i;
	}
}

/* An era begins after the last event that another one holds and it does not. */
static void find_beginnings(struct unit *unit)
{
	uint64_t later = UINT64_MAX;
	size_t i;

	unit->from = zalloc((unit->nr_eras + 1) * sizeof(*unit->from));
	for (i = 0; i < unit->nr_eras; i++) {
		const struct era_fit *fit = &unit->era_fits[unit->eras[i]];

		unit->from[i] = fit->first;
		if (unit->nr_eras > 1 && fit->out && fit->last_out >= fit->first &&
		    fit->last_out < later)
			unit->from[i] = fit->last_out + 1;
		later = unit->from[i];
	}
}

static void collect_eras(const struct host *host, struct unit *unit)
{
	size_t i;

	for (i = 0; i < unit->nr_vcpus; i++)
		collect_eras_of(host, unit, unit->vcpus[i]);
	if (unit->nr_eras)
		qsort_r(unit->eras, unit->nr_eras, sizeof(*unit->eras), compare_eras,
			(void *)host);
	find_beginnings(unit);
}

static void decide(struct match *match, unsigned int number, uint64_t vm_id)
{
	const struct host *host = match->host;
	struct section *section = &match->sections[number];
	struct trial_of_vm *trials = zalloc((host->nr_vcpus + 1) * sizeof(*trials));
	size_t i, nr_trials = 0;

	for (i = 0; i < match->nr_units; i++)
		if (match->units[i].section == number)
			section->events += match->units[i].events;
	for (i = 0; i < host->nr_vcpus; i++)
		if (is_first_of_vm(host, i) && (!vm_id || host->vcpus[i].vm_id == vm_id))
			try_vm(match, number, host->vcpus[i].vm_id, &trials[nr_trials++]);
	if (section->events)
		judge(match, trials, nr_trials, vm_id, section);
	else
		section->verdict = VERDICT_EMPTY;
	for (i = 0; i < nr_trials; i++) {
		free(trials[i].vcpu_of);
		free(trials[i].is_choice);
	}
	free(trials);
}

void match_finish(struct match *match, uint64_t vm_id)
{
	size_t i;

	for (i = 0; i < match->nr_units; i++)
		if (match->units[i].section >= match->nr_sections)
			match->nr_sections = match->units[i].section + 1;
	match->sections = zalloc((match->nr_sections + 1) * sizeof(*match->sections));
	for (i = 0; i < match->nr_sections; i++)
		decide(match, (unsigned int)i, vm_id);
	for (i = 0; i < match->nr_units; i++) {
		collect_eras(match->host, &match->units[i]);
		/* The second pass has cursors of its own. */
		free(match->units[i].cursors);
		match->units[i].cursors = NULL;
	}
}

const struct unit *match_unit(const struct match *match, unsigned int section, unsigned int cpu)
{
	size_t i;

	for (i = 0; i < match->nr_units; i++)
		if (match->units[i].section == section && match->units[i].cpu == cpu)
			return &match->units[i];
	return NULL;
}

void match_free(struct match *match)
{
	size_t i;

	if (!match)
		return;
	for (i = 0; i < match->nr_units; i++) {
		free(match->units[i].fits);
		free(match->units[i].era_fits);
		free(match->units[i].cursors);
		free(match->units[i].vcpus);
		free(match->units[i].eras);
		free(match->units[i].from);
	}
	for (i = 0; i < match->nr_sections; i++)
		free(match->sections[i].vms);
	free(match->units);
	free(match->sections);
	free(match);
}
