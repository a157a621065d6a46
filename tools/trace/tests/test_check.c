// SPDX-License-Identifier: GPL-2.0
/*
 * The judgement of clocktrace verify, on traces that are made here: what is inside, what is
 * not, and what the trace cannot tell.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/array.h"
#include "verify/apic_id.h"
#include "verify/check.h"
#include "verify/fit.h"
#include "tap.h"

#define PID 100
#define OTHER_PID 200
#define VM 7
#define OTHER_VM 8
#define OFFSET (-1000)
#define RATIO (1ull << 32)

/* What a test is made of */
static struct host_trace trace;
static struct guest_samples guests[2];
static struct check_result result;
static uint64_t order;

static struct clocktrace_position at(uint64_t time)
{
	struct clocktrace_position position = { time, ++order };

	if (!trace.first.order)
		trace.first = trace.whole_from = position;
	trace.last = position;
	return position;
}

static void begin(void)
{
	size_t i;

	trace_free(&trace);
	for (i = 0; i < 2; i++)
		samples_free(&guests[i]);
	free(result.vcpus);
	memset(&result, 0, sizeof(result));
	order = 0;
}

static void emit_of(uint64_t time, uint64_t vm_id, int32_t pid, int64_t offset,
		    enum clocktrace_reason reason)
{
	trace.tsc_events = array_room(trace.tsc_events, trace.nr_tsc_events, sizeof(*trace.tsc_events));
	trace.tsc_events[trace.nr_tsc_events++] = (struct tsc_event){
		.event = {
			.position = at(time),
			.vm_id = vm_id,
			.vm_pid = pid,
			.tsc = { offset, RATIO, 32 },
			.reason = reason,
		},
		.thread = pid,
	};
}

static void emit(uint64_t time, int64_t offset, enum clocktrace_reason reason)
{
	emit_of(time, VM, PID, offset, reason);
}

static void stay_of(int thread, uint64_t entry, uint64_t exit)
{
	struct stay stay = { .thread = thread };

	stay.entry = at(entry);
	stay.exit = at(exit);
	trace.stays = array_room(trace.stays, trace.nr_stays, sizeof(*trace.stays));
	trace.stays[trace.nr_stays++] = stay;
}

static void stay(uint64_t entry, uint64_t exit)
{
	stay_of(PID, entry, exit);
}

static void sample_of(struct guest_samples *guest, int32_t pid, uint32_t sequence,
		      uint64_t value)
{
	if (!guest->pid)
		guest->pid = pid;
	guest->items = array_room(guest->items, guest->count, sizeof(*guest->items));
	guest->names = array_room(guest->names, guest->count, sizeof(*guest->names));
	guest->names[guest->count] = (struct vm_name){ pid, 0 };
	guest->items[guest->count++] = (struct guest_sample){
		.sequence = sequence,
		.value = value,
	};
}

/* The next one of the only guest */
static void sample(uint64_t value)
{
	sample_of(&guests[0], PID, (uint32_t)guests[0].count, value);
}

static void run_guests(size_t count, uint64_t shift)
{
	trace_finish(&trace);
	check(&trace, guests, count, NULL, 0, shift, &result);
}

static void run(void)
{
	run_guests(1, 0);
}

static void test_inside(void)
{
	begin();
	emit(5000, OFFSET, CLOCKTRACE_CREATED);
	stay(6000, 6100);
	stay(7000, 7300);
	sample(5000);
	sample(5100);
	sample(6010);
	sample(6200);
	run();
	CHECK(result.total.inside == 4 && !result.total.outside);
	CHECK(result.total.stays == 2 && result.total.stays_used == 2);
	CHECK(result.total.margin_entry == 0 && result.total.margin_exit == 0);
	CHECK(result.total.in_guest == 400 && result.total.span == 1300);
	CHECK(result.used_shortest == 100 && result.used_longest == 300);
	CHECK(check_passed(&result));
}

static void test_margins(void)
{
	begin();
	emit(5000, OFFSET, CLOCKTRACE_CREATED);
	stay(6000, 6100);
	sample(5007);
	sample(5095);
	run();
	CHECK(result.total.margin_entry == 7 && result.total.margin_exit == 5);
}

