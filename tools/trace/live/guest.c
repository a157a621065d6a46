// SPDX-License-Identifier: GPL-2.0
/*
 * A live guest: which VM it is, and where its events are on the line of that one's host.
 *
 * As with traces that are complete, the proof is that events lie in stays of a VM's vCPUs, and
 * of no other VM's. Here an event that a vCPU cannot have written excludes it, until one VM is
 * left. What has not been placed for longer than the patience is given up.
 */
#include <stdlib.h>
#include <string.h>

#include "common/array.h"
#include "live/parts.h"

/* So many events have to fit one VM alone, before it is taken without a further wait */
#define MATCH_EVENTS 8
/* With fewer than this, it may fit by chance. */
#define SURE_EVENTS 32

/* How the events of a CPU of the guest fit a vCPU */
struct vcpu_fit {
	bool is_out;
	uint64_t inside;
};

/* Those of all vCPUs of a host */
struct fits {
	struct vcpu_fit *list;
	size_t count;
};

struct guest_cpu {
	unsigned int number;
	/* By number of the host's session */
	struct fits *hosts;
	size_t current;
	bool has_current;
	uint64_t last;
};

struct live_guest {
	struct guest_cpu *cpus;
	size_t nr_cpus;
	/* The first events of the queue that were tried, and when that began */
	size_t tried;
	int64_t tried_since;
	/* With so many vCPUs */
	size_t nr_vcpus;
	bool is_matched;
	size_t host;
	uint64_t vm;
	uint64_t inside;
};

void live_guest_new(struct live_source *source)
{
	source->guest = zalloc(sizeof(*source->guest));
}

static struct guest_cpu *find_cpu(const struct live *live, struct live_guest *guest,
				  unsigned int number)
{
	size_t i;

	for (i = 0; i < guest->nr_cpus; i++)
		if (guest->cpus[i].number == number)
			return &guest->cpus[i];
	guest->cpus = array_room(guest->cpus, i, sizeof(*guest->cpus));
	guest->cpus[i] = (struct guest_cpu){
		.number = number,
		.hosts = zalloc((live->count + 1) * sizeof(*guest->cpus[i].hosts)),
	};
	guest->nr_cpus++;
	return &guest->cpus[i];
}

/* vCPUs come into being while events are tried. */
static struct vcpu_fit *find_fit(struct guest_cpu *cpu, size_t host, size_t vcpu)
{
	struct fits *fits = &cpu->hosts[host];

	while (fits->count <= vcpu) {
		fits->list = array_room(fits->list, fits->count, sizeof(*fits->list));
		fits->list[fits->count++] = (struct vcpu_fit){ 0 };
	}
	return &fits->list[vcpu];
}

/* Sessions are not behind each other by more than the patience: what is further is nowhere. */
static bool is_far(const struct live *live, const struct live_source *host, uint64_t time)
{
	const uint64_t seconds = (uint64_t)(live->options.patience / 1000000000) + 1;

	return time - host->known_to > seconds * host->clock.frequency;
}

static bool has_waited(const struct live *live, int64_t since)
{
	return live->is_finishing || live->now - since > live->options.patience;
}

/* Can a vCPU of a host only be judged later? */
static bool has_to_wait(const struct live *live, const struct live_source *host,
			struct guest_cpu *cpu, const struct live_event *event)
{
	struct live_place place;
	size_t i;

	for (i = 0; i < live_vcpus_count(host->vcpus); i++)
		if (!find_fit(cpu, host->number, i)->is_out &&
		    live_vcpus_place(host->vcpus, live_vcpus_get(host->vcpus, i),
				     event->event.time, host->known_to, &place) == LIVE_WAIT &&
		    !is_far(live, host, place.ticks.first))
			return true;
	return false;
}

/* What cannot be judged speaks neither for nor against a vCPU. */
static void try_host(const struct live *live, const struct live_source *host,
		     struct guest_cpu *cpu, const struct live_event *event)
{
	struct live_place place;
	size_t i;

	for (i = 0; i < live_vcpus_count(host->vcpus); i++) {
		struct vcpu_fit *fit = find_fit(cpu, host->number, i);

		switch (live_vcpus_place(host->vcpus, live_vcpus_get(host->vcpus, i),
					 event->event.time, host->known_to, &place)) {
		case LIVE_FOUND:
			fit->inside++;
			break;
		case LIVE_WAIT:
			fit->is_out |= is_far(live, host, place.ticks.first);
			break;
		case LIVE_OUTSIDE:
			fit->is_out = true;
			break;
		default:
			break;
		}
	}
}

