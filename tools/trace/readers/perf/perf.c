// SPDX-License-Identifier: GPL-2.0
/*
 * Files of perf, of a host or a guest. Each CPU is a stream.
 *
 * What perf has recorded with CLOCK_TRACE has ticks. What it has recorded with its own
 * clock has nanoseconds, and says how the processor's counter was converted to them, so
 * that they can be converted back, to the nanosecond.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/array.h"
#include "common/message.h"
#include "readers/guard.h"
#include "readers/perf/order.h"
#include "readers/perf/threads.h"
#include "readers/reader.h"
#include "readers/tep_fields.h"

/* Records that perf adds to those of the kernel */
#define RECORD_FINISHED_ROUND 68
#define RECORD_TIME_CONV 79
#define RECORD_COMPRESSED 81
#define RECORD_COMPRESSED2 83
/* Of PERF_RECORD_LOST_SAMPLES: not lost, but left out by a filter in BPF */
#define MISC_FILTERED (1 << 15)
/* Show that the work goes on after so many bytes. */
#define STEP (UINT64_C(1) << 24)
#define NS_PER_S UINT64_C(1000000000)
#define SHIFT_MAX 63

/* As in the page that perf maps: ns = zero + (ticks * mult >> shift) */
struct conversion {
	uint64_t shift;
	uint64_t mult;
	uint64_t zero;
};

struct perf {
	struct reader reader;
	struct perf_file file;
	struct run_file runs;
	/* By the numbers of CPUs while the file is searched, then without gaps */
	struct order **orders;
	struct conversion conversion;
	struct threads threads;
	/* Where the records are damaged, or 0 */
	uint64_t damaged_at;
	/* What the kernel told when a buffer had room again, and what perf has counted */
	uint64_t lost_told;
	uint64_t lost_counted;
	/* Of the latest event */
	uint64_t last_time;
	/* Only a host writes such events. */
	bool is_host;
	/* For each stream: that it has lost events at its end was handed on */
	bool *told_end;
	/* Of the last event of each stream */
	struct sample *samples;
};

static bool probe(const char *path, bool is_directory)
{
	return !is_directory && perf_file_probe(path);
}

static struct tep_record record_of(const struct sample *sample)
{
	return (struct tep_record){
		.ts = sample->time,
		.cpu = (int)sample->cpu,
		.size = (int)sample->raw.left,
		.data = (void *)sample->raw.at,
	};
}

/* The ticks of a nanosecond, rounded up */
static uint64_t ticks_in_ns(const struct conversion *conversion)
{
	return ((UINT64_C(1) << conversion->shift) + conversion->mult - 1) / conversion->mult;
}

static void take_conversion(struct conversion *conversion, struct part part)
{
	struct conversion found;

	if (part_u64(&part, &found.shift) && part_u64(&part, &found.mult) &&
	    part_u64(&part, &found.zero) && found.shift <= SHIFT_MAX && found.mult &&
	    found.mult <= UINT32_MAX && ticks_in_ns(&found) <= RESOLUTION_MAX && !conversion->mult)
		*conversion = found;
}

static void take_name(struct perf *perf, struct part part)
{
	uint32_t pid, tid;

	if (part_u32(&part, &pid) && part_u32(&part, &tid))
		threads_name(&perf->threads, (int)tid, (const char *)part.at, part.left);
}

static char *add_to_cpu(struct perf *perf, const struct record *record, uint64_t end,
			uint64_t round, const struct sample *sample)
{
	const struct run run = { record->offset, end, round };
	struct order **order = &perf->orders[sample->cpu];

	if (!*order) {
		*order = zalloc(sizeof(**order));
		(*order)->cpu = sample->cpu;
		run_list_begin(&perf->runs, &(*order)->list);
		perf->reader.nr_streams++;
	}
	return run_list_add(&perf->runs, &(*order)->list, &run);
}

/* Of a sum that a file may have made up */
static void add_lost(uint64_t *sum, struct part part)
{
	uint64_t count;

	if (part_u64(&part, &count) && __builtin_add_overflow(*sum, count, sum))
		*sum = UINT64_MAX;
}

static void take_lost(struct perf *perf, const struct record *record)
{
	struct part part = record->body;

	if (record->type == PERF_RECORD_LOST && part_skip(&part, sizeof(uint64_t)))
		add_lost(&perf->lost_told, part);
	else if (record->type == PERF_RECORD_LOST_SAMPLES && !(record->misc & MISC_FILTERED))
		add_lost(&perf->lost_counted, part);
}

