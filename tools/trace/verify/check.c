// SPDX-License-Identifier: GPL-2.0
/*
 * Place a guest's samples on the host's time line, and look whether their vCPU was in
 * the guest then.
 *
 * A vCPU's samples come in the order in which they were taken. So each one is placed
 * not before its predecessor: a guest time that the vCPU read twice, because a
 * snapshot was loaded or the machine was reset, can be told apart by that. And only a run of
 * samples at the beginning can be of before the trace, only one at the end of after it.
 *
 * The first samples may fit twice as well: before the trace, and by chance in a stay after
 * the reset. If all is not well with each of them placed where its vCPU was in the guest,
 * which may be too late for those that follow, they are taken for ones of before.
 *
 * There is one exception. Samples that were in the guest's memory when its state was
 * saved arrive again when the state is loaded, or arrive only where the guest has moved
 * to. They are the first ones after that, and were taken after the last one that had
 * arrived before the state was saved.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/array.h"
#include "verify/check.h"
#include "verify/fit.h"
#include "common/message.h"

/*
 * Where a CPU has a choice of vCPUs, a fit has to be less likely than this to come by chance to be
 * a proof.
 */
#define CHANCE_MAX 0.001
/* The same if it speaks against the vCPU of the CPU's number */
#define CHANCE_OF_EXCHANGE 1e-12

/* A vCPU of one VM */
struct place {
	const struct clocktrace_vcpu *vcpu;
	struct stay *stays;
	size_t nr_stays;
};

/* Which samples of a guest are of one vCPU, or of one CPU as the guest numbers it */
struct series {
	const struct guest_samples *guest;
	bool is_of_trace;
	uint32_t number;
};

/* Where the walk through the samples of a vCPU is */
struct walk {
	const struct host_trace *trace;
	const struct clocktrace_guests *history;
	const struct series *series;
	uint32_t vcpu_id;
	/* All that matters is whether one is outside. */
	bool is_trial;
	/* The VM of the current sample, and the earliest time for it */
	struct place here;
	uint64_t earliest;
	/* Where the guest's state is from, as long as a sample may have come with it */
	struct place origin;
	uint64_t earliest_at_origin;
	bool may_be_carried;
	/* What the first samples are that may be of before the trace, and of later as well */
	bool rather_before;
	/* Where each sample was placed, 0 if it was not */
	uint64_t *placed;
	struct vcpu_result *result;
};

static struct clocktrace_guests *make_history(const struct host_trace *trace,
					      uint64_t shift)
{
	const struct clocktrace_position beginning = { 0, 0 };
	const struct clocktrace_position end = { UINT64_MAX, UINT64_MAX };
	struct clocktrace_guest_event offender;
	struct clocktrace_guests *guests;
	enum clocktrace_status status;
	size_t i;

	status = clocktrace_guests_new(0, &guests);
	if (status == CLOCKTRACE_OK)
		status = clocktrace_guests_lost(guests, beginning, trace->whole_from);
	if (status == CLOCKTRACE_OK)
		status = clocktrace_guests_lost(guests, trace->last, end);
	for (i = 0; status == CLOCKTRACE_OK && i < trace->nr_gaps; i++)
		status = clocktrace_guests_lost(guests, trace->gaps[i].from,
						trace->gaps[i].to);
	for (i = 0; status == CLOCKTRACE_OK && i < trace->nr_tsc_events; i++) {
		struct clocktrace_guest_event event = trace->tsc_events[i].event;

		offender = event;
		event.tsc.offset = (int64_t)((uint64_t)event.tsc.offset + shift);
		status = clocktrace_guests_add(guests, &event);
	}
	if (status == CLOCKTRACE_OK)
		status = clocktrace_guests_commit(guests, &offender);
	if (status == CLOCKTRACE_CONFLICT || status == CLOCKTRACE_INVALID)
		die("kvm_guest_counter at %" PRIu64 ", event %" PRIu64 ": %s",
		    offender.position.host_time, offender.position.order,
		    clocktrace_status_text(status));
	if (status != CLOCKTRACE_OK)
		die("%s", clocktrace_status_text(status));
	return guests;
}

static bool is_in_series(const struct series *series, const struct guest_sample *sample)
{
	return sample->vcpu == series->number &&
	       !(sample->flags & SAMPLE_OF_TRACE) == !series->is_of_trace;
}

