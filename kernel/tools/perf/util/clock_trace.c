// SPDX-License-Identifier: GPL-2.0
/*
 * Converts values of CLOCK_TRACE, which are ticks of a counter, to the nanoseconds that
 * perf calculates with, and to the time of day.
 *
 * The frequency is constant within an epoch. A recording with more than one epoch has a
 * time line for each. The value itself tells which line it is on, so perf refuses a
 * recording in which the counter went back at the change of the epoch.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <api/fs/fs.h>
#include <linux/ctype.h>
#include <linux/kernel.h>
#include <linux/zalloc.h>

#include "clock_trace.h"
#include "debug.h"

/* The closest of that many pairings counts. */
#define PAIRING_ATTEMPTS	16
/* NTP steers a clock by less than that. Short intervals may differ by a millisecond. */
#define TOD_SLEW_MAX_PPM	1000
#define TOD_STEP_MIN_NS		NSEC_PER_MSEC

/* Another one after each boot and in each clone of a virtual machine */
#define UUID_FILE		"kernel/clock_trace/uuid"
/* "counter", or something else */
#define STATE_FILE		"kernel/clock_trace/state"

/* What clock_gettime() stores */
struct reading {
	u64 value;
	u64 epoch;
};

/* A value has 64 bits, so tv_sec must have them, too. */
static int read_clock(clockid_t id, struct reading *reading)
{
	struct timespec ts;

	*reading = (struct reading){ 0 };
	if (sizeof(ts.tv_sec) < sizeof(reading->value))
		return -EOPNOTSUPP;
	if (clock_gettime(id, &ts))
		return -errno;
	reading->value = ts.tv_sec;
	reading->epoch = ts.tv_nsec;
	return 0;
}

static u64 ticks_to_ns(u64 ticks, u64 frequency)
{
	return ticks / frequency * NSEC_PER_SEC + ticks % frequency * NSEC_PER_SEC / frequency;
}

/* Reads value and frequency of one epoch, and CLOCK_REALTIME between two values. */
static int pair_once(struct clock_trace_line *line)
{
	struct reading before, after, frequency, tod;
	int err;

	do {
		err = read_clock(CLOCK_TRACE_FREQ, &frequency) ?:
		      read_clock(CLOCK_TRACE, &before) ?:
		      read_clock(CLOCK_REALTIME, &tod) ?:
		      read_clock(CLOCK_TRACE, &after);
		if (err)
			return err;
	} while (frequency.epoch != before.epoch || before.epoch != after.epoch);

	if (!frequency.value || frequency.value > CLOCK_TRACE_FREQUENCY_MAX)
		return -EINVAL;

	line->epoch = before.epoch;
	line->frequency = frequency.value;
	line->first.ticks = before.value + (after.value - before.value) / 2;
	line->first.tod_ns = tod.value * NSEC_PER_SEC + tod.epoch;
	line->first.error_ns = ticks_to_ns((after.value - before.value) / 2 + 1,
					   frequency.value) + 1;
	line->last = line->first;
	return 0;
}

static int pair(struct clock_trace_line *line)
{
	struct clock_trace_line again = {};
	int i, err;

	err = pair_once(line);
	for (i = 1; i < PAIRING_ATTEMPTS && !err; i++) {
		err = pair_once(&again);
		if (again.epoch != line->epoch || again.first.error_ns < line->first.error_ns)
			*line = again;
	}
	return err;
}

/* Hexadecimal digits and hyphens, or nothing */
static bool is_uuid(const char *text)
{
	size_t i, length = strnlen(text, CLOCK_TRACE_UUID_SIZE);

	if (length == CLOCK_TRACE_UUID_SIZE)
		return false;
	for (i = 0; i < length; i++)
		if (!isxdigit(text[i]) && text[i] != '-')
			return false;
	return true;
}

/* Return: the text of a file in sysfs without the newline, to be freed, or NULL. */
static char *read_text(const char *file, size_t *length)
{
	size_t size;
	char *text;

	if (sysfs__read_str(file, &text, &size))
		return NULL;
	*length = strnlen(text, size);
	while (*length && isspace(text[*length - 1]))
		(*length)--;
	return text;
}

/* Leave it empty where the kernel does not show it. */
static void read_uuid(struct clock_trace_line *line)
{
	size_t length;
	char *text = read_text(UUID_FILE, &length);

	if (text && length < CLOCK_TRACE_UUID_SIZE)
		memcpy(line->uuid, text, length);
	free(text);
}

static enum clock_trace_state read_state(void)
{
	enum clock_trace_state state = CLOCK_TRACE_STATE_OTHER;
	size_t length;
	char *text = read_text(STATE_FILE, &length);

	if (!text || !length)
		state = CLOCK_TRACE_STATE_UNKNOWN;
	else if (length == strlen("counter") && !memcmp(text, "counter", length))
		state = CLOCK_TRACE_STATE_COUNTER;
	free(text);
	return state;
}

/* The state is that of the epoch if the epoch is the same before and after reading it. */
static int read_line(struct clock_trace_line *line)
{
	struct reading after;
	int err;

	do {
		err = pair(line);
		line->state = read_state();
		err = err ?: read_clock(CLOCK_TRACE, &after);
	} while (!err && after.epoch != line->epoch);
	return err;
}