static void test_outside(void)
{
	static const uint64_t values[] = { 4999, 5101, 5999, 6301 };
	size_t i;

	for (i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		begin();
		emit(5000, OFFSET, CLOCKTRACE_CREATED);
		stay(6000, 6100);
		stay(7000, 7300);
		/* So that the trace goes on */
		emit(9000, OFFSET, CLOCKTRACE_REFRESH);
		sample(values[i]);
		run();
		CHECK_MSG(result.total.outside == 1, "%" PRIu64 " is not outside",
			  values[i]);
		CHECK(!check_passed(&result));
	}
}

/* By the smallest margin and one more, in either direction */
static void test_shift(void)
{
	static const struct {
		int64_t shift;
		size_t outside;
	} shifts[] = { { 7, 0 }, { 8, 1 }, { -5, 0 }, { -6, 1 }, { 100, 2 }, { -100, 2 } };
	size_t i;

	for (i = 0; i < sizeof(shifts) / sizeof(shifts[0]); i++) {
		begin();
		emit(5000, OFFSET, CLOCKTRACE_CREATED);
		stay(6000, 6100);
		emit(9000, OFFSET, CLOCKTRACE_REFRESH);
		sample(5007);
		sample(5095);
		run_guests(1, (uint64_t)shifts[i].shift);
		CHECK_MSG(result.total.outside == shifts[i].outside,
			  "%" PRId64 ": %zu outside", shifts[i].shift,
			  result.total.outside);
	}
}

static void test_change(void)
{
	begin();
	emit(5000, OFFSET, CLOCKTRACE_CREATED);
	stay(6000, 6100);
	emit(6500, OFFSET + 50, CLOCKTRACE_OFFSET);
	stay(7000, 7300);
	sample(5050);
	sample(6050);
	run();
	CHECK(result.total.inside == 2);
	CHECK(result.total.margin_entry == 0);
	CHECK(result.total.events[CLOCKTRACE_OFFSET] == 1);
}

/* The stay that the old values lead to is after the change, and does not count. */
static void test_change_emitted_late(void)
{
	begin();
	emit(5000, OFFSET, CLOCKTRACE_CREATED);
	stay(6000, 6100);
	emit(6500, OFFSET + 1000, CLOCKTRACE_OFFSET);
	stay(7000, 7300);
	emit(9000, OFFSET + 1000, CLOCKTRACE_REFRESH);
	sample(5050);
	sample(6050);
	run();
	CHECK(result.total.inside == 1 && result.total.outside == 1);
}

static void test_back_in_order(void)
{
	begin();
	emit(5000, OFFSET, CLOCKTRACE_CREATED);
	stay(6000, 6100);
	sample(5060);
	sample(5050);
	run();
	CHECK(result.total.inside == 1 && result.total.outside == 1);
}

/* A reset: the guest's time begins anew, and reads again what it has read before. */
static void test_read_twice(void)
{
	begin();
	emit(5000, OFFSET, CLOCKTRACE_CREATED);
	stay(6000, 6100);
	emit(6500, OFFSET - 1000, CLOCKTRACE_OFFSET);
	stay(7000, 7100);
	sample(5050);
	sample(5070);
	sample(5020);
	run();
	CHECK(result.total.inside == 3);
	CHECK(result.total.stays_used == 2);
}

static void test_before_and_after(void)
{
	begin();
	stay(5500, 5600);
	stay(6000, 6100);
	emit(6500, OFFSET, CLOCKTRACE_REFRESH);
	trace.whole_from = trace.stays[1].entry;
	/* In a stay, but where events of another CPU may be lost */
	sample(4550);
	sample(4700);
	sample(5050);
	sample(5600);
	run();
	CHECK(result.total.before == 2 && result.total.inside == 1);
	CHECK(result.total.after == 1 && !result.total.outside);
}

static void test_before_only_at_beginning(void)
{
	begin();
	stay(6000, 6100);
	emit(6500, OFFSET, CLOCKTRACE_REFRESH);
	sample(5050);
	sample(4700);
	sample(5090);
	run();
	CHECK(!result.total.before && result.total.outside == 1);
}

/* The trace is whole from the second stay on, and there is a reset after it. */
static void begin_late_with_reset(void)
{
	begin();
	stay(5500, 5600);
	stay(6000, 6100);
	emit(6150, OFFSET, CLOCKTRACE_REFRESH);
	emit(6500, OFFSET - 1000, CLOCKTRACE_OFFSET);
	stay(6550, 6650);
	trace.whole_from = trace.stays[1].entry;
}