/* The last stay that begins at or before @host, or the first one */
static size_t find_stay(const struct place *place, uint64_t host)
{
	size_t low = 0, high = place->nr_stays, middle;

	while (low < high) {
		middle = low + (high - low) / 2;
		if (place->stays[middle].entry.host_time <= host)
			low = middle + 1;
		else
			high = middle;
	}
	return low ? low - 1 : 0;
}

static void count_margins(struct vcpu_result *result, const struct stay *stay,
			  const struct clocktrace_ticks *host)
{
	uint64_t entry = host->first - stay->entry.host_time;
	uint64_t exit = stay->exit.host_time - host->last;

	if (entry < result->margin_entry)
		result->margin_entry = entry;
	if (exit < result->margin_exit)
		result->margin_exit = exit;
}

/*
 * Is @guest read in @stay, not before @earliest, with the values that are in force from
 * the stay's entry on? Then @earliest is moved there.
 */
static bool is_in(struct walk *walk, const struct place *place, struct stay *stay,
		  uint64_t guest, uint64_t *earliest)
{
	const struct clocktrace_window window = { stay->entry, stay->exit };
	struct vcpu_result *result = walk->result;
	struct clocktrace_match match;

	if (clocktrace_vcpu_to_host(place->vcpu, guest, window, &match) ||
	    match.host.last < *earliest ||
	    match.host.first < walk->trace->whole_from.host_time)
		return false;
	if (match.host.first > *earliest)
		*earliest = match.host.first;
	/* What came before this one was not after the trace. */
	result->outside += result->after;
	result->after = 0;
	result->inside++;
	if (!walk->is_trial)
		result->stays_used += !stay->samples++;
	count_margins(result, stay, &match.host);
	return true;
}

/* What can be said of a sample that is in no stay */
struct doubt {
	bool before;
	bool after;
};

static bool place_sample(struct walk *walk, const struct place *place, uint64_t guest,
			 uint64_t *earliest, struct doubt *doubt)
{
	struct clocktrace_cursor cursor;
	struct clocktrace_match match;

	if (!place->vcpu ||
	    clocktrace_vcpu_find(place->vcpu, guest, CLOCKTRACE_WINDOW_ALL, &cursor))
		return false;
	while (!clocktrace_cursor_next(&cursor, &match)) {
		size_t stay = find_stay(place, match.host.first);

		/* Two stays may meet in one tick. */
		if (stay < place->nr_stays &&
		    ((stay && is_in(walk, place, &place->stays[stay - 1], guest, earliest)) ||
		     is_in(walk, place, &place->stays[stay], guest, earliest)))
			return true;
		doubt->before |= match.host.first < walk->trace->whole_from.host_time;
		if (doubt->before && walk->rather_before && !walk->result->inside &&
		    !walk->result->outside)
			return false;
		doubt->after |= match.host.last > walk->trace->last.host_time;
	}
	return false;
}

static void check_sample(struct walk *walk, size_t number)
{
	uint64_t guest = walk->series->guest->items[number].value;
	struct vcpu_result *result = walk->result;
	struct doubt doubt = { false, false };

	result->samples++;
	if (place_sample(walk, &walk->here, guest, &walk->earliest, &doubt)) {
		walk->placed[number] = walk->earliest;
		walk->may_be_carried = false;
	} else if (walk->may_be_carried &&
		   place_sample(walk, &walk->origin, guest, &walk->earliest_at_origin,
				&doubt)) {
		walk->placed[number] = walk->earliest_at_origin;
		result->carried++;
	} else if (doubt.before && !result->inside && !result->outside) {
		result->before++;
	} else if (doubt.after) {
		result->after++;
	} else {
		result->outside++;
	}
}

static void count_events(const struct host_trace *trace, struct vcpu_result *result)
{
	size_t i;

	for (i = 0; i < trace->nr_tsc_events; i++) {
		const struct clocktrace_guest_event *event = &trace->tsc_events[i].event;

		if (event->vm_id == result->vm_id &&
		    event->vcpu_id == result->vcpu_id)
			result->events[event->reason]++;
	}
}

static size_t count_contradictions(const struct clocktrace_vcpu *vcpu)
{
	struct clocktrace_anomaly anomaly;
	size_t count = 0, i;

	for (i = 0; !clocktrace_vcpu_anomaly(vcpu, i, &anomaly); i++)
		count += !anomaly.announced;
	return count;
}

static bool same_name(struct vm_name one, struct vm_name other)
{
	return one.pid == other.pid && one.vm_id == other.vm_id;
}