/*
 * The kernel tells of a loss when the buffer has room again, which it has not before perf
 * ends. perf then adds how many samples each event has lost in all.
 */
static void find_loss_at_end(struct perf *perf)
{
	if (perf->lost_counted > perf->lost_told)
		perf->reader.lost_at_end = perf->lost_counted - perf->lost_told;
}

/* Entries and exits tell nothing if they are not all there. */
static char *check_periods(struct perf *perf)
{
	size_t i;

	for (i = 0; i < perf->file.nr_kinds; i++) {
		const struct perf_kind *kind = &perf->file.kinds[i];
		enum event_kind is = kind->type->kind;

		if (!event_is_of_host(is) && is != EVENT_EPOCH)
			continue;
		perf->is_host = perf->is_host || event_is_of_host(is);
		if (kind->attr.freq || kind->attr.sample_period != 1)
			return text_of("it has not each %s, but samples of them: record without -c and -F",
				       kind->name);
	}
	return NULL;
}

static char *no_cpu(const struct perf *perf)
{
	size_t i;

	for (i = 0; i < perf->file.nr_kinds; i++) {
		uint64_t fields = perf->file.kinds[i].attr.sample_type;

		if (!(fields & PERF_SAMPLE_TIME) || !(fields & PERF_SAMPLE_CPU))
			return text_of("its event %s does not tell %s: record with --timestamp --sample-cpu",
				       perf->file.kinds[i].name,
				       fields & PERF_SAMPLE_TIME ? "the CPU" : "the time");
	}
	return NULL;
}

/* All records once: where each CPU's are, and what is not of one CPU */
static char *search(struct perf *perf)
{
	uint64_t at = perf->file.begin, end = perf->file.end, round = 1, step = at;
	struct record record;
	struct sample sample;
	char *error = NULL;

	while (!error && at < end) {
		if (!record_read(&perf->file, &at, end, &record))
			break;
		if (at - step > STEP) {
			guard_reading(perf->reader.path);
			step = at;
		}
		take_lost(perf, &record);
		switch (record.type) {
		case PERF_RECORD_SAMPLE:
		case PERF_RECORD_LOST:
			if (order_time(&perf->file, &record, &sample)) {
				error = add_to_cpu(perf, &record, at, round, &sample);
				if (sample.time > perf->last_time)
					perf->last_time = sample.time;
			} else if (record.type == PERF_RECORD_SAMPLE) {
				at = record.offset;
				end = at;
			}
			break;
		case PERF_RECORD_COMM:
			take_name(perf, record.body);
			break;
		case RECORD_FINISHED_ROUND:
			round++;
			break;
		case RECORD_TIME_CONV:
			take_conversion(&perf->conversion, record.body);
			break;
		case RECORD_COMPRESSED:
		case RECORD_COMPRESSED2:
			error = text_of(PERF_IS_COMPRESSED);
			break;
		default:
			break;
		}
	}
	if (at < perf->file.end)
		perf->damaged_at = at;
	return error;
}

/* Streams in the order of their CPUs, from the beginning */
static char *line_up(struct perf *perf)
{
	char *error = NULL;
	size_t cpu, count = 0;

	for (cpu = 0; cpu < PERF_CPUS_MAX; cpu++) {
		struct order *order = perf->orders[cpu];

		perf->orders[cpu] = NULL;
		if (!order)
			continue;
		perf->orders[count++] = order;
		if (!error)
			error = run_list_rewind(&perf->runs, &order->list);
	}
	perf->samples = zalloc((count + 1) * sizeof(*perf->samples));
	perf->told_end = zalloc((count + 1) * sizeof(*perf->told_end));
	return error;
}

static const char *clock_name(int clock)
{
	static const struct {
		int id;
		const char *name;
	} names[] = {
		{ PERF_CLOCK_TRACE, "clock_trace" }, { CLOCK_MONOTONIC, "monotonic" },
		{ CLOCK_MONOTONIC_RAW, "monotonic_raw" }, { CLOCK_REALTIME, "realtime" },
		{ CLOCK_BOOTTIME, "boottime" }, { CLOCK_TAI, "tai" },
	};
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (names[i].id == clock)
			return names[i].name;
	return "unknown";
}