/**
 * clock_trace__add_line - add a time line
 * @clock: the clock
 * @line: the line, copied
 *
 * Return: 0, -EINVAL if the line cannot be, -E2BIG or -ENOMEM.
 */
int clock_trace__add_line(struct clock_trace *clock, const struct clock_trace_line *line)
{
	struct clock_trace_line *lines;

	if (!line->epoch || line->epoch > CLOCK_TRACE_EPOCH_MAX || !line->frequency ||
	    line->frequency > CLOCK_TRACE_FREQUENCY_MAX ||
	    line->first.ticks > line->last.ticks || !is_uuid(line->uuid))
		return -EINVAL;
	if (clock->nr == CLOCK_TRACE_LINES_MAX)
		return -E2BIG;
	lines = realloc(clock->lines, (clock->nr + 1) * sizeof(*lines));
	if (!lines)
		return -ENOMEM;

	lines[clock->nr] = *line;
	clock->lines = lines;
	clock->nr++;
	return 0;
}

/**
 * clock_trace__note - note the time now while recording
 * @clock: the clock
 *
 * Adds a time line if the epoch has changed.
 *
 * Return: 0 or a negative errno.
 */
int clock_trace__note(struct clock_trace *clock)
{
	struct clock_trace_line *last = clock->nr ? &clock->lines[clock->nr - 1] : NULL;
	struct clock_trace_line now = {};
	int err;

	err = read_line(&now);
	if (err)
		return err;
	if (!last || last->epoch != now.epoch) {
		read_uuid(&now);
		return clock_trace__add_line(clock, &now);
	}
	last->last = now.first;
	/* Within an epoch the state only differs if sysfs was not there for one of them. */
	if (last->state != now.state)
		last->state = CLOCK_TRACE_STATE_UNKNOWN;
	return 0;
}

/**
 * clock_trace__watch - note the time if the epoch has changed, or after a while
 * @clock: the clock
 *
 * Return: 0 or a negative errno.
 */
int clock_trace__watch(struct clock_trace *clock)
{
	struct clock_trace_line *last = &clock->lines[clock->nr - 1];
	struct reading now;
	int err;

	err = read_clock(CLOCK_TRACE, &now);
	if (err)
		return err;
	if (now.epoch == last->epoch && now.value - last->last.ticks < last->frequency / 10)
		return 0;
	return clock_trace__note(clock);
}

/**
 * clock_trace__restart - forget all but the present line, for a file that begins now
 * @clock: the clock, with at least one line
 */
void clock_trace__restart(struct clock_trace *clock)
{
	struct clock_trace_line *line = &clock->lines[0];

	*line = clock->lines[clock->nr - 1];
	line->first = line->last;
	line->start = 0;
	line->end = 0;
	clock->nr = 1;
	clock->tod_set = false;
	clock->ambiguous = false;
}

/* CLOCK_REALTIME over a line, less the time that the ticks took */
static s64 tod_deviation(const struct clock_trace_line *line)
{
	return line->last.tod_ns - line->first.tod_ns -
	       ticks_to_ns(line->last.ticks - line->first.ticks, line->frequency);
}

static bool tod_was_set(const struct clock_trace_line *line)
{
	u64 ns = ticks_to_ns(line->last.ticks - line->first.ticks, line->frequency);
	s64 deviation = tod_deviation(line);
	u64 most = ns / (1000000 / TOD_SLEW_MAX_PPM) + TOD_STEP_MIN_NS;

	return (deviation < 0 ? -(u64)deviation : (u64)deviation) > most;
}

/* The time of day at a value after the last reading of a line */
static u64 tod_after(const struct clock_trace_line *line, u64 ticks)
{
	return line->last.tod_ns + ticks_to_ns(ticks - line->last.ticks, line->frequency);
}

/**
 * clock_trace__add_event - evaluate an event clock_trace:clock_trace_epoch
 * @clock: the clock
 * @epoch: the number of the epoch
 * @frequency: ticks per second in @epoch
 * @value: a value in @epoch
 *
 * The kernel emits the event when an epoch begins, and repeats it once a second while it
 * lasts; recordings have the events of different CPUs in any order. Each says that @value
 * is on the line of @epoch, so its line has to reach from the lowest such value to
 * the highest. The recorder's own readings see an epoch late, and may miss one that is
 * short: then the event adds the line.
 *
 * Call clock_trace__prepare() afterwards.
 *
 * Return: 0, or -ERANGE if the recording does not tell where the epoch belongs.
 */