/* A sample of before the trace has a value that falls into a stay after the reset, too. */
static void test_before_or_by_chance(void)
{
	begin_late_with_reset();
	stay(7250, 7350);
	sample(4580);
	sample(5050);
	sample(5300);
	run();
	CHECK(result.total.before == 1 && result.total.inside == 2);
	CHECK(!result.total.outside && result.total.stays_used == 2);
}

/* Where it does not help to take them for ones of before, they stay where they were. */
static void test_not_before_in_vain(void)
{
	begin_late_with_reset();
	stay(7500, 7600);
	sample(4580);
	sample(5200);
	run();
	CHECK(!result.total.before && result.total.inside == 1);
	CHECK(result.total.outside == 1 && result.total.stays_used == 1);
}

static void test_after_only_at_end(void)
{
	begin();
	stay(6000, 6100);
	emit(6500, OFFSET, CLOCKTRACE_REFRESH);
	sample(5050);
	sample(5700);
	sample(5090);
	run();
	CHECK(!result.total.after && result.total.outside == 1);
}

/* Without a refresh, nothing tells a late tracer of the guest. */
static void test_no_event(void)
{
	begin();
	stay(6000, 6100);
	at(9000);
	sample(5050);
	run();
	CHECK(result.total.outside == 1 && !result.total.inside);
	CHECK(!check_passed(&result));
}

static void test_contradiction(void)
{
	begin();
	emit(5000, OFFSET, CLOCKTRACE_CREATED);
	stay(6000, 6100);
	emit(6200, OFFSET, CLOCKTRACE_REFRESH);
	emit(6500, OFFSET + 1, CLOCKTRACE_REFRESH);
	sample(5050);
	run();
	CHECK(result.total.inside == 1 && !result.total.outside);
	CHECK(result.total.contradictions == 1);
	CHECK(!check_passed(&result));
}

/* The same vCPU number in another VM, and another thread */
static void test_other_vm(void)
{
	begin();
	emit(5000, OFFSET, CLOCKTRACE_CREATED);
	emit_of(5000, OTHER_VM, OTHER_PID, 0, CLOCKTRACE_CREATED);
	stay(6000, 6100);
	stay_of(OTHER_PID, 7000, 7100);
	emit(9000, OFFSET, CLOCKTRACE_REFRESH);
	sample(5050);
	sample(6050);
	sample_of(&guests[1], OTHER_PID, 0, 7050);
	run_guests(2, 0);
	CHECK(result.total.inside == 2 && result.total.outside == 1);
	CHECK(result.vcpus[0].outside == 1 && result.vcpus[1].inside == 1);
}

static void test_silent_guest(void)
{
	begin();
	emit(5000, OFFSET, CLOCKTRACE_CREATED);
	stay(6000, 6100);
	sample(5050);
	guests[1].pid = OTHER_PID;
	run_guests(2, 0);
	CHECK(result.silent == 1);
	CHECK(!check_passed(&result));
}

/* Sample 2 was in memory when the guest moved. */
static void test_moved(void)
{
	begin();
	emit(5000, OFFSET, CLOCKTRACE_CREATED);
	stay(6000, 6100);
	emit_of(7000, OTHER_VM, OTHER_PID, -3000, CLOCKTRACE_CREATED);
	stay_of(OTHER_PID, 8200, 8300);
	sample_of(&guests[0], PID, 0, 5010);
	sample_of(&guests[0], PID, 1, 5020);
	sample_of(&guests[0], OTHER_PID, 2, 5030);
	sample_of(&guests[0], OTHER_PID, 3, 5250);
	run();
	CHECK(result.total.inside == 4 && result.total.carried == 1);
	CHECK(check_passed(&result));
}

/* Not where its predecessor was not yet, and not after one of the new place */
static void test_moved_in_order(void)
{
	begin();
	emit(5000, OFFSET, CLOCKTRACE_CREATED);
	stay(6000, 6100);
	emit_of(7000, OTHER_VM, OTHER_PID, -3000, CLOCKTRACE_CREATED);
	stay_of(OTHER_PID, 8200, 8300);
	sample_of(&guests[0], PID, 0, 5050);
	sample_of(&guests[0], OTHER_PID, 1, 5030);
	sample_of(&guests[0], OTHER_PID, 2, 5250);
	sample_of(&guests[0], OTHER_PID, 3, 5080);
	run();
	CHECK(result.total.inside == 2 && result.total.outside == 2);
}

