// SPDX-License-Identifier: GPL-2.0
/*
 * What came out, for people.
 */
#include <inttypes.h>
#include <string.h>

#include "common/plain.h"
#include "merge/summary.h"

#define NAME_WIDTH 10

static const char *const states[VCPU_STATES] = {
	[VCPU_GUEST] = "in guest", [VCPU_KVM] = "KVM", [VCPU_STOLEN] = "stolen",
	[VCPU_BLOCKED] = "blocked", [VCPU_UNSEEN] = "unknown",
};

bool summary_answer(const struct timeline *timeline)
{
	size_t i, j;

	for (i = 0; i < timeline->nr_parties; i++) {
		const struct party *party = &timeline->parties[i];

		if (!party->is_host && timeline_lacks_counter(timeline, party) && !party->bound)
			return false;
		if (party->counts.outside || party->counts.unmatched)
			return false;
		for (j = 0; party->match && j < party->match->nr_sections; j++)
			if (party->match->sections[j].verdict == VERDICT_NONE ||
			    party->match->sections[j].verdict == VERDICT_AMBIGUOUS)
				return false;
	}
	for (i = 0; i < timeline->host->nr_vcpus; i++)
		if (timeline->host->vcpus[i].contradictions)
			return false;
	return true;
}

static int32_t pid_of(const struct host *host, uint64_t vm_id)
{
	size_t i;

	for (i = 0; i < host->nr_vcpus; i++)
		if (host->vcpus[i].vm_id == vm_id)
			return host->vcpus[i].vm_pid;
	return 0;
}

/* The CPUs whose vCPU no event tells, and no time depends on */
static void print_choices(FILE *file, const struct party *party, size_t section)
{
	const struct match *match = party->match;
	size_t i, count = 0;

	for (i = 0; i < match->nr_units; i++)
		if (match->units[i].section == section && match->units[i].is_choice) {
			if (!count++)
				fprintf(file, "%s: more than one vCPU fits", party->name);
			fprintf(file, "%s CPU %u", count > 1 ? "," : "", match->units[i].cpu);
		}
	if (count)
		fputs(": the times are the same with each, but the vCPU that is shown may be another one\n",
		      file);
}

static void print_section(FILE *file, const struct timeline *timeline, const struct party *party,
			  size_t number)
{
	const struct section *section = &party->match->sections[number];
	const struct host *host = timeline->host;
	size_t i;

	if (timeline_lacks_counter(timeline, party) && !number) {
		text_put_plain(file, party->name);
		fprintf(file,
			" had no TSC that its kernel trusts, so that its clock was CLOCK_MONOTONIC, and its events %s: to have them placed to the tick, start it with an invariant TSC (QEMU: -cpu host,migratable=off,+invtsc) or, where the host's is reliable, with tsc=reliable on its kernel's command line, and record anew\n",
			party->bound ? "are placed within bounds" :
			timeline->parties[0].damaged || host->ownerless ?
			"cannot be placed, for the host's trace is damaged, or does not tell of all stays whose they are" :
			"cannot be placed, for no trace tells the frequency of the host's counter (--frequency)");
	}
	if (timeline_lacks_counter(timeline, party) && !party->bound)
		return;
	/* It is of a time when the guest was on another host. */
	if (party->has_moved && number < party->match->nr_sections &&
	    section->verdict == VERDICT_EMPTY)
		return;
	text_put_plain(file, party->name);
	if (!party->match->nr_sections) {
		fputs(": no events\n", file);
		return;
	}
	if (party->match->nr_sections > 1)
		fprintf(file, ", part %zu", number + 1);
	switch (section->verdict) {
	case VERDICT_EMPTY:
		fputs(": no events\n", file);
		return;
	case VERDICT_NONE:
		fputs(": fits no VM of ", file);
		if (party->match->nr_hosts > 1)
			fputs("any host", file);
		else
			text_put_plain(file, timeline->parties[0].name);
		if (party->tells_of_guests)
			fputs("; it has events that only hosts write: if it is of a host, name all hosts with --host",
			      file);
		else if (party->match->nr_hosts > 1)
			fputs("; if it is of a host without guests, name all hosts with --host", file);
		putc('\n', file);
		return;
	case VERDICT_AMBIGUOUS:
		if (section->rival_vcpus[0] != section->rival_vcpus[1]) {
			fprintf(file,
				": is VM %" PRIu64 " (process %d), but CPU %" PRIu32
				" fits vCPU %" PRIu32 " as well as vCPU %" PRIu32
				", which would give other times: record again, while these vCPUs are not busy all the time\n",
				section->vms[0], pid_of(host, section->vms[0]), section->rival_cpu,
				section->rival_vcpus[0], section->rival_vcpus[1]);
			return;
		}
		if (section->rival == section->vms[0]) {
			fprintf(file,
				": fits VM %" PRIu64 " (process %d), but may do so by chance, or in more than one way: record more of it, and all of it within the time of the host's trace\n",
				section->vms[0], pid_of(host, section->vms[0]));
			return;
		}
		fprintf(file,
			": fits VM %" PRIu64 " (process %d) as well as VM %" PRIu64
			" (process %d): name the right one with --vm ",
			section->vms[0], pid_of(host, section->vms[0]), section->rival,
			pid_of(host, section->rival));
		text_put_plain(file, party->path);
		fputs("=VM\n", file);
		return;
	default:
		break;
	}
	fputs(" is", file);
	for (i = 0; i < section->nr_vms; i++)
		fprintf(file, "%s VM %" PRIu64 " (process %d)", i ? ", then" : "",
			section->vms[i], pid_of(host, section->vms[i]));
	if (party->bound) {
		fputs(": its events lie in its stays, but where in them is not known to the tick\n",
		      file);
		return;
	}
	if (section->by_chance) {
		fputs(", which may be by chance, so that its events count as assumed: record more of it, or name the VM with --vm ",
		      file);
		text_put_plain(file, party->path);
		fprintf(file, "=%" PRIu64, section->vms[0]);
	}
	fprintf(file, section->verdict == VERDICT_PROVED ?
			      ": all of its events that the trace can tell of are in its stays\n" :
			      ": more of its events are in its stays than in another's, but NOT all\n");
	print_choices(file, party, number);
}

