// SPDX-License-Identifier: GPL-2.0
/*
 * The merge of live sessions, in virtual time: a script tells what comes from which session and
 * when, and the test knows where each event truly was.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/array.h"
#include "common/message.h"
#include "live/live.h"
#include "live/wire.h"
#include "random.h"
#include "tap.h"

#define HZ UINT64_C(2000000000)
#define SECOND INT64_C(1000000000)
#define PATIENCE (5 * SECOND)
#define VM 7
#define OFFSET INT64_C(-123456789)
#define MAX_LINES 20000
#define MAX_SOURCES 5
#define MEMORY (1 << 20)

/* What was handed on */
struct line {
	uint64_t time;
	uint64_t own_time;
	uint64_t earlier;
	uint64_t uncertainty;
	size_t source;
	uint32_t number;
	bool late;
	enum clocktrace_certainty certainty;
	enum event_kind kind;
};

static struct line lines[MAX_LINES];
static size_t nr_lines;
static struct live *live;
static int64_t now;
static struct trace_argument arguments[MAX_SOURCES];
static unsigned int said;
static bool stops;
/* With which host the first one exchanges packets, and the round of its SYN */
static uint8_t peer;
static uint32_t syn_round;

static void be_told(const char *text)
{
	(void)text;
	said++;
}

static bool take(void *data, const struct timeline *view, const struct placed *placed)
{
	(void)data;
	(void)view;
	if (nr_lines == MAX_LINES)
		return false;
	lines[nr_lines++] = (struct line){
		.time = placed->time,
		.own_time = placed->own_time,
		.earlier = placed->earlier,
		.uncertainty = placed->uncertainty,
		.source = placed->party,
		.number = placed->event->exit_reason,
		.late = placed->late,
		.certainty = placed->certainty,
		.kind = placed->event->kind,
	};
	return !stops;
}

static void name_sources(void)
{
	static char *const names[MAX_SOURCES] = { "net://r/host/a/s", "net://r/host/b/s",
						  "net://r/host/c/s", "net://r/host/d/s",
						  "net://r/host/e/s" };
	size_t i;

	for (i = 0; i < MAX_SOURCES; i++)
		arguments[i] = (struct trace_argument){ .path = names[i] };
}

/* With the sources as they are in arguments[] */
static void start(size_t count, const char *reference, size_t memory)
{
	struct live_options options = { .patience = PATIENCE, .memory = memory,
					.reference = reference };

	limits_set(&options.limits, LIMITS_RATE_PPB, LIMITS_DRIFT_PPT);
	nr_lines = 0;
	now = 1;
	said = 0;
	stops = false;
	peer = 1;
	syn_round = 15;
	message_handler(be_told);
	live = live_new(arguments, count, &options, now, take, NULL);
}

static void begin_with(size_t count, const char *reference)
{
	name_sources();
	start(count, reference, MEMORY);
}

/* The last one of the sources is the VM, as if the user had said so. */
static void begin_vm(size_t count)
{
	name_sources();
	arguments[count - 1].vm_id = VM;
	start(count, NULL, MEMORY);
}

static void begin(size_t count)
{
	begin_with(count, NULL);
}

static void end(void)
{
	CHECK_MSG(!live_bytes(live), "%zu bytes are still counted", live_bytes(live));
	live_free(live);
	message_handler(NULL);
}

static char *describe(size_t source, bool tells_of_guests, const char *uuid, const char *name)
{
	struct live_clock clock = { .frequency = HZ, .tells_of_guests = tells_of_guests };

	snprintf(clock.name, sizeof(clock.name), "%s", name);
	snprintf(clock.uuid, sizeof(clock.uuid), "%s", uuid);
	snprintf(clock.host, sizeof(clock.host), "machine%zu", source);
	return live_clock(live, source, &clock, now);
}

static void open_source(size_t source, bool tells_of_guests)
{
	char uuid[2] = { (char)('a' + source), '\0' };
	char *error = describe(source, tells_of_guests, uuid, "clock_trace");

	CHECK_MSG(!error, "%s", error);
	free(error);
}

static void begin_hosts(size_t count)
{
	size_t i;

	begin(count);
	for (i = 0; i < count; i++)
		open_source(i, true);
}

static void put(size_t source, const struct event *event)
{
	struct live_event *copy = live_event_named(event);

	copy->key = event->cpu;
	live_event(live, source, copy, event->time, now);
}

/* An event that says no more than its number */
static void plain(size_t source, uint64_t time, uint32_t number)
{
	const struct event event = {
		.time = time,
		.name = "plain",
		.thread = THREAD_NONE,
		.exit_reason = number,
	};

	put(source, &event);
}

static void kvm(size_t source, enum event_kind kind, uint64_t time, int thread)
{
	const struct event event = {
		.time = time,
		.name = "kvm",
		.kind = kind,
		.cpu = (unsigned int)thread % 16,
		.thread = thread,
		.vcpu_id = VCPU_UNKNOWN,
	};

	put(source, &event);
}

static void tell(size_t source, uint64_t time, int thread, uint64_t vm, int64_t offset,
		 uint64_t ratio)
{
	const struct event event = {
		.time = time,
		.name = "kvm_guest_counter",
		.kind = EVENT_GUEST_COUNTER,
		.cpu = (unsigned int)thread % 16,
		.thread = thread,
		.tsc = {
			.vm_id = vm,
			.tsc = { .offset = offset, .ratio = ratio, .frac_bits = 32 },
			.reason = CLOCKTRACE_REFRESH,
		},
	};

	put(source, &event);
}

static const uint64_t one = UINT64_C(1) << 32;

/* A vCPU is in the guest from each thousand + 50 to + 950. */
static void stays(size_t source, uint64_t from, uint64_t to, int thread)
{
	uint64_t time;

	for (time = from; time < to; time += 1000) {
		kvm(source, EVENT_ENTRY, time + 50, thread);
		kvm(source, EVENT_EXIT, time + 950, thread);
	}
}

static uint64_t guest_time(uint64_t time, int64_t offset)
{
	return time + (uint64_t)offset;
}

static size_t count_of(size_t source)
{
	size_t i, count = 0;

	for (i = 0; i < nr_lines; i++)
		count += lines[i].source == source;
	return count;
}

static void check_order(void)
{
	size_t i;

	for (i = 1; i < nr_lines; i++)
		CHECK_MSG(lines[i].late || (int64_t)lines[i].time >= (int64_t)lines[i - 1].time,
			  "line %zu is before the one before it, and not late", i);
}

static void inexact(uint64_t time, unsigned int cpu, uint32_t number)
{
	const struct event event = { .time = time, .name = "plain", .cpu = cpu,
				     .exit_reason = number };

	live_event(live, 0, live_event_named(&event), 298, now);
}

static void test_one(void)
{
	begin(1);
	open_source(0, true);
	plain(0, 100, 1);
	CHECK(live_advance(live, ++now));
	CHECK(!nr_lines);
	/* Between two streams, the order is only that of nanoseconds. */
	inexact(300, 0, 3);
	inexact(299, 1, 2);
	CHECK(live_advance(live, ++now));
	CHECK_MSG(nr_lines == 1, "%zu events are handed on", nr_lines);
	live_quiet(live, 0, 301, ++now);
	CHECK(live_advance(live, ++now));
	CHECK(nr_lines == 3);
	CHECK(lines[1].number == 2 && lines[2].number == 3);
	live_end(live, 0);
	CHECK(live_has_ended(live));
	CHECK(live_finish(live, ++now));
	CHECK(nr_lines == 3);
	end();
}

static void test_stop(void)
{
	begin(1);
	open_source(0, true);
	plain(0, 100, 1);
	plain(0, 200, 2);
	live_quiet(live, 0, 1000, ++now);
	stops = true;
	CHECK(!live_advance(live, ++now));
	CHECK(nr_lines == 1);
	stops = false;
	CHECK(live_advance(live, ++now));
	end();
}

/* A host with a guest, whose events are placed to the tick and wait for each other */
static void begin_pair(void)
{
	begin(2);
	open_source(0, true);
	open_source(1, false);
	tell(0, 1000, 100, VM, OFFSET, one);
}