int clock_trace__add_event(struct clock_trace *clock, u32 epoch, u64 frequency, u64 value)
{
	struct clock_trace_line line = {
		.epoch = epoch,
		.frequency = frequency,
		.first = { .ticks = value },
		.last = { .ticks = value },
		.start = value,
		.end = value,
	};
	unsigned int i, place = 0;
	int err;

	for (i = 0; i < clock->nr; i++) {
		struct clock_trace_line *known = &clock->lines[i];

		if (known->epoch == epoch) {
			if (known->frequency != frequency)
				return -ERANGE;
			if (!known->start || value < known->start)
				known->start = value;
			known->end = max(known->end, value);
			return 0;
		}
		if (known->last.ticks < value)
			place = i + 1;
	}
	/* Without a pairing, only a predecessor of the same frequency tells the time of day. */
	if (!place || clock->lines[place - 1].frequency != frequency)
		return -ERANGE;
	line.first.tod_ns = tod_after(&clock->lines[place - 1], value);
	line.last = line.first;
	err = clock_trace__add_line(clock, &line);
	if (err)
		return err;
	memmove(&clock->lines[place + 1], &clock->lines[place],
		(clock->nr - 1 - place) * sizeof(line));
	clock->lines[place] = line;
	return 0;
}

static u64 line_ns(const struct clock_trace_line *line, u64 ticks)
{
	if (ticks < line->base_ticks)
		return line->base_ns - ticks_to_ns(line->base_ticks - ticks, line->frequency);
	return line->base_ns + ticks_to_ns(ticks - line->base_ticks, line->frequency);
}

/**
 * clock_trace__prepare - relate the lines of a recording to each other
 * @clock: the clock, with at least one line
 *
 * When a counter loses trust, the kernel continues its values without a step and in the
 * same unit, so the nanoseconds continue as well. Otherwise CLOCK_REALTIME gives the time
 * between the last reading of one line and the first of the next.
 *
 * Return: 0, or -ERANGE if values do not tell which line they are on.
 */
int clock_trace__prepare(struct clock_trace *clock)
{
	unsigned int i;

	for (i = 0; i < clock->nr; i++) {
		struct clock_trace_line *line = &clock->lines[i];
		struct clock_trace_line *before = i ? line - 1 : NULL;

		clock->tod_set |= tod_was_set(line);
		if (!line->start || line->start > line->first.ticks)
			line->start = line->first.ticks;
		line->end = max(line->end, line->last.ticks);
		if (!before) {
			line->base_ticks = 0;
			line->base_ns = 0;
			continue;
		}
		if (line->start <= before->end)
			return -ERANGE;
		if (line->frequency == before->frequency) {
			line->base_ticks = before->base_ticks;
			line->base_ns = before->base_ns;
		} else {
			line->base_ticks = line->first.ticks;
			line->base_ns = line_ns(before, before->last.ticks) +
					line->first.tod_ns - before->last.tod_ns;
		}
	}
	return 0;
}

/**
 * clock_trace__line - the time line that a value is on
 * @clock: the clock, prepared
 * @ticks: the value
 *
 * Return: the line; the first one for values from before the recording.
 */
const struct clock_trace_line *clock_trace__line(const struct clock_trace *clock, u64 ticks)
{
	unsigned int i = clock->nr - 1;

	while (i && ticks < clock->lines[i].start)
		i--;
	return &clock->lines[i];
}

/**
 * clock_trace__ns - nanoseconds of a value
 * @clock: the clock, prepared
 * @ticks: the value
 *
 * Return: nanoseconds, rounded down; in the first epoch since the value 0.
 */
u64 clock_trace__ns(const struct clock_trace *clock, u64 ticks)
{
	return line_ns(clock_trace__line(clock, ticks), ticks);
}

/**
 * clock_trace__tod_ns - CLOCK_REALTIME at a value
 * @clock: the clock, prepared
 * @ticks: the value
 *
 * Between the two pairings of an epoch, as NTP has steered it on average.
 *
 * Return: nanoseconds since the Epoch.
 */
u64 clock_trace__tod_ns(const struct clock_trace *clock, u64 ticks)
{
	const struct clock_trace_line *line = clock_trace__line(clock, ticks);
	double part, deviation = tod_deviation(line);
	u64 ns;

	if (ticks < line->first.ticks)
		return line->first.tod_ns -
		       ticks_to_ns(line->first.ticks - ticks, line->frequency);
	if (ticks >= line->last.ticks)
		return tod_after(line, ticks);

	ns = line->first.tod_ns + ticks_to_ns(ticks - line->first.ticks, line->frequency);
	part = (double)(ticks - line->first.ticks) / (line->last.ticks - line->first.ticks);
	if (!tod_was_set(line))
		ns += (s64)(deviation * part);
	return ns;
}

/**
 * clock_trace__is_counter - is the recording of one epoch, in which a counter drove the clock?
 * @clock: the clock
 */
bool clock_trace__is_counter(const struct clock_trace *clock)
{
	return clock->nr == 1 && clock->lines[0].state == CLOCK_TRACE_STATE_COUNTER;
}

/**
 * clock_trace__state_name - what drove the clock, for messages
 * @line: the line
 */
const char *clock_trace__state_name(const struct clock_trace_line *line)
{
	switch (line->state) {
	case CLOCK_TRACE_STATE_COUNTER:
		return "counter";
	case CLOCK_TRACE_STATE_OTHER:
		return "other";
	case CLOCK_TRACE_STATE_UNKNOWN:
	default:
		return "unknown";
	}
}

void clock_trace__exit(struct clock_trace *clock)
{
	zfree(&clock->lines);
	clock->nr = 0;
}