/* All VMs of a process, or of all processes, as they are named on the command line */
static char *list_vms(const struct host_trace *trace, int32_t pid)
{
	char *list = text_of("none"), *longer;
	size_t i, j;

	for (i = 0; i < trace->nr_tsc_events; i++) {
		const struct clocktrace_guest_event *event = &trace->tsc_events[i].event;

		for (j = 0; j < i && trace->tsc_events[j].event.vm_id != event->vm_id; j++)
			;
		if (j < i || (pid && event->vm_pid != pid))
			continue;
		longer = text_of("%s%s%" PRId32 "/%" PRIu64, strcmp(list, "none") ? list : "",
				 strcmp(list, "none") ? ", " : "", event->vm_pid, event->vm_id);
		free(list);
		list = longer;
	}
	return list;
}

/* The VM of that name, 0 if it is not in the trace */
static uint64_t find_vm(const struct host_trace *trace, struct vm_name name)
{
	uint64_t vm_id = 0;
	size_t i;

	for (i = 0; i < trace->nr_tsc_events; i++) {
		const struct clocktrace_guest_event *event = &trace->tsc_events[i].event;

		if (event->vm_pid != name.pid || (name.vm_id && event->vm_id != name.vm_id))
			continue;
		if (vm_id && event->vm_id != vm_id)
			die("process %" PRId32 " created more than one VM, or its PID was used again: name one of %s",
			    name.pid, list_vms(trace, name.pid));
		vm_id = event->vm_id;
	}
	return vm_id;
}

void check_names(const struct host_trace *trace, const struct guest_samples *guests,
		 size_t nr_guests)
{
	struct vm_name name = { 0 };
	size_t guest, i;

	for (guest = 0; guest < nr_guests; guest++)
		for (i = 0; i < guests[guest].count; i++) {
			if (same_name(guests[guest].names[i], name))
				continue;
			name = guests[guest].names[i];
			if (!find_vm(trace, name))
				die("%s: the trace has no such VM; the VMs in it are: %s",
				    guests[guest].argument, list_vms(trace, 0));
		}
}

static void describe_place(const struct place *place, struct vcpu_result *result)
{
	size_t i;

	result->stays += place->nr_stays;
	for (i = 0; i < place->nr_stays; i++) {
		place->stays[i].samples = 0;
		result->in_guest += place->stays[i].exit.host_time -
				    place->stays[i].entry.host_time;
	}
	if (place->nr_stays)
		result->span += place->stays[place->nr_stays - 1].exit.host_time -
				place->stays[0].entry.host_time;
	if (place->vcpu)
		result->contradictions += count_contradictions(place->vcpu);
}

/* The guest goes on in the VM of another process. */
static void enter_vm(struct walk *walk, struct vm_name name)
{
	struct vcpu_result *result = walk->result;

	walk->here = (struct place){ 0 };
	result->vm_id = find_vm(walk->trace, name);
	if (!result->vm_id)
		return;
	walk->here.vcpu = clocktrace_guests_vcpu(walk->history, result->vm_id,
						 walk->vcpu_id);
	walk->here.stays = trace_stays(walk->trace, result->vm_id, walk->vcpu_id,
				       &walk->here.nr_stays);
	if (walk->is_trial)
		return;
	describe_place(&walk->here, result);
	count_events(walk->trace, result);
}

/* The last sample before @number that has a smaller number in the same boot */
static uint64_t predecessor(const struct walk *walk, size_t number)
{
	const struct guest_sample *samples = walk->series->guest->items;
	size_t i = number;

	while (i-- > 0 && samples[i].boot == samples[number].boot)
		if (is_in_series(walk->series, &samples[i]) &&
		    samples[i].sequence < samples[number].sequence)
			return walk->placed[i];
	return 0;
}

static void walk_samples(struct walk *walk)
{
	const struct guest_samples *guest = walk->series->guest;
	const struct guest_sample *last = NULL;
	struct vm_name name = { 0 };
	size_t i;

	for (i = 0; i < guest->count && !(walk->is_trial && walk->result->outside); i++) {
		const struct guest_sample *sample = &guest->items[i];
		bool moved = !same_name(guest->names[i], name);

		if (!is_in_series(walk->series, sample))
			continue;
		if (last && last->boot == sample->boot &&
		    (moved || sample->sequence <= last->sequence)) {
			walk->origin = walk->here;
			walk->earliest_at_origin = predecessor(walk, i);
			walk->may_be_carried = true;
		}
		if (moved)
			enter_vm(walk, name = guest->names[i]);
		check_sample(walk, i);
		last = sample;
	}
}