/* Try an event with all vCPUs of all hosts; false if it has to wait for one of them. */
static bool try_event(const struct live *live, struct live_guest *guest,
		      const struct live_event *event)
{
	struct guest_cpu *cpu = find_cpu(live, guest, event->event.cpu);
	size_t i;

	for (i = 0; i < live->count; i++)
		if (live->sources[i].vcpus && live_is_awaited(live, &live->sources[i]) &&
		    has_to_wait(live, &live->sources[i], cpu, event))
			return false;
	for (i = 0; i < live->count; i++)
		if (live->sources[i].vcpus)
			try_host(live, &live->sources[i], cpu, event);
	return true;
}

struct vm_fit {
	bool is_possible;
	uint64_t inside;
};

/* How does the guest fit a VM? Each of its CPUs has to fit one of the VM's vCPUs. */
static struct vm_fit judge(struct live_guest *guest, const struct live_source *host,
			    uint64_t vm)
{
	struct vm_fit verdict = { .is_possible = true };
	size_t i, j;

	for (i = 0; i < guest->nr_cpus; i++) {
		struct guest_cpu *cpu = &guest->cpus[i];
		bool possible = false;
		uint64_t inside = 0;

		for (j = 0; j < live_vcpus_count(host->vcpus); j++) {
			const struct vcpu_fit *fit = find_fit(cpu, host->number, j);

			if (live_vcpus_get(host->vcpus, j)->vcpu.vm_id != vm || fit->is_out)
				continue;
			possible = true;
			if (fit->inside > inside)
				inside = fit->inside;
		}
		verdict.is_possible &= possible;
		verdict.inside += inside;
	}
	return verdict;
}

static bool is_first_of_vm(const struct live_source *host, size_t vcpu)
{
	const uint64_t vm = live_vcpus_get(host->vcpus, vcpu)->vcpu.vm_id;
	size_t i;

	for (i = 0; i < vcpu; i++)
		if (live_vcpus_get(host->vcpus, i)->vcpu.vm_id == vm)
			return false;
	return true;
}

static bool is_named(const struct live_source *source, const struct live_source *host,
		     uint64_t vm)
{
	const struct trace_argument *argument = &source->argument;

	return argument->vm_id && argument->vm_id == vm &&
	       (!argument->vm_host || !strcmp(argument->vm_host, host->clock.host) ||
		!strcmp(argument->vm_host, host->argument.path));
}

static void match(struct live_guest *guest, const struct live_source *host, uint64_t vm,
		  uint64_t inside)
{
	guest->is_matched = true;
	guest->host = host->number;
	guest->vm = vm;
	guest->inside = inside;
}

/* None is possible: what excluded the last one was an error. All of it anew. */
static void begin_anew(const struct live *live, struct live_guest *guest)
{
	size_t i, j;

	for (i = 0; i < guest->nr_cpus; i++)
		for (j = 0; j < live->count; j++)
			guest->cpus[i].hosts[j].count = 0;
}

/* Is one VM left? */
static void decide(const struct live *live, struct live_source *source, bool has_to)
{
	struct live_guest *guest = source->guest;
	size_t i, j, nr_possible = 0, nr_fitting = 0;
	const struct live_source *found = NULL;
	uint64_t vm = 0, inside = 0;

	for (i = 0; i < live->count; i++) {
		const struct live_source *host = &live->sources[i];

		for (j = 0; host->vcpus && j < live_vcpus_count(host->vcpus); j++) {
			const uint64_t one = live_vcpus_get(host->vcpus, j)->vcpu.vm_id;
			struct vm_fit verdict;

			if (!is_first_of_vm(host, j))
				continue;
			if (is_named(source, host, one)) {
				match(guest, host, one, SURE_EVENTS);
				return;
			}
			verdict = judge(guest, host, one);
			nr_possible += verdict.is_possible;
			if (!verdict.is_possible || !verdict.inside)
				continue;
			nr_fitting++;
			found = host;
			vm = one;
			inside = verdict.inside;
		}
	}
	if (!nr_possible)
		begin_anew(live, guest);
	if (source->argument.vm_id || nr_fitting != 1)
		return;
	if (has_to || (nr_possible == 1 && inside >= MATCH_EVENTS))
		match(guest, found, vm, inside);
}

static void drop(struct live_source *source, uint64_t *why)
{
	(*why)++;
	source->counts.unplaced++;
	live_drop(source, live_queue_take(&source->queue));
}

static size_t count_vcpus(const struct live *live)
{
	size_t count = 0, i;

	for (i = 0; i < live->count; i++)
		if (live->sources[i].vcpus)
			count += live_vcpus_count(live->sources[i].vcpus);
	return count;
}

