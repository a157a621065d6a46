// SPDX-License-Identifier: GPL-2.0
/*
 * Converts the times of a guest's recording to the time line of its host.
 *
 * The host has recorded kvm:kvm_guest_counter, which has the offset and the ratio of each
 * vCPU's TSC when they change. The guest's CPU N has to be its vCPU N.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <linux/err.h>
#include <linux/string.h>
#include <linux/zalloc.h>

#include "../perf.h"
#include "clock_trace.h"
#include "clock_trace_guest.h"
#include "clocktrace/clocktrace_guest.h"
#include "data.h"
#include "debug.h"
#include "env.h"
#include "evlist.h"
#include "evsel.h"
#include "sample.h"
#include "session.h"
#include "tool.h"

#define GUEST_COUNTER_EVENT	"kvm:kvm_guest_counter"
#define NOT_FOUND	UINT64_MAX

static const struct clocktrace_position BEGIN = { 0, 0 };
static const struct clocktrace_position END = { UINT64_MAX, UINT64_MAX };

struct clock_trace_guest {
	struct perf_tool tool;
	struct perf_data data;
	struct perf_session *session;
	char *path;
	struct clocktrace_guests *guests;
	struct clocktrace_position last;
	/* The last position of each CPU */
	struct clocktrace_position *cpus;
	u32 nr_cpus;
	u64 vm_id;
	u64 unplaced;
	u64 ambiguous;
	u64 assumed;
};

/* Return: the last position of a CPU, NULL without memory or for no CPU. */
static struct clocktrace_position *cpu_position(struct clock_trace_guest *guest, u32 cpu)
{
	struct clocktrace_position *cpus;

	if (cpu >= MAX_NR_CPUS)
		return NULL;
	if (cpu >= guest->nr_cpus) {
		cpus = realloc(guest->cpus, (cpu + 1) * sizeof(*cpus));
		if (!cpus)
			return NULL;
		memset(&cpus[guest->nr_cpus], 0, (cpu + 1 - guest->nr_cpus) * sizeof(*cpus));
		guest->cpus = cpus;
		guest->nr_cpus = cpu + 1;
	}
	return &guest->cpus[cpu];
}

/* Every event of the host has a place in the order, those about lost events included. */
static struct clocktrace_position next_position(struct clock_trace_guest *guest,
						const struct perf_sample *sample)
{
	struct clocktrace_position *last = cpu_position(guest, sample->cpu);
	u64 ticks = sample->ticks;

	if (ticks && ticks != UINT64_MAX && ticks > guest->last.host_time)
		guest->last.host_time = ticks;
	guest->last.order++;
	if (last)
		*last = guest->last;
	return guest->last;
}

static bool is_guest_counter(struct evsel *evsel)
{
	return evsel && evsel->core.attr.type == PERF_TYPE_TRACEPOINT &&
	       !strcmp(evsel__name(evsel), GUEST_COUNTER_EVENT);
}

static int process_sample(const struct perf_tool *tool, union perf_event *event __maybe_unused,
			  struct perf_sample *sample, struct machine *machine __maybe_unused)
{
	struct clock_trace_guest *guest = container_of(tool, struct clock_trace_guest, tool);
	struct clocktrace_position position = next_position(guest, sample);
	struct clocktrace_guest_event tsc_event;
	enum clocktrace_status status;

	if (!is_guest_counter(sample->evsel))
		return 0;
	tsc_event = (struct clocktrace_guest_event){
		.position = position,
		.vm_id = perf_sample__intval(sample, "vm_id"),
		.vm_pid = perf_sample__intval(sample, "vm_pid"),
		.vcpu_id = perf_sample__intval(sample, "vcpu_id"),
		.tsc = {
			.offset = perf_sample__intval(sample, "offset"),
			.ratio = perf_sample__intval(sample, "ratio"),
			.frac_bits = perf_sample__intval(sample, "frac_bits"),
		},
		.flags = perf_sample__intval(sample, "flags"),
		.reason = perf_sample__intval(sample, "reason"),
	};
	status = clocktrace_guests_add(guest->guests, &tsc_event);
	if (status != CLOCKTRACE_OK) {
		pr_err("An event " GUEST_COUNTER_EVENT ": %s\n", clocktrace_status_text(status));
		return -EINVAL;
	}
	return 0;
}

