// SPDX-License-Identifier: GPL-2.0
/*
 * Which traces are of one clock
 *
 * The UUID says so, but it may lie. Clones of one virtual machine share it, though their
 * counters differ; and where a container shows another boot id, one clock has two.
 * The offset to the Epoch tells: it is where the counter was 0, and that moment is as good
 * as unique.
 *
 * How far two measurements of an offset may be apart depends on the time between them: the
 * counter runs freely, while NTP steers CLOCK_REALTIME. LTTng measures when a trace
 * begins, so the beginnings of two traces tell how far it can have steered.
 *
 * After a rotation, and in a snapshot, a trace begins where an earlier one ended, and its offset
 * is that of the first one. The trace of the kernel is then as old as the session, that of a
 * process as the process, and that of all processes of a user is of somewhere between; the
 * traces of earlier rotations tell when, if they are at hand.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/array.h"
#include "common/message.h"
#include "trace.h"

#define NSEC_PER_SEC	1000000000
/* By more than one in so many, neither NTP nor the measured frequency is off for long. */
#define STEERED		10000

/*
 * The date of a session or a process is in whole seconds, and tracing starts a moment later.
 */
#define DATE_ERROR	2

typedef __int128 wide;

static wide total_offset(const struct clock *clock)
{
	return (wide)clock->offset_s * clock->frequency + clock->offset;
}

static wide apart(const struct trace *one, const struct trace *other)
{
	wide ticks = total_offset(&one->clock) - total_offset(&other->clock);

	return ticks < 0 ? -ticks : ticks;
}

/* When the offset of a trace was measured, as far as the trace tells by itself */
static void find_measured(struct trace *trace)
{
	const struct clock *clock = &trace->clock;
	int64_t date = clock->registered > clock->created ? clock->registered : clock->created;
	wide error = (wide)DATE_ERROR * clock->frequency, ticks;

	trace->measured_from = trace->measured_to = trace->begin;
	if (!trace->is_continued || !date)
		return;
	ticks = (wide)date * clock->frequency - total_offset(clock);
	if (ticks - error < trace->begin)
		trace->measured_from = ticks - error;
	if ((clock->kernel || clock->registered) && ticks + error < trace->begin)
		trace->measured_to = ticks + error;
}

/* The longest time that there can be between the two measurements */
static wide time_between(const struct trace *one, const struct trace *other)
{
	wide before = other->measured_to - one->measured_from;
	wide after = one->measured_to - other->measured_from;

	return before > after ? before : after;
}

static wide allowed(const struct trace *one, const struct trace *other, uint64_t tolerance_ns)
{
	wide ticks = (wide)tolerance_ns * one->clock.frequency / NSEC_PER_SEC;

	if (one->has_begin && other->has_begin)
		ticks += time_between(one, other) / STEERED;
	return ticks;
}

static bool same_uuid(const struct trace *one, const struct trace *other)
{
	return !strcasecmp(one->clock.uuid, other->clock.uuid);
}

static bool agree(const struct trace *one, const struct trace *other, uint64_t tolerance_ns)
{
	return one->clock.frequency == other->clock.frequency &&
	       apart(one, other) <= allowed(one, other, tolerance_ns);
}

static bool same_but_for_uuid(const struct trace *one, const struct trace *other,
			      uint64_t tolerance_ns)
{
	return !strcmp(one->clock.name, "clock_trace") &&
	       !strcmp(other->clock.name, "clock_trace") && one->clock.host[0] &&
	       !strcmp(one->clock.host, other->clock.host) && agree(one, other, tolerance_ns);
}

/* Traces of one UUID and offset are of one measurement, which the earliest of them tells best. */
static void share_measured(struct trace *traces, size_t count)
{
	size_t i, j;

	for (i = 0; i < count; i++)
		find_measured(&traces[i]);
	for (i = 0; i < count; i++)
		for (j = 0; traces[i].is_continued && j < count; j++) {
			if (!traces[j].has_begin || traces[j].group != traces[i].group ||
			    apart(&traces[i], &traces[j]) ||
			    traces[i].clock.frequency != traces[j].clock.frequency ||
			    traces[j].measured_to >= traces[i].measured_to)
				continue;
			traces[i].measured_to = traces[j].measured_to;
			traces[i].measured_from = traces[j].measured_from;
		}
}

/* There are few clocks, so that looking through all of them takes no time. */
struct group {
	/* The first trace of it, and the one whose offset all are to have */
	struct trace *first;
	struct trace *best;
	/* The least room for an offset */
	size_t slot_size;
	/* The group that it is a part of, or itself */
	size_t whole;
};