/* Try what is complete; give up what has been tried for too long. */
static void find_vm(struct live *live, struct live_source *source)
{
	struct live_guest *guest = source->guest;
	const uint64_t mark = live_mark(live, source);

	/* It may be one that nothing has told of until now. */
	if (count_vcpus(live) != guest->nr_vcpus) {
		begin_anew(live, guest);
		guest->nr_vcpus = count_vcpus(live);
		guest->tried = 0;
	}
	if (source->argument.vm_id)
		decide(live, source, false);
	while (!guest->is_matched && guest->tried < source->queue.count) {
		const struct live_event *event = live_queue_at(&source->queue, guest->tried);

		if (event->event.time >= mark || !try_event(live, guest, event))
			break;
		if (!guest->tried_since)
			guest->tried_since = live->now;
		guest->tried++;
		/* Looking at all VMs takes long where there are many. */
		if (guest->tried >= MATCH_EVENTS && !(guest->tried & (guest->tried - 1)))
			decide(live, source, false);
	}
	if (guest->is_matched || !guest->tried || !has_waited(live, guest->tried_since))
		return;
	decide(live, source, true);
	for (; !guest->is_matched && guest->tried; guest->tried--)
		drop(source, &source->counts.unmatched);
	guest->tried_since = 0;
}

static void push(struct live *live, struct live_source *source, struct guest_cpu *cpu,
		 const struct live_vcpu *vcpu, const struct live_place *place, bool is_proved)
{
	struct live_guest *guest = source->guest;
	struct live_source *host = &live->sources[guest->host];
	struct live_event *event = live_queue_take(&source->queue);
	const struct live_ready ready = {
		.time = place->ticks.first,
		.order = place->order,
		.is_guest = true,
		.sequence = ++live->sequence,
		.source = source->number,
		.event = event,
		.uncertainty = place->ticks.last - place->ticks.first,
		.certainty = is_proved && guest->inside >= SURE_EVENTS && !live->is_assumed ?
				     CLOCKTRACE_KNOWN : CLOCKTRACE_ASSUMED,
		.vcpu = &vcpu->vcpu,
	};

	cpu->last = place->ticks.first;
	guest->inside += is_proved;
	live_heap_push(&host->ready, &ready);
}

/* No event of a CPU is of before the one before it. */
static bool keep_order(const struct guest_cpu *cpu, struct live_place *place)
{
	if (place->ticks.last < cpu->last)
		return false;
	if (place->ticks.first < cpu->last)
		place->ticks.first = cpu->last;
	return true;
}

/* The host is silent: by the formula that it has told last, though no stay proves it. */
static bool assume(const struct live_vcpu *vcpu, uint64_t guest, uint64_t from,
		   struct live_place *place)
{
	const struct clocktrace_ticks window = { from, UINT64_MAX };

	place->order = UINT64_MAX;
	return vcpu->nr_eras && !vcpu->is_gone &&
	       clocktrace_host_first(&vcpu->tsc, guest, window, &place->ticks) == CLOCKTRACE_OK;
}

/* Where several fit, and give the same time: the one of before, or else the one of its number */
static bool is_likely(const struct guest_cpu *cpu, size_t number, const struct live_vcpu *vcpu)
{
	return cpu->has_current ? cpu->current == number : vcpu->vcpu.vcpu_id == cpu->number;
}

/* The vCPU that has written the event, with its place; NULL with the best reason why not */
static const struct live_vcpu *find_vcpu(const struct live *live, struct live_guest *guest,
					 struct guest_cpu *cpu, uint64_t time,
					 struct live_place *place, enum live_answer *answer,
					 bool *is_choice)
{
	const struct live_source *host = &live->sources[guest->host];
	const struct live_vcpu *found = NULL;
	size_t i;

	*answer = LIVE_BEFORE;
	*is_choice = false;
	for (i = 0; i < live_vcpus_count(host->vcpus); i++) {
		const struct live_vcpu *vcpu = live_vcpus_get(host->vcpus, i);
		struct live_place one;
		enum live_answer now;

		if (vcpu->vcpu.vm_id != guest->vm || find_fit(cpu, guest->host, i)->is_out)
			continue;
		now = live_vcpus_place(host->vcpus, vcpu, time, host->known_to, &one);
		if (now == LIVE_FOUND && !keep_order(cpu, &one))
			now = LIVE_OUTSIDE;
		if (now == LIVE_FOUND && found)
			*is_choice |= one.ticks.first != place->ticks.first;
		if (now == LIVE_FOUND && (!found || is_likely(cpu, i, vcpu))) {
			*place = one;
			found = vcpu;
		}
		if (now == LIVE_WAIT || (now == LIVE_OUTSIDE && *answer != LIVE_WAIT) ||
		    (now == LIVE_LOST && *answer == LIVE_BEFORE))
			*answer = now;
	}
	return found;
}

