// SPDX-License-Identifier: GPL-2.0
/*
 * Converts the times of a guest's recording to the time line of its host.
 *
 * The host has recorded kvm:kvm_guest_tsc, which has the offset and the ratio of each
 * vCPU's TSC when they change. The guest's CPU N has to be its vCPU N.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <linux/err.h>
#include <linux/string.h>
#include <linux/zalloc.h>

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

#define GUEST_TSC_EVENT	"kvm:kvm_guest_tsc"
#define NOT_FOUND	UINT64_MAX

struct clock_trace_guest {
	struct perf_tool tool;
	struct perf_data data;
	struct perf_session *session;
	char *path;
	struct clocktrace_guests *guests;
	struct clocktrace_position last;
	u64 vm_id;
	u64 unplaced;
	u64 ambiguous;
	u64 assumed;
};

/* Every event of the host has a place in the order, those about lost events included. */
static struct clocktrace_position next_position(struct clock_trace_guest *guest, u64 ticks)
{
	if (ticks && ticks != UINT64_MAX && ticks > guest->last.host_time)
		guest->last.host_time = ticks;
	guest->last.order++;
	return guest->last;
}

static int process_sample(const struct perf_tool *tool, union perf_event *event __maybe_unused,
			  struct perf_sample *sample, struct machine *machine __maybe_unused)
{
	struct clock_trace_guest *guest = container_of(tool, struct clock_trace_guest, tool);
	struct clocktrace_position position = next_position(guest, sample->ticks);
	struct clocktrace_guest_event tsc_event;
	enum clocktrace_status status;

	if (sample->evsel->core.attr.type != PERF_TYPE_TRACEPOINT ||
	    strcmp(evsel__name(sample->evsel), GUEST_TSC_EVENT))
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
		pr_err("An event " GUEST_TSC_EVENT ": %s\n", clocktrace_status_text(status));
		return -EINVAL;
	}
	return 0;
}

static int process_lost(const struct perf_tool *tool, union perf_event *event __maybe_unused,
			struct perf_sample *sample, struct machine *machine __maybe_unused)
{
	struct clock_trace_guest *guest = container_of(tool, struct clock_trace_guest, tool);
	struct clocktrace_position from = guest->last;

	return clocktrace_guests_lost(guest->guests, from,
				      next_position(guest, sample->ticks)) ==
	       CLOCKTRACE_OK ? 0 : -EINVAL;
}

static int check_clock(struct clock_trace_guest *guest)
{
	const struct clock_trace *clock = &perf_session__env(guest->session)->clock_trace;
	struct evsel *evsel = evlist__find_tracepoint_by_name(guest->session->evlist,
							      GUEST_TSC_EVENT);

	if (!evsel || !evsel__has_clock_trace(evsel) || clock->nr != 1) {
		pr_err("%s has not recorded " GUEST_TSC_EVENT " with one epoch of CLOCK_TRACE\n",
		       guest->path);
		return -EINVAL;
	}
	return 0;
}

static int read_host(struct clock_trace_guest *guest)
{
	const struct clocktrace_position begin = { 0, 0 };
	const struct clocktrace_position end = { UINT64_MAX, UINT64_MAX };
	enum clocktrace_status status;
	int err;

	perf_tool__init(&guest->tool, /*ordered_events=*/true);
	guest->tool.sample = process_sample;
	guest->tool.lost = process_lost;
	guest->tool.lost_samples = process_lost;
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
	status = clocktrace_guests_lost(guest->guests, guest->last, end);
	if (status == CLOCKTRACE_OK)
		status = clocktrace_guests_lost(guest->guests, begin,
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
	perf_session__delete(guest->session);
	free(guest->path);
	free(guest);
}

static u64 host_ticks(struct clock_trace_guest *guest, u32 cpu, u64 ticks)
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
	guest->ambiguous += status == CLOCKTRACE_AMBIGUOUS;
	guest->assumed += match.certainty != CLOCKTRACE_KNOWN;
	return match.host.first;
}

/**
 * clock_trace_guest__ns - the host time at which a guest has read a value
 * @guest: the guest
 * @cpu: the guest's CPU that has read it
 * @ticks: what it has read
 *
 * Return: nanoseconds of the host's recording, 0 if no host time gives @ticks.
 */
u64 clock_trace_guest__ns(struct clock_trace_guest *guest, u32 cpu, u64 ticks)
{
	u64 host = host_ticks(guest, cpu, ticks);

	if (host == NOT_FOUND) {
		guest->unplaced++;
		return 0;
	}
	return clock_trace__ns(&perf_session__env(guest->session)->clock_trace, host);
}

/**
 * clock_trace_guest__report - warn of times that have no exact host time
 * @guest: the guest
 *
 * Counts a record each time that perf converts it.
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
		pr_debug("%" PRIu64 " times of the guest are of when the host did not record\n",
			 guest->assumed);
	return guest->unplaced || guest->ambiguous ? -ERANGE : 0;
}
