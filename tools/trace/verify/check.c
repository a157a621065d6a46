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
#include "common/message.h"

/* A vCPU of one VM */
struct place {
	const struct clocktrace_vcpu *vcpu;
	struct stay *stays;
	size_t nr_stays;
};

/* Where the walk through the samples of a vCPU is */
struct walk {
	const struct host_trace *trace;
	const struct clocktrace_guests *history;
	const struct guest_samples *guest;
	uint32_t vcpu_id;
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
		die("kvm_guest_tsc at %" PRIu64 ", event %" PRIu64 ": %s",
		    offender.position.host_time, offender.position.order,
		    clocktrace_status_text(status));
	if (status != CLOCKTRACE_OK)
		die("%s", clocktrace_status_text(status));
	return guests;
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
	uint64_t guest = walk->guest->items[number].value;
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
	describe_place(&walk->here, result);
	count_events(walk->trace, result);
}

/* The last sample before @number that has a smaller number in the same boot */
static uint64_t predecessor(const struct walk *walk, size_t number)
{
	const struct guest_sample *samples = walk->guest->items;
	size_t i = number;

	while (i-- > 0 && samples[i].boot == samples[number].boot)
		if (samples[i].vcpu == walk->vcpu_id &&
		    samples[i].sequence < samples[number].sequence)
			return walk->placed[i];
	return 0;
}

static void walk_samples(struct walk *walk)
{
	const struct guest_samples *guest = walk->guest;
	const struct guest_sample *last = NULL;
	struct vm_name name = { 0 };
	size_t i;

	for (i = 0; i < guest->count; i++) {
		const struct guest_sample *sample = &guest->items[i];
		bool moved = !same_name(guest->names[i], name);

		if (sample->vcpu != walk->vcpu_id)
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

static void walk_vcpu(struct host_trace *trace, const struct clocktrace_guests *history,
		      const struct guest_samples *guest, uint32_t vcpu_id, bool rather_before,
		      struct vcpu_result *result)
{
	struct walk walk = {
		.trace = trace,
		.history = history,
		.guest = guest,
		.vcpu_id = vcpu_id,
		.rather_before = rather_before,
		.placed = calloc(guest->count, sizeof(*walk.placed)),
		.result = result,
	};

	if (!walk.placed)
		die("out of memory");
	*result = (struct vcpu_result){
		.pid = guest->pid,
		.vcpu_id = vcpu_id,
		.margin_entry = UINT64_MAX,
		.margin_exit = UINT64_MAX,
	};
	walk_samples(&walk);
	free(walk.placed);
}

static void check_vcpu(struct host_trace *trace, const struct clocktrace_guests *history,
		       const struct guest_samples *guest, uint32_t vcpu_id,
		       struct vcpu_result *result)
{
	struct vcpu_result other;

	walk_vcpu(trace, history, guest, vcpu_id, false, result);
	if (!result->outside)
		return;
	walk_vcpu(trace, history, guest, vcpu_id, true, &other);
	if (other.outside < result->outside)
		*result = other;
	else
		/* The stays hold what the last walk has found. */
		walk_vcpu(trace, history, guest, vcpu_id, false, result);
}

static bool is_checked(const struct check_result *result, size_t from, uint32_t vcpu_id)
{
	size_t i;

	for (i = from; i < result->nr_vcpus; i++)
		if (result->vcpus[i].vcpu_id == vcpu_id)
			return true;
	return false;
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
	   size_t nr_guests, uint64_t shift, struct check_result *result)
{
	struct clocktrace_guests *history = make_history(trace, shift);
	size_t guest, i, from;

	*result = (struct check_result){ 0 };
	for (guest = 0; guest < nr_guests; guest++) {
		from = result->nr_vcpus;
		result->silent += !guests[guest].count;
		for (i = 0; i < guests[guest].count; i++) {
			uint32_t vcpu_id = guests[guest].items[i].vcpu;

			if (is_checked(result, from, vcpu_id))
				continue;
			result->vcpus = array_room(result->vcpus, result->nr_vcpus,
						   sizeof(*result->vcpus));
			check_vcpu(trace, history, &guests[guest], vcpu_id,
				   &result->vcpus[result->nr_vcpus++]);
		}
	}
	measure_used(trace, result);
	add_up(result);
	clocktrace_guests_free(history);
}

bool check_passed(const struct check_result *result)
{
	size_t i;

	for (i = 0; i < result->nr_vcpus; i++)
		if (!result->vcpus[i].inside || result->vcpus[i].contradictions)
			return false;
	return result->nr_vcpus && !result->silent && !result->total.outside;
}