/* Exclude the vCPUs that cannot have written what another one has. */
static void exclude_others(const struct live *live, struct live_guest *guest,
			   struct guest_cpu *cpu, uint64_t time, const struct live_vcpu *found)
{
	const struct live_source *host = &live->sources[guest->host];
	size_t i;

	for (i = 0; i < live_vcpus_count(host->vcpus); i++) {
		const struct live_vcpu *vcpu = live_vcpus_get(host->vcpus, i);
		struct live_place place;

		if (vcpu == found) {
			cpu->current = i;
			cpu->has_current = true;
		} else if (vcpu->vcpu.vm_id == guest->vm &&
			   !find_fit(cpu, guest->host, i)->is_out) {
			find_fit(cpu, guest->host, i)->is_out =
				live_vcpus_place(host->vcpus, vcpu, time, host->known_to,
						 &place) == LIVE_OUTSIDE;
		}
	}
}

/* Place the first event, or drop it; false if that has to wait. */
static bool place_first(struct live *live, struct live_source *source)
{
	struct live_guest *guest = source->guest;
	const struct live_source *host = &live->sources[guest->host];
	const struct live_event *event = live_queue_first(&source->queue);
	struct guest_cpu *cpu = find_cpu(live, guest, event->event.cpu);
	const struct live_vcpu *vcpu;
	enum live_answer answer;
	struct live_place place;
	bool is_choice;

	vcpu = find_vcpu(live, guest, cpu, event->event.time, &place, &answer, &is_choice);
	if (vcpu && is_choice) {
		drop(source, &source->counts.unmatched);
		return true;
	}
	if (vcpu) {
		exclude_others(live, guest, cpu, event->event.time, vcpu);
		push(live, source, cpu, vcpu, &place, true);
		return true;
	}
	if (answer == LIVE_WAIT && live_is_awaited(live, host))
		return false;
	vcpu = cpu->has_current ? live_vcpus_get(host->vcpus, cpu->current) : NULL;
	if (answer == LIVE_WAIT && vcpu && host->state != LIVE_ENDED &&
	    assume(vcpu, event->event.time, cpu->last, &place)) {
		push(live, source, cpu, vcpu, &place, false);
		return true;
	}
	if (answer == LIVE_OUTSIDE) {
		drop(source, &source->counts.outside);
	} else {
		uint64_t others = 0;

		drop(source, &others);
	}
	return true;
}

void live_guest_place(struct live *live, struct live_source *source)
{
	struct live_guest *guest = source->guest;
	const uint64_t mark = live_mark(live, source);

	if (!guest->is_matched)
		find_vm(live, source);
	while (guest->is_matched && source->queue.count &&
	       live_queue_first(&source->queue)->event.time < mark)
		if (!place_first(live, source))
			break;
}

uint64_t live_guest_frontier(const struct live *live, const struct live_source *source,
			     const struct live_source *host)
{
	const struct live_guest *guest = source->guest;
	uint64_t time, frontier = UINT64_MAX, one;
	size_t i;

	if (!live_is_awaited(live, source) && !source->queue.count)
		return UINT64_MAX;
	if (!guest->is_matched)
		return has_waited(live, source->known_since) ? UINT64_MAX : 0;
	if (guest->host != host->number)
		return UINT64_MAX;
	time = source->queue.count && live_queue_first(&source->queue)->event.time < source->mark ?
		       live_queue_first(&source->queue)->event.time : source->mark;
	for (i = 0; i < live_vcpus_count(host->vcpus); i++) {
		const struct live_vcpu *vcpu = live_vcpus_get(host->vcpus, i);

		if (vcpu->vcpu.vm_id != guest->vm)
			continue;
		one = live_vcpus_frontier(vcpu, time, host->released);
		if (one < frontier)
			frontier = one;
	}
	return frontier;
}

const struct live_source *live_guest_host(const struct live *live,
					  const struct live_source *source, uint64_t *vm)
{
	if (!source->guest || !source->guest->is_matched)
		return NULL;
	*vm = source->guest->vm;
	return &live->sources[source->guest->host];
}

void live_guest_free(const struct live *live, struct live_source *source)
{
	struct live_guest *guest = source->guest;
	size_t i, j;

	if (!guest)
		return;
	for (i = 0; i < guest->nr_cpus; i++) {
		for (j = 0; j < live->count; j++)
			free(guest->cpus[i].hosts[j].list);
		free(guest->cpus[i].hosts);
	}
	free(guest->cpus);
	free(guest);
}