/* The buffer of a CPU was full, after the last event that perf has from this CPU. */
static int process_lost(const struct perf_tool *tool, union perf_event *event __maybe_unused,
			struct perf_sample *sample, struct machine *machine __maybe_unused)
{
	struct clock_trace_guest *guest = container_of(tool, struct clock_trace_guest, tool);
	const struct clocktrace_position *last = cpu_position(guest, sample->cpu);
	struct clocktrace_position from = last ? *last : BEGIN;

	return clocktrace_guests_lost(guest->guests, from, next_position(guest, sample)) ==
	       CLOCKTRACE_OK ? 0 : -EINVAL;
}

/* perf writes at the end how many samples each event has lost, and not when. */
static int process_lost_samples(const struct perf_tool *tool,
				union perf_event *event __maybe_unused,
				struct perf_sample *sample,
				struct machine *machine __maybe_unused)
{
	struct clock_trace_guest *guest = container_of(tool, struct clock_trace_guest, tool);

	if (sample->evsel && !is_guest_counter(sample->evsel))
		return 0;
	return clocktrace_guests_lost(guest->guests, BEGIN, END) == CLOCKTRACE_OK ? 0 : -EINVAL;
}

static int check_clock(struct clock_trace_guest *guest)
{
	const struct clock_trace *clock = &perf_session__env(guest->session)->clock_trace;
	struct evsel *evsel = evlist__find_tracepoint_by_name(guest->session->evlist,
							      GUEST_COUNTER_EVENT);

	if (!evsel || !evsel__has_clock_trace(evsel) || clock->nr != 1) {
		pr_err("%s has not recorded %s with one epoch of CLOCK_TRACE\n", guest->path,
		       GUEST_COUNTER_EVENT);
		return -EINVAL;
	}
	if (!clock_trace__is_counter(clock)) {
		pr_err("%s does not have the times of a counter: CLOCK_TRACE was in state \"%s\"\n",
		       guest->path, clock_trace__state_name(&clock->lines[0]));
		return -EINVAL;
	}
	/* With -c N or -F, the kernel leaves out events. */
	if (evsel->core.attr.freq || evsel->core.attr.sample_period != 1) {
		pr_err("%s lacks some events, record with " GUEST_COUNTER_EVENT "/period=1/\n",
		       guest->path);
		return -EINVAL;
	}
	evlist__for_each_entry(guest->session->evlist, evsel) {
		if (evsel->core.attr.sample_type & PERF_SAMPLE_CPU)
			continue;
		pr_err("%s does not have the CPU of %s; record with -a or --sample-cpu\n",
		       guest->path, evsel__name(evsel));
		return -EINVAL;
	}
	return 0;
}

static int read_host(struct clock_trace_guest *guest)
{
	enum clocktrace_status status;
	int err;

	perf_tool__init(&guest->tool, /*ordered_events=*/true);
	guest->tool.sample = process_sample;
	guest->tool.lost = process_lost;
	guest->tool.lost_samples = process_lost_samples;
	guest->tool.ordering_requires_timestamps = true;
	guest->data = (struct perf_data){
		.path = guest->path,
		.mode = PERF_DATA_MODE_READ,
	};
	guest->session = perf_session__new(&guest->data, &guest->tool);
	if (IS_ERR(guest->session)) {
		err = PTR_ERR(guest->session);
		guest->session = NULL;
		return err;
	}
	err = check_clock(guest);
	if (err)
		return err;
	if (clocktrace_guests_new(0, &guest->guests) != CLOCKTRACE_OK)
		return -ENOMEM;
	err = perf_session__process_events(guest->session);
	if (err)
		return err;
	status = clocktrace_guests_lost(guest->guests, guest->last, END);
	if (status == CLOCKTRACE_OK)
		status = clocktrace_guests_lost(guest->guests, BEGIN,
						(struct clocktrace_position){ 0, 1 });
	if (status == CLOCKTRACE_OK)
		status = clocktrace_guests_commit(guest->guests, NULL);
	if (status != CLOCKTRACE_OK) {
		pr_err("%s: %s\n", guest->path, clocktrace_status_text(status));
		return -EINVAL;
	}
	return 0;
}