static void test_guest(void)
{
	size_t i, found = 0;
	uint32_t number;

	begin_pair();
	stays(0, 2000, 42000, 100);
	for (number = 0; number < 40; number++)
		plain(1, guest_time(2500 + 1000 * number, OFFSET), number);
	live_quiet(live, 1, guest_time(45000, OFFSET), ++now);
	CHECK(live_advance(live, ++now));
	/* The host may still come with what is of the last stay. */
	live_quiet(live, 0, 45000, ++now);
	CHECK(live_advance(live, ++now));
	CHECK_MSG(nr_lines == 1 + 80 + 40, "%zu events are handed on", nr_lines);
	for (i = 1; i < nr_lines; i++) {
		if (lines[i].source != 1)
			continue;
		CHECK(lines[i].time == 2500 + 1000 * lines[i].number);
		CHECK(lines[i].kind == EVENT_OTHER && lines[i - 1].kind == EVENT_ENTRY);
		found++;
	}
	CHECK(found == 40);
	for (i = 0; i < nr_lines; i++)
		if (lines[i].source == 1 && (!lines[i].number || lines[i].number == 39))
			CHECK(lines[i].certainty == (lines[i].number ? CLOCKTRACE_KNOWN :
								       CLOCKTRACE_ASSUMED));
	CHECK(live_report(live, 1).vm == VM);
	check_order();
	end();
}

/* The tick of the entry, and that of the exit */
static void test_ticks(void)
{
	size_t i;

	begin_vm(2);
	open_source(0, true);
	open_source(1, false);
	tell(0, 1000, 100, VM, OFFSET, one);
	stays(0, 2000, 4000, 100);
	plain(1, guest_time(2050, OFFSET), 1);
	plain(1, guest_time(2950, OFFSET), 2);
	live_quiet(live, 0, 5000, ++now);
	live_quiet(live, 1, guest_time(5000, OFFSET), ++now);
	CHECK(live_advance(live, ++now));
	CHECK_MSG(nr_lines == 7, "%zu events", nr_lines);
	for (i = 0; i < nr_lines; i++)
		if (lines[i].source == 1)
			CHECK_MSG(i == 1 + lines[i].number, "event %u of the guest is line %zu",
				  lines[i].number, i);
	end();
}

static void test_waits_for_guest(void)
{
	begin_pair();
	stays(0, 2000, 42000, 100);
	live_quiet(live, 0, 45000, ++now);
	for (uint32_t i = 0; i < 20; i++)
		plain(1, guest_time(2500 + 1000 * i, OFFSET), i);
	CHECK(live_advance(live, ++now));
	/* The guest has told up to its last event, in the 20th stay. */
	CHECK_MSG(nr_lines == 1 + 19 * 2 + 1 + 19, "%zu events", nr_lines);
	live_quiet(live, 1, guest_time(31999, OFFSET), ++now);
	CHECK(live_advance(live, ++now));
	CHECK_MSG(nr_lines == 1 + 30 * 2 + 20, "%zu events", nr_lines);
	check_order();
	live_end(live, 1);
	CHECK(live_advance(live, ++now));
	CHECK(nr_lines == 1 + 40 * 2 + 20);
	end();
}

static void test_waits_for_host(void)
{
	begin_pair();
	stays(0, 2000, 22000, 100);
	for (uint32_t i = 0; i < 40; i++)
		plain(1, guest_time(2500 + 1000 * i, OFFSET), i);
	live_quiet(live, 1, guest_time(45000, OFFSET), ++now);
	CHECK(live_advance(live, ++now));
	CHECK_MSG(count_of(1) == 20, "%zu of the guest", count_of(1));
	stays(0, 22000, 42000, 100);
	live_quiet(live, 0, 45000, ++now);
	CHECK(live_advance(live, ++now));
	CHECK(count_of(1) == 40);
	check_order();
	end();
}

static void test_silent_guest(void)
{
	begin_pair();
	stays(0, 2000, 12000, 100);
	for (uint32_t i = 0; i < 10; i++)
		plain(1, guest_time(2500 + 1000 * i, OFFSET), i);
	live_quiet(live, 1, guest_time(11900, OFFSET), now);
	live_quiet(live, 0, 12000, now);
	CHECK(live_advance(live, now));
	CHECK(count_of(0) == 20);
	/* It holds up the host for as long as the patience, and no longer. */
	for (int i = 0; i < 5; i++) {
		now += SECOND;
		live_quiet(live, 0, 12000 + (uint64_t)i, now);
		CHECK(live_advance(live, now));
	}
	CHECK_MSG(count_of(0) == 20, "%zu of the host", count_of(0));
	CHECK(live_advance(live, ++now));
	CHECK_MSG(count_of(0) == 21, "%zu of the host", count_of(0));
	CHECK(live_report(live, 1).counts->silences == 1);
	CHECK(said == 1);
	stays(0, 13000, 20000, 100);
	live_quiet(live, 0, 20000, ++now);
	CHECK(live_advance(live, ++now));
	/* What comes after that is late, and nothing is lost; then it is as before. */
	plain(1, guest_time(13500, OFFSET), 100);
	plain(1, guest_time(21500, OFFSET), 101);
	live_quiet(live, 1, guest_time(30000, OFFSET), ++now);
	stays(0, 20000, 25000, 100);
	live_quiet(live, 0, 30000, ++now);
	CHECK(live_advance(live, ++now));
	CHECK_MSG(count_of(1) == 12, "%zu of the guest", count_of(1));
	CHECK(live_report(live, 1).counts->late == 1);
	CHECK(!live_report(live, 0).counts->late);
	check_order();
	for (size_t i = 0; i < nr_lines; i++)
		if (lines[i].source == 1)
			CHECK(lines[i].late == (lines[i].number == 100));
	end();
}

/* With hardly any patience, what is silent again and again is said from time to time. */
static void test_no_patience(void)
{
	begin_pair();
	for (uint32_t i = 0; i < 100; i++) {
		live_quiet(live, 1, 1, now);
		now += PATIENCE + 1;
		live_quiet(live, 0, 1, now);
		CHECK(live_advance(live, now));
	}
	CHECK(live_report(live, 1).counts->silences == 100);
	CHECK_MSG(said > 40 && said <= 51, "said %u times", said);
	CHECK(live_finish(live, now));
	end();
}

/* Whatever a process that reads a session writes, once its memory is damaged: the head, and as
 * much of the rest as a pipe takes */