static void print_count(FILE *file, uint64_t count, const char *what)
{
	if (count)
		fprintf(file, "; %" PRIu64 " %s", count, what);
}

static void print_party(FILE *file, const struct timeline *timeline, const struct party *party)
{
	const struct counts *counts = &party->counts;

	text_put_column(file, party->name, NAME_WIDTH);
	fprintf(file, " %" PRIu64 " events placed", counts->placed);
	if (!party->is_host)
		print_count(file, counts->assumed,
			    "of them by a formula that the trace does not prove");
	if (counts->bounded)
		fprintf(file, "; %" PRIu64 " of them within bounds, of at most %" PRIu64 " ns",
			counts->bounded, timeline_ns_up(timeline, party->uncertainty));
	print_count(file, counts->before, "are of before the host's trace");
	print_count(file, counts->after, "are of after the host's trace");
	print_count(file, counts->unproved, "are too near an end of its trace to be proved");
	print_count(file, counts->unbounded, "have no bound on the reference's axis, and are left out");
	print_count(file, counts->epoch, "are of another epoch of its clock, and left out");
	print_count(file, counts->lost, "fall where the host's trace has lost events");
	print_count(file, counts->outside, "lie in NO stay of their vCPU");
	print_count(file, counts->unmatched, "are of a CPU or guest that fits no vCPU");
	print_count(file, party->damaged, "streams or traces could not be read to their end");
	putc('\n', file);
}

static double percent(uint64_t part, uint64_t whole)
{
	return whole ? 100 * (double)part / (double)whole : 0;
}

static void print_vcpu(FILE *file, const struct timeline *timeline,
		       const struct account *account, size_t number)
{
	const struct host *host = timeline->host;
	const struct vcpu_account *vcpu = &account->vcpus[number];
	uint64_t whole = 0;
	size_t i;

	for (i = 0; i < VCPU_STATES; i++)
		whole += vcpu->ticks[i];
	fprintf(file, "VM %" PRIu64 " vCPU %" PRIu32 ":", host->vcpus[number].vm_id,
		host->vcpus[number].vcpu_id);
	for (i = 0; i < VCPU_STATES; i++)
		if (vcpu->ticks[i])
			fprintf(file, " %s %.1f %%,", states[i], percent(vcpu->ticks[i], whole));
	fprintf(file, " of %.6f s\n", (double)timeline_ns(timeline, whole) / 1e9);
	for (i = 0; i < vcpu->nr_exits && i < 8; i++)
		fprintf(file, "    %-24s %10" PRIu64 " times %12.6f s\n",
			exit_reason_text(vcpu->exits[i].reason, vcpu->exits[i].svm),
			vcpu->exits[i].count,
			(double)timeline_ns(timeline, vcpu->exits[i].ticks) / 1e9);
}