static size_t find_group(const struct group *groups, size_t count, const struct trace *trace)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (same_uuid(groups[i].first, trace))
			break;
	return i;
}

static struct group *group_by_uuid(struct trace *traces, size_t count, size_t *nr_groups)
{
	struct group *groups = NULL;
	size_t i, number;

	*nr_groups = 0;
	for (i = 0; i < count; i++) {
		number = find_group(groups, *nr_groups, &traces[i]);
		traces[i].group = number;
		if (number == *nr_groups) {
			groups = array_room(groups, number, sizeof(*groups));
			groups[(*nr_groups)++] = (struct group){ &traces[i], NULL, SIZE_MAX, number };
		}
		if (traces[i].clock.slot_size < groups[number].slot_size)
			groups[number].slot_size = traces[i].clock.slot_size;
	}
	return groups;
}

static bool fits(int64_t offset, size_t size)
{
	return (size_t)snprintf(NULL, 0, "%" PRId64, offset) <= size;
}

/* The text keeps its length: the kernel's offset, or else the first, that has room in all */
static void choose(struct group *groups, struct trace *traces, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++) {
		struct group *group = &groups[traces[i].group];

		if (fits(traces[i].clock.offset, group->slot_size) &&
		    (!group->best || (traces[i].clock.kernel && !group->best->clock.kernel)))
			group->best = &traces[i];
	}
}

/* A clock that has two UUIDs is one clock. */
static void join(struct group *groups, size_t nr_groups, struct trace *traces, size_t count,
		 uint64_t tolerance_ns)
{
	size_t i, j;

	for (i = 1; i < nr_groups; i++) {
		for (j = 0; j < i; j++)
			if (groups[j].whole == j &&
			    same_but_for_uuid(groups[j].best, groups[i].best, tolerance_ns))
				break;
		groups[i].whole = j;
		if (j < i && groups[i].slot_size < groups[j].slot_size)
			groups[j].slot_size = groups[i].slot_size;
	}
	for (i = 0; i < nr_groups; i++)
		groups[i].best = NULL;
	for (i = 0; i < count; i++)
		traces[i].group = groups[traces[i].group].whole;
	choose(groups, traces, count);
}

static void complain_of(const struct trace *one, const struct trace *other)
{
	double seconds;

	if (one->clock.frequency != other->clock.frequency) {
		complain("%s and %s: their clocks have the UUID %s, but %" PRIu64 " and %" PRIu64
			 " Hz: these are two epochs, or clones of one virtual machine; nothing was changed",
			 one->path, other->path, one->clock.uuid, one->clock.frequency,
			 other->clock.frequency);
		return;
	}
	seconds = (double)apart(one, other) / (double)one->clock.frequency;
	complain("%s and %s: their clocks have the UUID %s, but offsets that are %.9g s apart, more than measuring can err: these are clones of one virtual machine, or CLOCK_REALTIME was stepped between the two; nothing was changed. If they are known to be of one clock, --tolerance allows for the difference",
		 one->path, other->path, one->clock.uuid, seconds);
}

static bool is_consistent(const struct group *groups, const struct trace *traces, size_t count,
			  uint64_t tolerance_ns)
{
	size_t i;

	for (i = 0; i < count; i++) {
		const struct trace *best = groups[traces[i].group].best;

		if (!agree(best, &traces[i], tolerance_ns)) {
			complain_of(best, &traces[i]);
			return false;
		}
	}
	return true;
}

/* The same moment as @best's, counted from the trace's own seconds */
static bool set_aim(struct trace *trace, const struct trace *best)
{
	wide offset = total_offset(&best->clock) -
		      (wide)trace->clock.offset_s * trace->clock.frequency;

	trace->uuid = best->clock.uuid;
	trace->offset = (int64_t)offset;
	if (offset == trace->offset && fits(trace->offset, trace->clock.slot_size))
		return true;
	complain("%s: there is no room in it for the offset of %s; nothing was changed",
		 trace->path, best->path);
	return false;
}

bool group_traces(struct trace *traces, size_t count, uint64_t tolerance_ns)
{
	struct group *groups;
	size_t nr_groups, i;
	bool possible;

	groups = group_by_uuid(traces, count, &nr_groups);
	share_measured(traces, count);
	choose(groups, traces, count);
	possible = is_consistent(groups, traces, count, tolerance_ns);
	if (possible)
		join(groups, nr_groups, traces, count, tolerance_ns);
	for (i = 0; i < count && possible; i++)
		possible = set_aim(&traces[i], groups[traces[i].group].best);
	free(groups);
	return possible;
}