static int status_of_record(uint32_t type, uint32_t size)
{
	static const char nothing[8192];
	const struct wire_head head = { type, size };
	const size_t rest = size < sizeof(nothing) ? size : sizeof(nothing);
	struct wire_head found;
	struct wire wire;
	int ends[2], status;
	pid_t child;

	CHECK(!pipe(ends));
	CHECK(write(ends[1], &head, sizeof(head)) == sizeof(head));
	CHECK(write(ends[1], nothing, rest) == (ssize_t)rest);
	close(ends[1]);
	child = fork();
	if (!child) {
		message_handler(be_told);
		wire = (struct wire){ .fd = ends[0] };
		while (wire_read(&wire))
			while (wire_next(&wire, &found))
				;
		_exit(0);
	}
	close(ends[0]);
	CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void test_records(void)
{
	CHECK(status_of_record(WIRE_QUIET, 8) == 0);
	CHECK(status_of_record(WIRE_QUIET, 7) == STATUS_UNUSABLE);
	CHECK(status_of_record(WIRE_LOST, 16) == 0);
	CHECK(status_of_record(WIRE_LOST, 15) == STATUS_UNUSABLE);
	CHECK(status_of_record(WIRE_CLOCK, sizeof(struct live_clock) - 1) == STATUS_UNUSABLE);
	CHECK(status_of_record(WIRE_EVENT, sizeof(struct live_event)) == STATUS_UNUSABLE);
	CHECK(status_of_record(WIRE_END, 0) == 0);
	CHECK(status_of_record(WIRE_EVENT, UINT32_MAX) == STATUS_UNUSABLE);
}

/* Without its host, a guest is placed by the last formula, which nothing proves. */
static void test_silent_host(void)
{
	begin_pair();
	stays(0, 2000, 52000, 100);
	live_quiet(live, 0, 52000, now);
	for (uint32_t i = 0; i < 60; i++)
		plain(1, guest_time(2500 + 1000 * i, OFFSET), i);
	live_quiet(live, 1, guest_time(70000, OFFSET), now);
	CHECK(live_advance(live, now));
	CHECK(count_of(1) == 50);
	now += PATIENCE + 1;
	live_quiet(live, 1, guest_time(70000, OFFSET), now);
	CHECK(live_advance(live, now));
	CHECK_MSG(count_of(1) == 60, "%zu of the guest", count_of(1));
	for (size_t i = 0; i < nr_lines; i++)
		if (lines[i].source == 1 && lines[i].number >= 32)
			CHECK_MSG((lines[i].certainty == CLOCKTRACE_ASSUMED) ==
				  (lines[i].number >= 50), "event %u", lines[i].number);
	check_order();
	end();
}

static void test_offset_changes(void)
{
	const int64_t later = OFFSET + 1000000;

	begin_pair();
	stays(0, 2000, 22000, 100);
	tell(0, 22000, 100, VM, later, one);
	stays(0, 23000, 43000, 100);
	live_quiet(live, 0, 50000, ++now);
	for (uint32_t i = 0; i < 20; i++)
		plain(1, guest_time(2500 + 1000 * i, OFFSET), i);
	for (uint32_t i = 21; i < 41; i++)
		plain(1, guest_time(2500 + 1000 * i, later), i);
	live_end(live, 1);
	CHECK(live_advance(live, ++now));
	CHECK_MSG(count_of(1) == 40, "%zu of the guest", count_of(1));
	for (size_t i = 0; i < nr_lines; i++)
		if (lines[i].source == 1)
			CHECK(lines[i].time == 2500 + 1000 * lines[i].number);
	check_order();
	end();
}

static void test_scaled(void)
{
	const uint64_t ratio = one / 3;
	uint64_t guest;

	begin(2);
	open_source(0, true);
	open_source(1, false);
	tell(0, 1000, 100, VM, OFFSET, ratio);
	stays(0, 2000, 42000, 100);
	live_quiet(live, 0, 45000, ++now);
	for (uint32_t i = 0; i < 40; i++) {
		const struct clocktrace_guest_counter tsc = { OFFSET, ratio, 32 };

		clocktrace_guest_from_host(&tsc, 2500 + 1000 * i, &guest);
		plain(1, guest, i);
	}
	live_end(live, 1);
	CHECK(live_advance(live, ++now));
	CHECK(count_of(1) == 40);
	for (size_t i = 0; i < nr_lines; i++)
		if (lines[i].source == 1)
			CHECK(lines[i].time <= 2500 + 1000 * lines[i].number &&
			      lines[i].time + lines[i].uncertainty >=
				      2500 + 1000 * lines[i].number);
	check_order();
	end();
}

/* Two VMs with the same offset: the stays tell which one it is. */
static void test_two_vms(void)
{
	begin_pair();
	tell(0, 1001, 101, VM + 1, OFFSET, one);
	for (uint64_t time = 2000; time < 42000; time += 1000) {
		kvm(0, EVENT_ENTRY, time + 50, 100);
		kvm(0, EVENT_EXIT, time + 450, 100);
		kvm(0, EVENT_ENTRY, time + 550, 101);
		kvm(0, EVENT_EXIT, time + 950, 101);
	}
	for (uint32_t i = 0; i < 40; i++)
		plain(1, guest_time(2700 + 1000 * i, OFFSET), i);
	live_quiet(live, 0, 50000, ++now);
	live_quiet(live, 1, guest_time(50000, OFFSET), ++now);
	CHECK(live_advance(live, ++now));
	CHECK(count_of(1) == 40);
	CHECK_MSG(live_report(live, 1).vm == VM + 1, "VM %llu",
		  (unsigned long long)live_report(live, 1).vm);
	end();
}

/* The guest's events come before its host tells of any VM, or of the right one. */
static void test_vm_told_later(void)
{
	begin(2);
	open_source(0, true);
	open_source(1, false);
	for (uint32_t i = 0; i < 10; i++)
		plain(1, guest_time(2500 + 1000 * i, OFFSET), i);
	live_end(live, 1);
	CHECK(live_advance(live, ++now));
	tell(0, 900, 101, VM + 1, OFFSET + 500000, one);
	live_quiet(live, 0, 950, now);
	CHECK(live_advance(live, ++now));
	tell(0, 1000, 100, VM, OFFSET, one);
	stays(0, 2000, 12000, 100);
	live_quiet(live, 0, 20000, now);
	CHECK(live_advance(live, ++now));
	live_end(live, 0);
	CHECK(live_finish(live, ++now));
	CHECK_MSG(count_of(1) == 10, "%zu of the guest", count_of(1));
	CHECK(live_report(live, 1).vm == VM);
	end();
}

/* So few events may fit by chance: another VM may still be told of. */
static void test_few_events(void)
{
	begin_pair();
	stays(0, 2000, 12000, 100);
	for (uint32_t i = 0; i < 7; i++)
		plain(1, guest_time(2500 + 1000 * i, OFFSET), i);
	live_quiet(live, 1, guest_time(11000, OFFSET), ++now);
	live_quiet(live, 0, 12000, ++now);
	CHECK(live_advance(live, ++now));
	CHECK(!nr_lines);
	now += PATIENCE;
	live_quiet(live, 1, guest_time(11000, OFFSET), now);
	live_quiet(live, 0, 12000, now);
	CHECK(live_advance(live, now));
	now += 10;
	CHECK(live_advance(live, now));
	CHECK_MSG(count_of(1) == 7, "%zu of the guest", count_of(1));
	check_order();
	live_end(live, 0);
	live_end(live, 1);
	CHECK(live_advance(live, ++now));
	end();
}

/* Two vCPUs fit, and give different times: none is right for sure. */
static void test_choice(void)
{
	begin_pair();
	struct event event = { .time = 1001, .name = "kvm_guest_counter", .kind = EVENT_GUEST_COUNTER,
			       .cpu = 5, .thread = 101,
			       .tsc = { .vm_id = VM, .vcpu_id = 1, .reason = CLOCKTRACE_REFRESH,
					.tsc = { .offset = OFFSET + 100, .ratio = one,
						 .frac_bits = 32 } } };
	put(0, &event);
	for (uint64_t time = 2000; time < 22000; time += 1000) {
		kvm(0, EVENT_ENTRY, time + 50, 100);
		kvm(0, EVENT_ENTRY, time + 51, 101);
		kvm(0, EVENT_EXIT, time + 949, 101);
		kvm(0, EVENT_EXIT, time + 950, 100);
	}
	for (uint32_t i = 0; i < 20; i++)
		plain(1, guest_time(2500 + 1000 * i, OFFSET), i);
	live_end(live, 0);
	live_end(live, 1);
	CHECK(live_finish(live, ++now));
	CHECK(!count_of(1) && live_report(live, 1).counts->unmatched == 20);
	end();
}

/* Both fit: nothing is placed, and nobody is held up for longer than the patience. */
static void test_ambiguous(void)
{
	begin_pair();
	tell(0, 1001, 101, VM + 1, OFFSET, one);
	for (uint64_t time = 2000; time < 42000; time += 1000) {
		kvm(0, EVENT_ENTRY, time + 50, 100);
		kvm(0, EVENT_ENTRY, time + 51, 101);
		kvm(0, EVENT_EXIT, time + 949, 101);
		kvm(0, EVENT_EXIT, time + 950, 100);
	}
	for (uint32_t i = 0; i < 40; i++)
		plain(1, guest_time(2700 + 1000 * i, OFFSET), i);
	live_quiet(live, 0, 50000, ++now);
	live_quiet(live, 1, guest_time(50000, OFFSET), ++now);
	CHECK(live_advance(live, ++now));
	CHECK(!nr_lines);
	now += PATIENCE + 1;
	live_quiet(live, 0, 50001, now);
	live_quiet(live, 1, guest_time(50001, OFFSET), now);
	CHECK(live_advance(live, ++now));
	CHECK(count_of(0) == 162 && !count_of(1));
	CHECK(live_report(live, 1).counts->unmatched == 40);
	end();
}

static void test_outside(void)
{
	begin_pair();
	stays(0, 2000, 42000, 100);
	for (uint32_t i = 0; i < 40; i++)
		plain(1, guest_time(2500 + 1000 * i, OFFSET), i);
	/* Between two stays, after it was matched */
	plain(1, guest_time(41990, OFFSET), 40);
	live_quiet(live, 0, 50000, ++now);
	live_quiet(live, 1, guest_time(50000, OFFSET), ++now);
	CHECK(live_advance(live, ++now));
	CHECK(count_of(1) == 40);
	CHECK(live_report(live, 1).counts->outside == 1);
	end();
}

static void test_losses(void)
{
	begin_pair();
	stays(0, 2000, 32000, 100);
	/* The exit is lost, and with it what was after that. */
	kvm(0, EVENT_ENTRY, 32050, 100);
	live_lost(live, 0, 32060, 36000);
	for (uint32_t i = 0; i < 31; i++)
		plain(1, guest_time(2500 + 1000 * i, OFFSET), i);
	live_quiet(live, 1, guest_time(33000, OFFSET), ++now);
	live_quiet(live, 0, 33500, ++now);
	CHECK(live_advance(live, ++now));
	CHECK_MSG(live_report(live, 1).counts->unplaced == 1, "%llu are not placed",
		  (unsigned long long)live_report(live, 1).counts->unplaced);
	struct event event = { .time = 34050, .name = "kvm", .kind = EVENT_ENTRY, .cpu = 4,
			       .thread = 100, .vcpu_id = VCPU_UNKNOWN, .lost_before = true,
			       .lost_from = 32060, .lost_to = 36000 };
	put(0, &event);
	for (uint32_t i = 31; i < 33; i++)
		plain(1, guest_time(2500 + 1000 * i, OFFSET), i);
	/* The exit of that stay is not there yet. */
	live_quiet(live, 1, guest_time(34600, OFFSET), ++now);
	live_quiet(live, 0, 34600, ++now);
	CHECK(live_advance(live, ++now));
	CHECK_MSG(count_of(1) == 31, "%zu of the guest", count_of(1));
	kvm(0, EVENT_EXIT, 34950, 100);
	live_quiet(live, 0, 50000, ++now);
	live_quiet(live, 1, guest_time(50000, OFFSET), ++now);
	CHECK(live_advance(live, ++now));
	CHECK_MSG(count_of(1) == 31, "%zu of the guest", count_of(1));
	CHECK(live_report(live, 1).counts->unplaced == 2);
	CHECK(!live_report(live, 1).counts->outside);
	CHECK(live_report(live, 0).counts->lost == 1);
	end();
}

static void test_reconnect(void)
{
	char *error;

	begin(1);
	open_source(0, true);
	for (uint32_t i = 0; i < 10; i++)
		plain(0, 100 * i + 100, i);
	CHECK(live_advance(live, ++now));
	live_gone(live, 0);
	open_source(0, true);
	/* The last ones come again. */
	for (uint32_t i = 7; i < 20; i++)
		plain(0, 100 * i + 100, i);
	live_end(live, 0);
	CHECK(live_advance(live, ++now));
	CHECK(nr_lines == 20);
	for (uint32_t i = 0; i < nr_lines; i++)
		CHECK(lines[i].number == i);
	CHECK(live_report(live, 0).counts->repeated == 3);
	CHECK(live_report(live, 0).counts->reconnections == 1);
	CHECK(!live_report(live, 0).counts->late);
	error = describe(0, true, "another", "clock_trace");
	CHECK(error && strstr(error, "another one than before"));
	free(error);
	end();
}

static void test_refused(void)
{
	char *error;

	begin(2);
	error = describe(0, true, "a", "monotonic");
	CHECK(error && strstr(error, "clocktrace-lttng setup"));
	free(error);
	open_source(0, true);
	struct live_clock clock = { .frequency = HZ, .name = "clock_trace", .uuid = "a",
				    .host = "machine0" };
	error = live_clock(live, 1, &clock, now);
	CHECK(error && strstr(error, "one session"));
	free(error);
	end();
}

static void test_memory(void)
{
	uint32_t number = 0;

	begin_pair();
	/* The guest is silent, and its host floods. */
	for (; live_wants(live, 0) && number < 100000; number++)
		plain(0, 2000 + number, number);
	CHECK_MSG(number > 1000 && number < 10000, "%u events", number);
	CHECK(live_bytes(live) <= (1 << 20) + 1000);
	CHECK(live_advance(live, ++now));
	CHECK(!live_wants(live, 0) && live_wants(live, 1));
	now += PATIENCE + 1;
	CHECK(live_advance(live, now));
	CHECK(live_wants(live, 0));
	live_quiet(live, 0, 1000000, ++now);
	CHECK(live_advance(live, ++now));
	CHECK(count_of(0) == number + 1);
	end();
}

static void test_epoch(void)
{
	struct event event = { .name = "clock_trace_epoch", .kind = EVENT_EPOCH,
			       .state = CLOCK_STATE_COUNTER, .epoch = 5, .time = 150 };

	begin(1);
	open_source(0, true);
	plain(0, 100, 1);
	put(0, &event);
	plain(0, 200, 2);
	event.time = 300;
	put(0, &event);
	event.time = 400;
	event.epoch = 6;
	put(0, &event);
	plain(0, 500, 3);
	live_end(live, 0);
	CHECK(live_advance(live, ++now));
	CHECK(nr_lines == 4);
	CHECK(live_report(live, 0).counts->epoch == 2);
	CHECK(said == 1);
	end();
}

/* Two hosts: b's counter is ahead by SKEW ticks and runs 50 ppm faster. */
#define SKEW UINT64_C(777000000000)

static uint64_t clock_b(uint64_t time)
{
	return SKEW + time + time / 20000;
}

static void packet(size_t source, enum event_kind kind, uint64_t time, bool forth,
		   uint32_t round, uint32_t number)
{
	struct packet packet = {
		.version = 4,
		/* A SYN counts if packets of before it were seen. */
		.protocol = round < syn_round ? PACKET_UDP : PACKET_TCP,
		.source = { 10, 0, 0, forth ? 0 : peer },
		.destination = { 10, 0, 0, forth ? peer : 0 },
		.source_port = forth ? 1000 : 2000,
		.destination_port = forth ? 2000 : 1000,
		.sequence = round > syn_round ? 100 * round : 100 * syn_round + 99,
		.acknowledgment = round <= syn_round ? (forth ? 0 : 100 * (syn_round + 1)) :
				  100 * (round + !forth),
		.length = round > syn_round ? 100 : 0,
		.flags = round > syn_round ? PACKET_ACK :
			 forth ? PACKET_SYN : PACKET_SYN | PACKET_ACK,
	};
	const struct event event = {
		.time = time,
		.name = "packet",
		.kind = kind,
		.thread = THREAD_NONE,
		.exit_reason = number,
		.packet = &packet,
	};

	put(source, &event);
}

/* What one of the hosts has of a packet each way: sent at @time, received 100 us later */
static void exchange_of(size_t source, uint64_t time, uint32_t round)
{
	const uint64_t delay = HZ / 10000;

	if (!source) {
		packet(0, EVENT_SENT, time, true, round, 4 * round);
		packet(0, EVENT_RECEIVED, time + 3 * delay, false, round, 4 * round + 3);
	} else {
		packet(source, EVENT_RECEIVED, clock_b(time + delay), true, round, 4 * round + 1);
		packet(source, EVENT_SENT, clock_b(time + 2 * delay), false, round, 4 * round + 2);
	}
}

static void exchange(uint64_t time, uint32_t round)
{
	exchange_of(0, time, round);
	exchange_of(1, time, round);
}

static uint64_t truth_of(uint32_t number)
{
	return HZ + HZ / 10 * (number / 4) + HZ / 10000 * (number % 4);
}

static void check_bounds(size_t from, bool of_b)
{
	size_t i;

	for (i = from; i < nr_lines; i++) {
		const uint64_t time = truth_of(lines[i].number);
		const int64_t truth = (int64_t)(of_b ? clock_b(time) : time);

		CHECK_MSG((int64_t)(lines[i].time - lines[i].earlier) <= truth &&
			  (int64_t)(lines[i].time + lines[i].uncertainty) >= truth,
			  "event %u is at %lld -%llu +%llu, and not at %lld", lines[i].number,
			  (long long)lines[i].time, (unsigned long long)lines[i].earlier,
			  (unsigned long long)lines[i].uncertainty, (long long)truth);
	}
}

static void try_hosts(bool of_b)
{
	uint32_t round;

	begin_with(2, of_b ? "machine1" : NULL);
	open_source(0, true);
	open_source(1, true);
	for (round = 0; round < 100; round++) {
		exchange(truth_of(4 * round), round);
		now += SECOND / 10;
		CHECK(live_advance(live, now));
	}
	CHECK_MSG(nr_lines > 380, "%zu events are handed on while they come", nr_lines);
	live_end(live, 0);
	live_end(live, 1);
	CHECK(live_advance(live, ++now));
	CHECK(nr_lines == 400);
	check_order();
	check_bounds(0, of_b);
	for (size_t i = 0; i < nr_lines; i++)
		CHECK(!lines[i].late);
	CHECK(live_report(live, !of_b).width_worst > 0);
	CHECK_MSG(live_report(live, !of_b).width_worst < 1000000, "bounds of up to %llu ns",
		  (unsigned long long)live_report(live, !of_b).width_worst);
	uint64_t messages, contradictions;
	live_messages(live, &messages, &contradictions);
	CHECK_MSG(messages == 2 * (99 - syn_round) && !contradictions, "%llu messages", (unsigned long long)messages);
	end();
}

static void test_hosts(void)
{
	try_hosts(false);
}

static void test_reference(void)
{
	try_hosts(true);
}

/* A reference that is no host of these is not waited for. */
static void test_no_reference(void)
{
	char *error;

	begin_with(2, "nosuch");
	open_source(0, true);
	error = describe(1, false, "b", "clock_trace");
	CHECK(error && strstr(error, "no host has the name or the URL 'nosuch'"));
	free(error);
	end();
	/* Nor is a guest. */
	begin_with(2, "machine1");
	open_source(0, true);
	error = describe(1, false, "b", "clock_trace");
	CHECK(error && strstr(error, "'machine1'"));
	free(error);
	end();
	/* Of one that never comes, all is told that waits for it. */
	begin_with(2, "machine1");
	open_source(0, true);
	plain(0, 100, 1);
	plain(0, 200, 2);
	now += 2 * PATIENCE;
	CHECK(live_advance(live, now));
	CHECK(live_finish(live, ++now));
	CHECK(!nr_lines && live_report(live, 0).counts->unbounded == 2);
	end();
}

/* One host's events come two seconds later than the other's. */
static void test_behind(void)
{
	const uint32_t behind = 20;
	uint32_t round;

	begin_hosts(2);
	for (round = 0; round < 100 + behind; round++) {
		if (round < 100)
			exchange_of(0, truth_of(4 * round), round);
		if (round >= behind)
			exchange_of(1, truth_of(4 * (round - behind)), round - behind);
		else
			live_quiet(live, 1, 0, now);
		now += SECOND / 10;
		CHECK(live_advance(live, now));
	}
	live_end(live, 0);
	live_end(live, 1);
	CHECK(live_advance(live, ++now));
	CHECK(nr_lines == 400);
	check_bounds(0, false);
	check_order();
	CHECK(!live_report(live, 0).counts->late && !live_report(live, 1).counts->late);
	end();
}

/* A packet each way of host b, whose answer takes @back; the first one takes 100 us. */
static void answer_slowly(uint64_t time, uint64_t back, uint32_t round)
{
	const uint64_t delay = HZ / 10000;

	packet(0, EVENT_SENT, time, true, round, 0);
	packet(1, EVENT_RECEIVED, clock_b(time + delay), true, round, 0);
	packet(1, EVENT_SENT, clock_b(time + 2 * delay), false, round, 0);
	packet(0, EVENT_RECEIVED, time + 2 * delay + back, false, round, 0);
}

/* While bounds are wide, an estimate may be far behind the truth, and the next message shows it.
 * What has been handed on before the event by that estimate makes it not late. */
static void test_estimate_moves(void)
{
	const uint64_t slow = HZ / 10, fast = HZ / 10000, at = 40 * HZ;
	bool found = false;
	uint32_t round;
	size_t i;

	begin_hosts(2);
	for (round = 0; round < 20; round++)
		answer_slowly(HZ * (round + 1), slow, round);
	plain(1, clock_b(at), 1000);
	plain(0, at + slow / 10, 1001);
	plain(0, at + slow / 5, 1002);
	live_quiet(live, 0, at + slow / 4, now);
	live_quiet(live, 1, clock_b(at + slow / 4), now);
	now += SECOND;
	CHECK(live_advance(live, now));
	CHECK_MSG(nr_lines == 82, "%zu events are handed on", nr_lines);
	CHECK(lines[80].number == 1001 && lines[81].number == 1002);
	for (; round < 30; round++)
		answer_slowly(at + HZ * (round - 19), fast, round);
	now += SECOND;
	CHECK(live_advance(live, now));
	live_end(live, 0);
	live_end(live, 1);
	CHECK(live_advance(live, ++now));
	CHECK_MSG(nr_lines == 123, "%zu events", nr_lines);
	check_order();
	CHECK(!live_report(live, 0).counts->late && !live_report(live, 1).counts->late);
	for (i = 0; i < nr_lines; i++) {
		if (lines[i].number != 1000)
			continue;
		found = true;
		CHECK(lines[i].time - lines[i].earlier <= at &&
		      lines[i].time + lines[i].uncertainty >= at);
	}
	CHECK(found);
	end();
}

/* A message is sent before it is received, also while its bound is not computed yet. */
static void test_sent_first(void)
{
	const uint64_t at = 40 * HZ;
	size_t i, sent = 0, received = 0;
	uint32_t round;

	begin_hosts(2);
	for (round = 0; round < 20; round++)
		answer_slowly(HZ * (round + 1), HZ / 10, round);
	now += SECOND;
	CHECK(live_advance(live, now));
	packet(1, EVENT_SENT, clock_b(at), false, round, 1000);
	packet(0, EVENT_RECEIVED, at + HZ / 10000, false, round, 1001);
	live_quiet(live, 0, at + HZ, now);
	live_quiet(live, 1, clock_b(at + HZ), now);
	now += SECOND / 1000;
	CHECK(live_advance(live, now));
	now += SECOND;
	CHECK(live_advance(live, now));
	for (i = 0; i < nr_lines; i++) {
		if (lines[i].number == 1000)
			sent = i;
		else if (lines[i].number == 1001)
			received = i;
	}
	CHECK_MSG(sent && sent < received, "sent %zu, received %zu", sent, received);
	live_end(live, 0);
	live_end(live, 1);
	CHECK(live_advance(live, ++now));
	end();
}

/* A host that was silent for longer than the patience: what it comes with after that, of before
 * what was handed on of it or of the other one, is late. */
static void test_late_host(void)
{
	const uint64_t at = truth_of(4 * 30);
	uint32_t round;
	size_t i;

	begin_hosts(2);
	for (round = 0; round < 20; round++)
		exchange(truth_of(4 * round), round);
	plain(1, clock_b(at), 1000);
	plain(0, at + 2000000, 1001);
	plain(1, clock_b(at + 4000000), 1006);
	live_quiet(live, 0, at + HZ, now);
	now += PATIENCE + 1;
	live_quiet(live, 0, at + HZ, now);
	CHECK(live_advance(live, now));
	CHECK_MSG(nr_lines == 83, "%zu events are handed on", nr_lines);
	plain(1, clock_b(at - 1000000), 1002);
	plain(1, clock_b(at + 1000000), 1003);
	plain(1, clock_b(at + 2 * HZ), 1004);
	plain(0, at + 3 * HZ, 1005);
	live_end(live, 0);
	live_end(live, 1);
	CHECK(live_advance(live, ++now));
	CHECK_MSG(nr_lines == 87, "%zu events", nr_lines);
	check_order();
	for (i = 80; i < nr_lines; i++)
		CHECK_MSG(lines[i].late == (lines[i].number == 1002 || lines[i].number == 1003),
			  "event %u is %slate", lines[i].number, lines[i].late ? "" : "not ");
	CHECK(live_report(live, 1).counts->late == 2);
	end();
}

/* Without messages, the other host is waited for as long as the patience, then left out. */
static void test_unbounded(void)
{
	begin_hosts(2);
	plain(0, 1000, 1);
	live_quiet(live, 0, 2000, now);
	live_quiet(live, 1, 4000, now);
	CHECK(live_advance(live, now));
	CHECK(!nr_lines);
	plain(1, 5000, 2);
	live_quiet(live, 1, 6000, now);
	CHECK(live_advance(live, now));
	CHECK(!nr_lines);
	now += PATIENCE;
	live_quiet(live, 0, 2000, now);
	live_quiet(live, 1, 6000, now);
	CHECK(live_advance(live, now));
	CHECK(!nr_lines);
	now += 1;
	CHECK(live_advance(live, now));
	CHECK(nr_lines == 1);
	CHECK(live_report(live, 1).counts->unbounded == 1);
	/* Once there are messages, it is back. */
	for (uint32_t round = 0; round < 20; round++)
		exchange(truth_of(4 * round), round);
	live_end(live, 0);
	live_end(live, 1);
	now += SECOND;
	CHECK(live_advance(live, now));
	CHECK_MSG(nr_lines == 81, "%zu events", nr_lines);
	check_bounds(1, false);
	check_order();
	end();
}

/* A host whose session ends before the others have told of its messages gets its bound by them. */
static void test_ends_first(void)
{
	uint32_t round;

	begin_hosts(2);
	for (round = 0; round < 20; round++)
		exchange_of(1, truth_of(4 * round), round);
	live_end(live, 1);
	CHECK(live_advance(live, ++now));
	CHECK(!nr_lines && !live_report(live, 1).counts->unbounded);
	for (round = 0; round < 20; round++) {
		exchange_of(0, truth_of(4 * round), round);
		CHECK(live_advance(live, ++now));
	}
	live_end(live, 0);
	CHECK(live_advance(live, ++now));
	CHECK_MSG(nr_lines == 80, "%zu events", nr_lines);
	check_bounds(0, false);
	check_order();
	end();
	/* If none come, it is given up after the patience, while the other one goes on. */
	begin_hosts(2);
	exchange_of(1, truth_of(0), 0);
	live_end(live, 1);
	plain(0, 1000, 1);
	live_quiet(live, 0, 2000, now);
	CHECK(live_advance(live, ++now));
	CHECK(!nr_lines);
	now += PATIENCE;
	live_quiet(live, 0, 2000, now);
	CHECK(live_advance(live, ++now));
	CHECK(nr_lines == 1 && live_report(live, 1).counts->unbounded == 2);
	live_end(live, 0);
	CHECK(live_advance(live, ++now));
	end();
}

/* Three hosts: the first one exchanges packets with the second one, then with the third one. */
static void begin_three(void)
{
	uint32_t round;

	begin_hosts(3);
	for (round = 0; round < 20; round++)
		exchange(truth_of(4 * round), round);
	live_quiet(live, 2, 1, now);
	CHECK(live_advance(live, ++now));
	peer = 2;
	syn_round = 35;
	for (; round < 40; round++) {
		exchange_of(0, truth_of(4 * round), round);
		exchange_of(2, truth_of(4 * round), round);
	}
}

/* What proves where a host is may come just after the bounds were computed, when all end. */
static void test_ends_soon(void)
{
	begin_three();
	live_end(live, 2);
	CHECK(live_advance(live, ++now));
	CHECK(!live_report(live, 2).counts->unbounded);
	live_end(live, 0);
	live_end(live, 1);
	CHECK(live_advance(live, ++now));
	CHECK_MSG(nr_lines == 160, "%zu events", nr_lines);
	check_bounds(0, false);
	check_order();
	end();
}

/* A session that never comes holds up the others for as long as the patience. */
static void test_missing(void)
{
	begin(2);
	open_source(0, true);
	plain(0, 100, 1);
	live_quiet(live, 0, 200, now);
	CHECK(live_advance(live, now + PATIENCE));
	CHECK(!nr_lines);
	live_quiet(live, 0, 200, now + PATIENCE);
	now += PATIENCE + 1;
	CHECK(live_advance(live, now));
	CHECK(nr_lines == 1);
	open_source(1, false);
	end();
}

/* Scripts at random: whatever comes in which order, if nothing is late nothing is lost, and all
 * is in order and where it was. */
static void test_random(void)
{
	uint64_t seed;

	for (seed = 1; seed <= 200; seed++) {
		uint64_t host = 2000, guest = 2000, lost = 0;
		uint32_t number = 0;

		random_state = seed;
		begin_pair();
		while (host < 102000 || guest < 102000) {
			now += (int64_t)random_below(SECOND / 10);
			if (host < 102000 && random_below(2)) {
				const uint64_t to = host + 1000 * (1 + random_below(10));

				stays(0, host, to, 100);
				host = to;
				live_quiet(live, 0, host, now);
			} else if (guest < 102000) {
				const uint64_t to = guest + 1000 * (1 + random_below(10));

				for (; guest < to; guest += 1000)
					if (random_below(2))
						plain(1, guest_time(guest + 51 + random_below(898),
								    OFFSET), number++);
				live_quiet(live, 1, guest_time(guest, OFFSET), now);
			}
			if (random_below(2))
				CHECK(live_advance(live, now));
		}
		live_end(live, 0);
		live_end(live, 1);
		CHECK(live_advance(live, ++now));
		check_order();
		lost = live_report(live, 1).counts->unplaced;
		CHECK_MSG(!live_report(live, 1).counts->late && !live_report(live, 0).counts->late &&
			  !live_report(live, 0).counts->silences &&
			  count_of(1) + lost == number && lost <= 10,
			  "seed %llu: %zu of %u, %llu lost", (unsigned long long)seed,
			  count_of(1), number, (unsigned long long)lost);
		end();
	}
}

/* Two hosts come back from silence: what both have missed is late. */
static void test_both_late(void)
{
	const uint64_t at = truth_of(4 * 60);
	size_t i;

	begin_three();
	now += SECOND;
	for (i = 0; i < 3; i++)
		live_quiet(live, i, i ? clock_b(at) : at, now);
	CHECK(live_advance(live, now));
	CHECK_MSG(nr_lines == 160, "%zu events", nr_lines);
	plain(0, at + 20 * HZ, 1000);
	live_quiet(live, 0, at + 21 * HZ, now);
	now += PATIENCE + 1;
	live_quiet(live, 0, at + 21 * HZ, now);
	CHECK(live_advance(live, now));
	CHECK_MSG(nr_lines == 161, "%zu events", nr_lines);
	plain(1, clock_b(at + 2 * HZ), 1001);
	plain(2, clock_b(at + 4 * HZ), 1002);
	live_quiet(live, 1, clock_b(at + 3 * HZ), now);
	live_quiet(live, 2, clock_b(at + 5 * HZ), now);
	CHECK(live_advance(live, ++now));
	live_quiet(live, 1, clock_b(at + 30 * HZ), now);
	live_quiet(live, 2, clock_b(at + 30 * HZ), now);
	CHECK(live_advance(live, ++now));
	CHECK_MSG(nr_lines == 163, "%zu events", nr_lines);
	for (i = 160; i < nr_lines; i++)
		CHECK_MSG(lines[i].late == (lines[i].number != 1000),
			  "event %u is %slate, and at %lld ms", lines[i].number,
			  lines[i].late ? "" : "not ",
			  (long long)(lines[i].time - at) / 2000000);
	for (i = 0; i < 3; i++)
		live_end(live, i);
	CHECK(live_advance(live, ++now));
	end();
}

/* A guest that was silent is late, also where its host has nothing before what comes next. */
static void test_late_guest(void)
{
	const uint64_t at = truth_of(4 * 30);
	uint32_t round;
	size_t i;

	begin_vm(3);
	for (i = 0; i < 3; i++)
		open_source(i, i < 2);
	for (round = 0; round < 20; round++)
		exchange(truth_of(4 * round), round);
	tell(1, clock_b(at), 100, VM, OFFSET, one);
	kvm(1, EVENT_ENTRY, clock_b(at) + 10, 100);
	kvm(1, EVENT_EXIT, clock_b(at + 20 * HZ), 100);
	plain(0, at + 10 * HZ, 1000);
	live_quiet(live, 0, at + 11 * HZ, now);
	live_quiet(live, 1, clock_b(at + 30 * HZ), now);
	CHECK(live_advance(live, ++now));
	now += PATIENCE + 1;
	live_quiet(live, 0, at + 11 * HZ, now);
	live_quiet(live, 1, clock_b(at + 30 * HZ), now);
	CHECK(live_advance(live, now));
	CHECK_MSG(nr_lines == 83, "%zu events", nr_lines);
	plain(2, guest_time(clock_b(at + 2 * HZ), OFFSET), 1001);
	live_quiet(live, 2, guest_time(clock_b(at + 30 * HZ), OFFSET), now);
	for (i = 0; i < 3; i++)
		live_end(live, i);
	CHECK(live_advance(live, ++now));
	CHECK_MSG(nr_lines == 85, "%zu events", nr_lines);
	for (i = 80; i < nr_lines; i++)
		CHECK_MSG(lines[i].late == (lines[i].number == 1001),
			  "event %u of %zu is %slate, and at %lld ms", lines[i].number,
			  lines[i].source, lines[i].late ? "" : "not ",
			  (long long)(lines[i].time - at) / 2000000);
	end();
}

/*
 * Several hosts at random, and a guest of the second one, against what truly was: clocks of
 * different rates, messages that are slow at first and fast later, each direction by itself, and
 * sessions that come in batches and are silent now and then.
 */
#define SIM_HOSTS 4
#define SIM_EVENTS MAX_LINES
#define SIM_SECONDS 16
/* No bound is wider than this: of three messages each way, one after the other. */
#define SIM_WIDEST (HZ * 6 / 5)

/* An event, and when it truly was; before which time of the axis all had been handed on when it
 * came */
struct scripted {
	uint64_t truth;
	size_t source;
	struct event event;
	struct packet packet;
	int64_t handed_on;
};

static struct {
	size_t nr_hosts;
	size_t nr_sources;
	size_t reference;
	uint64_t skews[SIM_HOSTS];
	int64_t ppm[SIM_HOSTS];
	/* Until when messages are slow, and how slow, by direction */
	uint64_t slow_to[SIM_HOSTS][SIM_HOSTS];
	uint64_t slow[SIM_HOSTS][SIM_HOSTS];
	size_t memory;
	struct scripted events[SIM_EVENTS];
	size_t nr_events;
	size_t next[SIM_HOSTS + 1];
	int64_t silent_to[SIM_HOSTS + 1];
	bool may_fall_silent[SIM_HOSTS + 1];
	bool is_patient;
	int64_t handed_on;
	int64_t began;
	size_t nr_checked;
} sim;

static uint64_t sim_own(size_t source, uint64_t truth)
{
	if (source == sim.nr_hosts)
		return guest_time(sim_own(1, truth), OFFSET);
	return sim.skews[source] + truth +
	       (uint64_t)((int64_t)truth * sim.ppm[source] / 1000000);
}

static struct scripted *sim_add(uint64_t truth, size_t source, enum event_kind kind)
{
	struct scripted *scripted = &sim.events[sim.nr_events];

	if (sim.nr_events == SIM_EVENTS)
		abort();
	sim.nr_events++;
	*scripted = (struct scripted){
		.truth = truth,
		.source = source,
		.event = {
			.time = sim_own(source, truth),
			.name = "simulated",
			.kind = kind,
			.thread = THREAD_NONE,
			.vcpu_id = VCPU_UNKNOWN,
		},
	};
	return scripted;
}

static void sim_packet(uint64_t truth, size_t source, enum event_kind kind,
		       const struct packet *packet)
{
	sim_add(truth, source, kind)->packet = *packet;
}

static uint64_t sim_delay(size_t from, size_t to, uint64_t truth)
{
	if (truth < sim.slow_to[from][to])
		return sim.slow[from][to] + random_below(sim.slow[from][to] / 2 + 1);
	return HZ / 50000 + random_below(HZ / 2000) * (random_below(4) ? 1 : 20);
}

/* The connection of two hosts */
static void sim_connection(size_t a, size_t b)
{
	const size_t ends[2] = { a, b };
	uint32_t sequences[2] = { 1000, 5000 };
	uint64_t truth = HZ / 20 + random_below(HZ / 20), arrival;
	const uint64_t pause = HZ / 100 + random_below(HZ / 5);
	uint32_t round;

	for (round = 0; truth < SIM_SECONDS * HZ; round++) {
		/* A host has no bound before there is a message each way. */
		const size_t from = round < 12 ? round & 1 : random_below(2);
		struct packet packet = {
			.version = 4,
			.protocol = PACKET_TCP,
			.source = { 10, 0, 0, (uint8_t)ends[from] },
			.destination = { 10, 0, 0, (uint8_t)ends[!from] },
			.source_port = (uint16_t)(1000 + ends[from]),
			.destination_port = (uint16_t)(1000 + ends[!from]),
			.sequence = sequences[from],
			.acknowledgment = round ? (from ? 1001 : 5001) : 0,
			.length = round < 2 ? 0 : 100,
			.flags = !round ? PACKET_SYN :
				 round == 1 ? PACKET_SYN | PACKET_ACK : PACKET_ACK,
		};

		sequences[from] += round < 2 ? 1 : 100;
		arrival = truth + sim_delay(ends[from], ends[!from], truth);
		sim_packet(truth, ends[from], EVENT_SENT, &packet);
		sim_packet(arrival, ends[!from], EVENT_RECEIVED, &packet);
		truth = round < 2 ? arrival + HZ / 100 : truth + 1 + random_below(2 * pause);
	}
}

static void sim_plain(size_t source)
{
	uint64_t truth = random_below(HZ), pause = HZ / 1000 + random_below(HZ / 20);

	while (truth < SIM_SECONDS * HZ) {
		sim_add(truth, source, EVENT_OTHER);
		truth += 1 + random_below(2 * pause);
		if (!random_below(100))
			truth += random_below(2 * HZ);
	}
}

/* A vCPU's stays on the second host, and events in them */
static void sim_guest(void)
{
	uint64_t truth = HZ / 2, leave, inside;
	struct scripted *scripted = sim_add(HZ / 1000, 1, EVENT_GUEST_COUNTER);

	scripted->event.thread = 100;
	scripted->event.tsc = (struct clocktrace_guest_event){
		.vm_id = VM,
		.tsc = { .offset = OFFSET, .ratio = one, .frac_bits = 32 },
		.reason = CLOCKTRACE_REFRESH,
	};
	while (truth < SIM_SECONDS * HZ) {
		leave = truth + HZ / 1000 + random_below(HZ / 20);
		sim_add(truth, 1, EVENT_ENTRY)->event.thread = 100;
		for (inside = truth + 100 + random_below(HZ / 100); inside + 100 < leave;
		     inside += 1 + random_below(HZ / 25))
			sim_add(inside, sim.nr_hosts, EVENT_OTHER);
		sim_add(leave, 1, EVENT_EXIT)->event.thread = 100;
		truth = leave + 1 + random_below(random_below(20) ? HZ / 20 : HZ);
	}
}

static int compare_truth(const void *left, const void *right)
{
	const struct scripted *a = left, *b = right;

	if (a->truth != b->truth)
		return a->truth < b->truth ? -1 : 1;
	return a->source < b->source ? -1 : a->source > b->source;
}

static void sim_script(void)
{
	size_t i, j;

	sim.nr_events = 0;
	for (i = 0; i < sim.nr_hosts; i++) {
		sim.skews[i] = HZ * random_below(100000);
		sim.ppm[i] = (int64_t)random_below(81) - 40;
		for (j = 0; j < sim.nr_hosts; j++) {
			sim.slow[i][j] = 1 + random_below(HZ / 10);
			sim.slow_to[i][j] = random_below(SIM_SECONDS * HZ * 3 / 2);
		}
	}
	for (i = 0; i < sim.nr_hosts; i++) {
		sim_plain(i);
		for (j = i + 1; j < sim.nr_hosts; j++)
			if (j == i + 1 || random_below(2))
				sim_connection(i, j);
	}
	if (sim.nr_sources > sim.nr_hosts)
		sim_guest();
	qsort(sim.events, sim.nr_events, sizeof(sim.events[0]), compare_truth);
	for (i = 0; i < sim.nr_events; i++) {
		struct scripted *scripted = &sim.events[i];

		scripted->event.exit_reason = (uint32_t)i;
		if (scripted->event.kind == EVENT_SENT || scripted->event.kind == EVENT_RECEIVED)
			scripted->event.packet = &scripted->packet;
	}
}

static void sim_begin(void)
{
	size_t i;

	name_sources();
	arguments[sim.nr_hosts].vm_id = VM;
	start(sim.nr_sources, arguments[sim.reference].path, sim.memory);
	sim.began = now;
	sim.nr_checked = 0;
	sim.handed_on = INT64_MIN;
	for (i = 0; i < sim.nr_sources; i++) {
		open_source(i, i < sim.nr_hosts);
		sim.next[i] = 0;
		sim.silent_to[i] = 0;
		sim.may_fall_silent[i] = true;
	}
}

static bool sim_advance(void)
{
	bool go_on = live_advance(live, now);

	for (; sim.nr_checked < nr_lines; sim.nr_checked++) {
		const struct line *line = &lines[sim.nr_checked];
		const struct scripted *scripted = &sim.events[line->number];
		const int64_t truth = (int64_t)sim_own(sim.reference, scripted->truth);
		const int64_t time = (int64_t)line->time;

		CHECK_MSG(time - (int64_t)line->earlier <= truth &&
			  time + (int64_t)line->uncertainty >= truth,
			  "event %u is at %lld -%llu +%llu, and not at %lld", line->number,
			  (long long)time, (unsigned long long)line->earlier,
			  (unsigned long long)line->uncertainty, (long long)truth);
		CHECK_MSG(time - truth <= (int64_t)SIM_WIDEST &&
			  truth - time <= (int64_t)SIM_WIDEST,
			  "event %u is %lld ticks from where it was", line->number,
			  (long long)(time - truth));
		CHECK_MSG(line->late || time >= sim.handed_on,
			  "event %u is before what was handed on, and not late", line->number);
		CHECK_MSG(!line->late || !sim.is_patient, "event %u of %zu is late",
			  line->number, scripted->source);
		CHECK_MSG(line->late || scripted->handed_on == INT64_MIN ||
			  truth + (int64_t)SIM_WIDEST >= scripted->handed_on,
			  "event %u came %lld ticks too late, and is not late", line->number,
			  (long long)(scripted->handed_on - truth));
		if (time > sim.handed_on)
			sim.handed_on = time;
	}
	return go_on;
}

/* What a session has told until a time; false if it is not read on */
static bool sim_read(size_t source, uint64_t to, bool has_all)
{
	for (; sim.next[source] < sim.nr_events; sim.next[source]++) {
		struct scripted *scripted = &sim.events[sim.next[source]];

		if (scripted->source != source)
			continue;
		if (scripted->truth > to)
			break;
		if (!live_wants(live, source) || (!has_all && !random_below(100)))
			return false;
		if (!has_all && !random_below(100))
			CHECK(sim_advance());
		scripted->handed_on = sim.handed_on;
		put(source, &scripted->event);
		sim.may_fall_silent[source] = true;
	}
	sim.may_fall_silent[source] = true;
	live_quiet(live, source, sim_own(source, to), now);
	return true;
}

static void sim_step(bool is_over)
{
	size_t i;

	now += 1 + (int64_t)random_below(SECOND / 20);
	for (i = 0; i < sim.nr_sources; i++) {
		const uint64_t truth = (uint64_t)(now - sim.began) * (HZ / (uint64_t)SECOND);
		const uint64_t lag = random_below(HZ / 20);

		if ((now < sim.silent_to[i] && !is_over) || !live_wants(live, i))
			continue;
		/* A host without a bound is given up after the patience. */
		if (sim.may_fall_silent[i] && !is_over && now > 2 * SECOND &&
		    !random_below(50)) {
			sim.silent_to[i] = now + (int64_t)random_below(
				(uint64_t)(sim.is_patient ? PATIENCE * 9 / 10 : 2 * PATIENCE));
			sim.may_fall_silent[i] = false;
			continue;
		}
		sim_read(i, truth > lag ? truth - lag : 0, is_over);
	}
	if (is_over || random_below(3))
		CHECK(sim_advance());
}

static bool sim_is_all_read(void)
{
	size_t i;

	for (i = 0; i < sim.nr_sources; i++)
		if (sim.next[i] < sim.nr_events)
			return false;
	return true;
}

static void sim_play(uint64_t seed)
{
	struct live_counts all = { 0 };
	uint64_t messages, contradictions;
	unsigned int steps = 0;
	size_t i, late = 0;

	sim_script();
	sim_begin();
	while (now < SIM_SECONDS * SECOND)
		sim_step(false);
	/* All is handed on before the sessions end. */
	while (!sim_is_all_read() && ++steps < 2000)
		sim_step(true);
	CHECK_MSG(sim_is_all_read(), "seed %llu: not all is read", (unsigned long long)seed);
	for (steps = 0; steps < 160; steps++)
		sim_step(true);
	CHECK_MSG(!live_bytes(live), "seed %llu: %zu bytes wait", (unsigned long long)seed,
		  live_bytes(live));
	for (i = 0; i < sim.nr_sources; i++)
		live_end(live, i);
	now++;
	CHECK(sim_advance());
	for (i = 0; i < sim.nr_sources; i++) {
		const struct live_counts *counts = live_report(live, i).counts;

		all.events += counts->events;
		all.unplaced += counts->unplaced;
		all.unbounded += counts->unbounded;
		all.silences += counts->silences;
		late += counts->late;
	}
	live_messages(live, &messages, &contradictions);
	CHECK_MSG(!contradictions, "seed %llu: %llu contradictions", (unsigned long long)seed,
		  (unsigned long long)contradictions);
	CHECK_MSG(messages > 50, "seed %llu: %llu messages", (unsigned long long)seed,
		  (unsigned long long)messages);
	CHECK_MSG(nr_lines + all.unplaced + all.unbounded == sim.nr_events &&
		  all.events == sim.nr_events,
		  "seed %llu: %zu of %zu, %llu not placed, %llu without a bound",
		  (unsigned long long)seed, nr_lines, sim.nr_events,
		  (unsigned long long)all.unplaced, (unsigned long long)all.unbounded);
	if (sim.is_patient)
		CHECK_MSG(nr_lines == sim.nr_events && !late && !all.silences,
			  "seed %llu: %zu of %zu, %zu late, %llu silences",
			  (unsigned long long)seed, nr_lines, sim.nr_events, late,
			  (unsigned long long)all.silences);
	end();
}

static void simulate(bool is_patient)
{
	uint64_t seed;

	for (seed = 1; seed <= 60; seed++) {
		random_state = seed;
		sim.is_patient = is_patient;
		sim.nr_hosts = 2 + random_below(3);
		sim.nr_sources = sim.nr_hosts + random_below(2);
		sim.reference = random_below(sim.nr_hosts);
		sim.memory = random_below(3) ? 1 << 20 : 200000;
		sim_play(seed);
	}
}

/* No session is silent for longer than the patience. */
static void test_simulated(void)
{
	simulate(true);
}

static void test_simulated_silences(void)
{
	simulate(false);
}

int main(void)
{
	tap_begin();
	tap_run(test_one, "live: what is not complete waits");
	tap_run(test_stop, "live: who takes the events may stop");
	tap_run(test_guest, "live: a guest is placed to the tick");
	tap_run(test_ticks, "live: after the entry and before the exit, in one tick");
	tap_run(test_waits_for_guest, "live: a host waits for its guest");
	tap_run(test_waits_for_host, "live: a guest waits for its host");
	tap_run(test_silent_guest, "live: a silent guest is waited for as long as the patience");
	tap_run(test_no_patience, "live: a session that is silent often is not said each time");
	tap_run(test_records, "live: records that are too short or too long are refused");
	tap_run(test_silent_host, "live: without its host, a guest is placed by the last formula");
	tap_run(test_offset_changes, "live: a TSC offset that changes");
	tap_run(test_scaled, "live: a scaled TSC");
	tap_run(test_two_vms, "live: stays tell which VM it is");
	tap_run(test_vm_told_later, "live: a VM that is told of later than its guest comes");
	tap_run(test_few_events, "live: a guest of few events is taken for a VM's when the patience is over");
	tap_run(test_choice, "live: two vCPUs that give different times");
	tap_run(test_ambiguous, "live: a guest that fits two VMs is not placed, and stops nobody");
	tap_run(test_outside, "live: what is in no stay is counted");
	tap_run(test_losses, "live: lost events of a host prove nothing");
	tap_run(test_reconnect, "live: what comes twice after a reconnection is there once");
	tap_run(test_refused, "live: another clock, and two sessions of one machine, are refused");
	tap_run(test_memory, "live: a flood is not read on");
	tap_run(test_epoch, "live: another epoch is left out");
	tap_run(test_hosts, "live: of two hosts, each bound is true, and the order is that of the estimates");
	tap_run(test_reference, "live: another host is the reference");
	tap_run(test_no_reference, "live: a reference that is no host is refused, or what waits for it told");
	tap_run(test_behind, "live: a host that is behind is waited for, and nothing is late");
	tap_run(test_estimate_moves, "live: a better estimate makes no event late");
	tap_run(test_sent_first, "live: no message is received before it is sent");
	tap_run(test_late_host, "live: what a silent host comes with later is late");
	tap_run(test_both_late, "live: what two silent hosts come with later is late");
	tap_run(test_late_guest, "live: what a silent guest comes with later is late, before what its host has next");
	tap_run(test_unbounded, "live: a host without a message stops nobody");
	tap_run(test_ends_first, "live: a host that ends first gets its bound by the others");
	tap_run(test_ends_soon, "live: messages that come as all end count");
	tap_run(test_missing, "live: a session that never comes stops nobody");
	tap_run(test_random, "live: scripts at random lose nothing");
	tap_run(test_simulated, "live: hosts at random: in order, within the bounds, nothing late or lost");
	tap_run(test_simulated_silences, "live: hosts at random with silences: what is too late is told");
	return tap_end();
}