/* Where the clock's zero is from the Epoch */
static void take_time_of_day(struct reader *reader, const struct perf_line *line)
{
	__int128 frequency = line->frequency;
	__int128 zero = line->tod_ns / NS_PER_S * frequency +
			line->tod_ns % NS_PER_S * frequency / NS_PER_S - line->ticks;
	__int128 seconds = zero / frequency;

	if (zero < seconds * frequency)
		seconds--;
	reader->offset_s = (int64_t)seconds;
	reader->offset = (uint64_t)(zero - seconds * frequency);
}

static char *take_clock(struct perf *perf)
{
	const struct perf_event_attr *attr = &perf->file.kinds[0].attr;
	const struct conversion *conversion = &perf->conversion;
	struct reader *reader = &perf->reader;
	size_t i;

	for (i = 1; i < perf->file.nr_kinds; i++) {
		const struct perf_event_attr *other = &perf->file.kinds[i].attr;

		if (other->use_clockid != attr->use_clockid ||
		    (attr->use_clockid && other->clockid != attr->clockid))
			return text_of("its events are of several clocks");
	}
	if (attr->use_clockid) {
		reader->clock = text_of("%s", clock_name(attr->clockid));
		if (attr->clockid == PERF_CLOCK_TRACE && perf->file.nr_lines) {
			reader->frequency = perf->file.line.frequency;
			memcpy(reader->uuid, perf->file.line.uuid, sizeof(reader->uuid));
			take_time_of_day(reader, &perf->file.line);
			reader->lacks_counter = perf->file.line.lacks_counter;
		}
		/* It is in ticks: a conversion in the file is of another clock. */
		perf->conversion.mult = 0;
	} else if (conversion->mult) {
		reader->clock = text_of("x86-tsc");
		reader->frequency = (uint64_t)(((unsigned __int128)NS_PER_S << conversion->shift) /
					       conversion->mult);
		reader->resolution = ticks_in_ns(conversion);
	} else {
		reader->clock = text_of("perf");
	}
	return NULL;
}

/* perf reads the epoch besides, and may have seen a new one where no event tells which is which. */
static char *check_epochs(struct perf *perf)
{
	size_t i;

	for (i = 0; i < perf->file.nr_kinds; i++)
		if (perf->file.kinds[i].type->kind == EVENT_EPOCH)
			return NULL;
	if (perf->file.nr_lines < 2)
		return NULL;
	return text_of("the clock began a new epoch while it was recorded, and no event tells where: record as root, with -e clock_trace:clock_trace_epoch");
}

static void close_file(struct reader *reader)
{
	struct perf *perf = (struct perf *)reader;
	size_t i;

	for (i = 0; i < PERF_CPUS_MAX; i++)
		order_free(perf->orders[i]);
	free(perf->orders);
	free(perf->samples);
	free(perf->told_end);
	free(perf->threads.slots);
	if (perf->runs.fd >= 0)
		close(perf->runs.fd);
	perf_file_close(&perf->file);
	reader_free(reader);
}

static struct reader *open_file(const char *path, char **error)
{
	struct perf *perf = zalloc(sizeof(*perf));

	perf->reader.class = &perf_reader;
	perf->reader.path = text_of("%s", path);
	perf->orders = zalloc(PERF_CPUS_MAX * sizeof(struct order *));
	perf->runs.fd = -1;
	*error = perf_file_open(&perf->file, path);
	if (!*error)
		*error = sample_check(&perf->file);
	if (!*error)
		*error = no_cpu(perf);
	if (!*error)
		*error = check_epochs(perf);
	if (!*error)
		*error = check_periods(perf);
	if (!*error)
		*error = run_file_open(&perf->runs);
	if (!*error)
		*error = search(perf);
	if (!*error)
		*error = line_up(perf);
	if (!*error)
		*error = take_clock(perf);
	if (*error) {
		close_file(&perf->reader);
		return NULL;
	}
	find_loss_at_end(perf);
	perf->reader.host = perf->file.host;
	perf->file.host = NULL;
	perf->reader.is_cut = perf->file.is_cut;
	return &perf->reader;
}