/* Samples 2 and 3 come again when the snapshot is loaded, 3 with another value. */
static void test_snapshot(void)
{
	begin();
	emit(5000, OFFSET, CLOCKTRACE_CREATED);
	stay(6000, 6100);
	emit(7000, OFFSET - 2000, CLOCKTRACE_OFFSET);
	stay(8000, 8100);
	sample_of(&guests[0], PID, 0, 5010);
	sample_of(&guests[0], PID, 1, 5020);
	sample_of(&guests[0], PID, 2, 5030);
	sample_of(&guests[0], PID, 3, 5040);
	sample_of(&guests[0], PID, 2, 5030);
	sample_of(&guests[0], PID, 3, 5060);
	run();
	CHECK(result.total.inside == 6 && !result.total.outside);
}

/* A thread that emitted nothing runs the only vCPU of that number. */
static void test_silent_thread(void)
{
	begin();
	emit(5000, OFFSET, CLOCKTRACE_CREATED);
	stay_of(12, 6000, 6100);
	sample(5050);
	run();
	CHECK(result.total.inside == 1 && check_passed(&result));
}

/* Of two VMs, the process tells which one it is; without it, nothing does. */
static void test_silent_thread_of_process(void)
{
	static const int processes[] = { OTHER_PID, PID, PROCESS_UNKNOWN };
	size_t i;

	for (i = 0; i < sizeof(processes) / sizeof(processes[0]); i++) {
		begin();
		emit(5000, OFFSET, CLOCKTRACE_CREATED);
		emit_of(5000, OTHER_VM, OTHER_PID, 0, CLOCKTRACE_CREATED);
		stay_of(12, 6000, 6100);
		trace.stays[0].process = processes[i];
		emit(9000, OFFSET, CLOCKTRACE_REFRESH);
		sample(5050);
		run();
		CHECK(result.total.inside == (processes[i] == PID));
		CHECK(result.total.outside == (processes[i] != PID));
	}
}

/* LTTng: the thread alone tells whose stay it is. */
static void test_unknown_vcpu(void)
{
	const int first = 11, second = 12;
	size_t i;

	begin();
	emit(5002, OFFSET, CLOCKTRACE_REFRESH);
	emit(5003, OFFSET - 500, CLOCKTRACE_REFRESH);
	trace.tsc_events[0].thread = first;
	trace.tsc_events[1].thread = second;
	trace.tsc_events[1].event.vcpu_id = 1;
	stay_of(first, 6000, 6100);
	stay_of(second, 7000, 7100);
	stay_of(13, 8000, 8100);
	for (i = 0; i < trace.nr_stays; i++)
		trace.stays[i].vcpu_id = VCPU_UNKNOWN;
	sample(5010);
	sample(5510);
	guests[0].items[1].vcpu = 1;
	run();
	CHECK(result.nr_vcpus == 2);
	CHECK(result.vcpus[0].inside == 1 && result.vcpus[0].stays == 1);
	CHECK(result.vcpus[1].inside == 1 && result.vcpus[1].stays == 1);
	CHECK(check_passed(&result));
	/* Of nobody: sorted first */
	CHECK(!trace.stays[0].vm_id && trace.stays[0].vcpu_id == VCPU_UNKNOWN);
}

/* Which pairs fit, the CPUs' vCPUs, and other ones that they can have */
static void fits_so(const char *pairs, size_t nr_cpus, size_t nr_vcpus, const char *chosen,
		    const char *rivals)
{
	size_t i, got[4], other[4];
	bool fits[16];

	for (i = 0; i < nr_cpus * nr_vcpus; i++)
		fits[i] = pairs[i] == '1';
	fit_cpus(fits, nr_cpus, nr_vcpus, got, other);
	for (i = 0; i < nr_cpus; i++) {
		CHECK_MSG((chosen[i] == '-' ? FIT_NONE : (size_t)(chosen[i] - '0')) == got[i],
			  "%s: CPU %zu has vCPU %zu", pairs, i, got[i]);
		CHECK_MSG((rivals[i] == '-' ? FIT_NONE : (size_t)(rivals[i] - '0')) == other[i],
			  "%s: the rival of CPU %zu is %zu", pairs, i, other[i]);
	}
}