/* Choose by number or by process; without either, there may be only one VM. */
static int choose_vm(struct clock_trace_guest *guest, const char *vm)
{
	const struct clocktrace_vcpu *vcpu = NULL;
	struct clocktrace_vcpu_info info;
	bool found = false, by_pid = vm && !strncmp(vm, "pid=", 4);
	u64 wanted = 0;
	char *end;

	if (vm) {
		const char *number = by_pid ? vm + 4 : vm;

		errno = 0;
		wanted = strtoull(number, &end, 10);
		if (errno || end == number || *end) {
			pr_err("'%s' is neither the number of a VM nor pid=PID\n", vm);
			return -EINVAL;
		}
	}
	while ((vcpu = clocktrace_guests_next(guest->guests, vcpu))) {
		clocktrace_vcpu_info(vcpu, &info);
		if (vm && wanted != (by_pid ? (u64)info.vm_pid : info.vm_id))
			continue;
		if (found && guest->vm_id != info.vm_id) {
			pr_err("%s has more than one VM%s: %" PRIu64 " and %" PRIu64 "\n",
			       guest->path, by_pid ? " of this process" : "",
			       guest->vm_id, info.vm_id);
			return -EINVAL;
		}
		guest->vm_id = info.vm_id;
		found = true;
	}
	if (!found)
		pr_err("%s knows no %sVM%s%s\n", guest->path, vm ? "such " : "",
		       vm ? " " : "", vm ?: "");
	return found ? 0 : -EINVAL;
}

/**
 * clock_trace_guest__new - read what a host has recorded of a guest
 * @spec: "FILE", "FILE,VM" or "FILE,pid=PID"
 *
 * Return: the guest, or an error that is reported already.
 */
struct clock_trace_guest *clock_trace_guest__new(const char *spec)
{
	struct clock_trace_guest *guest = zalloc(sizeof(*guest));
	char *vm;
	int err = -ENOMEM;

	if (!guest)
		return ERR_PTR(-ENOMEM);
	guest->path = strdup(spec);
	if (!guest->path)
		goto out_delete;
	vm = strrchr(guest->path, ',');
	if (vm)
		*vm++ = '\0';
	err = read_host(guest);
	if (!err)
		err = choose_vm(guest, vm);
	if (!err)
		return guest;

out_delete:
	clock_trace_guest__delete(guest);
	return ERR_PTR(err);
}

void clock_trace_guest__delete(struct clock_trace_guest *guest)
{
	if (!guest)
		return;
	clocktrace_guests_free(guest->guests);
	free(guest->cpus);
	perf_session__delete(guest->session);
	free(guest->path);
	free(guest);
}

static u64 host_ticks(struct clock_trace_guest *guest, u32 cpu, u64 ticks, bool count)
{
	const struct clocktrace_vcpu *vcpu;
	struct clocktrace_match match;
	enum clocktrace_status status;

	vcpu = clocktrace_guests_vcpu(guest->guests, guest->vm_id, cpu);
	if (!vcpu)
		return NOT_FOUND;
	status = clocktrace_vcpu_to_host(vcpu, ticks, CLOCKTRACE_WINDOW_ALL, &match);
	if (status != CLOCKTRACE_OK && status != CLOCKTRACE_AMBIGUOUS)
		return NOT_FOUND;
	guest->ambiguous += count && status == CLOCKTRACE_AMBIGUOUS;
	guest->assumed += count && match.certainty != CLOCKTRACE_KNOWN;
	return match.host.first;
}

/**
 * clock_trace_guest__ns - the host time at which a guest has read a value
 * @guest: the guest
 * @cpu: the guest's CPU that has read it
 * @ticks: what it has read
 * @count: count it for clock_trace_guest__report()
 *
 * perf converts the time of a record to sort it, and once more to deliver it.
 *
 * Return: nanoseconds of the host's recording, 0 if no host time gives @ticks.
 */
u64 clock_trace_guest__ns(struct clock_trace_guest *guest, u32 cpu, u64 ticks, bool count)
{
	u64 host = host_ticks(guest, cpu, ticks, count);

	if (host == NOT_FOUND) {
		guest->unplaced += count;
		return 0;
	}
	return clock_trace__ns(&perf_session__env(guest->session)->clock_trace, host);
}

/**
 * clock_trace_guest__report - warn of times that have no exact host time
 * @guest: the guest
 *
 * Return: 0 if all times are exact, -ERANGE if not.
 */
int clock_trace_guest__report(const struct clock_trace_guest *guest)
{
	if (guest->unplaced)
		pr_warning("WARNING: %" PRIu64 " guest times fit no host time, shown as 0\n",
			   guest->unplaced);
	if (guest->ambiguous)
		pr_warning("WARNING: %" PRIu64 " guest times fit several, the first is shown\n",
			   guest->ambiguous);
	if (guest->assumed)
		pr_warning("WARNING: %" PRIu64 " guest times may be wrong: the host lost events\n"
			   "or did not record then.\n", guest->assumed);
	return guest->unplaced || guest->ambiguous || guest->assumed ? -ERANGE : 0;
}