static void walk_vcpu(const struct host_trace *trace, const struct clocktrace_guests *history,
		      const struct series *series, uint32_t vcpu_id, bool rather_before,
		      bool is_trial, struct vcpu_result *result)
{
	struct walk walk = {
		.trace = trace,
		.history = history,
		.series = series,
		.vcpu_id = vcpu_id,
		.is_trial = is_trial,
		.rather_before = rather_before,
		.placed = calloc(series->guest->count, sizeof(*walk.placed)),
		.result = result,
	};

	if (!walk.placed)
		die("out of memory");
	*result = (struct vcpu_result){
		.pid = series->guest->pid,
		.vcpu_id = vcpu_id,
		.cpu = series->number,
		.margin_entry = UINT64_MAX,
		.margin_exit = UINT64_MAX,
	};
	walk_samples(&walk);
	free(walk.placed);
}

static void check_vcpu(const struct host_trace *trace, const struct clocktrace_guests *history,
		       const struct series *series, uint32_t vcpu_id, struct vcpu_result *result)
{
	struct vcpu_result other;

	walk_vcpu(trace, history, series, vcpu_id, false, false, result);
	if (!result->outside)
		return;
	walk_vcpu(trace, history, series, vcpu_id, true, false, &other);
	if (other.outside < result->outside)
		*result = other;
	else
		/* The stays hold what the last walk has found. */
		walk_vcpu(trace, history, series, vcpu_id, false, false, result);
}

/* Can all samples of the series be of that vCPU? */
static bool fits(const struct host_trace *trace, const struct clocktrace_guests *history,
		 const struct series *series, uint32_t vcpu_id)
{
	struct vcpu_result result;

	walk_vcpu(trace, history, series, vcpu_id, false, true, &result);
	if (result.outside)
		walk_vcpu(trace, history, series, vcpu_id, true, true, &result);
	return result.inside && !result.outside;
}

static struct series *find_series(const struct guest_samples *guest, size_t *count)
{
	struct series *list = NULL;
	size_t i, j;

	*count = 0;
	for (i = 0; i < guest->count; i++) {
		for (j = 0; j < *count && !is_in_series(&list[j], &guest->items[i]); j++)
			;
		if (j < *count)
			continue;
		list = array_room(list, j, sizeof(*list));
		list[(*count)++] = (struct series){
			.guest = guest,
			.is_of_trace = guest->items[i].flags & SAMPLE_OF_TRACE,
			.number = guest->items[i].vcpu,
		};
	}
	return list;
}

/* The vCPUs, with stays, of all VMs that the guest ran in */
static uint32_t *find_vcpus(const struct host_trace *trace, const struct guest_samples *guest,
			    size_t *count)
{
	struct vm_name name = { 0 };
	uint32_t *vcpus = NULL;
	uint64_t vm_id;
	size_t i, j, k;

	*count = 0;
	for (i = 0; i < guest->count; i++) {
		if (same_name(guest->names[i], name))
			continue;
		name = guest->names[i];
		vm_id = find_vm(trace, name);
		for (j = 0; j < trace->nr_stays; j++) {
			const struct stay *stay = &trace->stays[j];

			/* They are sorted. */
			if (stay->vm_id != vm_id || stay->vcpu_id == VCPU_UNKNOWN ||
			    (*count && vcpus[*count - 1] == stay->vcpu_id))
				continue;
			for (k = 0; k < *count && vcpus[k] != stay->vcpu_id; k++)
				;
			if (k < *count)
				continue;
			vcpus = array_room(vcpus, k, sizeof(*vcpus));
			vcpus[(*count)++] = stay->vcpu_id;
		}
	}
	return vcpus;
}

static const struct cpu_name *find_name(const struct cpu_name *names, size_t nr_names,
					const struct series *series)
{
	size_t i;

	for (i = 0; i < nr_names; i++)
		if (names[i].pid == series->guest->pid && names[i].cpu == series->number)
			return &names[i];
	return NULL;
}

/* What the CPUs of a guest that was traced can be, and what of it was taken */
struct guest_fit {
	const struct series **cpus;
	size_t nr_cpus;
	uint32_t *vcpus;
	size_t nr_vcpus;
	bool *fits;
	size_t *chosen;
	size_t *rivals;
};