/* As in any guest; where one has to give way; where two can change places; too few */
static void test_fit(void)
{
	fits_so("10" "01", 2, 2, "01", "--");
	fits_so("110" "100" "011", 3, 3, "102", "---");
	fits_so("110" "100" "110", 3, 3, "10-", "---");
	fits_so("11" "11", 2, 2, "10", "01");
	fits_so("101" "010", 2, 3, "01", "2-");
	fits_so("00" "01", 2, 2, "-1", "--");
	fits_so("1" "1", 2, 1, "0-", "--");
	fits_so("", 1, 0, "-", "-");
}

/* CPUID of a made-up CPU: the last leaf, and what the leaves of the APIC ID say */
static struct cpuid made_up[APIC_LEAF_TOPOLOGY_V2 + 1];

static struct cpuid made_up_cpuid(uint32_t leaf, uint32_t subleaf)
{
	CHECK(leaf <= made_up[0].eax && !subleaf);
	return made_up[leaf];
}

static uint32_t made_up_id(uint32_t last)
{
	made_up[0].eax = last;
	return apic_id(made_up_cpuid, apic_id_leaf(made_up_cpuid));
}

/* An APIC ID above 255 is cut in the leaf that all CPUs have. */
static void test_apic_id(void)
{
	memset(made_up, 0, sizeof(made_up));
	made_up[APIC_LEAF_FEATURES].ebx = (0x123 & 0xff) << 24 | 0x00ffffff;
	CHECK(made_up_id(0xa) == 0x23);
	/* Without levels of topology, a leaf is not there. */
	made_up[APIC_LEAF_TOPOLOGY].edx = 0x123;
	CHECK(made_up_id(0xd) == 0x23);
	made_up[APIC_LEAF_TOPOLOGY].ebx = 1;
	CHECK(made_up_id(0xa) == 0x23);
	CHECK(made_up_id(0xb) == 0x123);
	made_up[APIC_LEAF_TOPOLOGY_V2].edx = 0x456;
	CHECK(made_up_id(0x1f) == 0x123);
	made_up[APIC_LEAF_TOPOLOGY_V2].ebx = 2;
	CHECK(made_up_id(0x1e) == 0x123);
	CHECK(made_up_id(0x1f) == 0x456);
}

int main(void)
{
	tap_begin();
	tap_run(test_inside, "samples in their stays, and at both ends of them");
	tap_run(test_margins, "the smallest distance from entry and exit");
	tap_run(test_outside, "samples between two stays, by one tick");
	tap_run(test_shift, "a wrong offset, by one tick more than the margin");
	tap_run(test_change, "old values before a change, new ones after it");
	tap_run(test_change_emitted_late, "a stay after a change does not count for old values");
	tap_run(test_back_in_order, "a sample is not of before its predecessor");
	tap_run(test_read_twice, "a guest time that was read twice");
	tap_run(test_before_and_after, "samples of before the trace and after it");
	tap_run(test_before_only_at_beginning, "of before the trace are only the first");
	tap_run(test_before_or_by_chance, "of before the trace, or after a reset by chance");
	tap_run(test_not_before_in_vain, "not of before the trace if that is in vain");
	tap_run(test_after_only_at_end, "of after the trace are only the last");
	tap_run(test_no_event, "a guest that no event tells of");
	tap_run(test_contradiction, "a change without an event");
	tap_run(test_other_vm, "stays of another VM do not count");
	tap_run(test_silent_thread, "a thread without events, and one VM");
	tap_run(test_silent_thread_of_process, "a thread without events, and two VMs");
	tap_run(test_silent_guest, "a guest without samples");
	tap_run(test_moved, "samples that came with a guest from another VM");
	tap_run(test_moved_in_order, "such samples are placed in their order, too");
	tap_run(test_snapshot, "samples that come again with a snapshot");
	tap_run(test_unknown_vcpu, "stays whose vCPU only the thread tells");
	tap_run(test_fit, "which vCPUs the CPUs of a traced guest are");
	tap_run(test_apic_id, "the whole APIC ID of a CPU");
	return tap_end();
}