static void print_wakeups(FILE *file, const struct timeline *timeline,
			  const struct account *account)
{
	size_t i, state;

	if (!account->wakeups)
		return;
	fprintf(file, "\nGuests' wake-ups: %" PRIu64 "; of their time,", account->wakeups);
	for (state = 0, i = 0; state < VCPU_STATES; state++)
		i += account->wakeup_ticks[state];
	for (state = 0; state < VCPU_STATES; state++)
		if (account->wakeup_ticks[state])
			fprintf(file, " %s %.1f %%,", states[state],
				percent(account->wakeup_ticks[state], i));
	fputs(" the slowest:\n", file);
	for (i = 0; i < account->nr_slowest; i++) {
		const struct wakeup *one = &account->slowest[i];
		char comm[COMM_SIZE + 1] = "";

		memcpy(comm, one->comm, COMM_SIZE);
		fprintf(file, "    %12.6f ms at %.6f s: ",
			(double)timeline_ns(timeline, one->total) / 1e6,
			(double)timeline_ns(timeline, one->time - timeline->host->first.host_time) /
				1e9);
		text_put_plain(file, timeline->parties[one->party].name);
		fprintf(file, ", cpu %u, thread %d ", one->cpu, one->thread);
		text_put_plain(file, comm);
		putc(';', file);
		for (state = 0; state < VCPU_STATES; state++)
			if (one->ticks[state])
				fprintf(file, " %s %.6f ms,", states[state],
					(double)timeline_ns(timeline, one->ticks[state]) / 1e6);
		putc('\n', file);
	}
}

void summary_text(FILE *file, const struct timeline *timeline, const struct account *account)
{
	const struct host *host = timeline->host;
	size_t i, j;

	for (i = 1; i < timeline->nr_parties; i++)
		/* A guest of which no event was tried has no section. */
		for (j = 0; !j || j < timeline->parties[i].match->nr_sections; j++)
			print_section(file, timeline, &timeline->parties[i], j);
	for (i = 0; i < timeline->nr_parties; i++)
		print_party(file, timeline, &timeline->parties[i]);
	for (i = 0; i < host->nr_vcpus; i++) {
		if (host->vcpus[i].is_protected)
			fprintf(file, "VM %" PRIu64 " vCPU %" PRIu32 " has a protected TSC, which the host cannot know\n",
				host->vcpus[i].vm_id, host->vcpus[i].vcpu_id);
		if (host->vcpus[i].contradictions)
			fprintf(file, "VM %" PRIu64 " vCPU %" PRIu32 ": %zu changes of its TSC were NOT told\n",
				host->vcpus[i].vm_id, host->vcpus[i].vcpu_id,
				host->vcpus[i].contradictions);
	}
	if (host->lost)
		fprintf(file, "the host's trace has lost events in %zu places\n", host->lost);
	if (host->ownerless)
		fprintf(file, "%" PRIu64 " stays are of a VM that no event tells\n", host->ownerless);
	if (timeline->assumed_clock)
		fputs("a trace is of the clock x86-tsc: nothing vouches for it that the counters of all CPUs are equal\n",
		      file);
	if (!timeline->is_frequency_known)
		fputs("no trace tells the frequency: a tick is shown as 1 ns; name it with --frequency HZ, see \"clocktrace info\"\n",
		      file);
	fprintf(file, "largest uncertainty of an event: %" PRIu64 " ticks", timeline->uncertainty);
	if (timeline->uncertainty && timeline->is_frequency_known)
		fprintf(file, ", %" PRIu64 " ns", timeline_ns_up(timeline, timeline->uncertainty));
	putc('\n', file);
	if (!account)
		return;
	fputs("\nWhere the time of the vCPUs went:\n", file);
	for (i = 0; i < host->nr_vcpus; i++)
		print_vcpu(file, timeline, account, i);
	print_wakeups(file, timeline, account);
}