static void fit_guest(const struct host_trace *trace, const struct clocktrace_guests *history,
		      const struct guest_samples *guest, const struct series *list, size_t nr_list,
		      const struct cpu_name *names, size_t nr_names, struct guest_fit *fit)
{
	const struct cpu_name *name;
	size_t i, j;

	*fit = (struct guest_fit){ .cpus = zalloc((nr_list + 1) * sizeof(*fit->cpus)) };
	for (i = 0; i < nr_list; i++)
		if (list[i].is_of_trace)
			fit->cpus[fit->nr_cpus++] = &list[i];
	if (fit->nr_cpus)
		fit->vcpus = find_vcpus(trace, guest, &fit->nr_vcpus);
	fit->fits = zalloc(fit->nr_cpus * fit->nr_vcpus + 1);
	fit->chosen = zalloc((fit->nr_cpus + 1) * sizeof(*fit->chosen));
	fit->rivals = zalloc((fit->nr_cpus + 1) * sizeof(*fit->rivals));
	for (i = 0; i < fit->nr_cpus; i++) {
		name = find_name(names, nr_names, fit->cpus[i]);
		for (j = 0; j < fit->nr_vcpus; j++)
			fit->fits[i * fit->nr_vcpus + j] =
				name ? name->vcpu_id == fit->vcpus[j] :
				       fits(trace, history, fit->cpus[i], fit->vcpus[j]);
	}
	fit_cpus(fit->fits, fit->nr_cpus, fit->nr_vcpus, fit->chosen, fit->rivals);
}

static void free_fit(struct guest_fit *fit)
{
	free(fit->cpus);
	free(fit->vcpus);
	free(fit->fits);
	free(fit->chosen);
	free(fit->rivals);
}

/*
 * Would samples of any time fit, where the vCPU is one of several that can be, with more than
 * this chance?
 */
static bool fits_by_chance(const struct vcpu_result *result, size_t choices, double limit)
{
	double share = result->span ? (double)result->in_guest / (double)result->span : 1;
	double chance = (double)choices;
	size_t i;

	for (i = 0; i < result->stays_used && chance > limit; i++)
		chance *= share;
	return chance > limit;
}

/* The vCPU that a CPU is judged against if it fits none: that of its number, or any */
static uint32_t fallback(const struct guest_fit *fit, size_t cpu)
{
	size_t i;

	for (i = 0; i < fit->nr_vcpus; i++)
		if (fit->vcpus[i] == fit->cpus[cpu]->number)
			return fit->vcpus[i];
	return fit->nr_vcpus ? fit->vcpus[0] : fit->cpus[cpu]->number;
}

/* The vCPUs of the guest that no name gives to another CPU */
static size_t count_choices(const struct guest_fit *fit, const struct cpu_name *names,
			    size_t nr_names)
{
	size_t i, named = 0;

	for (i = 0; i < fit->nr_cpus; i++)
		named += find_name(names, nr_names, fit->cpus[i]) != NULL;
	return fit->nr_vcpus > named ? fit->nr_vcpus - named : 0;
}

/*
 * Does the CPU fit another vCPU than that of its number, which is there and does not fit? That is
 * so after some hotplugs. But times that are all wrong by as much can look like that, too: where
 * vCPUs take turns, what is in no stay of the one is in one of the other.
 */
static bool is_exchanged(const struct guest_fit *fit, size_t cpu)
{
	size_t i;

	for (i = 0; i < fit->nr_vcpus; i++)
		if (fit->vcpus[i] == fit->cpus[cpu]->number)
			return i != fit->chosen[cpu] && !fit->fits[cpu * fit->nr_vcpus + i];
	return false;
}

static void check_cpu(const struct host_trace *trace, const struct clocktrace_guests *history,
		      const struct guest_fit *fit, size_t cpu, const struct cpu_name *names,
		      size_t nr_names, struct vcpu_result *result)
{
	size_t vcpu = fit->chosen[cpu], choices = count_choices(fit, names, nr_names);
	double limit = is_exchanged(fit, cpu) ? CHANCE_OF_EXCHANGE : CHANCE_MAX;

	check_vcpu(trace, history, fit->cpus[cpu],
		   vcpu == FIT_NONE ? fallback(fit, cpu) : fit->vcpus[vcpu], result);
	if (vcpu == FIT_NONE) {
		result->identity = IDENTITY_NONE;
	} else if (fit->rivals[cpu] != FIT_NONE) {
		result->identity = IDENTITY_AMBIGUOUS;
		result->rival = fit->vcpus[fit->rivals[cpu]];
	} else if (find_name(names, nr_names, fit->cpus[cpu])) {
		result->identity = IDENTITY_NAMED;
	} else if (choices > 1 && !result->outside && fits_by_chance(result, choices - 1, limit)) {
		result->identity = IDENTITY_CHANCE;
	} else {
		result->identity = IDENTITY_FOUND;
	}
}