/* What perf reads of the counter's value; a later part of the same nanosecond is lost. */
static uint64_t to_ticks(const struct conversion *conversion, uint64_t time)
{
	uint64_t ns = time - conversion->zero;

	if (!conversion->mult)
		return time;
	return (ns / conversion->mult << conversion->shift) +
	       (uint64_t)(((unsigned __int128)(ns % conversion->mult) << conversion->shift) /
			  conversion->mult);
}

static enum read_status fail(struct reader *reader, char *error)
{
	free(reader->error);
	reader->error = error;
	return READ_ERROR;
}

static enum read_status end(struct perf *perf, size_t number)
{
	/* One stream says it for all. */
	if (perf->damaged_at && !number)
		return fail(&perf->reader, text_of("the file is damaged at byte %" PRIu64,
						   perf->damaged_at));
	return READ_END;
}

/*
 * Which CPU's buffer was full is not known. So each one has lost events from its last one to
 * the end of the recording. Only a host's losses matter: a guest's event has to be in a stay.
 */
static bool tell_end(struct perf *perf, size_t number, struct event *event)
{
	if (!perf->reader.lost_at_end || !perf->is_host || perf->told_end[number])
		return false;
	perf->told_end[number] = true;
	perf->samples[number].kind = NULL;
	*event = (struct event){
		.time = to_ticks(&perf->conversion, perf->last_time),
		.name = "lost_at_end",
		.kind = EVENT_OTHER,
		.cpu = perf->orders[number]->cpu,
		.thread = THREAD_NONE,
		.process = PROCESS_UNKNOWN,
		.lost_before = true,
		.vcpu_id = VCPU_UNKNOWN,
	};
	return true;
}

/* The thread by the kernel's number, as kvm_guest_counter has it; perf's may be a container's. */
static void take_thread(const struct sample *sample, const struct tep_record *record,
			struct event *event)
{
	unsigned long long pid;

	event->thread = sample->tid >= 0 ? sample->tid : THREAD_NONE;
	event->process = sample->tid >= 0 ? sample->pid : PROCESS_UNKNOWN;
	if (!record_number(sample->kind->pid, record, &pid) || (int)pid == sample->tid)
		return;
	event->thread = (int)pid;
	event->process = PROCESS_UNKNOWN;
}

static enum read_status next(struct reader *reader, size_t number, struct event *event)
{
	struct perf *perf = (struct perf *)reader;
	struct sample *sample = &perf->samples[number];
	struct tep_record raw;
	struct record record;
	bool lost = false;
	char *error;

	for (;;) {
		if (order_next(perf->orders[number], &perf->file, &perf->runs, &record, sample,
			       &error)) {
			if (record.type == PERF_RECORD_SAMPLE)
				break;
			lost = true;
			continue;
		}
		if (error)
			return fail(reader, error);
		return tell_end(perf, number, event) ? READ_EVENT : end(perf, number);
	}
	raw = record_of(sample);
	*event = (struct event){
		.time = to_ticks(&perf->conversion, sample->time),
		.name = sample->kind->name,
		.kind = sample->kind->type->kind,
		.cpu = perf->orders[number]->cpu,
		.thread = THREAD_NONE,
		.process = PROCESS_UNKNOWN,
		.lost_before = lost,
		.vcpu_id = VCPU_UNKNOWN,
	};
	if (reader->brief && !event_is_of_host(event->kind) && event->kind != EVENT_EPOCH)
		return READ_EVENT;
	take_thread(sample, &raw, event);
	if (sample->kind->type->event)
		tep_type_take(sample->kind->type, &raw, event);
	return READ_EVENT;
}

static void values(struct reader *reader, size_t number, value_handler handler, void *data)
{
	const struct sample *sample = &((struct perf *)reader)->samples[number];
	struct tep_record raw;

	if (!sample->kind)
		return;
	if (sample->kind->type->event) {
		raw = record_of(sample);
		record_values(sample->kind->type->event, &raw, handler, data);
	} else if (sample->has_ip) {
		handler(data, &(struct value){ .name = "ip", .type = VALUE_UNSIGNED,
					       .u = sample->ip });
	}
}

static const char *thread_name(struct reader *reader, int thread)
{
	return threads_find(&((struct perf *)reader)->threads, thread);
}

const struct reader_class perf_reader = {
	.name = "perf",
	.probe = probe,
	.open = open_file,
	.next = next,
	.values = values,
	.thread_name = thread_name,
	.close = close_file,
};