/* @told is the history that is not shifted: which vCPU a CPU is does not depend on a shift. */
static void check_guest(const struct host_trace *trace, const struct clocktrace_guests *history,
			const struct clocktrace_guests *told, const struct guest_samples *guest,
			const struct cpu_name *names, size_t nr_names, struct check_result *result)
{
	struct vcpu_result *vcpu;
	struct guest_fit fit;
	struct series *list;
	size_t count, i, cpu = 0;

	list = find_series(guest, &count);
	fit_guest(trace, told, guest, list, count, names, nr_names, &fit);
	for (i = 0; i < count; i++) {
		result->vcpus = array_room(result->vcpus, result->nr_vcpus,
					   sizeof(*result->vcpus));
		vcpu = &result->vcpus[result->nr_vcpus++];
		if (list[i].is_of_trace) {
			check_cpu(trace, history, &fit, cpu++, names, nr_names, vcpu);
		} else {
			check_vcpu(trace, history, &list[i], list[i].number, vcpu);
			vcpu->identity = IDENTITY_TOLD;
		}
	}
	free_fit(&fit);
	free(list);
}

static int compare_u64(const void *a, const void *b)
{
	uint64_t one = *(const uint64_t *)a, other = *(const uint64_t *)b;

	return one < other ? -1 : one > other;
}

static void measure_used(const struct host_trace *trace, struct check_result *result)
{
	uint64_t *lengths = NULL;
	size_t count = 0, i;

	for (i = 0; i < trace->nr_stays; i++) {
		const struct stay *stay = &trace->stays[i];

		if (!stay->samples)
			continue;
		lengths = array_room(lengths, count, sizeof(*lengths));
		lengths[count++] = stay->exit.host_time - stay->entry.host_time;
	}
	if (!count)
		return;
	qsort(lengths, count, sizeof(*lengths), compare_u64);
	result->used_shortest = lengths[0];
	result->used_median = lengths[count / 2];
	result->used_longest = lengths[count - 1];
	free(lengths);
}

static void add_up(struct check_result *result)
{
	struct vcpu_result *total = &result->total;
	size_t i, reason;

	total->margin_entry = total->margin_exit = UINT64_MAX;
	for (i = 0; i < result->nr_vcpus; i++) {
		const struct vcpu_result *vcpu = &result->vcpus[i];

		total->samples += vcpu->samples;
		total->inside += vcpu->inside;
		total->outside += vcpu->outside;
		total->before += vcpu->before;
		total->after += vcpu->after;
		total->carried += vcpu->carried;
		total->stays += vcpu->stays;
		total->stays_used += vcpu->stays_used;
		total->in_guest += vcpu->in_guest;
		total->span += vcpu->span;
		if (vcpu->margin_entry < total->margin_entry)
			total->margin_entry = vcpu->margin_entry;
		if (vcpu->margin_exit < total->margin_exit)
			total->margin_exit = vcpu->margin_exit;
		for (reason = 0; reason < REASONS; reason++)
			total->events[reason] += vcpu->events[reason];
		total->contradictions += vcpu->contradictions;
	}
}

void check(struct host_trace *trace, const struct guest_samples *guests,
	   size_t nr_guests, const struct cpu_name *names, size_t nr_names, uint64_t shift,
	   struct check_result *result)
{
	struct clocktrace_guests *history = make_history(trace, shift);
	struct clocktrace_guests *told = shift ? make_history(trace, 0) : history;
	size_t guest;

	*result = (struct check_result){ 0 };
	for (guest = 0; guest < nr_guests; guest++) {
		result->silent += !guests[guest].count;
		check_guest(trace, history, told, &guests[guest], names, nr_names, result);
	}
	measure_used(trace, result);
	add_up(result);
	if (told != history)
		clocktrace_guests_free(told);
	clocktrace_guests_free(history);
}

bool check_passed(const struct check_result *result)
{
	size_t i;

	for (i = 0; i < result->nr_vcpus; i++)
		if (!result->vcpus[i].inside || result->vcpus[i].contradictions ||
		    result->vcpus[i].identity > IDENTITY_FOUND)
			return false;
	return result->nr_vcpus && !result->silent && !result->total.outside;
}
